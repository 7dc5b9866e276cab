// Package server is logic's gRPC server.
package server

import (
	"context"
	"net"
	"runtime/debug"
	"time"

	"github.com/ceyewan/genesis/clog"
	logicv1 "github.com/ceyewan/resonance/api/gen/go/logic/v1"
	"github.com/ceyewan/resonance/logic/service"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// GRPCServer serves logic's services.
type GRPCServer struct {
	server *grpc.Server
	logger clog.Logger
}

// NewGRPCServer returns a server with all services registered.
func NewGRPCServer(logger clog.Logger, auth *service.AuthService, session *service.SessionService,
	chat *service.ChatService, presence *service.PresenceService) *GRPCServer {
	s := &GRPCServer{logger: logger}
	s.server = grpc.NewServer(grpc.ChainUnaryInterceptor(s.recoveryUnaryInterceptor, s.loggerUnaryInterceptor))
	logicv1.RegisterAuthServiceServer(s.server, auth)
	logicv1.RegisterSessionServiceServer(s.server, session)
	logicv1.RegisterChatServiceServer(s.server, chat)
	logicv1.RegisterPresenceServiceServer(s.server, presence)
	return s
}

// Start serves on listener until Stop.
func (s *GRPCServer) Start(listener net.Listener) error { return s.server.Serve(listener) }

// Stop waits for the calls in flight.
func (s *GRPCServer) Stop() { s.server.GracefulStop() }

// recoveryUnaryInterceptor turns a panic of a handler into an Internal error.
func (s *GRPCServer) recoveryUnaryInterceptor(ctx context.Context, req interface{}, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (resp interface{}, err error) {
	defer func() {
		if r := recover(); r != nil {
			s.logger.Error("handler panicked", clog.String("method", info.FullMethod), clog.Any("panic", r),
				clog.String("stack", string(debug.Stack())))
			resp, err = nil, status.Errorf(codes.Internal, "internal error")
		}
	}()
	return handler(ctx, req)
}

// loggerUnaryInterceptor logs each call.
func (s *GRPCServer) loggerUnaryInterceptor(ctx context.Context, req interface{}, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (interface{}, error) {
	start := time.Now()
	resp, err := handler(ctx, req)
	if err != nil {
		s.logger.Warn("call failed", clog.String("method", info.FullMethod),
			clog.Duration("duration", time.Since(start)), clog.Error(err))
		return resp, err
	}
	s.logger.Debug("call", clog.String("method", info.FullMethod), clog.Duration("duration", time.Since(start)))
	return resp, nil
}
