package store

import "testing"

func TestClassify(t *testing.T) {
	for _, c := range []struct {
		sql, table, operation string
		ok                    bool
	}{
		{"SELECT * FROM `t_user` WHERE username = ?", "t_user", "SELECT", true},
		{`SELECT "t_session"."name" FROM "t_session" WHERE x IN (SELECT a FROM "t_session_member")`, "t_session", "SELECT", true},
		{"INSERT INTO `t_inbox` (`a`) VALUES (?) RETURNING `id`", "t_inbox", "INSERT", true},
		{`UPDATE "t_session" SET "max_seq_id"=$1`, "t_session", "UPDATE", true},
		{"DELETE FROM `t_inbox` WHERE 1", "t_inbox", "DELETE", true},
		{"SELECT DISTINCT b.username FROM t_session_member b", "", "SELECT", true},
		{"CREATE TABLE `t_user` (`username` text)", "", "SELECT", true},
		{"SAVEPOINT sp1", "", "SELECT", true},
		{"SELECT * FROM `t_user` LIMIT 1", "t_user", "SELECT", true},
		{"select sqlite_version()", "", "", false},
		{"begin", "", "", false},
		{"commit", "", "", false},
		{"-- ping", "", "", false},
	} {
		table, operation, ok := Classify(c.sql)
		if table != c.table || operation != c.operation || ok != c.ok {
			t.Errorf("Classify(%q) = %q, %q, %v", c.sql, table, operation, ok)
		}
	}
}
