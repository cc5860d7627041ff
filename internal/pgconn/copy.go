package pgconn

import (
	"context"
	"database/sql"
	"errors"
	"io"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/driver/pgdriver"
)

// CopyTo runs "COPY (query) TO STDOUT" on a connection of db, a pool that [Open] made with
// [Options.Plain], and writes the rows to w, whose errors it returns. Placeholders in the query
// have the values of args: COPY takes no parameters, so that pgdriver writes them into the text.
// When ctx ends, so does the connection: pgdriver would read to the end.
func CopyTo(ctx context.Context, db *sql.DB, w io.Writer, query string, args ...any) (err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	stop := func() bool { return true }
	err = conn.Raw(func(dc any) error {
		cn := dc.(*pgdriver.Conn)
		stop = context.AfterFunc(ctx, func() { _ = cn.Conn().Close() })
		return nil
	})
	if err == nil {
		_, err = pgdriver.CopyTo(ctx, bun.Conn{Conn: conn}, w, "COPY ("+query+") TO STDOUT", args...)
	}
	if !stop() {
		return errors.Join(ctx.Err(), err)
	}
	return err
}
