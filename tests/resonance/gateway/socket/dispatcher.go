// Package socket accepts WebSockets and handles what comes over them.
package socket

import (
	"context"
	"fmt"
	"time"

	"github.com/ceyewan/genesis/clog"
	gatewayv1 "github.com/ceyewan/resonance/api/gen/go/gateway/v1"
	"github.com/ceyewan/resonance/gateway/client"
	"github.com/ceyewan/resonance/gateway/protocol"
)

// Dispatcher does what a packet asks for.
type Dispatcher struct {
	logger      clog.Logger
	logicClient *client.Client
}

// NewDispatcher returns a dispatcher.
func NewDispatcher(logger clog.Logger, logicClient *client.Client) *Dispatcher {
	return &Dispatcher{logger: logger, logicClient: logicClient}
}

// HandlePulse answers a heartbeat.
func (d *Dispatcher) HandlePulse(ctx context.Context, conn protocol.Connection, seq string, pulse *gatewayv1.Pulse) error {
	d.logger.Debug("pulse", clog.String("username", conn.Username()))
	return conn.Send(protocol.CreatePulseResponse(seq))
}

// HandleAck takes note of a delivery.
func (d *Dispatcher) HandleAck(ctx context.Context, conn protocol.Connection, ack *gatewayv1.Ack) error {
	return nil
}

// HandleChat sends a message through logic and tells the client how it went.
func (d *Dispatcher) HandleChat(ctx context.Context, conn protocol.Connection, seq string, chat *gatewayv1.ChatRequest) error {
	chat.FromUsername = conn.Username()
	if chat.GetTimestamp() == 0 {
		chat.Timestamp = time.Now().UnixMilli()
	}
	resp, err := d.logicClient.SendMessage(ctx, chat)
	if err != nil {
		conn.Send(protocol.CreateAckPacket(seq, 0, 0, err.Error()))
		return fmt.Errorf("send message: %w", err)
	}
	if resp.GetError() != "" {
		conn.Send(protocol.CreateAckPacket(seq, 0, 0, resp.GetError()))
		return fmt.Errorf("send message: %s", resp.GetError())
	}
	if err := conn.Send(protocol.CreateAckPacket(seq, resp.GetMsgId(), resp.GetSeqId(), "")); err != nil {
		d.logger.Warn("ack not sent", clog.String("username", conn.Username()), clog.Error(err))
	}
	return nil
}
