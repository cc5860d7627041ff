package kamailiotest_test

import (
	"crypto/md5"
	"fmt"
	"os"
	"testing"

	"github.com/hermes-voip/go-hermes/internal/test/kamailiotest"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// tables is a database with Kamailio's tables.
type tables interface {
	URL() string
	Exec(tb testing.TB, sql string, args ...any)
}

// databases has a function for each kind of database that Kamailio reads, which creates one.
var databases = map[string]func(testing.TB) tables{
	"PostgreSQL": func(tb testing.TB) tables { return pgtest.New(tb, pgtest.Options{NoFsync: true}) },
	"SQLite":     func(tb testing.TB) tables { return kamailiotest.NewSQLite(tb) },
}

// addDomain inserts a row without any code of Hermes, like the functions below. The values are
// constants of these tests and contain no quotes.
func addDomain(tb testing.TB, db tables, domain string) {
	tb.Helper()
	db.Exec(tb, "INSERT INTO domain (domain) VALUES ('"+domain+"')")
}

// addUser inserts a user with the hashes of RFC 2617.
func addUser(tb testing.TB, db tables, a kamailiotest.Account) {
	tb.Helper()
	db.Exec(tb, fmt.Sprintf("INSERT INTO subscriber (username, domain, ha1, ha1b) VALUES ('%s', '%s', '%s', '%s')",
		a.User, a.Domain, md5hex(a.User+":"+a.Domain+":"+a.Password), md5hex(a.Addr()+":"+a.Domain+":"+a.Password)))
}

func addClearUser(tb testing.TB, db tables, a kamailiotest.Account) {
	tb.Helper()
	db.Exec(tb, fmt.Sprintf("INSERT INTO subscriber (username, domain, password) VALUES ('%s', '%s', '%s')",
		a.User, a.Domain, a.Password))
}

func addAlias(tb testing.TB, db tables, alias, domain, user, userDomain string) {
	tb.Helper()
	db.Exec(tb, fmt.Sprintf(`INSERT INTO dbaliases (alias_username, alias_domain, username, domain)
		VALUES ('%s', '%s', '%s', '%s')`, alias, domain, user, userDomain))
}

func md5hex(s string) string { return fmt.Sprintf("%x", md5.Sum([]byte(s))) }

var (
	alice = kamailiotest.Account{User: "alice", Domain: "example.com", Password: "wonderland"}
	bob   = kamailiotest.Account{User: "bob", Domain: "example.com", Password: "builder42"}
	// other has the user name of alice in another domain.
	other = kamailiotest.Account{User: "alice", Domain: "example.net", Password: "lookingglass"}
	// outsider belongs to a domain that Kamailio does not serve.
	outsider = kamailiotest.Account{User: "eve", Domain: "elsewhere.example"}
)

// addUsers inserts two domains and three users.
func addUsers(tb testing.TB, db tables) {
	tb.Helper()
	addDomain(tb, db, "example.com")
	addDomain(tb, db, "example.net")
	for _, a := range []kamailiotest.Account{alice, bob, other} {
		addUser(tb, db, a)
	}
}
