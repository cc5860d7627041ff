package doctor

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/bunstore"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// What the statements run on refuses to write, whatever the statement.
func TestReadOnly(t *testing.T) {
	engines(t, func(t *testing.T, empty func(*testing.T) *body) {
		b := healthy(empty(t))
		db, err := SQLite(b.path)
		if b.postgres != nil {
			db, err = PostgreSQL(b.postgres.URL(), "public")
		}
		b.must(err)
		defer db.Close()
		for _, statement := range []string{`DELETE FROM subscriber`, `UPDATE version SET table_version = 1`, `CREATE TABLE t (x integer)`, `INSERT INTO grp (username) VALUES ('x')`} {
			err := db.run(t.Context(), func(ctx context.Context, c bunstore.Conn) error {
				_, err := c.ExecContext(ctx, statement)
				return err
			})
			if err == nil || !strings.Contains(err.Error(), "read-only transaction") && !strings.Contains(err.Error(), "readonly database") {
				t.Errorf("%s: %v, want a refusal", statement, err)
			}
		}
		err = db.read(t.Context(), func(ctx context.Context, s *bunstore.Store) error {
			return s.RemoveUser(ctx, sip.MustParse("alice@example.test"))
		})
		if err != errReadOnly {
			t.Errorf("by the store: %v, want %v", err, errReadOnly)
		}
	})
}

// A file that nobody has open is afterwards as it was, and alone in its folder.
func TestFileStays(t *testing.T) {
	b := healthy(emptySQLite(t))
	b.must(b.store.(interface{ Close() error }).Close())
	before, err := os.ReadFile(b.path)
	b.must(err)
	if got := faults(t, b.examined()); len(got) > 0 {
		t.Errorf("faults: %v", got)
	}
	after, err := os.ReadFile(b.path)
	b.must(err)
	if string(before) != string(after) {
		t.Error("the file is another one")
	}
	if names, _ := filepath.Glob(filepath.Dir(b.path) + "/*"); len(names) != 1 {
		t.Errorf("in the folder are %q", names)
	}
}

// What others do meanwhile is no fault.
func TestMeanwhile(t *testing.T) {
	engines(t, func(t *testing.T, empty func(*testing.T) *body) {
		b := healthy(empty(t))
		stop, done := make(chan struct{}), make(chan error)
		go func() {
			var err error
			for err == nil {
				select {
				case <-stop:
					done <- nil
					return
				default:
					err = b.turn()
				}
			}
			<-stop
			done <- err
		}()
		for range 10 {
			if d := cmp.Diff(map[string]string{}, faults(t, b.examined())); d != "" {
				t.Errorf("faults: %s", d)
			}
		}
		close(stop)
		b.must(<-done)
	})
}

// turn makes a user with all that belongs to one, and removes it.
func (b *body) turn() error {
	ctx, u, m := b.t.Context(), sip.MustParse("dave@example.test"), mac.MustParse("00aabbccddee")
	alias := sip.MustParse("desk@example.test")
	for _, step := range []func() error{
		func() error { _, err := b.client.UserAdd(ctx, hermes.UserAddRequest{User: u}); return err },
		func() error { _, err := b.client.PhoneAdd(ctx, hermes.PhoneAddRequest{MAC: m, User: u}); return err },
		func() error { _, err := b.client.NumberAssign(ctx, hermes.NumberAssignRequest{User: u}); return err },
		func() error {
			_, err := b.client.AliasAdd(ctx, hermes.AliasAddRequest{Alias: alias, Destination: u})
			return err
		},
		func() error { return b.store.SetGroups(ctx, u, []string{"intl"}) },
		func() error { _, err := b.client.UserChangePw(ctx, hermes.UserChangePwRequest{User: u}); return err },
		func() error { _, err := b.client.AliasRemove(ctx, hermes.AliasRemoveRequest{Alias: alias}); return err },
		func() error { return b.release(u) },
		func() error {
			_, err := b.client.PhoneRemove(ctx, hermes.PhoneRemoveRequest{MAC: m, User: u})
			return err
		},
		func() error { _, err := b.client.UserRemove(ctx, hermes.UserRemoveRequest{User: u}); return err },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (b *body) release(u sip.Addr) error {
	list, err := b.client.AliasList(b.t.Context(), hermes.AliasListRequest{Destination: u, E164: true})
	if err != nil {
		return err
	}
	for a, err := range list.List.All() {
		if err != nil {
			return err
		}
		if _, err := b.client.NumberRelease(b.t.Context(), hermes.NumberReleaseRequest{Alias: a.Alias}); err != nil {
			return err
		}
	}
	return nil
}
