package main

import (
	"math"
	"slices"
	"sort"
	"strings"

	"github.com/ceyewan/resonance/internal/truth"
)

// result is one compared number.
type result struct {
	Checkpoint string            `json:"checkpoint"`
	Metric     string            `json:"metric"`
	Labels     map[string]string `json:"labels"`
	Exported   float64           `json:"exported"`
	True       float64           `json:"true"`
	Equal      bool              `json:"equal"`
}

// metrics are those whose every series must be known to the truth.
var metrics = []string{
	"request_total", "request_duration_ms", "client_request_total", "client_request_duration_ms",
	"connection_count", "connection_active", "message_recv_total", "message_send_total", "message_push_duration_ms",
	"mq_publish_total", "mq_consume_duration_ms", "mq_lag", "db_query_duration_ms",
	"cache_hit_rate", "cache_requests_total",
}

// relative is how far a ratio may be off by rounding.
const relative = 1e-9

// compare looks up each true number among the samples, then adds the samples that the truth does not know. A series
// that is not exported counts as 0.
func compare(checkpoint string, rows []truth.Row, samples []sample) []result {
	exported := make(map[string]float64)
	for _, s := range samples {
		exported[s.key()] += s.value
	}
	known := make(map[string]bool)
	var results []result
	for _, row := range rows {
		known[row.Key()] = true
		got := exported[row.Key()]
		results = append(results, result{row.Checkpoint, row.Metric, row.Labels, got, row.True, same(row.Metric, got, row.True)})
	}
	for _, s := range samples {
		if key := s.key(); exported[key] != 0 && !known[key] && covered(s, known) {
			known[key] = true
			results = append(results, result{checkpoint, s.metric, s.labels, exported[key], 0, false})
		}
	}
	sort.SliceStable(results, func(i, j int) bool {
		a, b := results[i], results[j]
		return truth.Key(a.Metric, a.Labels) < truth.Key(b.Metric, b.Labels)
	})
	return results
}

// less takes from counters and histograms what they were before.
func less(samples, before []sample) []sample {
	earlier := make(map[string]float64)
	for _, s := range before {
		earlier[s.key()] += s.value
	}
	left := slices.Clone(samples)
	for i, s := range left {
		if s.cumulative {
			left[i].value -= earlier[s.key()]
		}
	}
	return left
}

func same(metric string, got, want float64) bool {
	if metric == "cache_hit_rate" {
		return math.Abs(got-want) <= relative*math.Max(math.Abs(got), math.Abs(want))
	}
	return got == want
}

// covered says whether the truth should know a series. It never knows sums of durations, and of a known histogram only
// the buckets that the injected durations decide.
func covered(s sample, known map[string]bool) bool {
	name := family(s.metric)
	switch {
	case !contains(name) || s.metric == name+"_sum":
		return false
	case s.metric == name+"_bucket":
		labels := make(map[string]string)
		for label, value := range s.labels {
			if label != "le" {
				labels[label] = value
			}
		}
		return !known[truth.Key(name+"_count", labels)]
	default:
		return true
	}
}

// family is the metric that a series belongs to.
func family(metric string) string {
	for _, suffix := range []string{"_bucket", "_sum", "_count"} {
		if name, ok := strings.CutSuffix(metric, suffix); ok && contains(name) {
			return name
		}
	}
	return metric
}

func contains(name string) bool { return slices.Contains(metrics, name) }
