// Calls one function with as many different names as its argument says, and waits:
//
//	series NUMBER FILE
//
// Begins when FILE exists, so that an exporter can be there before.
package main

import (
	"fmt"
	"os"
	"strconv"
	"time"
)

var length int

//go:noinline
func call(name string) { length += len(name) }

func main() {
	number, err := strconv.Atoi(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	for {
		if _, err := os.Stat(os.Args[2]); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	for i := 0; i < number; i++ {
		call(fmt.Sprintf("name-%07d", i))
	}
	fmt.Println("end")
	for {
		time.Sleep(time.Hour)
	}
}
