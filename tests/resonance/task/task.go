// Package task is the service that stores and pushes what logic published.
package task

import (
	"context"
	"fmt"

	mqv1 "github.com/ceyewan/resonance/api/gen/go/mq/v1"
	"github.com/ceyewan/resonance/internal/base"
	"github.com/ceyewan/resonance/internal/control"
	"github.com/ceyewan/resonance/internal/repo"
	"github.com/ceyewan/resonance/internal/store"
	"github.com/ceyewan/resonance/task/config"
	"github.com/ceyewan/resonance/task/consumer"
	"github.com/ceyewan/resonance/task/dispatcher"
	"github.com/ceyewan/resonance/task/pusher"
	"google.golang.org/protobuf/proto"
)

// The queue groups: each gets every message.
const (
	storageGroup = "resonance_group_storage"
	pushGroup    = "resonance_group_push"
)

// Run works until ctx ends.
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
	routes, err := s.NewRouterRepo()
	if err != nil {
		return err
	}
	client, err := s.NewMQ()
	if err != nil {
		return err
	}

	gateways := pusher.NewManager(s.Reg, base.GatewayService, options.PushQueue, s.Logger)
	if err := gateways.Start(); err != nil {
		return fmt.Errorf("find gateways: %w", err)
	}
	defer gateways.Close()

	work := dispatcher.NewDispatcher(repo.NewMessageRepo(database), routes, gateways, s.Logger)
	topic := proto.GetExtension((&mqv1.PushEvent{}).ProtoReflect().Descriptor().Options(), mqv1.E_DefaultTopic).(string)
	configure := func(group string) config.ConsumerConfig {
		return config.ConsumerConfig{
			Topic:         topic,
			QueueGroup:    group,
			WorkerCount:   options.WorkerCount,
			MaxRetry:      options.MaxRetry,
			RetryInterval: options.RetryInterval,
		}
	}
	consumers := []*consumer.Consumer{
		consumer.NewConsumer(client, work.DispatchStorage, configure(storageGroup), s.Logger),
		consumer.NewConsumer(client, work.DispatchPush, configure(pushGroup), s.Logger),
	}
	for _, c := range consumers {
		if err := c.Start(); err != nil {
			return fmt.Errorf("start consumer: %w", err)
		}
		defer c.Stop()
	}
	if err := s.NATS.GetClient().Flush(); err != nil {
		return err
	}

	err = s.Ready(func(state *control.State) {
		state.Queries = database.Counts()
		if err := s.NATS.GetClient().Flush(); err != nil {
			state.Failures = append(state.Failures, err.Error())
		}
		state.Lag = int64(s.NATS.GetClient().Stats().InMsgs)
		state.Full = true
		for _, c := range consumers {
			state.Lag -= c.Handled()
			state.Full = state.Full && c.Full()
		}
	})
	if err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}
