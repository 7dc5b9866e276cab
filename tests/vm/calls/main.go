// Calls one function a known number of times from several goroutines and prints how often, by label:
//
//	calls NUMBER [FILE]
//
// Waits for FILE to exist first, where it is given.
package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"
)

const workers = 4

var (
	kinds     = [...]string{"one", "two", "three"}
	errTenth  = errors.New("every tenth call fails")
	depthSeen [workers]int
)

type worker struct{ id int }

//go:noinline
func (w *worker) handle(kind string, number int) error {
	// Deep enough that a goroutine's first stack must grow, inside the probed call.
	depthSeen[w.id] = deeper(40 + number%3)
	if number%10 == 0 {
		return errTenth
	}
	return nil
}

//go:noinline
func deeper(n int) int {
	var block [128]byte
	block[n] = 1
	if n == 0 {
		return int(block[0])
	}
	return deeper(n-1) + int(block[n])
}

type label struct{ kind, status string }

func (w *worker) run(from, to int, counts map[label]int) {
	for number := from; number < to; number++ {
		l := label{kinds[number%len(kinds)], "ok"}
		if w.handle(l.kind, number) != nil {
			l.status = "error"
		}
		counts[l]++
	}
}

func main() {
	total, err := strconv.Atoi(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	for len(os.Args) > 2 {
		if _, err := os.Stat(os.Args[2]); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	var wait sync.WaitGroup
	var counts [workers]map[label]int
	for i := range counts {
		counts[i] = map[label]int{}
		wait.Add(1)
		go func(id int) {
			defer wait.Done()
			(&worker{id}).run(total*id/workers, total*(id+1)/workers, counts[id])
		}(i)
	}
	wait.Wait()
	for _, own := range counts {
		for l, n := range own {
			fmt.Println(l.kind, l.status, n)
		}
	}
}
