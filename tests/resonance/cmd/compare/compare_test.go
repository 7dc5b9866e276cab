package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/ceyewan/resonance/internal/truth"
)

const page = `# HELP request_total Requests.
request_total{service="logic",method="Login",status="ok"} 3
request_duration_ms_bucket{service="logic",method="Login",le="1"} 1
request_duration_ms_bucket{service="logic",method="Login",le="2500"} 3
request_duration_ms_bucket{service="logic",method="Login",le="+Inf"} 3
request_duration_ms_sum{service="logic",method="Login"} 4.5
request_duration_ms_count{method="Login",service="logic"} 3 1700000000000
uprobe_exporter_build_info{version="1"} 1
`

func login(metric string, value float64, more ...string) truth.Row {
	labels := map[string]string{"service": "logic", "method": "Login"}
	for i := 0; i < len(more); i += 2 {
		labels[more[i]] = more[i+1]
	}
	return truth.Row{Checkpoint: "hold", Metric: metric, Labels: labels, True: value}
}

func rows() []truth.Row {
	return []truth.Row{
		login("request_total", 3, "status", "ok"),
		login("request_duration_ms_count", 3),
		login("request_duration_ms_bucket", 3, "le", "2500"),
		login("request_duration_ms_bucket", 3, "le", "+Inf"),
	}
}

func differences(t *testing.T, rows []truth.Row, text string) []result {
	t.Helper()
	samples, err := parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	var different []result
	for _, r := range compare("hold", rows, samples) {
		if !r.Equal {
			different = append(different, r)
		}
	}
	return different
}

func TestCompare(t *testing.T) {
	wrong := rows()
	wrong[0].True++
	for _, c := range []struct {
		name string
		rows []truth.Row
		page string
		want int
	}{
		{"equal", rows(), page, 0},
		{"a wrong number", wrong, page, 1},
		{"a missing series", append(rows(), login("request_total", 1, "status", "error")), page, 1},
		{"a missing zero", append(rows(), login("request_total", 0, "status", "error")), page, 0},
		{"an unknown series", rows(), page + `mq_lag{topic="t"} 1`, 1},
		{"an unknown zero", rows(), page + `mq_lag{topic="t"} 0`, 0},
		{"an unknown histogram", rows(), page + `request_duration_ms_count{service="task",method="x"} 2`, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := differences(t, c.rows, c.page); len(got) != c.want {
				t.Errorf("%d differences, want %d: %v", len(got), c.want, got)
			}
		})
	}
}

func TestSince(t *testing.T) {
	const now = `# TYPE request_total counter
request_total{service="logic",method="Login",status="ok"} 8
# TYPE request_duration_ms histogram
request_duration_ms_count{service="logic",method="Login"} 9
# TYPE connection_count gauge
connection_count{gateway_id="g"} 5
`
	before := strings.NewReplacer(" 8", " 5", " 9", " 6").Replace(now)
	samples, err := parse(strings.NewReader(now))
	if err != nil {
		t.Fatal(err)
	}
	earlier, err := parse(strings.NewReader(before))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{"request_total": 3, "request_duration_ms_count": 3, "connection_count": 5}
	for _, s := range less(samples, earlier) {
		if s.value != want[s.metric] {
			t.Errorf("%s = %v, want %v", s.metric, s.value, want[s.metric])
		}
	}
}

func TestParseEscapes(t *testing.T) {
	samples, err := parse(strings.NewReader(`m{a="x\"y\\z\n",b="",} 1e3`))
	if err != nil {
		t.Fatal(err)
	}
	if s := samples[0]; s.labels["a"] != "x\"y\\z\n" || s.value != 1000 || len(s.labels) != 2 {
		t.Errorf("%+v", s)
	}
	for _, bad := range []string{"m", `m{a="x} 1`, `m{a=x} 1`, "m x"} {
		if _, err := parse(strings.NewReader(bad)); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

func TestMergeKeepsOtherCheckpoints(t *testing.T) {
	file := filepath.Join(t.TempDir(), "rows.json")
	for _, checkpoint := range []string{"hold", "drained", "hold"} {
		if err := merge(file, checkpoint, []result{{Checkpoint: checkpoint}}); err != nil {
			t.Fatal(err)
		}
	}
	all, err := truth.Load(file)
	if err != nil || len(all) != 2 {
		t.Errorf("%v, %v", all, err)
	}
}
