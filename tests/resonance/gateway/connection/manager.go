package connection

import (
	"sync"

	"github.com/ceyewan/genesis/clog"
	gatewayv1 "github.com/ceyewan/resonance/api/gen/go/gateway/v1"
	"github.com/gorilla/websocket"
)

// Manager knows each user's connection. Nobody calls RemoveConnection, so a user stays known after leaving.
type Manager struct {
	connections  sync.Map
	logger       clog.Logger
	upgrader     *websocket.Upgrader
	onConnect    func(username, remoteAddr string) error
	onDisconnect func(username string) error
}

// NewManager returns an empty manager.
func NewManager(logger clog.Logger, upgrader *websocket.Upgrader,
	onConnect func(username, remoteAddr string) error, onDisconnect func(username string) error) *Manager {
	return &Manager{logger: logger, upgrader: upgrader, onConnect: onConnect, onDisconnect: onDisconnect}
}

// Upgrader turns HTTP requests into WebSockets.
func (m *Manager) Upgrader() *websocket.Upgrader { return m.upgrader }

// AddConnection makes conn the user's connection; an older one is closed.
func (m *Manager) AddConnection(username string, conn *Conn) error {
	if old, ok := m.connections.Swap(username, conn); ok {
		m.logger.Info("older connection closed", clog.String("username", username))
		old.(*Conn).Close()
	}
	if m.onConnect != nil {
		if err := m.onConnect(username, conn.RemoteAddr()); err != nil {
			m.connections.CompareAndDelete(username, conn)
			return err
		}
	}
	return nil
}

// RemoveConnection forgets the user's connection.
func (m *Manager) RemoveConnection(username string) {
	if _, ok := m.connections.LoadAndDelete(username); !ok {
		return
	}
	if m.onDisconnect != nil {
		if err := m.onDisconnect(username); err != nil {
			m.logger.Error("disconnect not told", clog.String("username", username), clog.Error(err))
		}
	}
}

// GetConnection returns the user's connection, open or not.
func (m *Manager) GetConnection(username string) (*Conn, bool) {
	conn, ok := m.connections.Load(username)
	if !ok {
		return nil, false
	}
	return conn.(*Conn), true
}

// Broadcast sends a packet to everybody.
func (m *Manager) Broadcast(packet *gatewayv1.WsPacket) {
	m.connections.Range(func(_, conn any) bool {
		conn.(*Conn).Send(packet)
		return true
	})
}

// Close closes every connection.
func (m *Manager) Close() {
	m.connections.Range(func(_, conn any) bool {
		conn.(*Conn).Close()
		return true
	})
}
