package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/ceyewan/resonance/internal/control"
	"github.com/ceyewan/resonance/internal/stage"
)

const (
	settleTimeout = 120 * time.Second
	settlePoll    = 5 * time.Millisecond
)

// states asks services of one module how they are.
func states(ctx context.Context, services []stage.Service) ([]control.State, error) {
	var all []control.State
	for _, service := range services {
		var state control.State
		if err := getJSON(ctx, "http://"+service.Control+"/state", &state); err != nil {
			return nil, err
		}
		if len(state.Failures) > 0 {
			return nil, fmt.Errorf("%s: %v", service.Module, state.Failures)
		}
		all = append(all, state)
	}
	return all, nil
}

func getJSON(ctx context.Context, url string, value any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return json.NewDecoder(resp.Body).Decode(value)
}

// steer sends a command to every service of a module.
func (l *load) steer(ctx context.Context, module, command string) error {
	for _, service := range l.stage.Of(module) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+service.Control+"/"+command, nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		resp.Body.Close()
	}
	return nil
}

// settle waits until nothing moves: the client has nothing in flight, so work only flows gateway, logic, task,
// gateway. With held, task's workers are stopped and its queues full.
func (l *load) settle(ctx context.Context, held bool) error {
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	for quiet := 0; quiet < 2; {
		still, why, err := l.quiet(ctx, held)
		if err != nil {
			return err
		}
		if still {
			quiet++
			continue
		}
		quiet = 0
		select {
		case <-ctx.Done():
			return fmt.Errorf("the system does not come to rest: %s", why)
		case <-time.After(settlePoll):
		}
	}
	return l.absorb(ctx, held)
}

func (l *load) quiet(ctx context.Context, held bool) (bool, string, error) {
	open := l.openByGateway()
	gateways, err := states(ctx, l.stage.Of("gateway"))
	if err != nil {
		return false, "", err
	}
	for _, state := range gateways {
		if state.Busy != 0 || state.Live != open[state.GatewayID] {
			return false, fmt.Sprintf("%s: busy %d, %d connections, want %d", state.GatewayID, state.Busy, state.Live, open[state.GatewayID]), nil
		}
	}
	logics, err := states(ctx, l.stage.Of("logic"))
	if err != nil {
		return false, "", err
	}
	for _, state := range logics {
		if state.Busy != 0 {
			return false, fmt.Sprintf("logic: busy %d", state.Busy), nil
		}
	}
	tasks, err := states(ctx, l.stage.Of("task"))
	if err != nil {
		return false, "", err
	}
	for _, state := range tasks {
		stopped := int64(0)
		if held {
			stopped = int64(2 * l.stage.Workers)
		}
		if state.Busy != 0 || state.Held != stopped || held != state.Full || (!held && state.Lag != 0) {
			return false, fmt.Sprintf("task: busy %d, lag %d, %d workers stopped, full %v", state.Busy, state.Lag, state.Held, state.Full), nil
		}
	}
	return true, "", nil
}
