// Package dispatcher does the two things that must happen to a message: store it, push it.
package dispatcher

import (
	"context"
	"fmt"

	"github.com/ceyewan/genesis/clog"
	gatewayv1 "github.com/ceyewan/resonance/api/gen/go/gateway/v1"
	mqv1 "github.com/ceyewan/resonance/api/gen/go/mq/v1"
	"github.com/ceyewan/resonance/internal/hook"
	"github.com/ceyewan/resonance/internal/model"
	"github.com/ceyewan/resonance/internal/repo"
	"github.com/ceyewan/resonance/task/pusher"
)

// Dispatcher handles the events of the queue.
type Dispatcher struct {
	messageRepo repo.MessageRepo
	routerRepo  repo.RouterRepo
	pusher      *pusher.Manager
	logger      clog.Logger
	storeFaults hook.Attempts
	pushFaults  hook.Attempts
}

// NewDispatcher returns a dispatcher.
func NewDispatcher(messages repo.MessageRepo, routes repo.RouterRepo, gateways *pusher.Manager, logger clog.Logger) *Dispatcher {
	return &Dispatcher{messageRepo: messages, routerRepo: routes, pusher: gateways, logger: logger}
}

// DispatchStorage writes the message into the inbox of everybody who shall see it.
func (d *Dispatcher) DispatchStorage(ctx context.Context, event *mqv1.PushEvent) error {
	hook.Workers.Wait()
	hook.Sleep(event.GetContent(), hook.SlowConsume)
	hook.Sleep(event.GetContent(), hook.SlowStore)
	if n, ok := hook.Number(event.GetContent(), hook.FailStore); ok && d.storeFaults.Fail(event.GetMsgId(), n) {
		return fmt.Errorf("store message %d: %w", event.GetMsgId(), hook.ErrInjected)
	}

	rows := make([]*model.Inbox, 0, len(event.GetToUsernames())+1)
	for _, username := range append([]string{event.GetFromUsername()}, event.GetToUsernames()...) {
		rows = append(rows, &model.Inbox{
			OwnerUsername: username,
			MsgID:         event.GetMsgId(),
			SessionID:     event.GetSessionId(),
			SeqID:         event.GetSeqId(),
		})
	}
	if err := d.messageRepo.SaveInbox(ctx, rows); err != nil {
		return fmt.Errorf("store message %d: %w", event.GetMsgId(), err)
	}
	return nil
}

// DispatchPush queues the message for every gateway that has one of its receivers. It does not fail when nobody is
// online or a gateway cannot take it.
func (d *Dispatcher) DispatchPush(ctx context.Context, event *mqv1.PushEvent) error {
	hook.Workers.Wait()
	hook.Sleep(event.GetContent(), hook.SlowConsume)
	if n, ok := hook.Number(event.GetContent(), hook.FailPush); ok && d.pushFaults.Fail(event.GetMsgId(), n) {
		return fmt.Errorf("push message %d: %w", event.GetMsgId(), hook.ErrInjected)
	}

	routers, err := d.routerRepo.BatchGetUsersGateway(ctx, event.GetToUsernames())
	if err != nil {
		return fmt.Errorf("find gateways for message %d: %w", event.GetMsgId(), err)
	}
	receivers := make(map[string][]string)
	for _, router := range routers {
		receivers[router.GatewayID] = append(receivers[router.GatewayID], router.Username)
	}
	for gatewayID, usernames := range receivers {
		client, err := d.pusher.GetClient(gatewayID)
		if err != nil {
			d.logger.Warn("no such gateway", clog.String("gateway_id", gatewayID), clog.Error(err))
			continue
		}
		if err := client.Enqueue(&pusher.PushTask{ToUsernames: usernames, Message: toPushMessage(event)}); err != nil {
			d.logger.Warn("push dropped", clog.String("gateway_id", gatewayID), clog.Error(err))
		}
	}
	return nil
}

func toPushMessage(event *mqv1.PushEvent) *gatewayv1.PushMessage {
	message := &gatewayv1.PushMessage{
		MsgId:        event.GetMsgId(),
		SeqId:        event.GetSeqId(),
		SessionId:    event.GetSessionId(),
		FromUsername: event.GetFromUsername(),
		ToUsername:   event.GetToUsername(),
		Content:      event.GetContent(),
		Type:         event.GetType(),
		Timestamp:    event.GetTimestamp(),
	}
	if event.GetSessionType() != 0 {
		message.SessionMeta = &gatewayv1.SessionMeta{Name: event.GetSessionName(), Type: event.GetSessionType()}
	}
	return message
}
