package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	logicv1 "github.com/ceyewan/resonance/api/gen/go/logic/v1"
	"github.com/ceyewan/resonance/internal/stage"
	"github.com/ceyewan/resonance/internal/truth"
)

// topic is where logic publishes.
const topic = "resonance.push.event.v1"

// load drives the system and keeps the truth.
type load struct {
	stage *stage.Stage
	table *truth.Table
	model *model

	queue   *queue
	lookups lookups
	redis   *redis.Client
	db      database
	conn    *grpc.ClientConn
	logic   logicClients
	base    baseline

	slowQueries *truth.Table // queries whose duration the client injected

	mu        sync.Mutex
	routes    map[string]route
	sockets   map[string]*socket
	received  int64 // pushes that came over WebSockets
	expected  int64 // pushes that must have come
	oversized int64 // messages that NATS does not take

	batch    time.Time // when the messages not yet absorbed began to be sent
	held     time.Time // when the workers were seen to be stopped
	released time.Time // when they were let go
}

type logicClients struct {
	auth    logicv1.AuthServiceClient
	session logicv1.SessionServiceClient
	chat    logicv1.ChatServiceClient
}

// baseline is what the others had counted when we began.
type baseline struct {
	hits, misses int64
	batches      int64
	retries      int64
	published    int64
	queries      map[string]int64
}

func newLoad(ctx context.Context, s *stage.Stage) (*load, error) {
	table := truth.NewTable()
	l := &load{
		stage:   s,
		table:   table,
		model:   newModel(table, topic, s.MaxRetry),
		routes:  make(map[string]route),
		sockets: make(map[string]*socket),
		redis:   newRedis(s.Backend.Redis),

		slowQueries: truth.NewTable(),
	}
	var err error
	if l.queue, err = newQueue(s.Backend.NATS, topic); err != nil {
		return nil, fmt.Errorf("NATS: %w", err)
	}
	if s.Backend.Control != "" {
		l.lookups = backendLookups{s.Backend.Control}
	} else if l.lookups, err = newMonitorLookups(ctx, l.redis); err != nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	if l.db, err = openDatabase(s); err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	if len(s.Of("logic")) != 1 || len(s.Of("gateway")) == 0 || len(s.Of("task")) != 1 {
		return nil, errors.New("want one logic, one task and at least one gateway")
	}
	l.conn, err = grpc.NewClient("passthrough:///"+s.Of("logic")[0].GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	l.logic = logicClients{
		auth:    logicv1.NewAuthServiceClient(l.conn),
		session: logicv1.NewSessionServiceClient(l.conn),
		chat:    logicv1.NewChatServiceClient(l.conn),
	}
	return l, nil
}

func newRedis(addr string) *redis.Client {
	return redis.NewClient(&redis.Options{
		Addr:                     addr,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
}

// restart makes the truth start now, with everything at rest.
func (l *load) restart(ctx context.Context) error {
	observed, err := l.observe(ctx)
	if err != nil {
		return err
	}
	l.base = observed
	l.oversized = 0
	l.table.Reset()
	l.slowQueries.Reset()
	return nil
}

// begin takes the baseline. With fromStart, what happened since the services started is part of the truth.
func (l *load) begin(ctx context.Context, fromStart bool) error {
	if err := l.steer(ctx, "logic", "background?paused=true"); err != nil {
		return err
	}
	if err := l.settle(ctx, false); err != nil {
		return err
	}
	// The log of a database server must be read from its beginning either way.
	observed, err := l.observe(ctx)
	if err != nil {
		return err
	}
	if !fromStart {
		l.base = observed
	}
	return nil
}

func (l *load) observe(ctx context.Context) (baseline, error) {
	var b baseline
	var err error
	if b.hits, b.misses, err = l.lookups.counts(ctx); err != nil {
		return b, err
	}
	if b.batches, err = presence(ctx, l.redis, l.stage.Of("gateway")); err != nil {
		return b, err
	}
	if b.retries, err = l.db.retries(ctx); err != nil {
		return b, err
	}
	_, b.published = l.queue.counts()
	b.queries, err = l.db.queries(ctx)
	return b, err
}

// absorb turns the messages seen since the last call into truth. While the workers are held nothing is handled.
func (l *load) absorb(ctx context.Context, held bool) error {
	now := time.Now()
	if err := l.queue.sync(); err != nil {
		return err
	}
	if held {
		l.held = now
		return nil
	}
	pushMax := now.Sub(l.batch)
	blocked := 0
	if !l.released.IsZero() {
		pushMax = now.Sub(l.released)
		blocked = l.stage.Workers
	}
	for i, event := range l.queue.take() {
		dispatch := truth.Span{Max: pushMax}
		if i < blocked {
			// Each group stopped this many workers; which messages they had does not matter for a count.
			dispatch = truth.Span{Min: l.released.Sub(l.held), Max: truth.Unknown.Max}
		}
		l.expected += l.model.handled(event, l.routes, dispatch, pushMax)
	}
	l.held, l.released, l.batch = time.Time{}, time.Time{}, time.Time{}
	return l.awaitPushes(ctx)
}

// sending notes that messages are on their way.
func (l *load) sending() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.batch.IsZero() {
		l.batch = time.Now()
	}
}

// awaitPushes checks the model against what the WebSockets brought.
func (l *load) awaitPushes(ctx context.Context) error {
	deadline := time.Now().Add(10 * time.Second)
	for {
		l.mu.Lock()
		received, expected := l.received, l.expected
		l.mu.Unlock()
		switch {
		case received == expected:
			return nil
		case received > expected || time.Now().After(deadline):
			return fmt.Errorf("%d pushes came over WebSockets, want %d", received, expected)
		case ctx.Err() != nil:
			return ctx.Err()
		}
		time.Sleep(time.Millisecond)
	}
}

func (l *load) openByGateway() map[string]int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	open := make(map[string]int64)
	for _, s := range l.sockets {
		open[s.gateway.GatewayID]++
	}
	return open
}

// rows completes the truth with what the others counted.
func (l *load) rows(ctx context.Context, checkpoint string) ([]truth.Row, error) {
	now, err := l.observe(ctx)
	if err != nil {
		return nil, err
	}
	unhandled, _ := l.queue.counts()
	l.table.Set("mq_publish_total", float64(now.published-l.base.published), "topic", topic, "status", "ok")
	if failed := l.oversized + now.retries - l.base.retries; failed > 0 {
		l.table.Set("mq_publish_total", float64(failed), "topic", topic, "status", "error")
	}
	l.table.Set("mq_lag", float64(2*unhandled), "topic", topic)

	open := l.openByGateway()
	for _, gateway := range l.stage.Of("gateway") {
		l.table.Set("connection_count", float64(open[gateway.GatewayID]), "gateway_id", gateway.GatewayID)
		l.table.Set("connection_active", float64(open[gateway.GatewayID]), "gateway_id", gateway.GatewayID)
	}

	hits, misses := float64(now.hits-l.base.hits), float64(now.misses-l.base.misses)
	l.table.Set("cache_requests_total", hits, "cache_type", "router", "result", "hit")
	l.table.Set("cache_requests_total", misses, "cache_type", "router", "result", "miss")
	if hits+misses > 0 {
		l.table.Set("cache_hit_rate", hits/(hits+misses), "cache_type", "router")
	}
	rows := append(l.table.Rows(checkpoint), l.counted(checkpoint, now)...)
	truth.Sort(rows)
	return rows, nil
}

// counted are the histograms whose observations are counted elsewhere: queries by the database, batches by Redis.
func (l *load) counted(checkpoint string, now baseline) []truth.Row {
	batches := float64(now.batches - l.base.batches)
	rows := []truth.Row{}
	if batches > 0 {
		for _, side := range []struct{ prefix, service string }{{"request", "logic"}, {"client_request", "gateway"}} {
			rows = append(rows,
				truth.Row{Checkpoint: checkpoint, Metric: side.prefix + "_total", True: batches,
					Labels: map[string]string{"service": side.service, "method": "SyncStatus", "status": "ok"}},
				truth.Row{Checkpoint: checkpoint, Metric: side.prefix + "_duration_ms_count", True: batches,
					Labels: map[string]string{"service": side.service, "method": "SyncStatus"}})
		}
	}
	return append(rows, queryRows(checkpoint, now.queries, l.base.queries, l.updates())...)
}
