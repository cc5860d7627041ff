package pgconn

import (
	"context"
	"database/sql"
	"errors"
	"io"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/driver/pgdriver"
)

// CopyFrom runs a COPY … FROM STDIN on conn, which is of a pool that [Open] made with
// [Options.Plain], with the data that it reads from r. After an error that is not the server's own
// answer the connection is closed: pgdriver leaves it in the middle of the COPY.
func CopyFrom(ctx context.Context, conn *sql.Conn, query string, r io.Reader) error {
	_, err := pgdriver.CopyFrom(ctx, bun.Conn{Conn: conn}, &wholeReader{r: r}, query)
	if err == nil || State(err) != "" {
		return err
	}
	closeErr := conn.Raw(func(dc any) error { return dc.(*pgdriver.Conn).Conn().Close() })
	return errors.Join(err, closeErr)
}

// wholeReader never returns data together with an error: pgdriver would lose the data.
type wholeReader struct {
	r   io.Reader
	err error // to be returned next
}

// Read implements [io.Reader].
func (w *wholeReader) Read(p []byte) (n int, err error) {
	if w.err != nil {
		return 0, w.err
	}
	n, err = w.r.Read(p)
	if n > 0 && err != nil {
		w.err, err = err, nil
	}
	return n, err
}
