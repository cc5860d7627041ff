package bunstore

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/uptrace/bun"
)

// Index is an index on a table of Kamailio's, which only the owner of the table can create.
type Index struct {
	Name string
	SQL  string // the statement that creates it
	Gain string // what it makes faster, for a message
}

// largeTable is the number of rows from which on an index is worth a message.
const largeTable = 100_000

// wantedIndex is an index that Store's statements use where it exists.
type wantedIndex struct {
	Index
	table string
	text  string // is in the definition that PostgreSQL shows, apart from casts
	need  bool
}

// wantedIndexes returns all. trigram is the operator class of the search index, with its schema, or
// empty where there is none. scoped is set where lists are narrowed to domains.
func (i Inspector) wantedIndexes(trigram string, scoped bool) []wantedIndex {
	index := func(name, table, definition, gain string) Index {
		gen := i.s.db.QueryGen()
		create := fmt.Sprintf("CREATE INDEX CONCURRENTLY %s ON ?.? %s", name, definition)
		return Index{Name: name, Gain: gain, SQL: gen.FormatQuery(create, bun.Name(i.s.engine.schema), bun.Name(table))}
	}
	const accounts = `(username COLLATE "C", domain COLLATE "C")`
	const aliases = `(alias_username COLLATE "C", alias_domain COLLATE "C", username COLLATE "C", domain COLLATE "C")`
	bytewise := i.s.layout.Load().bytewise
	ofScope := func(name, table, domain, columns, gain string) wantedIndex {
		columns = strings.Trim(columns, "()")
		if bytewise {
			columns = strings.ReplaceAll(columns, ` COLLATE "C"`, "")
		}
		definition := fmt.Sprintf(`(lower(%s::text COLLATE "C"), %s)`, domain, columns)
		return wantedIndex{
			Index: index(name, table, definition, gain), table: table, need: scoped,
			text: fmt.Sprintf(`lower((%s COLLATE "C")), %s`, domain, columns),
		}
	}
	return []wantedIndex{
		{
			Index: index("subscriber_search", "subscriber", `USING gin (lower((username || '@' || domain) COLLATE "C") `+trigram+")",
				"searches for a part of an address do not read all accounts"),
			table: "subscriber", text: "gin_trgm_ops", need: trigram != "",
		},
		{
			Index: index("dbaliases_search", "dbaliases", `USING gin (lower((alias_username || '@' || alias_domain) COLLATE "C") `+trigram+
				`, lower((username || '@' || domain) COLLATE "C") `+trigram+")", "searches for a part of an address do not read all aliases"),
			table: "dbaliases", text: "gin_trgm_ops", need: trigram != "",
		},
		{
			Index: index("subscriber_bytewise", "subscriber", accounts, "pages of users do not sort all accounts"),
			table: "subscriber", text: accounts[:len(accounts)-1], need: !bytewise,
		},
		{
			Index: index("dbaliases_bytewise", "dbaliases", aliases, "pages of aliases do not sort all of them"),
			table: "dbaliases", text: aliases[:len(aliases)-1], need: !bytewise,
		},
		ofScope("subscriber_scope", "subscriber", "domain", accounts, "lists that are narrowed to a domain do not read all accounts"),
		ofScope("dbaliases_scope", "dbaliases", "alias_domain", aliases, "lists that are narrowed to a domain do not read all aliases"),
	}
}

// MissingIndexes returns the indexes that PostgreSQL's statements would use and that do not exist,
// for tables that are large. The search index is left out where the extension pg_trgm is missing,
// and those for lists that are narrowed to domains where no authorization is.
func (i Inspector) MissingIndexes(ctx context.Context) (missing []Index, err error) {
	var trigram string
	if err := i.s.get(ctx, i.s.raw(postgresTrigram), &trigram); err != nil {
		return nil, err
	}
	indexes := map[string]string{} // the definitions, by table
	_, err = list(ctx, i.s, i.s.raw(postgresIndexes), func(rows *sql.Rows) (struct{}, error) {
		var table, definitions string
		var large bool
		err := rows.Scan(&table, &large, &definitions)
		if large {
			indexes[table] = definitions
		}
		return struct{}{}, err
	}, int64(largeTable))
	if err != nil {
		return nil, err
	}
	scoped := false
	if err := i.s.get(ctx, i.s.raw(someScope), &scoped); err != nil {
		return nil, err
	}
	for _, w := range i.wantedIndexes(trigram, scoped) {
		definitions, large := indexes[w.table]
		if large && w.need && !strings.Contains(withoutCasts.Replace(definitions), w.text) {
			missing = append(missing, w.Index)
		}
	}
	return missing, nil
}

// withoutCasts removes those that PostgreSQL shows of columns that are not of the type text.
var withoutCasts = strings.NewReplacer("(alias_domain)::text", "alias_domain", "(domain)::text", "domain", "(username)::text", "username")

const someScope = "SELECT EXISTS (SELECT 1 FROM ?authorizations AS z WHERE z.domains <> '')"

// postgresTrigram returns the operator class, or an empty text where pg_trgm is missing.
const postgresTrigram = `SELECT coalesce((SELECT quote_ident(n.nspname) || '.gin_trgm_ops' FROM pg_catalog.pg_extension AS e
	JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace WHERE e.extname = 'pg_trgm'), '')`

// postgresIndexes lists tables of Kamailio's: name, whether they have $1 rows by the planner's
// estimate, and the definitions of their indexes.
const postgresIndexes = `SELECT CAST(c.relname AS text), c.reltuples >= $1,
		coalesce(string_agg(pg_get_indexdef(x.indexrelid), ';') FILTER (WHERE x.indisvalid), '')
	FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
	LEFT JOIN pg_catalog.pg_index AS x ON x.indrelid = c.oid
	WHERE n.nspname = ?schema AND c.relname IN ('subscriber', 'dbaliases')
	GROUP BY c.oid, c.relname, c.reltuples`
