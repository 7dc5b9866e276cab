// Package store opens the database: a SQLite file for the embedded way to run, PostgreSQL for the real one. Both go
// into genesis/db through a connector of our own.
package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/ceyewan/genesis/connector"
	"github.com/ceyewan/genesis/db"
	"gorm.io/driver/postgres"
	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// database is genesis' interface under a name that does not hide its method DB.
type database = db.DB

// Store is an open database.
type Store struct {
	database
	connector *gormConnector
	counts    Counts
}

// Open opens "sqlite:PATH" or a "postgres://" URL.
func Open(ctx context.Context, dsn string) (*Store, error) {
	store := &Store{}
	var dialector gorm.Dialector
	switch {
	case strings.HasPrefix(dsn, "sqlite:"):
		path := strings.TrimPrefix(dsn, "sqlite:")
		dialector = &sqlite.Dialector{Conn: sql.OpenDB(&countingConnector{
			dsn: "file:" + path + "?_txlock=immediate&_pragma=busy_timeout(20000)" +
				"&_pragma=journal_mode(wal)&_pragma=synchronous(off)",
			counts: &store.counts,
		})}
	case strings.HasPrefix(dsn, "postgres://"):
		dialector = postgres.Open(dsn)
	default:
		return nil, fmt.Errorf("database %q: want sqlite:PATH or postgres://...", dsn)
	}

	client, err := gorm.Open(dialector, &gorm.Config{Logger: logger.Discard})
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := registerDelay(client); err != nil {
		return nil, err
	}
	store.connector = &gormConnector{client: client}
	if err := store.connector.Connect(ctx); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	store.database, err = db.New(&db.Config{Driver: "sqlite"}, db.WithSQLiteConnector(store.connector))
	return store, err
}

// Counts is how many statements went to SQLite; empty for a server, which counts by itself.
func (s *Store) Counts() map[string]int64 { return s.counts.Snapshot() }

// Close closes the connections.
func (s *Store) Close() error { return s.connector.Close() }

// gormConnector is genesis' connector interface around any gorm database.
type gormConnector struct {
	client *gorm.DB
}

var _ connector.SQLiteConnector = (*gormConnector)(nil)

func (c *gormConnector) Connect(ctx context.Context) error {
	pool, err := c.client.DB()
	if err != nil {
		return err
	}
	pool.SetMaxOpenConns(16)
	pool.SetMaxIdleConns(16)
	return pool.PingContext(ctx)
}

func (c *gormConnector) Close() error {
	pool, err := c.client.DB()
	if err != nil {
		return err
	}
	return pool.Close()
}

func (c *gormConnector) HealthCheck(ctx context.Context) error { return c.Connect(ctx) }
func (c *gormConnector) IsHealthy() bool                       { return c.client != nil }
func (c *gormConnector) Name() string                          { return "store" }
func (c *gormConnector) GetClient() *gorm.DB                   { return c.client }

type delayKey struct{}

// WithDelay asks for a pause inside every update made with the returned context.
func WithDelay(ctx context.Context, ms int) context.Context {
	return context.WithValue(ctx, delayKey{}, time.Duration(ms)*time.Millisecond)
}

func registerDelay(client *gorm.DB) error {
	return client.Callback().Update().Before("gorm:begin_transaction").Register("hook:delay", func(tx *gorm.DB) {
		if delay, ok := tx.Statement.Context.Value(delayKey{}).(time.Duration); ok {
			time.Sleep(delay)
		}
	})
}
