package hermes

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// A Response is the class of an answer: the member "response" on the wire.
type Response string

const (
	OK      Response = "ok"      // done
	Pong    Response = "pong"    // what auth/ping answers in place of ok
	Invalid Response = "invalid" // the request itself is wrong
	Failed  Response = "failed"  // a simple failure
	Fault   Response = "error"   // a fault inside Hermes
)

// A Cause is the keyword from which a program learns what went wrong. Causes are errors themselves,
// for errors.Is(err, hermes.Exists). Their values are the keywords on the wire, spelled as the
// original API spelled them.
type Cause string

const (
	Parameters     Cause = "parameters"    // a parameter is missing, unknown, duplicate or malformed
	Unauthorized   Cause = "unauthorized"  // login failed, or no valid session
	Forbidden      Cause = "forbidden"     // access level too low, or another site's page
	Throttled      Cause = "throttled"     // too many failed logins
	Busy           Cause = "busy"          // too many requests at once, or the server is stopping
	Malformed      Cause = "invalid"       // a SIP address, domain, MAC or pattern is malformed
	NotFound       Cause = "nonexistant"   // what was named does not exist
	Exists         Cause = "exists"        // the name is taken
	InUse          Cause = "inuse"         // phones or aliases still refer to it
	UnknownDomain  Cause = "nxdomain"      // the domain is not one that Kamailio serves
	DomainServed   Cause = "domain"        // user/add_remote for a domain that Kamailio does serve
	NoServers      Cause = "servfail"      // no default servers are set for the domain
	Rejected       Cause = "rejected"      // a number or a range is not acceptable
	Empty          Cause = "empty"         // the number pool has no match
	ReadOnly       Cause = "readonly"      // the authentication backend cannot be written
	NotConfigured  Cause = "notconfigured" // the node needs a setting that this server lacks
	StoreFailed    Cause = "dbfail"        // the database did not carry it out
	BadAlias       Cause = "alias"         // alias nodes: the alias is malformed
	BadDestination Cause = "destination"   // alias nodes: the destination is malformed
	BadAddress     Cause = "address"       // alias/remove: the alias is malformed
	NoNode         Cause = "node"          // no such node
	BadRequest     Cause = "request"       // wrong method, too large, or no form
	Internal       Cause = "internal"      // a fault inside Hermes
)

// Error returns the keyword.
func (c Cause) Error() string { return string(c) }

// ErrOutcomeUnknown is wrapped by the error of a store that does not know whether a commit took
// place: the connection broke at COMMIT, and the database could not be asked again.
var ErrOutcomeUnknown = errors.New("outcome unknown")

// WidthError is the error of a store that refuses a text, because a column is narrower than what
// this package allows. A site's tables may have such columns. Methods of [Client] return
// [Parameters] for it, with a detail that names the column.
type WidthError struct {
	Column string // with its table, such as subscriber.email_address
	Width  int    // of the column, in characters
	Length int    // of the text, in characters
}

// Error names the column, and what it takes.
func (e *WidthError) Error() string {
	return fmt.Sprintf("%s: the text has %d characters; want at most %d, the width of that column", e.Column, e.Length, e.Width)
}

const (
	detailNotDone     = "the database did not carry it out"
	detailStoreFailed = detailNotDone + "; nothing was changed"
	detailUnknown     = "outcome unknown: the connection broke while the change was being committed"
)

// Error is the error of every Client method. No verb of package fmt, no encoder and no log handler
// shows the inner error: it may have details that a client must not see.
type Error struct {
	Node     string   // the node that answered, such as "user/add"; empty if the call was no node
	Response Response // Invalid, Failed or Fault; OK for alias/list
	Cause    Cause    // the keyword
	Detail   string   // a sentence for a person
	// Description says which parameter was refused, what was given and what is wanted, if the Detail
	// is a text that the API has fixed. It is empty otherwise.
	Description string
	Fields      []string // user/update: the parameters that were not stored
	// RetryAfter is how long a Throttled or Busy caller should wait; zero if that is not known.
	RetryAfter time.Duration
	// Until is when the hold or the quarantine ends of the number that is InUse because of it; zero
	// for any other error.
	Until time.Time
	// Err is the error of the store or the system, for the program's own log. It may be nil.
	Err error
}

// Error returns node, response, cause, detail and description.
func (e *Error) Error() string {
	if e == nil {
		return "<nil>"
	}
	return e.text()
}

func (e Error) text() string {
	text := fmt.Sprintf("%s/%s: %s", e.Response, e.Cause, e.Detail)
	if e.Node != "" {
		text = e.Node + ": " + text
	}
	if e.Description != "" && e.Description != e.Detail {
		text += ": " + e.Description
	}
	return text
}

// Format prints the text of [Error.Error] for every verb, as a string.
func (e Error) Format(f fmt.State, verb rune) { fmt.Fprintf(f, fmt.FormatString(f, verb), e.text()) }

// MarshalText returns the text of [Error.Error].
func (e Error) MarshalText() ([]byte, error) { return []byte(e.text()), nil }

// MarshalJSON returns the members response, cause, detail and, if they are not empty, description,
// failed (the Fields) and until, as the API writes them.
func (e Error) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Response    Response  `json:"response"`
		Cause       Cause     `json:"cause"`
		Detail      string    `json:"detail"`
		Description string    `json:"description,omitempty"`
		Fields      []string  `json:"failed,omitempty"`
		Until       time.Time `json:"until,omitzero"`
	}{Response: e.Response, Cause: e.Cause, Detail: e.Detail, Description: e.Description, Fields: e.Fields, Until: e.Until})
}

// LogValue returns a group with the members of [Error.MarshalJSON] and the node.
func (e *Error) LogValue() slog.Value {
	if e == nil {
		return slog.AnyValue(nil)
	}
	attrs := []slog.Attr{
		slog.String("response", string(e.Response)), slog.String("cause", string(e.Cause)), slog.String("detail", e.Detail),
	}
	if e.Node != "" {
		attrs = append(attrs, slog.String("node", e.Node))
	}
	if e.Description != "" {
		attrs = append(attrs, slog.String("description", e.Description))
	}
	if len(e.Fields) > 0 {
		attrs = append(attrs, slog.String("failed", strings.Join(e.Fields, ",")))
	}
	if !e.Until.IsZero() {
		attrs = append(attrs, slog.Time("until", e.Until))
	}
	return slog.GroupValue(attrs...)
}

// withoutErr has the fields of an Error but for Err.
type withoutErr struct {
	Node        string
	Response    Response
	Cause       Cause
	Detail      string
	Description string
	Fields      []string
	RetryAfter  time.Duration
	Until       time.Time
}

// GobEncode returns all fields but Err.
func (e Error) GobEncode() ([]byte, error) {
	return json.Marshal(withoutErr{
		Node: e.Node, Response: e.Response, Cause: e.Cause, Detail: e.Detail, Description: e.Description, Fields: e.Fields,
		RetryAfter: e.RetryAfter, Until: e.Until,
	})
}

// GobDecode reads what GobEncode returned.
func (e *Error) GobDecode(b []byte) error {
	var f withoutErr
	if err := json.Unmarshal(b, &f); err != nil {
		return err
	}
	*e = Error{
		Node: f.Node, Response: f.Response, Cause: f.Cause, Detail: f.Detail, Description: f.Description, Fields: f.Fields,
		RetryAfter: f.RetryAfter, Until: f.Until,
	}
	return nil
}

// Is reports whether target is the error's cause.
func (e *Error) Is(target error) bool {
	c, ok := target.(Cause)
	return ok && e != nil && c == e.Cause
}

// Unwrap returns the inner error.
func (e *Error) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Err
}

func failed(c Cause, format string, args ...any) *Error {
	return &Error{Response: Failed, Cause: c, Detail: fmt.Sprintf(format, args...)}
}

func invalid(c Cause, format string, args ...any) *Error {
	return &Error{Response: Invalid, Cause: c, Detail: fmt.Sprintf(format, args...)}
}

func badParameter(format string, args ...any) *Error { return invalid(Parameters, format, args...) }

func internalFault(err error) *Error { return &Error{Response: Fault, Cause: Internal, Err: err} }

// wrap makes *err, unless it is nil, an *Error of node. An *Error keeps all but its node; any other
// error is a failure of the store.
func wrap(err *error, node string) {
	if *err == nil {
		return
	}
	e := asError(*err)
	e.Node = node
	*err = e
}

func asError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		own := *e
		return &own
	}
	if width, ok := errors.AsType[*WidthError](err); ok {
		return badParameter("%s", width)
	}
	detail := detailStoreFailed
	if errors.Is(err, ErrOutcomeUnknown) {
		detail = detailUnknown
	}
	return &Error{Response: Failed, Cause: StoreFailed, Detail: detail, Err: err}
}

// missing gives a store's bare NotFound a detail; other errors are returned as they are.
func missing(err error, format string, args ...any) error {
	if err == error(NotFound) {
		return failed(NotFound, format, args...)
	}
	return err
}

// taken gives a store's bare Exists a detail; other errors are returned as they are.
func taken(err error, format string, args ...any) error {
	if err == error(Exists) {
		return failed(Exists, format, args...)
	}
	return err
}
