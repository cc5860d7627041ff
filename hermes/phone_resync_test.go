package hermes_test

import (
	"context"
	"errors"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

func TestClient_PhoneResync(t *testing.T) {
	t.Parallel()
	second := hermes.Contact{Contact: "sip:alice@192.0.2.9"}
	registered := func(context.Context, sip.Addr) ([]hermes.Contact, error) { return []hermes.Contact{desk, second}, nil }
	refuses := func(refused ...hermes.Contact) func(context.Context, sip.Addr, hermes.Contact) error {
		return func(_ context.Context, _ sip.Addr, c hermes.Contact) error {
			for _, r := range refused {
				if c == r {
					return errors.New("refused")
				}
			}
			return nil
		}
	}
	for _, tt := range []struct {
		why      string
		phone    mac.Addr
		contacts func(context.Context, sip.Addr) ([]hermes.Contact, error)
		resync   func(context.Context, sip.Addr, hermes.Contact) error
		want     []string
		cause    hermes.Cause
	}{
		{"each contact is told", phone1, registered, refuses(), []string{desk.Contact, second.Contact}, ""},
		{"a contact that Kamailio cannot send to", phone1, registered, refuses(desk), []string{second.Contact}, ""},
		{"none can be sent to", phone1, registered, refuses(desk, second), nil, hermes.Busy},
		{"not registered", phone1, func(context.Context, sip.Addr) ([]hermes.Contact, error) { return nil, nil }, refuses(), []string{}, ""},
		{"Kamailio is down", phone1, func(context.Context, sip.Addr) ([]hermes.Contact, error) { return nil, errors.New("refused") }, refuses(), nil, hermes.Busy},
		{"Kamailio is not asked for contacts", phone1, nil, refuses(), nil, hermes.NotConfigured},
		{"Kamailio is not asked to send", phone1, registered, nil, nil, hermes.NotConfigured},
		{"a phone without users", mac.MustParse("aabbccddeefe"), registered, refuses(), nil, hermes.NotFound},
	} {
		t.Run(tt.why, func(t *testing.T) {
			t.Parallel()
			e := newEnvWith(t, func(o *hermes.Options) { o.Contacts, o.ResyncContact = tt.contacts, tt.resync })
			res, err := e.client.PhoneResync(t.Context(), hermes.PhoneResyncRequest{MAC: tt.phone})
			wantCause(t, err, tt.cause)
			wantEqual(t, res.List, tt.want)
		})
	}
}
