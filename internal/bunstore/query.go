package bunstore

import (
	"context"
	"database/sql"
	"strings"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/hermes-voip/go-hermes/hermes"
)

// longPage is from how many rows on a page counts as bulk work.
const longPage = 1000

// exec runs a statement that writes and counts its rows. bound are the values of its parameters.
func (s *Store) exec(ctx context.Context, q schema.QueryAppender, bound ...any) (int64, error) {
	ctx, text, err := s.prepare(ctx, q)
	if err != nil {
		return 0, err
	}
	res, err := s.execText(ctx, s.gated(text), bound)
	if err != nil {
		return 0, s.fail(err)
	}
	n, err := res.RowsAffected()
	return n, s.fail(err)
}

// commands runs what is no statement on rows: locks, settings and definitions.
func (s *Store) commands(ctx context.Context, statements []string) error {
	for _, statement := range statements {
		own, text, err := s.prepare(ctx, raw(statement))
		if err != nil {
			return err
		}
		if _, err := s.conn.ExecContext(own, text); err != nil {
			return s.fail(err)
		}
	}
	return nil
}

// execText goes by a prepared statement where there are parameters: it is the one way to keep a value
// out of the statement's text with every driver.
func (s *Store) execText(ctx context.Context, text string, bound []any) (sql.Result, error) {
	if len(bound) == 0 {
		return s.conn.ExecContext(ctx, text)
	}
	stmt, err := s.conn.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	defer stmt.Close()
	return stmt.ExecContext(ctx, bound...)
}

// one reads the only row into dest, a struct of columns or pointers to values; NotFound where
// there is none.
func (s *Store) one(ctx context.Context, q schema.QueryAppender, dest ...any) error {
	ctx, text, err := s.prepare(ctx, q)
	if err != nil {
		return err
	}
	return s.scanOne(ctx, s.conn, text, dest)
}

// returning is one for a statement that writes. bound are the values of its parameters.
func (s *Store) returning(ctx context.Context, q schema.QueryAppender, bound []any, dest ...any) error {
	ctx, text, err := s.prepare(ctx, q)
	if err != nil {
		return err
	}
	text = s.gated(text)
	if len(bound) == 0 {
		return s.scanOne(ctx, s.conn, text, dest)
	}
	stmt, err := s.conn.PrepareContext(ctx, text)
	if err != nil {
		return s.fail(err)
	}
	defer stmt.Close()
	return s.scanOne(ctx, prepared{stmt}, text, dest, bound...)
}

type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// prepared is a statement in the place of a connection that is given its text.
type prepared struct{ stmt *sql.Stmt }

// QueryContext implements querier.
func (p prepared) QueryContext(ctx context.Context, _ string, args ...any) (*sql.Rows, error) {
	return p.stmt.QueryContext(ctx, args...)
}

func (s *Store) scanOne(ctx context.Context, from querier, text string, dest []any, bound ...any) error {
	rows, err := from.QueryContext(ctx, text, bound...)
	if err != nil {
		return s.fail(err)
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return s.fail(err)
		}
		return hermes.NotFound
	}
	if err := s.db().ScanRow(ctx, rows, dest...); err != nil {
		return s.fail(err)
	}
	for rows.Next() { // to the statement's end, where an error may wait
	}
	return s.fail(rows.Err())
}

// list reads all rows, at most limit of which are expected. scan is called for each: reflection for every row
// costs more than the rest of a long page.
func list[T any](ctx context.Context, s *Store, limit int, q schema.QueryAppender, scan func(*sql.Rows) (T, error)) ([]T, error) {
	ctx, text, err := s.prepare(ctx, q)
	if err != nil {
		return nil, err
	}
	rows, err := s.long(limit).conn.QueryContext(ctx, text)
	if err != nil {
		return nil, s.fail(err)
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, s.fail(err)
		}
		all = append(all, v)
	}
	if err := rows.Err(); err != nil {
		return nil, s.fail(err)
	}
	return all, nil
}

func (s *Store) prepare(ctx context.Context, q schema.QueryAppender) (context.Context, string, error) {
	ctx, err := s.begin(ctx)
	if err != nil {
		return nil, "", err
	}
	text, err := q.AppendQuery(s.db().QueryGen(), nil)
	return ctx, string(text), s.fail(err)
}

// gated puts the engine's gate before a transaction's first writing statement; see Gate.
func (s *Store) gated(text string) string {
	if s.tx == nil || s.tx.gate == "" {
		return text
	}
	with := "WITH " + s.tx.gate
	s.tx.gate = ""
	if rest, ok := strings.CutPrefix(text, "WITH "); ok {
		return with + ", " + rest
	}
	return with + " " + text
}

// db formats statements and scans rows; none are sent by it.
func (s *Store) db() *bun.DB { return s.layout.Load().db }

// raw is a statement with ?, ?0 and ?name arguments.
func raw(query string, args ...any) schema.QueryAppender { return schema.SafeQuery(query, args) }

// counted turns a count of rows into an answer: none is the cause.
func counted(n int64, err error, none hermes.Cause) error {
	if err == nil && n == 0 {
		return none
	}
	return err
}

// mutate runs one writing statement, of which no row is the cause.
func (s *Store) mutate(ctx context.Context, none hermes.Cause, q schema.QueryAppender) error {
	return s.change(ctx, func(in *Store) error {
		n, err := in.exec(ctx, q)
		return counted(n, err, none)
	})
}

// put runs one writing statement that may find no row.
func (s *Store) put(ctx context.Context, q schema.QueryAppender) error {
	return s.change(ctx, func(in *Store) error {
		_, err := in.exec(ctx, q)
		return err
	})
}
