package doctor

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/internal/bunstore"
)

func TestTally(t *testing.T) {
	a := about{"check", Fail, "fine", "fault", "remedy"}
	failed := errors.New("no\n  more")
	long := strings.Repeat("é", 300)
	for _, r := range []struct {
		why   string
		names []string
		err   error
		want  Finding
	}{
		{"nothing", nil, nil, Finding{OK, "check", "fine", ""}},
		{"one", []string{"a"}, nil, Finding{Fail, "check", "fault: 1 (a)", "remedy"}},
		{"as many as are named", []string{"a", "b", "c", "d", "e"}, nil, Finding{Fail, "check", "fault: 5 (a, b, c, d, e)", "remedy"}},
		{"more", []string{"a", "b", "c", "d", "e", "f", "g"}, nil, Finding{Fail, "check", "fault: 7 (a, b, c, d, e, ...)", "remedy"}},
		{"a name again and again", []string{"a", "b", "a", "a", "b", "a"}, nil, Finding{Fail, "check", "fault: 6 (a, b)", "remedy"}},
		{"not looked at", nil, failed, Finding{Warn, "check", "could not be looked at: no more", "see to the findings before this one, and run doctor again"}},
		{"looked at by half", []string{"a"}, failed, Finding{Fail, "check", "fault: 1 (a); not all could be looked at: no more", "remedy"}},
		{"a line break and an escape", []string{"a\nb\x1b[2J"}, nil, Finding{Fail, "check", `fault: 1 ("a\nb\x1b[2J")`, "remedy"}},
		{"an override of direction", []string{"a\u202eb"}, nil, Finding{Fail, "check", `fault: 1 ("a\u202eb")`, "remedy"}},
		{"no UTF-8", []string{"a\xff"}, nil, Finding{Fail, "check", `fault: 1 ("a\xff")`, "remedy"}},
		{"a long name", []string{long}, nil, Finding{Fail, "check", "fault: 1 (" + strings.Repeat("é", 200) + "...)", "remedy"}},
	} {
		tally := newTally(a)
		for _, name := range r.names {
			tally.add(name)
		}
		if d := cmp.Diff(r.want, tally.finding(r.err)); d != "" {
			t.Errorf("%s: %s", r.why, d)
		}
	}
}

func TestServerVersion(t *testing.T) {
	for _, r := range []struct {
		number int
		level  Level
	}{{120022, Fail}, {130000, OK}, {180001, OK}} {
		var all []Finding
		unreachable := func(context.Context, func(context.Context, bunstore.Conn) error) error { return errors.New("gone") }
		e := &exam{Options: Options{Database: &Database{run: unreachable}}, report: func(f Finding) { all = append(all, f) }}
		e.server(t.Context(), bunstore.Server{Version: "x", Number: r.number})
		if len(all) != 2 || all[0].Check != "server-version" || all[0].Level != r.level || all[1].Check != "clock" || all[1].Level != Warn {
			t.Errorf("%d: %v", r.number, all)
		}
	}
}
