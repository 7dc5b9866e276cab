// Package connection keeps the gateway's WebSocket connections.
package connection

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/ceyewan/genesis/clog"
	gatewayv1 "github.com/ceyewan/resonance/api/gen/go/gateway/v1"
	"github.com/ceyewan/resonance/gateway/protocol"
	"github.com/ceyewan/resonance/internal/hook"
	"github.com/gorilla/websocket"
)

const (
	sendQueue    = 256
	maxFrame     = 1 << 20
	pongTimeout  = 60 * time.Second
	pingInterval = 54 * time.Second
	writeTimeout = 10 * time.Second
)

var (
	errClosed    = errors.New("connection is closed")
	errQueueFull = errors.New("send queue is full")
)

// Conn is one client's connection.
type Conn struct {
	username   string
	traceID    string
	conn       *websocket.Conn
	send       chan []byte
	logger     clog.Logger
	handler    protocol.Handler
	ctx        context.Context
	cancel     context.CancelFunc
	closeOnce  sync.Once
	remoteAddr string
}

// NewConn returns a connection that Run sets going.
func NewConn(username, traceID string, conn *websocket.Conn, handler protocol.Handler, logger clog.Logger) *Conn {
	ctx, cancel := context.WithCancel(context.Background())
	return &Conn{
		username:   username,
		traceID:    traceID,
		conn:       conn,
		send:       make(chan []byte, sendQueue),
		logger:     logger,
		handler:    handler,
		ctx:        ctx,
		cancel:     cancel,
		remoteAddr: conn.RemoteAddr().String(),
	}
}

// Username is whose connection it is.
func (c *Conn) Username() string { return c.username }

// RemoteAddr is the client's address.
func (c *Conn) RemoteAddr() string { return c.remoteAddr }

// Send queues a packet. It fails when the connection is closed or the client too slow.
func (c *Conn) Send(packet *gatewayv1.WsPacket) error {
	data, err := protocol.EncodePacket(packet)
	if err != nil {
		return err
	}
	if c.ctx.Err() != nil {
		return errClosed
	}
	select {
	case c.send <- data:
		return nil
	default:
		return errQueueFull
	}
}

// Run starts reading and writing.
func (c *Conn) Run() {
	gone := hook.Live()
	go func() {
		defer gone()
		c.readPump()
	}()
	go c.writePump()
}

// Close ends the connection; both pumps call it, and the manager does when the user connects anew.
func (c *Conn) Close() error {
	var err error
	c.closeOnce.Do(func() {
		c.cancel()
		err = c.conn.Close()
	})
	return err
}

// readPump reads until the connection ends.
func (c *Conn) readPump() {
	defer c.Close()

	c.conn.SetReadLimit(maxFrame)
	c.conn.SetReadDeadline(time.Now().Add(pongTimeout))
	c.conn.SetPongHandler(func(string) error {
		return c.conn.SetReadDeadline(time.Now().Add(pongTimeout))
	})
	for {
		_, data, err := c.conn.ReadMessage()
		if err != nil {
			c.logger.Debug("connection ended", clog.String("username", c.username), clog.Error(err))
			return
		}
		packet, err := protocol.DecodePacket(data)
		if err != nil {
			c.logger.Warn("frame cannot be decoded", clog.String("username", c.username), clog.Error(err))
			continue
		}
		c.handle(packet)
	}
}

func (c *Conn) handle(packet *gatewayv1.WsPacket) {
	defer hook.Busy()()
	if err := c.handler.HandlePacket(c.ctx, c, packet); err != nil {
		c.logger.Warn("packet not handled", clog.String("username", c.username),
			clog.String("trace_id", c.traceID), clog.Error(err))
	}
}

// writePump writes what is queued, and pings.
func (c *Conn) writePump() {
	ticker := time.NewTicker(pingInterval)
	defer func() {
		ticker.Stop()
		c.Close()
	}()
	for {
		select {
		case <-c.ctx.Done():
			return
		case data := <-c.send:
			c.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
			if err := c.conn.WriteMessage(websocket.BinaryMessage, data); err != nil {
				return
			}
		case <-ticker.C:
			c.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
			if err := c.conn.WriteMessage(websocket.PingMessage, nil); err != nil {
				return
			}
		}
	}
}
