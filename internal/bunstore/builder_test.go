package bunstore

import (
	"io/fs"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"github.com/uptrace/bun/schema"
)

// newTestDatabase returns a database without connections.
func newTestDatabase(d schema.Dialect) *database {
	e := newEngine(d, `Kam "ailio`)
	return &database{engine: e, db: newBunDB(d, e)}
}

// texts returns all statements by name, and fails where one has none.
func texts(t *testing.T, st statements) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, group := range reflect.ValueOf(st).Fields() {
		for field, v := range group.Fields() {
			all[field.Name] = v.FieldByName("text").String()
			if short := v.FieldByName("short").String(); short != "" {
				all[field.Name+", short"] = short
			}
		}
	}
	return all
}

func TestDatabase_Build(t *testing.T) {
	t.Parallel()
	// They are for one of the databases only.
	optional := []string{"addBoth", "addLocalUser", "setBoth", "removeAll", "addPhoneOf", "takeAlias", "assignNumber", "releaseNumber", "lockAny", "beforeAddNumbers", "afterAddNumbers", "analyzeNumbers",
		"usersBeginningMany", "displayNamesInRange", "firstFreeEach", "firstFreeInEach", "addAuditSubject",
		"removeNumber", "addNumber", "holdNumber", "unholdNumber", "lockAnyFree", "freeOver", "freeOverWaiting",
		"addOverNumbers", "removeOverNumbers"}
	for _, row := range []struct {
		name    string
		dialect schema.Dialect
		wrong   *regexp.Regexp // what is left of a name or an argument that bun did not replace
	}{
		{"PostgreSQL", pgdialect.New(), regexp.MustCompile(`\?`)},
		{"SQLite", sqlitedialect.New(), regexp.MustCompile(`\?[^1-9]|\?$`)},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			d := newTestDatabase(row.dialect)
			for _, l := range []*layout{{}, {bytewise: true}, {subscriber: []string{"email_address", "rpid", "permittedcalls"}}} {
				st, err := d.build(l)
				if err != nil {
					t.Fatal(err)
				}
				for name, text := range texts(t, st) {
					t.Logf("%s: %s", name, text)
					if text == "" && !slices.Contains(optional, name) || row.wrong.MatchString(text) {
						t.Errorf("%s is %q", name, text)
					}
				}
			}
		})
	}
}

// TestModels compares the models with the definitions of their tables.
func TestModels(t *testing.T) {
	t.Parallel()
	for _, d := range []*database{newTestDatabase(pgdialect.New()), newTestDatabase(sqlitedialect.New())} {
		var ddl strings.Builder
		for _, folder := range []string{"migrations/" + d.engine.folder, "kamailio/" + d.engine.folder} {
			entries, err := fs.ReadDir(files, folder)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				ddl.WriteString(strings.ReplaceAll(mustRead(folder+"/"+e.Name()), `:"schema".`, ""))
			}
		}
		for _, m := range models {
			table := d.db.Table(modelType(m))
			name := table.Name
			if d.engine.folder == "sqlite" {
				name = strings.ReplaceAll(name, "hermes.", "hermes_")
			}
			made := name
			if before, _, renamed := strings.Cut(ddl.String(), " RENAME TO "+name+";"); renamed {
				made = before[strings.LastIndex(before, " ")+1:]
			}
			_, body, found := strings.Cut(ddl.String(), "CREATE TABLE "+made+" (\n")
			body, _, _ = strings.Cut(body, "\n)")
			var want, got []string
			for line := range strings.Lines(body) {
				column, _, _ := strings.Cut(strings.TrimSpace(line), " ")
				dropped := strings.Contains(ddl.String(), "ALTER TABLE "+name+" DROP COLUMN "+column+";")
				if column != "PRIMARY" && column != "CONSTRAINT" && !dropped {
					want = append(want, column)
				}
			}
			for line := range strings.Lines(ddl.String()) {
				if added, ok := strings.CutPrefix(line, "ALTER TABLE "+name+" ADD COLUMN "); ok {
					column, _, _ := strings.Cut(added, " ")
					want = append(want, column)
				}
			}
			for _, f := range table.Fields {
				got = append(got, f.Name)
			}
			if strings.HasSuffix(name, "audit") {
				got = append(got, "seal") // no entry has it, and other statements write it
			}
			slices.Sort(want)
			slices.Sort(got)
			if !found || !slices.Equal(got, want) {
				t.Errorf("%s has the columns %q, and its model %q", name, want, got)
			}
		}
	}
}

// TestEngine_Steps wants both databases to have the same steps.
func TestEngine_Steps(t *testing.T) {
	t.Parallel()
	postgres, sqlite := postgresEngine("public").steps(), sqliteEngine().steps()
	if len(postgres) == 0 || !slices.Equal(postgres, sqlite) {
		t.Errorf("PostgreSQL has the steps %q and SQLite %q", postgres, sqlite)
	}
}
