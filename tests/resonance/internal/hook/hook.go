// Package hook holds what the stand-in has and the real service does not: faults and delays asked for by magic
// words in user supplied text, and the switches of the control endpoint. It counts nothing that a metric counts.
package hook

import (
	"errors"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// ErrInjected is what a function returns when the text it handles asks for a failure.
var ErrInjected = errors.New("injected failure")

// Words that may stand anywhere in a text, each followed by ":" and, where a number is expected, by "N:".
const (
	Slow        = "slow"        // logic sleeps N ms in the handler
	SlowDB      = "slowdb"      // the database callback sleeps N ms inside the query
	SlowPush    = "slowpush"    // the gateway's Push sleeps N ms
	SlowStore   = "slowstore"   // the task's DispatchStorage sleeps N ms
	SlowConsume = "slowconsume" // the task's DispatchStorage and DispatchPush sleep N ms
	FailStore   = "failstore"   // the first N calls of DispatchStorage for a message fail
	FailPush    = "failpush"    // the first N calls of DispatchPush for a message fail
	FailSeq     = "failseq"     // the sequence number cannot be generated
	FailSave    = "failsave"    // the message cannot be saved
	Panic       = "panic"       // logic's handler panics
)

// Number returns N of "word:N:" in text.
func Number(text, word string) (int, bool) {
	_, rest, found := strings.Cut(text, word+":")
	if !found {
		return 0, false
	}
	digits, _, found := strings.Cut(rest, ":")
	if !found {
		return 0, false
	}
	n, err := strconv.Atoi(digits)
	return n, err == nil
}

// Has says whether text holds "word:".
func Has(text, word string) bool {
	return strings.Contains(text, word+":")
}

// Sleep sleeps as long as "word:MS:" in text says.
func Sleep(text, word string) {
	if ms, ok := Number(text, word); ok {
		time.Sleep(time.Duration(ms) * time.Millisecond)
	}
}

// PanicIfAsked panics when text holds the word for it.
func PanicIfAsked(text string) {
	if Has(text, Panic) {
		panic("injected panic")
	}
}

// Attempts lets the first N calls for one key fail.
type Attempts struct {
	mu   sync.Mutex
	seen map[int64]int
}

// Fail says whether this call for key is one of the first n.
func (a *Attempts) Fail(key int64, n int) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.seen == nil {
		a.seen = make(map[int64]int)
	}
	a.seen[key]++
	return a.seen[key] <= n
}

// Gate stops those who pass it while it is closed.
type Gate struct {
	mu      sync.Mutex
	opened  chan struct{}
	waiting atomic.Int64
}

// Wait returns as soon as the gate is open.
func (g *Gate) Wait() {
	g.mu.Lock()
	opened := g.opened
	g.mu.Unlock()
	if opened == nil {
		return
	}
	g.waiting.Add(1)
	defer g.waiting.Add(-1)
	<-opened
}

// Set closes or opens the gate.
func (g *Gate) Set(closed bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case closed && g.opened == nil:
		g.opened = make(chan struct{})
	case !closed && g.opened != nil:
		close(g.opened)
		g.opened = nil
	}
}

// Waiting is the number of goroutines stopped at the gate.
func (g *Gate) Waiting() int64 { return g.waiting.Load() }

// Workers stops the task's workers inside their handler.
var Workers Gate

// busy is how many pieces of work run that no client waits for.
var busy atomic.Int64

// Busy marks a piece of asynchronous work; the returned function marks its end.
func Busy() func() {
	busy.Add(1)
	return func() { busy.Add(-1) }
}

// BusyNow is the number of pieces of asynchronous work running now.
func BusyNow() int64 { return busy.Load() }

// Background is the lock under which periodic work runs: who holds it has paused it.
var Background Pause

// Pause is a switch that waits for the work it stops.
type Pause struct {
	mu     sync.Mutex
	paused bool
}

// Set pauses or resumes; when it returns from pausing, nothing runs.
func (p *Pause) Set(paused bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.paused = paused
}

// Run calls work unless paused.
func (p *Pause) Run(work func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.paused {
		work()
	}
}

// live is how many WebSocket connections are being read.
var live atomic.Int64

// Live marks a connection as read; the returned function marks its end.
func Live() func() {
	live.Add(1)
	return func() { live.Add(-1) }
}

// LiveNow is the number of connections being read now.
func LiveNow() int64 { return live.Load() }
