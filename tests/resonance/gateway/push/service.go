// Package push takes messages from the task service and gives them to the users' connections.
package push

import (
	"context"

	"github.com/ceyewan/genesis/clog"
	gatewayv1 "github.com/ceyewan/resonance/api/gen/go/gateway/v1"
	"github.com/ceyewan/resonance/gateway/connection"
	"github.com/ceyewan/resonance/internal/hook"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// Service is the gateway's gRPC service.
type Service struct {
	gatewayv1.UnimplementedPushServiceServer
	manager *connection.Manager
	logger  clog.Logger
}

// NewService returns the service.
func NewService(manager *connection.Manager, logger clog.Logger) *Service {
	return &Service{manager: manager, logger: logger}
}

// Push queues a message on the connection of each user. It never fails; the response names those not reached.
func (s *Service) Push(ctx context.Context, req *gatewayv1.PushRequest) (*gatewayv1.PushResponse, error) {
	hook.Sleep(req.GetMessage().GetContent(), hook.SlowPush)
	packet := &gatewayv1.WsPacket{Payload: &gatewayv1.WsPacket_Push{Push: req.GetMessage()}}
	resp := &gatewayv1.PushResponse{MsgId: req.GetMessage().GetMsgId()}
	for _, username := range req.GetToUsernames() {
		conn, ok := s.manager.GetConnection(username)
		if !ok {
			resp.FailedUsernames = append(resp.FailedUsernames, username)
			continue
		}
		if err := conn.Send(packet); err != nil {
			s.logger.Debug("user not reached", clog.String("username", username), clog.Error(err))
			resp.FailedUsernames = append(resp.FailedUsernames, username)
		}
	}
	return resp, nil
}

// TraceUnaryServerInterceptor passes a trace id on to the handler.
func TraceUnaryServerInterceptor(logger clog.Logger) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		if ids := metadata.ValueFromIncomingContext(ctx, "trace-id"); len(ids) > 0 {
			logger.Debug("call", clog.String("method", info.FullMethod), clog.String("trace_id", ids[0]))
		}
		return handler(ctx, req)
	}
}
