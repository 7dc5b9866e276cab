package truth

import (
	"testing"
	"time"
)

func TestRowsHoldDecidedBucketsOnly(t *testing.T) {
	table := NewTable()
	ms := time.Millisecond
	table.Observe("request_duration_ms", Span{Min: 35 * ms, Max: 45 * ms}, 2, "method", "Login")
	table.Observe("request_duration_ms", Span{Max: 4 * ms}, 1, "method", "Login")
	table.Add("request_total", 3, "method", "Login")

	got := make(map[string]float64)
	for _, row := range table.Rows("hold") {
		if row.Checkpoint != "hold" {
			t.Errorf("checkpoint %q", row.Checkpoint)
		}
		got[row.Metric+" "+row.Labels["le"]] = row.True
	}
	want := map[string]float64{
		"request_total ":               3,
		"request_duration_ms_count ":   3,
		"request_duration_ms_bucket 5": 1, "request_duration_ms_bucket 10": 1, "request_duration_ms_bucket 25": 1,
		"request_duration_ms_bucket 50": 3, "request_duration_ms_bucket 100": 3, "request_duration_ms_bucket 250": 3,
		"request_duration_ms_bucket 500": 3, "request_duration_ms_bucket 1000": 3, "request_duration_ms_bucket 2500": 3,
		"request_duration_ms_bucket +Inf": 3,
	}
	if len(got) != len(want) {
		t.Errorf("rows %v, want %v", got, want)
	}
	for key, value := range want {
		if got[key] != value {
			t.Errorf("%s = %v, want %v", key, got[key], value)
		}
	}
}

func TestUnknownSpanDecidesNothing(t *testing.T) {
	table := NewTable()
	table.Observe("db_query_duration_ms", Unknown, 4, "table", "t_user")
	if rows := table.Rows("x"); len(rows) != 2 {
		t.Errorf("want the count and the +Inf bucket only, got %v", rows)
	}
}

func TestKeyIgnoresOrderAndSpelling(t *testing.T) {
	a := Key("m", map[string]string{"a": "1", "le": "0.5", "b": "2"})
	b := Key("m", map[string]string{"b": "2", "a": "1", "le": "0.50"})
	if a != b {
		t.Errorf("%s != %s", a, b)
	}
}
