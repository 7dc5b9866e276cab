package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

const (
	startTimeout = 60 * time.Second
	stopTimeout  = 10 * time.Second
	pollInterval = 20 * time.Millisecond
)

// process is one started program.
type process struct {
	name    string
	command *exec.Cmd
	signal  syscall.Signal // what asks it to stop
	done    chan struct{}
}

// processGroup is the started programs, in order.
type processGroup struct {
	dir       string
	processes []*process
	remove    []string    // folders that go with the programs
	ended     chan string // the first that ended by itself
}

func newGroup(dir string) *processGroup {
	return &processGroup{dir: dir, ended: make(chan string, 1)}
}

func (g *processGroup) logFile(name string) string { return filepath.Join(g.dir, name+".log") }

// start starts a program whose output goes to a log file.
func (g *processGroup) start(name string, signal syscall.Signal, credential *syscall.Credential, program string, args ...string) (*process, error) {
	log, err := os.Create(g.logFile(name))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p := &process{name: name, command: exec.Command(program, args...), signal: signal, done: make(chan struct{})}
	p.command.Stdout, p.command.Stderr = log, log
	p.command.Dir = "/"
	// A group of its own: Ctrl-C on the terminal reaches only the stage, which stops the rest in order.
	p.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL, Credential: credential}
	if err := p.command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	g.processes = append(g.processes, p)
	go func() {
		p.command.Wait()
		close(p.done)
		select {
		case g.ended <- name:
		default:
		}
	}()
	return p, nil
}

// startReady starts a program that writes a ready file, and reads that into ready.
func (g *processGroup) startReady(ctx context.Context, name string, ready any, program string, args ...string) error {
	file := filepath.Join(g.dir, name+".ready.json")
	os.Remove(file)
	p, err := g.start(name, syscall.SIGTERM, nil, program, append(args, "-ready-file", file)...)
	if err != nil {
		return err
	}
	return g.wait(ctx, p, func() bool {
		data, err := os.ReadFile(file)
		return err == nil && json.Unmarshal(data, ready) == nil
	})
}

// wait waits until ready says so, and no longer than the process lives.
func (g *processGroup) wait(ctx context.Context, p *process, ready func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for !ready() {
		select {
		case <-p.done:
			log, _ := os.ReadFile(g.logFile(p.name))
			return fmt.Errorf("%s ended at once: %s", p.name, log)
		case <-ctx.Done():
			return fmt.Errorf("%s: not ready: %w", p.name, ctx.Err())
		case <-time.After(pollInterval):
		}
	}
	return nil
}

// stop stops the programs, the last started first.
func (g *processGroup) stop() {
	for i := len(g.processes) - 1; i >= 0; i-- {
		p := g.processes[i]
		p.command.Process.Signal(p.signal)
		select {
		case <-p.done:
		case <-time.After(stopTimeout):
			p.command.Process.Kill()
			<-p.done
		}
	}
	for _, dir := range g.remove {
		os.RemoveAll(dir)
	}
}

func printJSON(value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	_, err = fmt.Println(string(data))
	return err
}
