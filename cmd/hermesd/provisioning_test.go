package main

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestParseWindow(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"24h": 24 * time.Hour, "7d": 7 * 24 * time.Hour, "0": -1} {
		d, err := parseWindow(text)
		if got := (&config{provWindow: d}).provisioningWindow(); err != nil || got != want {
			t.Errorf("%s: got %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "-1h", "soon", "10"} {
		if d, err := parseWindow(text); err == nil {
			t.Errorf("%q: got %v, want an error", text, d)
		}
	}
}

func TestConfig_PlainExposures(t *testing.T) {
	t.Parallel()
	c := &config{provPlain: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("0.0.0.0/0")}}
	got := c.plainExposures()
	f, found := c.examineProvisioning()
	if len(got) != 1 || !strings.HasPrefix(got[0], "prov-plain has 0.0.0.0/0:") || !found || f.Detail != got[0] {
		t.Errorf("got %q, %+v; want a warning of all of IPv4", got, f)
	}
	if f, found := (&config{}).examineProvisioning(); found {
		t.Errorf("without the setting: %+v", f)
	}
}

// TestServer_phones fetches the file of a phone from a server without TLS, for a network that may
// do without, and under any Host.
func TestServer_phones(t *testing.T) {
	t.Parallel()
	for setting, want := range map[string]int{"127.0.0.0/8": http.StatusOK, "192.0.2.0/24": http.StatusNotFound} {
		p := startHermesd(t, nil, "--db", "memory:", "--domain", "example.test", "--prov-plain", setting)
		s := p.login(t, "admin", p.password())
		s.mustCall(t, "domain/set_servers", "domain", "example.test", "registrar", "sip.example.test", "r_port", "5060",
			"proxy", "sip.example.test", "p_port", "5060", "prov_url", "http://phones.example.test/prov")
		s.mustCall(t, "user/add", "user", "alice@example.test")
		s.mustCall(t, "phone/add", "mac", "001565001122", "user", "alice@example.test")
		address := s.mustCall(t, "domain/prov_key", "domain", "example.test")["url"].(string)
		key := address[strings.LastIndexByte(address, '/')+1:]
		for path, want := range map[string]int{"/prov/" + key + "/001565001122.cfg": want, "/prov/": http.StatusNotFound} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+path, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			r.Host = "phones.example.test"
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != want {
				t.Errorf("--prov-plain %s: %d, want %d", setting, res.StatusCode, want)
			}
		}
		p.waitForLine(t, "provisioning")
		if log := strings.Join(p.log(), "\n"); strings.Contains(log, key) {
			t.Errorf("the log has the key: %s", log)
		}
	}
}
