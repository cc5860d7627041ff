package bunstore

import (
	"fmt"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
	"github.com/uptrace/bun/schema"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// stamp is a time column: timestamptz on PostgreSQL, microseconds since 1970 on SQLite, which has
// no type that compares as time does. The zero time is NULL.
type stamp time.Time

// AppendQuery implements schema.QueryAppender.
func (t stamp) AppendQuery(gen schema.QueryGen, b []byte) ([]byte, error) {
	switch v := time.Time(t); {
	case v.IsZero():
		return dialect.AppendNull(b), nil
	case gen.Dialect().Name() == dialect.SQLite:
		return gen.Append(b, v.UnixMicro()), nil
	default:
		return gen.Dialect().AppendTime(b, v.UTC()), nil
	}
}

// Scan implements sql.Scanner.
func (t *stamp) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*t = stamp{}
	case time.Time:
		*t = stamp(v.UTC())
	case int64:
		*t = stamp(time.UnixMicro(v).UTC())
	default:
		return fmt.Errorf("time column of type %T: want a time or microseconds", src)
	}
	return nil
}

// binary is a column of bytes; it is never NULL.
type binary []byte

// AppendQuery implements schema.QueryAppender.
func (v binary) AppendQuery(gen schema.QueryGen, b []byte) ([]byte, error) {
	return gen.Dialect().AppendBytes(b, append([]byte{}, v...)), nil
}

func hashColumn(h hermes.Hash) binary { return h[:] }

// hash reads a column; bytes that are no hash, which this package never writes, are one that nothing has.
func (v binary) hash() (h hermes.Hash) {
	if len(v) == len(h) {
		copy(h[:], v)
	}
	return h
}

// assign is a column and its value. A list of them is written as a list of columns, of
// values or of both.
type assign struct {
	column string
	value  any
}

type assigns []assign

func (l assigns) columns() schema.QueryAppender {
	return l.joined(func(a assign) schema.QueryAppender { return bun.Name(a.column) })
}

func (l assigns) values() schema.QueryAppender {
	return l.joined(func(a assign) schema.QueryAppender { return raw("?", a.value) })
}

func (l assigns) sets() schema.QueryAppender {
	return l.joined(func(a assign) schema.QueryAppender { return raw("? = ?", bun.Name(a.column), a.value) })
}

func (l assigns) joined(item func(assign) schema.QueryAppender) commaList {
	var items commaList
	for _, a := range l {
		items = append(items, item(a))
	}
	return items
}

// commaList writes its items with commas between.
type commaList []schema.QueryAppender

// AppendQuery implements schema.QueryAppender.
func (l commaList) AppendQuery(gen schema.QueryGen, b []byte) (_ []byte, err error) {
	for i, item := range l {
		if i > 0 {
			b = append(b, ", "...)
		}
		if b, err = item.AppendQuery(gen, b); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// key is an address as the values of its two columns.
func key(a sip.Addr) (username, domain string) { return a.User(), a.Domain().String() }

// like matches folded text against a pattern; the zero pattern matches all. text may be built of
// columns only.
func like(text string, p hermes.Pattern) schema.QueryAppender {
	if p.IsZero() {
		return bun.Safe("1 = 1")
	}
	return raw(text+" LIKE ? ESCAPE '!'", p.Like())
}
