package postgres_test

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
	"github.com/hermes-voip/go-hermes/sip"
)

// TestStore_Ready_Columns wants a store to refuse to work where Bob could be taken for bob, and to
// work again when the column has been mended.
func TestStore_Ready_Columns(t *testing.T) {
	db := pgtest.New(t, noFsync)
	mustOpen(t, db, nil)
	db.Exec(t, `CREATE EXTENSION citext; CREATE DOMAIN sitename AS citext;
		CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
		CREATE COLLATION german (provider = icu, locale = 'de'); CREATE DOMAIN name64 AS varchar(64)`)
	for _, row := range []struct{ column, kind, want string }{
		{"subscriber.username", "citext", "subscriber.username is of the type citext"},
		{"dbaliases.domain", "sitename", "dbaliases.domain is of the type citext"},
		{"grp.grp", `varchar(64) COLLATE nocase`, "grp.grp has the collation nocase"},
		{"domain.domain", "name", "domain.domain is of the type name"},
		{"subscriber.username", `varchar(64) COLLATE german`, ""},
		{"subscriber.username", "name64", ""},
		{"subscriber.username", "text", ""},
		{"subscriber.password", "citext", ""},
	} {
		table, column, _ := strings.Cut(row.column, ".")
		alter := func(kind string) {
			t.Helper()
			db.Exec(t, "ALTER TABLE "+table+" ALTER "+column+" TYPE "+kind)
		}
		alter(row.kind)
		store := mustOpenUnmigrated(t, db, nil)
		err := store.Ready(t.Context())
		if (err == nil) != (row.want == "") || err != nil && !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s %s: %v, want %q", row.column, row.kind, err, row.want)
		}
		bob := local("bob@example.com")
		if err := store.AddUser(t.Context(), bob); (err == nil) != (row.want == "") {
			t.Errorf("%s %s: AddUser returned %v", row.column, row.kind, err)
		}
		_, readErr := store.User(t.Context(), bob.Address)
		if (readErr == nil) != (row.want == "") {
			t.Errorf("%s %s: User returned %v", row.column, row.kind, readErr)
		}
		if _, err := store.Keys(t.Context()); err != nil {
			t.Errorf("%s %s: Keys returned %v", row.column, row.kind, err)
		}
		alter(`varchar(64) COLLATE "default"`)
		if err := store.Ready(t.Context()); err != nil {
			t.Errorf("after %s %s: %v", row.column, row.kind, err)
		}
		if err := store.AddUser(t.Context(), local("carol@example.com")); err != nil {
			t.Errorf("after %s %s: %v", row.column, row.kind, err)
		}
		db.Exec(t, "DELETE FROM subscriber; DELETE FROM hermes.users")
	}
}

// TestClient_Widths gives each column of Kamailio's that Hermes writes one character more than it
// has, and then as many as it has.
func TestClient_Widths(t *testing.T) {
	db := pgtest.New(t, noFsync)
	db.Exec(t, `ALTER TABLE subscriber ADD email_address varchar(64), ADD rpid varchar(6), ADD permittedcalls varchar(7);
		ALTER TABLE subscriber ALTER username TYPE varchar(20); ALTER TABLE grp ALTER grp TYPE varchar(5);
		ALTER TABLE dbaliases ALTER alias_username TYPE varchar(20);
		INSERT INTO domain (domain) VALUES ('example.com')`)
	client := mustClient(t, mustOpen(t, db, nil))
	ctx := t.Context()
	addr := func(n int) sip.Addr { return sip.MustParse(strings.Repeat("u", n) + "@example.com") }
	email := func(n int) string { return strings.Repeat("e", n-len("@example.com")) + "@example.com" }
	alice := sip.MustParse("alice@example.com")
	_, err := client.DomainSetServers(ctx, hermes.DomainSetServersRequest{
		Domain: alice.Domain(), Registrar: alice.Domain(), RPort: 5060, Proxy: alice.Domain(), PPort: 5060, ProvURL: "https://example.com/",
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.UserAdd(ctx, hermes.UserAddRequest{User: alice}); err != nil {
		t.Fatal(err)
	}
	set := func(s string) hermes.Opt[string] { return hermes.Opt[string]{Set: true, Value: s} }
	for _, row := range []struct {
		why, column string
		width       int
		call        func(n int) error
	}{
		{"the address of a new user", "subscriber.username", 20, func(n int) error {
			_, err := client.UserAdd(ctx, hermes.UserAddRequest{User: addr(n)})
			return err
		}},
		{"the email address of a new user", "subscriber.email_address", 64, func(n int) error {
			_, err := client.UserAdd(ctx, hermes.UserAddRequest{User: addr(n % 9), Email: email(n)})
			return err
		}},
		{"user/update", "subscriber.email_address", 64, func(n int) error {
			_, err := client.UserUpdate(ctx, hermes.UserUpdateRequest{User: alice, Email: set(email(n))})
			return err
		}},
		{"user/change_email", "subscriber.email_address", 64, func(n int) error {
			_, err := client.UserChangeEmail(ctx, hermes.UserChangeEmailRequest{User: alice, Email: "x" + email(n-1)})
			return err
		}},
		{"characters, not bytes", "subscriber.rpid", 6, func(n int) error {
			_, err := client.UserUpdate(ctx, hermes.UserUpdateRequest{User: alice, RPID: set(strings.Repeat("å", n))})
			return err
		}},
		{"permissions", "grp.grp", 5, func(n int) error {
			_, err := client.UserPermissions(ctx, hermes.UserPermissionsRequest{
				User: alice, Permissions: hermes.Opt[[]string]{Set: true, Value: []string{strings.Repeat("p", n)}},
			})
			return err
		}},
		{"all permissions together", "subscriber.permittedcalls", 7, func(n int) error {
			_, err := client.UserUpdate(ctx, hermes.UserUpdateRequest{User: alice, PermittedCalls: set("a,b," + strings.Repeat("c", n-4))})
			return err
		}},
		{"an alias", "dbaliases.alias_username", 20, func(n int) error {
			_, err := client.AliasAdd(ctx, hermes.AliasAddRequest{Alias: sip.MustParse(strings.Repeat("a", n) + "@example.com"), Destination: alice})
			return err
		}},
	} {
		err := row.call(row.width + 1)
		e, ok := errors.AsType[*hermes.Error](err)
		if !ok || e.Response != hermes.Invalid || e.Cause != hermes.Parameters || !strings.Contains(e.Detail, row.column+": ") {
			t.Errorf("%s: %v, want invalid/parameters that names %s", row.why, err, row.column)
		}
		if err := row.call(row.width); err != nil {
			t.Errorf("%s that fits: %v", row.why, err)
		}
	}
	// What a column cannot take does not matter while it does not change.
	db.Exec(t, "UPDATE hermes.users SET email = repeat('x', 100) WHERE username = 'alice'")
	if _, err := client.UserUpdate(ctx, hermes.UserUpdateRequest{User: alice, DisplayName: set("Alice")}); err != nil {
		t.Errorf("a display name: %v", err)
	}
}

func mustClient(t *testing.T, store hermes.Store) *hermes.Client {
	t.Helper()
	key, err := hermes.NewSecretKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	client, err := hermes.New(store, &hermes.Options{SecretKeys: []hermes.SecretKey{key}})
	if err != nil {
		t.Fatal(err)
	}
	return client
}
