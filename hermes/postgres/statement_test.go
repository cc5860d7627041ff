package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/postgres"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// mustCallAll calls every method of the store at least once, with values that contain word and digit.
func mustCallAll(t *testing.T, store *postgres.Store, word string, digit int) {
	t.Helper()
	ctx := t.Context()
	at := time.Date(2030, 1, digit, 0, 0, 0, 0, time.UTC)
	a, alias := sip.MustParse(word+"@example.com"), sip.MustParse("alias-"+word+"@example.com")
	m, n := mac.MustParse(fmt.Sprintf("00085d00000%d", digit)), e164.MustParse(fmt.Sprintf("+4773500%03d", digit))
	var hash hermes.Hash
	copy(hash[:], word)
	match, err := hermes.ParsePattern("*" + word + "*")
	if err != nil {
		t.Fatal(err)
	}
	u := hermes.User{Address: a, Type: hermes.Local, HA1: word, HA1B: word, Clear: word, DisplayName: word, Email: word}
	p := hermes.Principal{Kind: hermes.UserPrincipal, Name: word}
	key := hermes.Key{ID: word, Comment: word, Created: at}
	session := hermes.Session{ID: hash, Principal: p, Expires: at, KeyExpires: at}
	for i, err := range []error{
		store.AddUser(ctx, u), store.SetUser(ctx, u), store.SetGroups(ctx, a, []string{word}),
		store.AddPhone(ctx, hermes.Phone{MAC: m, User: a}), store.AddAlias(ctx, hermes.Alias{Alias: alias, Destination: a}),
		store.AddNumber(ctx, n), store.SetServers(ctx, hermes.Servers{Domain: a.Domain(), ProvURL: word}),
		store.ServeDomains(ctx, []sip.Domain{sip.MustParseDomain(word + ".example")}),
		store.AddCredential(ctx, hermes.Credential{User: word, Hash: word}),
		store.SetCredential(ctx, hermes.Credential{User: word, Hash: "x" + word}),
		store.SetAuthorization(ctx, hermes.Authorization{Principal: p, Access: 4}),
		store.AddKey(ctx, key), store.TouchKey(ctx, word, at), store.AddNonce(ctx, hermes.Nonce{ID: hash, Key: word, Expires: at}),
		store.AddSession(ctx, session), store.RotateSession(ctx, hash, 0, at, at), store.TouchSession(ctx, hash, at),
		store.TrimSessions(ctx, p, digit), store.RemoveSessions(ctx, p, hash),
	} {
		if err != nil {
			t.Fatalf("write %d: %v", i, err)
		}
	}
	for i, read := range []func() (any, error){
		func() (any, error) { return store.User(ctx, a) },
		func() (any, error) { return store.Holder(ctx, a) },
		func() (any, error) { return store.Groups(ctx, a) },
		func() (any, error) { return store.Users(ctx, hermes.UserQuery{After: alias, Limit: digit}) },
		func() (any, error) { return store.Users(ctx, hermes.UserQuery{Match: match, Limit: digit}) },
		func() (any, error) { return store.PhoneUsers(ctx, m) },
		func() (any, error) { return store.UserPhones(ctx, a) },
		func() (any, error) { return store.Phones(ctx, hermes.PhoneQuery{Match: match, Limit: digit}) },
		func() (any, error) { return store.HasNumber(ctx, n) },
		func() (any, error) { return store.Numbers(ctx, hermes.NumberQuery{After: n, Limit: digit}) },
		func() (any, error) { return store.ShuffledNumbers(ctx, hermes.NumberQuery{Seed: 7, Limit: digit}) },
		func() (any, error) { return store.Aliases(ctx, hermes.AliasQuery{Limit: digit}) },
		func() (any, error) { return store.Aliases(ctx, hermes.AliasQuery{Alias: alias, Limit: digit}) },
		func() (any, error) { return store.Aliases(ctx, hermes.AliasQuery{Destination: a, Limit: digit}) },
		func() (any, error) {
			return store.Aliases(ctx, hermes.AliasQuery{Alias: alias, Destination: a, Limit: digit})
		},
		func() (any, error) { return store.NumberAliased(ctx, n) },
		func() (any, error) { return store.DomainServed(ctx, a.Domain()) },
		func() (any, error) { return store.Domains(ctx) },
		func() (any, error) { return store.Servers(ctx, a.Domain()) },
		func() (any, error) { return store.Credential(ctx, word) },
		func() (any, error) { return store.Authorization(ctx, p) },
		func() (any, error) { return store.Authorizations(ctx) },
		func() (any, error) { return store.Key(ctx, word) },
		func() (any, error) { return store.Keys(ctx) },
		func() (any, error) { return store.Session(ctx, hash) },
		func() (any, error) { return store.TakeNonce(ctx, hash) },
		func() (any, error) { return store.TakeNumber(ctx, hermes.Pattern{}, true) },
		func() (any, error) { return store.AddNumbers(ctx, n, n) },
	} {
		if _, err := read(); err != nil {
			t.Fatalf("read %d: %v", i, err)
		}
	}
	for i, err := range []error{
		store.RemoveNumber(ctx, n), store.RemoveSession(ctx, hash), store.RemoveKey(ctx, word), store.RemoveAuthorization(ctx, p),
		store.RemoveCredential(ctx, word), store.RemoveAlias(ctx, alias), store.RemovePhone(ctx, hermes.Phone{MAC: m, User: a}),
		store.RemoveUser(ctx, a),
	} {
		if err != nil {
			t.Fatalf("removal %d: %v", i, err)
		}
	}
	if _, err := store.SweepExpired(ctx, at); err != nil {
		t.Fatal(err)
	}
}

// TestStore_StatementText logs every statement, and checks that the texts do not depend on the values.
func TestStore_StatementText(t *testing.T) {
	cluster := pgtest.NewCluster(t, pgtest.ClusterOptions{NoFsync: true, Settings: map[string]string{
		"log_statement": "all", "log_parameter_max_length": "0", "shared_preload_libraries": "pg_stat_statements",
	}})
	db := cluster.New(t, pgtest.Options{})
	db.Exec(t, "CREATE EXTENSION pg_stat_statements")
	store := mustOpen(t, db, nil)
	texts := func(word string, digit int) []string {
		t.Helper()
		before := len(cluster.Log())
		mustCallAll(t, store, word, digit)
		log := cluster.Log()[before:]
		if !strings.Contains(log, "execute") {
			t.Fatal("the log has no statement")
		}
		if strings.Contains(log, word) {
			t.Errorf("the text of a statement has the value %q", word)
		}
		return statementTexts(log)
	}
	first := texts("canary", 2)
	if d := cmp.Diff(first, texts("sparrow", 3)); d != "" {
		t.Errorf("statements for other values (-first +second):\n%s", d)
	}
	for _, row := range []struct{ query, why string }{
		{"%FROM (SELECT $%) AS k LEFT JOIN%", "User"},
		{"%INSERT INTO %subscriber%", "AddUser"},
		{"SELECT % AS api_key_expires FROM%", "Session"},
		{"%LIKE % ESCAPE %AS k LEFT JOIN%", "Users with a pattern"},
	} {
		rows := db.Query(t, "SELECT query, calls FROM pg_stat_statements WHERE query LIKE $1", row.query)
		if len(rows) != 1 || rows[0][1] != "2" || !strings.Contains(rows[0][0], "$1") {
			t.Errorf("%s: entries %q; want one with placeholders and 2 calls", row.why, rows)
		}
	}
}

// statementTexts returns the different texts in a log of statements, sorted.
func statementTexts(log string) (texts []string) {
	log = strings.ReplaceAll(log, "\n\t", " ")
	for line := range strings.Lines(log) {
		_, text, _ := strings.Cut(line, "LOG:  ")
		kind, text, ok := strings.Cut(text, ": ")
		ofConnection := strings.HasPrefix(text, "SET ") && !strings.HasPrefix(text, "SET LOCAL")
		if ok && (strings.HasPrefix(kind, "execute") || kind == "statement") && !ofConnection {
			texts = append(texts, strings.TrimSpace(text))
		}
	}
	slices.Sort(texts)
	return slices.Compact(texts)
}

// TestStore_Users_Index wants searches for a part of a name to use the trigram index, however
// often they run on one connection.
func TestStore_Users_Index(t *testing.T) {
	db := pgtest.New(t, noFsync)
	store := mustOpen(t, db, &postgres.Options{MaxConns: 1})
	db.Exec(t, `INSERT INTO hermes.users SELECT 'u' || g, 'example.com', 'local', '', '', '', 0, '', 0, '', g, g, '', '', '', ''
		FROM generate_series(1, 30000) AS g`)
	db.Exec(t, "VACUUM ANALYZE hermes.users")
	// Patterns that the index does not serve come first: they must not decide about the plan of
	// the others.
	for _, glob := range []string{"*zq*", "*zw*", "*zx*", "*zy*", "*qz*", "*wz*", "*xz*", "*yz*"} {
		mustSearch(t.Context(), t, store, glob)
	}
	const searches = 10
	for i := range searches {
		mustSearch(t.Context(), t, store, fmt.Sprintf("*u1999%d@*", i))
	}
	const scans = "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'users_search'"
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		var n int
		if _, err := fmt.Sscan(db.Value(t, scans), &n); err != nil {
			t.Fatal(err)
		}
		if n >= searches {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the index was used %d times, want %d", n, searches)
		}
	}
}

func mustSearch(ctx context.Context, t *testing.T, store hermes.Store, glob string) {
	t.Helper()
	match, err := hermes.ParsePattern(glob)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Users(ctx, hermes.UserQuery{Match: match, Limit: 10}); err != nil {
		t.Fatal(err)
	}
}
