package siptest_test

import (
	"slices"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// Calls to an alias go to its destination, wherever that is. An alias of an alias is not followed.
func TestAlias(t *testing.T) {
	onEach(t, func(t *testing.T, eng engine) {
		e := newEnv(t, eng, setup{})
		alice, bob := e.mustUserAdd(t, "alice@example.com"), e.mustUserAdd(t, "bob@example.net")
		bobPhone, outside := e.kamailio.Phone(t, bob), e.kamailio.Outside(t)
		remote := sip.MustParse("carol@" + outside.Domain())
		_, err := e.client.UserAddRemote(t.Context(), hermes.UserAddRemoteRequest{
			User: remote, Password: hermes.NewSecret("not ours"), Registrar: remote.Domain(),
		})
		if err != nil {
			t.Fatal(err)
		}
		e.mustAliasAdd(t, "sales@example.com", "bob@example.net")
		e.mustAliasAdd(t, "sales@example.net", remote.String())
		e.mustAliasAdd(t, "desk@example.com", "dave@"+outside.Domain())
		e.mustAliasAdd(t, "+4722000001@example.com", remote.String())
		e.check(t,
			expectInvite(alice, "sales@example.com", answeredBy(bobPhone), "to a local user of another domain"),
			expectInvite(alice, "Sales@example.com", notFound, "names are compared exactly"),
			expectInvite(alice, "sales@example.net", answeredBy(outside), "to a remote user: forwarded"),
			expectInvite(alice, "desk@example.com", answeredBy(outside), "to an address elsewhere that Hermes does not know"),
			expectInvite(alice, "+4722000001@example.com", answeredBy(outside), "a number whose destination is elsewhere"),
			expectInvite(outsider, "sales@example.net", answeredBy(outside), "an outsider's call to a local alias is forwarded"),
			expectInvite(outsider, remote.String(), forbidden, "an outsider's call to the remote user itself is not"),
		)
		want := "INVITE sip:carol@" + outside.Domain()
		if got := outside.Requests(); !slices.Contains(got, want) {
			t.Errorf("the phone outside received %q, wanted %q among them", got, want)
		}
		e.mustAliasRemove(t, "sales@example.com")
		e.check(t,
			expectInvite(alice, "sales@example.com", notFound, "a removed alias"),
			expectInvite(alice, "sales@example.net", answeredBy(outside), "the alias of that name in the other domain"),
		)
	})
}
