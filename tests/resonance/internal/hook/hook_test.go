package hook

import (
	"testing"
	"time"
)

func TestNumber(t *testing.T) {
	for _, c := range []struct {
		text string
		want int
		ok   bool
	}{
		{"slow:35: hello", 35, true},
		{"user-slow:7:-x", 7, true},
		{"slow:35", 0, false},
		{"slow:x:", 0, false},
		{"hello", 0, false},
	} {
		got, ok := Number(c.text, Slow)
		if got != c.want || ok != c.ok {
			t.Errorf("Number(%q) = %d, %v; want %d, %v", c.text, got, ok, c.want, c.ok)
		}
	}
}

func TestAttempts(t *testing.T) {
	var a Attempts
	for i, want := range []bool{true, true, false, false} {
		if got := a.Fail(1, 2); got != want {
			t.Errorf("call %d: %v, want %v", i, got, want)
		}
	}
	if !a.Fail(2, 1) {
		t.Error("another key must start afresh")
	}
}

func TestGate(t *testing.T) {
	var g Gate
	g.Wait()
	g.Set(true)
	passed := make(chan struct{})
	go func() { g.Wait(); close(passed) }()
	for g.Waiting() != 1 {
		time.Sleep(time.Millisecond)
	}
	select {
	case <-passed:
		t.Fatal("passed a closed gate")
	default:
	}
	g.Set(false)
	<-passed
}
