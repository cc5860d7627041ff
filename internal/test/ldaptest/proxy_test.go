package ldaptest_test

import (
	"slices"
	"testing"

	"github.com/hermes-voip/go-hermes/internal/test/ldaptest"
)

func TestProxy_Requests(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{})
	proxy := ldaptest.NewProxy(t, dir.Addr())
	conn := dial(t, proxy.Addr())
	if err := conn.Bind(ldaptest.Account, ldaptest.Password); err != nil {
		t.Fatal(err)
	}
	if got := proxy.Requests(); !slices.Equal(got, []string{"bind " + ldaptest.Account}) {
		t.Errorf("got %q, want the bind", got)
	}
	proxy.Cut()
	if err := conn.Bind(ldaptest.Account, ldaptest.Password); err == nil {
		t.Error("a closed connection carries a bind")
	}
}
