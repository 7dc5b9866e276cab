// Package pusher sends messages to the gateways.
package pusher

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/ceyewan/genesis/clog"
	gatewayv1 "github.com/ceyewan/resonance/api/gen/go/gateway/v1"
	"github.com/ceyewan/resonance/internal/hook"
	"google.golang.org/grpc"
)

var errQueueFull = errors.New("push queue is full")

// PushTask is one message for users of one gateway.
type PushTask struct {
	ToUsernames []string
	Message     *gatewayv1.PushMessage
	done        func()
}

// GatewayClient pushes to one gateway, in order, from a queue.
type GatewayClient struct {
	conn      *grpc.ClientConn
	client    gatewayv1.PushServiceClient
	id        string
	pushQueue chan *PushTask
	logger    clog.Logger
	ctx       context.Context
	cancel    context.CancelFunc
	wg        sync.WaitGroup
}

// NewGatewayClient returns a client whose queue is being worked off.
func NewGatewayClient(conn *grpc.ClientConn, id string, queueSize int, logger clog.Logger) *GatewayClient {
	ctx, cancel := context.WithCancel(context.Background())
	c := &GatewayClient{
		conn:      conn,
		client:    gatewayv1.NewPushServiceClient(conn),
		id:        id,
		pushQueue: make(chan *PushTask, queueSize),
		logger:    logger,
		ctx:       ctx,
		cancel:    cancel,
	}
	c.wg.Add(1)
	go c.pushLoop()
	return c
}

// Enqueue queues a task or fails at once.
func (c *GatewayClient) Enqueue(task *PushTask) error {
	task.done = hook.Busy()
	select {
	case c.pushQueue <- task:
		return nil
	default:
		task.done()
		return errQueueFull
	}
}

// QueueSize is the number of tasks waiting.
func (c *GatewayClient) QueueSize() int { return len(c.pushQueue) }

// Close ends the loop and the connection.
func (c *GatewayClient) Close() error {
	c.cancel()
	c.wg.Wait()
	return c.conn.Close()
}

func (c *GatewayClient) pushLoop() {
	defer c.wg.Done()
	for {
		select {
		case <-c.ctx.Done():
			return
		case task := <-c.pushQueue:
			c.doPush(task)
			task.done()
		}
	}
}

func (c *GatewayClient) doPush(task *PushTask) {
	ctx, cancel := context.WithTimeout(c.ctx, 10*time.Second)
	defer cancel()

	resp, err := c.client.Push(ctx, &gatewayv1.PushRequest{ToUsernames: task.ToUsernames, Message: task.Message})
	if err != nil {
		c.logger.Error("push failed", clog.String("gateway_id", c.id), clog.Error(err))
		return
	}
	if resp.GetError() != "" {
		c.logger.Error("push refused", clog.String("gateway_id", c.id), clog.String("error", resp.GetError()))
		return
	}
	if failed := len(resp.GetFailedUsernames()); failed > 0 {
		c.logger.Debug("push reached some users only", clog.String("gateway_id", c.id), clog.Int("failed", failed))
	}
}
