package hermes_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

func addrs(texts ...string) (all []sip.Addr) {
	for _, text := range texts {
		all = append(all, addr(text))
	}
	return all
}

func numbers(texts ...string) (all []e164.Number) {
	for _, text := range texts {
		all = append(all, number(text))
	}
	return all
}

// noNumber is a plan that refuses one number.
type noNumber struct{ n e164.Number }

func (p noNumber) Check(n e164.Number) error {
	if n == p.n {
		return errors.New("want another number")
	}
	return nil
}

func TestClient_UserOffboard(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		why     string
		release hermes.Opt[bool]
		plan    hermes.NumberPlan
		other   string // an alias of another domain with the same number
		numbers []e164.Number
		pooled  bool
	}{
		{"the number returns", hermes.Opt[bool]{}, nil, "", numbers("+4773500001"), true},
		{"it does if asked to", hermes.Some(true), nil, "", numbers("+4773500001"), true},
		{"it does not if asked not to", hermes.Some(false), nil, "", []e164.Number{}, false},
		{"an alias of another domain has it, too", hermes.Opt[bool]{}, nil, "+4773500001@example.net", []e164.Number{}, false},
		{"the plan refuses it", hermes.Opt[bool]{}, noNumber{inPool}, "", []e164.Number{}, false},
	} {
		t.Run(tt.why, func(t *testing.T) {
			t.Parallel()
			var removed, dropped []sip.Addr
			e := newEnv(t)
			mustPhoneAdd(t, e.client, phone2, alice)
			mustPhoneAdd(t, e.client, phone2, bob)
			mustNumberAssign(t, e.client, hermes.NumberAssignRequest{User: alice, Number: inPool})
			mustAliasAdd(t, e.client, addr("a@example.net"), alice)
			if tt.other != "" {
				mustAliasAdd(t, e.client, addr(tt.other), bob)
			}
			e = e.withOptions(t, func(o *hermes.Options) {
				o.Plan = tt.plan
				o.UserRemoved = func(a sip.Addr) { removed = append(removed, a) }
				o.DropContacts = func(a sip.Addr) { dropped = append(dropped, a) }
			})
			res, err := e.client.UserOffboard(t.Context(), hermes.UserOffboardRequest{User: alice, Release: tt.release})
			wantCause(t, err, "")
			wantEqual(t, res, hermes.UserOffboardResponse{
				User: alice, Phones: []mac.Addr{phone1, phone2}, Aliases: addrs("+4773500001@example.com", "a@example.net"), Numbers: tt.numbers,
			})
			_, err = e.client.UserGet(t.Context(), hermes.UserGetRequest{User: alice})
			wantCause(t, err, hermes.NotFound)
			_, err = e.store.PooledNumber(t.Context(), inPool, time.Time{})
			if has := err == nil; has != tt.pooled {
				t.Errorf("the number is in the pool: %t, %v; want %t", has, err, tt.pooled)
			}
			lines, err := e.store.PhoneLines(t.Context(), phone2)
			wantCause(t, err, "")
			wantEqual(t, lines, []hermes.Phone{{MAC: phone2, User: bob, Line: 2}})
			wantEqual(t, [][]sip.Addr{removed, dropped}, [][]sip.Addr{{alice}, {alice}})
		})
	}
}

// What is outside of the scope is neither removed nor named.
func TestClient_UserOffboard_scope(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		why   string
		cross func(t *testing.T, c *hermes.Client)
		cause hermes.Cause
	}{
		{"an alias of another domain", func(t *testing.T, c *hermes.Client) { mustAliasAdd(t, c, addr("secret@example.net"), alice) }, hermes.InUse},
		{"a number", func(t *testing.T, c *hermes.Client) { mustAliasAdd(t, c, addr("+4673500001@example.com"), alice) }, hermes.InUse},
		{"a phone", func(t *testing.T, c *hermes.Client) { mustPhoneAdd(t, c, phone1, carol) }, hermes.Forbidden},
	} {
		t.Run(tt.why, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			tt.cross(t, e.client)
			before := takeSnapshot(t, e.store, hermes.Credentials{})
			scoped := e.client.As(hermes.Actor{Access: hermes.FullWrite, Scope: hermes.Scope{Domains: "example.com", Numbers: "+4773"}})
			_, offErr := scoped.UserOffboard(t.Context(), hermes.UserOffboardRequest{User: alice})
			_, renameErr := scoped.UserRename(t.Context(), hermes.UserRenameRequest{User: alice, NewUser: addr("a@example.com")})
			for _, err := range []error{offErr, renameErr} {
				wantCause(t, err, tt.cause)
				for _, name := range []string{"secret", "+46", "carol"} {
					if strings.Contains(err.Error(), name) {
						t.Errorf("%v names what is outside", err)
					}
				}
			}
			wantEqual(t, takeSnapshot(t, e.store, hermes.Credentials{}), before)
		})
	}
}

// One entry of the audit trail has all that went.
func TestClient_UserOffboard_audit(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	mustNumberAssign(t, e.client, hermes.NumberAssignRequest{User: alice, Number: inPool})
	_, err := e.client.UserOffboard(t.Context(), hermes.UserOffboardRequest{User: alice})
	wantCause(t, err, "")
	for _, subject := range []string{"alice@example.com", "001122334455", "+4773500001", "+4773500001@example.com"} {
		res, err := e.client.AuditList(t.Context(), hermes.AuditListRequest{Subject: subject, Limit: 1})
		wantCause(t, err, "")
		if got := mustCollect(t, res.List); len(got) != 1 || got[0].Node != "user/offboard" || got[0].Subject != "alice@example.com" {
			t.Errorf("of %s the newest entry is %+v, want that of user/offboard", subject, got)
		}
	}
}
