package hermes_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

func TestClient_PhoneAdd(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rule string
		mac  mac.Addr
		user sip.Addr
		want hermes.Cause // "" for success
	}{
		{"a second phone of a user", phone2, alice, ""},
		{"a second user of a phone", phone1, bob, ""},
		{"a remote user", phone1, carol, ""},
		{"an existing association", phone1, alice, hermes.Exists},
		{"an unknown user", phone2, addr("new@example.com"), hermes.NotFound},
		{"an alias", phone2, addr("sales@example.com"), hermes.NotFound},
		{"no phone", mac.Addr{}, alice, hermes.Parameters},
		{"no user", phone2, sip.Addr{}, hermes.Parameters},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			_, err := newEnv(t).client.PhoneAdd(t.Context(), hermes.PhoneAddRequest{MAC: tt.mac, User: tt.user})
			wantCause(t, err, tt.want)
		})
	}
	t.Run("response", func(t *testing.T) {
		t.Parallel()
		res, err := newEnv(t).client.PhoneAdd(t.Context(), hermes.PhoneAddRequest{MAC: phone1, User: carol})
		want := hermes.PhoneAddResponse{MAC: phone1, Username: "carol", Domain: domain("far.example"), Line: 2}
		if err != nil || res != want {
			t.Errorf("got %+v, %v; want %+v", res, err, want)
		}
	})
}

// Lines are taken and refused as the request says.
func TestClient_PhoneAdd_line(t *testing.T) {
	t.Parallel()
	desk := mac.MustParse("001122334499")
	for _, tt := range []struct {
		rule string
		user sip.Addr
		line hermes.Opt[int]
		want int
		err  hermes.Cause
	}{
		{"the lowest free one", bob, hermes.Opt[int]{}, 1, ""},
		{"one that is asked for", bob, hermes.Some(16), 16, ""},
		{"one that is taken", bob, hermes.Some(2), 0, hermes.Exists},
		{"another one of a user that has the phone", alice, hermes.Some(3), 0, hermes.Exists},
		{"the one before the first", bob, hermes.Some(0), 0, hermes.Parameters},
		{"the one after the last", bob, hermes.Some(17), 0, hermes.Parameters},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			_, err := e.client.PhoneAdd(t.Context(), hermes.PhoneAddRequest{MAC: desk, User: alice, Line: hermes.Some(2)})
			wantCause(t, err, "")
			res, err := e.client.PhoneAdd(t.Context(), hermes.PhoneAddRequest{MAC: desk, User: tt.user, Line: tt.line})
			wantCause(t, err, tt.err)
			if err == nil && res.Line != tt.want {
				t.Errorf("line %d, want %d", res.Line, tt.want)
			}
		})
	}
	t.Run("the lowest free one between others", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		store := func(user string, line int) {
			t.Helper()
			wantCause(t, e.store.AddPhone(t.Context(), hermes.Phone{MAC: desk, User: addr(user), Line: line}, hermes.Device{}), "")
		}
		store("two@example.com", 2)
		store("four@example.com", 4)
		for i, user := range []string{"one", "three", "five"} {
			wantLine(t, e, desk, user, 2*i+1)
		}
		_, err := e.client.PhoneRemove(t.Context(), hermes.PhoneRemoveRequest{MAC: desk, User: addr("four@example.com")})
		wantCause(t, err, "")
		wantLine(t, e, desk, "again", 4)
		wantLine(t, e, desk, "last", 6)
	})
	t.Run("of a phone that has none left", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		for i := range hermes.MaxLines {
			p := hermes.Phone{MAC: desk, User: addr(fmt.Sprintf("u%d@example.com", i)), Line: i + 1}
			wantCause(t, e.store.AddPhone(t.Context(), p, hermes.Device{}), "")
		}
		_, err := e.client.PhoneAdd(t.Context(), hermes.PhoneAddRequest{MAC: desk, User: alice})
		wantCause(t, err, hermes.Rejected)
		_, err = e.client.PhoneRemove(t.Context(), hermes.PhoneRemoveRequest{MAC: desk, User: addr("u7@example.com")})
		wantCause(t, err, "")
		wantLine(t, e, desk, "freed", 8)
	})
}

// wantLine adds a user of example.com and then a phone to it, and checks the line that it gets.
func wantLine(t *testing.T, e *env, m mac.Addr, user string, want int) {
	t.Helper()
	u := addr(user + "@example.com")
	_, err := e.client.UserAdd(t.Context(), hermes.UserAddRequest{User: u})
	wantCause(t, err, "")
	res, err := e.client.PhoneAdd(t.Context(), hermes.PhoneAddRequest{MAC: m, User: u})
	wantCause(t, err, "")
	if res.Line != want {
		t.Errorf("%s has got line %d, want %d", user, res.Line, want)
	}
}

// Addresses that no device has are refused, unless a phone has one: what is shown can be removed.
func TestClient_PhoneRemove_group(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"ffffffffffff", "01005e000001", "000000000000"} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			m, err := mac.Unchecked(text)
			wantCause(t, err, "")
			calls := map[string]func() error{
				"add": func() error {
					_, err := e.client.PhoneAdd(t.Context(), hermes.PhoneAddRequest{MAC: m, User: alice})
					return err
				},
				"onboard": func() error {
					_, err := e.client.UserOnboard(t.Context(), hermes.UserOnboardRequest{User: addr("new@example.com"), MACs: []mac.Addr{m}})
					return err
				},
				"get": func() error {
					_, err := e.client.PhoneGet(t.Context(), hermes.PhoneGetRequest{MAC: m})
					return err
				},
				"show": func() error {
					_, err := e.client.UserShow(t.Context(), hermes.UserShowRequest{MAC: m})
					return err
				},
				"remove": func() error {
					_, err := e.client.PhoneRemove(t.Context(), hermes.PhoneRemoveRequest{MAC: m, User: alice})
					return err
				},
			}
			for _, call := range calls {
				wantCause(t, call(), hermes.Malformed)
			}
			wantCause(t, e.store.AddPhone(t.Context(), hermes.Phone{MAC: m, User: alice, Line: 1}, hermes.Device{}), "")
			wantCause(t, calls["add"](), hermes.Malformed)
			wantCause(t, calls["get"](), "")
			wantCause(t, calls["show"](), "")
			wantCause(t, calls["remove"](), "")
			wantCause(t, calls["remove"](), hermes.Malformed)
		})
	}
}

func TestClient_PhoneRemove(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rule string
		mac  mac.Addr
		user sip.Addr
		want hermes.Cause
	}{
		{"another user of the phone", phone1, bob, hermes.NotFound},
		{"another phone of the user", phone2, alice, hermes.NotFound},
		{"no phone", mac.Addr{}, alice, hermes.Parameters},
		{"no user", phone1, sip.Addr{}, hermes.Parameters},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			_, err := newEnv(t).client.PhoneRemove(t.Context(), hermes.PhoneRemoveRequest{MAC: tt.mac, User: tt.user})
			wantCause(t, err, tt.want)
		})
	}
	t.Run("an association, once", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		mustPhoneAdd(t, e.client, phone1, carol)
		req := hermes.PhoneRemoveRequest{MAC: phone1, User: carol}
		res, err := e.client.PhoneRemove(t.Context(), req)
		want := hermes.PhoneRemoveResponse{MAC: phone1, Username: "carol", Domain: domain("far.example")}
		if err != nil || res != want {
			t.Errorf("got %+v, %v; want %+v", res, err, want)
		}
		_, err = e.client.PhoneRemove(t.Context(), req)
		wantCause(t, err, hermes.NotFound)
	})
}

func TestClient_PhoneGet(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	mustPhoneAdd(t, e.client, phone1, carol)
	mustPhoneAdd(t, e.client, phone2, alice)
	unknown := mac.MustParse("001122334477")
	for _, tt := range []struct {
		rule string
		req  hermes.PhoneGetRequest
		list []string
		want hermes.Cause // "" for success
	}{
		{"the users of a phone",
			hermes.PhoneGetRequest{MAC: phone1}, []string{"alice@example.com", "carol@far.example"}, ""},
		{"the phones of a user",
			hermes.PhoneGetRequest{User: alice}, []string{"001122334455", "001122334466"}, ""},
		{"neither phone nor user", hermes.PhoneGetRequest{}, nil, hermes.Parameters},
		{"both phone and user", hermes.PhoneGetRequest{MAC: phone1, User: alice}, nil, hermes.Parameters},
		{"an unknown phone", hermes.PhoneGetRequest{MAC: unknown}, nil, hermes.NotFound},
		{"a user without phones", hermes.PhoneGetRequest{User: bob}, nil, hermes.NotFound},
		{"an unknown user", hermes.PhoneGetRequest{User: addr("new@example.com")}, nil, hermes.NotFound},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			res, err := e.client.PhoneGet(t.Context(), tt.req)
			wantCause(t, err, tt.want)
			if !slices.Equal(res.List, tt.list) {
				t.Errorf("got %v, want %v", res.List, tt.list)
			}
		})
	}
}

// mustPhoneList returns the phones of a page and the token for the next one.
func mustPhoneList(t testing.TB, c *hermes.Client, req hermes.PhoneListRequest) (phones []mac.Addr, next string) {
	t.Helper()
	res, err := c.PhoneList(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return mustCollect(t, res.List), res.List.Next()
}

func TestClient_PhoneList(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	mustPhoneAdd(t, e.client, phone1, bob) // a phone of two users is listed once
	mustPhoneAdd(t, e.client, phone2, bob)
	for search, want := range map[string][]mac.Addr{
		"":             {phone1, phone2},
		"4455":         {phone1},
		"*66":          {phone2},
		"aa":           nil,
		"?01122334466": {phone2},
	} {
		t.Run("search "+search, func(t *testing.T) {
			t.Parallel()
			got, _ := mustPhoneList(t, e.client, hermes.PhoneListRequest{Search: mustPattern(t, search)})
			if !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
	t.Run("pages", func(t *testing.T) {
		t.Parallel()
		_, next := mustPhoneList(t, e.client, hermes.PhoneListRequest{Limit: 1})
		second, end := mustPhoneList(t, e.client, hermes.PhoneListRequest{Limit: 1, After: next})
		if !slices.Equal(second, []mac.Addr{phone2}) || end != "" {
			t.Errorf("got the second page %v, then next %q; want %s and no next", second, end, phone2)
		}
	})
	t.Run("a negative limit", func(t *testing.T) {
		t.Parallel()
		_, err := e.client.PhoneList(t.Context(), hermes.PhoneListRequest{Limit: -1})
		wantCause(t, err, hermes.Parameters)
	})
	t.Run("an after that is not a MAC address", func(t *testing.T) {
		t.Parallel()
		_, after := mustNumberList(t, e.client, hermes.NumberListRequest{Limit: 1})
		_, err := e.client.PhoneList(t.Context(), hermes.PhoneListRequest{After: after})
		wantCause(t, err, hermes.Parameters)
	})
}
