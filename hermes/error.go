package hermes

import (
	"errors"
	"fmt"
	"time"
)

// A Response is the answer's class, the wire's `response` member.
type Response string

const (
	OK      Response = "ok"      // done
	Pong    Response = "pong"    // auth/ping's own ok
	Invalid Response = "invalid" // the request itself is wrong
	Failed  Response = "failed"  // a simple failure
	Fault   Response = "error"   // a fault inside Hermes
)

// A Cause is the keyword that a program reads to learn what went wrong. Causes are errors
// themselves, so that errors.Is(err, hermes.Exists) reads like prose. The spelling is the wire's.
type Cause string

const (
	Parameters     Cause = "parameters"   // a parameter is missing, unknown, duplicate or malformed
	Unauthorized   Cause = "unauthorized" // login failed, or no valid session
	Forbidden      Cause = "forbidden"    // the access level is too low, or another site's page asks
	Throttled      Cause = "throttled"    // too many failed logins
	Busy           Cause = "busy"         // too many requests at once, or stopping
	Malformed      Cause = "invalid"      // a SIP address, domain, MAC address or pattern is malformed
	NotFound       Cause = "nonexistant"  // what was named does not exist
	Exists         Cause = "exists"       // the name is taken
	InUse          Cause = "inuse"        // phones or aliases still hang on it
	UnknownDomain  Cause = "nxdomain"     // the domain is not one that Kamailio serves
	DomainServed   Cause = "domain"       // user/add_remote for a domain that Kamailio does serve
	NoServers      Cause = "servfail"     // no default servers are set for the domain
	Rejected       Cause = "rejected"     // a number or a range is not acceptable
	Empty          Cause = "empty"        // the number pool has no match
	ReadOnly       Cause = "readonly"     // the authentication backend cannot be written
	StoreFailed    Cause = "dbfail"       // the database did not carry it out
	BadAlias       Cause = "alias"        // alias nodes: the alias is malformed
	BadDestination Cause = "destination"  // alias nodes: the destination is malformed
	BadAddress     Cause = "address"      // alias/remove: the alias is malformed
	NoNode         Cause = "node"         // no such node
	BadRequest     Cause = "request"      // wrong method, or too large
	Internal       Cause = "internal"     // a fault inside Hermes
)

// Error returns the keyword.
func (c Cause) Error() string { return string(c) }

// ErrOutcomeUnknown is wrapped by a store's error where a commit may or may not have taken
// place: the connection broke at COMMIT and the database could not be asked again.
var ErrOutcomeUnknown = errors.New("outcome unknown")

const (
	detailDBFail  = "the database did not carry it out; nothing was changed"
	detailUnknown = "outcome unknown: the connection broke while the change was being committed"
)

// Error is what every Client method returns when it does not return nil.
type Error struct {
	Node     string   // the node that answered, such as "user/add"
	Response Response // Invalid, Failed or Fault; OK only where API.md says so (alias/list)
	Cause    Cause    // the keyword
	Detail   string   // a sentence for a person
	Fields   []string // user/update: the parameters that were not stored
	// RetryAfter is when a Throttled or Busy caller may come again; 0: not known.
	RetryAfter time.Duration
	Err        error // what the store or the system said; it never leaves the process
}

// Error joins node, cause and detail; the inner error is left out, since it may hold what a
// client must not see.
func (e *Error) Error() string {
	return fmt.Sprintf("%s: %s/%s: %s", e.Node, e.Response, e.Cause, e.Detail)
}

// Is tells whether target is the error's cause.
func (e *Error) Is(target error) bool {
	c, ok := target.(Cause)
	return ok && c == e.Cause
}

// Unwrap returns the inner error.
func (e *Error) Unwrap() error { return e.Err }

func failed(c Cause, format string, args ...any) *Error {
	return &Error{Response: Failed, Cause: c, Detail: fmt.Sprintf(format, args...)}
}

func invalid(c Cause, format string, args ...any) *Error {
	return &Error{Response: Invalid, Cause: c, Detail: fmt.Sprintf(format, args...)}
}

func badParameter(format string, args ...any) *Error { return invalid(Parameters, format, args...) }

func internalFault(err error) *Error { return &Error{Response: Fault, Cause: Internal, Err: err} }

// wrap makes *err the *Error of node: what is one already keeps its words, anything else is
// the store's failure.
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
	detail := detailDBFail
	if errors.Is(err, ErrOutcomeUnknown) {
		detail = detailUnknown
	}
	return &Error{Response: Failed, Cause: StoreFailed, Detail: detail, Err: err}
}

// missing turns a store's bare NotFound into an answer with words; other errors stay.
func missing(err error, format string, args ...any) error {
	return named(err, NotFound, format, args)
}

// taken does the same for Exists.
func taken(err error, format string, args ...any) error { return named(err, Exists, format, args) }

func named(err error, c Cause, format string, args []any) error {
	if err == error(c) {
		return failed(c, format, args...)
	}
	return err
}
