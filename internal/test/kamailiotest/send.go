package kamailiotest

import "testing"

// Request is a phone's request outside of any call.
type Request struct {
	// Method is MESSAGE, OPTIONS or INVITE. After the answer to an INVITE the call is ended by BYE.
	Method string
	// From is the caller, which need not be registered. It needs the password if its domain is
	// served.
	From Account
	// To is the address that is called, as user@domain.
	To string
}

// Send sends a request and returns the answer of the phone that was reached, or the refusal: 403,
// 404, 408 and so on. A Fault ends the test.
func (k *Kamailio) Send(tb testing.TB, r Request) Answer {
	tb.Helper()
	answer, err := k.TrySend(r)
	if err != nil {
		tb.Fatalf("kamailiotest: %v", err)
	}
	return answer
}

// TrySend is like [Kamailio.Send], but returns the [*Fault] as an error.
func (k *Kamailio) TrySend(r Request) (Answer, error) {
	j := job{
		request: r.Method + " " + r.To + " from " + r.From.Addr(), scenario: "send.xml", account: r.From, calls: 1,
		fields: fields{
			Method: r.Method, User: r.From.User, Domain: r.From.Domain, To: r.To,
			Contact: localContact, Authentication: "[authentication]",
		},
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
