package siptest_test

import (
	"errors"
	"net"
	"net/http"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/test/deskphone"
	"github.com/hermes-voip/go-hermes/internal/test/kamailiotest"
	"github.com/hermes-voip/go-hermes/mac"
)

// phoneEnv is a hermesd and a Kamailio on one database.
type phoneEnv struct {
	*hermesd
	*env
	domainURL string // where phones get their first file
}

// TestPhone takes a desk phone of each vendor through its life: it fetches its file from hermesd
// over HTTPS as that vendor's phones do, and registers at Kamailio with what it has read there.
func TestPhone(t *testing.T) {
	e := newPhoneEnv(t)
	for vendor, address := range map[string]string{
		"yealink": "80:5e:c0:0a:0b:0c", "snom": "00:04:13:0a:0b:0c", "poly": "64:16:7f:0a:0b:0c",
		"grandstream": "00:0b:82:0a:0b:0c", "grandstream2": "c0:74:ad:0a:0b:0c", "fanvil": "0c:38:3e:0a:0b:0c",
	} {
		t.Run(vendor, func(t *testing.T) {
			testPhone(t, e, deskphone.Phone{Vendor: vendor, MAC: mac.MustParse(address), HTTP: e.http})
		})
	}
}

func newPhoneEnv(t *testing.T) *phoneEnv {
	t.Helper()
	h := startHermesd(t, "example.com")
	kamailio := kamailiotest.Start(t, kamailiotest.Options{Database: h.db})
	host, port, err := net.SplitHostPort(kamailio.Addr())
	if err != nil {
		t.Fatal(err)
	}
	h.mustCall(t, "domain/set_servers", "domain", "example.com", "registrar", "example.com", "r_port", "5060",
		"proxy", host, "p_port", port, "prov_url", h.url+"/prov")
	h.mustCall(t, "number/add_range", "start", "+4773500000", "end", "+4773500099")
	res := h.mustCall(t, "domain/prov_key", "domain", "example.com")
	return &phoneEnv{hermesd: h, env: &env{kamailio: kamailio}, domainURL: res["url"].(string)}
}

func testPhone(t *testing.T, e *phoneEnv, desk deskphone.Phone) {
	user := desk.Vendor + "@example.com"
	e.mustCall(t, "user/add", "user", user, "displayname", `Ølga "the" <phone> & Co`, "linetext", "Desk 1")
	caller := e.mustCall(t, "user/add", "user", "caller-of-"+user)["user"].(map[string]any)
	e.mustCall(t, "phone/add", "user", user, "mac", desk.MAC.String())
	number := e.mustCall(t, "number/assign", "user", user)["number"].(string)
	from := kamailiotest.Account{User: caller["username"].(string), Domain: "example.com", Password: caller["password"].(string)}

	first := mustConfigure(t, desk, e.domainURL)
	account := e.wantAccount(t, first)
	phone := e.kamailio.Phone(t, account)
	e.check(t, expectInvite(from, number+"@example.com", answeredBy(phone), "a call to the number of the phone"))
	if first.URL == "" || first.URL == e.domainURL || !first.NoDHCP {
		t.Fatalf("the first file says the address %q, want one of the phone's own, and no provisioning by DHCP", first.URL)
	}

	if d := cmp.Diff(first, mustConfigure(t, desk, first.URL), compareLines()); d != "" {
		t.Errorf("the second file (-first +second)\n%s", d)
	}
	wantRefused(t, desk, e.domainURL, "the phone has used its own address")

	e.mustCall(t, "user/change_pw", "user", user)
	changed := e.wantAccount(t, mustConfigure(t, desk, first.URL))
	e.check(t,
		expectRegister(account, unauthorized, "the old password"),
		expectRegister(changed, accepted, "the new password"),
	)

	e.mustCall(t, "user/suspend", "user", user)
	if f := mustConfigure(t, desk, first.URL); len(f.Lines) != 0 || len(f.Off) == 0 {
		t.Errorf("lines %v are on, want them off: the user is suspended", f.Lines)
	}
	e.check(t, expectRegister(changed, unauthorized, "a suspended user"))

	e.mustCall(t, "user/resume", "user", user)
	e.mustCall(t, "phone/remove", "user", user, "mac", desk.MAC.String())
	if f := mustConfigure(t, desk, first.URL); len(f.Lines) != 0 {
		t.Errorf("lines %v are on, want them off: the user was removed from the phone", f.Lines)
	}
	wantRefused(t, desk, e.domainURL, "no user of the domain has the phone")
}

func mustConfigure(t *testing.T, desk deskphone.Phone, url string) deskphone.File {
	t.Helper()
	f, err := desk.Configure(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// wantAccount checks that one line of a file is on, and returns the account with which the phone
// registers.
func (e *phoneEnv) wantAccount(t *testing.T, f deskphone.File) kamailiotest.Account {
	t.Helper()
	if len(f.Lines) != 1 {
		t.Fatalf("%d lines are on, want one", len(f.Lines))
	}
	l := f.Lines[0]
	if got := net.JoinHostPort(l.Proxy.String(), strconv.Itoa(l.ProxyPort)); got != e.kamailio.Addr() || l.Port != 0 {
		t.Fatalf("the line has the proxy %s and the port %d, want Kamailio's address %s and none", got, l.Port, e.kamailio.Addr())
	}
	return kamailiotest.Account{User: l.User, Domain: l.Domain.String(), Login: l.Auth, Password: l.Password.Reveal()}
}

// wantRefused checks that the phone does not get its file by an address.
func wantRefused(t *testing.T, desk deskphone.Phone, url, why string) {
	t.Helper()
	f, err := desk.Configure(t.Context(), url)
	if refused := (*deskphone.Refused)(nil); !errors.As(err, &refused) || refused.Code != http.StatusNotFound {
		t.Errorf("lines %v, error %v; want 404: %s", f.Lines, err, why)
	}
}

func compareLines() cmp.Option {
	return cmp.Comparer(func(a, b hermes.FileLine) bool { return a == b })
}
