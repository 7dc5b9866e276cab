package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	callsPerSecond = 60
	callsAtOnce    = 64
	floodAtOnce    = 32
	oddSession     = 3 // neither single nor group
)

// steadyTraffic is calls that goes on until ctx ends. Its faults are switched on and off from outside, by HTTP; no
// truth is kept of it.
type steadyTraffic struct {
	*scenario
	odd session

	// Calls hold it for reading, who opens and closes connections for writing.
	connecting sync.RWMutex
	open       int // connections, of the first users

	mu     sync.Mutex
	faults map[string]int // fault -> so many in a hundred calls
	calls  int
}

// steady prepares people, connections and sessions, then prints where it takes commands:
//
//	POST /fault?kind=KIND&percent=N   of all calls, N in a hundred are of this kind (see one); 0 ends it
//	POST /connections?open=N          opens or closes WebSockets until N are open
//	POST /flood?messages=N            gives N messages to logic, as fast as it takes them
//
// The answer comes when it is done.
func (s *scenario) steady(ctx context.Context) error {
	for _, prepare := range []func(context.Context) error{s.people, s.connections, s.rooms} {
		if err := prepare(ctx); err != nil {
			return err
		}
	}
	t := &steadyTraffic{scenario: s, open: len(s.users), faults: make(map[string]int)}
	creator := s.users[0]
	id, err := s.api(0).createSession(ctx, creator, s.users[1:2], "odd", oddSession)
	if err != nil {
		return err
	}
	t.odd = session{id: id, kind: "unknown", members: s.users[:2]}

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /fault", t.setFault)
	mux.HandleFunc("POST /connections", t.setConnections)
	mux.HandleFunc("POST /flood", t.flood)
	go http.Serve(listener, mux)
	fmt.Printf("steady addr=%s\n", listener.Addr())
	return t.run(ctx)
}

func (t *steadyTraffic) run(ctx context.Context) error {
	tick := time.NewTicker(time.Second / callsPerSecond)
	defer tick.Stop()
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(callsAtOnce)
	for i := 0; ; i++ {
		select {
		case <-groupCtx.Done():
			if err := group.Wait(); ctx.Err() == nil {
				return err
			}
			return nil
		case <-tick.C:
		}
		// When too many wait for their answers, this one is left out.
		group.TryGo(func() error { return t.one(groupCtx, i) })
		if i%callsPerSecond == 0 {
			t.queue.take()
		}
	}
}

// one makes the i-th call.
func (t *steadyTraffic) one(ctx context.Context, i int) error {
	t.connecting.RLock()
	defer t.connecting.RUnlock()
	// Five users share two sessions. A message to somebody who left would be a failed push.
	room := t.sessions[i%min(t.open/5*2, len(t.sessions))]
	u := room.members[i/10%len(room.members)]
	own := t.scenario.sockets[u.name]
	switch t.fault() {
	case "error":
		return t.api(i).searchUser(ctx, u.token, "")
	case "slow":
		return t.api(i).searchUser(ctx, u.token, "slow:2000:"+u.name)
	case "panic":
		return t.sendMessage(ctx, u, room, "panic: in logic")
	case "overflow":
		return t.sendMessage(ctx, t.odd.members[0], t.odd, "neither single nor group")
	}
	switch i % 10 {
	case 0:
		return t.api(i).getSessionList(ctx, u.token)
	case 1:
		return t.api(i).getRecentMessages(ctx, u.token, room.id)
	case 2:
		return t.api(i).getContactList(ctx, u.token)
	case 3:
		return t.api(i).searchUser(ctx, u.token, u.name)
	case 4:
		return t.api(i).updateReadPosition(ctx, u, room.id, int64(i))
	case 5:
		return t.validate(ctx, u.token)
	case 6:
		return t.sendMessage(ctx, u, room, "straight to logic")
	case 7:
		return own.acknowledge()
	default:
		return own.chat(room, fmt.Sprintf("message %d", i))
	}
}

// fault is what kind of fault the next call has, "" mostly. A fault of N percent is evenly spread.
func (t *steadyTraffic) fault() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.calls++
	place := t.calls * 37 % 100
	for _, kind := range []string{"error", "slow", "panic", "overflow"} {
		if place < t.faults[kind] {
			return kind
		}
		place -= t.faults[kind]
	}
	return ""
}

func number(r *http.Request, name string) (int, error) {
	n, err := strconv.Atoi(r.URL.Query().Get(name))
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s=%q: want a number", name, r.URL.Query().Get(name))
	}
	return n, nil
}

func (t *steadyTraffic) setFault(w http.ResponseWriter, r *http.Request) {
	percent, err := number(r, "percent")
	kind := r.URL.Query().Get("kind")
	if !strings.Contains(" error slow panic overflow ", " "+kind+" ") {
		err = errors.Join(err, fmt.Errorf("kind=%q: want error, slow, panic or overflow", kind))
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults[kind] = percent
}

func (t *steadyTraffic) setConnections(w http.ResponseWriter, r *http.Request) {
	open, err := number(r, "open")
	if err == nil && (open < 5 || open > len(t.users)) {
		err = fmt.Errorf("open=%d: want 5 to %d", open, len(t.users))
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	t.connecting.Lock()
	defer t.connecting.Unlock()
	gateways := t.stage.Of("gateway")
	for ; t.open > open; t.open-- {
		t.disconnect(t.users[t.open-1])
	}
	for ; t.open < open; t.open++ {
		if err := t.connect(r.Context(), t.users[t.open], gateways[t.open%len(gateways)]); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
}

func (t *steadyTraffic) flood(w http.ResponseWriter, r *http.Request) {
	messages, err := number(r, "messages")
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	group, ctx := errgroup.WithContext(r.Context())
	group.SetLimit(floodAtOnce)
	room := t.sessions[0]
	for i := range messages {
		group.Go(func() error { return t.sendMessage(ctx, room.members[0], room, fmt.Sprintf("flood %d", i)) })
	}
	if err := group.Wait(); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}
