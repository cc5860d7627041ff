package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/sqlite"
	"github.com/hermes-voip/go-hermes/sip"
)

// TestStore_Stats counts a statement that fails because another program has removed its table, and
// none that finds nothing.
func TestStore_Stats(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "hermes.db")
	store := mustOpen(t, path, &sqlite.Options{Readers: 5})
	alice := sip.MustParse("alice@example.com")
	if _, err := store.User(t.Context(), alice); err != hermes.NotFound {
		t.Fatalf("got %v, want NotFound", err)
	}
	if got := store.Failures(); len(got) != 0 {
		t.Errorf("failures of a statement that found nothing: %v", got)
	}
	newOtherTool(t, path)(t, "DROP TABLE subscriber")
	if _, err := store.User(t.Context(), alice); err == nil {
		t.Fatal("a user was read from a table that does not exist")
	}
	if d := cmp.Diff(map[string]int64{"SQLITE_ERROR": 1}, store.Failures()); d != "" {
		t.Errorf("failures (-want +got)\n%s", d)
	}
	pools := store.Pools()
	if len(pools) != 5 || pools["data"].MaxOpenConnections != 5 || pools["write"].MaxOpenConnections != 1 {
		t.Errorf("pools %+v, want five of them, with 5 readers and 1 writer", pools)
	}
}
