// Package gateway is the service that clients talk to.
package gateway

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/ceyewan/genesis/idgen"
	"github.com/ceyewan/resonance/gateway/client"
	"github.com/ceyewan/resonance/gateway/connection"
	"github.com/ceyewan/resonance/gateway/handler"
	"github.com/ceyewan/resonance/gateway/protocol"
	"github.com/ceyewan/resonance/gateway/push"
	"github.com/ceyewan/resonance/gateway/server"
	"github.com/ceyewan/resonance/gateway/socket"
	"github.com/ceyewan/resonance/internal/base"
	"github.com/ceyewan/resonance/internal/control"
	"github.com/ceyewan/resonance/internal/hook"
	"github.com/gorilla/websocket"
)

const stopTimeout = 5 * time.Second

// Run serves until ctx ends.
func Run(ctx context.Context, options base.Options) error {
	s, err := base.New(ctx, options, false)
	if err != nil {
		return err
	}
	defer s.Close()

	allocator, err := idgen.NewAllocator(&idgen.AllocatorConfig{KeyPrefix: "resonance:worker:gateway"},
		idgen.WithRedisConnector(s.Redis), idgen.WithLogger(s.Logger))
	if err != nil {
		return err
	}
	workerID, err := allocator.Allocate(ctx)
	if err != nil {
		return err
	}
	defer allocator.Stop()
	allocator.KeepAlive(ctx)
	gatewayID := fmt.Sprintf("%s-%03d", base.GatewayService, workerID)

	logicClient, err := client.NewClient(base.LogicService, gatewayID, s.Logger, s.Reg)
	if err != nil {
		return err
	}
	defer logicClient.Close()
	logicClient.StartStatusBatcher(options.FlushInterval)

	presence := client.NewPresenceCallback(logicClient)
	upgrader := &websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	manager := connection.NewManager(s.Logger, upgrader, presence.OnUserOnline, presence.OnUserOffline)
	defer manager.Close()
	dispatcher := socket.NewDispatcher(s.Logger, logicClient)
	packets := protocol.NewDefaultHandler(dispatcher.HandlePulse, dispatcher.HandleChat, dispatcher.HandleAck)

	httpServer := server.NewHTTPServer(handler.NewHandler(logicClient, s.Logger),
		socket.NewHandler(s.Logger, manager, packets), logicClient, s.Logger)
	grpcServer := server.NewGRPCServer(push.NewService(manager, s.Logger), s.Logger)
	httpListener, err := s.Listen("http", options.HTTP)
	if err != nil {
		return err
	}
	grpcListener, err := s.Listen("grpc", options.GRPC)
	if err != nil {
		return err
	}
	served := make(chan error, 2)
	go func() { served <- httpServer.Start(httpListener) }()
	go func() { served <- grpcServer.Start(grpcListener) }()

	if err := s.Reg.Register(ctx, base.GatewayService, gatewayID, grpcListener.Addr().String()); err != nil {
		return err
	}
	defer s.Reg.Deregister(context.WithoutCancel(ctx), base.GatewayService, gatewayID)
	s.Announce("gateway_id", gatewayID)
	err = s.Ready(func(state *control.State) {
		state.GatewayID = gatewayID
		state.Live = hook.LiveNow()
		state.Busy = int64(logicClient.PendingStatus())
	})
	if err != nil {
		return err
	}
	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
		stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		grpcServer.Stop()
		return httpServer.Stop(stopCtx)
	}
}
