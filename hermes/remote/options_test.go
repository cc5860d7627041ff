package remote_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/remote"
)

// TestDial_refused: faults of the options and of the URL are found before anything is sent, and no
// error repeats a password.
func TestDial_refused(t *testing.T) {
	t.Parallel()
	secret := hermes.NewSecret("battery staple")
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key := &remote.Options{APIKey: secret}
	for _, tt := range []struct {
		name, url string
		opts      *remote.Options
		want      string
	}{
		{"no options", "https://h.example", nil, "one way to log in"},
		{"two ways", "https://h.example", &remote.Options{User: "a", Password: secret, APIKey: secret}, "one way to log in"},
		{"a user without a password", "https://h.example", &remote.Options{User: "a"}, "both User and Password"},
		{"a password without a user", "https://h.example", &remote.Options{Password: secret}, "both User and Password"},
		{"a key pair without a key", "https://h.example", &remote.Options{KeyPair: &remote.KeyPair{ID: "hek_a"}}, "ID and Key"},
		{"a key pair of another kind", "https://h.example", &remote.Options{KeyPair: &remote.KeyPair{ID: "hek_a", Key: p256}}, "Ed25519"},
		{
			"two configurations of TLS", "https://h.example",
			&remote.Options{APIKey: secret, TLS: &tls.Config{}, Transport: roundTripper(nil)}, "not both",
		},
		{"no URL", "", key, "want a URL"},
		{"another scheme", "ftp://h.example", key, "want a URL"},
		{"a password in the URL", "https://a:battery@h.example", key, "without user"},
		{"a password in a malformed URL", "https://a:battery@h.example:x", key, "want a URL"},
		{"a query", "https://h.example?password=battery", key, "without user"},
		{"passwords in the clear", "http://h.example", key, "AllowHTTP"},
	} {
		_, err := remote.Dial(t.Context(), tt.url, tt.opts)
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "battery") {
			t.Errorf("%s: got %v, want an error with %q", tt.name, err, tt.want)
		}
	}
}
