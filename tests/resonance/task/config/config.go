// Package config holds the settings of the task service's parts.
package config

import "time"

// ConsumerConfig says what a consumer reads and how.
type ConsumerConfig struct {
	Topic         string
	QueueGroup    string
	WorkerCount   int
	MaxRetry      int
	RetryInterval time.Duration
}
