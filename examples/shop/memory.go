package main

import (
	"database/sql/driver"
	"errors"
	"io"
	"strings"
)

// A driver of database/sql that keeps nothing: every query has one row, and statements about "missing" fail.
type memory struct{}

type statement struct{ query string }

type rows struct{ left int }

var errMissing = errors.New("no such table")

func (memory) Open(string) (driver.Conn, error)          { return memory{}, nil }
func (memory) Prepare(query string) (driver.Stmt, error) { return statement{query}, nil }
func (memory) Close() error                              { return nil }
func (memory) Begin() (driver.Tx, error)                 { return memory{}, nil }
func (memory) Commit() error                             { return nil }
func (memory) Rollback() error                           { return nil }
func (s statement) Close() error                         { return nil }
func (s statement) NumInput() int                        { return -1 }
func (s statement) Exec([]driver.Value) (driver.Result, error) {
	return driver.RowsAffected(1), s.failure()
}
func (s statement) Query([]driver.Value) (driver.Rows, error) { return &rows{1}, s.failure() }
func (r *rows) Columns() []string                             { return []string{"name"} }
func (r *rows) Close() error                                  { return nil }

func (s statement) failure() error {
	if strings.Contains(s.query, "missing") {
		return errMissing
	}
	return nil
}

func (r *rows) Next(values []driver.Value) error {
	if r.left == 0 {
		return io.EOF
	}
	r.left--
	values[0] = "teapot"
	return nil
}
