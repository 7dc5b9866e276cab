// Package protocol is the format of the WebSocket's frames and what is done with the packets in them.
package protocol

import (
	"context"
	"fmt"

	gatewayv1 "github.com/ceyewan/resonance/api/gen/go/gateway/v1"
	"google.golang.org/protobuf/proto"
)

// Connection is what a packet came from.
type Connection interface {
	Username() string
	RemoteAddr() string
	Send(packet *gatewayv1.WsPacket) error
}

// Handler handles the packets of a connection.
type Handler interface {
	HandlePacket(ctx context.Context, conn Connection, packet *gatewayv1.WsPacket) error
}

// Functions that handle one kind of packet each.
type (
	PulseFunc func(ctx context.Context, conn Connection, seq string, pulse *gatewayv1.Pulse) error
	ChatFunc  func(ctx context.Context, conn Connection, seq string, chat *gatewayv1.ChatRequest) error
	AckFunc   func(ctx context.Context, conn Connection, ack *gatewayv1.Ack) error
)

// DefaultHandler gives each packet to the function for its payload.
type DefaultHandler struct {
	onPulse PulseFunc
	onChat  ChatFunc
	onAck   AckFunc
}

// NewDefaultHandler returns a handler.
func NewDefaultHandler(onPulse PulseFunc, onChat ChatFunc, onAck AckFunc) *DefaultHandler {
	return &DefaultHandler{onPulse: onPulse, onChat: onChat, onAck: onAck}
}

// HandlePacket handles one packet from a client.
func (h *DefaultHandler) HandlePacket(ctx context.Context, conn Connection, packet *gatewayv1.WsPacket) error {
	switch payload := packet.GetPayload().(type) {
	case *gatewayv1.WsPacket_Pulse:
		return h.onPulse(ctx, conn, packet.GetSeq(), payload.Pulse)
	case *gatewayv1.WsPacket_Chat:
		return h.onChat(ctx, conn, packet.GetSeq(), payload.Chat)
	case *gatewayv1.WsPacket_Ack:
		return h.onAck(ctx, conn, payload.Ack)
	default:
		return fmt.Errorf("packet %s from %s: unexpected payload %T", packet.GetSeq(), conn.Username(), payload)
	}
}

// DecodePacket reads a frame.
func DecodePacket(data []byte) (*gatewayv1.WsPacket, error) {
	packet := &gatewayv1.WsPacket{}
	if err := proto.Unmarshal(data, packet); err != nil {
		return nil, fmt.Errorf("decode packet: %w", err)
	}
	return packet, nil
}

// EncodePacket writes a frame.
func EncodePacket(packet *gatewayv1.WsPacket) ([]byte, error) { return proto.Marshal(packet) }

// CreateAckPacket answers a chat packet.
func CreateAckPacket(seq string, msgID, seqID int64, text string) *gatewayv1.WsPacket {
	return &gatewayv1.WsPacket{
		Seq:     seq,
		Payload: &gatewayv1.WsPacket_Ack{Ack: &gatewayv1.Ack{RefSeq: seq, MsgId: msgID, SeqId: seqID, Error: text}},
	}
}

// CreatePulseResponse answers a pulse.
func CreatePulseResponse(seq string) *gatewayv1.WsPacket {
	return &gatewayv1.WsPacket{Seq: seq, Payload: &gatewayv1.WsPacket_Pulse{Pulse: &gatewayv1.Pulse{}}}
}
