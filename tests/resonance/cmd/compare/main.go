// Command compare holds a metrics page against the truth of one checkpoint. It ends with code 0 only if every number is
// equal and the page has no series that the truth does not know.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"sort"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/ceyewan/resonance/internal/base"
	"github.com/ceyewan/resonance/internal/truth"
)

type settings struct {
	truth, json, since, only, except string
	brief                            bool
}

func main() {
	var s settings
	flag.StringVar(&s.truth, "truth", "", "truth of a checkpoint, as loadclient wrote it")
	flag.StringVar(&s.json, "json", "", "file to write the rows to; rows of other checkpoints in it are kept")
	flag.StringVar(&s.since, "since", "", "metrics page of when the truth starts: counters and histograms are compared less what they were there")
	flag.StringVar(&s.only, "only", "", "metrics to compare, with commas between (default: all)")
	flag.StringVar(&s.except, "except", "", "metrics not to compare, with commas between")
	flag.BoolVar(&s.brief, "brief", false, "print only the rows that differ")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: compare -truth FILE [flags] METRICS...\nMETRICS: URL or file of a metrics page, - for standard input; several are added up")
		flag.PrintDefaults()
	}
	flag.Parse()
	if s.truth == "" || flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	equal, err := s.run(flag.Args())
	if err != nil {
		fmt.Fprintf(os.Stderr, "compare: %v\n", err)
		os.Exit(2)
	}
	if !equal {
		os.Exit(1)
	}
}

func (s settings) run(sources []string) (bool, error) {
	rows, err := truth.Load(s.truth)
	if err != nil {
		return false, err
	}
	if len(rows) == 0 {
		return false, fmt.Errorf("%s: no rows", s.truth)
	}
	samples, err := s.samples(sources)
	if err != nil {
		return false, err
	}
	checkpoint := rows[0].Checkpoint
	rows = slices.DeleteFunc(rows, func(r truth.Row) bool { return !s.wanted(r.Metric) })
	samples = slices.DeleteFunc(samples, func(one sample) bool { return !s.wanted(one.metric) })
	results := compare(checkpoint, rows, samples)
	different := print(os.Stdout, results, s.brief)
	if s.json != "" {
		if err := merge(s.json, checkpoint, results); err != nil {
			return false, err
		}
	}
	return different == 0, nil
}

func (s settings) samples(sources []string) ([]sample, error) {
	var samples []sample
	for _, source := range sources {
		page, err := fetch(source)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", source, err)
		}
		samples = append(samples, page...)
	}
	if s.since == "" {
		return samples, nil
	}
	before, err := fetch(s.since)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.since, err)
	}
	return less(samples, before), nil
}

func (s settings) wanted(metric string) bool {
	name := family(metric)
	return (s.only == "" || slices.Contains(strings.Split(s.only, ","), name)) &&
		!slices.Contains(strings.Split(s.except, ","), name)
}

// print writes the table and returns how many rows differ.
func print(out io.Writer, results []result, brief bool) int {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "checkpoint\tmetric\tlabels\texported\ttrue\tequal")
	different := 0
	for _, r := range results {
		verdict := "yes"
		if !r.Equal {
			verdict = "NO"
			different++
		}
		if brief && r.Equal {
			continue
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", r.Checkpoint, r.Metric, labelText(r.Labels), number(r.Exported), number(r.True), verdict)
	}
	table.Flush()
	fmt.Fprintf(out, "%d of %d rows are equal\n", len(results)-different, len(results))
	return different
}

func labelText(labels map[string]string) string {
	parts := make([]string, 0, len(labels))
	for name, value := range labels {
		parts = append(parts, name+"="+strconv.Quote(value))
	}
	sort.Strings(parts)
	return strings.Join(parts, ",")
}

func number(value float64) string { return strconv.FormatFloat(value, 'g', -1, 64) }

// merge puts the rows of one checkpoint into a file that may hold others.
func merge(path, checkpoint string, results []result) error {
	all := []result{}
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	default:
		var before []result
		if err := json.Unmarshal(data, &before); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		for _, r := range before {
			if r.Checkpoint != checkpoint {
				all = append(all, r)
			}
		}
	}
	return base.WriteJSON(path, append(all, results...))
}
