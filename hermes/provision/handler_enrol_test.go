package provision_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/provision"
)

const file1 = "001565001122.cfg" // of yealink1

// newPhone returns an env in which alice has yealink1, with her password and the domain's key.
func newPhone(t testing.TB) (e *env, password, key string) {
	t.Helper()
	e = newEnv(t, nil)
	password, key = e.mustUserAdd(t, alice), e.domainKey(t, domainCom)
	e.mustPhoneAdd(t, yealink1, alice)
	return e, password, key
}

// TestHandler_enrolment is the life of a phone's keys.
func TestHandler_enrolment(t *testing.T) {
	t.Parallel()
	e, password, key := newPhone(t)
	first := e.get(key, file1)
	own := e.ownKey(t, yealink1)
	if first.Code != http.StatusOK || !strings.Contains(first.Body.String(), password) || !strings.Contains(first.Body.String(), "/"+own+"/") {
		t.Fatalf("the first file: %s", textOf(first))
	}
	wantStatus(t, "the domain's key once more, before the own one was used", e.get(key, file1), http.StatusOK)
	wantStatus(t, "the own key", e.get(own, file1), http.StatusOK)
	if e.ownKey(t, yealink1) != own {
		t.Error("the own key changed when it was used")
	}
	if shown := e.mustPhoneShow(t, yealink1); shown.Enrolment != hermes.EnrolmentClosed {
		t.Errorf("after the own key was used: %+v", shown)
	}
	wantStatus(t, "the domain's key, after the own one was used", e.get(key, file1), http.StatusNotFound)
	wantStatus(t, "the own key again", e.get(own, file1), http.StatusOK)

	// The phone is replaced.
	e.mustPhoneEnrol(t, yealink1, time.Hour)
	next := e.ownKey(t, yealink1)
	if next == own {
		t.Fatal("phone/enrol made no new key")
	}
	for _, k := range []string{key, own} { // the old one serves until the new one was used
		if w := e.get(k, file1); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "/"+next+"/") {
			t.Errorf("after phone/enrol: %s, want the new key", textOf(w))
		}
	}
	wantStatus(t, "the new key", e.get(next, file1), http.StatusOK)
	wantStatus(t, "the old key, after the new one was used", e.get(own, file1), http.StatusNotFound)
	wantStatus(t, "the domain's key, after the new one was used", e.get(key, file1), http.StatusNotFound)
}

func TestHandler_enrolmentWindow(t *testing.T) {
	t.Parallel()
	e, _, key := newPhone(t)
	own := e.ownKey(t, yealink1)
	e.sleep(24*time.Hour - time.Second)
	wantStatus(t, "within the window", e.get(key, file1), http.StatusOK)
	e.sleep(time.Second)
	wantStatus(t, "after the window", e.get(key, file1), http.StatusNotFound)
	wantStatus(t, "the own key, after the window", e.get(own, file1), http.StatusOK)
	e.mustPhoneEnrol(t, yealink1, time.Hour)
	wantStatus(t, "within the window of phone/enrol", e.get(key, file1), http.StatusOK)
	e.sleep(time.Hour)
	wantStatus(t, "after the window of phone/enrol", e.get(key, file1), http.StatusNotFound)
	wantStatus(t, "the own key that was never replaced", e.get(own, file1), http.StatusOK)
}

func TestHandler_noWindow(t *testing.T) {
	t.Parallel()
	e := newEnv(t, func(o *hermes.Options, _ *provision.Options) { o.ProvisioningWindow = -1 })
	e.mustUserAdd(t, alice)
	key := e.domainKey(t, domainCom)
	e.mustPhoneAdd(t, yealink1, alice)
	wantStatus(t, "the domain's key", e.get(key, file1), http.StatusNotFound)
	own := e.ownKey(t, yealink1)
	wantStatus(t, "the own key", e.get(own, file1), http.StatusOK)
	e.mustPhoneEnrol(t, yealink1, time.Hour)
	wantStatus(t, "the domain's key, after phone/enrol", e.get(key, file1), http.StatusOK)
}

func TestHandler_rotation(t *testing.T) {
	t.Parallel()
	e, _, first := newPhone(t)
	rotate := hermes.DomainProvKeyRequest{Domain: domainCom, Rotate: true}
	second := e.mustProvKey(t, rotate)
	wantStatus(t, "the first key after one rotation", e.get(first, file1), http.StatusOK)
	wantStatus(t, "the second key after one rotation", e.get(second, file1), http.StatusOK)
	third := e.mustProvKey(t, rotate)
	wantStatus(t, "the first key after two rotations", e.get(first, file1), http.StatusNotFound)
	wantStatus(t, "a file without secrets by it", e.get(first, "y000000000000.boot"), http.StatusNotFound)
	for _, key := range []string{second, third} {
		wantStatus(t, "after two rotations", e.get(key, file1), http.StatusOK)
	}
}

// A phone of two domains gets the passwords of one by the key of that one, and all by its own.
func TestHandler_twoDomains(t *testing.T) {
	t.Parallel()
	e, ours, keyCom := newPhone(t)
	theirs, keyNet := e.mustUserAdd(t, bob), e.domainKey(t, domainNet)
	e.mustPhoneAdd(t, yealink1, bob)
	own := e.ownKey(t, yealink1)
	for _, row := range []struct {
		why, key       string
		ours, theirs   bool
		enabled, label string
	}{
		{"the key of the first domain", keyCom, true, false, "account.1.enable = 1", "account.2.enable = 0"},
		{"the key of the second domain", keyNet, false, true, "account.1.enable = 0", "account.2.enable = 1"},
		{"the own key", own, true, true, "account.1.enable = 1", "account.2.enable = 1"},
	} {
		body := e.get(row.key, file1).Body.String()
		if strings.Contains(body, ours) != row.ours || strings.Contains(body, theirs) != row.theirs ||
			!strings.Contains(body, row.enabled+"\n") || !strings.Contains(body, row.label+"\n") {
			t.Errorf("%s: %s", row.why, body)
		}
		if !strings.Contains(body, "https://prov.example.com/prov/"+own+"/") {
			t.Errorf("%s: the file does not tell the address of the first line's domain: %s", row.why, body)
		}
	}
	wantStatus(t, "the key of the first domain, after the own one was used", e.get(keyCom, file1), http.StatusNotFound)
}

// No key of a former owner opens the passwords of the next one.
func TestHandler_otherTenant(t *testing.T) {
	t.Parallel()
	e, ours, keyCom := newPhone(t)
	own := e.ownKey(t, yealink1)
	wantStatus(t, "the own key", e.get(own, file1), http.StatusOK)
	e.mustPhoneRemove(t, yealink1, alice)
	if w := e.get(own, file1); w.Code != http.StatusOK || strings.Contains(w.Body.String(), ours) || strings.Contains(w.Body.String(), "enable = 1") {
		t.Errorf("a phone without users: %s, want all lines off", textOf(w))
	}
	wantStatus(t, "the domain's key, for a phone without users", e.get(keyCom, file1), http.StatusNotFound)

	theirs, keyNet := e.mustUserAdd(t, bob), e.domainKey(t, domainNet)
	e.mustPhoneAdd(t, yealink1, bob)
	for why, key := range map[string]string{"the former own key": own, "the former domain's key": keyCom} {
		wantStatus(t, why, e.get(key, file1), http.StatusNotFound)
	}
	if w := e.get(keyNet, file1); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), theirs) {
		t.Errorf("the new domain's key: %s", textOf(w))
	}
	wantStatus(t, "the new own key", e.get(e.ownKey(t, yealink1), file1), http.StatusOK)
}

// Within its domain a phone keeps its key.
func TestHandler_sameTenant(t *testing.T) {
	t.Parallel()
	e, _, key := newPhone(t)
	own := e.ownKey(t, yealink1)
	wantStatus(t, "the own key", e.get(own, file1), http.StatusOK)
	carol := alice
	e.mustPhoneRemove(t, yealink1, alice)
	e.mustPhoneAdd(t, yealink1, carol)
	wantStatus(t, "the own key, for the next user", e.get(own, file1), http.StatusOK)
	wantStatus(t, "the domain's key, for the next user", e.get(key, file1), http.StatusNotFound)
}

func TestHandler_lines(t *testing.T) {
	t.Parallel()
	e, password, _ := newPhone(t)
	own := e.ownKey(t, yealink1)
	hasPassword := func() bool {
		w := e.get(own, file1)
		wantStatus(t, "the own key", w, http.StatusOK)
		return strings.Contains(w.Body.String(), password) && strings.Contains(w.Body.String(), "account.1.enable = 1")
	}
	if !hasPassword() {
		t.Error("the line is off")
	}
	if _, err := e.client.UserSuspend(t.Context(), hermes.UserSuspendRequest{User: alice}); err != nil {
		t.Fatal(err)
	}
	if hasPassword() {
		t.Error("a suspended user's line is on")
	}
	if _, err := e.client.UserResume(t.Context(), hermes.UserResumeRequest{User: alice}); err != nil {
		t.Fatal(err)
	}
	if !hasPassword() {
		t.Error("a resumed user's line is off")
	}
	if _, err := e.client.UserUpdate(t.Context(), hermes.UserUpdateRequest{User: alice, DisplayName: hermes.Some("  Alice")}); err != nil {
		t.Fatal(err)
	}
	if w := e.get(own, file1); w.Code != http.StatusServiceUnavailable || w.Body.Len() > 0 {
		t.Errorf("a display name that the vendor's files cannot have: %s, want 503", textOf(w))
	}
}

// A User-Agent never grants anything, and one that contradicts what is known is refused.
func TestHandler_agents(t *testing.T) {
	t.Parallel()
	const (
		own     = "Yealink SIP-T46S 66.84.0.15 00:15:65:00:11:22"
		noMAC   = "Yealink SIP-T46S 66.84.0.15"
		another = "Yealink SIP-T46S 66.84.0.15 00:15:65:00:11:33"
		fanvil  = "Fanvil X4U 2.4.3"
	)
	for _, row := range []struct {
		why, agent, vendor string
		want               int
	}{
		{"none", "", "", http.StatusOK},
		{"its own", own, "", http.StatusOK},
		{"without a MAC address", noMAC, "", http.StatusOK},
		{"a browser's", "Mozilla/5.0 (X11; Linux x86_64)", "", http.StatusOK},
		{"another phone's", another, "", http.StatusNotFound},
		{"another vendor's, but none is set", fanvil, "", http.StatusOK},
		{"its own, and the vendor is set", own, provision.Yealink, http.StatusOK},
		{"another vendor's than the one that is set", fanvil, provision.Yealink, http.StatusNotFound},
	} {
		e, _, key := newPhone(t)
		if row.vendor != "" {
			e.mustPhoneSet(t, yealink1, row.vendor)
		}
		wantStatus(t, row.why, e.do(key, file1, call{agent: row.agent}), row.want)
		wantStatus(t, row.why+", without a genuine key", e.do(strings.Repeat("A", 26), file1, call{agent: row.agent}), http.StatusNotFound)
	}
}

func TestHandler_deliveries(t *testing.T) {
	t.Parallel()
	e, password, key := newPhone(t)
	own := e.ownKey(t, yealink1)
	const agent = "Yealink SIP-T46S 66.84.0.15 00:15:65:00:11:22"
	e.do(key, file1, call{agent: agent})
	shown := e.mustPhoneShow(t, yealink1)
	if shown.Vendor != provision.Yealink || shown.Model != "T46S" || shown.Firmware != "66.84.0.15" ||
		shown.LastAddress != clientIP || !shown.LastSeen.Equal(e.time()) {
		t.Errorf("phone/show: %+v", shown)
	}
	e.do(own, file1, call{agent: agent})
	e.get(key, file1)
	log := e.log.String()
	for _, want := range []string{
		`"event":"phone/provision","actor":"","remote":"192.0.2.10","subject":"001565001122","outcome":"ok",` +
			`"vendor":"yealink","model":"T46S","firmware":"66.84.0.15","key":"example.com"`,
		`"key":"own"`, `"outcome":"closed"`,
	} {
		if !strings.Contains(log, want) {
			t.Errorf("the log has no %s: %s", want, log)
		}
	}
	for name, secret := range map[string]string{"own key": own, "domain's key": key, "password": password} {
		if strings.Contains(log, secret) {
			t.Errorf("the log has the %s: %s", name, log)
		}
	}
	if n := e.count(provision.ServedSecret); n != 2 {
		t.Errorf("%d deliveries, want 2", n)
	}
	res, err := e.client.AuditList(t.Context(), hermes.AuditListRequest{Node: "phone/provision"})
	if err != nil {
		t.Fatal(err)
	}
	entries := 0
	for entry, err := range res.List.All() {
		if err != nil {
			t.Fatal(err)
		}
		if entries++; entry.Subject != yealink1.String() || entry.Remote != clientIP {
			t.Errorf("the entry of the audit trail: %+v", entry)
		}
	}
	if entries != 1 {
		t.Errorf("%d entries in the audit trail, want one: the window was closed once", entries)
	}
}
