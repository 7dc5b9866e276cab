package main

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/nats-io/nats.go"
	"github.com/redis/go-redis/v9"
	"google.golang.org/protobuf/proto"
	_ "modernc.org/sqlite"

	mqv1 "github.com/ceyewan/resonance/api/gen/go/mq/v1"
	"github.com/ceyewan/resonance/internal/repo"
	"github.com/ceyewan/resonance/internal/stage"
	"github.com/ceyewan/resonance/internal/store"
	"github.com/ceyewan/resonance/logic/service"
)

const markerTimeout = 20 * time.Second

// queue is a subscriber of its own: it sees every message that NATS delivers.
type queue struct {
	conn  *nats.Conn
	mu    sync.Mutex
	fresh []*mqv1.PushEvent // seen, not yet absorbed
	seen  int64
}

func newQueue(url, topic string) (*queue, error) {
	conn, err := nats.Connect(url, nats.Name("loadclient"))
	if err != nil {
		return nil, err
	}
	q := &queue{conn: conn}
	subscription, err := conn.Subscribe(topic, func(msg *nats.Msg) {
		event := &mqv1.PushEvent{}
		if err := proto.Unmarshal(msg.Data, event); err != nil {
			panic(fmt.Sprintf("message on %s: %v", topic, err))
		}
		q.mu.Lock()
		defer q.mu.Unlock()
		q.seen++
		q.fresh = append(q.fresh, event)
	})
	if err != nil {
		return nil, err
	}
	if err := subscription.SetPendingLimits(-1, -1); err != nil {
		return nil, err
	}
	return q, conn.Flush()
}

// sync waits for every message that NATS had before the call.
func (q *queue) sync() error {
	if err := q.conn.Flush(); err != nil {
		return err
	}
	// Flush says that all messages are in this process; the callback may still be behind.
	want := int64(q.conn.Stats().InMsgs)
	for {
		q.mu.Lock()
		seen := q.seen
		q.mu.Unlock()
		if seen >= want {
			return nil
		}
		time.Sleep(time.Millisecond)
	}
}

// take returns what was seen since the last call.
func (q *queue) take() []*mqv1.PushEvent {
	q.mu.Lock()
	defer q.mu.Unlock()
	fresh := q.fresh
	q.fresh = nil
	return fresh
}

// waiting is the number of messages seen and not taken; total of all seen.
func (q *queue) counts() (waiting, total int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return int64(len(q.fresh)), q.seen
}

// lookups tells how many of the router cache's GETs found something.
type lookups interface {
	counts(ctx context.Context) (hits, misses int64, err error)
}

// backendLookups asks the embedded Redis.
type backendLookups struct {
	control string
}

func (b backendLookups) counts(ctx context.Context) (int64, int64, error) {
	var state struct {
		Hits   int64 `json:"cache_hits"`
		Misses int64 `json:"cache_misses"`
	}
	err := getJSON(ctx, "http://"+b.control+"/state", &state)
	return state.Hits, state.Misses, err
}

// monitorLookups listens to a real Redis: the monitor's stream has every command in the order of execution, so it
// says which keys existed at each GET.
type monitorLookups struct {
	client       *redis.Client
	mu           sync.Mutex
	known        map[string]bool
	hits, misses int64
	marker       string
	reached      chan struct{}
	calls        int
}

func newMonitorLookups(ctx context.Context, client *redis.Client) (*monitorLookups, error) {
	m := &monitorLookups{client: client, known: make(map[string]bool)}
	keys, err := client.Keys(ctx, repo.RouterPrefix+"*").Result()
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		m.known[key] = true
	}
	conn, err := net.Dial("tcp", client.Options().Addr)
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(conn, "MONITOR\r\n"); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(conn)
	lines.Buffer(nil, 1<<20)
	if !lines.Scan() || lines.Text() != "+OK" {
		return nil, fmt.Errorf("MONITOR: %q: %w", lines.Text(), lines.Err())
	}
	go m.follow(lines)
	return m, nil
}

// follow reads until the connection ends with the process. The marker that counts waits for shows that it is alive.
func (m *monitorLookups) follow(lines *bufio.Scanner) {
	for lines.Scan() {
		line := lines.Text()
		command, key := parseMonitor(line)
		m.mu.Lock()
		switch {
		case m.marker != "" && strings.EqualFold(command, "ECHO") && key == m.marker:
			close(m.reached)
			m.marker = ""
		case !strings.HasPrefix(key, repo.RouterPrefix):
		case strings.EqualFold(command, "SET"):
			m.known[key] = true
		case strings.EqualFold(command, "DEL"):
			delete(m.known, key)
		case strings.EqualFold(command, "GET") && m.known[key]:
			m.hits++
		case strings.EqualFold(command, "GET"):
			m.misses++
		}
		m.mu.Unlock()
	}
}

// parseMonitor reads `+1700000000.1 [0 127.0.0.1:1] "GET" "key" ...`.
func parseMonitor(line string) (command, key string) {
	_, rest, found := strings.Cut(line, "] ")
	if !found {
		return "", ""
	}
	words := strings.SplitN(rest, `" "`, 3)
	if len(words) < 2 {
		return strings.Trim(rest, `"`), ""
	}
	return strings.Trim(words[0], `"`), strings.Trim(words[1], `"`)
}

func (m *monitorLookups) counts(ctx context.Context) (int64, int64, error) {
	m.mu.Lock()
	m.calls++
	m.marker = fmt.Sprintf("loadclient-%d", m.calls)
	m.reached = make(chan struct{})
	marker, reached := m.marker, m.reached
	m.mu.Unlock()
	if err := m.client.Echo(ctx, marker).Err(); err != nil {
		return 0, 0, err
	}
	select {
	case <-reached:
	case <-time.After(markerTimeout):
		return 0, 0, fmt.Errorf("redis: the monitor does not show marker %s", marker)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.hits, m.misses, nil
}

// presence reads how many batches logic took from each gateway: it keeps the last batch's number in Redis.
func presence(ctx context.Context, client *redis.Client, gateways []stage.Service) (int64, error) {
	var total int64
	for _, gateway := range gateways {
		n, err := client.Get(ctx, service.PresencePrefix+gateway.GatewayID).Int64()
		if err != nil && err != redis.Nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// database counts statements and reads the outbox.
type database interface {
	// queries is the number of statements the services sent, by "table operation".
	queries(ctx context.Context) (map[string]int64, error)
	// retries is how often the relay failed to publish.
	retries(ctx context.Context) (int64, error)
}

type outbox struct {
	*sql.DB
}

func (o outbox) retries(ctx context.Context) (int64, error) {
	var n int64
	err := o.QueryRowContext(ctx, "SELECT COALESCE(SUM(retry_count), 0) FROM t_message_outbox").Scan(&n)
	return n, err
}

// embeddedDB asks the services' SQLite driver.
type embeddedDB struct {
	outbox
	stage *stage.Stage
}

func (e embeddedDB) queries(ctx context.Context) (map[string]int64, error) {
	total := make(map[string]int64)
	for _, module := range []string{"logic", "task"} {
		all, err := states(ctx, e.stage.Of(module))
		if err != nil {
			return nil, err
		}
		for _, state := range all {
			for key, n := range state.Queries {
				total[key] += n
			}
		}
	}
	return total, nil
}

// serverDB reads PostgreSQL's own log of statements.
type serverDB struct {
	outbox
	path   string
	offset int64
	total  map[string]int64
	marks  int
}

func (s *serverDB) queries(ctx context.Context) (map[string]int64, error) {
	s.marks++
	marker := fmt.Sprintf("loadclient-mark-%d-%d", os.Getpid(), s.marks)
	var echoed string
	if err := s.QueryRowContext(ctx, "SELECT '"+marker+"'").Scan(&echoed); err != nil {
		return nil, err
	}
	deadline := time.Now().Add(markerTimeout)
	for {
		reached, err := s.read(marker)
		if err != nil {
			return nil, err
		}
		if reached {
			break
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("%s: marker %s does not appear", s.path, marker)
		}
		time.Sleep(5 * time.Millisecond)
	}
	snapshot := make(map[string]int64, len(s.total))
	for key, n := range s.total {
		snapshot[key] = n
	}
	return snapshot, nil
}

// read takes the complete lines that were added, and says whether one holds marker.
func (s *serverDB) read(marker string) (bool, error) {
	file, err := os.Open(s.path)
	if err != nil {
		return false, err
	}
	defer file.Close()
	if _, err := file.Seek(s.offset, io.SeekStart); err != nil {
		return false, err
	}
	reader := bufio.NewReader(file)
	reached := false
	for {
		line, err := reader.ReadBytes('\n')
		if err == io.EOF {
			return reached, nil
		}
		if err != nil {
			return false, err
		}
		s.offset += int64(len(line))
		if bytes.Contains(line, []byte(marker)) {
			reached = true
		}
		if sql, ok := parseStatement(line); ok {
			if table, operation, ok := store.Classify(sql); ok {
				s.total[table+" "+operation]++
			}
		}
	}
}

// parseStatement finds the SQL in a line of PostgreSQL's JSON log, if a service sent it.
func parseStatement(line []byte) (string, bool) {
	var entry struct {
		Application string `json:"application_name"`
		Message     string `json:"message"`
	}
	if json.Unmarshal(line, &entry) != nil || entry.Application != "resonance" {
		return "", false
	}
	if sql, ok := strings.CutPrefix(entry.Message, "statement: "); ok {
		return sql, true
	}
	if rest, ok := strings.CutPrefix(entry.Message, "execute "); ok {
		_, sql, found := strings.Cut(rest, ": ")
		return sql, found
	}
	return "", false
}

func openDatabase(s *stage.Stage) (database, error) {
	if path, ok := strings.CutPrefix(s.Backend.DB, "sqlite:"); ok {
		pool, err := sql.Open("sqlite", "file:"+path+"?mode=ro&_pragma=busy_timeout(20000)")
		return embeddedDB{outbox{pool}, s}, err
	}
	dsn := strings.Replace(s.Backend.DB, "application_name=resonance", "application_name=loadclient", 1)
	pool, err := sql.Open("pgx", dsn)
	path := filepath.Join(s.Backend.DBLog, "postgres.json")
	return &serverDB{outbox: outbox{pool}, path: path, total: make(map[string]int64)}, err
}
