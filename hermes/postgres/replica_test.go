package postgres_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/postgres"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
	"github.com/hermes-voip/go-hermes/internal/test/testserver"
	"github.com/hermes-voip/go-hermes/mac"
)

// fillLists has more rows than a few pages for each list.
const fillLists = `
	INSERT INTO subscriber (username, domain, password, ha1, ha1b)
		SELECT 'u' || i, 'example.com', '', '', '' FROM generate_series(1, 4000) AS i;
	INSERT INTO dbaliases (alias_username, alias_domain, username, domain)
		SELECT 'a' || i, 'example.com', 'u' || i, 'example.com' FROM generate_series(1, 4000) AS i;
	INSERT INTO hermes.numbers (number) SELECT '+47735' || i FROM generate_series(10000, 13999) AS i`

// lists reads every long list, as texts.
func lists(t *testing.T, c *hermes.Client) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for name, read := range map[string]func(context.Context) ([]string, error){
		"user": func(ctx context.Context) ([]string, error) {
			res, err := c.UserList(ctx, hermes.UserListRequest{})
			return collect(res.List, err, func(e hermes.UserEntry) string { return e.User.String() })
		},
		"alias": func(ctx context.Context) ([]string, error) {
			res, err := c.AliasList(ctx, hermes.AliasListRequest{})
			return collect(res.List, err, func(a hermes.Alias) string { return a.Alias.String() })
		},
		"number": func(ctx context.Context) ([]string, error) {
			res, err := c.NumberList(ctx, hermes.NumberListRequest{})
			return collect(res.List, err, func(n e164.Number) string { return n.String() })
		},
		"number, shuffled": func(ctx context.Context) ([]string, error) {
			res, err := c.NumberList(ctx, hermes.NumberListRequest{Random: true})
			numbers, err := collect(res.List, err, func(n e164.Number) string { return n.String() })
			return slices.Sorted(slices.Values(numbers)), err
		},
		"phone": func(ctx context.Context) ([]string, error) {
			res, err := c.PhoneList(ctx, hermes.PhoneListRequest{})
			return collect(res.List, err, func(m mac.Addr) string { return m.String() })
		},
		"audit": func(ctx context.Context) ([]string, error) {
			res, err := c.AuditList(ctx, hermes.AuditListRequest{})
			return collect(res.List, err, func(e hermes.AuditListEntry) string { return e.ID })
		},
	} {
		texts, err := read(t.Context())
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		all[name] = texts
	}
	return all
}

func collect[T any](l *hermes.List[T], err error, text func(T) string) (all []string, _ error) {
	if err != nil {
		return nil, err
	}
	for v, err := range l.All() {
		if err != nil {
			return all, err
		}
		all = append(all, text(v))
	}
	return all, nil
}

// TestOptions_Replica reads long lists from a hot standby. Then its replay is paused, so that it is
// behind, and in the end it is frozen in the middle of a list.
func TestOptions_Replica(t *testing.T) {
	t.Parallel()
	cluster := pgtest.NewCluster(t, pgtest.ClusterOptions{NoFsync: true})
	db := cluster.New(t, pgtest.Options{})
	store := mustOpen(t, db, nil)
	db.Exec(t, fillLists)
	standby := cluster.NewStandby(t, pgtest.ClusterOptions{NoFsync: true})
	replica, err := postgres.Open(t.Context(), standby.URL(db.Name()), &postgres.Options{Replica: true, Lazy: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { replica.Close() })
	alone, c := mustClient(t, store), mustClientWithReplica(t, store, replica)
	written := db.Value(t, "SELECT pg_current_wal_lsn()")
	testserver.WaitFor(t, "the standby", func() bool {
		return standby.Value(t, "SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn", written) == "t"
	})
	if diff := cmp.Diff(lists(t, alone), lists(t, c)); diff != "" {
		t.Errorf("lists of the primary and of the standby differ (-primary +standby):\n%s", diff)
	}

	later := mustPattern(t, "later*")
	standby.Value(t, "SELECT pg_wal_replay_pause()::text")
	db.Exec(t, "INSERT INTO subscriber (username, domain, password, ha1, ha1b) VALUES ('later', 'example.com', '', '', '')")
	for _, row := range []struct {
		limit int
		want  bool
		why   string
	}{{0, false, "the standby is behind"}, {999, true, "short lists are the primary's"}} {
		res, err := c.UserList(t.Context(), hermes.UserListRequest{Search: later, Limit: row.limit})
		users, err := collect(res.List, err, func(e hermes.UserEntry) string { return e.User.String() })
		if err != nil || (len(users) == 1) != row.want {
			t.Errorf("limit %d: %q, error %v: %s", row.limit, users, err, row.why)
		}
	}

	res, err := c.UserList(t.Context(), hermes.UserListRequest{})
	if err != nil {
		t.Fatal(err)
	}
	var users []string
	for e, err := range res.List.All() {
		if err != nil {
			t.Fatal(err)
		}
		if users = append(users, e.User.User()); len(users) == 100 {
			standby.Freeze(t)
		}
	}
	// The new user was in the part of the list that the standby gave.
	if len(users) != 4000 || !slices.IsSorted(users) {
		t.Errorf("the list that began on the frozen standby has %d users, want 4,000 in order", len(users))
	}
}

func mustClientWithReplica(t *testing.T, store, replica hermes.Store) *hermes.Client {
	t.Helper()
	client, err := hermes.New(store, &hermes.Options{SecretKeys: []hermes.SecretKey{mustSecretKey(t)}, Replicas: []hermes.Store{replica}})
	if err != nil {
		t.Fatal(err)
	}
	return client
}
