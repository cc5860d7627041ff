package bunstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// statement is a text with placeholders, and how it runs.
type statement struct {
	text string
	// dry is the text for a transaction that is rolled back. If empty, it is the same.
	dry string
	// short is the text for a page of at most shortPage rows. If empty, it is the same.
	short string
	pool  Pool // where it runs outside a transaction, or where its transaction runs
	// planEachTime prepares the statement for every run, because the best plan depends on the
	// values.
	planEachTime bool
	pooling      pooling
	refused      error // if not nil, the statement does not run and this is its error
}

// frees returns the statement, which may make numbers free.
func (st statement) frees() statement {
	st.pooling.frees = true
	return st
}

// takes returns the statement, which may take numbers.
func (st statement) takes() statement {
	st.pooling.takes = true
	return st
}

// pooling is how a statement may change which numbers can be taken.
type pooling struct {
	frees bool // some can be taken when its transaction is committed
	takes bool // some can be taken again when its transaction is rolled back
}

func (p pooling) or(q pooling) pooling {
	return pooling{frees: p.frees || q.frees, takes: p.takes || q.takes}
}

// sql returns the statements, for methods that do not depend on which of Kamailio's tables exist.
func (s *Store) sql() *statements { return &s.layout.Load().statements }

// runner is what a statement runs on.
type runner interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// prepared is a statement that was prepared for one run.
type prepared struct{ stmt *sql.Stmt }

// ExecContext implements runner.
func (p prepared) ExecContext(ctx context.Context, _ string, args ...any) (sql.Result, error) {
	return p.stmt.ExecContext(ctx, args...)
}

// QueryContext implements runner.
func (p prepared) QueryContext(ctx context.Context, _ string, args ...any) (*sql.Rows, error) {
	return p.stmt.QueryContext(ctx, args...)
}

// run calls fn with the context and the connection for a statement. In a transaction the context
// is the transaction's: a statement that is broken off may go on in the database, so that only
// callers that are still there start one.
func (s *Store) run(ctx context.Context, st statement, fn func(context.Context, runner) error) error {
	if st.refused != nil {
		return st.refused
	}
	tx := s.tx
	if tx == nil {
		return s.read(ctx, st.pool, func(ctx context.Context, c Conn) error { return s.runOn(ctx, c, st, fn) })
	}
	if err := tx.usable(ctx); err != nil {
		return err
	}
	if last := tx.last; last != "" {
		tx.last = ""
		if err := s.command(ctx, last); err != nil {
			return err
		}
	}
	tx.pooling = tx.pooling.or(st.pooling)
	if s.time == 0 || tx.bulk || st.pool == Bulk {
		return s.fail(s.runOn(tx.ctx, tx.conn, st, fn))
	}
	return s.fail(InTime(tx.ctx, s.time, func(ctx context.Context) error { return s.runOn(ctx, tx.conn, st, fn) }))
}

// runOn calls fn with c, and reports its error.
func (s *Store) runOn(ctx context.Context, c Conn, st statement, fn func(context.Context, runner) error) (err error) {
	defer func() {
		if err != nil {
			s.failed(err)
		}
	}()
	if !st.planEachTime || !s.engine.keepsPlans {
		return fn(ctx, c)
	}
	stmt, err := c.PrepareContext(ctx, st.text)
	if err != nil {
		return err
	}
	defer stmt.Close()
	return fn(ctx, prepared{stmt})
}

// InTime runs fn with a context that ends after d. Where fn fails because of that, the error says
// so.
func InTime(ctx context.Context, d time.Duration, fn func(context.Context) error) error {
	own, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	err := fn(own)
	if err != nil && own.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("the statement took longer than %s: %w", d, own.Err())
	}
	return err
}

// textOf returns the text of a statement for the transaction of s.
func (s *Store) textOf(st statement) string {
	if s.tx != nil && s.tx.dry && st.dry != "" {
		return st.dry
	}
	return st.text
}

// exec runs a statement that writes, in the transaction of s, and returns the number of its rows.
func (s *Store) exec(ctx context.Context, st statement, args ...any) (n int64, err error) {
	err = s.run(ctx, st, func(ctx context.Context, c runner) error {
		res, err := c.ExecContext(ctx, s.textOf(st), s.bound(args)...)
		if err != nil {
			return err
		}
		n, err = res.RowsAffected()
		return err
	})
	return n, err
}

// change runs a statement that writes in the transaction of s, or else in one of its own, and
// returns none where that changed no row.
func (s *Store) change(ctx context.Context, st statement, none error, args ...any) error {
	return s.write(ctx, TxOptions{Pool: st.pool}, nil, func(in *Store) error {
		n, err := in.exec(ctx, st, args...)
		if err == nil && n == 0 {
			return none
		}
		return err
	})
}

// get reads the first row of a statement into dest, which is a model or a pointer to the value of
// the only column. It returns NotFound where there is no row.
func (s *Store) get(ctx context.Context, st statement, dest any, args ...any) error {
	return s.first(ctx, st, args, func(ctx context.Context, rows *sql.Rows) error {
		return s.db.ScanRow(ctx, rows, dest)
	})
}

// errEnough ends a query whose further rows are not wanted.
var errEnough = errors.New("enough rows")

// first calls scan for the first row of a statement. It returns NotFound where there is no row. In
// a transaction it reads the others too, because a statement that writes may not be over before.
func (s *Store) first(ctx context.Context, st statement, args []any, scan func(context.Context, *sql.Rows) error) error {
	found := false
	err := s.query(ctx, st, args, func(ctx context.Context, rows *sql.Rows) error {
		if found {
			return nil
		}
		found = true
		if err := scan(ctx, rows); err != nil || s.tx != nil {
			return err
		}
		return errEnough
	})
	if err == nil && !found {
		return hermes.NotFound
	}
	return err
}

// list reads all rows of a statement. scan reads one: bun's reflection for each row would cost
// more than the rest of a long page.
func list[T any](ctx context.Context, s *Store, st statement, scan func(*sql.Rows) (T, error), args ...any) ([]T, error) {
	var all []T
	err := s.query(ctx, st, args, func(_ context.Context, rows *sql.Rows) error {
		v, err := scan(rows)
		all = append(all, v)
		return err
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// query runs a statement and calls each for every row.
func (s *Store) query(ctx context.Context, st statement, args []any, each func(context.Context, *sql.Rows) error) error {
	if !s.holds(args) {
		return nil
	}
	return s.run(ctx, st, func(ctx context.Context, c runner) error {
		rows, err := c.QueryContext(ctx, s.textOf(st), s.bound(args)...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			switch err := each(ctx, rows); {
			case err == errEnough:
				return rows.Close()
			case err != nil:
				return err
			}
		}
		return rows.Err()
	})
}

// holds reports whether the database can have all texts of args. A row that a statement reads by
// another one does not exist.
func (s *Store) holds(args []any) bool {
	return s.engine.holds == nil || !slices.ContainsFunc(args, func(a any) bool {
		t, ok := a.(string)
		return ok && !s.engine.holds(t)
	})
}

// bound replaces times in args by what the database keeps of them, and returns args.
func (s *Store) bound(args []any) []any {
	for i, a := range args {
		if t, ok := a.(stamp); ok {
			args[i] = s.engine.stamp(time.Time(t))
		}
	}
	return args
}
