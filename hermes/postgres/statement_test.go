package postgres_test

import (
	"context"
	"fmt"
	"regexp"
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

// values are what the calls of one round are about.
type values struct {
	word      string
	digit     int
	at        time.Time
	address   sip.Addr
	alias     sip.Addr
	mac       mac.Addr
	number    e164.Number
	hash      hermes.Hash
	match     hermes.Pattern
	principal hermes.Principal
}

func newValues(t *testing.T, word string, digit int) values {
	t.Helper()
	v := values{
		word:      word,
		digit:     digit,
		at:        time.Date(2030, 1, digit, 0, 0, 0, 0, time.UTC),
		address:   sip.MustParse(word + "@example.com"),
		alias:     sip.MustParse("alias-" + word + "@example.com"),
		mac:       mac.MustParse(fmt.Sprintf("00085d00000%d", digit)),
		number:    e164.MustParse(fmt.Sprintf("+4773500%03d", digit)),
		principal: hermes.Principal{Kind: hermes.UserPrincipal, Name: word},
	}
	copy(v.hash[:], word)
	match := mustPattern(t, "*"+word+"*")
	v.match = match
	return v
}

func mustWrite(t *testing.T, store *postgres.Store, v values) {
	t.Helper()
	ctx := t.Context()
	u := hermes.User{
		Address: v.address, Type: hermes.Local, HA1: v.word, HA1B: v.word, Clear: v.word,
		DisplayName: v.word, Email: v.word,
	}
	key := hermes.Key{ID: v.word, Comment: v.word, Created: v.at}
	session := hermes.Session{ID: v.hash, Principal: v.principal, Expires: v.at, KeyExpires: v.at}
	rotated := session
	rotated.Gen, rotated.Rotated, rotated.Confirmed = 1, v.at, v.at
	for i, err := range []error{
		store.AddUser(ctx, u), store.SetUser(ctx, u), store.SetGroups(ctx, v.address, []string{v.word}),
		store.AddPhone(ctx, hermes.Phone{MAC: v.mac, User: v.address, Line: 1}, hermes.Device{}),
		store.AddPhone(ctx, hermes.Phone{MAC: v.mac, User: v.alias, Line: 2}, hermes.Device{MAC: v.mac, Note: v.word}),
		addAlias(ctx, store, hermes.Alias{Alias: v.alias, Destination: v.address}),
		store.SetDevice(ctx, hermes.Device{MAC: v.mac, Note: v.word, OpenUntil: v.at, Key: hermes.ProvKey{Hash: v.hash}}),
		store.SeePhones(ctx, []hermes.PhoneSeen{{MAC: v.mac, At: v.at}}),
		store.SetDomainKeys(ctx, hermes.DomainKeys{Domain: v.address.Domain(), Current: hermes.ProvKey{Hash: v.hash}}),
		addNumber(ctx, store, v.number), store.SetServers(ctx, hermes.Servers{Domain: v.address.Domain(), ProvURL: v.word}),
		store.ServeDomains(ctx, []sip.Domain{sip.MustParseDomain(v.word + ".example")}),
		store.AddCredential(ctx, hermes.Credential{User: v.word, Hash: v.word}),
		store.SetCredential(ctx, hermes.Credential{User: v.word, Hash: "x" + v.word}),
		store.SetAuthorization(ctx, hermes.Authorization{Principal: v.principal, Access: 4}),
		store.AddKey(ctx, key), store.AddNonce(ctx, hermes.Nonce{ID: v.hash, Expires: v.at}),
		store.AddSession(ctx, session), store.RotateSession(ctx, rotated), store.Touch(ctx, []hermes.Seen{{Session: v.hash, Principal: v.principal, At: v.at}}),
		store.AddLogin(ctx, hermes.KnownLogin{Principal: v.principal, Network: v.word, Expires: v.at}, v.digit),
		store.TrimSessions(ctx, v.principal, v.digit), store.RemoveSessions(ctx, v.principal, v.hash),
	} {
		if err != nil {
			t.Fatalf("write %d: %v", i, err)
		}
	}
}

func mustRead(t *testing.T, store *postgres.Store, v values) {
	t.Helper()
	ctx := t.Context()
	for i, read := range []func() (any, error){
		func() (any, error) { return store.User(ctx, v.address) },
		func() (any, error) { return store.Holder(ctx, v.address) },
		func() (any, error) { return store.Groups(ctx, v.address) },
		func() (any, error) { return store.Users(ctx, hermes.UserQuery{After: v.alias, Limit: v.digit}) },
		func() (any, error) { return store.Users(ctx, hermes.UserQuery{Match: v.match, Limit: v.digit}) },
		func() (any, error) { return store.PhoneLines(ctx, v.mac) },
		func() (any, error) { return store.PhoneSite(ctx, hermes.Phone{MAC: v.mac, User: v.address}) },
		func() (any, error) { return store.UserPhones(ctx, v.address) },
		func() (any, error) { return store.Phones(ctx, hermes.PhoneQuery{Match: v.match, Limit: v.digit}) },
		func() (any, error) { return store.Device(ctx, v.mac) },
		func() (any, error) { return store.DomainKeys(ctx, v.address.Domain()) },
		func() (any, error) { return store.Provisioning(ctx, v.hash, v.mac) },
		func() (any, error) { return store.SealedDevices(ctx, v.mac, v.digit) },
		func() (any, error) { return store.SealedDomains(ctx, v.address.Domain(), v.digit) },
		func() (any, error) { return store.PooledNumber(ctx, v.number, v.at) },
		func() (any, error) { return store.Numbers(ctx, hermes.NumberQuery{After: v.number, Limit: v.digit}) },
		func() (any, error) { return store.SampleNumbers(ctx, hermes.NumberQuery{Limit: v.digit}) },
		func() (any, error) { return store.ShuffledNumbers(ctx, hermes.NumberQuery{Seed: 7, Limit: v.digit}) },
		func() (any, error) { return store.Aliases(ctx, hermes.AliasQuery{Limit: v.digit}) },
		func() (any, error) { return store.Aliases(ctx, hermes.AliasQuery{Alias: v.alias, Limit: v.digit}) },
		func() (any, error) {
			return store.Aliases(ctx, hermes.AliasQuery{Destination: v.address, Limit: v.digit})
		},
		func() (any, error) {
			return store.Aliases(ctx, hermes.AliasQuery{Alias: v.alias, Destination: v.address, Limit: v.digit})
		},
		func() (any, error) { return store.NumberAliased(ctx, v.number) },
		func() (any, error) { return store.DomainServed(ctx, v.address.Domain()) },
		func() (any, error) { return store.Domains(ctx) },
		func() (any, error) { return store.Servers(ctx, v.address.Domain()) },
		func() (any, error) { return store.Credential(ctx, v.word) },
		func() (any, error) { return store.Authorization(ctx, v.principal) },
		func() (any, error) { return store.Authorizations(ctx) },
		func() (any, error) {
			return store.LastingPrincipals(ctx, hermes.PrincipalQuery{Access: 4, After: v.principal, Limit: v.digit})
		},
		func() (any, error) { return store.EverAuthorized(ctx) },
		func() (any, error) { return store.Key(ctx, v.word) },
		func() (any, error) { return store.Keys(ctx) },
		func() (any, error) { return store.Session(ctx, v.hash) },
		func() (any, error) { return store.Logins(ctx, v.at.Add(-1), v.digit) },
		func() (any, error) { return store.TakeNumber(ctx, hermes.TakeQuery{Random: true}) },
		func() (any, error) { return store.AddNumbers(ctx, v.number, v.number) },
	} {
		if _, err := read(); err != nil {
			t.Fatalf("read %d: %v", i, err)
		}
	}
}

func removeAlias(ctx context.Context, s hermes.Store, a sip.Addr) error {
	_, err := s.RemoveAlias(ctx, a)
	return err
}

func addAlias(ctx context.Context, s hermes.Store, a hermes.Alias) error {
	_, err := s.AddAlias(ctx, a, hermes.NumberUse{})
	return err
}

func addNumber(ctx context.Context, s hermes.Store, n e164.Number) error {
	_, err := s.AddNumber(ctx, n, time.Time{})
	return err
}

func removeNumber(ctx context.Context, s hermes.Store, n e164.Number) error {
	_, err := s.RemoveNumber(ctx, n, hermes.NumberUse{})
	return err
}

func removePhone(ctx context.Context, s hermes.Store, p hermes.Phone) error {
	_, err := s.RemovePhone(ctx, p)
	return err
}

func removeUser(ctx context.Context, s hermes.Store, a sip.Addr) error {
	_, err := s.RemoveUser(ctx, a)
	return err
}

func mustRemove(t *testing.T, store *postgres.Store, v values) {
	t.Helper()
	ctx := t.Context()
	for i, err := range []error{
		removeNumber(ctx, store, v.number), store.RemoveSession(ctx, v.hash), store.RemoveKey(ctx, v.word), store.RemoveAuthorization(ctx, v.principal),
		store.RemoveCredential(ctx, v.word), removeAlias(ctx, store, v.alias), removePhone(ctx, store, hermes.Phone{MAC: v.mac, User: v.address}),
		removeUser(ctx, store, v.address),
	} {
		if err != nil {
			t.Fatalf("removal %d: %v", i, err)
		}
	}
	if _, err := store.SweepExpired(ctx, v.at); err != nil {
		t.Fatal(err)
	}
}

// TestStore_StatementText logs every statement, and checks that the texts do not depend on the
// values.
func TestStore_StatementText(t *testing.T) {
	cluster := pgtest.NewCluster(t, pgtest.ClusterOptions{NoFsync: true, Settings: map[string]string{
		"log_statement": "all", "log_parameter_max_length": "0", "shared_preload_libraries": "pg_stat_statements",
	}})
	db := cluster.New(t, pgtest.Options{})
	db.Exec(t, "CREATE EXTENSION pg_stat_statements")
	texts := func(word string, digit int) []string {
		t.Helper()
		store := mustOpen(t, db, nil) // which knows nothing of the pool yet
		before := len(cluster.Log())
		v := newValues(t, word, digit)
		mustWrite(t, store, v)
		mustRead(t, store, v)
		mustRemove(t, store, v)
		if err := store.Close(); err != nil { // waits for what was seen to be written
			t.Fatal(err)
		}
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
		{`SELECT "h"%FROM (SELECT $%) AS k LEFT JOIN %subscriber%`, "User"},
		{"%INSERT INTO %subscriber%", "AddUser"},
		{"SELECT % AS api_key_expires FROM%", "Session"},
		{"%LIKE % ESCAPE %GROUP BY k.username%", "Users with a pattern"},
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
	log = lockID.ReplaceAllString(log, "${1}(id)")
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

// lockID is a call with the id of a lock, which is part of the text and depends on the value.
var lockID = regexp.MustCompile(`(pg_advisory_xact_lock(?:_shared)?)\([0-9]+\)`)

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
	for end := time.Now().Add(60 * time.Second); ; time.Sleep(100 * time.Millisecond) {
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

func mustPattern(t *testing.T, text string) hermes.Pattern {
	t.Helper()
	p, err := hermes.ParsePattern(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func mustSearch(ctx context.Context, t *testing.T, store hermes.Store, glob string) {
	t.Helper()
	match := mustPattern(t, glob)
	if _, err := store.Users(ctx, hermes.UserQuery{Match: match, Limit: 10}); err != nil {
		t.Fatal(err)
	}
}
