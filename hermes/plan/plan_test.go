package plan_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/plan"
	"github.com/hermes-voip/go-hermes/sip"
)

// ctx is that of all calls but those of tests of its end.
var ctx = context.Background()

const world = `users:
- user: alice@example.com
  displayname: Alice Smith
  email: alice@example.com
  permissions: [intl, local]
  phones: [001565123456, "00:15:65:12:34:57"]
  number: +4773500005
  aliases: [info@example.com]
- user: bob@example.com
  number: auto
  suspended: true
- user: carol@other.example.com
  displayname: ""
  linetext: Carol
  phones: 001565123456
`

func TestMake_actions(t *testing.T) {
	t.Parallel()
	c := newClient(t, 10, nil)
	f := mustParse(t, "users.yaml", world)
	p := mustMake(t, c, f, nil)
	wantLines(t, p,
		"+ add alice@example.com (displayname Alice Smith, email alice@example.com, permissions intl,local, "+
			"phones 001565123456,001565123457, number +4773500005, aliases info@example.com)",
		"+ add bob@example.com (number auto, suspended true)",
		"+ add carol@other.example.com (linetext Carol, phones 001565123456)")
	if res := mustApply(t, c, p, nil); res != (plan.Result{Done: 3}) {
		t.Errorf("the result is %+v, want 3 users", res)
	}
	wantNothing(t, c, f, nil)
	alice, bob, carol := mustShow(t, c, "alice@example.com"), mustShow(t, c, "bob@example.com"), mustShow(t, c, "carol@other.example.com")
	if got := alice.Numbers[0]; got != number(5) || alice.DisplayName != "Alice Smith" || !slices.Equal(alice.Permissions, []string{"intl", "local"}) {
		t.Errorf("alice is %+v", alice)
	}
	if !bob.Suspended || bob.Numbers[0] != number(0) {
		t.Errorf("bob is %+v, want the first number of the pool", bob)
	}
	if carol.DisplayName != "" || carol.LineText != "Carol" || carol.Phones[0].Line != 2 {
		t.Errorf("carol is %+v, want no display name, and the second line of alice's phone", carol)
	}
}

// TestMake_changes has a row for each kind of change of the users of world.
func TestMake_changes(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		why, text string
		want      []string
	}{
		{"texts, and what is not named", "user,displayname,email,rpid\nalice@example.com,Alice S,-,", []string{
			"~ change alice@example.com displayname: Alice Smith → Alice S", "~ change alice@example.com email: alice@example.com → -"}},
		{"the same again", "user,displayname,suspended\nalice@example.com,Alice Smith,no\nbob@example.com,,TRUE", nil},
		{"whole sets", "user;phones;aliases;permissions\nalice@example.com;001565123456 00-15-65-aa-aa-aa;x@example.com;-", []string{
			"~ change alice@example.com permissions: intl,local → -",
			"~ change alice@example.com phones: 001565123456,001565123457 → 001565123456,001565aaaaaa",
			"~ change alice@example.com aliases: info@example.com → x@example.com"}},
		{"a number of the pool", "user,number\nalice@example.com,+4773500007", []string{
			"~ change alice@example.com number: +4773500005 → +4773500007"}},
		{"a number for a pattern", "user,number\nalice@example.com,auto:+4773*7", []string{
			"~ change alice@example.com number: +4773500005 → auto:+4773*7"}},
		{"any number does, and one that matches", "user,number\nalice@example.com,auto\nbob@example.com,auto:+47735*", nil},
		{"a number that would do for one user, and is named for another", "user,number\nalice@example.com,+4773500000\nbob@example.com,auto", []string{
			"~ change alice@example.com number: +4773500005 → +4773500000 (from bob@example.com)",
			"~ change bob@example.com number: +4773500000 → auto"}},
		{"a number that the pool does not have", "user,number\nalice@example.com,+4773999999", []string{
			"~ change alice@example.com number: +4773500005 → +4773999999 (not in the pool)"}},
		{"no number", "user,number\nalice@example.com,-", []string{"~ change alice@example.com number: +4773500005 → -"}},
		{"numbers change places", "user,number\nalice@example.com,+4773500000\nbob@example.com,+4773500005", []string{
			"~ change alice@example.com number: +4773500005 → +4773500000 (from bob@example.com)",
			"~ change bob@example.com number: +4773500000 → +4773500005 (from alice@example.com)"}},
		{"aliases change places with users", "user,aliases,absent\nalice@example.com,-,\nbob@example.com,,yes\ncarol@other.example.com,info@example.com bob@example.com,", []string{
			"~ change alice@example.com aliases: info@example.com → -",
			"- remove bob@example.com (alias +4773500000@example.com)",
			"~ change carol@other.example.com aliases: - → bob@example.com,info@example.com"}},
		{"the number of a user that goes", "user,number,absent\nbob@example.com,,1\nnew@example.com,+4773500000,", []string{
			"- remove bob@example.com (alias +4773500000@example.com)",
			"+ add new@example.com (number +4773500000; number +4773500000: from bob@example.com)"}},
		{"a user that is absent already", "user,number,absent\nnew@example.com,+4773500000,1", nil},
		{"resumed", "user,suspended\nbob@example.com,-", []string{"~ change bob@example.com suspended: true → false"}},
		{"the whole address as authid", "user,authid\nbob@example.com,bob@example.com", []string{"~ change bob@example.com authid: bob → bob@example.com"}},
	} {
		t.Run(row.why, func(t *testing.T) {
			t.Parallel()
			// A number rests after its release, which must not keep it from the user it is moved to.
			c := newClient(t, 10, &hermes.Options{NumberQuarantine: 1e12})
			apply(t, c, "world.yaml", world)
			f := mustParse(t, "changes.csv", row.text)
			p := mustMake(t, c, f, nil)
			wantLines(t, p, row.want...)
			mustApply(t, c, p, nil)
			wantNothing(t, c, f, nil)
		})
	}
}

// A number that is moved is not in the pool in between, where another caller could take it. If the
// apply ends there, another one goes on.
func TestMake_numberBetweenUsers(t *testing.T) {
	t.Parallel()
	c := newClient(t, 10, nil)
	apply(t, c, "world.yaml", world)
	f := mustParse(t, "f.csv", "user,number\nalice@example.com,+4773500000\nbob@example.com,+4773500005\n")
	p := mustMake(t, c, f, nil)
	stopped, cancel := context.WithCancel(ctx)
	_, err := p.Apply(stopped, c, &plan.ApplyOptions{Workers: 1, Progress: func(done, _ int) {
		if done == 2 { // both have lost their numbers
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v, want that of the context", err)
	}
	for _, i := range []int64{0, 5} {
		if _, err := c.NumberTest(ctx, hermes.NumberTestRequest{Number: number(i)}); !errors.Is(err, hermes.NotFound) {
			t.Errorf("number/test of %s: %v, want the number not to be in the pool", number(i), err)
		}
	}
	p = mustMake(t, c, f, nil)
	wantLines(t, p, "~ change alice@example.com number: - → +4773500000 (not in the pool)",
		"~ change bob@example.com number: - → +4773500005 (not in the pool)")
	mustApply(t, c, p, nil)
	wantNothing(t, c, f, nil)
}

func TestMake_faults(t *testing.T) {
	t.Parallel()
	c := newClient(t, 10, nil)
	_, err := c.UserAddRemote(ctx, hermes.UserAddRemoteRequest{
		User: sip.MustParse("far@elsewhere.example"), Password: hermes.NewSecret("x"), Registrar: sip.MustParseDomain("elsewhere.example"),
	})
	if err != nil {
		t.Fatal(err)
	}
	f := mustParse(t, "f.csv", "user,authid,email,permissions,suspended,displayname\n"+
		"new@example.com,alice,,,,\nfar@elsewhere.example,anything,x@y.example,a,yes,Far\nother@example.com,,,,,\n")
	_, err = plan.Make(ctx, c, f, nil)
	want := `f.csv:2:17: authid: "alice": want the user name or the whole address, since Kamailio refuses any other
f.csv:3:32: email: far@elsewhere.example is a remote user, which has none
f.csv:3:44: permissions: far@elsewhere.example is a remote user, which has none
f.csv:3:46: suspended: far@elsewhere.example is a remote user, which has none`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	f = mustParse(t, "f.csv", "user,authid,email,permissions,suspended,displayname\nfar@elsewhere.example,anything,-,-,no,Far\n")
	p := mustMake(t, c, f, nil)
	wantLines(t, p, "~ change far@elsewhere.example displayname: far → Far", "~ change far@elsewhere.example authid: far → anything")
	mustApply(t, c, p, nil)
	wantNothing(t, c, f, nil)
}

func TestMake_prune(t *testing.T) {
	t.Parallel()
	c := newClient(t, 10, nil)
	apply(t, c, "world.yaml", world)
	if _, err := c.UserUpdate(ctx, hermes.UserUpdateRequest{
		User: sip.MustParse("carol@other.example.com"), DisplayName: hermes.Some("not @example.com"),
	}); err != nil {
		t.Fatal(err)
	}
	only := mustParse(t, "f.csv", "user\nalice@example.com\n")
	wantNothing(t, c, only, nil)
	p := mustMake(t, c, only, &plan.Options{Prune: []sip.Domain{domain}})
	wantLines(t, p, "- remove bob@example.com (alias +4773500000@example.com)")
	_, err := plan.Make(ctx, c, only, &plan.Options{Prune: []sip.Domain{other}})
	if err == nil || !strings.Contains(err.Error(), "pruning would remove all of them") {
		t.Errorf("pruned a domain of which the file has no user: %v", err)
	}
	mustApply(t, c, p, nil)
	if _, err := c.NumberTest(ctx, hermes.NumberTestRequest{Number: number(0)}); err != nil {
		t.Errorf("the number of the user that went: %v, want it to be in the pool", err)
	}
}

// The names of a long domain do not fit into a search.
func TestMake_pruneLongDomain(t *testing.T) {
	t.Parallel()
	c := newClient(t, 0, nil)
	long := strings.Repeat("a", 50) + "." + strings.Repeat("b", 13)
	for i := range 3 {
		if _, err := c.UserAddRemote(ctx, hermes.UserAddRemoteRequest{
			User: sip.MustParse(fmt.Sprintf("u%d@%s", i, long)), Password: hermes.NewSecret("x"), Registrar: domain,
		}); err != nil {
			t.Fatal(err)
		}
	}
	f := mustParse(t, "f.csv", "user\nu1@"+long+"\n")
	p := mustMake(t, c, f, &plan.Options{Prune: []sip.Domain{sip.MustParseDomain(long)}})
	wantLines(t, p, "- remove u0@"+long, "- remove u2@"+long)
}

func TestApply_failures(t *testing.T) {
	t.Parallel()
	c := newClient(t, 2, nil)
	apply(t, c, "world.csv", "user,aliases\nalice@example.com,info@example.com\n")
	f := mustParse(t, "f.csv", "user,number,aliases\na@example.com,auto,\nb@example.com,auto,\nc@example.com,auto,\n"+
		"d@example.com,,info@example.com d1@example.com\ne@nowhere.example,,\n")
	p := mustMake(t, c, f, nil)
	if _, err := p.Apply(ctx, c, nil); !errors.Is(err, plan.ErrNoPasswords) {
		t.Errorf("applied without a place for passwords: %v", err)
	}
	var failures []string
	res, err := p.Apply(ctx, c, &plan.ApplyOptions{DiscardPasswords: true, Workers: 1, Failed: func(f plan.Failure) {
		failures = append(failures, f.Error())
	}})
	if err != nil || res != (plan.Result{Done: 2, Failed: 3}) {
		t.Errorf("%+v, %v; want 2 users and 3 that failed", res, err)
	}
	want := []string{
		"f.csv:4: c@example.com: user/onboard: failed/empty: the number pool has no match",
		"f.csv:5: d@example.com: aliases: alias/add: failed/exists: an alias has the address info@example.com",
		"f.csv:6: e@nowhere.example: user/onboard: failed/nxdomain: the domain nowhere.example is not one that Kamailio serves",
	}
	if diff := cmp.Diff(want, failures); diff != "" {
		t.Errorf("failures (-want +got):\n%s", diff)
	}
	wantLines(t, mustMake(t, c, f, nil), "+ add c@example.com (number auto)",
		"~ change d@example.com aliases: d1@example.com → d1@example.com,info@example.com", "+ add e@nowhere.example")
}

// An apply ends when no other call would succeed.
func TestApply_unauthorized(t *testing.T) {
	t.Parallel()
	c := newClient(t, 0, nil)
	p := mustMake(t, c, mustParse(t, "f.csv", manyUsers(0, 100, "User")), nil)
	calls := 0
	res, err := p.Apply(ctx, refusing{c, &calls}, &plan.ApplyOptions{DiscardPasswords: true, Workers: 1})
	if !errors.Is(err, hermes.Unauthorized) || res.Left != 100 || calls != 1 {
		t.Errorf("%+v, %v after %d calls; want one", res, err, calls)
	}
}

// refusing is an API whose session has ended.
type refusing struct {
	hermes.API
	calls *int
}

// WithOptions implements [hermes.API].
func (r refusing) WithOptions(hermes.CallOptions) hermes.API { return r }

// UserOnboard implements [hermes.API].
func (r refusing) UserOnboard(context.Context, hermes.UserOnboardRequest) (hermes.UserOnboardResponse, error) {
	*r.calls++
	return hermes.UserOnboardResponse{}, &hermes.Error{Node: "user/onboard", Response: hermes.Failed, Cause: hermes.Unauthorized}
}
