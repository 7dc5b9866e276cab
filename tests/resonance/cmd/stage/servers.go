package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/ceyewan/resonance/internal/stage"
)

const maxPayload = 32 << 10 // largest message NATS takes, as in the embedded backend

// startServers starts PostgreSQL, Redis and nats-server with data folders of their own.
func startServers(ctx context.Context, group *processGroup) (stage.Backend, error) {
	var backend stage.Backend
	for _, start := range []func(context.Context, *processGroup, *stage.Backend) error{startPostgres, startRedis, startNATS} {
		if err := start(ctx, group, &backend); err != nil {
			return backend, err
		}
	}
	return backend, nil
}

// freePort asks the kernel for a port for a server that cannot do so itself.
func freePort() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port), nil
}

func accepts(addr string) bool {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

func startPostgres(ctx context.Context, group *processGroup, backend *stage.Backend) error {
	bin, err := postgresBin()
	if err != nil {
		return err
	}
	credential, err := serverUser("postgres")
	if err != nil {
		return err
	}
	// PostgreSQL refuses to run as root, and its user must be able to reach the folder.
	data, err := os.MkdirTemp("", "resonance-postgres-")
	if err != nil {
		return err
	}
	group.remove = append(group.remove, data)
	if credential != nil {
		if err := os.Chown(data, int(credential.Uid), int(credential.Gid)); err != nil {
			return err
		}
	}
	initdb := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "-D", data, "-A", "trust", "-U", "postgres",
		"--no-sync", "--locale", "C.UTF-8", "-E", "UTF8")
	initdb.Dir = data
	initdb.SysProcAttr = &syscall.SysProcAttr{Credential: credential}
	if output, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, output)
	}

	port, err := freePort()
	if err != nil {
		return err
	}
	args := []string{"-D", data}
	for _, setting := range []string{
		"listen_addresses=127.0.0.1", "port=" + port, "unix_socket_directories=", "fsync=off", "max_connections=100",
		"logging_collector=on", "log_destination=jsonlog", "log_directory=log", "log_filename=postgres.log",
		"log_rotation_age=0", "log_rotation_size=0", "log_statement=all", "log_min_messages=log",
		"log_min_error_statement=panic",
	} {
		args = append(args, "-c", setting)
	}
	p, err := group.start("postgres", syscall.SIGINT, credential, filepath.Join(bin, "postgres"), args...)
	if err != nil {
		return err
	}
	backend.PIDs = append(backend.PIDs, p.command.Process.Pid)
	backend.DB = "postgres://postgres@127.0.0.1:" + port + "/postgres?sslmode=disable&application_name=resonance"
	backend.DBLog = filepath.Join(data, "log")
	return group.wait(ctx, p, func() bool {
		return exec.Command(filepath.Join(bin, "pg_isready"), "-q", "-h", "127.0.0.1", "-p", port).Run() == nil
	})
}

// postgresBin finds the newest installed server; Debian keeps it out of PATH.
func postgresBin() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) > 0 {
		return filepath.Dir(found[len(found)-1]), nil
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		return "", errors.New("PostgreSQL is not installed: no initdb in /usr/lib/postgresql/*/bin or PATH")
	}
	return filepath.Dir(path), nil
}

// serverUser is who a server runs as when we are root; nil when we are not.
func serverUser(name string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	account, err := user.Lookup(name)
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(account.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

func startRedis(ctx context.Context, group *processGroup, backend *stage.Backend) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	p, err := group.start("redis", syscall.SIGTERM, nil, "redis-server", "--bind", "127.0.0.1", "--port", port,
		"--save", "", "--appendonly", "no", "--dir", group.dir)
	if err != nil {
		return err
	}
	backend.PIDs = append(backend.PIDs, p.command.Process.Pid)
	backend.Redis = "127.0.0.1:" + port
	return group.wait(ctx, p, func() bool { return accepts(backend.Redis) })
}

func startNATS(ctx context.Context, group *processGroup, backend *stage.Backend) error {
	config := filepath.Join(group.dir, "nats.conf")
	text := fmt.Sprintf("listen: \"127.0.0.1:-1\"\nhttp: \"127.0.0.1:-1\"\nmax_payload: %d\nports_file_dir: %q\n", maxPayload, group.dir)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		return err
	}
	p, err := group.start("nats", syscall.SIGTERM, nil, "nats-server", "-c", config)
	if err != nil {
		return err
	}
	backend.PIDs = append(backend.PIDs, p.command.Process.Pid)
	file := filepath.Join(group.dir, fmt.Sprintf("nats-server_%d.ports", p.command.Process.Pid))
	var ports struct {
		NATS       []string `json:"nats"`
		Monitoring []string `json:"monitoring"`
	}
	err = group.wait(ctx, p, func() bool {
		data, err := os.ReadFile(file)
		return err == nil && json.Unmarshal(data, &ports) == nil && len(ports.NATS) > 0 && len(ports.Monitoring) > 0
	})
	if err != nil {
		return err
	}
	backend.NATS = ports.NATS[0]
	backend.NATSMonitor = strings.TrimPrefix(ports.Monitoring[0], "http://")
	return nil
}
