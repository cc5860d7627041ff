package siptest_test

import (
	"net/http"
	"testing"

	"github.com/hermes-voip/go-hermes/internal/test/kamailiotest"
)

// expectation is a phone's request, the answer that it should get, and the reason.
type expectation struct {
	request string // for messages
	send    func(testing.TB, *kamailiotest.Kamailio) kamailiotest.Answer
	want    kamailiotest.Answer
	why     string
}

// The answers of the server itself. Kamailio answers 401 to REGISTER if the user is unknown or the
// password is wrong.
var (
	accepted     = kamailiotest.Answer{Code: http.StatusOK}
	unauthorized = kamailiotest.Answer{Code: http.StatusUnauthorized}
	unproven     = kamailiotest.Answer{Code: http.StatusProxyAuthRequired} // the same, for calls
	forbidden    = kamailiotest.Answer{Code: http.StatusForbidden}
	notFound     = kamailiotest.Answer{Code: http.StatusNotFound}
)

// answeredBy returns the answer of a phone that accepts a request.
func answeredBy(p *kamailiotest.Phone) kamailiotest.Answer {
	return kamailiotest.Answer{Code: http.StatusOK, By: p.Name()}
}

func expectRegister(a kamailiotest.Account, want kamailiotest.Answer, why string) expectation {
	return expectation{
		request: "REGISTER " + a.Addr() + " with " + a.Password,
		send:    func(tb testing.TB, k *kamailiotest.Kamailio) kamailiotest.Answer { return k.Register(tb, a) },
		want:    want,
		why:     why,
	}
}

func expectInvite(from kamailiotest.Account, to string, want kamailiotest.Answer, why string) expectation {
	return expectAnswer(kamailiotest.Request{Method: "INVITE", From: from, To: to}, want, why)
}

func expectMessage(from kamailiotest.Account, to string, want kamailiotest.Answer, why string) expectation {
	return expectAnswer(kamailiotest.Request{Method: "MESSAGE", From: from, To: to}, want, why)
}

func expectAnswer(r kamailiotest.Request, want kamailiotest.Answer, why string) expectation {
	return expectation{
		request: r.Method + " " + r.To + " from " + r.From.Addr(),
		send:    func(tb testing.TB, k *kamailiotest.Kamailio) kamailiotest.Answer { return k.Send(tb, r) },
		want:    want,
		why:     why,
	}
}

// check sends the requests in their order and reports the answers that are not as expected.
func (e *env) check(tb testing.TB, expectations ...expectation) {
	tb.Helper()
	for _, x := range expectations {
		if got := x.send(tb, e.kamailio); got != x.want {
			tb.Errorf("%s: %v, wanted %v: %s", x.request, got, x.want, x.why)
		}
	}
}

// unmet sends the requests in their order and returns the reasons of the expectations that are not
// met.
func (e *env) unmet(tb testing.TB, expectations ...expectation) (reasons []string) {
	tb.Helper()
	for _, x := range expectations {
		if x.send(tb, e.kamailio) != x.want {
			reasons = append(reasons, x.why)
		}
	}
	return reasons
}
