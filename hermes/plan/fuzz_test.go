package plan_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes/plan"
)

func FuzzYAML(f *testing.F) {
	f.Add([]byte(world))
	f.Add([]byte(badYAML))
	// A fault at the end of the text, and line breaks of YAML alone.
	f.Add([]byte("00: \nd"))
	f.Add([]byte("users:\u2028\u2028- user: bob\u2028  phones: [1]"))
	f.Fuzz(func(t *testing.T, text []byte) { parseTwice(t, "f.yaml", text) })
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte(badCSV))
	f.Add([]byte(manyUsers(0, 3, "User")))
	f.Fuzz(func(t *testing.T, text []byte) { parseTwice(t, "f.csv", text) })
}

// parseTwice checks that a text is a file or has faults, each with a place, and that a file can be
// applied and is the same again after an export, by both formats.
func parseTwice(t *testing.T, name string, text []byte) {
	file, err := plan.Parse(name, bytes.NewReader(text))
	if err != nil {
		faults, ok := errors.AsType[plan.Faults](err)
		if !ok || len(faults) == 0 {
			t.Fatalf("the error is %T %v, want faults", err, err)
		}
		for _, f := range faults {
			if f.Line < 1 || f.Line > 1+bytes.Count(text, []byte("\n"))+bytes.Count(text, []byte("\r")) || f.Detail == "" {
				t.Errorf("the fault %+v has no place", f)
			}
		}
		return
	}
	if len(file.Users) > 20 {
		return
	}
	c := newClient(t, 100, nil)
	p, err := plan.Make(ctx, c, file, nil)
	if err != nil {
		return // an authid that is not the user's
	}
	failed := false
	if _, err := p.Apply(ctx, c, &plan.ApplyOptions{DiscardPasswords: true, Failed: func(plan.Failure) { failed = true }}); err != nil {
		t.Fatal(err)
	}
	if !failed {
		wantNothing(t, c, file, nil)
	}
	first := mustExport(t, c, plan.ExportOptions{})
	asYAML := mustParse(t, "e.yaml", first)
	asCSV := mustParse(t, "e.csv", mustExport(t, c, plan.ExportOptions{CSV: true}))
	if diff := cmp.Diff(asYAML.Users, asCSV.Users, cmpUsers); diff != "" {
		t.Errorf("YAML and CSV differ (-yaml +csv):\n%s", diff)
	}
	wantNothing(t, c, asYAML, nil)
	for line := range strings.Lines(first) {
		if strings.Contains(line, "password:") {
			t.Errorf("the export has a password: %s", line)
		}
	}
}
