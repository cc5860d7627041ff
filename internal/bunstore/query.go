package bunstore

import (
	"context"
	"database/sql"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/hermes-voip/go-hermes/hermes"
)

// longPage is from how many rows on a page counts as bulk work.
const longPage = 1000

// exec runs a statement and counts its rows. bound are the values of its parameters.
func (s *Store) exec(ctx context.Context, q schema.QueryAppender, bound ...any) (int64, error) {
	ctx, text, err := s.prepare(ctx, q)
	if err != nil {
		return 0, err
	}
	res, err := s.execText(ctx, text, bound)
	if err != nil {
		return 0, s.fail(err)
	}
	n, err := res.RowsAffected()
	return n, s.fail(err)
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

// one reads the only row into dest, a struct of columns or pointers to values; Nonexistant where
// there is none.
func (s *Store) one(ctx context.Context, q schema.QueryAppender, dest ...any) error {
	return s.oneBound(ctx, q, nil, dest...)
}

// oneBound is one with the values of the statement's parameters.
func (s *Store) oneBound(ctx context.Context, q schema.QueryAppender, bound []any, dest ...any) error {
	ctx, text, err := s.prepare(ctx, q)
	if err != nil {
		return err
	}
	query := func(args ...any) (*sql.Rows, error) { return s.conn.QueryContext(ctx, text, args...) }
	if len(bound) > 0 {
		stmt, err := s.conn.PrepareContext(ctx, text)
		if err != nil {
			return s.fail(err)
		}
		defer stmt.Close()
		query = func(args ...any) (*sql.Rows, error) { return stmt.QueryContext(ctx, args...) }
	}
	rows, err := query(bound...)
	if err != nil {
		return s.fail(err)
	}
	return s.scanOne(ctx, rows, dest)
}

func (s *Store) scanOne(ctx context.Context, rows *sql.Rows, dest []any) error {
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return s.fail(err)
		}
		return hermes.Nonexistant
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
	return all, s.fail(rows.Err())
}

func (s *Store) prepare(ctx context.Context, q schema.QueryAppender) (context.Context, string, error) {
	ctx, err := s.begin(ctx)
	if err != nil {
		return nil, "", err
	}
	text, err := q.AppendQuery(s.db().QueryGen(), nil)
	return ctx, string(text), s.fail(err)
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
