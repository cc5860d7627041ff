package hermes_test

import (
	"github.com/hermes-voip/go-hermes/hermes"
)

// sample is a call of a node that is carried out in a fresh world.
type sample struct {
	actor hermes.Actor
	req   hermes.Request     // what Node.Call takes
	cred  hermes.Credentials // of the session that it is about, if any
}

// program is a call by the program itself.
func program(req hermes.Request) func(*world) sample {
	return func(w *world) sample { return sample{actor: w.Actor(), req: req} }
}

// samples has one for every node: what the laws of all nodes are tried on.
func samples() map[string]func(*world) sample {
	all := map[string]func(*world) sample{}
	for _, group := range []map[string]func(*world) sample{
		sessionSamples(), authSamples(), userSamples(), phoneSamples(), numberSamples(), aliasSamples(), domainSamples(),
	} {
		for node, s := range group {
			all[node] = s
		}
	}
	return all
}

func sessionSamples() map[string]func(*world) sample {
	return map[string]func(*world) sample{
		"auth/login": program(&hermes.AuthLoginRequest{Username: "writer", Password: hermes.NewSecret(password)}),
		"auth/challenge": func(w *world) sample {
			return sample{hermes.Actor{Remote: office}, &hermes.AuthChallengeRequest{Key: "hek_0123456789"}, hermes.Credentials{}}
		},
		"auth/logout": func(w *world) sample {
			cred := w.login("writer")
			return sample{hermes.Actor{}, &hermes.AuthLogoutRequest{Session: cred.Session, Cookie: cred.Cookie}, cred}
		},
		"auth/ping": func(w *world) sample {
			cred := w.login("writer")
			return sample{ok(w.T, got(w.enter(cred))).Actor(), &hermes.AuthPingRequest{}, cred}
		},
	}
}

func authSamples() map[string]func(*world) sample {
	return map[string]func(*world) sample{
		"auth/new_key": program(&hermes.AuthNewKeyRequest{Host: "192.0.2.0/24", Access: hermes.FullRead}),
		"auth/remove_key": func(w *world) sample {
			key := w.newKey(hermes.AuthNewKeyRequest{Host: "192.0.2.0/24", Access: hermes.FullRead})
			cred := ok(w.T, got(w.keyLogin(key, office)))
			return sample{w.Actor(), &hermes.AuthRemoveKeyRequest{Key: key}, cred}
		},
		"auth/list_keys": program(&hermes.AuthListKeysRequest{}),
		"auth/authorize": program(&hermes.AuthAuthorizeRequest{User: "reader", Access: hermes.FullRead}),
		"auth/remove_user": func(w *world) sample {
			return sample{w.Actor(), &hermes.AuthRemoveUserRequest{User: "writer"}, w.login("writer")}
		},
		"auth/list_users": program(&hermes.AuthListUsersRequest{}),
		"auth/add_user":   program(&hermes.AuthAddUserRequest{User: "new"}),
		"auth/update_user": func(w *world) sample {
			return sample{w.Actor(), &hermes.AuthUpdateUserRequest{User: "writer", Password: hermes.NewSecret("battery staple")}, w.login("writer")}
		},
	}
}

func userSamples() map[string]func(*world) sample {
	return map[string]func(*world) sample{
		"user/get":  program(&hermes.UserGetRequest{User: alice}),
		"user/list": program(&hermes.UserListRequest{}),
		"user/add":  program(&hermes.UserAddRequest{User: addr("new@example.com"), PermittedCalls: "local,intl"}),
		"user/add_remote": program(&hermes.UserAddRemoteRequest{
			User: addr("new@far.example"), Password: hermes.NewSecret("x"), Registrar: domain("sip.far.example"),
		}),
		"user/remove":            program(&hermes.UserRemoveRequest{User: dora}),
		"user/change_pw":         program(&hermes.UserChangePwRequest{User: alice}),
		"user/change_email":      program(&hermes.UserChangeEmailRequest{User: alice, Email: "alice@example.org"}),
		"user/update":            program(&hermes.UserUpdateRequest{User: alice, DisplayName: hermes.Some("Alice"), PermittedCalls: hermes.Some("local")}),
		"user/avail":             program(&hermes.UserAvailRequest{User: addr("new@example.com")}),
		"user/generate_password": program(&hermes.UserGeneratePasswordRequest{}),
		"user/permissions":       program(&hermes.UserPermissionsRequest{User: alice, Permissions: hermes.Some([]string{"local", "intl"})}),
	}
}

func phoneSamples() map[string]func(*world) sample {
	return map[string]func(*world) sample{
		"phone/get":    program(&hermes.PhoneGetRequest{MAC: phone1}),
		"phone/list":   program(&hermes.PhoneListRequest{}),
		"phone/add":    program(&hermes.PhoneAddRequest{MAC: phone2, User: alice}),
		"phone/remove": program(&hermes.PhoneRemoveRequest{MAC: phone1, User: alice}),
	}
}

func numberSamples() map[string]func(*world) sample {
	return map[string]func(*world) sample{
		"number/list":      program(&hermes.NumberListRequest{Random: true}),
		"number/add_range": program(&hermes.NumberAddRangeRequest{Start: number("+4773500005"), End: number("+4773500020")}),
		"number/add":       program(&hermes.NumberAddRequest{Number: number("+4773600001")}),
		"number/remove":    program(&hermes.NumberRemoveRequest{Number: inPool}),
		"number/test":      program(&hermes.NumberTestRequest{Number: inPool}),
		"number/claim":     program(&hermes.NumberClaimRequest{}),
		"number/assign":    program(&hermes.NumberAssignRequest{User: alice}),
		"number/release": func(w *world) sample {
			a := ok(w.T, got(w.NumberAssign(w.Context(), hermes.NumberAssignRequest{User: alice}))).Alias
			return sample{actor: w.Actor(), req: &hermes.NumberReleaseRequest{Alias: a}}
		},
	}
}

func aliasSamples() map[string]func(*world) sample {
	return map[string]func(*world) sample{
		"alias/list":   program(&hermes.AliasListRequest{}),
		"alias/add":    program(&hermes.AliasAddRequest{Alias: addr("+4773500001@example.com"), Destination: alice}),
		"alias/remove": program(&hermes.AliasRemoveRequest{Alias: addr("sales@example.com")}),
	}
}

func domainSamples() map[string]func(*world) sample {
	return map[string]func(*world) sample{
		"domain/list":        program(&hermes.DomainListRequest{}),
		"domain/get_servers": program(&hermes.DomainGetServersRequest{Domain: domain("example.com")}),
		"domain/set_servers": program(&hermes.DomainSetServersRequest{
			Domain: domain("example.net"), Registrar: domain("reg.example.net"), RPort: 5060,
			Proxy: domain("proxy.example.net"), PPort: 5060, ProvURL: "http://prov.example.net/",
		}),
	}
}
