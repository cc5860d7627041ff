package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"modernc.org/sqlite"

	"github.com/hermes-voip/go-hermes/internal/bunstore"
)

// Pools returns the statistics of the connections, by what they are for: write, data, auth, bulk
// and scan. Callers wait for a connection in a queue of the store, so that WaitCount and
// WaitDuration are zero.
func (s *Store) Pools() map[string]sql.DBStats {
	return map[string]sql.DBStats{
		"write": s.writer.db.Stats(), "data": s.readers[bunstore.Data].db.Stats(), "auth": s.readers[bunstore.Auth].db.Stats(),
		"bulk": s.readers[bunstore.Bulk].db.Stats(), "scan": s.readers[bunstore.Scan].db.Stats(),
	}
}

// Failures returns how many statements failed, BEGIN and COMMIT included, by the class of their
// error: SQLite's name of its primary result code, such as SQLITE_CONSTRAINT, or "timeout" where a
// statement took too long. A class without an error is missing.
func (s *Store) Failures() map[string]int64 { return s.failures.Counts() }

// failed counts an error.
func (s *Store) failed(err error) { s.failures.Add(errorClass(err)) }

// errorClass returns the class by which [Store.Failures] counts an error, or "" for that of a
// caller that left.
func errorClass(err error) string {
	var e *sqlite.Error
	switch {
	case errors.As(err, &e):
		text := sqlite.ErrorCodeString[e.Code()&0xff] // as "Generic error (SQLITE_ERROR)"
		if text == "" {
			return "other"
		}
		return strings.TrimSuffix(text[strings.LastIndexByte(text, '(')+1:], ")")
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	}
	return ""
}
