package locks_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/local"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// call is a call of a Client.
type call struct {
	name string
	run  func(ctx context.Context, c *hermes.Client) (any, error)
}

// nodeCall returns a call of a node. note distinguishes it from others of the node.
func nodeCall(path, note string, req hermes.Request) call {
	name := path
	if note != "" {
		name += " (" + note + ")"
	}
	return call{name: name, run: func(ctx context.Context, c *hermes.Client) (any, error) {
		for _, n := range hermes.Nodes() {
			if n.Path == path {
				return n.Call(ctx, c, req)
			}
		}
		return nil, fmt.Errorf("there is no node %q", path)
	}}
}

// answer runs the call and returns what a program sees, as a text. Secrets are not in it, nor is
// the Detail of an error, which may depend on where the error was noticed.
func (c call) answer(ctx context.Context, client *hermes.Client) string {
	res, err := c.run(ctx, client)
	var e *hermes.Error
	switch {
	case err == nil:
		return fmt.Sprintf("%+v", res)
	case errors.As(err, &e) && e.Cause != hermes.StoreFailed && e.Cause != hermes.Internal:
		return fmt.Sprintf("%s/%s", e.Response, e.Cause)
	}
	return fmt.Sprintf("%v: %v", err, errors.Unwrap(err))
}

// constantBytes is a source of random bytes all of which are the same. What a call generates is so
// the same in each order.
type constantBytes byte

// Read fills p.
func (b constantBytes) Read(p []byte) (int, error) {
	return copy(p, bytes.Repeat([]byte{byte(b)}, len(p))), nil
}

// The sources of random bytes of the Clients: of that which makes the state, and of each call.
const (
	stateRandom  = constantBytes(0)
	firstRandom  = constantBytes(1)
	secondRandom = constantBytes(2)
)

// newClient returns a Client that acts as the program itself.
func newClient(t testing.TB, s hermes.Store, random constantBytes) *hermes.Client {
	t.Helper()
	key, err := hermes.NewSecretKey(constantBytes(7))
	if err != nil {
		t.Fatal(err)
	}
	c, err := hermes.New(s, &hermes.Options{
		SecretKeys: []hermes.SecretKey{key}, Backends: []hermes.Backend{backend()}, FailedLoginTime: -1, Rand: random,
		Now: func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func backend() *local.Backend { return local.New(&local.Options{MemoryKiB: 64, Passes: 1}) }

// The keys that all calls have.
var (
	alice, bob, carol = sip.MustParse("alice@example.com"), sip.MustParse("bob@example.com"), sip.MustParse("carol@far.example")
	sales             = sip.MustParse("sales@example.com")
	number1, number2  = e164.MustParse("+4773500001"), e164.MustParse("+4773500002")
	alias1, alias2    = sip.MustParse("+4773500001@example.com"), sip.MustParse("+4773500002@example.com")
	otherAlias1       = sip.MustParse("+4773500001@example.net")
	exampleCom        = sip.MustParseDomain("example.com")
	exampleNet        = sip.MustParseDomain("example.net")
	phone             = mac.MustParse("001122334455")
)

const (
	firstPassword  = "first password"
	secondPassword = "second password"
)

// sipCalls returns calls about SIP users, phones, numbers, aliases and domains.
func sipCalls() []call {
	return append(userCalls(), numberCalls()...)
}

// within returns the call by an administrator whose scope is a domain.
func (c call) within(domain string) call {
	return call{name: c.name + ", within " + domain, run: func(ctx context.Context, client *hermes.Client) (any, error) {
		return c.run(ctx, client.As(hermes.Actor{Access: hermes.FullWrite, Scope: hermes.Scope{Domains: domain}}))
	}}
}

// scopeCalls returns calls about one phone by the administrators of two domains, of which only one
// may give it a user.
func scopeCalls() []call {
	add := func(user sip.Addr) call {
		return nodeCall("phone/add", "", &hermes.PhoneAddRequest{MAC: phone, User: user})
	}
	remove := func(user sip.Addr) call {
		return nodeCall("phone/remove", "", &hermes.PhoneRemoveRequest{MAC: phone, User: user})
	}
	return []call{
		add(alice).within("example.com"), add(carol).within("far.example"), add(carol),
		remove(alice).within("example.com"), remove(carol).within("far.example"),
	}
}

func userCalls() []call {
	some := hermes.Some[string]
	return []call{
		nodeCall("user/add", "", &hermes.UserAddRequest{User: alice, PermittedCalls: "local"}),
		nodeCall("user/add", "at the alias", &hermes.UserAddRequest{User: sales}),
		nodeCall("user/add", "at the number", &hermes.UserAddRequest{User: alias1}),
		nodeCall("user/add_remote", "", &hermes.UserAddRemoteRequest{
			User: carol, Password: hermes.NewSecret("x"), Registrar: sip.MustParseDomain("sip.far.example"),
		}),
		nodeCall("user/change_pw", "", &hermes.UserChangePwRequest{User: alice, Password: hermes.NewSecret(secondPassword)}),
		nodeCall("user/change_email", "", &hermes.UserChangeEmailRequest{User: alice, Email: "alice@example.org"}),
		nodeCall("user/update", "", &hermes.UserUpdateRequest{User: alice, DisplayName: some("A"), PermittedCalls: some("intl")}),
		nodeCall("user/update", "of the remote user", &hermes.UserUpdateRequest{User: carol, DisplayName: some("C")}),
		nodeCall("user/permissions", "", &hermes.UserPermissionsRequest{
			User: alice, Permissions: hermes.Some([]string{"local", "night"}),
		}),
		nodeCall("user/onboard", "", &hermes.UserOnboardRequest{
			User: alice, MACs: []mac.Addr{phone}, Number: number1, Permissions: []string{"local"},
		}),
		nodeCall("user/offboard", "", &hermes.UserOffboardRequest{User: alice}),
		nodeCall("user/rename", "", &hermes.UserRenameRequest{User: alice, NewUser: sales, KeepAlias: true}),
		nodeCall("user/suspend", "", &hermes.UserSuspendRequest{User: alice, Reason: "unpaid"}),
		nodeCall("user/resume", "", &hermes.UserResumeRequest{User: alice}),
		nodeCall("user/adopt", "", &hermes.UserAdoptRequest{User: alice}),
		nodeCall("user/remove", "", &hermes.UserRemoveRequest{User: alice}),
		nodeCall("user/remove", "of the remote user", &hermes.UserRemoveRequest{User: carol}),
		nodeCall("phone/add", "", &hermes.PhoneAddRequest{MAC: phone, User: alice}),
		nodeCall("phone/add", "of the remote user", &hermes.PhoneAddRequest{MAC: phone, User: carol}),
		nodeCall("phone/remove", "", &hermes.PhoneRemoveRequest{MAC: phone, User: alice}),
		nodeCall("phone/set", "", &hermes.PhoneSetRequest{MAC: phone, Vendor: "snom"}),
		nodeCall("phone/enrol", "", &hermes.PhoneEnrolRequest{MAC: phone}),
		setServers("registrar.example.com"),
		nodeCall("domain/prov_key", "", &hermes.DomainProvKeyRequest{Domain: exampleCom, Rotate: true}),
	}
}

// setServers returns a call that sets the servers of example.com.
func setServers(registrar string) call {
	return nodeCall("domain/set_servers", "", &hermes.DomainSetServersRequest{
		Domain: exampleCom, Registrar: sip.MustParseDomain(registrar), RPort: 5060,
		Proxy: sip.MustParseDomain("proxy.example.com"), PPort: 5061, ProvURL: "https://prov.example.com/",
	})
}

func numberCalls() []call {
	return []call{
		nodeCall("number/add", "", &hermes.NumberAddRequest{Number: number1}),
		nodeCall("number/add_range", "", &hermes.NumberAddRangeRequest{Start: number1, End: number2}),
		nodeCall("number/remove", "", &hermes.NumberRemoveRequest{Number: number1}),
		nodeCall("number/claim", "", &hermes.NumberClaimRequest{}),
		nodeCall("number/assign", "", &hermes.NumberAssignRequest{User: alice, Number: number1}),
		nodeCall("number/assign", "to another user", &hermes.NumberAssignRequest{User: bob, Number: number1}),
		nodeCall("number/assign", "in another domain", &hermes.NumberAssignRequest{User: carol, Number: number1, AliasDomain: exampleNet}),
		nodeCall("number/assign", "any", &hermes.NumberAssignRequest{User: alice}),
		nodeCall("number/hold", "", &hermes.NumberHoldRequest{Number: number1}),
		nodeCall("number/hold", "any", &hermes.NumberHoldRequest{}),
		nodeCall("number/unhold", "", &hermes.NumberUnholdRequest{Number: number1}),
		nodeCall("number/release", "", &hermes.NumberReleaseRequest{Alias: alias1}),
		nodeCall("number/release", "in another domain", &hermes.NumberReleaseRequest{Alias: otherAlias1}),
		nodeCall("number/release", "by number", &hermes.NumberReleaseRequest{Number: number1}),
		nodeCall("alias/add", "", &hermes.AliasAddRequest{Alias: sales, Destination: alice}),
		nodeCall("alias/add", "of the number", &hermes.AliasAddRequest{Alias: alias1, Destination: alice}),
		nodeCall("alias/add", "of the other number", &hermes.AliasAddRequest{Alias: alias2, Destination: alice}),
		nodeCall("alias/add", "in another domain", &hermes.AliasAddRequest{Alias: otherAlias1, Destination: bob}),
		nodeCall("alias/add", "to the remote user", &hermes.AliasAddRequest{Alias: sales, Destination: carol}),
		nodeCall("alias/remove", "", &hermes.AliasRemoveRequest{Alias: sales}),
		nodeCall("alias/remove", "of the number", &hermes.AliasRemoveRequest{Alias: alias1}),
	}
}

// authCalls returns calls about API users, their access and API keys.
func authCalls() []call {
	first, second := hermes.NewSecret(firstPassword), hermes.NewSecret(secondPassword)
	return []call{
		nodeCall("auth/add_user", "", &hermes.AuthAddUserRequest{User: "erin", Password: first}),
		nodeCall("auth/update_user", "", &hermes.AuthUpdateUserRequest{User: "erin", Password: second}),
		nodeCall("auth/authorize", "", &hermes.AuthAuthorizeRequest{User: "erin", Access: hermes.FullWrite}),
		nodeCall("auth/authorize", "less", &hermes.AuthAuthorizeRequest{User: "erin", Access: hermes.FullRead}),
		nodeCall("auth/authorize", "the admin less", &hermes.AuthAuthorizeRequest{User: "root", Access: hermes.FullRead}),
		nodeCall("auth/remove_user", "", &hermes.AuthRemoveUserRequest{User: "erin"}),
		nodeCall("auth/remove_user", "the admin", &hermes.AuthRemoveUserRequest{User: "root"}),
		newKey(),
		{name: "auth/remove_key", run: func(ctx context.Context, c *hermes.Client) (any, error) {
			return c.AuthRemoveKey(ctx, hermes.AuthRemoveKeyRequest{Key: hermes.NewSecret(keyOfState)})
		}},
		nodeCall("auth/login", "", &hermes.AuthLoginRequest{Username: "erin", Password: first}),
		{name: "Bootstrap", run: func(ctx context.Context, c *hermes.Client) (any, error) {
			return nil, c.Bootstrap(ctx, "erin", first)
		}},
		{name: "Recover", run: func(ctx context.Context, c *hermes.Client) (any, error) {
			return nil, c.Recover(ctx, "erin", second)
		}},
	}
}

func newKey() call {
	return nodeCall("auth/new_key", "", &hermes.AuthNewKeyRequest{Host: "192.0.2.0/24", Access: hermes.FullWrite})
}

// keyOfState is the public id of the key that newKey makes by stateRandom.
const keyOfState = "hek_0000000000"
