// Command loadclient drives the services that cmd/stage started and writes what really happened, at two checkpoints:
// "hold", with open connections and a stopped consumer, and "drained". With -since attached there is one before, "attached".
// It never reads the exporter.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
	"time"

	"github.com/ceyewan/resonance/internal/base"
	"github.com/ceyewan/resonance/internal/stage"
)

type settings struct {
	stage  string
	out    string
	wait   string
	since  string
	size   string
	seed   uint64
	users  int
	repeat bool
	steady bool
}

func main() {
	var s settings
	flag.StringVar(&s.stage, "stage", "stage.json", "what cmd/stage wrote")
	flag.StringVar(&s.out, "out", ".", "folder for truth-CHECKPOINT.json")
	flag.StringVar(&s.wait, "wait", "stdin", "at a checkpoint, wait for: stdin (a line), file (go-CHECKPOINT in -out), none")
	flag.StringVar(&s.since, "since", "begin", "the truth starts: begin (of this program), start (of the services), attached (when go-busy says so, under load)")
	flag.StringVar(&s.size, "size", "small", "how much to do: "+strings.Join(sizeNames(), ", "))
	flag.Uint64Var(&s.seed, "seed", 1, "seed of the order of calls")
	flag.IntVar(&s.users, "users", 0, "users with a WebSocket (default: by -size)")
	flag.BoolVar(&s.repeat, "repeat", false, "after the last checkpoint go on until SIGTERM, for people who look at the services")
	flag.BoolVar(&s.steady, "steady", false, "no checkpoints: even traffic until SIGTERM, its faults switched by HTTP (see steady.go)")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, s); err != nil {
		fmt.Fprintf(os.Stderr, "loadclient: %v\n", err)
		os.Exit(1)
	}
}

func sizeNames() []string {
	var names []string
	for name := range sizes {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func run(ctx context.Context, s settings) error {
	chosen, ok := sizes[s.size]
	if !ok {
		return fmt.Errorf("-size %q: want %s", s.size, strings.Join(sizeNames(), " or "))
	}
	if s.users != 0 {
		chosen.users = s.users
	}
	if open := chosen.users - chosen.reconnects/4; open < 50 {
		return fmt.Errorf("-users %d: only %d of them are connected in the end, want at least 50", chosen.users, open)
	}
	if s.wait != "stdin" && s.wait != "file" && s.wait != "none" {
		return fmt.Errorf("-wait %q: want stdin, file or none", s.wait)
	}
	if s.since != "begin" && s.since != "start" && s.since != "attached" {
		return fmt.Errorf("-since %q: want begin, start or attached", s.since)
	}
	description, err := stage.Load(s.stage)
	if err != nil {
		return err
	}
	l, err := newLoad(ctx, description)
	if err != nil {
		return err
	}
	if err := l.begin(ctx, s.since == "start"); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	fmt.Println("begun")

	lines := bufio.NewReader(os.Stdin)
	work := &scenario{load: l, size: chosen, random: rand.New(rand.NewPCG(s.seed, 0))}
	if s.since == "attached" {
		work.attached = func(ctx context.Context) error { return s.goOn(ctx, lines, "busy") }
	}
	for _, gateway := range description.Of("gateway") {
		work.apis = append(work.apis, newAPI(l, gateway))
	}
	if s.steady {
		return work.steady(ctx)
	}
	err = work.run(ctx, func(ctx context.Context, name string) error {
		rows, err := l.rows(ctx, name)
		if err != nil {
			return err
		}
		file := filepath.Join(s.out, "truth-"+name+".json")
		if err := base.WriteJSON(file, rows); err != nil {
			return err
		}
		fmt.Printf("checkpoint name=%s rows=%d requests=%d file=%s\n", name, len(rows), requests(rows), file)
		return s.goOn(ctx, lines, name)
	})
	if err != nil || !s.repeat {
		return err
	}
	return work.repeat(ctx)
}

// goOn waits until somebody has looked at the checkpoint.
func (s settings) goOn(ctx context.Context, lines *bufio.Reader, name string) error {
	switch s.wait {
	case "stdin":
		_, err := lines.ReadString('\n')
		return err
	case "file":
		for {
			_, err := os.Stat(filepath.Join(s.out, "go-"+name))
			if !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(50 * time.Millisecond):
			}
		}
	}
	return nil
}
