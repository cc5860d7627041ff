package provision_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// FuzzHandler sends any path, query and User-Agent. Nothing makes a panic, and without a genuine
// key there is never a secret.
func FuzzHandler(f *testing.F) {
	e, password, key := newPhone(f)
	own := e.ownKey(f, yealink1)
	for _, seed := range []struct{ path, query, agent string }{
		{"/prov/KEY/001565001122.cfg", "", "Yealink SIP-T46S 66.84.0.15 00:15:65:00:11:22"},
		{"/prov/OWN/001565001122.cfg", "", ""},
		{"/prov/AAAAAAAAAAAAAAAAAAAAAAAAAA/001565001122.cfg", "", ""},
		{"/prov/KEY/", "mac=001565001122", "Mozilla/4.0 (compatible; snom320-SIP 8.4.18 1.1.3-s)"},
		{"/prov/KEY/../OWN/001565001122.cfg", "", "snom"},
		{"//prov/KEY//001565001122.cfg", "", ""},
		{"/prov/KEY/cfg001565001122.xml", "", "Grandstream Model HW GRP2614 SW 1.0.5.15 DevId c074ad001122"},
		{"/prov/KEY\x00/001565001122.cfg", "%", "\xff"},
	} {
		f.Add(seed.path, seed.query, seed.agent)
	}
	f.Fuzz(func(t *testing.T, path, query, agent string) {
		path = strings.NewReplacer("KEY", key, "OWN", own).Replace(path)
		r := &http.Request{
			Method: http.MethodGet, URL: &url.URL{Path: path, RawQuery: query}, Header: http.Header{"User-Agent": {agent}},
			RemoteAddr: clientIP + ":5000",
		}
		e.sleep(1 << 40) // so that no misses add up
		w := httptest.NewRecorder()
		e.handler.ServeHTTP(w, r)
		if w.Code != http.StatusOK && w.Code != http.StatusNotFound && w.Code != http.StatusServiceUnavailable {
			t.Errorf("%q: status %d", path, w.Code)
		}
		if w.Code == http.StatusNotFound {
			wantRefusal(t, path, w)
		}
		isGenuine := strings.Contains(path, key) || strings.Contains(path, own)
		if body := w.Body.String(); !isGenuine && (w.Code == http.StatusOK || strings.Contains(body, password) || strings.Contains(body, own)) {
			t.Errorf("%q: a file without a genuine key: %s", path, body)
		}
	})
}
