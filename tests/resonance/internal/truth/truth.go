// Package truth is what really happened, as rows that a metrics page can be compared with.
package truth

import (
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Row is one true number.
type Row struct {
	Checkpoint string            `json:"checkpoint"`
	Metric     string            `json:"metric"`
	Labels     map[string]string `json:"labels"`
	True       float64           `json:"true"`
}

// Histogram bounds in milliseconds.
var (
	Bounds     = []float64{1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500}
	FineBounds = []float64{0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000}
)

// BoundsOf returns the bounds of a histogram.
func BoundsOf(metric string) []float64 {
	switch metric {
	case "db_query_duration_ms", "message_push_duration_ms":
		return FineBounds
	default:
		return Bounds
	}
}

// Labels are name and value in turn.
type Labels []string

func (l Labels) key() string { return strings.Join(l, "\x00") }

func (l Labels) toMap() map[string]string {
	m := make(map[string]string, len(l)/2)
	for i := 0; i+1 < len(l); i += 2 {
		m[l[i]] = l[i+1]
	}
	return m
}

type series struct {
	metric string
	labels Labels
	value  float64
	buckets
}

// Span is what is known of a duration: no shorter than Min, no longer than Max.
type Span struct {
	Min, Max time.Duration
}

// Unknown is a span nothing is known of.
var Unknown = Span{Max: 1<<63 - 1}

// buckets counts observations whose exact duration is not known. A bucket is decided when each observation is known
// to be inside or outside of it.
type buckets struct {
	count     int64
	below     []int64
	undecided []int64
}

func (b *buckets) add(bounds []float64, span Span, n int64) {
	if b.below == nil {
		b.below = make([]int64, len(bounds))
		b.undecided = make([]int64, len(bounds))
	}
	b.count += n
	for i, bound := range bounds {
		limit := time.Duration(bound * float64(time.Millisecond))
		switch {
		case span.Max <= limit:
			b.below[i] += n
		case span.Min <= limit:
			b.undecided[i] += n
		}
	}
}

// Table collects the truth while things happen.
type Table struct {
	mu     sync.Mutex
	series map[string]*series
}

// NewTable returns an empty table.
func NewTable() *Table { return &Table{series: make(map[string]*series)} }

func (t *Table) get(metric string, labels Labels) *series {
	key := metric + "\x00" + labels.key()
	s, ok := t.series[key]
	if !ok {
		s = &series{metric: metric, labels: labels}
		t.series[key] = s
	}
	return s
}

// Reset forgets everything.
func (t *Table) Reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.series)
}

// Add adds to a counter.
func (t *Table) Add(metric string, n float64, labels ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.get(metric, labels).value += n
}

// Set sets a gauge, or a counter that is counted elsewhere.
func (t *Table) Set(metric string, value float64, labels ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.get(metric, labels).value = value
}

// Observe adds n observations to a histogram.
func (t *Table) Observe(metric string, span Span, n int64, labels ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.get(metric, labels).add(BoundsOf(metric), span, n)
}

// Rows returns the table as it is now: counters and gauges, the counts of histograms, and their decided buckets.
func (t *Table) Rows(checkpoint string) []Row {
	t.mu.Lock()
	defer t.mu.Unlock()
	var rows []Row
	for _, s := range t.series {
		if s.below == nil {
			rows = append(rows, Row{checkpoint, s.metric, s.labels.toMap(), s.value})
			continue
		}
		rows = append(rows, Row{checkpoint, s.metric + "_count", s.labels.toMap(), float64(s.count)})
		bucket := func(le string, n int64) {
			labels := s.labels.toMap()
			labels["le"] = le
			rows = append(rows, Row{checkpoint, s.metric + "_bucket", labels, float64(n)})
		}
		for i, bound := range BoundsOf(s.metric) {
			if s.undecided[i] == 0 {
				bucket(strconv.FormatFloat(bound, 'g', -1, 64), s.below[i])
			}
		}
		bucket("+Inf", s.count)
	}
	return rows
}

// Sort orders rows by series.
func Sort(rows []Row) {
	sort.Slice(rows, func(i, j int) bool { return rows[i].Key() < rows[j].Key() })
}

// Key names the row's series.
func (r Row) Key() string { return Key(r.Metric, r.Labels) }

// Key names a series whatever the order of its labels; bounds sort by value.
func Key(metric string, labels map[string]string) string {
	names := make([]string, 0, len(labels))
	for name := range labels {
		if name != "le" {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	parts := make([]string, 0, len(labels))
	for _, name := range names {
		parts = append(parts, fmt.Sprintf("%s=%q", name, labels[name]))
	}
	if le, ok := labels["le"]; ok {
		bound, err := strconv.ParseFloat(le, 64)
		if err == nil {
			le = fmt.Sprintf("%012.4f", bound)
		}
		parts = append(parts, fmt.Sprintf("le=%q", le))
	}
	return metric + "{" + strings.Join(parts, ",") + "}"
}

// Load reads rows from a file.
func Load(path string) ([]Row, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var rows []Row
	if err := json.Unmarshal(data, &rows); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return rows, nil
}
