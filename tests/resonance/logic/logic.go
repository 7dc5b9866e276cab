// Package logic is the service that owns users, sessions and messages.
package logic

import (
	"context"
	"fmt"
	"sync"

	"github.com/ceyewan/genesis/auth"
	"github.com/ceyewan/genesis/idgen"
	"github.com/ceyewan/resonance/internal/base"
	"github.com/ceyewan/resonance/internal/control"
	"github.com/ceyewan/resonance/internal/model"
	"github.com/ceyewan/resonance/internal/repo"
	"github.com/ceyewan/resonance/internal/store"
	"github.com/ceyewan/resonance/logic/job"
	"github.com/ceyewan/resonance/logic/server"
	"github.com/ceyewan/resonance/logic/service"
)

const tokenSecret = "a stand-in's secret, known to everybody"

// Run serves until ctx ends.
func Run(ctx context.Context, options base.Options) error {
	s, err := base.New(ctx, options, true)
	if err != nil {
		return err
	}
	defer s.Close()

	database, err := store.Open(ctx, options.DB)
	if err != nil {
		return err
	}
	defer database.Close()
	sessions := repo.NewSessionRepo(database)
	if err := prepare(ctx, database, sessions); err != nil {
		return err
	}

	client, err := s.NewMQ()
	if err != nil {
		return err
	}
	routes, err := s.NewRouterRepo()
	if err != nil {
		return err
	}
	authenticator, err := auth.New(&auth.Config{SecretKey: tokenSecret})
	if err != nil {
		return err
	}
	ids, err := idgen.NewGenerator(&idgen.GeneratorConfig{WorkerID: 1})
	if err != nil {
		return err
	}
	sequencer, err := idgen.NewSequencer(&idgen.SequencerConfig{KeyPrefix: "resonance:seq"}, idgen.WithRedisConnector(s.Redis))
	if err != nil {
		return err
	}
	users, messages := repo.NewUserRepo(database), repo.NewMessageRepo(database)

	grpcServer := server.NewGRPCServer(s.Logger,
		service.NewAuthService(users, sessions, authenticator, s.Logger),
		service.NewSessionService(sessions, messages, users, ids, sequencer, client, s.Logger),
		service.NewChatService(sessions, messages, ids, sequencer, client, s.Logger),
		service.NewPresenceService(routes, s.Redis.GetClient(), s.Logger))
	listener, err := s.Listen("grpc", options.GRPC)
	if err != nil {
		return err
	}

	var wg sync.WaitGroup
	defer wg.Wait()
	relay := job.NewOutboxRelay(messages, client, options.RelayInterval, s.Logger)
	wg.Go(func() { relay.Start(ctx) })
	served := make(chan error, 1)
	go func() { served <- grpcServer.Start(listener) }()

	addr := listener.Addr().String()
	if err := s.Reg.Register(ctx, base.LogicService, addr, addr); err != nil {
		return err
	}
	err = s.Ready(func(state *control.State) {
		state.Queries = database.Counts()
		if err := s.NATS.GetClient().Flush(); err != nil {
			state.Failures = append(state.Failures, err.Error())
		}
	})
	if err != nil {
		return err
	}
	select {
	case err := <-served:
		return fmt.Errorf("serve gRPC: %w", err)
	case <-ctx.Done():
		grpcServer.Stop()
		return nil
	}
}

// prepare makes the tables and the room everybody joins.
func prepare(ctx context.Context, database *store.Store, sessions repo.SessionRepo) error {
	if err := database.DB(ctx).AutoMigrate(model.Tables()...); err != nil {
		return fmt.Errorf("make tables: %w", err)
	}
	room := &model.Session{SessionID: model.DefaultSession, Type: model.SessionGroup, Name: "everybody"}
	if err := sessions.CreateSession(ctx, room); err != nil {
		return fmt.Errorf("make the default room: %w", err)
	}
	return nil
}
