package siptest_test

import (
	"slices"
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/test/kamailiotest"
	"github.com/hermes-voip/go-hermes/sip"
)

// TestNumber is a number's way from the pool to one user, back, and to another.
func TestNumber(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		w := newWorld(t, e, setup{})
		alice, bob := w.add(t, "alice@example.com"), w.add(t, "bob@example.com")
		alices, bobs := w.sip.Phone(t, alice), w.sip.Phone(t, bob)
		const number, at = "+4773500001", "+4773500001@example.com"
		w.keeps(t, calls(alice, at, nobody, "a number in the pool is nobody's"))

		w.assign(t, hermes.NumberAssignRequest{User: addr(bob), Number: e164.MustParse(number)})
		w.keeps(t,
			calls(alice, at, by(bobs), "an assigned number"),
			sends("MESSAGE", alice, at, by(bobs), "for messages too"),
			calls(alice, "+4773500001@Example.COM", by(bobs), "domains match in any case"),
			calls(stranger, at, by(bobs), "numbers are there to be called from elsewhere"),
			calls(alice, "4773500001@example.com", nobody, "a number without its +"),
			calls(alice, "004773500001@example.com", nobody, "a number in another notation"),
			calls(alice, "+4773500001@example.net", nobody, "the number in the other domain"),
			calls(alice, "+4773500000@example.com", nobody, "another number of the pool"),
		)
		if got, want := bobs.Requests()[0], "INVITE sip:bob@"+bobs.Contact(); got != want {
			t.Errorf("the phone got %q, wanted %q", got, want)
		}

		w.release(t, at)
		w.keeps(t, calls(alice, at, nobody, "a released number"), calls(alice, bob.Addr(), by(bobs), "its user has the address still"))

		got := w.assign(t, hermes.NumberAssignRequest{User: addr(alice), Search: must(hermes.ParsePattern(number))(t), AliasDomain: sip.MustParseDomain("example.net")})
		w.keeps(t,
			calls(bob, got.Alias.String(), by(alices), "given to another user, in another domain"),
			calls(bob, at, nobody, "and not in the first one any more"),
		)
	})
}

// TestAlias: wherever an alias leads its calls go, one step far.
func TestAlias(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		w := newWorld(t, e, setup{})
		alice, bob := w.add(t, "alice@example.com"), w.add(t, "bob@example.net")
		bobs, outside := w.sip.Phone(t, bob), w.sip.Outside(t)
		far := sip.MustParse("carol@" + outside.Domain())
		must(w.api.UserAddRemote(t.Context(), hermes.UserAddRemoteRequest{User: far, Password: hermes.NewSecret("not ours"), Registrar: far.Domain()}))(t)
		for alias, destination := range map[string]string{
			"sales@example.com": "bob@example.net", "sales@example.net": far.String(), "desk@example.com": "dave@" + outside.Domain(),
			"+4722000001@example.com": far.String(),
		} {
			w.alias(t, alias, destination)
		}
		w.keeps(t,
			calls(alice, "sales@example.com", by(bobs), "to a local user of another domain"),
			calls(alice, "Sales@example.com", nobody, "names are compared exactly"),
			calls(alice, "sales@example.net", by(outside), "to a remote user: forwarded"),
			calls(alice, "desk@example.com", by(outside), "to somebody elsewhere whom Hermes does not know"),
			calls(alice, "+4722000001@example.com", by(outside), "a number that leads elsewhere"),
			calls(stranger, "sales@example.net", by(outside), "a stranger's call to a local alias is forwarded"),
			calls(stranger, far.String(), denied, "but not one to the remote user itself"),
		)
		want := "INVITE sip:carol@" + outside.Domain()
		if got := outside.Requests(); !slices.Contains(got, want) {
			t.Errorf("outside came %q, wanted %q among it", got, want)
		}
		must(w.api.AliasRemove(t.Context(), hermes.AliasRemoveRequest{Alias: sip.MustParse("sales@example.com")}))(t)
		w.keeps(t,
			calls(alice, "sales@example.com", nobody, "a removed alias"),
			calls(alice, "sales@example.net", by(outside), "the alias of that name in the other domain"),
		)
	})
}

// TestDomainsDoNotMix has the same names in two domains.
func TestDomainsDoNotMix(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		w := newWorld(t, e, setup{drops: true})
		com, net := w.add(t, "alice@example.com"), w.add(t, "alice@example.net")
		w.keeps(t,
			registers(com, accepted, "one domain's user"),
			registers(net, accepted, "the other's"),
			registers(withPassword(com, net.Password), refused, "the other's password"),
			registers(withPassword(net, com.Password), refused, "the other's password, the other way round"),
			registers(login(withPassword(com, net.Password), net.Addr()), refused, "the other's login and password"),
		)
		coms, nets := w.sip.Phone(t, com), w.sip.Phone(t, net)
		w.alias(t, "sales@example.com", "alice@example.com")
		w.alias(t, "sales@example.net", "alice@example.net")
		both := []promise{
			calls(net, "sales@example.com", by(coms), "one domain's alias"),
			calls(com, "sales@example.net", by(nets), "the other's"),
			calls(com, net.Addr(), by(nets), "one domain's user"),
			calls(net, com.Addr(), by(coms), "the other's"),
		}
		w.keeps(t, both...)
		changed := w.changePw(t, com, "")
		w.keeps(t, registers(changed, accepted, "the new password"), registers(net, accepted, "the other's stays"))
		must(w.api.AliasRemove(t.Context(), hermes.AliasRemoveRequest{Alias: sip.MustParse("sales@example.com")}))(t)
		w.remove(t, "alice@example.com")
		w.keeps(t,
			registers(changed, refused, "removed"),
			calls(net, com.Addr(), nobody, "removed with the contact"),
			calls(stranger, "sales@example.com", nobody, "removed"),
			registers(net, accepted, "the one who stays"),
			calls(net, net.Addr(), by(nets), "and the phone of that one"),
			calls(net, "sales@example.net", by(nets), "and the alias"),
		)
	})
}

// TestPermissions: Kamailio's is_user_in lets those call out whom user/permissions says.
func TestPermissions(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		w := newWorld(t, e, setup{})
		alice, other := w.add(t, "alice@example.com"), w.add(t, "alice@example.net")
		gateway := w.sip.Gateway(t)
		out := func(a kamailiotest.Account, want kamailiotest.Answer, why string) promise {
			return calls(a, "9+4722334455@"+a.Domain, want, why)
		}
		w.keeps(t, out(alice, denied, "a new user has no permission"))
		w.permit(t, alice, "international", "local")
		w.keeps(t,
			out(alice, by(gateway), "permitted"),
			out(other, denied, "the name of one who is permitted, in another domain"),
			out(stranger, denied, "no user here"),
		)
		w.permit(t, alice, "local")
		w.keeps(t, out(alice, denied, "permitted something else"))
		must(w.api.UserUpdate(t.Context(), hermes.UserUpdateRequest{User: addr(alice), PermittedCalls: hermes.Some("international")}))(t)
		w.keeps(t, out(alice, by(gateway), "user/update of permittedcalls is the same"))
		w.permit(t, alice)
		w.keeps(t, out(alice, denied, "cleared"))

		w.permit(t, alice, "international")
		w.remove(t, alice.Addr())
		w.keeps(t, out(w.add(t, alice.Addr()), denied, "a new user does not inherit"))
		// kamcli subscriber rm leaves the groups behind.
		w.db.Exec(t, "INSERT INTO grp (username, domain, grp) VALUES ('bob', 'example.com', 'international')")
		w.keeps(t, out(w.add(t, "bob@example.com"), denied, "nor from one whom another tool removed"))
	})
}

// stranger is of a domain that nobody here serves.
var stranger = kamailiotest.Account{User: "eve", Domain: "elsewhere.example"}

func addr(a kamailiotest.Account) sip.Addr { return sip.MustParse(a.Addr()) }

func (w *world) assign(t *testing.T, req hermes.NumberAssignRequest) hermes.NumberAssignResponse {
	t.Helper()
	return must(w.api.NumberAssign(t.Context(), req))(t)
}

func (w *world) release(t *testing.T, alias string) {
	t.Helper()
	must(w.api.NumberRelease(t.Context(), hermes.NumberReleaseRequest{Alias: sip.MustParse(alias)}))(t)
}

func (w *world) permit(t *testing.T, a kamailiotest.Account, names ...string) {
	t.Helper()
	must(w.api.UserPermissions(t.Context(), hermes.UserPermissionsRequest{User: addr(a), Permissions: hermes.Some(names)}))(t)
}
