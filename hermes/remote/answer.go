package remote

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/wire"
)

// answer is what a server has answered.
type answer struct {
	header http.Header
	text   bool // the body is plain text
	body   []byte
	rest   io.ReadCloser // what follows body; nil if that is the whole
}

// wholeAnswer is the number of bytes of an answer that is read as a whole.
const wholeAnswer = math.MaxInt64

// lostError is the error of a request that got no answer, or only a part of one.
type lostError struct {
	sent bool // the server may have got the request
	err  error
}

func (e *lostError) Error() string { return e.err.Error() }

func (e *lostError) Unwrap() error { return e.err }

// post sends a request to a node and reads the answer. If s is not nil, the request shows its
// session. The error is nil or a *lostError.
func (c *conn) post(ctx context.Context, node string, form url.Values, s *session) (answer, error) {
	return c.open(ctx, node, form, s, wholeAnswer)
}

// open is [conn.post], but leaves what follows the first most bytes of the answer to be read. The
// answer of which something follows is no refusal.
func (c *conn) open(ctx context.Context, node string, form url.Values, s *session, most int64) (a answer, err error) {
	if s != nil && !s.id.IsZero() {
		shown := url.Values{"session": {s.id.Reveal()}, "auth_key": {s.authKey.Reveal()}}
		for name, values := range form {
			shown[name] = values
		}
		form = shown
	}
	// At the beginning of a value, the server may take the + of a form for one, but not a %20.
	body := strings.ReplaceAll(form.Encode(), "+", "%20")
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/api/"+node, strings.NewReader(body))
	if err != nil {
		return a, &lostError{err: err}
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if s != nil && s.cookie != (cookie{}) {
		r.AddCookie(&http.Cookie{Name: s.cookie.name, Value: s.cookie.value.Reveal()})
	}
	if ctx.Err() != nil {
		return a, &lostError{err: ctx.Err()}
	}
	res, err := c.http.Do(r)
	if err != nil {
		return a, &lostError{sent: mayBeSent(err), err: err}
	}
	a = answer{header: res.Header}
	if a.body, err = io.ReadAll(io.LimitReader(res.Body, most)); err != nil {
		err = brokeOff(err)
	} else if int64(len(a.body)) == most && res.StatusCode == http.StatusOK {
		a.rest = res.Body
	}
	if err == nil {
		err = a.check(res.StatusCode)
	}
	if err != nil || a.rest == nil {
		res.Body.Close()
	}
	if err != nil {
		return a, &lostError{sent: true, err: err}
	}
	return a, nil
}

// brokeOff is the error of reading an answer.
func brokeOff(err error) error { return fmt.Errorf("the answer broke off: %w", err) }

// mayBeSent reports whether a request that failed with err may have come to the server.
func mayBeSent(err error) bool {
	dial, ok := errors.AsType[*net.OpError](err)
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	return !untrusted && (!ok || dial.Op != "dial")
}

// check returns an error if the answer is not one of Hermes, but for example that of a proxy.
func (a *answer) check(status int) error {
	media, _, _ := mime.ParseMediaType(a.header.Get("Content-Type"))
	if a.text = media == "text/plain" && status == http.StatusOK; a.text {
		return nil
	}
	if a.rest != nil && media == "application/json" {
		return nil // its response is at its end
	}
	var object struct {
		Response hermes.Response `json:"response"`
	}
	if json.Unmarshal(a.body, &object) != nil || object.Response == "" {
		return &notHermesError{status: status, media: media}
	}
	return nil
}

// notHermesError is the error of an answer that has no response.
type notHermesError struct {
	status int
	media  string
}

func (e *notHermesError) Error() string {
	return fmt.Sprintf("the answer, with status %d and Content-Type %q, is not one of Hermes", e.status, e.media)
}

// passes reports whether there may be another answer the next time: this one is a part of an
// answer, or that of a proxy that did not reach the server.
func (e *notHermesError) passes() bool {
	return e.media == "application/json" || e.status == http.StatusBadGateway || e.status == http.StatusServiceUnavailable || e.status == http.StatusGatewayTimeout
}

// read sets *res, a pointer to a zero response, to what the server has answered. If that is a
// refusal, read returns it as an [*hermes.Error].
func (a *answer) read(res any) error {
	v := reflect.ValueOf(res).Elem()
	if a.text {
		field := wire.TextField(v.Type())
		if field < 0 {
			return a.malformed(errors.New("it is plain text"))
		}
		v.Field(field).Set(reflect.ValueOf(hermes.NewSecret(string(a.body))))
		return nil
	}
	if err := a.refusal(wire.HasMember(v.Type(), "cause")); err != nil && err.Response != hermes.OK {
		return err
	} else if e := wire.Decode(a.body, res); e != nil {
		return a.malformed(e)
	} else if err != nil {
		return err
	}
	return nil
}

// malformed is the error of an answer that is not what the node answers.
func (a *answer) malformed(err error) *hermes.Error {
	return &hermes.Error{
		Response: hermes.Fault, Cause: hermes.Internal, Detail: "the answer of the server is not understood",
		Err: fmt.Errorf("request %s: %w", a.header.Get("X-Request-Id"), err),
	}
}

// refusal returns the error that the server has answered, or nil. A success with a cause is an
// error too, unless the cause is a member of the response.
func (a *answer) refusal(hasCause bool) *hermes.Error {
	if a.text || a.rest != nil {
		return nil
	}
	var object struct {
		Response hermes.Response `json:"response"`
		Cause    json.RawMessage `json:"cause"`
	}
	_ = json.Unmarshal(a.body, &object) // check has done the same
	if object.Response == hermes.Pong || object.Response == hermes.OK && (hasCause || object.Cause == nil) {
		return nil
	}
	var e struct {
		Response    hermes.Response `json:"response"`
		Cause       hermes.Cause    `json:"cause"`
		Detail      string          `json:"detail"`
		Description string          `json:"description"`
		Failed      []string        `json:"failed"`
		Until       time.Time       `json:"until"`
	}
	if err := json.Unmarshal(a.body, &e); err != nil {
		return a.malformed(errors.New("the refusal has members of other types"))
	}
	refusal := &hermes.Error{
		Response: e.Response, Cause: e.Cause, Detail: e.Detail, Description: e.Description, Fields: e.Failed, Until: e.Until,
		RetryAfter: a.retryAfter(),
	}
	if e.Cause == hermes.StoreFailed && strings.HasPrefix(e.Detail, "outcome unknown") {
		refusal.Err = hermes.ErrOutcomeUnknown
	}
	return refusal
}

func (a *answer) retryAfter() time.Duration {
	seconds, err := strconv.ParseUint(a.header.Get("Retry-After"), 10, 31)
	if err != nil {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// replayed reports whether the answer is one that was kept under an idempotency key.
func (a *answer) replayed() bool { return a.header.Get("Idempotency-Replayed") == "true" }

// cookie is the cookie of a session. The zero value is none.
type cookie struct {
	name  string
	value hermes.Secret
}

// cookie returns the cookie that the answer sets.
func (a *answer) cookie() (cookie, bool) {
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		if c.Name == "hermes" || c.Name == "__Host-hermes" {
			return cookie{name: c.Name, value: hermes.NewSecret(c.Value)}, true
		}
	}
	return cookie{}, false
}

// withNode returns err with a node, if it is an [*hermes.Error].
func withNode(err error, node string) error {
	e, ok := errors.AsType[*hermes.Error](err)
	if !ok {
		return err
	}
	named := *e
	named.Node = node
	return &named
}

// noAnswer returns the error of a request that got no answer and changed nothing: of a read, a
// login, or of one that was not sent.
func noAnswer(err error) *hermes.Error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return &hermes.Error{
			Response: hermes.Failed, Cause: hermes.StoreFailed, Detail: "the call was given up before there was an answer; nothing was changed",
			Err: err,
		}
	}
	if strange, ok := errors.AsType[*notHermesError](err); ok && !strange.passes() {
		return &hermes.Error{Response: hermes.Fault, Cause: hermes.Internal, Detail: strange.Error(), Err: err}
	}
	return &hermes.Error{
		Response: hermes.Failed, Cause: hermes.Busy, Detail: ErrUnreachable.Error(), Err: fmt.Errorf("%w: %w", ErrUnreachable, err),
	}
}

// outcomeUnknown returns the error of a change that may have been made.
func outcomeUnknown(err error) *hermes.Error {
	return &hermes.Error{
		Response: hermes.Failed, Cause: hermes.StoreFailed, Detail: "outcome unknown: there was no answer to the change",
		Err: fmt.Errorf("%w: %w", hermes.ErrOutcomeUnknown, err),
	}
}
