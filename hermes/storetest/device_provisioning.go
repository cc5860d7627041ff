package storetest

import (
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

const provisionedMAC = "001122334455"

// addProvisioned adds a phone with three lines of users of two domains, another phone, and the keys
// of both domains. It returns the lines as Provisioning does.
func addProvisioned(t *testing.T, s hermes.Store) []hermes.PhoneLine {
	t.Helper()
	alice, far, bob := localUser("alice@example.com"), remoteUser("far@far.example"), localUser("bob@example.net")
	bob.Suspended, bob.SuspendedReason = binaryText, "unpaid"
	mustAddUser(t, s, alice, far, bob)
	mustAddPhone(t, s, onLine(provisionedMAC, "alice@example.com", 12), onLine(provisionedMAC, "bob@example.net", 1),
		onLine(provisionedMAC, "far@far.example", 3), onLine("001122334466", "alice@example.com", 1))
	com, net := servers("example.com"), servers("example.net")
	must(t, s.SetServers(t.Context(), com))
	must(t, s.SetServers(t.Context(), net))
	mustSetDevice(t, s, device(provisionedMAC), device("001122334466"))
	mustSeePhones(t, s, phoneSeen(provisionedMAC, 4))
	mustSetDomainKeys(t, s, domainKeys("example.com"), domainKeys("example.net"))
	return []hermes.PhoneLine{{Line: 1, User: bob, Servers: net}, {Line: 3, User: far}, {Line: 12, User: alice, Servers: com}}
}

func testPhoneProvisioning(t *testing.T, open openFunc) {
	t.Run("the owner of the key is found, whichever of its keys it is", func(t *testing.T) {
		s := open(t).Store
		lines := addProvisioned(t, s)
		d := seenDevice(device(provisionedMAC), 4)
		for _, row := range []struct {
			why, key string
			want     hermes.Provisioning
		}{
			{"the current key of a domain", "current of example.com", hermes.Provisioning{KeyDomain: domain("example.com")}},
			{"the key before of a domain", "before of example.net", hermes.Provisioning{KeyDomain: domain("example.net")}},
			{"the phone's own key", "key of " + provisionedMAC, hermes.Provisioning{KeyPhone: d.MAC}},
			{"the phone's next key", "next of " + provisionedMAC, hermes.Provisioning{KeyPhone: d.MAC}},
			{"another phone's key", "key of 001122334466", hermes.Provisioning{KeyPhone: macAddr("001122334466")}},
			{"no key that there is", "another", hermes.Provisioning{}},
		} {
			want := row.want
			wantProvisioning(t, s, row.why+", without a phone", row.key, macOrZero(""), want)
			wantProvisioning(t, s, row.why+", with an unknown phone", row.key, macAddr("001122334499"), want)
			want.Device, want.Lines = d, lines
			wantProvisioning(t, s, row.why, row.key, d.MAC, want)
		}
	})
	t.Run("the zero hash is not the key that is missing", func(t *testing.T) {
		s := open(t).Store
		mustSetDevice(t, s, hermes.Device{MAC: macAddr(provisionedMAC)})
		mustSetDomainKeys(t, s, hermes.DomainKeys{Domain: domain("example.com")})
		got, err := s.Provisioning(t.Context(), hermes.Hash{}, macOrZero(""))
		must(t, err)
		if d := diff(got, hermes.Provisioning{}); d != "" {
			t.Errorf("(-got +want):\n%s", d)
		}
	})
	t.Run("a phone may have lines and no device, or a device and no lines", func(t *testing.T) {
		s := open(t).Store
		mustAddUser(t, s, localUser("alice@example.com"))
		gone := sip.Unchecked("gone", "EXAMPLE.net") // as another tool may have spelled it
		mustAddPhone(t, s, onLine(provisionedMAC, "alice@example.com", 2),
			hermes.Phone{MAC: mac.MustParse(provisionedMAC), User: gone, Line: 7})
		must(t, s.SetServers(t.Context(), servers("example.net")))
		mustSetDevice(t, s, device("001122334466"))
		wantProvisioning(t, s, "only lines", "another", macAddr(provisionedMAC), hermes.Provisioning{Lines: []hermes.PhoneLine{
			{Line: 2, User: localUser("alice@example.com")},
			{Line: 7, User: hermes.User{Address: gone}, Servers: servers("example.net")},
		}})
		wantProvisioning(t, s, "only a device", "another", macAddr("001122334466"), hermes.Provisioning{Device: device("001122334466")})
	})
}

// testKamailioPhoneProvisioning provisions users of whom other tools have made or removed rows.
func testKamailioPhoneProvisioning(t *testing.T, open openFunc) {
	t.Run("a line may be that of a user that only Kamailio's table has, or of which it lacks the row", func(t *testing.T) {
		f := open(t)
		f.Kamailio.AddSubscriber(t, "theirs", "example.com", "p", "1", "2")
		mustAddUser(t, f.Store, localUser("alice@example.com"))
		f.Kamailio.RemoveSubscriber(t, "alice", "example.com")
		mustAddPhone(t, f.Store, onLine(provisionedMAC, "theirs@example.com", 1), onLine(provisionedMAC, "alice@example.com", 2))
		alice := localUser("alice@example.com")
		alice.HA1, alice.HA1B, alice.Clear = "", "", ""
		wantProvisioning(t, f.Store, "two users", "another", macAddr(provisionedMAC), hermes.Provisioning{Lines: []hermes.PhoneLine{
			{Line: 1, User: hermes.User{Address: addr("theirs@example.com"), Type: hermes.Local, HA1: "1", HA1B: "2", Clear: "p"}},
			{Line: 2, User: alice},
		}})
	})
}

func wantProvisioning(t *testing.T, s hermes.Store, why, key string, m mac.Addr, want hermes.Provisioning) {
	t.Helper()
	got, err := s.Provisioning(t.Context(), provKey(key).Hash, m)
	must(t, err)
	if d := diff(got, want); d != "" {
		t.Errorf("%s (-got +want):\n%s", why, d)
	}
}

// macOrZero returns the zero address for an empty text.
func macOrZero(s string) (m mac.Addr) {
	if s != "" {
		m = macAddr(s)
	}
	return m
}
