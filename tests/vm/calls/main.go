// Calls functions a known number of times from several goroutines and prints how often, by metric and labels:
//
//	calls NUMBER [FILE]
//
// Waits for FILE to exist first, where it is given. Ends when it is killed, with calls still in flight.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"syscall"
	"time"
)

const (
	workers = 4
	parked  = 5
)

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

// Ends by a panic every seventh time, two probed calls deep.
//
//go:noinline
func (w *worker) risky(number int) int {
	return w.inner(number) + 1
}

//go:noinline
func (w *worker) inner(number int) int {
	if number%7 == 0 {
		panic("every seventh call")
	}
	return number
}

func (w *worker) recovered(number int) (ended bool) {
	defer func() { ended = recover() == nil }()
	if w.risky(number) != number+1 {
		fmt.Fprintln(os.Stderr, "a wrong result")
		os.Exit(1)
	}
	return true
}

//go:noinline
func park(forever chan struct{}) {
	<-forever
}

type label struct{ kind, status string }

func (w *worker) run(from, to int, counts map[label]int) {
	for number := from; number < to; number++ {
		l := label{kinds[number%len(kinds)], "ok"}
		if w.handle(l.kind, number) != nil {
			l.status = "error"
		}
		counts[l]++
		if w.recovered(number) {
			counts[label{"risky", "ended"}]++
		}
	}
}

// Signals that the runtime hands on, and those with which it preempts: both come in the middle of probed calls.
func signalSelf(stop chan struct{}) {
	received := make(chan os.Signal, 1)
	signal.Notify(received, syscall.SIGUSR1)
	for {
		select {
		case <-stop:
			return
		case <-received:
		case <-time.After(time.Millisecond):
			syscall.Kill(os.Getpid(), syscall.SIGUSR1)
		}
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
	stop := make(chan struct{})
	go signalSelf(stop)
	for i := 0; i < parked; i++ {
		go park(nil)
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
	close(stop)
	for _, own := range counts {
		for l, n := range own {
			fmt.Println(l.kind, l.status, n)
		}
	}
	fmt.Println("end")
	for {
		time.Sleep(time.Hour)
	}
}
