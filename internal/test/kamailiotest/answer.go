package kamailiotest

import (
	"fmt"
	"net/http"
	"strconv"
)

// Account is the identity with which a phone registers and calls.
type Account struct {
	User, Domain string
	// Password may be empty for an account of a domain that Kamailio does not serve, because
	// Kamailio does not ask for it.
	Password string
	// Login is the user name of the digest. Defaults to User; user@domain makes Kamailio read the
	// column ha1b.
	Login string
}

// Addr returns user@domain.
func (a Account) Addr() string { return a.User + "@" + a.Domain }

func (a Account) login() string {
	if a.Login != "" {
		return a.Login
	}
	return a.User
}

// Answer is the final SIP response to a phone's request. A response that asks for the password is
// final only if the request carried one. Answers can be compared with ==.
type Answer struct {
	// Code is the status code: 200, or a refusal such as 401, 403 or 404.
	Code int
	// By is the name of the phone that answered, or empty if the server did.
	By string
}

// OK reports whether the request was accepted.
func (a Answer) OK() bool { return a.Code/100 == http.StatusOK/100 }

// String returns the code, followed by the name of the phone if there is one.
func (a Answer) String() string {
	if a.By == "" {
		return strconv.Itoa(a.Code)
	}
	return fmt.Sprintf("%d by %s", a.Code, a.By)
}

// Fault is a failure of the test environment. It does not say how Kamailio would have answered.
type Fault struct {
	// Request describes the request: "REGISTER alice@example.com".
	Request string
	// Err is the failure.
	Err error
	// Trace has the messages that sipp sent and received.
	Trace string
	// Log is sipp's log, or the lines of Kamailio's log that explain the failure.
	Log string
}

// Error returns the failure with the log and the trace.
func (f *Fault) Error() string {
	return fmt.Sprintf("%s: %v\nlog:\n%s\ntrace:\n%s", f.Request, f.Err, f.Log, f.Trace)
}

// Unwrap returns Err.
func (f *Fault) Unwrap() error { return f.Err }
