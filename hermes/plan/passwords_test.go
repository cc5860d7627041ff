package plan_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/plan"
	"github.com/hermes-voip/go-hermes/sip"
)

func TestOpenPasswordFile(t *testing.T) {
	t.Parallel()
	path := passwordPath(t)
	mustOpen(t, path).Close()
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v; want the mode 0600", info.Mode(), err)
	}
	if err := os.WriteFile(path, []byte("user,password\na@example.com,cut"), 0o600); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, path).Close()
	if text, _ := os.ReadFile(path); string(text) != "user,password\na@example.com,cut\n" {
		t.Errorf("the file is %q, want the last line to end", text)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := plan.OpenPasswordFile(path); err == nil || !strings.Contains(err.Error(), "want 0600") {
		t.Errorf("opened a file that others can read: %v", err)
	}
	if _, err := plan.OpenPasswordFile(os.DevNull); err == nil || !strings.Contains(err.Error(), "regular file") {
		t.Errorf("opened a device: %v", err)
	}
}

// dying is an API that stops answering: the call after some is made, and no answer comes to it.
type dying struct {
	hermes.API
	calls *atomic.Int64 // that are answered
	die   func()
}

func (d dying) WithOptions(o hermes.CallOptions) hermes.API {
	d.API = d.API.WithOptions(o)
	return d
}

func (d dying) UserOnboard(ctx context.Context, req hermes.UserOnboardRequest) (res hermes.UserOnboardResponse, err error) {
	if res, err = d.API.UserOnboard(context.WithoutCancel(ctx), req); err == nil && d.calls.Add(-1) < 0 {
		d.die()
		return hermes.UserOnboardResponse{}, &hermes.Error{Node: "user/onboard", Response: hermes.Failed, Cause: hermes.StoreFailed, Err: hermes.ErrOutcomeUnknown}
	}
	return res, err
}

// applyUntilDeath applies a plan until n users have been added with an answer.
func applyUntilDeath(t *testing.T, c hermes.API, p *plan.Plan, passwords *plan.PasswordFile, n int64) {
	t.Helper()
	dyingCtx, die := context.WithCancel(ctx)
	defer die()
	var calls atomic.Int64
	calls.Store(n)
	if _, err := p.Apply(dyingCtx, dying{c, &calls, die}, &plan.ApplyOptions{Passwords: passwords}); !errors.Is(err, context.Canceled) {
		t.Fatalf("the apply ended with %v", err)
	}
	passwords.Close()
}

// TestApply_passwordsOfLostAnswers: the users whose answers were lost get their passwords into the
// file by the next apply.
func TestApply_passwordsOfLostAnswers(t *testing.T) {
	t.Parallel()
	c := newClient(t, 1000, nil)
	path, f := passwordPath(t), mustParse(t, "f.csv", manyUsers(0, 700, "User"))
	for _, n := range []int64{0, 1, 300, 250} {
		applyUntilDeath(t, c, mustMake(t, c, f, nil), mustOpen(t, path), n)
	}
	passwords := mustOpen(t, path)
	if passwords.Pending() == 0 {
		t.Error("no password is pending, want at least one")
	}
	p := mustMake(t, c, f, nil)
	res := mustApply(t, c, p, &plan.ApplyOptions{Passwords: passwords})
	if res.Recovered == 0 || res.Done == 0 {
		t.Errorf("the result is %+v", res)
	}
	wantNothing(t, c, f, nil)
	wantPasswords(t, c, path, 700)
}

// A user that was added by the apply that died, and has been removed since, is added again.
func TestApply_removedMeanwhile(t *testing.T) {
	t.Parallel()
	c := newClient(t, 0, nil)
	path, f := passwordPath(t), mustParse(t, "f.csv", "user\na@example.com\nb@example.com\n")
	applyUntilDeath(t, c, mustMake(t, c, f, nil), mustOpen(t, path), 0)
	for _, user := range []string{"a@example.com", "b@example.com"} {
		_, err := c.UserOffboard(ctx, hermes.UserOffboardRequest{User: sip.MustParse(user)})
		if err != nil && !errors.Is(err, hermes.NotFound) {
			t.Fatal(err)
		}
	}
	mustApply(t, c, mustMake(t, c, f, nil), &plan.ApplyOptions{Passwords: mustOpen(t, path)})
	wantNothing(t, c, f, nil)
	wantPasswords(t, c, path, 2)
}

// A file can be applied again and again within the time for which answers are kept.
func TestApply_again(t *testing.T) {
	t.Parallel()
	c := newClient(t, 0, nil)
	path := passwordPath(t)
	present := mustParse(t, "f.csv", "user,displayname\na@example.com,A\n")
	renamed := mustParse(t, "f.csv", "user,displayname\na@example.com,B\n")
	absent := mustParse(t, "f.csv", "user,absent\na@example.com,1\n")
	for range 2 {
		for _, f := range []*plan.File{present, renamed, present, renamed, absent} {
			passwords := mustOpen(t, path)
			mustApply(t, c, mustMake(t, c, f, nil), &plan.ApplyOptions{Passwords: passwords})
			passwords.Close()
			wantNothing(t, c, f, nil)
		}
	}
}

// If the password is not known any more, the next apply says so, once.
func TestApply_passwordUnknown(t *testing.T) {
	t.Parallel()
	c := newClient(t, 0, nil)
	path, f := passwordPath(t), mustParse(t, "f.csv", "user\na@example.com\n")
	applyUntilDeath(t, c, mustMake(t, c, f, nil), mustOpen(t, path), 0)
	offboard := hermes.UserOffboardRequest{User: sip.MustParse("a@example.com")}
	if _, err := c.UserOffboard(ctx, offboard); err != nil {
		t.Fatal(err)
	}
	if _, err := c.UserAdd(ctx, hermes.UserAddRequest{User: offboard.User}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path + ".pending")
	if err != nil {
		t.Fatal(err)
	}
	// The server has no such key, as after 24 hours.
	if err := os.WriteFile(path+".pending", []byte(strings.ReplaceAll(string(text), `"key":"`, `"key":"x`)), 0o600); err != nil {
		t.Fatal(err)
	}
	var failures []string
	for range 2 {
		passwords := mustOpen(t, path)
		if _, err := mustMake(t, c, f, nil).Apply(ctx, c, &plan.ApplyOptions{Passwords: passwords, Failed: func(f plan.Failure) {
			failures = append(failures, f.Error())
		}}); err != nil {
			t.Error(err)
		}
		passwords.Close()
	}
	if len(failures) != 1 || !strings.Contains(failures[0], "a@example.com: was added by an apply that was killed") {
		t.Errorf("failures %q, want one", failures)
	}
}
