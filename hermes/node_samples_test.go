package hermes_test

import (
	"maps"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
)

// nodeSample is a call of a node that succeeds in a new env.
type nodeSample struct {
	actor hermes.Actor
	req   hermes.Request     // for Node.Call
	cred  hermes.Credentials // of the session that the call is about, if any
}

// newNodeSample prepares e for the call and returns it.
type newNodeSample func(t testing.TB, e *env) nodeSample

// byProgram returns a sample that the program itself calls.
func byProgram(req hermes.Request) newNodeSample {
	return func(_ testing.TB, e *env) nodeSample { return nodeSample{actor: e.client.Actor(), req: req} }
}

// nodeSamples returns a sample for each node. Where some requests need more than their node does,
// as with user/permissions, the sample is such a request.
func nodeSamples() map[string]newNodeSample {
	all := map[string]newNodeSample{}
	for _, samples := range []map[string]newNodeSample{
		sessionSamples(), authSamples(), userSamples(), phoneSamples(), numberSamples(), aliasSamples(), domainSamples(),
	} {
		maps.Copy(all, samples)
	}
	return all
}

func sessionSamples() map[string]newNodeSample {
	return map[string]newNodeSample{
		"auth/login": byProgram(&hermes.AuthLoginRequest{Username: "writer", Password: hermes.NewSecret(password)}),
		"auth/challenge": func(testing.TB, *env) nodeSample {
			return nodeSample{actor: hermes.Actor{Remote: office}, req: &hermes.AuthChallengeRequest{Key: "hek_0123456789"}}
		},
		"auth/logout": func(t testing.TB, e *env) nodeSample {
			cred := mustLogin(t, e, "writer")
			return nodeSample{req: &hermes.AuthLogoutRequest{Session: cred.Session, Cookie: cred.Cookie}, cred: cred}
		},
		"auth/ping": func(t testing.TB, e *env) nodeSample {
			cred := mustLogin(t, e, "writer")
			return nodeSample{actor: mustAuthenticate(t, e, cred).Actor(), req: &hermes.AuthPingRequest{}, cred: cred}
		},
		"auth/whoami": byProgram(&hermes.AuthWhoamiRequest{}),
	}
}

func authSamples() map[string]newNodeSample {
	return map[string]newNodeSample{
		"auth/new_key": byProgram(&hermes.AuthNewKeyRequest{Host: "192.0.2.0/24", Access: hermes.FullRead}),
		"auth/remove_key": func(t testing.TB, e *env) nodeSample {
			key := mustNewKey(t, e.client, hermes.AuthNewKeyRequest{Host: "192.0.2.0/24", Access: hermes.FullRead})
			cred := mustLoginWithKey(t, e, key)
			return nodeSample{actor: e.client.Actor(), req: &hermes.AuthRemoveKeyRequest{Key: key}, cred: cred}
		},
		"auth/list_keys": byProgram(&hermes.AuthListKeysRequest{}),
		"auth/authorize": byProgram(&hermes.AuthAuthorizeRequest{User: "reader", Access: hermes.FullRead}),
		"auth/remove_user": func(t testing.TB, e *env) nodeSample {
			req := &hermes.AuthRemoveUserRequest{User: "writer"}
			return nodeSample{actor: e.client.Actor(), req: req, cred: mustLogin(t, e, "writer")}
		},
		"auth/list_users": byProgram(&hermes.AuthListUsersRequest{}),
		"auth/add_user":   byProgram(&hermes.AuthAddUserRequest{User: "new"}),
		"auth/update_user": func(t testing.TB, e *env) nodeSample {
			req := &hermes.AuthUpdateUserRequest{User: "writer", Password: hermes.NewSecret("battery staple")}
			return nodeSample{actor: e.client.Actor(), req: req, cred: mustLogin(t, e, "writer")}
		},
	}
}

func userSamples() map[string]newNodeSample {
	return map[string]newNodeSample{
		"user/get":  byProgram(&hermes.UserGetRequest{User: alice}),
		"user/list": byProgram(&hermes.UserListRequest{}),
		"user/add":  byProgram(&hermes.UserAddRequest{User: addr("new@example.com"), PermittedCalls: "local,intl"}),
		"user/add_remote": byProgram(&hermes.UserAddRemoteRequest{
			User: addr("new@far.example"), Password: hermes.NewSecret("x"), Registrar: domain("sip.far.example"),
		}),
		"user/onboard": byProgram(&hermes.UserOnboardRequest{
			User: addr("new@example.com"), MACs: []mac.Addr{phone1, phone2}, Number: inPool, Permissions: []string{"local", "intl"},
		}),
		"user/offboard": func(t testing.TB, e *env) nodeSample {
			mustNumberAssign(t, e.client, hermes.NumberAssignRequest{User: alice})
			mustAliasAdd(t, e.client, addr("a@example.com"), alice)
			return nodeSample{actor: e.client.Actor(), req: &hermes.UserOffboardRequest{User: alice}}
		},
		"user/rename": func(t testing.TB, e *env) nodeSample {
			mustAliasAdd(t, e.client, addr("a@example.com"), alice)
			return nodeSample{actor: e.client.Actor(), req: &hermes.UserRenameRequest{
				User: alice, NewUser: addr("alison@example.com"), KeepAlias: true,
			}}
		},
		"user/show":     byProgram(&hermes.UserShowRequest{User: alice}),
		"user/contacts": byProgram(&hermes.UserContactsRequest{User: alice}),
		"user/suspend":  byProgram(&hermes.UserSuspendRequest{User: alice, Reason: "unpaid"}),
		"user/resume": func(t testing.TB, e *env) nodeSample {
			mustUserSuspend(t, e.client, alice, "unpaid")
			return nodeSample{actor: e.client.Actor(), req: &hermes.UserResumeRequest{User: alice}}
		},
		"user/remove":       byProgram(&hermes.UserRemoveRequest{User: dora}),
		"user/change_pw":    byProgram(&hermes.UserChangePwRequest{User: alice}),
		"user/change_email": byProgram(&hermes.UserChangeEmailRequest{User: alice, Email: "alice@example.org"}),
		"user/update": byProgram(&hermes.UserUpdateRequest{
			User: alice, DisplayName: hermes.Some("Alice"), PermittedCalls: hermes.Some("local"),
		}),
		"user/avail":             byProgram(&hermes.UserAvailRequest{User: addr("new@example.com")}),
		"user/generate_password": byProgram(&hermes.UserGeneratePasswordRequest{}),
		"user/adopt": func(t testing.TB, e *env) nodeSample {
			mustAddToolUsers(t, e.store, "tool@example.com")
			return nodeSample{actor: e.client.Actor(), req: &hermes.UserAdoptRequest{User: addr("tool@example.com")}}
		},
		"user/permissions": byProgram(&hermes.UserPermissionsRequest{
			User: alice, Permissions: hermes.Some([]string{"local", "intl"}),
		}),
	}
}

func phoneSamples() map[string]newNodeSample {
	return map[string]newNodeSample{
		"phone/get":    byProgram(&hermes.PhoneGetRequest{MAC: phone1}),
		"phone/list":   byProgram(&hermes.PhoneListRequest{}),
		"phone/add":    byProgram(&hermes.PhoneAddRequest{MAC: phone2, User: alice}),
		"phone/remove": byProgram(&hermes.PhoneRemoveRequest{MAC: phone1, User: alice}),
		"phone/show":   byProgram(&hermes.PhoneShowRequest{MAC: phone1}),
		"phone/set":    byProgram(&hermes.PhoneSetRequest{MAC: phone1, Vendor: "snom", Note: "reception"}),
		"phone/enrol":  byProgram(&hermes.PhoneEnrolRequest{MAC: phone1}),
		"phone/config": byProgram(&hermes.PhoneConfigRequest{MAC: phone1, Vendor: "yealink"}),
		"phone/resync": byProgram(&hermes.PhoneResyncRequest{MAC: phone1}),
	}
}

func numberSamples() map[string]newNodeSample {
	return map[string]newNodeSample{
		"number/list": byProgram(&hermes.NumberListRequest{Random: true}),
		"number/add_range": byProgram(&hermes.NumberAddRangeRequest{
			Start: number("+4773500005"), End: number("+4773500020"),
		}),
		"number/add":    byProgram(&hermes.NumberAddRequest{Number: number("+4773600001")}),
		"number/remove": byProgram(&hermes.NumberRemoveRequest{Number: inPool}),
		"number/test":   byProgram(&hermes.NumberTestRequest{Number: inPool}),
		"number/claim":  byProgram(&hermes.NumberClaimRequest{}),
		"number/assign": byProgram(&hermes.NumberAssignRequest{User: alice}),
		"number/hold":   byProgram(&hermes.NumberHoldRequest{}),
		"number/stats":  byProgram(&hermes.NumberStatsRequest{}),
		"number/unhold": func(t testing.TB, e *env) nodeSample {
			_, err := e.client.NumberHold(t.Context(), hermes.NumberHoldRequest{Number: inPool})
			if err != nil {
				t.Fatal(err)
			}
			return nodeSample{actor: e.client.Actor(), req: &hermes.NumberUnholdRequest{Number: inPool}}
		},
		"number/release": func(t testing.TB, e *env) nodeSample {
			a := mustNumberAssign(t, e.client, hermes.NumberAssignRequest{User: alice}).Alias
			return nodeSample{actor: e.client.Actor(), req: &hermes.NumberReleaseRequest{Alias: a}}
		},
	}
}

func aliasSamples() map[string]newNodeSample {
	return map[string]newNodeSample{
		"alias/list":   byProgram(&hermes.AliasListRequest{}),
		"alias/add":    byProgram(&hermes.AliasAddRequest{Alias: addr("+4773500001@example.com"), Destination: alice}),
		"alias/remove": byProgram(&hermes.AliasRemoveRequest{Alias: addr("sales@example.com")}),
	}
}

func domainSamples() map[string]newNodeSample {
	return map[string]newNodeSample{
		"domain/list":        byProgram(&hermes.DomainListRequest{}),
		"domain/get_servers": byProgram(&hermes.DomainGetServersRequest{Domain: domain("example.com")}),
		"domain/set_servers": byProgram(&hermes.DomainSetServersRequest{
			Domain: domain("example.net"), Registrar: domain("reg.example.net"), RPort: 5060,
			Proxy: domain("proxy.example.net"), PPort: 5060, ProvURL: "http://prov.example.net/",
		}),
		"domain/prov_key": byProgram(&hermes.DomainProvKeyRequest{Domain: domain("example.com")}),

		"audit/list":   byProgram(&hermes.AuditListRequest{}),
		"audit/verify": byProgram(&hermes.AuditVerifyRequest{}),
	}
}
