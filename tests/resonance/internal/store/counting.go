package store

import (
	"context"
	"database/sql/driver"
	"sync"

	"modernc.org/sqlite"
)

// Counts is how many statements the database got, by "table operation".
type Counts struct {
	mu     sync.Mutex
	counts map[string]int64
}

func (c *Counts) add(sql string) {
	table, operation, ok := Classify(sql)
	if !ok {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = make(map[string]int64)
	}
	c.counts[table+" "+operation]++
}

// Snapshot returns a copy.
func (c *Counts) Snapshot() map[string]int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	snapshot := make(map[string]int64, len(c.counts))
	for key, n := range c.counts {
		snapshot[key] = n
	}
	return snapshot
}

// countingConnector opens SQLite connections that count the statements they are given.
type countingConnector struct {
	dsn    string
	driver sqlite.Driver
	counts *Counts
}

func (c *countingConnector) Driver() driver.Driver { return &c.driver }

func (c *countingConnector) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.driver.Open(c.dsn)
	if err != nil {
		return nil, err
	}
	return &countingConn{sqliteConn: conn.(sqliteConn), counts: c.counts}, nil
}

// sqliteConn is what database/sql looks for in the driver's connections.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

type countingConn struct {
	sqliteConn
	counts *Counts
}

func (c *countingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	c.counts.add(query)
	return c.sqliteConn.ExecContext(ctx, query, args)
}

func (c *countingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c.counts.add(query)
	return c.sqliteConn.QueryContext(ctx, query, args)
}
