package siptest_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// TestPhone_Resync makes Kamailio tell the phones of two users to fetch their configuration again.
func TestPhone_Resync(t *testing.T) {
	onEach(t, func(t *testing.T, eng engine) {
		e := newEnv(t, eng, setup{dropContacts: true})
		alice, bob := e.mustUserAdd(t, "alice@example.com"), e.mustUserAdd(t, "bob@example.com")
		desk := mac.MustParse("001122334455")
		for _, address := range []string{"alice@example.com", "bob@example.com"} {
			_, err := e.client.PhoneAdd(t.Context(), hermes.PhoneAddRequest{MAC: desk, User: sip.MustParse(address)})
			if err != nil {
				t.Fatal(err)
			}
		}
		e.wantResynced(t, desk)
		hers, his := e.kamailio.Phone(t, alice), e.kamailio.Phone(t, bob)
		phones := []string{"sip:alice@" + hers.Contact(), "sip:bob@" + his.Contact()}
		e.wantResynced(t, desk, phones...)
		// A phone handles requests in the order in which they arrive.
		e.check(t,
			expectInvite(alice, bob.Addr(), answeredBy(his), "after the NOTIFY"),
			expectInvite(bob, alice.Addr(), answeredBy(hers), "after the NOTIFY"),
		)
		for i, p := range []interface{ Requests() []string }{hers, his} {
			if got := p.Requests(); !slices.Contains(got, "NOTIFY "+phones[i]) {
				t.Errorf("the phone got %q, want NOTIFY %s", got, phones[i])
			}
		}
	})
}

// wantResynced calls phone/resync and checks which contacts were told.
func (e *env) wantResynced(t *testing.T, m mac.Addr, want ...string) {
	t.Helper()
	res, err := e.client.PhoneResync(t.Context(), hermes.PhoneResyncRequest{MAC: m})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(append([]string{}, want...), res.List); d != "" {
		t.Errorf("contacts that were told (-want +got)\n%s", d)
	}
}
