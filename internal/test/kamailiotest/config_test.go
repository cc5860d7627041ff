package kamailiotest

import (
	"strings"
	"testing"
)

func TestDatabaseDefines(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ in, want, why string }{
		{"sqlite:/a/b.db", `#!define DBURL "sqlite:////a/b.db"`, "four slashes begin an absolute path"},
		{"postgres://u@127.0.0.1:5432/db?sslmode=disable",
			`#!define DBURL "postgres://u@127.0.0.1:5432/db"`, "Kamailio accepts no parameters"},
		{"postgresql://u:p@h/db", `#!define DBURL "postgres://u:p@h/db"`, "Kamailio has one name only for the driver"},
		{"sqlite:a.db", "", "the path would be relative to Kamailio's folder, not to the test's"},
		{"postgres:///db?host=/run", "", "Kamailio connects over TCP only"},
		{"memory:", "", "Kamailio cannot read this database"},
	} {
		lines, err := databaseDefines(row.in)
		if got := strings.Join(lines, "\n"); !strings.HasSuffix(got, row.want) || (err != nil) != (row.want == "") {
			t.Errorf("databaseDefines(%q) = %q, %v, wanted %q: %s", row.in, got, err, row.want, row.why)
		}
	}
}
