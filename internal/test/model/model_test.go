package model_test

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/hermes/postgres"
	"github.com/hermes-voip/go-hermes/hermes/sqlite"
	"github.com/hermes-voip/go-hermes/hermes/storetest"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
	"github.com/hermes-voip/go-hermes/internal/wire"
	"github.com/hermes-voip/go-hermes/sip"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// served is the domain that Kamailio's table has. A server serves others beside it.
var served = sip.MustParseDomain("served.example")

// usualSequences are enough for each node to do what is asked for some 20 times or more.
const usualSequences = 80

func TestModel_SQLite(t *testing.T) {
	compare(t, usualSequences, newSQLite(t))
}

func TestModel_PostgreSQL(t *testing.T) {
	compare(t, 10, newPostgreSQL(t))
}

// compare sends the same random requests to a server over the memory store and to one over the
// store that open returns, which is empty each time. The number of sequences is HERMES_TEST_ROUNDS
// or else usual, whatever the flag -rapid.checks says.
func compare(t *testing.T, usual int, open func() hermes.Store) {
	sequences := storetest.Rounds(t, usual)
	if err := flag.Set("rapid.checks", strconv.Itoa(sequences)); err != nil {
		t.Fatal(err)
	}
	drawn, answered := map[string]int{}, map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(rapid.Custom(drawStep), 30, 100).Draw(rt, "steps")
		model, other := newSide(t, memstore.New(served)), newSide(t, open())
		for i, step := range steps {
			want, got := step.run(model), step.run(other)
			if diff := cmp.Diff(want, got); diff != "" || isFault(want) {
				rt.Fatalf("step %d, %s: want equal answers and no fault (-memory +other)\n%s\n%s", i, step.text, diff, want)
			}
			drawn[step.node]++
		}
		want, got := model.records(), other.records()
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatalf("other records (-memory +other)\n%s", diff)
		}
		for node, n := range model.answered {
			answered[node] += n
		}
	})
	if sequences < usualSequences {
		return
	}
	for _, n := range hermes.Nodes() {
		if answered[n.Path] == 0 {
			t.Errorf("%s: called %d times, and never did what was asked for", n.Path, drawn[n.Path])
		}
		t.Logf("%s: %d times, of which %d did what was asked for", n.Path, drawn[n.Path], answered[n.Path])
	}
}

// TestValues checks that there are values for each parameter of each node, and that the parameters
// named in other tables exist.
func TestValues(t *testing.T) {
	t.Parallel()
	for _, n := range hermes.Nodes() {
		var names []string
		for _, p := range wire.Params(reflect.TypeOf(n.New()).Elem()) {
			names = append(names, p.Name)
			if len(valuesOf(p)) == 0 {
				t.Errorf("%s: the parameter %s has no values", n.Path, p.Name)
			}
		}
		asked := slices.Concat(apart[n.Path]...)
		for _, query := range suitable[n.Path] {
			asked = slices.AppendSeq(asked, maps.Keys(mustParse(query)))
		}
		for _, name := range asked {
			if !slices.Contains(names, name) {
				t.Errorf("%s: it has no parameter %s", n.Path, name)
			}
		}
	}
}

// newSQLite returns a function that returns a store over a new file, and closes the one before.
func newSQLite(t *testing.T) func() hermes.Store {
	t.Helper()
	folder := t.TempDir()
	empty, path := filepath.Join(folder, "empty.db"), filepath.Join(folder, "hermes.db")
	open := func(path string) *sqlite.Store {
		s, err := sqlite.Open(t.Context(), path, &sqlite.Options{Domains: []sip.Domain{served}})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if err := open(empty).Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(empty)
	if err != nil {
		t.Fatal(err)
	}
	last := open(path)
	t.Cleanup(func() { _ = last.Close() })
	return func() hermes.Store {
		if err := last.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		last = open(path)
		return last
	}
}

// newPostgreSQL returns a function that empties a database, closes the store over it, and returns a
// new one.
func newPostgreSQL(t *testing.T) func() hermes.Store {
	t.Helper()
	db := pgtest.New(t, pgtest.Options{NoFsync: true})
	open := func() *postgres.Store {
		s, err := postgres.Open(t.Context(), db.URL(), nil)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	last := open()
	t.Cleanup(func() { _ = last.Close() })
	if err := last.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	session := db.Session(t)
	return func() hermes.Store {
		if err := last.Close(); err != nil {
			t.Fatal(err)
		}
		session.Clear(t)
		session.Exec(t, "INSERT INTO domain (domain) VALUES ($1)", served.String())
		last = open()
		return last
	}
}
