package bunstore

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"
)

// bulkPage is the number of rows from which on a page is read on the pool Bulk.
const bulkPage = 1000

// shortPage is the number of rows up to which a page is short: a page of 100 entries, and one more
// row that says whether there are others.
const shortPage = 101

// usualRow is the length in bytes for which room is made.
const usualRow = 64

// CopyTo runs "COPY (query) TO STDOUT" on a connection of its own and writes what the database
// sends to w. Placeholders in the query have the values of args.
type CopyTo func(ctx context.Context, w io.Writer, query string, args ...any) error

// pages returns a statement for the pages that query selects, sorted by order, with a number of
// rows that is the argument rows. PostgreSQL takes a page of an unknown number of rows for one of a
// tenth of the table, so that a plan for the number at hand always looks better than the one it
// could keep: it would make one for every page, which takes as long as to read 100 rows. That the
// rows of short pages are at most shortPage is in the text.
func (b *builder) pages(rows place, order string, query func(most schema.QueryAppender) schema.QueryAppender) statement {
	st := b.statement(Data, query(rows))
	if b.engine.keepsPlans {
		short := b.NewSelect().ColumnExpr("q.*").TableExpr("(?) AS q", query(bun.Safe(strconv.Itoa(shortPage)))).OrderExpr(order)
		st.short = b.statement(Data, limit(short, rows)).text
	}
	return st
}

// page is list for a statement whose last argument is the greatest number of rows.
func page[T any](
	ctx context.Context, s *Store, st statement, limit int, scan func(*sql.Rows) (T, error), args ...any,
) ([]T, error) {
	if limit >= bulkPage && st.pool == Data {
		st.pool = Bulk
	}
	if limit <= shortPage && st.short != "" {
		st.text = st.short
	}
	return list(ctx, s, st, scan, append(args, int64(limit))...)
}

// textPage is page for a statement of which all columns, whose number is given, are texts that
// are not NULL. entry must not keep the slice that it is given. Outside a transaction, and where
// the database can do that, long pages are copied, which costs a third of reading rows.
func textPage[T any](
	ctx context.Context, s *Store, st statement, limit, columns int, entry func(row []string) T, args ...any,
) ([]T, error) {
	if limit >= bulkPage && s.copyTo != nil && s.tx == nil {
		return copyPage(ctx, s, st, limit, columns, entry, args...)
	}
	row, dest := make([]string, columns), make([]any, columns)
	for i := range row {
		dest[i] = &row[i]
	}
	return page(ctx, s, st, limit, func(rows *sql.Rows) (v T, err error) {
		if err := rows.Scan(dest...); err != nil {
			return v, err
		}
		return entry(row), nil
	}, args...)
}

// copyPage reads the rows of a statement by COPY. All texts of a page are parts of one string, so
// that there is no allocation for a row.
func copyPage[T any](
	ctx context.Context, s *Store, st statement, limit, columns int, entry func(row []string) T, args ...any,
) (all []T, err error) {
	if !s.holds(args) {
		return nil, nil
	}
	var copied strings.Builder
	copied.Grow(limit * usualRow)
	if err := s.copyTo(ctx, &copied, st.text, append(args, int64(limit))...); err != nil {
		return nil, err
	}
	text := copied.String()
	if n := strings.Count(text, "\n"); n > 0 {
		all = make([]T, 0, n)
	}
	row := make([]string, columns)
	for line := range strings.Lines(text) {
		if err := splitCopied(line, row); err != nil {
			return nil, err
		}
		all = append(all, entry(row))
	}
	return all, nil
}

// splitCopied sets row to the columns of a line in the text format of COPY.
func splitCopied(line string, row []string) error {
	rest, whole := strings.CutSuffix(line, "\n")
	last := len(row) - 1
	for i := range last {
		var more bool
		row[i], rest, more = strings.Cut(rest, "\t")
		whole = whole && more
	}
	row[last] = rest
	if !whole || strings.Contains(rest, "\t") {
		return fmt.Errorf("a row of COPY is %q, want %d columns", line, len(row))
	}
	if strings.Contains(line, `\`) {
		for i, column := range row {
			row[i] = copyEscapes.Replace(column)
		}
	}
	return nil
}

// copyEscapes are all that PostgreSQL writes.
var copyEscapes = strings.NewReplacer(`\\`, `\`, `\b`, "\b", `\f`, "\f", `\n`, "\n", `\r`, "\r", `\t`, "\t", `\v`, "\v")
