package postgres

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/hermes-voip/go-hermes/internal/bunstore"
)

// RunInTx runs fn in a new transaction of a host's own database, which may be of any driver. It
// commits the transaction if fn returns nil, and then calls what has to follow the commit, such as
// [hermes.Options].UserRemoved. Otherwise, or if fn panics, it rolls back; an error of fn is
// returned as it is. fn runs once, writes through tx and through the store, and must not end tx.
// What [InTx] says about the store holds here, too.
func RunInTx(ctx context.Context, db *sql.DB, opts *Options, fn func(tx *sql.Tx, store *Store) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after the commit
	store, err := InTx(ctx, tx, opts)
	if err != nil {
		return err
	}
	if err := fn(tx, store); err != nil {
		return err
	}
	// Some drivers return nil for the COMMIT of a transaction that a failed statement has ended.
	if _, err := tx.ExecContext(ctx, "SELECT 1"); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	return store.Committed()
}

// hostTx is a transaction that the host began and will end.
type hostTx struct {
	tx    *sql.Tx
	after []func() // what to call after the commit
}

func (h *hostTx) afterCommit(f func()) { h.after = append(h.after, f) }

// committed calls what has to follow the commit. It fails if the transaction has not ended.
func (h *hostTx) committed() error {
	if _, err := h.tx.Exec("SELECT 1"); !errors.Is(err, sql.ErrTxDone) {
		return errors.New("postgres: Committed was called before the transaction of the host has ended")
	}
	after := h.after
	h.after = nil
	for _, f := range after {
		f()
	}
	return nil
}

// hostTime is how long the statements of one change in a host's transaction may take together.
const hostTime = 10 * time.Second

const (
	// beginChange keeps the host's search_path in a setting of its own and replaces it by pg_catalog.
	// ROLLBACK TO SAVEPOINT undoes both.
	beginChange = "SAVEPOINT hermes; SELECT " +
		"pg_catalog.set_config('hermes.search_path', pg_catalog.current_setting('search_path'), true), " +
		"pg_catalog.set_config('search_path', 'pg_catalog', true)"
	// endChange sets the host's search_path again.
	endChange = "SELECT pg_catalog.set_config('search_path', pg_catalog.current_setting('hermes.search_path'), true); " +
		"RELEASE SAVEPOINT hermes"
)

// run implements [bunstore.RunTx] with a savepoint. The statements have a context of their own: a
// driver that breaks one off loses the connection, and with it all that the host did.
func (h *hostTx) run(ctx context.Context, opts bunstore.TxOptions, fn func(context.Context, bunstore.Conn) error) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	limit := hostTime
	if opts.Pool == bunstore.Bulk {
		limit = bulkTime
	}
	own, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	if err := h.exec(own, beginChange); err != nil {
		return err
	}
	kept := false
	defer func() {
		if kept {
			return
		}
		if undoErr := h.undo(own); undoErr != nil { // after a panic, too
			err = errors.Join(err, undoErr)
		}
	}()
	if opts.Locks != "" {
		if err := h.exec(own, "SELECT "+opts.Locks); err != nil {
			return err
		}
	}
	if err := fn(own, h.tx); err != nil {
		return err
	}
	if err := h.exec(own, endChange); err != nil {
		return err
	}
	kept = true
	return nil
}

func (h *hostTx) undo(ctx context.Context) error {
	if err := h.exec(ctx, "ROLLBACK TO SAVEPOINT hermes"); err != nil {
		return err
	}
	return h.exec(ctx, "RELEASE SAVEPOINT hermes")
}

func (h *hostTx) exec(ctx context.Context, statement string) error {
	_, err := h.tx.ExecContext(ctx, statement)
	return err
}
