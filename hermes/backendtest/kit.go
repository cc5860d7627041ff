package backendtest

import (
	"context"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

// kit is what a case works with.
type kit struct {
	*testing.T
	Fixture
	ctx context.Context
}

// right is alice's password in the cases that need but one.
const right = "correct horse battery"

// alice adds the user that most cases ask about.
func (k *kit) alice() {
	k.Helper()
	k.AddUser(k.T, "alice", right)
}

// ask is Verify; an error ends the case.
func (k *kit) ask(user, password string) bool {
	k.Helper()
	ok, err := k.Backend.Verify(k.ctx, k.Store, user, hermes.NewSecret(password))
	if err != nil {
		k.Fatalf("Verify(%.80q, %.80q): got the error %v, want none", user, password, err)
	}
	return ok
}

// lets wants the user let in.
func (k *kit) lets(user, password string) {
	k.Helper()
	if !k.ask(user, password) {
		k.Errorf("Verify(%.80q, %.80q) = false, want true", user, password)
	}
}

// refuses wants the user refused, without an error.
func (k *kit) refuses(user, password string) {
	k.Helper()
	if k.ask(user, password) {
		k.Errorf("Verify(%.80q, %.80q) = true, want false", user, password)
	}
}

// has wants this answer of Has.
func (k *kit) has(user string, want bool) {
	k.Helper()
	got, err := k.Backend.Has(k.ctx, k.Store, user)
	if err != nil || got != want {
		k.Errorf("Has(%.80q) = %t, %v, want %t", user, got, err, want)
	}
}

// is wants the bare cause, which callers compare with ==.
func (k *kit) is(err error, want hermes.Cause) {
	k.Helper()
	if err != error(want) {
		k.Fatalf("got %v (%T), want the bare cause %s", err, err, want)
	}
}

// ok wants no error.
func (k *kit) ok(err error) {
	k.Helper()
	if err != nil {
		k.Fatalf("got the error %v, want none", err)
	}
}
