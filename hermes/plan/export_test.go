package plan_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/hermes/plan"
	"github.com/hermes-voip/go-hermes/sip"
)

func mustExport(t tb, c hermes.API, opts plan.ExportOptions) string {
	t.Helper()
	opts.LeftOut = func(user sip.Addr, field string, reason error) {
		t.Errorf("left out: %s of %s: %v", field, user, reason)
	}
	var b bytes.Buffer
	if err := plan.Export(ctx, c, &b, &opts); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestExport(t *testing.T) {
	t.Parallel()
	c := newClient(t, 10, nil)
	if got := mustExport(t, c, plan.ExportOptions{}); got != "users: []\n" {
		t.Errorf("without users: %q", got)
	}
	apply(t, c, "world.yaml", world)
	yaml := `users:
- user: alice@example.com
  displayname: Alice Smith
  email: alice@example.com
  authid: alice
  dialplan: ''
  linetext: Alice Smith
  rpid: ''
  permissions: [intl, local]
  phones: ['001565123456', '001565123457']
  number: '+4773500005'
  aliases: [info@example.com]
  suspended: false
- user: bob@example.com
  displayname: bob
  email: ''
  authid: bob
  dialplan: ''
  linetext: bob
  rpid: ''
  permissions: []
  phones: []
  number: '+4773500000'
  aliases: []
  suspended: true
`
	csv := "\ufeffuser,displayname,email,authid,dialplan,linetext,rpid,permissions,phones,number,aliases,suspended\n" +
		"alice@example.com,Alice Smith,alice@example.com,alice,-,Alice Smith,-,intl local,00:15:65:12:34:56 00:15:65:12:34:57,'+4773500005,info@example.com,false\n" +
		"bob@example.com,bob,-,bob,-,bob,-,-,-,'+4773500000,-,true\n"
	if got := mustExport(t, c, plan.ExportOptions{Domain: domain}); got != yaml {
		t.Errorf("got\n%s\nwant\n%s", got, yaml)
	}
	if got := mustExport(t, c, plan.ExportOptions{Domain: domain, CSV: true}); got != csv {
		t.Errorf("got\n%s\nwant\n%s", got, csv)
	}
	for _, csv := range []bool{false, true} {
		text := mustExport(t, c, plan.ExportOptions{CSV: csv})
		f := mustParse(t, "export", text)
		wantNothing(t, c, f, &plan.Options{Prune: []sip.Domain{domain, other}})
		// The file is the whole state: another Hermes becomes the same by it.
		next := newClient(t, 10, nil)
		mustApply(t, next, mustMake(t, next, f, nil), nil)
		if again := mustExport(t, next, plan.ExportOptions{CSV: csv}); again != text {
			t.Errorf("got\n%s\nwant\n%s", again, text)
		}
	}
}

// What other tools wrote, and a file cannot have, is left out, so that the rest can be applied.
func TestExport_otherTools(t *testing.T) {
	t.Parallel()
	store := memstore.New(domain)
	c, err := hermes.New(store, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range []hermes.User{
		{Address: sip.Unchecked("a b", "example.com"), DisplayName: "A"},
		{Address: sip.MustParse("c@example.com"), AuthID: "c", DisplayName: "two\nlines", LineText: strings.Repeat("x", 129), RPID: "r"},
	} {
		u.Type = hermes.Local
		if err := store.AddUser(ctx, u); err != nil {
			t.Fatal(err)
		}
	}
	for _, csv := range []bool{false, true} {
		var left []string
		var b bytes.Buffer
		err := plan.Export(ctx, c, &b, &plan.ExportOptions{CSV: csv, LeftOut: func(user sip.Addr, field string, reason error) {
			left = append(left, fmt.Sprintf("%s %s: %v", user, field, reason))
		}})
		if err != nil || len(left) != 3 || !strings.Contains(left[0], " user: ") || !strings.Contains(left[2], "linetext: want at most 128") {
			t.Errorf("left out %q, %v", left, err)
		}
		f := mustParse(t, "export", b.String())
		if len(f.Users) != 1 || f.Users[0].RPID != hermes.Some("r") {
			t.Errorf("the file is\n%s", b.String())
		}
		wantNothing(t, c, f, nil)
	}
}
