package hermes_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
)

// replicaUsers is how many users a replica in these tests has.
const replicaUsers = 3000

// newReplica returns a store with users that the store of an env has not.
func newReplica(t *testing.T) *memstore.Store {
	t.Helper()
	s := memstore.New()
	for i := range replicaUsers {
		if err := s.AddUser(t.Context(), hermes.User{Address: addr(fmt.Sprintf("r%06d@example.com", i)), Type: hermes.Local}); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// TestClient_UserList_replica checks which lists are read from a replica, and that nothing else is.
func TestClient_UserList_replica(t *testing.T) {
	t.Parallel()
	calls := &storeCalls{}
	e := newEnvWith(t, func(o *hermes.Options) { o.Replicas = []hermes.Store{calls.over(newReplica(t))} })
	writer := mustAuthenticate(t, e, mustLogin(t, e, "writer"))
	for _, row := range []struct {
		limit int
		want  int // users; those of the env are 4
		why   string
	}{
		{0, replicaUsers, "no limit"},
		{1000, 1000, "a high limit"},
		{1001, 1001, "a higher one"},
		{999, 4, "a limit below 1,000"},
	} {
		res, err := writer.UserList(t.Context(), hermes.UserListRequest{Limit: row.limit})
		if err != nil {
			t.Fatal(err)
		}
		if users, err := res.List.Collect(); err != nil || len(users) != row.want {
			t.Errorf("%s: %d users, error %v, want %d", row.why, len(users), err, row.want)
		}
	}
	err := e.client.Tx(t.Context(), func(c *hermes.Client) error {
		res, err := c.UserList(t.Context(), hermes.UserListRequest{})
		if err != nil {
			return err
		}
		if users, err := res.List.Collect(); err != nil || len(users) != 4 {
			t.Errorf("in a transaction: %d users, error %v, want its own 4", len(users), err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if other := slices.DeleteFunc(calls.names, func(name string) bool { return name == "Users" }); len(other) > 0 {
		t.Errorf("the replica was asked for %q, want lists only", other)
	}
}

// TestClient_UserList_replicaFails lets replicas fail at each page of a list that has as many users
// in every store. The list must have each user once, in order.
func TestClient_UserList_replicaFails(t *testing.T) {
	t.Parallel()
	for page := 1; page <= 3; page++ {
		first, second, own := failCall(page), failAllCalls(), &storeCalls{}
		stores := []hermes.Store{first.over(newReplica(t)), second.over(newReplica(t))}
		c, err := hermes.New(own.over(newReplica(t)), &hermes.Options{Replicas: stores})
		if err != nil {
			t.Fatal(err)
		}
		own.names = nil
		res, err := c.UserList(t.Context(), hermes.UserListRequest{})
		if err != nil {
			t.Fatal(err)
		}
		users, err := res.List.Collect()
		isSorted := slices.IsSortedFunc(users, func(a, b hermes.UserEntry) int { return a.User.Compare(b.User) })
		if err != nil || len(users) != replicaUsers || !isSorted {
			t.Errorf("the replica fails at page %d: %d users, error %v, want %d in order", page, len(users), err, replicaUsers)
		}
		if len(first.names) != page || len(second.names) != 1 || len(own.names) == 0 {
			t.Errorf("page %d: %d, %d and %d pages were read, want %d, 1 and the others", page, len(first.names), len(second.names), len(own.names), page)
		}
	}
}

// TestClient_UserList_replicaRests checks that a replica that failed is left alone for a while.
func TestClient_UserList_replicaRests(t *testing.T) {
	t.Parallel()
	calls := failCall(1)
	e := newEnvWith(t, func(o *hermes.Options) { o.Replicas = []hermes.Store{calls.over(newReplica(t))} })
	for _, row := range []struct {
		after time.Duration // since the list before
		want  int
	}{{0, 4}, {9 * time.Second, 4}, {time.Second, replicaUsers}} {
		e.clock.sleep(row.after)
		res, err := e.client.UserList(t.Context(), hermes.UserListRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if users, err := res.List.Collect(); err != nil || len(users) != row.want {
			t.Errorf("%v later: %d users, error %v, want %d", row.after, len(users), err, row.want)
		}
	}
}
