package hermes_test

import (
	"context"
	"errors"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

func TestClient_UserContacts(t *testing.T) {
	t.Parallel()
	answers := func(context.Context, sip.Addr) ([]hermes.Contact, error) { return []hermes.Contact{desk}, nil }
	for _, tt := range []struct {
		why      string
		user     sip.Addr
		contacts func(context.Context, sip.Addr) ([]hermes.Contact, error)
		want     []hermes.Contact
		cause    hermes.Cause
	}{
		{"a phone", alice, answers, []hermes.Contact{desk}, ""},
		{"none", alice, func(context.Context, sip.Addr) ([]hermes.Contact, error) { return nil, nil }, []hermes.Contact{}, ""},
		{"a remote user registers elsewhere", carol, answers, []hermes.Contact{}, ""},
		{"no such user", addr("nobody@example.com"), answers, nil, hermes.NotFound},
		{"no Kamailio", alice, nil, nil, hermes.NotConfigured},
		{"Kamailio is down", alice, func(context.Context, sip.Addr) ([]hermes.Contact, error) { return nil, errors.New("refused") }, nil, hermes.Busy},
		{"Kamailio hangs", alice, func(ctx context.Context, _ sip.Addr) ([]hermes.Contact, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}, nil, hermes.Busy},
	} {
		t.Run(tt.why, func(t *testing.T) {
			t.Parallel()
			e := newEnvWith(t, func(o *hermes.Options) { o.Contacts = tt.contacts })
			res, err := e.client.UserContacts(t.Context(), hermes.UserContactsRequest{User: tt.user})
			wantCause(t, err, tt.cause)
			wantEqual(t, res.List, tt.want)
		})
	}
}
