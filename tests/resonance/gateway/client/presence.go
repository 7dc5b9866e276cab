package client

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/ceyewan/genesis/clog"
	logicv1 "github.com/ceyewan/resonance/api/gen/go/logic/v1"
	"github.com/ceyewan/resonance/internal/hook"
)

const syncTimeout = 5 * time.Second

var errNoBatcher = errors.New("status batcher is not running")

// StatusBatcher collects who came and went and tells logic a few times a second.
type StatusBatcher struct {
	presence  logicv1.PresenceServiceClient
	gatewayID string
	logger    clog.Logger
	interval  time.Duration
	mu        sync.Mutex
	seqID     int64
	online    []*logicv1.UserOnline
	offline   []*logicv1.UserOffline
	stop      chan struct{}
	wg        sync.WaitGroup
}

// NewStatusBatcher returns a batcher that Start sets going.
func NewStatusBatcher(presence logicv1.PresenceServiceClient, gatewayID string, interval time.Duration, logger clog.Logger) *StatusBatcher {
	return &StatusBatcher{
		presence:  presence,
		gatewayID: gatewayID,
		logger:    logger,
		interval:  interval,
		stop:      make(chan struct{}),
	}
}

// Start starts the ticker.
func (b *StatusBatcher) Start() {
	b.wg.Add(1)
	go b.flushLoop()
}

// Stop sends what is left.
func (b *StatusBatcher) Stop() {
	close(b.stop)
	b.wg.Wait()
	b.flush()
}

// Pending is the number of changes not sent yet.
func (b *StatusBatcher) Pending() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.online) + len(b.offline)
}

// AddOnline notes that a user came.
func (b *StatusBatcher) AddOnline(username, remoteAddr string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.online = append(b.online, &logicv1.UserOnline{
		Username:   username,
		RemoteAddr: remoteAddr,
		Timestamp:  time.Now().UnixMilli(),
	})
}

// AddOffline notes that a user went.
func (b *StatusBatcher) AddOffline(username string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.offline = append(b.offline, &logicv1.UserOffline{Username: username, Timestamp: time.Now().UnixMilli()})
}

func (b *StatusBatcher) flushLoop() {
	defer b.wg.Done()
	ticker := time.NewTicker(b.interval)
	defer ticker.Stop()
	for {
		select {
		case <-b.stop:
			return
		case <-ticker.C:
			b.flush()
		}
	}
}

// flush sends one batch; it is called at every tick, with nothing to send most of the time.
func (b *StatusBatcher) flush() {
	b.mu.Lock()
	if len(b.online) == 0 && len(b.offline) == 0 {
		b.mu.Unlock()
		return
	}
	defer hook.Busy()()
	b.seqID++
	req := &logicv1.SyncStatusRequest{SeqId: b.seqID, GatewayId: b.gatewayID, Online: b.online, Offline: b.offline}
	b.online, b.offline = nil, nil
	b.mu.Unlock()

	ctx, cancel := context.WithTimeout(context.Background(), syncTimeout)
	defer cancel()
	resp, err := b.presence.SyncStatus(ctx, req)
	if err != nil {
		b.logger.Error("status not synced", clog.Int64("seq_id", req.SeqId), clog.Error(err))
		return
	}
	if resp.GetError() != "" {
		b.logger.Error("status refused", clog.Int64("seq_id", req.SeqId), clog.String("error", resp.GetError()))
	}
}

// PresenceCallback is what the connection manager calls.
type PresenceCallback struct {
	client *Client
}

// NewPresenceCallback returns the callbacks that feed client's batcher.
func NewPresenceCallback(client *Client) *PresenceCallback { return &PresenceCallback{client: client} }

// OnUserOnline is called after a connection was added.
func (p *PresenceCallback) OnUserOnline(username, remoteAddr string) error {
	if p.client.batcher == nil {
		return errNoBatcher
	}
	p.client.batcher.AddOnline(username, remoteAddr)
	return nil
}

// OnUserOffline is called after a connection was removed.
func (p *PresenceCallback) OnUserOffline(username string) error {
	if p.client.batcher == nil {
		return errNoBatcher
	}
	p.client.batcher.AddOffline(username)
	return nil
}
