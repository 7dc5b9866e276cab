package main

import (
	"fmt"
	"testing"
	"time"

	mqv1 "github.com/ceyewan/resonance/api/gen/go/mq/v1"
	"github.com/ceyewan/resonance/internal/truth"
)

func counts(table *truth.Table) map[string]float64 {
	got := make(map[string]float64)
	for _, row := range table.Rows("") {
		switch row.Metric {
		case "request_total":
			got[row.Labels["method"]+" "+row.Labels["status"]] = row.True
		case "mq_consume_duration_ms_count":
			got["consumed"] = row.True
		}
	}
	return got
}

func TestModel(t *testing.T) {
	routes := map[string]route{
		"here":  {gateway: "a", online: true},
		"there": {gateway: "b", online: true},
		"gone":  {gateway: "b"},
	}
	for _, c := range []struct {
		name    string
		content string
		to      []string
		copies  int
		want    map[string]float64
	}{
		{"one push for each gateway", "hi", []string{"here", "there", "unknown"}, 1,
			map[string]float64{"DispatchStorage ok": 1, "DispatchPush ok": 1, "doPush ok": 2, "Push ok": 2, "consumed": 2}},
		{"a user who left fails the push of his gateway", "hi", []string{"here", "there", "gone"}, 1,
			map[string]float64{"DispatchStorage ok": 1, "DispatchPush ok": 1, "doPush ok": 1, "Push ok": 1,
				"doPush error": 1, "Push error": 1, "consumed": 2}},
		{"a copy is pushed again and never stored", "hi", []string{"here"}, 2,
			map[string]float64{"DispatchStorage ok": 1, "DispatchStorage error": 3, "DispatchPush ok": 2, "doPush ok": 2,
				"Push ok": 2, "consumed": 4}},
		{"tries", "failstore:1: failpush:99:", []string{"here"}, 1,
			map[string]float64{"DispatchStorage ok": 1, "DispatchStorage error": 1, "DispatchPush error": 3, "consumed": 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			table := truth.NewTable()
			m := newModel(table, topic, 3)
			for range c.copies {
				m.handled(&mqv1.PushEvent{MsgId: 1, Content: c.content, ToUsernames: c.to}, routes, truth.Unknown, time.Second)
			}
			if got := counts(table); fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("got  %v\nwant %v", got, c.want)
			}
		})
	}
}
