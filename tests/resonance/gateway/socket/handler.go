package socket

import (
	"net/http"

	"github.com/ceyewan/genesis/clog"
	"github.com/ceyewan/resonance/gateway/connection"
	"github.com/ceyewan/resonance/gateway/middleware"
	"github.com/ceyewan/resonance/gateway/protocol"
	"github.com/google/uuid"
)

// Handler accepts WebSockets.
type Handler struct {
	logger        clog.Logger
	manager       *connection.Manager
	packetHandler protocol.Handler
}

// NewHandler returns a handler.
func NewHandler(logger clog.Logger, manager *connection.Manager, packetHandler protocol.Handler) *Handler {
	return &Handler{logger: logger, manager: manager, packetHandler: packetHandler}
}

// HandleWebSocket upgrades a request that the auth middleware let through. It returns as soon as the connection runs.
func (h *Handler) HandleWebSocket(w http.ResponseWriter, r *http.Request) {
	username := middleware.Username(r.Context())
	if username == "" {
		http.Error(w, "unauthorized", http.StatusUnauthorized)
		return
	}
	ws, err := h.manager.Upgrader().Upgrade(w, r, nil)
	if err != nil {
		h.logger.Warn("upgrade failed", clog.String("username", username), clog.Error(err))
		return
	}
	conn := connection.NewConn(username, uuid.NewString(), ws, h.packetHandler, h.logger)
	if err := h.manager.AddConnection(username, conn); err != nil {
		h.logger.Error("connection not added", clog.String("username", username), clog.Error(err))
		conn.Close()
		return
	}
	conn.Run()
}
