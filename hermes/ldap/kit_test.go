package ldap_test

import (
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/ldap"
	"github.com/hermes-voip/go-hermes/internal/test/ldaptest"
)

var _ hermes.Backend = (*ldap.Backend)(nil)

const template = "uid={user}," + ldaptest.People

// backend is one under test.
type backend struct {
	*testing.T
	*ldap.Backend
}

func open(t *testing.T, opts ldap.Options) backend {
	t.Helper()
	b, err := ldap.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return backend{t, b}
}

func (b backend) verify(user, password string) (bool, error) {
	return b.Verify(b.Context(), nil, user, hermes.NewSecret(password))
}

// wants wants this answer and no error.
func (b backend) wants(why, user, password string, want bool) {
	b.Helper()
	if got, err := b.verify(user, password); err != nil || got != want {
		b.Errorf("%s: Verify(%q, %q) = %t, %v, want %t", why, user, password, got, err, want)
	}
}

// has wants this answer of Has.
func (b backend) has(why, user string, want bool) {
	b.Helper()
	if got, err := b.Has(b.Context(), nil, user); err != nil || got != want {
		b.Errorf("%s: Has(%q) = %t, %v, want %t", why, user, got, err, want)
	}
}

// fails wants an error of Verify, which it returns, and of Has.
func (b backend) fails(why, user, password string) error {
	b.Helper()
	ok, err := b.verify(user, password)
	if ok || err == nil {
		b.Errorf("%s: Verify(%q, %q) = %t, %v, want an error", why, user, password, ok, err)
	}
	if has, hasErr := b.Has(b.Context(), nil, user); has || hasErr == nil {
		b.Errorf("%s: Has(%q) = %t, %v, want an error", why, user, has, hasErr)
	}
	return err
}
