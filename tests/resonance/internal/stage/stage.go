// Package stage describes a set of running services, as cmd/stage starts it and others read it.
package stage

import (
	"encoding/json"
	"fmt"
	"os"
)

// Service is one running process of the system under test.
type Service struct {
	Module    string `json:"module"`
	PID       int    `json:"pid"`
	HTTP      string `json:"http,omitempty"`
	GRPC      string `json:"grpc,omitempty"`
	Control   string `json:"control"`
	GatewayID string `json:"gateway_id,omitempty"`
}

// Backend is what the services stand on.
type Backend struct {
	NATS        string `json:"nats"`
	NATSMonitor string `json:"nats_monitor"`
	Redis       string `json:"redis"`
	Control     string `json:"control,omitempty"` // embedded only
	DB          string `json:"db"`
	DBLog       string `json:"db_log,omitempty"` // servers only: folder of PostgreSQL's JSON log
	PIDs        []int  `json:"pids"`
}

// Stage is everything that runs.
type Stage struct {
	Mode     string    `json:"mode"`
	Dir      string    `json:"dir"`
	Exe      string    `json:"exe"`
	PID      int       `json:"pid"`
	Workers  int       `json:"workers"`
	MaxRetry int       `json:"max_retry"`
	Backend  Backend   `json:"backend"`
	Services []Service `json:"services"`
}

// Load reads the JSON that cmd/stage wrote.
func Load(path string) (*Stage, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	stage := &Stage{}
	if err := json.Unmarshal(data, stage); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return stage, nil
}

// Of returns the services of one module.
func (s *Stage) Of(module string) []Service {
	var services []Service
	for _, service := range s.Services {
		if service.Module == module {
			services = append(services, service)
		}
	}
	return services
}
