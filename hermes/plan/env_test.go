package plan_test

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/api"
	"github.com/hermes-voip/go-hermes/hermes/local"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/hermes/plan"
	"github.com/hermes-voip/go-hermes/hermes/remote"
	"github.com/hermes-voip/go-hermes/internal/test/leaktest"
	"github.com/hermes-voip/go-hermes/sip"
)

func TestMain(m *testing.M) { os.Exit(leaktest.Run(m.Run)) }

// domain is served by every Client of these tests, as is other.
var (
	domain = sip.MustParseDomain("example.com")
	other  = sip.MustParseDomain("other.example.com")
)

// testing.TB, and what rapid has.
type tb interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

// newClient returns a Client over an empty memory store, with numbers from +4773500000 on.
func newClient(t tb, numbers int64, opts *hermes.Options) *hermes.Client {
	t.Helper()
	if opts == nil {
		opts = &hermes.Options{}
	}
	opts.Rand = nil
	c, err := hermes.New(memstore.New(domain, other), opts)
	for _, d := range []sip.Domain{domain, other} {
		if err == nil {
			_, err = c.DomainSetServers(ctx, hermes.DomainSetServersRequest{
				Domain: d, Registrar: d, RPort: 5060, Proxy: d, PPort: 5060, ProvURL: "https://example.com/",
			})
		}
	}
	if err == nil && numbers > 1 {
		_, err = c.NumberAddRange(ctx, hermes.NumberAddRangeRequest{Start: number(0), End: number(numbers - 1)})
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// number returns the i-th number of the pool.
func number(i int64) e164.Number {
	n, _ := e164.MustParse("+4773500000").Offset(i)
	return n
}

// dial serves a Client by HTTP and returns one of package remote.
func dial(t *testing.T, c *hermes.Client) *remote.Client {
	t.Helper()
	password := hermes.NewSecret("correct horse")
	if err := c.Bootstrap(ctx, "admin", password); err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(api.New(c, nil))
	t.Cleanup(s.Close)
	r, err := remote.Dial(ctx, s.URL, &remote.Options{User: "admin", Password: password})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// serverOptions are those of a Client that is served by HTTP.
func serverOptions() *hermes.Options {
	return &hermes.Options{Backends: []hermes.Backend{local.New(&local.Options{MemoryKiB: 8, Passes: 1})}, FailedLoginTime: -1}
}

func mustParse(t tb, name, text string) *plan.File {
	t.Helper()
	f, err := plan.Parse(name, strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v\nof:\n%s", err, text)
	}
	return f
}

func mustMake(t tb, c hermes.API, f *plan.File, opts *plan.Options) *plan.Plan {
	t.Helper()
	p, err := plan.Make(ctx, c, f, opts)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// mustApply applies a plan, of which nothing may fail, and returns the result.
func mustApply(t tb, c hermes.API, p *plan.Plan, opts *plan.ApplyOptions) plan.Result {
	t.Helper()
	if opts == nil {
		opts = &plan.ApplyOptions{DiscardPasswords: true}
	}
	opts.Failed = func(f plan.Failure) { t.Errorf("failed: %v", f) }
	res, err := p.Apply(ctx, c, opts)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func apply(t tb, c hermes.API, name, text string) {
	t.Helper()
	mustApply(t, c, mustMake(t, c, mustParse(t, name, text), nil), nil)
}

func lines(p *plan.Plan) (all []string) {
	for a := range p.Actions() {
		all = append(all, a.String())
	}
	return all
}

func wantLines(t *testing.T, p *plan.Plan, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, lines(p)); diff != "" {
		t.Errorf("the plan (-want +got):\n%s", diff)
	}
}

// wantNothing checks that a file has been applied.
func wantNothing(t tb, c hermes.API, f *plan.File, opts *plan.Options) {
	t.Helper()
	if p := mustMake(t, c, f, opts); !p.Empty() {
		t.Errorf("%d actions are left: %q", len(lines(p)), first(lines(p), 5))
	}
}

func first(lines []string, n int) []string { return lines[:min(n, len(lines))] }

func mustShow(t tb, c hermes.API, user string) hermes.ShownUser {
	t.Helper()
	res, err := c.UserShow(ctx, hermes.UserShowRequest{User: sip.MustParse(user)})
	if err != nil {
		t.Fatal(err)
	}
	return res.Users[0]
}

func mustOpen(t *testing.T, path string) *plan.PasswordFile {
	t.Helper()
	p, err := plan.OpenPasswordFile(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// readPasswords returns the passwords in a file by user, and checks that no user is there twice.
func readPasswords(t *testing.T, path string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		user, password, _ := strings.Cut(line, ",")
		if _, twice := all[user]; twice || password == "" {
			t.Errorf("line %d of the passwords: user %q twice, or no password", i+1, user)
		}
		all[user] = password
	}
	if _, ok := all["user"]; !ok {
		t.Error("the passwords have no header")
	}
	delete(all, "user")
	return all
}

// wantPasswords checks that the file has the password of each of n users.
func wantPasswords(t *testing.T, c hermes.API, path string, n int) {
	t.Helper()
	passwords := readPasswords(t, path)
	if len(passwords) != n {
		t.Errorf("%d passwords, want %d", len(passwords), n)
	}
	for user, password := range passwords {
		if got := mustShow(t, c, user).Password.Value.Reveal(); got != password {
			t.Fatalf("%s: the file has another password than the server", user)
		}
	}
	if _, err := os.Stat(path + ".pending"); !os.IsNotExist(err) {
		t.Errorf("the notes of pending passwords are still there: %v", err)
	}
}

func passwordPath(t *testing.T) string { return filepath.Join(t.TempDir(), "passwords.csv") }

// manyUsers returns a CSV file of users with a display name, a phone and any number.
func manyUsers(from, to int, name string) string {
	var b strings.Builder
	b.WriteString("\ufeffuser;displayname;phones;number;aliases\r\n")
	for i := from; i < to; i++ {
		fmt.Fprintf(&b, "u%05d@example.com;\"%s %d\";00:15:65:00:%02x:%02x;auto:+4773*;a%05d@example.com\r\n", i, name, i, i>>8, i&255, i)
	}
	return b.String()
}
