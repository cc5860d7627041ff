package apitest

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/hermes-voip/go-hermes/hermes"
)

// learn keeps what an answer told, for {name}.
func (p *player) learn(a Answer) {
	for name := range a.Members {
		if text := a.Text(name); text != "" {
			p.known[name] = text
		}
	}
}

var variable = regexp.MustCompile(`\{[a-z_]+\}`)

func (p *player) expand(s string) string {
	pair := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	return variable.ReplaceAllStringFunc(s, func(v string) string {
		switch name := strings.Trim(v, "{}"); name {
		case "pubkey":
			return url.QueryEscape(base64.StdEncoding.EncodeToString(pair.Public().(ed25519.PublicKey)))
		case "signature":
			message := hermes.LoginMessage(p.known["origin"], p.known["key"], hermes.NewSecret(p.known["nonce"]))
			return base64.RawURLEncoding.EncodeToString(ed25519.Sign(pair, message))
		default:
			return url.QueryEscape(p.known[name])
		}
	})
}

var (
	token        = regexp.MustCompile(`\b(he[acns]_)[0-9A-Za-z]+|\b(hek_)[0-9A-Za-z]+(_[0-9A-Za-z]+)?`)
	shownHeaders = []string{"Allow", "Retry-After", "Set-Cookie"}
)

// shown is an answer as the scripts have it.
func shown(a Answer) string {
	var b strings.Builder
	if a.Status != http.StatusOK {
		fmt.Fprintf(&b, "HTTP %d\n", a.Status)
	}
	for _, name := range shownHeaders {
		for _, value := range a.Header.Values(name) {
			fmt.Fprintf(&b, "%s: %s\n", name, value)
		}
	}
	b.WriteString(pretty(a.Body))
	return token.ReplaceAllString(b.String(), "$1$2…")
}

func pretty(body string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(body), "", "  ") != nil {
		return body
	}
	return b.String()
}
