package hermes_test

import (
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

func addPhone(m mac.Addr, user sip.Addr) func(w *world) error {
	return func(w *world) error {
		return only(w.PhoneAdd(w.Context(), hermes.PhoneAddRequest{MAC: m, User: user}))
	}
}

func removePhone(m mac.Addr, user sip.Addr) func(w *world) error {
	return func(w *world) error {
		return only(w.PhoneRemove(w.Context(), hermes.PhoneRemoveRequest{MAC: m, User: user}))
	}
}

func getPhone(req hermes.PhoneGetRequest) func(w *world) error {
	return func(w *world) error { return only(w.PhoneGet(w.Context(), req)) }
}

func TestPhones(t *testing.T) {
	play(t, []row{
		{"a second phone", addPhone(phone2, alice), ""},
		{"a second user", addPhone(phone1, bob), ""},
		{"a remote user's phone", addPhone(phone1, carol), ""},
		{"the same again", addPhone(phone1, alice), hermes.Exists},
		{"nobody's phone", addPhone(phone2, addr("new@example.com")), hermes.NotFound},
		{"an alias' phone", addPhone(phone2, addr("sales@example.com")), hermes.NotFound},
		{"no phone", addPhone(mac.Addr{}, alice), hermes.Parameters},
		{"no user", addPhone(phone2, sip.Addr{}), hermes.Parameters},
		{"it is taken away", removePhone(phone1, alice), ""},
		{"once", then(steps{removePhone(phone1, alice)}, removePhone(phone1, alice)), hermes.NotFound},
		{"another user's is not taken away", removePhone(phone1, bob), hermes.NotFound},
		{"another phone is not", removePhone(phone2, alice), hermes.NotFound},
		{"no phone to take away", removePhone(mac.Addr{}, alice), hermes.Parameters},
		{"from no user", removePhone(phone1, sip.Addr{}), hermes.Parameters},
		{"neither phone nor user asked for", getPhone(hermes.PhoneGetRequest{}), hermes.Parameters},
		{"both", getPhone(hermes.PhoneGetRequest{MAC: phone1, User: alice}), hermes.Parameters},
		{"a phone that nobody has", getPhone(hermes.PhoneGetRequest{MAC: phone2}), hermes.NotFound},
		{"a user without phones", getPhone(hermes.PhoneGetRequest{User: bob}), hermes.NotFound},
		{"nobody", getPhone(hermes.PhoneGetRequest{User: addr("new@example.com")}), hermes.NotFound},
	})
}

func TestPhoneAnswers(t *testing.T) {
	w := newWorld(t)
	added := ok(t, got(w.PhoneAdd(t.Context(), hermes.PhoneAddRequest{MAC: phone1, User: carol})))
	if added != (hermes.PhoneAddResponse{MAC: phone1, Username: "carol", Domain: domain("far.example")}) {
		t.Errorf("added %+v", added)
	}
	w.noError(addPhone(phone2, alice)(w))
	same(t, ok(t, got(w.PhoneGet(t.Context(), hermes.PhoneGetRequest{MAC: phone1}))).List, []string{"alice@example.com", "carol@far.example"})
	same(t, ok(t, got(w.PhoneGet(t.Context(), hermes.PhoneGetRequest{User: alice}))).List, []string{"001122334455", "001122334466"})
	removed := ok(t, got(w.PhoneRemove(t.Context(), hermes.PhoneRemoveRequest{MAC: phone1, User: carol})))
	if removed != (hermes.PhoneRemoveResponse{MAC: phone1, Username: "carol", Domain: domain("far.example")}) {
		t.Errorf("removed %+v", removed)
	}
}

func TestPhoneList(t *testing.T) {
	w := newWorld(t)
	w.noError(addPhone(phone1, bob)(w))
	w.noError(addPhone(phone2, bob)(w))
	for search, want := range map[string]string{"": "001122334455 001122334466", "4455": "001122334455", "*66": "001122334466", "aa": "", "?01122334466": "001122334466"} {
		var all []string
		list := ok(t, got(w.PhoneList(t.Context(), hermes.PhoneListRequest{Search: pattern(t, search)}))).List
		for _, m := range ok(t, got(list.Collect())) {
			all = append(all, m.String())
		}
		if strings.Join(all, " ") != want {
			t.Errorf("%q: %v, want %s, each once", search, all, want)
		}
	}
	first := ok(t, got(w.PhoneList(t.Context(), hermes.PhoneListRequest{Limit: 1}))).List
	ok(t, got(first.Collect()))
	rest := ok(t, got(w.PhoneList(t.Context(), hermes.PhoneListRequest{Limit: 1, After: first.Next()}))).List
	if all := ok(t, got(rest.Collect())); len(all) != 1 || all[0] != phone2 || rest.Next() != "" {
		t.Errorf("the second page is %v, next %q", all, rest.Next())
	}
	play(t, []row{
		{"a limit below zero", func(w *world) error { return only(w.PhoneList(w.Context(), hermes.PhoneListRequest{Limit: -1})) }, hermes.Parameters},
		{"an after that is no MAC", func(w *world) error {
			l := ok(w.T, got(w.NumberList(w.Context(), hermes.NumberListRequest{Limit: 1}))).List
			ok(w.T, got(l.Collect()))
			return only(w.PhoneList(w.Context(), hermes.PhoneListRequest{After: l.Next()}))
		}, hermes.Parameters},
	})
}
