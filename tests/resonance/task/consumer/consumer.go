// Package consumer reads messages from the queue and hands them to a pool of workers.
package consumer

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ceyewan/genesis/clog"
	"github.com/ceyewan/genesis/mq"
	mqv1 "github.com/ceyewan/resonance/api/gen/go/mq/v1"
	"github.com/ceyewan/resonance/task/config"
	"google.golang.org/protobuf/proto"
)

// Handler does the work for one message.
type Handler func(ctx context.Context, event *mqv1.PushEvent) error

// Consumer is one member of a queue group.
type Consumer struct {
	mqClient     mq.Client
	handler      Handler
	config       config.ConsumerConfig
	logger       clog.Logger
	subscription mq.Subscription
	jobsCh       chan mq.Message
	ctx          context.Context
	cancel       context.CancelFunc
	wg           sync.WaitGroup
	handled      atomic.Int64
}

// NewConsumer returns a consumer that Start sets going.
func NewConsumer(client mq.Client, handler Handler, cfg config.ConsumerConfig, logger clog.Logger) *Consumer {
	ctx, cancel := context.WithCancel(context.Background())
	return &Consumer{
		mqClient: client,
		handler:  handler,
		config:   cfg,
		logger:   logger,
		jobsCh:   make(chan mq.Message, cfg.WorkerCount*10),
		ctx:      ctx,
		cancel:   cancel,
	}
}

// Start starts the workers, then the subscription.
func (c *Consumer) Start() error {
	for range c.config.WorkerCount {
		c.wg.Add(1)
		go c.worker()
	}
	subscription, err := c.mqClient.Subscribe(c.ctx, c.config.Topic, c.receiveMessage, mq.WithQueueGroup(c.config.QueueGroup))
	if err != nil {
		return err
	}
	c.subscription = subscription
	return nil
}

// Stop ends the subscription and waits for the workers.
func (c *Consumer) Stop() {
	if c.subscription != nil {
		c.subscription.Unsubscribe()
	}
	c.cancel()
	c.wg.Wait()
}

// Handled is the number of messages the workers are done with.
func (c *Consumer) Handled() int64 { return c.handled.Load() }

// Full says whether the queue in front of the workers is full.
func (c *Consumer) Full() bool { return len(c.jobsCh) == cap(c.jobsCh) }

// receiveMessage runs on the subscription's goroutine and blocks while all workers are busy and the queue is full.
func (c *Consumer) receiveMessage(ctx context.Context, msg mq.Message) error {
	select {
	case c.jobsCh <- msg:
		return nil
	case <-c.ctx.Done():
		return c.ctx.Err()
	}
}

func (c *Consumer) worker() {
	defer c.wg.Done()
	for {
		select {
		case <-c.ctx.Done():
			return
		case msg := <-c.jobsCh:
			if err := c.handleMessage(c.ctx, msg); err != nil {
				c.logger.Warn("message not handled", clog.String("group", c.config.QueueGroup), clog.Error(err))
			}
			c.handled.Add(1)
		}
	}
}

// handleMessage calls the handler, up to MaxRetry times with pauses between.
func (c *Consumer) handleMessage(ctx context.Context, msg mq.Message) error {
	var event mqv1.PushEvent
	if err := proto.Unmarshal(msg.Data(), &event); err != nil {
		c.logger.Error("message cannot be decoded", clog.Error(err))
		return msg.Ack()
	}
	var err error
	for attempt := range c.config.MaxRetry {
		if attempt > 0 {
			time.Sleep(c.config.RetryInterval)
		}
		if err = c.handler(ctx, &event); err == nil {
			break
		}
	}
	if err != nil {
		msg.Nak()
		return err
	}
	return msg.Ack()
}
