package main

import (
	"strings"

	"github.com/ceyewan/resonance/internal/truth"
)

// slowTable and slowOperation name the only query whose durations the client knows: all of them are injected.
const (
	slowTable     = "t_session_member"
	slowOperation = "UPDATE"
)

// updates are the rows for the query with injected durations, in a table of their own.
func (l *load) updates() []truth.Row { return l.slowQueries.Rows("") }

// queryRows counts queries by table and operation. Buckets of the injected ones are added when the database counted
// as many as the client injected.
func queryRows(checkpoint string, now, before map[string]int64, injected []truth.Row) []truth.Row {
	const metric = "db_query_duration_ms"
	var rows []truth.Row
	for key, n := range now {
		n -= before[key]
		if n == 0 {
			continue
		}
		table, operation, _ := strings.Cut(key, " ")
		labels := map[string]string{"table": table, "operation": operation}
		rows = append(rows, truth.Row{Checkpoint: checkpoint, Metric: metric + "_count", Labels: labels, True: float64(n)})
		if table != slowTable || operation != slowOperation {
			continue
		}
		for _, row := range injected {
			if row.Metric == metric+"_count" && row.True != float64(n) {
				return nil
			}
			if row.Metric == metric+"_bucket" {
				row.Checkpoint = checkpoint
				rows = append(rows, row)
			}
		}
	}
	return rows
}

// requests is how many calls the rows know of.
func requests(rows []truth.Row) int64 {
	var n float64
	for _, row := range rows {
		if row.Metric == "request_total" {
			n += row.True
		}
	}
	return int64(n)
}
