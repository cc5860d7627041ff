package postgres

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/hermes-voip/go-hermes/internal/bunstore"
)

// hostTx is a transaction that the host began and will end.
type hostTx struct{ tx *sql.Tx }

// hostTime bounds the statements of one change in a host's transaction.
const hostTime = 10 * time.Second

func (h hostTx) store(ctx context.Context, opts Options) (*bunstore.Store, error) {
	return bunstore.New(ctx, bunstore.Options{
		Dialect: pgdialect.New(), Reads: h.tx, RunTx: h.runTx, KamailioSchema: opts.KamailioSchema,
	})
}

// runTx implements bunstore.RunTx with a savepoint. The statements run on a context of their own: a driver that breaks
// one off loses the connection, and with it all that the host did.
func (h hostTx) runTx(ctx context.Context, opts bunstore.TxOptions, fn func(context.Context, bunstore.Conn) error) (err error) {
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
		if lost := h.undo(own); lost != nil { // after a panic, too
			err = errors.Join(err, lost)
		}
	}()
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
