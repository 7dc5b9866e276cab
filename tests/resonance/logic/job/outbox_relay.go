// Package job holds logic's periodic work.
package job

import (
	"context"
	"time"

	"github.com/ceyewan/genesis/clog"
	"github.com/ceyewan/genesis/mq"
	"github.com/ceyewan/resonance/internal/hook"
	"github.com/ceyewan/resonance/internal/model"
	"github.com/ceyewan/resonance/internal/repo"
)

const (
	relayBatch      = 100
	relayMaxRetries = 3
)

// OutboxRelay publishes what is still pending in the outbox.
type OutboxRelay struct {
	messageRepo repo.MessageRepo
	mqClient    mq.Client
	interval    time.Duration
	logger      clog.Logger
}

// NewOutboxRelay returns a relay that looks every interval.
func NewOutboxRelay(messages repo.MessageRepo, client mq.Client, interval time.Duration, logger clog.Logger) *OutboxRelay {
	return &OutboxRelay{messageRepo: messages, mqClient: client, interval: interval, logger: logger}
}

// Start works until ctx ends.
func (r *OutboxRelay) Start(ctx context.Context) {
	ticker := time.NewTicker(r.interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			hook.Background.Run(func() { r.processPending(ctx) })
		}
	}
}

func (r *OutboxRelay) processPending(ctx context.Context) {
	rows, err := r.messageRepo.GetPendingOutboxMessages(ctx, relayBatch)
	if err != nil {
		r.logger.Error("outbox cannot be read", clog.Error(err))
		return
	}
	for _, row := range rows {
		r.relayMessage(ctx, row)
	}
}

// relayMessage publishes one row again; after some failures the row is given up.
func (r *OutboxRelay) relayMessage(ctx context.Context, row *model.MessageOutbox) {
	status, retries := model.OutboxSent, row.RetryCount
	if err := r.mqClient.Publish(ctx, row.Topic, row.Payload); err != nil {
		r.logger.Warn("message not relayed", clog.Int64("msg_id", row.MsgID), clog.Error(err))
		status, retries = model.OutboxPending, row.RetryCount+1
		if retries >= relayMaxRetries {
			status = model.OutboxFailed
		}
	}
	if err := r.messageRepo.UpdateOutboxStatus(ctx, row.ID, status, retries); err != nil {
		r.logger.Error("outbox row not marked", clog.Int64("msg_id", row.MsgID), clog.Error(err))
	}
}
