package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/remote"
	"github.com/hermes-voip/go-hermes/internal/wire"
)

// masked is printed in the place of a secret.
const masked = "[secret]"

// tracer makes HTTP requests, and prints those of one node with the heads of their answers.
type tracer struct {
	next    http.RoundTripper
	w       io.Writer
	path    string   // of requests that are printed ends with it
	secrets []string // the parameters that are masked
}

func newTracer(w io.Writer, n hermes.Node) *tracer {
	t := &tracer{
		next: http.DefaultTransport, w: w, path: "/api/" + n.Path, secrets: []string{"session", "auth_key"},
	}
	for _, p := range parametersOf(n) {
		if p.isSecret() {
			t.secrets = append(t.secrets, p.name)
		}
	}
	return t
}

// RoundTrip implements [http.RoundTripper].
func (t *tracer) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.URL.Path, t.path) {
		return t.next.RoundTrip(r)
	}
	dump, err := httputil.DumpRequestOut(r, true)
	if err != nil {
		return nil, err
	}
	head, form, _ := strings.Cut(string(dump), "\r\n\r\n")
	fmt.Fprintf(t.w, "%s\n>\n%s\n\n", prefixed("> ", head), printable(t.maskForm(form)))
	res, err := t.next.RoundTrip(r)
	if err != nil {
		return res, err
	}
	if dump, err = httputil.DumpResponse(res, false); err != nil {
		return nil, err
	}
	_, err = fmt.Fprintf(t.w, "%s\n<\n", prefixed("< ", strings.TrimSpace(string(dump))))
	return res, err
}

// prefixed returns the lines of a head after a prefix, with the values of cookies masked.
func prefixed(prefix, head string) string {
	lines := strings.Split(head, "\r\n")
	for i, line := range lines {
		name, cookie, _ := strings.Cut(line, ": ")
		if name == "Cookie" || name == "Set-Cookie" {
			key, value, _ := strings.Cut(cookie, "=")
			_, attributes, _ := strings.Cut(value, ";")
			line = name + ": " + key + "=" + masked
			if attributes != "" {
				line += ";" + attributes
			}
		}
		lines[i] = prefix + printable(line)
	}
	return strings.Join(lines, "\n")
}

// maskForm masks the secrets of a form.
func (t *tracer) maskForm(form string) string {
	pairs := strings.Split(form, "&")
	for i, pair := range pairs {
		name, _, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(name); err != nil || slices.Contains(t.secrets, plain) {
			pairs[i] = name + "=" + masked
		}
	}
	return strings.Join(pairs, "&")
}

// maskBody returns the body of an answer of n with its secrets masked. An answer in plain text is a
// secret as a whole.
func maskBody(answer *remote.Answer, n hermes.Node) io.ReadCloser {
	if answer.Text {
		answer.Body.Close()
		return io.NopCloser(strings.NewReader(masked))
	}
	return struct {
		io.Reader
		io.Closer
	}{&maskReader{r: answer.Body, secrets: wire.Secrets(n.Response)}, answer.Body}
}

// maskReader reads a JSON text, and masks the strings that are members with certain names. All else
// is left as it is.
type maskReader struct {
	r       io.Reader
	secrets map[string]bool
	buf     [4096]byte
	out     bytes.Buffer // what is still to be returned
	err     error        // after that

	text      []byte // of the string that is being read or was read last
	inString  bool
	escaped   bool // the next byte belongs to an escape
	colon     bool // the last token was a colon
	isMasked  bool // the string that is being read is masked
	isKeyName bool // text is a whole string, of which a colon would make a name
}

// Read implements [io.Reader].
func (m *maskReader) Read(p []byte) (int, error) {
	for m.out.Len() == 0 && m.err == nil {
		n, err := m.r.Read(m.buf[:])
		for _, c := range m.buf[:n] {
			m.add(c)
		}
		m.err = err
	}
	if m.out.Len() == 0 {
		return 0, m.err
	}
	return m.out.Read(p)
}

// longestName is longer than any name of a member.
const longestName = 64

func (m *maskReader) add(c byte) {
	switch {
	case m.inString:
		m.addToString(c)
		return
	case c == '"':
		m.inString, m.isMasked = true, m.colon && m.isKeyName && m.secrets[string(m.text)]
		m.text, m.colon, m.isKeyName = m.text[:0], false, false
		m.out.WriteByte(c)
		if m.isMasked {
			m.out.WriteString(masked)
		}
		return
	case c == ':':
		m.colon = true
	case c != ' ' && c != '\n' && c != '\t' && c != '\r':
		m.colon, m.isKeyName = false, false
	}
	m.out.WriteByte(c)
}

func (m *maskReader) addToString(c byte) {
	ends := c == '"' && !m.escaped
	if !m.isMasked || ends {
		m.out.WriteByte(c)
	}
	switch {
	case ends:
		m.inString, m.isKeyName = false, !m.isMasked
	case len(m.text) < longestName:
		m.text = append(m.text, c)
	}
	m.escaped = c == '\\' && !m.escaped
}
