package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/ceyewan/resonance/internal/truth"
)

const fetchTimeout = 30 * time.Second

// sample is one series of a metrics page.
type sample struct {
	metric     string
	labels     map[string]string
	value      float64
	cumulative bool // of a counter or histogram
}

// fetch reads a metrics page from a URL or a file ("-" is standard input).
func fetch(source string) ([]sample, error) {
	if source == "-" {
		return parse(os.Stdin)
	}
	if !strings.HasPrefix(source, "http://") && !strings.HasPrefix(source, "https://") {
		file, err := os.Open(source)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		return parse(file)
	}
	client := http.Client{Timeout: fetchTimeout}
	resp, err := client.Get(source)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", source, resp.Status)
	}
	return parse(resp.Body)
}

// parse reads the text format; comments other than TYPE, and timestamps, are passed over.
func parse(reader io.Reader) ([]sample, error) {
	var samples []sample
	cumulative := make(map[string]bool) // by family
	scanner := bufio.NewScanner(reader)
	scanner.Buffer(nil, 1<<20)
	for line := 1; scanner.Scan(); line++ {
		text := strings.TrimSpace(scanner.Text())
		if words := strings.Fields(text); len(words) == 4 && words[0] == "#" && words[1] == "TYPE" {
			cumulative[words[2]] = words[3] == "counter" || words[3] == "histogram"
		}
		if text == "" || text[0] == '#' {
			continue
		}
		s, err := parseLine(text)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		s.cumulative = cumulative[family(s.metric)]
		samples = append(samples, s)
	}
	return samples, scanner.Err()
}

func parseLine(text string) (sample, error) {
	s := sample{labels: make(map[string]string)}
	end := strings.IndexAny(text, "{ \t")
	if end <= 0 {
		return s, fmt.Errorf("no value: %q", text)
	}
	s.metric = text[:end]
	rest := text[end:]
	if rest[0] == '{' {
		var err error
		if rest, err = parseLabels(rest[1:], s.labels); err != nil {
			return s, err
		}
	}
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return s, fmt.Errorf("no value: %q", text)
	}
	value, err := strconv.ParseFloat(fields[0], 64)
	if err != nil {
		return s, fmt.Errorf("value: %w", err)
	}
	s.value = value
	return s, nil
}

// parseLabels reads up to the closing brace and returns what follows it.
func parseLabels(text string, labels map[string]string) (string, error) {
	for {
		text = strings.TrimLeft(text, ", \t")
		if after, closed := strings.CutPrefix(text, "}"); closed {
			return after, nil
		}
		name, after, found := strings.Cut(text, `="`)
		if !found {
			return "", fmt.Errorf("labels: want name=\"value\": %q", text)
		}
		var value strings.Builder
		i := 0
		for ; i < len(after) && after[i] != '"'; i++ {
			if after[i] != '\\' || i+1 == len(after) {
				value.WriteByte(after[i])
				continue
			}
			i++
			switch after[i] {
			case 'n':
				value.WriteByte('\n')
			default:
				value.WriteByte(after[i])
			}
		}
		if i == len(after) {
			return "", fmt.Errorf("labels: no closing quote: %q", text)
		}
		labels[name] = value.String()
		text = after[i+1:]
	}
}

func (s sample) key() string { return truth.Key(s.metric, s.labels) }
