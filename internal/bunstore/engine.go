package bunstore

import (
	"time"

	"github.com/uptrace/bun/dialect"
	"github.com/uptrace/bun/schema"

	"github.com/hermes-voip/go-hermes/hermes"
)

// engine is how the databases differ. Its texts are formatted by bun, which replaces the names of
// tables, such as ?users, and the words.
type engine struct {
	// folder has the SQL files for the database.
	folder string
	// schema is that of Kamailio's tables. It is empty where there are none.
	schema string
	// words are named arguments: C is the byte-wise collation, and theirs makes a value compare
	// as a column of Kamailio's does, so that its index serves.
	words map[string]string
	// stamp returns a time as its column takes it.
	stamp func(time.Time) any

	// lockCalls returns calls of functions that take locks until the end of the transaction, in the
	// order of the ids, separated by commas. It returns an empty text where there are no locks to
	// take, because there is one writer at a time.
	lockCalls func([]hermes.Lock) string
	// keepsPlans is set where a prepared statement may keep the plan that was made for other
	// values.
	keepsPlans bool
	// writesInWith is set where a WITH clause may write.
	writesInWith bool
	// ownID is an id that no row has, where the database numbers rows by a sequence.
	ownID string
	// locksRows is set where several transactions may write, so that a row can be locked by
	// another one.
	locksRows bool

	// stopsInFirstStep is set where the end of a context stops a statement only until its first row
	// is there, so that a statement of the pool Scan has to find all of its rows before.
	stopsInFirstStep bool

	noBytes string // the empty value of a column of bytes

	same string // whether the column ?0 of Kamailio's is the text ?1
	// folds is the domain in the column ? in lower case, as the indexes for scopes have it.
	folds string

	// accountsAfter is the condition that a row of subscriber is after the address ?0@?1, and
	// accountsOrder their order, for which its index serves. On SQLite, rows with a blob as user name
	// are not among them: blobAccountsAfter and blobAccountsOrder are for these. accountsIn is
	// accountsAfter for rows of which the user name is also from ?2 up to ?3.
	accountsAfter, accountsOrder         string
	accountsIn                           string
	blobAccountsAfter, blobAccountsOrder string
	// aliasesAfter and so on are the same for the rows of dbaliases after the alias ?0@?1 that leads
	// to ?2@?3.
	aliasesAfter, aliasesOrder         string
	blobAliasesAfter, blobAliasesOrder string

	// holds reports whether a text column can have s. If nil, it can have any text.
	holds func(s string) bool

	// folded is the condition that the address of a row matches a search that is not in ASCII, of
	// which ?0 is the pattern for LIKE and ?1 and so on are what foldedArgs returns.
	folded     string
	foldedArgs func(hermes.Pattern) []any

	properties string // returns one row of properties
	columns    string // lists columns of Kamailio's tables; see column
	// comparesExactly reports whether the column ?1 of the table ?0 tells texts apart. It is empty
	// where columns says so.
	comparesExactly string

	// possibleTime is the column ? of a time of the audit trail, or NULL where another program has
	// written one that is not from 1970 to 9998, since Go or JSON may not have it.
	possibleTime string

	jsonTexts string // the texts of the JSON array ?, as a table with the column value

	over           string // selects the reserved numbers whose time is not after ?0, by an index
	reservedByTime string // the reserved numbers, as the table n, read by the index of their time
	isOver         string // whether the time of n is not after the argument ?

	addNumbers       string // inserts the numbers from $1 to $2, except those that are aliases
	beforeAddNumbers string
	afterAddNumbers  string
	analyzeNumbers   string // gathers the planner's statistics

	pinPath        string // makes pg_catalog the only schema that need not be named, in a transaction
	ownTables      string // returns one row of ownTables
	lockMigrations string // waits for other migrators for a short time
	migrated       string // undoes for the rest of the transaction what lockMigrations has set
	search         string // makes searches for parts of names fast; may run again
	hasTable       string // reports whether Kamailio's table with the name $1 exists

	// The rest is for Inspector.

	server       string // returns one row of Server
	stockColumns string // lists columns of Kamailio's tables: table, name, whether it needs a value
	triggers     string // lists triggers on Kamailio's tables
	isNumber     string // whether the column ? has the shape of an E.164 number
	isInteger    string // whether the column ? is the text of an integer
}

func newEngine(d schema.Dialect, kamailioSchema string) engine {
	if d.Name() != dialect.PG {
		return sqliteEngine()
	}
	if kamailioSchema == "" {
		kamailioSchema = "public"
	}
	return postgresEngine(kamailioSchema)
}
