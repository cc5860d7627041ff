package remote

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// Options configure a Client. They must have one way to log in: User and Password, APIKey, or
// KeyPair; none is needed with Sessions. All other fields may be zero.
type Options struct {
	// User and Password are those of a user of the API.
	User     string
	Password hermes.Secret
	// APIKey is a key that may be used from this host.
	APIKey hermes.Secret
	// KeyPair is a key pair, of which the server has the public key.
	KeyPair *KeyPair
	// Sessions keeps the session outside of the Client, for a command that is run again and again. If
	// there is no way to log in, calls fail with [ErrNoSession] when the session has ended. If nil,
	// the session is the Client's own.
	Sessions SessionStore

	// AllowHTTP allows a URL that begins with http:// and whose host is another machine. Everything
	// that is sent and answered can then be read on the way, passwords too.
	AllowHTTP bool
	// TLS is the configuration of connections over TLS. If nil, that of crypto/tls applies. It must
	// be nil if Transport is not.
	TLS *tls.Config
	// Transport makes the HTTP requests. If nil, the Client has a transport of its own, with the proxy
	// that the environment names; see [http.ProxyFromEnvironment].
	Transport http.RoundTripper
	// RetryFor is how long a call is made again that gets no answer, or one that says that the server
	// is busy. If negative, no call is made again. Defaults to 1 minute.
	RetryFor time.Duration
	// Logger receives a line for each login, and for each call that is made again. If nil, they are
	// discarded.
	Logger *slog.Logger
	// Now is the clock by which the auth_key is renewed. Defaults to time.Now.
	Now func() time.Time
	// Rand is the source of the random bytes in idempotency keys. Defaults to crypto/rand.Reader.
	Rand io.Reader
}

// KeyPair is an Ed25519 key pair that auth/new_key knows.
type KeyPair struct {
	// ID is the public id, which auth/new_key has answered.
	ID string
	// Key is the private key, such as an [ed25519.PrivateKey].
	Key crypto.Signer
	// Origin is that of the server, as its setting origin says. The Client signs for no other, so that
	// its signature is of no use to a server that only passes it on. Defaults to the scheme and the
	// host of the URL, such as https://hermes.example.com.
	Origin string
}

func (o *Options) setDefaults() {
	if o.RetryFor == 0 {
		o.RetryFor = time.Minute
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
}

// ways returns how many ways to log in the options have.
func (o *Options) ways() int {
	n := 0
	for _, given := range []bool{o.User != "" || !o.Password.IsZero(), !o.APIKey.IsZero(), o.KeyPair != nil} {
		if given {
			n++
		}
	}
	return n
}

// check returns the first fault of the options.
func (o *Options) check() error {
	ways := o.ways()
	switch {
	case ways > 1, ways == 0 && o.Sessions == nil:
		return errors.New("remote: want one way to log in: User and Password, APIKey, or KeyPair")
	case (o.User == "") != o.Password.IsZero():
		return errors.New("remote: want both User and Password")
	case o.TLS != nil && o.Transport != nil:
		return errors.New("remote: want TLS or Transport, not both")
	case o.KeyPair == nil:
		return nil
	case o.KeyPair.ID == "" || o.KeyPair.Key == nil:
		return errors.New("remote: want a KeyPair with ID and Key")
	}
	if _, ok := o.KeyPair.Key.Public().(ed25519.PublicKey); !ok {
		return fmt.Errorf("remote: the key of the KeyPair is a %T; want one of Ed25519", o.KeyPair.Key)
	}
	return nil
}

// parseBase returns the URL of a server without a slash at its end, and its origin.
func parseBase(address string, allowHTTP bool) (base, origin string, err error) {
	u, err := url.Parse(address)
	// The error of url.Parse has the whole address, which may have a password.
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", "", errors.New("remote: want a URL such as https://hermes.example.com")
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", "", errors.New("remote: want a URL without user, query and fragment")
	}
	if u.Scheme == "http" && !allowHTTP && !isLoopback(u.Hostname()) {
		return "", "", fmt.Errorf("remote: http://%s would send passwords in the clear: want https, or Options.AllowHTTP", u.Host)
	}
	return strings.TrimRight(u.String(), "/"), u.Scheme + "://" + u.Host, nil
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// newTransport returns the transport of a Client for which none was given.
func newTransport(config *tls.Config) *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	if config != nil {
		t.TLSClientConfig = config.Clone()
	}
	// All connections are to one host, and as many as there are calls at once.
	t.MaxIdleConns, t.MaxIdleConnsPerHost = 0, 64
	return t
}
