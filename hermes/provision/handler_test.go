package provision_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/provision"
	"github.com/hermes-voip/go-hermes/mac"
)

// textOf returns status, headers and body.
func textOf(w *httptest.ResponseRecorder) string {
	return fmt.Sprint(w.Code, " ", w.Header(), " ", w.Body)
}

// vendorPhones has a phone of each vendor, with the names that it asks for: those of files with
// secrets, of files without, and those in vain.
var vendorPhones = []struct {
	vendor               string
	mac                  mac.Addr
	agent                string // with the MAC address as %s, if it is in it
	secret, common, vain []string
}{
	{
		vendor: provision.Yealink, mac: yealink1, agent: "Yealink SIP-T46S 66.84.0.15 00:15:65:00:11:22",
		secret: []string{"001565001122.cfg"},
		common: []string{"y000000000000.boot", "001565001122.boot"},
		vain:   []string{"y000000000028.cfg", "001565001122-contact.xml"},
	},
	{
		vendor: provision.Snom, mac: snom1,
		agent:  "Mozilla/4.0 (compatible; snomD785-SIP 10.1.169.16 2010.12-00001-gd311851f1 (Feb 25 2019 - 14:19:43) 000413001122 SXM:0 UXM:0 UXMC:0)",
		secret: []string{"snomD785-000413001122.htm", "snomD785-000413001122.xml", "000413001122.xml", "?mac=000413001122"},
		common: []string{"snomD785.htm"},
		vain:   []string{"snomD785.xml", "snomD785-firmware.htm"},
	},
	{
		vendor: provision.Poly, mac: mac.MustParse("0004f2001122"), agent: "FileTransport PolycomVVX-VVX_411-UA/5.9.0.9373 Type/Application",
		secret: []string{"0004f2001122-hermes.cfg", "0004F2001122-hermes.cfg"},
		common: []string{"0004f2001122.cfg", "000000000000.cfg"},
		vain:   []string{"0004f2001122-phone.cfg", "0004f2001122-web.cfg", "0004f2001122-license.cfg", "0004f2001122-directory.xml"},
	},
	{
		vendor: provision.Grandstream, mac: mac.MustParse("000b82001122"), agent: "Grandstream Model HW GXP2170 SW 1.0.9.135 DevId 000b82001122",
		secret: []string{"cfg000b82001122.xml"},
		vain:   []string{"cfg000b82001122", "cfg000b82001122.bin"},
	},
	{
		vendor: provision.Grandstream2, mac: mac.MustParse("c074ad001122"), agent: "Grandstream Model HW GRP2614 SW 1.0.5.15 DevId c074ad001122",
		secret: []string{"cfgc074ad001122.xml"},
		vain:   []string{"cfgc074ad001122", "cfg.xml"},
	},
	{
		vendor: provision.Fanvil, mac: mac.MustParse("0c383e001122"), agent: "Fanvil X4U 2.4.3 0c383e001122",
		secret: []string{"0c383e001122.cfg"},
		vain:   []string{"f0X4Uhw1.cfg"},
	},
}

// TestHandler_vendors asks for the files of each vendor over HTTPS, as its phones do.
func TestHandler_vendors(t *testing.T) {
	t.Parallel()
	e := newEnv(t, func(_ *hermes.Options, o *provision.Options) { o.Secure = nil })
	s := httptest.NewTLSServer(e.handler)
	t.Cleanup(s.Close)
	password, key := e.mustUserAdd(t, alice), e.domainKey(t, domainCom)
	for _, p := range vendorPhones {
		e.mustPhoneAdd(t, p.mac, alice)
		ask := func(file string) (int, string) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+prefix+"/"+key+"/"+file, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("User-Agent", p.agent)
			res, err := s.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			return res.StatusCode, string(body)
		}
		own := e.ownKey(t, p.mac)
		for _, file := range p.secret {
			status, body := ask(file)
			if status != http.StatusOK || !strings.Contains(body, password) || !strings.Contains(body, "prov.example.com/prov/"+own) {
				t.Errorf("%s: %s: %d, want the password and the own address: %s", p.vendor, file, status, body)
			}
		}
		for _, file := range p.common {
			if status, body := ask(file); status != http.StatusOK || body == "" || strings.Contains(body, password) || strings.Contains(body, own) {
				t.Errorf("%s: %s: %d, want a file without secrets: %s", p.vendor, file, status, body)
			}
		}
		for _, file := range p.vain {
			if status, body := ask(file); status != http.StatusNotFound || body != "not found\n" {
				t.Errorf("%s: %s: %d, want 404: %s", p.vendor, file, status, body)
			}
		}
		if shown := e.mustPhoneShow(t, p.mac); shown.Vendor != p.vendor || shown.Model == "" && p.agent != "" || shown.LastAddress != "127.0.0.1" {
			t.Errorf("%s: phone/show: %+v", p.vendor, shown)
		}
	}
}

// Every refusal is the same to the byte, and takes the same time.
func TestHandler_refusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const step = 100 * time.Millisecond
		e := newEnv(t, func(_ *hermes.Options, o *provision.Options) { o.RefusalTime, o.MaxInFlight = step, 1 })
		e.mustUserAdd(t, alice)
		e.mustUserAdd(t, bob)
		e.mustPhoneAdd(t, yealink1, alice)
		e.mustPhoneAdd(t, snom1, bob)
		e.mustPhoneAdd(t, noVendor, alice)
		key, own := e.domainKey(t, domainCom), e.ownKey(t, yealink1)
		var wg sync.WaitGroup
		for _, row := range []struct {
			why, path string
			call      call
		}{
			{"no key", "/prov/", call{}},
			{"no file", "/prov/" + key, call{}},
			{"an empty name", "/prov/" + key + "/", call{}},
			{"a key that is none", "/prov/abc/001565001122.cfg", call{}},
			{"a key that no one has", "/prov/AAAAAAAAAAAAAAAAAAAAAAAAAA/001565001122.cfg", call{}},
			{"the key in lower case", "/prov/" + strings.ToLower(key) + "/001565001122.cfg", call{}},
			{"no such phone", "/prov/" + key + "/001565001133.cfg", call{}},
			{"another domain's phone", "/prov/" + key + "/000413001122.xml", call{}},
			{"another phone's key", "/prov/" + own + "/000413001122.xml", call{}},
			{"another phone's key, within the domain", "/prov/" + own + "/" + noVendor.String() + ".cfg", call{}},
			{"a vendor that is not known", "/prov/" + key + "/" + noVendor.String() + ".cfg", call{}},
			{"another vendor's name", "/prov/" + key + "/cfg001565001122.xml", call{}},
			{"a name that no phone has", "/prov/" + key + "/passwd", call{}},
			{"the User-Agent of another phone", "/prov/" + key + "/001565001122.cfg", call{agent: "Yealink SIP-T46S 66.84.0.15 00:15:65:00:11:33"}},
			{"a path upwards", "/prov/" + key + "/../" + key + "/001565001122.cfg", call{}},
			{"a dot", "/prov/" + key + "/./001565001122.cfg", call{}},
			{"two slashes", "/prov/" + key + "//001565001122.cfg", call{}},
			{"two slashes before the key", "/prov//" + key + "/001565001122.cfg", call{}},
			{"a slash at the end", "/prov/" + key + "/001565001122.cfg/", call{}},
			{"an escaped letter", "/prov/" + key + "/00156500112%32.cfg", call{}},
			{"an escaped slash", "/prov/" + key + "%2F001565001122.cfg", call{}},
			{"an escaped prefix", "/%70rov/" + key + "/001565001122.cfg", call{}},
			{"a query", "/prov/" + key + "/001565001122.cfg?mac=001565001122", call{}},
			{"an empty query", "/prov/" + key + "/001565001122.cfg?", call{}},
			{"a method", "/prov/" + key + "/001565001122.cfg", call{method: http.MethodPost}},
			{"another path", "/api/user/get", call{}},
			{"TRACE", "/prov/" + key + "/001565001122.cfg", call{method: http.MethodTrace}},
		} {
			row.call.from = fmt.Sprintf("198.51.100.%d", len(row.why)) // some share one, and none is blocked
			wg.Go(func() {
				start := time.Now()
				w := e.send(row.path, row.call)
				wantRefusal(t, row.why, w)
				if took := time.Since(start); took != step {
					t.Errorf("%s: took %v, want %v", row.why, took, step)
				}
			})
		}
		wg.Wait()
		if n := e.count(provision.ServedSecret); n != 0 {
			t.Errorf("%d files with secrets", n)
		}
	})
}

func TestHandler_methods(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	password, key := e.mustUserAdd(t, alice), e.domainKey(t, domainCom)
	e.mustPhoneAdd(t, yealink1, alice)
	got := e.get(key, "001565001122.cfg")
	wantStatus(t, "GET", got, http.StatusOK)
	head := e.do(key, "001565001122.cfg", call{method: http.MethodHead})
	if head.Code != http.StatusOK || head.Body.Len() != 0 || head.Header().Get("Content-Length") != fmt.Sprint(got.Body.Len()) {
		t.Errorf("HEAD: %s", textOf(head))
	}
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Content-Length": fmt.Sprint(got.Body.Len()),
		"Content-Type": "text/plain; charset=utf-8", "Content-Encoding": "",
	} {
		if v := got.Header().Get(name); v != want {
			t.Errorf("%s: %q, want %q", name, v, want)
		}
	}
	put := e.do("AAAA", "0004f2001122-app.log", call{method: http.MethodPut})
	if put.Code != http.StatusMethodNotAllowed || put.Header().Get("Allow") != "GET, HEAD" || put.Body.Len() != 0 {
		t.Errorf("PUT of a log: %s", textOf(put))
	}
	wantStatus(t, "PUT of anything else", e.do(key, "001565001122.cfg", call{method: http.MethodPut}), http.StatusNotFound)
	if strings.Contains(head.Body.String()+put.Body.String(), password) {
		t.Error("a password")
	}
}

func TestHandler_etag(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	key := e.domainKey(t, domainCom)
	e.mustUserAdd(t, alice)
	e.mustPhoneAdd(t, yealink1, alice)
	tag := e.get(key, "001565001122.cfg").Header().Get("ETag")
	ask := func(tags string) *httptest.ResponseRecorder {
		return e.do(key, "001565001122.cfg", call{header: http.Header{"If-None-Match": {tags}}})
	}
	for tags, want := range map[string]int{
		tag: http.StatusNotModified, "W/" + tag: http.StatusNotModified, `"x", ` + tag: http.StatusNotModified,
		`"x"`: http.StatusOK, "*": http.StatusOK, "": http.StatusOK,
	} {
		w := ask(tags)
		if w.Code != want || want == http.StatusNotModified && w.Body.Len() > 0 {
			t.Errorf("If-None-Match: %s: %s, want %d", tags, textOf(w), want)
		}
	}
	if _, err := e.client.UserChangePw(t.Context(), hermes.UserChangePwRequest{User: alice}); err != nil {
		t.Fatal(err)
	}
	if w := ask(tag); w.Code != http.StatusOK || w.Header().Get("ETag") == tag {
		t.Errorf("after a change of the password: %s", textOf(w))
	}
	other := newEnv(t, nil)
	if w := other.get(other.domainKey(t, domainCom), "y000000000000.boot"); w.Header().Get("ETag") == e.get(key, "y000000000000.boot").Header().Get("ETag") {
		t.Error("two processes give the same file the same tag: want a key of each process")
	}
}

func TestHandler_secure(t *testing.T) {
	t.Parallel()
	e := newEnv(t, func(_ *hermes.Options, o *provision.Options) {
		o.Secure = nil
		o.Plain = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	})
	e.mustUserAdd(t, alice)
	e.mustPhoneAdd(t, yealink1, alice)
	key := e.domainKey(t, domainCom)
	wantStatus(t, "without TLS", e.get(key, "001565001122.cfg"), http.StatusNotFound)
	wantStatus(t, "a file without secrets, without TLS", e.get(key, "y000000000000.boot"), http.StatusNotFound)
	wantStatus(t, "a network that may do without", e.do(key, "001565001122.cfg", call{from: "10.1.2.3"}), http.StatusOK)
	r := httptest.NewRequest(http.MethodGet, prefix+"/"+key+"/001565001122.cfg", http.NoBody)
	r.TLS = &tls.ConnectionState{}
	w := httptest.NewRecorder()
	e.handler.ServeHTTP(w, r)
	wantStatus(t, "over TLS", w, http.StatusOK)
}

// brokenFiles is a renderer that fails.
type brokenFiles struct{ *provision.Templates }

// Render implements [hermes.PhoneRenderer].
func (brokenFiles) Render(string, string, hermes.PhoneFile) ([]byte, error) {
	return nil, errors.New("line 1: display name: want no control characters")
}

func TestHandler_broken(t *testing.T) {
	t.Parallel()
	e := newEnv(t, func(o *hermes.Options, _ *provision.Options) { o.PhoneFiles = brokenFiles{provision.Embedded()} })
	password := e.mustUserAdd(t, alice)
	e.mustPhoneAdd(t, yealink1, alice)
	key := e.domainKey(t, domainCom)
	w := e.get(key, "001565001122.cfg")
	if w.Code != http.StatusServiceUnavailable || w.Body.Len() != 0 {
		t.Errorf("%s, want 503 without a body", textOf(w))
	}
	log := e.log.String()
	if !strings.Contains(log, "display name") || !strings.Contains(log, "001565001122") {
		t.Errorf("the log does not say why, or of which phone: %s", log)
	}
	if strings.Contains(log, key) || strings.Contains(log, password) {
		t.Errorf("the log has a secret: %s", log)
	}
	if shown := e.mustPhoneShow(t, yealink1); !shown.LastSeen.IsZero() {
		t.Errorf("a file that was not made counts as delivered: %+v", shown)
	}
}
