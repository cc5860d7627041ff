package kamailiotest

import "testing"

// Request is what a phone asks of the server, outside of any call.
type Request struct {
	// Method is MESSAGE, OPTIONS or INVITE. An INVITE that is answered is ended by BYE.
	Method string
	// From is the caller, who need not be registered. One of a domain that is served gives the password.
	From Account
	// To is user@domain of who is called.
	To string
}

// Send sends a request and returns who answered it, or the refusal: 403, 404, 408 … It ends the test on
// a Fault.
func (k *Kamailio) Send(tb testing.TB, r Request) Answer {
	tb.Helper()
	answer, err := k.TrySend(r)
	if err != nil {
		tb.Fatalf("kamailiotest: %v", err)
	}
	return answer
}

// TrySend is Send; the error is a *Fault.
func (k *Kamailio) TrySend(r Request) (Answer, error) {
	j := job{
		doing: r.Method + " " + r.To + " from " + r.From.Addr(), scenario: "send.xml", account: r.From, calls: 1,
		script: script{Method: r.Method, User: r.From.User, Domain: r.From.Domain, To: r.To, Contact: here, Authentication: "[authentication]"},
	}
	if r.Method == "INVITE" {
		j.scenario = "call.xml"
	}
	answers, err := k.run(j)
	if err != nil {
		return Answer{}, err
	}
	return answers[0], nil
}
