package siptest_test

import (
	"testing"

	"github.com/hermes-voip/go-hermes/internal/test/kamailiotest"
)

// promise is what a phone is to experience, and why.
type promise struct {
	what string
	ask  func(testing.TB, *kamailiotest.Kamailio) kamailiotest.Answer
	want kamailiotest.Answer
	why  string
}

var (
	accepted = kamailiotest.Answer{Code: 200}
	refused  = kamailiotest.Answer{Code: 401} // a phone that registers
	nobody   = kamailiotest.Answer{Code: 404}
	denied   = kamailiotest.Answer{Code: 403}
)

func by(p *kamailiotest.Phone) kamailiotest.Answer {
	return kamailiotest.Answer{Code: 200, By: p.Name()}
}

// registers promises what a registration is answered.
func registers(a kamailiotest.Account, want kamailiotest.Answer, why string) promise {
	return promise{
		"REGISTER " + a.Addr() + " with " + a.Password,
		func(tb testing.TB, k *kamailiotest.Kamailio) kamailiotest.Answer { return k.Register(tb, a) }, want, why,
	}
}

// calls promises what a call is answered.
func calls(from kamailiotest.Account, to string, want kamailiotest.Answer, why string) promise {
	return sends("INVITE", from, to, want, why)
}

func sends(method string, from kamailiotest.Account, to string, want kamailiotest.Answer, why string) promise {
	return promise{
		method + " " + to + " from " + from.Addr(),
		func(tb testing.TB, k *kamailiotest.Kamailio) kamailiotest.Answer {
			return k.Send(tb, kamailiotest.Request{Method: method, From: from, To: to})
		}, want, why,
	}
}

// keeps wants every promise kept.
func (w *world) keeps(tb testing.TB, promises ...promise) {
	tb.Helper()
	for _, p := range promises {
		if got := p.ask(tb, w.sip); got != p.want {
			tb.Errorf("%s: %v, wanted %v: %s", p.what, got, p.want, p.why)
		}
	}
}

// broken returns the reasons of the promises that are not kept.
func (w *world) broken(tb testing.TB, promises ...promise) (whys []string) {
	tb.Helper()
	for _, p := range promises {
		if p.ask(tb, w.sip) != p.want {
			whys = append(whys, p.why)
		}
	}
	return whys
}
