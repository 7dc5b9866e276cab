// Package control is the loopback endpoint through which a test steers one service and asks whether it is at rest.
package control

import (
	"encoding/json"
	"net"
	"net/http"

	"github.com/ceyewan/resonance/internal/hook"
)

// State is the answer of GET /state.
type State struct {
	Module    string           `json:"module"`
	GatewayID string           `json:"gateway_id,omitempty"`
	Busy      int64            `json:"busy"`              // asynchronous work running, and work not yet begun
	Held      int64            `json:"held"`              // workers stopped at the gate
	Lag       int64            `json:"lag"`               // messages received and not yet handled
	Full      bool             `json:"full,omitempty"`    // the queues in front of all workers are full
	Live      int64            `json:"live"`              // WebSocket connections being read
	Queries   map[string]int64 `json:"queries,omitempty"` // statements the embedded database got: "table operation"
	Failures  []string         `json:"failures,omitempty"`
}

// Probe fills the parts of State that only the service knows.
type Probe func(*State)

// Serve answers on listener until the process ends.
func Serve(listener net.Listener, module string, probe Probe) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /state", func(w http.ResponseWriter, r *http.Request) {
		state := State{Module: module, Held: hook.Workers.Waiting()}
		probe(&state)
		state.Busy += hook.BusyNow()
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(state)
	})
	mux.HandleFunc("POST /stall", func(w http.ResponseWriter, r *http.Request) {
		hook.Workers.Set(r.URL.Query().Get("on") == "true")
	})
	mux.HandleFunc("POST /background", func(w http.ResponseWriter, r *http.Request) {
		hook.Background.Set(r.URL.Query().Get("paused") == "true")
	})
	go http.Serve(listener, mux)
}
