package postgres

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/hermes-voip/go-hermes/internal/bunstore"
)

// hostTx is a transaction that the host began and will end.
type hostTx struct{ tx *sql.Tx }

// hostTime is how long the statements of one change in a host's transaction may take together.
const hostTime = 10 * time.Second

// run implements [bunstore.RunTx] with a savepoint. The statements have a context of their own: a
// driver that breaks one off loses the connection, and with it all that the host did.
func (h hostTx) run(ctx context.Context, opts bunstore.TxOptions, fn func(context.Context, bunstore.Conn) error) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	limit := hostTime
	if opts.Pool == bunstore.Bulk {
		limit = bulkTime
	}
	own, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	if err := h.exec(own, "SAVEPOINT hermes"); err != nil {
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
	if err := h.exec(own, "RELEASE SAVEPOINT hermes"); err != nil {
		return err
	}
	kept = true
	return nil
}

func (h hostTx) undo(ctx context.Context) error {
	if err := h.exec(ctx, "ROLLBACK TO SAVEPOINT hermes"); err != nil {
		return err
	}
	return h.exec(ctx, "RELEASE SAVEPOINT hermes")
}

func (h hostTx) exec(ctx context.Context, statement string) error {
	_, err := h.tx.ExecContext(ctx, statement)
	return err
}
