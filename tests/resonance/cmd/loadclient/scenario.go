package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	logicv1 "github.com/ceyewan/resonance/api/gen/go/logic/v1"
)

const (
	maxContent  = 32 << 10 // NATS takes no larger message
	batchSize   = 20       // messages between two rests, so that each is known to be handled soon
	parallel    = 8
	minimumHold = 3 * time.Second // stopped workers are slower than the largest bound
)

// size says how much a scenario does.
type size struct {
	users       int // accounts with a WebSocket
	apiCalls    int // requests to the HTTP API
	chatBatches int // batches of messages
	pulses      int // per WebSocket
	heldChats   int // messages sent while the workers are stopped
	panics      int // handlers made to panic, of each kind
	reconnects  int
}

var sizes = map[string]size{
	"small": {users: 60, apiCalls: 900, chatBatches: 20, pulses: 4, heldChats: 130, panics: 3, reconnects: 12},
	"large": {users: 210, apiCalls: 6000, chatBatches: 100, pulses: 10, heldChats: 400, panics: 10, reconnects: 60},
}

// scenario is the load: what it does, in which order, with which people.
type scenario struct {
	*load
	size
	random   *rand.Rand
	attached func(context.Context) error // waits for one who attaches under load; nil: nobody does
	apis     []*api
	users    []*user
	reader   *user // whose read marks take long in the database
	sessions []session
	room     session
}

// checkpoint is called when everything is at rest.
type checkpoint func(ctx context.Context, name string) error

func (s *scenario) run(ctx context.Context, reached checkpoint) error {
	steps := []struct {
		name string
		do   func(context.Context) error
	}{
		{"people", s.people},
		{"connections", s.connections},
		{"rooms", s.rooms},
		{"busy", func(ctx context.Context) error { return s.busy(ctx, reached) }},
		{"api", s.apiMix},
		{"panics", s.provokePanics},
		{"chat", s.chats},
		{"faults", s.faults},
		{"reconnects", s.reconnect},
		{"hold", func(ctx context.Context) error { return s.hold(ctx, reached) }},
		{"drain", func(ctx context.Context) error { return s.drain(ctx, reached) }},
	}
	for _, step := range steps {
		start := time.Now()
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		fmt.Printf("step name=%s took=%s\n", step.name, time.Since(start).Round(time.Millisecond))
	}
	return nil
}

// repeat does the ordinary part again and again until ctx ends; nothing is compared any more.
func (s *scenario) repeat(ctx context.Context) error {
	for {
		for _, do := range []func(context.Context) error{s.connections, s.apiMix, s.chats, s.reconnect} {
			if err := do(ctx); err != nil {
				if ctx.Err() != nil {
					return nil
				}
				return fmt.Errorf("repeat: %w", err)
			}
		}
		for _, u := range s.users {
			if s.connected(u) {
				s.disconnect(u)
			}
		}
	}
}

// each calls do for 0..n-1 in the seed's order, some at a time.
func (s *scenario) each(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for _, i := range s.random.Perm(n) {
		group.Go(func() error { return do(ctx, i) })
	}
	return group.Wait()
}

func (s *scenario) api(i int) *api { return s.apis[i%len(s.apis)] }

// people registers the users, some of them twice, and logs them in, some with a wrong password.
func (s *scenario) people(ctx context.Context) error {
	for i := range s.size.users {
		s.users = append(s.users, &user{name: fmt.Sprintf("user%03d", i), password: "secret"})
	}
	s.reader = &user{name: "reader-slowdb:170:", password: "secret"}
	return s.each(ctx, len(s.users)+1, func(ctx context.Context, i int) error {
		u := s.reader
		if i < len(s.users) {
			u = s.users[i]
		}
		if ok, err := s.api(i).register(ctx, u); err != nil || !ok {
			return fmt.Errorf("register %s: ok %v: %w", u.name, ok, err)
		}
		if i%10 == 0 {
			again := *u
			if _, err := s.api(i).register(ctx, &again); err != nil {
				return err
			}
			if _, err := s.api(i).login(ctx, u.name, "wrong"); err != nil {
				return err
			}
		}
		resp, err := s.api(i).login(ctx, u.name, u.password)
		if err != nil || resp == nil {
			return fmt.Errorf("login %s: %w", u.name, err)
		}
		u.token = resp.GetAccessToken()
		return nil
	})
}

// connections opens a WebSocket for every user, spread over the gateways.
func (s *scenario) connections(ctx context.Context) error {
	gateways := s.stage.Of("gateway")
	err := s.each(ctx, len(s.users), func(ctx context.Context, i int) error {
		return s.connect(ctx, s.users[i], gateways[i%len(gateways)])
	})
	if err != nil {
		return err
	}
	return s.settle(ctx, false)
}

// rooms creates single and group sessions; each tells its members by a message.
func (s *scenario) rooms(ctx context.Context) error {
	s.room = session{id: "0", kind: "group", members: s.users}
	for i := 0; i+5 < len(s.users); i += 5 {
		creator, other := s.users[i], s.users[i+1]
		id, err := s.api(i).createSession(ctx, creator, []*user{other}, "two", 1)
		if err != nil {
			return err
		}
		s.sessions = append(s.sessions, session{id: id, kind: "single", members: []*user{creator, other}})

		members := s.users[i : i+5]
		id, err = s.api(i).createSession(ctx, creator, members[1:], "five", 2)
		if err != nil {
			return err
		}
		s.sessions = append(s.sessions, session{id: id, kind: "group", members: members})
		if _, err := s.api(i).createSession(ctx, creator, nil, "nobody", 2); err != nil {
			return err
		}
		if err := s.settle(ctx, false); err != nil {
			return err
		}
	}
	return nil
}

// busy keeps all connections open and the services working until somebody has attached to them. From the rest that
// follows the truth starts anew.
func (s *scenario) busy(ctx context.Context, reached checkpoint) error {
	if s.attached == nil {
		return nil
	}
	fmt.Printf("busy connections=%d\n", len(s.users))
	attached := make(chan error, 1)
	go func() { attached <- s.attached(ctx) }()
	for {
		for _, do := range []func(context.Context) error{s.apiMix, s.chats} {
			if err := do(ctx); err != nil {
				return err
			}
		}
		select {
		case err := <-attached:
			if err != nil {
				return err
			}
			if err := s.restart(ctx); err != nil {
				return err
			}
			return reached(ctx, "attached")
		default:
		}
	}
}

// apiMix makes the HTTP API's calls, good and bad, and asks logic directly for tokens.
func (s *scenario) apiMix(ctx context.Context) error {
	slow := []string{"slow:35:", "slow:170:", "slow:370:", "slow:700:"}
	return s.each(ctx, s.size.apiCalls, func(ctx context.Context, i int) error {
		a, u, room := s.api(i), s.users[i%len(s.users)], s.sessions[i%len(s.sessions)]
		switch i % 15 {
		case 0, 1, 2:
			return a.getSessionList(ctx, u.token)
		case 3:
			return a.getRecentMessages(ctx, room.members[0].token, room.id)
		case 4:
			return a.getRecentMessages(ctx, u.token, "no-such-session")
		case 5, 6:
			return a.getContactList(ctx, u.token)
		case 7:
			return a.searchUser(ctx, u.token, slow[i/15%len(slow)]+u.name)
		case 8:
			return a.searchUser(ctx, u.token, "")
		case 9:
			return a.updateReadPosition(ctx, s.reader, s.room.id, int64(i))
		case 10:
			return a.updateReadPosition(ctx, s.reader, "", 0)
		case 11:
			return a.logout(ctx, u.token)
		case 12:
			return a.getSessionList(ctx, badToken)
		case 13:
			return s.validate(ctx, u.token)
		default:
			return s.validate(ctx, badToken)
		}
	})
}

// provokePanics lets every kind of handler in logic panic.
func (s *scenario) provokePanics(ctx context.Context) error {
	const word = "panic:"
	for i := range s.size.panics {
		u, room := s.users[i], s.sessions[i]
		if err := s.sockets[u.name].chat(s.room, word+" over the socket"); err != nil {
			return err
		}
		if err := s.api(i).searchUser(ctx, u.token, word); err != nil {
			return err
		}
		if _, err := s.api(i).login(ctx, word, word); err != nil {
			return err
		}
		if err := s.sendMessage(ctx, room.members[0], room, word); err != nil {
			return err
		}
		for _, call := range []func() error{
			func() error {
				return direct(ctx, s.load, "Register", &logicv1.RegisterRequest{Username: word}, nil, plain(s.logic.auth.Register))
			},
			func() error {
				return direct(ctx, s.load, "GetSessionList", &logicv1.GetSessionListRequest{Username: word}, nil, plain(s.logic.session.GetSessionList))
			},
			func() error {
				return direct(ctx, s.load, "CreateSession", &logicv1.CreateSessionRequest{Name: word}, nil, plain(s.logic.session.CreateSession))
			},
			func() error {
				return direct(ctx, s.load, "GetRecentMessages", &logicv1.GetRecentMessagesRequest{SessionId: word}, nil, plain(s.logic.session.GetRecentMessages))
			},
			func() error {
				return direct(ctx, s.load, "GetContactList", &logicv1.GetContactListRequest{Username: word}, nil, plain(s.logic.session.GetContactList))
			},
			func() error {
				return direct(ctx, s.load, "UpdateReadPosition", &logicv1.UpdateReadPositionRequest{SessionId: word}, nil, plain(s.logic.session.UpdateReadPosition))
			},
		} {
			if err := call(); err != nil {
				return err
			}
		}
	}
	return nil
}

// chats sends messages in batches, with pulses and acks between them, while the outbox relay runs.
func (s *scenario) chats(ctx context.Context) error {
	if err := s.steer(ctx, "logic", "background?paused=false"); err != nil {
		return err
	}
	for batch := range s.size.chatBatches {
		err := s.each(ctx, batchSize, func(ctx context.Context, i int) error {
			return s.oneChat(ctx, batch*batchSize+i)
		})
		if err != nil {
			return err
		}
		if err := s.settle(ctx, false); err != nil {
			return err
		}
	}
	err := s.each(ctx, len(s.users), func(ctx context.Context, i int) error {
		own := s.sockets[s.users[i].name]
		for range s.size.pulses {
			if err := own.pulse(); err != nil {
				return err
			}
		}
		if err := own.garbage(); err != nil {
			return err
		}
		return own.acknowledge()
	})
	if err != nil {
		return err
	}
	return s.rest(ctx)
}

// rest pauses what logic does by itself, then waits for everything to come to rest.
func (s *scenario) rest(ctx context.Context) error {
	if err := s.steer(ctx, "logic", "background?paused=true"); err != nil {
		return err
	}
	return s.settle(ctx, false)
}

// speaker picks a session and one of its members who is connected.
func (s *scenario) speaker(i int) (session, *socket) {
	for ; ; i++ {
		room := s.sessions[i%len(s.sessions)]
		for j := range room.members {
			member := room.members[(i+j)%len(room.members)]
			if from := s.sockets[member.name]; from != nil {
				return room, from
			}
		}
	}
}

func (s *scenario) oneChat(ctx context.Context, i int) error {
	room, from := s.speaker(i)
	switch {
	case i%97 == 13:
		return from.chat(s.room, "to everybody")
	case i%10 == 3:
		return from.chat(session{id: "group:none", kind: "group"}, "to a session that is not mine")
	case i%20 == 5:
		return from.chat(room, "failseq: no number")
	case i%20 == 15:
		return from.chat(room, "failsave: no room")
	case i%4 == 2:
		return s.sendMessage(ctx, room.members[0], room, "straight to logic")
	default:
		return from.chat(room, fmt.Sprintf("message %d", i))
	}
}

// faults sends messages that fail, are tried again, are slow, or cannot be published.
func (s *scenario) faults(ctx context.Context) error {
	room := s.sessions[1]
	from := s.sockets[room.members[0].name]
	for _, content := range []string{
		"failstore:1: stored at the second try",
		"failstore:99: never stored",
		"failpush:2: pushed at the last try",
		"failpush:99: never pushed",
		"slow:170: for logic",
		"slow:370: for logic",
		"slowpush:170: in the gateway",
		"slowpush:370: in the gateway",
		"slowconsume:170: in both groups",
		"slowstore:700: in one group",
		strings.Repeat("x", maxContent+1),
	} {
		if err := from.chat(room, content); err != nil {
			return err
		}
		if err := s.settle(ctx, false); err != nil {
			return err
		}
	}
	// The relay tries what could not be published a few times more.
	if err := s.steer(ctx, "logic", "background?paused=false"); err != nil {
		return err
	}
	time.Sleep(1500 * time.Millisecond)
	return s.rest(ctx)
}

// reconnect lets users leave, and some come back: to the same gateway, to another, or without having left. Messages
// to those who left fail to reach them.
func (s *scenario) reconnect(ctx context.Context) error {
	gateways := s.stage.Of("gateway")
	left := s.users[len(s.users)-s.size.reconnects:]
	for _, u := range left {
		s.disconnect(u)
	}
	if err := s.settle(ctx, false); err != nil {
		return err
	}
	for i := range 3 {
		from := s.sockets[s.users[i].name]
		if err := from.chat(s.room, "to everybody, also those who left"); err != nil {
			return err
		}
	}
	if err := s.settle(ctx, false); err != nil {
		return err
	}
	back := left[:len(left)*3/4]
	for i, u := range back {
		if err := s.connect(ctx, u, gateways[i%len(gateways)]); err != nil {
			return err
		}
	}
	if err := s.settle(ctx, false); err != nil {
		return err
	}
	for i, u := range s.users[:s.size.reconnects/2] {
		if err := s.connect(ctx, u, gateways[(i+1)%len(gateways)]); err != nil {
			return err
		}
	}
	return s.settle(ctx, false)
}

// hold stops the workers, lets messages pile up and reaches the first checkpoint.
func (s *scenario) hold(ctx context.Context, reached checkpoint) error {
	if err := s.steer(ctx, "task", "stall?on=true"); err != nil {
		return err
	}
	err := s.each(ctx, s.size.heldChats, func(ctx context.Context, i int) error {
		room, from := s.speaker(i)
		return from.chat(room, fmt.Sprintf("held %d", i))
	})
	if err != nil {
		return err
	}
	if err := s.settle(ctx, true); err != nil {
		return err
	}
	if err := reached(ctx, "hold"); err != nil {
		return err
	}
	if wait := minimumHold - time.Since(s.held); wait > 0 {
		time.Sleep(wait)
	}
	s.released = time.Now()
	if err := s.steer(ctx, "task", "stall?on=false"); err != nil {
		return err
	}
	return s.settle(ctx, false)
}

// drain does a little more, closes every connection and reaches the second checkpoint.
func (s *scenario) drain(ctx context.Context, reached checkpoint) error {
	err := s.each(ctx, batchSize, func(ctx context.Context, i int) error { return s.oneChat(ctx, i) })
	if err != nil {
		return err
	}
	if err := s.rest(ctx); err != nil {
		return err
	}
	for _, u := range s.users {
		if s.sockets[u.name] != nil {
			s.disconnect(u)
		}
	}
	if err := s.settle(ctx, false); err != nil {
		return err
	}
	return reached(ctx, "drained")
}

// plain turns a stub's method into a function without options.
func plain[Req, Resp any, Option any](do func(context.Context, Req, ...Option) (Resp, error)) func(context.Context, Req) (Resp, error) {
	return func(ctx context.Context, req Req) (Resp, error) { return do(ctx, req) }
}
