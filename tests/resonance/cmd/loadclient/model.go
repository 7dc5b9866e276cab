package main

import (
	"time"

	mqv1 "github.com/ceyewan/resonance/api/gen/go/mq/v1"
	"github.com/ceyewan/resonance/internal/hook"
	"github.com/ceyewan/resonance/internal/truth"
)

// route is where logic believes a user to be.
type route struct {
	gateway string
	online  bool
}

// model says what task and the gateways do with a message. It is asked only when all work for the message is done
// and no connection came or went meanwhile.
type model struct {
	table    *truth.Table
	topic    string
	maxRetry int
	stored   map[int64]bool
	attempts map[string]map[int64]int
}

func newModel(table *truth.Table, topic string, maxRetry int) *model {
	return &model{
		table:    table,
		topic:    topic,
		maxRetry: maxRetry,
		stored:   make(map[int64]bool),
		attempts: map[string]map[int64]int{hook.FailStore: {}, hook.FailPush: {}},
	}
}

// handled notes one message that both queue groups have handled, and returns how many users got it. dispatch is what
// is known of each try's duration beyond what the message asks for; a push took no longer than pushMax.
func (m *model) handled(event *mqv1.PushEvent, routes map[string]route, dispatch truth.Span, pushMax time.Duration) int64 {
	slow := asked(event, hook.SlowConsume)
	m.storage(event, slower(dispatch, slow+asked(event, hook.SlowStore)))
	if !m.push(event, slower(dispatch, slow)) {
		return 0
	}

	reached := make(map[string]int64)
	failed := make(map[string]bool)
	for _, username := range event.GetToUsernames() {
		to, ok := routes[username]
		if !ok {
			continue
		}
		if to.online {
			reached[to.gateway]++
		} else {
			failed[to.gateway] = true
			reached[to.gateway] += 0
		}
	}
	span := truth.Span{Min: asked(event, hook.SlowPush), Max: pushMax}
	var delivered int64
	for gateway, users := range reached {
		delivered += users
		status := status(!failed[gateway])
		m.request("task", "doPush", status, span)
		m.request("gateway", "Push", status, span)
		m.table.Observe("message_push_duration_ms", span, 1, "gateway_id", gateway)
	}
	return delivered
}

func slower(span truth.Span, by time.Duration) truth.Span {
	span.Min = max(span.Min, by)
	return span
}

func (m *model) request(service, method, status string, span truth.Span) {
	m.table.Add("request_total", 1, "service", service, "method", method, "status", status)
	m.table.Observe("request_duration_ms", span, 1, "service", service, "method", method)
}

// storage is DispatchStorage: a second copy of a message breaks a unique key at every try.
func (m *model) storage(event *mqv1.PushEvent, span truth.Span) {
	ok := m.tries("DispatchStorage", hook.FailStore, event, span, m.stored[event.GetMsgId()])
	m.stored[event.GetMsgId()] = m.stored[event.GetMsgId()] || ok
}

// push is DispatchPush; it says whether the last try went well.
func (m *model) push(event *mqv1.PushEvent, span truth.Span) bool {
	return m.tries("DispatchPush", hook.FailPush, event, span, false)
}

func (m *model) tries(method, word string, event *mqv1.PushEvent, span truth.Span, broken bool) bool {
	fails, _ := hook.Number(event.GetContent(), word)
	seen := m.attempts[word]
	consumed := func(tries int) {
		// A message is handled as long as all its tries take, with pauses between them.
		whole := truth.Span{Min: time.Duration(tries) * span.Min, Max: span.Max}
		m.table.Observe("mq_consume_duration_ms", whole, 1, "topic", m.topic)
	}
	for try := range m.maxRetry {
		seen[event.GetMsgId()]++
		if seen[event.GetMsgId()] > fails && !broken {
			m.request("task", method, "ok", span)
			consumed(try + 1)
			return true
		}
		m.request("task", method, "error", span)
	}
	consumed(m.maxRetry)
	return false
}

func asked(event *mqv1.PushEvent, word string) time.Duration {
	ms, _ := hook.Number(event.GetContent(), word)
	return time.Duration(ms) * time.Millisecond
}

func status(ok bool) string {
	if ok {
		return "ok"
	}
	return "error"
}
