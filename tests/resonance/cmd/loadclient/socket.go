package main

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"google.golang.org/protobuf/proto"

	gatewayv1 "github.com/ceyewan/resonance/api/gen/go/gateway/v1"
	"github.com/ceyewan/resonance/internal/stage"
	"github.com/ceyewan/resonance/internal/truth"
)

const (
	answerTimeout = 60 * time.Second
	// A packet is handled a moment longer than until its answer is queued.
	afterAnswer = 100 * time.Millisecond
)

// socket is one user's WebSocket.
type socket struct {
	load    *load
	user    *user
	gateway stage.Service
	conn    *websocket.Conn
	writing sync.Mutex
	seq     atomic.Int64
	mu      sync.Mutex
	waiting map[string]chan *gatewayv1.WsPacket
	pushed  []int64 // messages to acknowledge
	gone    chan struct{}
}

// connect opens a WebSocket; an older one of the same user is closed by its gateway.
func (l *load) connect(ctx context.Context, u *user, gateway stage.Service) error {
	start := time.Now()
	header := http.Header{"Authorization": {"Bearer " + u.token}}
	conn, _, err := websocket.DefaultDialer.DialContext(ctx, "ws://"+gateway.HTTP+"/ws", header)
	if err != nil {
		return fmt.Errorf("connect %s: %w", u.name, err)
	}
	l.validated(true, time.Since(start))
	s := &socket{load: l, user: u, gateway: gateway, conn: conn,
		waiting: make(map[string]chan *gatewayv1.WsPacket), gone: make(chan struct{})}
	l.mu.Lock()
	old := l.sockets[u.name]
	l.sockets[u.name] = s
	l.routes[u.name] = route{gateway: gateway.GatewayID, online: true}
	l.mu.Unlock()
	go s.read()
	if old == nil {
		return nil
	}
	if old.gateway.GatewayID != gateway.GatewayID {
		old.conn.Close() // the other gateway knows nothing of the new connection
	}
	select {
	case <-old.gone:
		return nil
	case <-time.After(answerTimeout):
		return fmt.Errorf("the older connection of %s stays open", u.name)
	}
}

func (l *load) connected(u *user) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sockets[u.name] != nil
}

// disconnect closes the user's WebSocket; logic is not told.
func (l *load) disconnect(u *user) {
	l.mu.Lock()
	s := l.sockets[u.name]
	delete(l.sockets, u.name)
	l.routes[u.name] = route{gateway: s.gateway.GatewayID}
	l.mu.Unlock()
	s.conn.Close()
	<-s.gone
}

func (s *socket) read() {
	defer close(s.gone)
	for {
		_, data, err := s.conn.ReadMessage()
		if err != nil {
			return
		}
		packet := &gatewayv1.WsPacket{}
		if err := proto.Unmarshal(data, packet); err != nil {
			panic(fmt.Sprintf("packet for %s: %v", s.user.name, err))
		}
		if push := packet.GetPush(); push != nil {
			s.mu.Lock()
			s.pushed = append(s.pushed, push.GetMsgId())
			s.mu.Unlock()
			s.load.mu.Lock()
			s.load.received++
			s.load.mu.Unlock()
			continue
		}
		s.mu.Lock()
		answer := s.waiting[packet.GetSeq()]
		delete(s.waiting, packet.GetSeq())
		s.mu.Unlock()
		answer <- packet
	}
}

func (s *socket) write(packet *gatewayv1.WsPacket) error {
	data, err := proto.Marshal(packet)
	if err != nil {
		return err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.conn.WriteMessage(websocket.BinaryMessage, data)
}

// ask sends a packet and waits for its answer.
func (s *socket) ask(packet *gatewayv1.WsPacket) (*gatewayv1.WsPacket, time.Duration, error) {
	packet.Seq = strconv.FormatInt(s.seq.Add(1), 10)
	answer := make(chan *gatewayv1.WsPacket, 1)
	s.mu.Lock()
	s.waiting[packet.Seq] = answer
	s.mu.Unlock()
	start := time.Now()
	if err := s.write(packet); err != nil {
		return nil, 0, err
	}
	select {
	case got := <-answer:
		return got, time.Since(start), nil
	case <-s.gone:
		return nil, 0, fmt.Errorf("the connection of %s ended", s.user.name)
	case <-time.After(answerTimeout):
		return nil, 0, fmt.Errorf("no answer for %s", s.user.name)
	}
}

func (s *socket) packet(kind string, ok bool, span truth.Span) {
	s.load.table.Add("message_recv_total", 1, "type", kind)
	s.load.model.request("gateway", "HandlePacket", status(ok), span)
}

// pulse sends a heartbeat and waits for the answer.
func (s *socket) pulse() error {
	_, took, err := s.ask(&gatewayv1.WsPacket{Payload: &gatewayv1.WsPacket_Pulse{Pulse: &gatewayv1.Pulse{}}})
	if err != nil {
		return err
	}
	s.packet("pulse", true, truth.Span{Max: took + afterAnswer})
	return nil
}

// acknowledge tells the gateway what arrived. Acks have no answer: a pulse behind them shows that they were handled.
func (s *socket) acknowledge() error {
	s.mu.Lock()
	pushed := s.pushed
	s.pushed = nil
	s.mu.Unlock()
	if len(pushed) == 0 {
		return nil
	}
	start := time.Now()
	for _, id := range pushed {
		err := s.write(&gatewayv1.WsPacket{Payload: &gatewayv1.WsPacket_Ack{Ack: &gatewayv1.Ack{MsgId: id}}})
		if err != nil {
			return err
		}
	}
	if err := s.pulse(); err != nil {
		return err
	}
	for range pushed {
		s.packet("ack", true, truth.Span{Max: time.Since(start)})
	}
	return nil
}

// garbage sends a frame that is no packet; the gateway passes it over.
func (s *socket) garbage() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.conn.WriteMessage(websocket.BinaryMessage, []byte{0xff, 0xff, 0xff})
}

// chat sends a message and waits for the answer, which says how it went.
func (s *socket) chat(session session, content string) error {
	s.load.sending()
	answer, took, err := s.ask(&gatewayv1.WsPacket{Payload: &gatewayv1.WsPacket_Chat{Chat: &gatewayv1.ChatRequest{
		SessionId: session.id,
		Content:   content,
		Type:      "text",
	}}})
	if err != nil {
		return err
	}
	ok := answer.GetAck().GetError() == ""
	s.load.sent(session, content, ok)
	span := slowSpan(content, took)
	s.packet("chat", ok, truth.Span{Min: span.Min, Max: span.Max + afterAnswer})
	s.load.called("SendMessage", ok, span)
	return nil
}
