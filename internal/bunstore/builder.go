package bunstore

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
	"github.com/uptrace/bun/schema"
)

// statements are all that depend on the layout. Each group is in the file of its noun.
type statements struct {
	userStatements
	userListStatements
	userSearchStatements
	groupStatements
	phoneStatements
	deviceStatements
	numberStatements
	takeStatements
	reservedStatements
	rangeStatements
	sampleStatements
	aliasStatements
	aliasListStatements
	domainStatements
	authStatements
	keyStatements
	sessionStatements
	loginStatements
	answerStatements
	secretStatements
	auditStatements
	auditSealStatements
	recordCountStatements
}

// builder builds statements. Beside the names of tables, its texts may have
//
//	?C          the byte-wise collation
//	?T          after a column of Kamailio's, makes it a text, of which its index serves, too
//	?B          both, but without the collation where these columns compare byte-wise by
//	            themselves, so that their index serves
//
// A read may run on a host's connection, where the schemas of the host's search_path come after
// pg_catalog. The operands of its operators have to have the very types of an operator of
// pg_catalog: for other types, such as varchar, PostgreSQL would prefer an operator of another
// schema that has them, and run a function of whoever made that.
//
// lower() of a text with ?C folds ASCII only in both databases, as [hermes.Fold] does.
type builder struct {
	*bun.DB
	engine engine
	layout *layout
	dry    bool // the statement is for a transaction that is rolled back
	errs   []error
}

func (d *database) build(l *layout) (statements, error) {
	theirs := d.engine.words["T"]
	if !l.bytewise {
		theirs += " " + d.engine.words["C"]
	}
	b := &builder{DB: d.db.WithNamedArg("B", bun.Safe(theirs)), engine: d.engine, layout: l}
	all := statements{
		userStatements:        b.userStatements(),
		userListStatements:    b.userListStatements(),
		userSearchStatements:  b.userSearchStatements(),
		groupStatements:       b.groupStatements(),
		phoneStatements:       b.phoneStatements(),
		deviceStatements:      b.deviceStatements(),
		numberStatements:      b.numberStatements(),
		takeStatements:        b.takeStatements(),
		reservedStatements:    b.reservedStatements(),
		rangeStatements:       b.rangeStatements(),
		sampleStatements:      b.sampleStatements(),
		aliasStatements:       b.aliasStatements(),
		aliasListStatements:   b.aliasListStatements(),
		domainStatements:      b.domainStatements(),
		authStatements:        b.authStatements(),
		keyStatements:         b.keyStatements(),
		sessionStatements:     b.sessionStatements(),
		loginStatements:       b.loginStatements(),
		answerStatements:      b.answerStatements(),
		secretStatements:      b.secretStatements(),
		auditStatements:       b.auditStatements(),
		auditSealStatements:   b.auditSealStatements(),
		recordCountStatements: b.recordCountStatements(),
	}
	return all, errors.Join(b.errs...)
}

// statement returns a statement that runs on pool outside a transaction.
func (b *builder) statement(pool Pool, q schema.QueryAppender) statement {
	text, err := q.AppendQuery(b.QueryGen(), nil)
	if err == nil && bytes.Contains(text, []byte("?!(")) { // so bun writes the error of an argument
		err = errors.New("an argument cannot be written")
	}
	if err != nil {
		b.errs = append(b.errs, fmt.Errorf("statement %q: %w", text, err))
	}
	st := statement{text: string(text), pool: pool}
	if pool != Auth { // these have none of Kamailio's tables
		st.refused = b.layout.refused
	}
	if pool == Scan && b.engine.stopsInFirstStep {
		st.text = "WITH page AS MATERIALIZED (" + st.text + ") SELECT * FROM page"
	}
	return st
}

// numbered returns a statement that inserts rows of a table which the database numbers. query makes
// the query, and calls numberRow.
func (b *builder) numbered(pool Pool, query func() schema.QueryAppender) statement {
	st := b.statement(pool, query())
	if b.engine.ownID != "" {
		b.dry = true
		st.dry = b.statement(pool, query()).text
		b.dry = false
	}
	return st
}

// numberRow adds the column id to a query that inserts rows of Kamailio's table, and its value to
// the rows, if the statement must not let the database number them: a sequence takes no number
// back.
func (b *builder) numberRow(q *bun.InsertQuery, table string, rows *bun.SelectQuery) {
	if _, ok := b.layout.widths[table+".id"]; !b.dry || !ok {
		return
	}
	q.Column("id")
	if rows == nil {
		q.Value("id", b.engine.ownID)
	} else {
		rows.ColumnExpr(b.engine.ownID + " AS id")
	}
}

// raw returns a statement that reads, of a text in which bun replaces ? and names of tables.
func (d *database) raw(text string, args ...any) statement {
	return statement{text: d.db.QueryGen().FormatQuery(text, args...)}
}

// place writes the placeholder of the argument with that number, the first being 1.
type place int

// AppendQuery implements [schema.QueryAppender].
func (p place) AppendQuery(gen schema.QueryGen, b []byte) ([]byte, error) {
	if gen.Dialect().Name() == dialect.PG {
		return fmt.Appendf(b, "$%d", p), nil
	}
	return fmt.Appendf(b, "?%d", p), nil
}

// text is place for a text where PostgreSQL cannot tell the type, or would deduce different ones.
type text int

// AppendQuery implements [schema.QueryAppender].
func (t text) AppendQuery(gen schema.QueryGen, b []byte) ([]byte, error) {
	b, err := place(t).AppendQuery(gen, b)
	if gen.Dialect().Name() == dialect.PG {
		b = append(b, "::pg_catalog.text"...)
	}
	return b, err
}

// limit adds LIMIT with a placeholder, which bun's builder does not have.
func limit(q schema.QueryAppender, p place) schema.QueryAppender { return limitTo(q, p) }

// limitTo is limit with any expression.
func limitTo(q, rows schema.QueryAppender) schema.QueryAppender {
	return bun.SafeQuery("? LIMIT ?", q, rows)
}

// modelType returns the type of a model, of which a pointer is given.
func modelType(model any) reflect.Type { return reflect.TypeOf(model).Elem() }

// columns returns those of a model, without an id that the database numbers.
func columns(db *bun.DB, model any) (columns []*schema.Field) {
	for _, f := range db.Table(modelType(model)).Fields {
		if !f.AutoIncrement {
			columns = append(columns, f)
		}
	}
	return columns
}

// args returns the values of a model, but for some columns, in the order in which insert and update
// number them.
func (d *database) args(model any, without ...string) (args []any) {
	row := reflect.ValueOf(model).Elem()
	for _, f := range columns(d.db, model) {
		if !slices.Contains(without, f.Name) {
			args = append(args, f.Value(row).Interface())
		}
	}
	return args
}

// insert builds an INSERT of all columns of a model.
func (b *builder) insert(model any) *bun.InsertQuery {
	// Otherwise bun would ask for the columns whose value it does not know.
	q := b.NewInsert().Model(model).Returning("NULL")
	for i, f := range columns(b.DB, model) {
		q.Column(f.Name).Value(f.Name, "?", place(i+1))
	}
	return q
}

// insertInto returns the beginning of an INSERT of all columns of a model; the rows follow.
func insertInto(db *bun.DB, model any) bun.Safe {
	var names []bun.Ident
	for _, f := range columns(db, model) {
		names = append(names, bun.Ident(f.Name))
	}
	return bun.Safe(db.QueryGen().FormatQuery("INSERT INTO ? ? VALUES", db.Table(modelType(model)).SQLName, bun.Tuple(names)))
}

// update builds an UPDATE of a model in the rows whose first columns, keys of them, have the
// values of the model's.
func (b *builder) update(model any, keys int) *bun.UpdateQuery {
	q := b.NewUpdate().Model(model)
	for i, f := range columns(b.DB, model) {
		if i < keys {
			q.Where("?TableAlias.? = ?", bun.Ident(f.Name), text(i+1))
		} else {
			q.Set("? = ?", bun.Ident(f.Name), place(i+1))
		}
	}
	return q
}
