// Package base is what the three services have in common: settings, connections, listeners and the ready protocol.
package base

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/ceyewan/genesis/cache"
	"github.com/ceyewan/genesis/clog"
	"github.com/ceyewan/genesis/connector"
	"github.com/ceyewan/genesis/mq"
	"github.com/ceyewan/resonance/internal/control"
	"github.com/ceyewan/resonance/internal/hook"
	"github.com/ceyewan/resonance/internal/registry"
	"github.com/ceyewan/resonance/internal/repo"
)

// Names under which the services register.
const (
	LogicService   = "logic-service"
	GatewayService = "gateway-service"
	TaskService    = "task-service"
)

// Options are the settings of a service.
type Options struct {
	Module        string
	NATS          string
	Redis         string
	DB            string
	HTTP          string
	GRPC          string
	Control       string
	ReadyFile     string
	LogLevel      string
	Background    string
	WorkerCount   int
	MaxRetry      int
	RetryInterval time.Duration
	PushQueue     int
	RelayInterval time.Duration
	FlushInterval time.Duration
}

// AddFlags makes every setting a flag whose default may come from the environment.
func (o *Options) AddFlags(flags *flag.FlagSet) {
	flags.StringVar(&o.Module, "module", "", "which service to run: gateway, logic or task")
	flags.StringVar(&o.NATS, "nats", env("RESONANCE_NATS", "nats://127.0.0.1:4222"), "NATS server")
	flags.StringVar(&o.Redis, "redis", env("RESONANCE_REDIS", "127.0.0.1:6379"), "Redis server")
	flags.StringVar(&o.DB, "db", env("RESONANCE_DB", "sqlite:resonance.db"), "database: sqlite:PATH or postgres://...")
	flags.StringVar(&o.HTTP, "http", "127.0.0.1:0", "where the gateway serves HTTP and WebSockets")
	flags.StringVar(&o.GRPC, "grpc", "127.0.0.1:0", "where logic and the gateway serve gRPC")
	flags.StringVar(&o.Control, "control", "127.0.0.1:0", "where tests steer this service")
	flags.StringVar(&o.ReadyFile, "ready-file", "", "file to write, as JSON, once everything serves")
	flags.StringVar(&o.LogLevel, "log-level", "error", "debug, info, warn or error")
	flags.StringVar(&o.Background, "background", "on", "on or paused: the outbox relay at start")
	flags.IntVar(&o.WorkerCount, "worker-count", 4, "workers of each consumer")
	flags.IntVar(&o.MaxRetry, "max-retry", 3, "how often a message is tried")
	flags.DurationVar(&o.RetryInterval, "retry-interval", 20*time.Millisecond, "pause between two tries")
	flags.IntVar(&o.PushQueue, "push-queue", 1000, "tasks that may wait for one gateway")
	flags.DurationVar(&o.RelayInterval, "relay-interval", time.Second, "how often the outbox is read")
	flags.DurationVar(&o.FlushInterval, "flush-interval", 100*time.Millisecond, "how often the gateway tells who is online")
}

func env(name, fallback string) string {
	if value, ok := os.LookupEnv(name); ok {
		return value
	}
	return fallback
}

// Service is a service being started.
type Service struct {
	Options
	Logger clog.Logger
	Redis  connector.RedisConnector
	NATS   connector.NATSConnector
	Reg    *registry.Registry
	ready  map[string]any
}

// New connects to Redis and, if asked, to NATS.
func New(ctx context.Context, options Options, useNATS bool) (*Service, error) {
	logger, err := clog.New(&clog.Config{Level: options.LogLevel, Format: "json", Output: "stderr"})
	if err != nil {
		return nil, err
	}
	hook.Background.Set(options.Background == "paused")
	s := &Service{Options: options, Logger: logger, ready: map[string]any{"module": options.Module, "pid": os.Getpid()}}

	s.Redis, err = connector.NewRedis(&connector.RedisConfig{Name: "redis", Addr: options.Redis}, connector.WithLogger(logger))
	if err != nil {
		return nil, err
	}
	if err := s.Redis.Connect(ctx); err != nil {
		return nil, err
	}
	s.Reg = registry.New(s.Redis.GetClient())
	if !useNATS {
		return s, nil
	}
	s.NATS, err = connector.NewNATS(&connector.NATSConfig{Name: options.Module, URL: options.NATS}, connector.WithLogger(logger))
	if err != nil {
		return nil, err
	}
	return s, s.NATS.Connect(ctx)
}

// NewMQ returns the message queue's client.
func (s *Service) NewMQ() (mq.Client, error) {
	return mq.New(&mq.Config{Driver: mq.DriverNatsCore}, mq.WithNATSConnector(s.NATS), mq.WithLogger(s.Logger))
}

// NewRouterRepo returns the routes in Redis.
func (s *Service) NewRouterRepo() (repo.RouterRepo, error) {
	routes, err := cache.New(&cache.Config{Driver: cache.DriverRedis, Prefix: repo.RouterPrefix},
		cache.WithRedisConnector(s.Redis), cache.WithLogger(s.Logger))
	if err != nil {
		return nil, err
	}
	return repo.NewRouterRepo(routes, s.Logger), nil
}

// Listen opens a listener and announces its real address as name.
func (s *Service) Listen(name, addr string) (net.Listener, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	s.ready[name] = listener.Addr().String()
	fmt.Printf("listening name=%s addr=%s\n", name, listener.Addr())
	return listener, nil
}

// Announce adds a fact to what Ready writes.
func (s *Service) Announce(name, value string) { s.ready[name] = value }

// Ready opens the control endpoint and says that everything serves.
func (s *Service) Ready(probe control.Probe) error {
	listener, err := s.Listen("control", s.Control)
	if err != nil {
		return err
	}
	control.Serve(listener, s.Module, probe)
	if s.ReadyFile != "" {
		if err := WriteJSON(s.ReadyFile, s.ready); err != nil {
			return err
		}
	}
	fmt.Printf("ready module=%s pid=%d\n", s.Module, os.Getpid())
	return nil
}

// Close closes the connections.
func (s *Service) Close() {
	if s.NATS != nil {
		s.NATS.Close()
	}
	s.Redis.Close()
}

// WriteJSON writes a file that appears whole or not at all.
func WriteJSON(path string, value any) error {
	data, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	part := path + ".part"
	if err := os.WriteFile(part, append(data, '\n'), 0o644); err != nil {
		return err
	}
	return os.Rename(part, path)
}
