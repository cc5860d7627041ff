package siptest_test

import (
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// TestNumber assigns a number of the pool to a user, releases it, and assigns it to another user.
func TestNumber(t *testing.T) {
	onEach(t, func(t *testing.T, eng engine) {
		e := newEnv(t, eng, setup{})
		alice, bob := e.mustUserAdd(t, "alice@example.com"), e.mustUserAdd(t, "bob@example.com")
		alicePhone, bobPhone := e.kamailio.Phone(t, alice), e.kamailio.Phone(t, bob)
		const number, alias = "+4773500001", "+4773500001@example.com"
		e.check(t, expectInvite(alice, alias, notFound, "a number in the pool is not assigned"))

		e.mustNumberAssign(t, hermes.NumberAssignRequest{User: addrOf(bob), Number: e164.MustParse(number)})
		e.check(t,
			expectInvite(alice, alias, answeredBy(bobPhone), "an assigned number"),
			expectMessage(alice, alias, answeredBy(bobPhone), "a message to the number"),
			expectInvite(alice, "+4773500001@Example.COM", answeredBy(bobPhone), "domains match in any case"),
			expectInvite(outsider, alias, answeredBy(bobPhone), "callers of other domains may call numbers"),
			expectInvite(alice, "4773500001@example.com", notFound, "a number without its +"),
			expectInvite(alice, "004773500001@example.com", notFound, "a number in another notation"),
			expectInvite(alice, "+4773500001@example.net", notFound, "the number in the other domain"),
			expectInvite(alice, "+4773500000@example.com", notFound, "another number of the pool"),
		)
		if got, want := bobPhone.Requests()[0], "INVITE sip:bob@"+bobPhone.Contact(); got != want {
			t.Errorf("the phone received %q, wanted %q", got, want)
		}

		e.mustNumberRelease(t, alias)
		e.check(t,
			expectInvite(alice, alias, notFound, "a released number"),
			expectInvite(alice, bob.Addr(), answeredBy(bobPhone), "the user's address stays"),
		)

		search, err := hermes.ParsePattern(number)
		if err != nil {
			t.Fatal(err)
		}
		got := e.mustNumberAssign(t, hermes.NumberAssignRequest{
			User: addrOf(alice), Search: search, AliasDomain: sip.MustParseDomain("example.net"),
		})
		e.check(t,
			expectInvite(bob, got.Alias.String(), answeredBy(alicePhone), "assigned to another user, in another domain"),
			expectInvite(bob, alias, notFound, "no longer in the first domain"),
		)
	})
}
