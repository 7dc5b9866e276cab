package main

import "testing"

func TestParseMonitor(t *testing.T) {
	for _, c := range []struct{ line, command, key string }{
		{`+1700000000.123456 [0 127.0.0.1:40] "get" "resonance:router:user:a"`, "get", "resonance:router:user:a"},
		{`+1700000000.123456 [0 127.0.0.1:40] "set" "k" "a \" \"b" "ex" "10"`, "set", "k"},
		{`+1700000000.123456 [0 lua] "SET" "k" "v"`, "SET", "k"},
		{`+1700000000.123456 [0 127.0.0.1:40] "ping"`, "ping", ""},
		{`+OK`, "", ""},
	} {
		command, key := parseMonitor(c.line)
		if command != c.command || key != c.key {
			t.Errorf("%s: %q %q", c.line, command, key)
		}
	}
}

func TestParseStatement(t *testing.T) {
	for _, c := range []struct {
		line, sql string
		ok        bool
	}{
		{`{"application_name":"resonance","message":"execute stmtcache_1: SELECT * FROM \"t_user\""}`, `SELECT * FROM "t_user"`, true},
		{`{"application_name":"resonance","message":"statement: begin"}`, "begin", true},
		{`{"application_name":"resonance","message":"duplicate key value"}`, "", false},
		{`{"application_name":"loadclient","message":"statement: SELECT 1"}`, "", false},
		{`not json`, "", false},
	} {
		sql, ok := parseStatement([]byte(c.line))
		if sql != c.sql || ok != c.ok {
			t.Errorf("%s: %q %v", c.line, sql, ok)
		}
	}
}
