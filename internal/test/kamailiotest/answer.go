package kamailiotest

import (
	"fmt"
	"net/http"
	"strconv"
)

// Account is who a phone says that it is.
type Account struct {
	User, Domain string
	// Password may be empty for somebody of another domain, who is not asked for it.
	Password string
	// Login is the user name of the digest. "" is User; user@domain makes Kamailio read ha1b.
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

// Answer is the final SIP response that a phone got; those that only ask for the password are not
// final. It compares with ==.
type Answer struct {
	// Code is the status code: 200, or a refusal such as 401, 403 or 404.
	Code int
	// By is the name of the phone that answered, "" where the server did.
	By string
}

// OK reports whether the request was accepted.
func (a Answer) OK() bool { return a.Code/100 == http.StatusOK/100 }

func (a Answer) String() string {
	if a.By == "" {
		return strconv.Itoa(a.Code)
	}
	return fmt.Sprintf("%d by %s", a.Code, a.By)
}

// Fault is a failure of the harness: it says nothing about what Kamailio would have answered.
type Fault struct {
	// Doing is what was tried: "REGISTER alice@example.com".
	Doing string
	// Err is what went wrong.
	Err error
	// Trace is what sipp sent and received.
	Trace string
	// Log is what sipp itself said, or the lines of Kamailio's log that are to blame.
	Log string
}

func (f *Fault) Error() string {
	return fmt.Sprintf("%s: %v\nlog:\n%s\ntrace:\n%s", f.Doing, f.Err, f.Log, f.Trace)
}

func (f *Fault) Unwrap() error { return f.Err }
