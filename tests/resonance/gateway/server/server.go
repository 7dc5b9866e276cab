// Package server holds the gateway's two servers.
package server

import (
	"context"
	"errors"
	"net"
	"net/http"

	"github.com/ceyewan/genesis/clog"
	gatewayv1 "github.com/ceyewan/resonance/api/gen/go/gateway/v1"
	"github.com/ceyewan/resonance/api/gen/go/gateway/v1/gatewayv1connect"
	"github.com/ceyewan/resonance/gateway/client"
	"github.com/ceyewan/resonance/gateway/handler"
	"github.com/ceyewan/resonance/gateway/middleware"
	"github.com/ceyewan/resonance/gateway/push"
	"github.com/ceyewan/resonance/gateway/socket"
	"github.com/gin-gonic/gin"
	"google.golang.org/grpc"
)

// HTTPServer serves the API and the WebSockets.
type HTTPServer struct {
	server *http.Server
	logger clog.Logger
}

// NewHTTPServer returns a server with all routes.
func NewHTTPServer(api *handler.Handler, sockets *socket.Handler, logicClient *client.Client, logger clog.Logger) *HTTPServer {
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.Use(gin.Recovery())

	authPath, authHandler := gatewayv1connect.NewAuthServiceHandler(api)
	sessionPath, sessionHandler := gatewayv1connect.NewSessionServiceHandler(api)
	requireAuth := middleware.RequireAuth(logicClient, logger)
	router.POST(authPath+"Login", gin.WrapH(authHandler))
	router.POST(authPath+"Register", gin.WrapH(authHandler))
	router.POST(authPath+"Logout", requireAuth, gin.WrapH(authHandler))
	router.POST(sessionPath+":method", requireAuth, gin.WrapH(sessionHandler))
	router.GET("/ws", requireAuth, func(c *gin.Context) { sockets.HandleWebSocket(c.Writer, c.Request) })

	return &HTTPServer{server: &http.Server{Handler: router}, logger: logger}
}

// Start serves on listener until Stop.
func (s *HTTPServer) Start(listener net.Listener) error {
	if err := s.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Stop waits for the requests in flight.
func (s *HTTPServer) Stop(ctx context.Context) error { return s.server.Shutdown(ctx) }

// GRPCServer serves the push service.
type GRPCServer struct {
	server  *grpc.Server
	service *push.Service
	logger  clog.Logger
}

// NewGRPCServer returns a server for service.
func NewGRPCServer(service *push.Service, logger clog.Logger) *GRPCServer {
	return &GRPCServer{service: service, logger: logger}
}

// Start serves on listener until Stop.
func (s *GRPCServer) Start(listener net.Listener) error {
	s.server = grpc.NewServer(grpc.UnaryInterceptor(push.TraceUnaryServerInterceptor(s.logger)))
	gatewayv1.RegisterPushServiceServer(s.server, s.service)
	return s.server.Serve(listener)
}

// Stop ends the server.
func (s *GRPCServer) Stop() {
	if s.server != nil {
		s.server.Stop()
	}
}
