package store

import "regexp"

// target finds the quoted table of a statement that gorm built. Hand-written SQL in this module never quotes names,
// as gorm knows no table for it either.
var target = regexp.MustCompile("(?s)^(?:(SELECT) .*?FROM|(INSERT) INTO|(UPDATE)|(DELETE) FROM) [`\"](\\w+)[`\"]")

// notGorm are statements that the libraries below gorm send by themselves.
var notGorm = regexp.MustCompile(`(?i)^(select sqlite_version\(\)|-- ping|;|begin|commit|rollback)\s*(;|$|isolation|read)`)

// Classify names the table and the operation under which gorm's processor runs a statement. Raw SQL runs as a SELECT
// on no table. Statements that never pass the processor are not ok.
func Classify(sql string) (table, operation string, ok bool) {
	if notGorm.MatchString(sql) {
		return "", "", false
	}
	match := target.FindStringSubmatch(sql)
	if match == nil {
		return "", "SELECT", true
	}
	return match[5], match[1] + match[2] + match[3] + match[4], true
}
