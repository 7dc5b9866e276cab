// Command backend hosts what the embedded way to run needs beside the services: a NATS server and a Redis, both in
// this process, and a count of what they were asked.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/alicebob/miniredis/v2"
	redisserver "github.com/alicebob/miniredis/v2/server"
	natsserver "github.com/nats-io/nats-server/v2/server"

	"github.com/ceyewan/resonance/internal/base"
	"github.com/ceyewan/resonance/internal/repo"
)

const natsStartTimeout = 10 * time.Second

func main() {
	readyFile := flag.String("ready-file", "", "file to write, as JSON, once everything serves")
	maxPayload := flag.Int("max-payload", 32<<10, "largest message NATS takes, in bytes")
	flag.Parse()
	if err := run(*readyFile, int32(*maxPayload)); err != nil {
		fmt.Fprintf(os.Stderr, "backend: %v\n", err)
		os.Exit(1)
	}
}

func run(readyFile string, maxPayload int32) error {
	queue, err := startNATS(maxPayload)
	if err != nil {
		return err
	}
	defer queue.Shutdown()
	redis, lookups, err := startRedis()
	if err != nil {
		return err
	}
	defer redis.Close()
	control, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go http.Serve(control, lookups)

	ready := map[string]any{
		"module":       "backend",
		"pid":          os.Getpid(),
		"nats":         queue.ClientURL(),
		"nats_monitor": queue.MonitorAddr().String(),
		"redis":        redis.Addr(),
		"control":      control.Addr().String(),
	}
	for _, name := range []string{"nats", "nats_monitor", "redis", "control"} {
		fmt.Printf("listening name=%s addr=%v\n", name, ready[name])
	}
	if readyFile != "" {
		if err := base.WriteJSON(readyFile, ready); err != nil {
			return err
		}
	}
	fmt.Printf("ready module=backend pid=%d\n", os.Getpid())

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	<-stop
	return nil
}

func startNATS(maxPayload int32) (*natsserver.Server, error) {
	server, err := natsserver.NewServer(&natsserver.Options{
		Host:       "127.0.0.1",
		Port:       natsserver.RANDOM_PORT,
		HTTPHost:   "127.0.0.1",
		HTTPPort:   natsserver.RANDOM_PORT,
		MaxPayload: maxPayload,
		NoSigs:     true,
		NoLog:      true,
	})
	if err != nil {
		return nil, err
	}
	go server.Start()
	if !server.ReadyForConnections(natsStartTimeout) {
		return nil, fmt.Errorf("NATS did not start in %s", natsStartTimeout)
	}
	return server, nil
}

// lookups counts the router cache's GETs at the Redis.
type lookups struct {
	hits, misses atomic.Int64
}

// ServeHTTP answers GET /state.
func (l *lookups) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]int64{"cache_hits": l.hits.Load(), "cache_misses": l.misses.Load()})
}

func startRedis() (*miniredis.Miniredis, *lookups, error) {
	redis := miniredis.NewMiniRedis()
	if err := redis.StartAddr("127.0.0.1:0"); err != nil {
		return nil, nil, err
	}
	counts := &lookups{}
	redis.Server().SetPreHook(func(_ *redisserver.Peer, command string, args ...string) bool {
		if strings.EqualFold(command, "GET") && len(args) == 1 && strings.HasPrefix(args[0], repo.RouterPrefix) {
			if redis.Exists(args[0]) {
				counts.hits.Add(1)
			} else {
				counts.misses.Add(1)
			}
		}
		return false
	})
	return redis, counts, nil
}
