// Command stage starts the stand-in's services and what they stand on, says where everything is, and stops it all in
// the right order on SIGTERM, SIGINT, or when a process ends by itself.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"

	"github.com/ceyewan/resonance/internal/base"
	"github.com/ceyewan/resonance/internal/stage"
)

type settings struct {
	mode       string
	dir        string
	bin        string
	out        string
	gateways   int
	workers    int
	maxRetry   int
	background string
	logLevel   string
}

// init keeps main on the process's first thread: a service is killed when the thread that started it ends.
func init() { runtime.LockOSThread() }

func main() {
	var s settings
	flag.StringVar(&s.mode, "mode", "embedded", "embedded, or servers: PostgreSQL, Redis and nats-server of this machine")
	flag.StringVar(&s.dir, "dir", "", "folder for data, logs and ready files (default: a new one, removed at the end)")
	flag.StringVar(&s.bin, "bin", "", "folder of the binaries resonance and backend (default: this program's)")
	flag.StringVar(&s.out, "out", "", "file to write the description to, as JSON, once everything serves (default: stdout)")
	flag.IntVar(&s.gateways, "gateways", 1, "how many gateways to start")
	flag.IntVar(&s.workers, "workers", 4, "workers of each consumer")
	flag.IntVar(&s.maxRetry, "max-retry", 3, "how often a message is tried")
	flag.StringVar(&s.background, "background", "paused", "on or paused: the outbox relay at start")
	flag.StringVar(&s.logLevel, "log-level", "error", "log level of the services")
	flag.Parse()
	if err := run(s); err != nil {
		fmt.Fprintf(os.Stderr, "stage: %v\n", err)
		os.Exit(1)
	}
}

func run(s settings) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := s.setFolders(); err != nil {
		return err
	}
	if s.dir == "" {
		dir, err := os.MkdirTemp("", "resonance-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		s.dir = dir
	}

	group := newGroup(s.dir)
	defer group.stop()
	description, err := start(ctx, s, group)
	if err != nil {
		return err
	}
	if s.out != "" {
		err = base.WriteJSON(s.out, description)
	} else {
		err = printJSON(description)
	}
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return nil
	case name := <-group.ended:
		return fmt.Errorf("%s ended by itself, see %s", name, group.logFile(name))
	}
}

func (s *settings) setFolders() error {
	if s.mode != "embedded" && s.mode != "servers" {
		return fmt.Errorf("-mode %q: want embedded or servers", s.mode)
	}
	if s.gateways < 1 {
		return errors.New("-gateways: want at least 1")
	}
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	if s.bin == "" {
		s.bin = filepath.Dir(exe)
	}
	if s.dir == "" {
		return nil
	}
	if s.dir, err = filepath.Abs(s.dir); err != nil {
		return err
	}
	return os.MkdirAll(s.dir, 0o755)
}

// start starts the backend, then logic, the gateways and task: each finds the earlier ones.
func start(ctx context.Context, s settings, group *processGroup) (*stage.Stage, error) {
	description := &stage.Stage{
		Mode:     s.mode,
		Dir:      s.dir,
		Exe:      filepath.Join(s.bin, "resonance"),
		PID:      os.Getpid(),
		Workers:  s.workers,
		MaxRetry: s.maxRetry,
	}
	var err error
	if s.mode == "embedded" {
		description.Backend, err = startEmbedded(ctx, s, group)
	} else {
		description.Backend, err = startServers(ctx, group)
	}
	if err != nil {
		return nil, err
	}

	modules := []string{"logic"}
	for range s.gateways {
		modules = append(modules, "gateway")
	}
	modules = append(modules, "task")
	for i, module := range modules {
		service, err := startService(ctx, s, group, description, fmt.Sprintf("%d-%s", i, module), module)
		if err != nil {
			return nil, err
		}
		description.Services = append(description.Services, service)
	}
	return description, nil
}

func startService(ctx context.Context, s settings, group *processGroup, d *stage.Stage, name, module string) (stage.Service, error) {
	var service stage.Service
	err := group.startReady(ctx, name, &service, d.Exe,
		"-module", module,
		"-nats", d.Backend.NATS,
		"-redis", d.Backend.Redis,
		"-db", d.Backend.DB,
		"-background", s.background,
		"-log-level", s.logLevel,
		"-worker-count", strconv.Itoa(s.workers),
		"-max-retry", strconv.Itoa(s.maxRetry))
	return service, err
}

func startEmbedded(ctx context.Context, s settings, group *processGroup) (stage.Backend, error) {
	var ready struct {
		stage.Backend
		PID int `json:"pid"`
	}
	if err := group.startReady(ctx, "backend", &ready, filepath.Join(s.bin, "backend")); err != nil {
		return stage.Backend{}, err
	}
	ready.DB = "sqlite:" + filepath.Join(s.dir, "resonance.db")
	ready.PIDs = []int{ready.PID}
	return ready.Backend, nil
}
