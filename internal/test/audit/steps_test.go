package audit_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// story returns the steps in order. s is the store on which they will run.
func story(t *testing.T, s hermes.Store) []step {
	return slices.Concat(
		domainSteps(), userSteps(), suspendSteps(), lifeSteps(), adoptSteps(s), phoneSteps(), numberSteps(), aliasSteps(), removeSteps(), authSteps(), loginSteps(),
		programSteps(),
	)
}

var (
	alice, bob = sip.MustParse("alice@example.com"), sip.MustParse("bob@example.com")
	carol      = sip.MustParse("carol@far.example")
	phone      = mac.MustParse("001122334455")
	number     = e164.MustParse
	some       = hermes.Some[string]
)

func domainSteps() []step {
	servers := hermes.DomainSetServersRequest{
		Domain: sip.MustParseDomain("example.com"), Registrar: sip.MustParseDomain("reg.example.com"), RPort: 5060,
		Proxy: sip.MustParseDomain("proxy.example.com"), PPort: 5061, ProvURL: "https://prov.example.com/",
	}
	others := servers
	others.Proxy, others.PPort = sip.MustParseDomain("proxy.example.net"), 5060
	return []step{
		{why: "set for the first time", node: "domain/set_servers", req: &servers, want: []string{
			"domain/set_servers example.com",
			"domain: > example.com", "registrar: > reg.example.com", "r_port: > 5060",
			"proxy: > proxy.example.com", "p_port: > 5061", "prov_url: > https://prov.example.com/",
		}},
		{why: "the same again", node: "domain/set_servers", req: &servers},
		{why: "another proxy", node: "domain/set_servers", req: &others, want: []string{
			"domain/set_servers example.com", "proxy: proxy.example.com > proxy.example.net", "p_port: 5061 > 5060",
		}},
	}
}

func userSteps() []step {
	password := hermes.NewSecret("correct horse")
	return append([]step{
		{why: "with permissions", node: "user/add", req: &hermes.UserAddRequest{
			User: alice, DisplayName: "Alice", Email: "alice@example.org", PermittedCalls: "local,intl",
		}, want: []string{
			"user/add alice@example.com",
			"user: > alice@example.com", "type: > local", "authid: > alice", "registrar: > reg.example.com", "r_port: > 5060",
			"proxy: > proxy.example.net", "p_port: > 5060", "displayname: > Alice", "linetext: > Alice",
			"email: > alice@example.org", "permittedcalls: > local,intl", "password: > changed", "permissions: > intl,local",
		}},
		{why: "the address is taken", node: "user/add", req: &hermes.UserAddRequest{User: alice}, cause: hermes.Exists},
		{why: "with capitals in the domain", node: "user/add", req: &hermes.UserAddRequest{User: sip.Unchecked("bob", "EXAMPLE.com")},
			want: []string{
				"user/add bob@example.com",
				"user: > bob@example.com", "type: > local", "authid: > bob", "registrar: > reg.example.com", "r_port: > 5060",
				"proxy: > proxy.example.net", "p_port: > 5060", "displayname: > bob", "linetext: > bob", "password: > changed",
			}},
		{why: "a remote account", node: "user/add_remote", req: &hermes.UserAddRemoteRequest{
			User: carol, Password: password, Registrar: sip.MustParseDomain("sip.far.example"),
		}, want: []string{
			"user/add_remote carol@far.example",
			"user: > carol@far.example", "type: > remote", "authid: > carol", "registrar: > sip.far.example", "r_port: > 5060",
			"proxy: > sip.far.example", "p_port: > 5060", "displayname: > carol", "linetext: > carol", "password: > changed",
		}},
		{why: "another password", node: "user/change_pw", req: &hermes.UserChangePwRequest{User: alice, Password: password},
			want: []string{"user/change_pw alice@example.com", "password: > changed"}},
		{why: "the same password", node: "user/change_pw", req: &hermes.UserChangePwRequest{User: alice, Password: password}},
		{why: "the same password of a remote account", node: "user/change_pw",
			req: &hermes.UserChangePwRequest{User: carol, Password: password}},
		{why: "a generated password of a remote account", node: "user/change_pw", req: &hermes.UserChangePwRequest{User: carol},
			want: []string{"user/change_pw carol@far.example", "password: > changed"}},
		{why: "no such user", node: "user/change_pw", req: &hermes.UserChangePwRequest{User: sip.MustParse("x@example.com")},
			cause: hermes.NotFound},
		{why: "another address", node: "user/change_email",
			req:  &hermes.UserChangeEmailRequest{User: alice, Email: "a@example.org"},
			want: []string{"user/change_email alice@example.com", "email: alice@example.org > a@example.org"}},
		{why: "the same address", node: "user/change_email", req: &hermes.UserChangeEmailRequest{User: alice, Email: "a@example.org"}},
	}, updateSteps()...)
}

func updateSteps() []step {
	return []step{
		{why: "two fields that differ and one that does not", node: "user/update", req: &hermes.UserUpdateRequest{
			User: alice, DisplayName: some("Alice A."), RPort: hermes.Some(5070), AuthID: some("alice"),
		}, want: []string{"user/update alice@example.com", "r_port: 5060 > 5070", "displayname: Alice > Alice A."}},
		{why: "all skipped", node: "user/update", req: &hermes.UserUpdateRequest{User: alice, RPort: hermes.Some(5070)}},
		{why: "a field that is emptied", node: "user/update", req: &hermes.UserUpdateRequest{User: alice, Email: some("")},
			want: []string{"user/update alice@example.com", "email: a@example.org >"}},
		{why: "permissions", node: "user/update", req: &hermes.UserUpdateRequest{User: alice, PermittedCalls: some("local")},
			want: []string{"user/update alice@example.com", "permittedcalls: local,intl > local", "permissions: intl,local > local"}},
		{why: "a local user's field of a remote account", node: "user/update",
			req: &hermes.UserUpdateRequest{User: carol, Email: some("c@example.org")}, cause: hermes.Parameters},
		{why: "set", node: "user/permissions",
			req:  &hermes.UserPermissionsRequest{User: alice, Permissions: hermes.Some([]string{"night", "local"})},
			want: []string{"user/permissions alice@example.com", "permittedcalls: local > local,night", "permissions: local > local,night"}},
		{why: "set to the same", node: "user/permissions",
			req: &hermes.UserPermissionsRequest{User: alice, Permissions: hermes.Some([]string{"local", "night"})}},
		{why: "read", node: "user/permissions", req: &hermes.UserPermissionsRequest{User: alice}},
	}
}

func suspendSteps() []step {
	suspend := func(reason string) *hermes.UserSuspendRequest {
		return &hermes.UserSuspendRequest{User: bob, Reason: reason}
	}
	return []step{
		{why: "with a reason", node: "user/suspend", req: suspend("unpaid"),
			want: []string{"user/suspend bob@example.com", "suspended: > true", "suspended_reason: > unpaid"}},
		{why: "suspended already", node: "user/suspend", req: suspend("")},
		{why: "another reason", node: "user/suspend", req: suspend("stolen"),
			want: []string{"user/suspend bob@example.com", "suspended_reason: unpaid > stolen"}},
		{why: "another password while suspended", node: "user/change_pw",
			req:  &hermes.UserChangePwRequest{User: bob, Password: hermes.NewSecret("battery staple")},
			want: []string{"user/change_pw bob@example.com", "password: > changed"}},
		{why: "resumed", node: "user/resume", req: &hermes.UserResumeRequest{User: bob},
			want: []string{"user/resume bob@example.com", "suspended: true >", "suspended_reason: stolen >"}},
		{why: "not suspended", node: "user/resume", req: &hermes.UserResumeRequest{User: bob}},
	}
}

// lifeSteps add a user with all that hangs on it, rename it and remove it.
func lifeSteps() []step {
	joan, june := sip.MustParse("joan@example.com"), sip.MustParse("june@example.com")
	desk, n := mac.MustParse("0223456789ab"), number("+4773599001")
	return []step{
		{why: "the number of a user", node: "number/add", req: &hermes.NumberAddRequest{Number: n},
			want: []string{"number/add +4773599001", "number: > +4773599001"}},
		{why: "with a phone, a number and permissions", node: "user/onboard", req: &hermes.UserOnboardRequest{
			User: joan, MACs: []mac.Addr{desk}, Number: n, Permissions: []string{"local"},
		}, want: []string{
			"user/onboard joan@example.com", "also +4773599001 +4773599001@example.com 0223456789ab example.com",
			"user: > joan@example.com", "type: > local", "authid: > joan", "registrar: > reg.example.com", "r_port: > 5060",
			"proxy: > proxy.example.net", "p_port: > 5060", "displayname: > joan", "linetext: > joan", "permittedcalls: > local",
			"password: > changed", "permissions: > local", "mac: > 0223456789ab", "user: > joan@example.com", "line: > 1",
			"mac: > 0223456789ab", "open_until: > TIME", "key: > changed",
			"number: +4773599001 >", "alias: > +4773599001@example.com", "destination: > joan@example.com",
		}},
		{why: "nothing is left of one that is refused", node: "user/onboard",
			req: &hermes.UserOnboardRequest{User: june, MACs: []mac.Addr{desk}, Number: n}, cause: hermes.NotFound},
		{why: "the old address stays as an alias", node: "user/rename",
			req: &hermes.UserRenameRequest{User: joan, NewUser: june, KeepAlias: true}, want: []string{
				"user/rename joan@example.com", "also +4773599001@example.com 0223456789ab june@example.com",
				"user: joan@example.com > june@example.com", "authid: joan > june",
				"mac: 0223456789ab >", "user: joan@example.com >", "line: 1 >",
				"mac: > 0223456789ab", "user: > june@example.com", "line: > 1",
				"alias: +4773599001@example.com >", "destination: joan@example.com >",
				"alias: > +4773599001@example.com", "destination: > june@example.com",
				"alias: > joan@example.com", "destination: > june@example.com",
			}},
		{why: "to itself", node: "user/rename", req: &hermes.UserRenameRequest{User: june, NewUser: june}},
		{why: "with all that hangs on it", node: "user/offboard", req: &hermes.UserOffboardRequest{User: june}, want: []string{
			"user/offboard june@example.com", "also +4773599001 +4773599001@example.com 0223456789ab joan@example.com",
			"mac: 0223456789ab >", "user: june@example.com >", "line: 1 >", "number: > +4773599001",
			"alias: +4773599001@example.com >", "destination: june@example.com >",
			"alias: joan@example.com >", "destination: june@example.com >",
			"user: june@example.com >", "type: local >", "authid: june >", "registrar: reg.example.com >", "r_port: 5060 >",
			"proxy: proxy.example.net >", "p_port: 5060 >", "displayname: joan >", "linetext: joan >", "permittedcalls: local >",
			"password: > changed", "permissions: local >",
		}},
		{why: "the number is gone", node: "number/remove", req: &hermes.NumberRemoveRequest{Number: n},
			want: []string{"number/remove +4773599001", "number: +4773599001 >"}},
	}
}

// adoptSteps adopts users that another tool has made in s.
func adoptSteps(s hermes.Store) []step {
	adopted := func(name string) []string {
		var all []string
		for _, line := range []string{
			"authid: > " + name, "registrar: > reg.example.com", "r_port: > 5060", "proxy: > proxy.example.net",
			"p_port: > 5060", "displayname: > " + name, "linetext: > " + name,
		} {
			all = append(all, name+"@example.com "+line)
		}
		return all
	}
	tools := func(ctx context.Context, _ *hermes.Client) error {
		for _, name := range []string{"tool1", "tool2", "tool3"} {
			u := hermes.User{Address: sip.MustParse(name + "@example.com"), Type: hermes.Local, HA1: "x", HA1B: "x"}
			if err := s.AddUser(ctx, u); err != nil {
				return err
			}
		}
		return nil
	}
	domain := &hermes.UserAdoptRequest{Domain: sip.MustParseDomain("example.com")}
	return []step{
		{why: "another tool makes users", run: tools},
		{why: "one user", node: "user/adopt", req: &hermes.UserAdoptRequest{User: sip.MustParse("tool1@example.com")},
			want: []string{
				"user/adopt tool1@example.com", "authid: > tool1", "registrar: > reg.example.com", "r_port: > 5060",
				"proxy: > proxy.example.net", "p_port: > 5060", "displayname: > tool1", "linetext: > tool1",
			}},
		{why: "a domain", node: "user/adopt", req: domain, want: append(append(
			[]string{"user/adopt example.com", "also tool2@example.com tool3@example.com"}, adopted("tool2")...), adopted("tool3")...)},
		{why: "a domain without such users", node: "user/adopt", req: domain},
	}
}

func phoneSteps() []step {
	return []step{
		{why: "a new one", node: "phone/add", req: &hermes.PhoneAddRequest{MAC: phone, User: alice},
			want: []string{"phone/add 001122334455", "also alice@example.com example.com", "mac: > 001122334455", "user: > alice@example.com", "line: > 1",
				"mac: > 001122334455", "open_until: > TIME", "key: > changed"}},
		{why: "vendor and note", node: "phone/set", req: &hermes.PhoneSetRequest{MAC: phone, Vendor: "snom", Note: "desk"},
			want: []string{"phone/set 001122334455", "also example.com", "vendor: > snom", "note: > desk"}},
		{why: "the same again", node: "phone/set", req: &hermes.PhoneSetRequest{MAC: phone, Vendor: "snom", Note: "desk"}},
		{why: "a new key, for an hour", node: "phone/enrol", req: &hermes.PhoneEnrolRequest{MAC: phone, TTL: hermes.Duration(time.Hour)},
			want: []string{"phone/enrol 001122334455", "also example.com", "open_until: TIME > TIME", "key: > changed"}},
		{why: "the first key", node: "domain/prov_key", req: &hermes.DomainProvKeyRequest{Domain: alice.Domain()},
			want: []string{"domain/prov_key example.com", "domain: > example.com", "key: > changed"}},
		{why: "the same key", node: "domain/prov_key", req: &hermes.DomainProvKeyRequest{Domain: alice.Domain()}},
		{why: "another key", node: "domain/prov_key", req: &hermes.DomainProvKeyRequest{Domain: alice.Domain(), Rotate: true},
			want: []string{"domain/prov_key example.com", "key: > changed"}},
		{why: "associated already", node: "phone/add", req: &hermes.PhoneAddRequest{MAC: phone, User: alice}, cause: hermes.Exists},
		{why: "one that is there", node: "phone/remove", req: &hermes.PhoneRemoveRequest{MAC: phone, User: alice},
			want: []string{"phone/remove 001122334455", "also alice@example.com", "mac: 001122334455 >", "user: alice@example.com >", "line: 1 >"}},
		{why: "one that is not", node: "phone/remove", req: &hermes.PhoneRemoveRequest{MAC: phone, User: alice}, cause: hermes.NotFound},
	}
}

func numberSteps() []step {
	oslo, err := hermes.ParsePattern("+4722*")
	if err != nil {
		panic(err)
	}
	return []step{
		{why: "a new one", node: "number/add", req: &hermes.NumberAddRequest{Number: number("+4722000001")},
			want: []string{"number/add +4722000001", "number: > +4722000001"}},
		{why: "in the pool already", node: "number/add", req: &hermes.NumberAddRequest{Number: number("+4722000001")}, cause: hermes.Exists},
		{why: "a range with one that is there", node: "number/add_range",
			req: &hermes.NumberAddRangeRequest{Start: number("+4722000000"), End: number("+4722000004")},
			want: []string{"number/add_range +4722000000", "also +4722000004",
				"start: > +4722000000", "end: > +4722000004", "added: > 4"}},
		{why: "the same range again", node: "number/add_range",
			req: &hermes.NumberAddRangeRequest{Start: number("+4722000000"), End: number("+4722000004")}},
		{why: "a range of which many are copied", node: "number/add_range",
			req: &hermes.NumberAddRangeRequest{Start: number("+4773000000"), End: number("+4773001999")},
			want: []string{"number/add_range +4773000000", "also +4773001999",
				"start: > +4773000000", "end: > +4773001999", "added: > 2000"}},
		{why: "one of the pool", node: "number/remove", req: &hermes.NumberRemoveRequest{Number: number("+4722000004")},
			want: []string{"number/remove +4722000004", "number: +4722000004 >"}},
		{why: "not in the pool", node: "number/remove", req: &hermes.NumberRemoveRequest{Number: number("+4722000004")}, cause: hermes.NotFound},
		{why: "a free one", node: "number/hold", req: &hermes.NumberHoldRequest{Number: number("+4722000003")},
			want: []string{"number/hold +4722000003", "state: free > held", "until: > TIME", "holder_kind: > program"}},
		{why: "the holder's own", node: "number/unhold", req: &hermes.NumberUnholdRequest{Number: number("+4722000003")},
			want: []string{"number/unhold +4722000003", "state: held > free", "until: TIME >", "holder_kind: program >"}},
		{why: "held no more", node: "number/unhold", req: &hermes.NumberUnholdRequest{Number: number("+4722000003")}, cause: hermes.NotFound},
		{why: "the first that matches", node: "number/claim", req: &hermes.NumberClaimRequest{Search: oslo},
			want: []string{"number/claim +4722000000", "number: +4722000000 >"}},
		{why: "a named one", node: "number/assign", req: &hermes.NumberAssignRequest{User: alice, Number: number("+4722000002")},
			want: []string{"number/assign alice@example.com", "also +4722000002 +4722000002@example.com", "number: +4722000002 >",
				"alias: > +4722000002@example.com", "destination: > alice@example.com"}},
		{why: "any, in another domain", node: "number/assign",
			req: &hermes.NumberAssignRequest{User: bob, Search: oslo, AliasDomain: sip.MustParseDomain("example.net")},
			want: []string{"number/assign bob@example.com", "also +4722000001 +4722000001@example.net", "number: +4722000001 >",
				"alias: > +4722000001@example.net", "destination: > bob@example.com"}},
		{why: "the user has one", node: "number/assign", req: &hermes.NumberAssignRequest{User: alice, Search: oslo}, cause: hermes.Exists},
		{why: "an alias", node: "number/release", req: &hermes.NumberReleaseRequest{Alias: sip.MustParse("+4722000001@example.net")},
			want: []string{"number/release +4722000001@example.net", "also +4722000001 bob@example.com", "number: > +4722000001",
				"alias: +4722000001@example.net >", "destination: bob@example.com >"}},
		{why: "no such alias", node: "number/release", req: &hermes.NumberReleaseRequest{Alias: sip.MustParse("+4722000001@example.net")},
			cause: hermes.NotFound},
	}
}

func aliasSteps() []step {
	sales, theirs := sip.MustParse("sales@example.com"), sip.MustParse("+4722000003@example.com")
	return []step{
		{why: "a name", node: "alias/add", req: &hermes.AliasAddRequest{Alias: sales, Destination: alice},
			want: []string{"alias/add sales@example.com", "also alice@example.com",
				"alias: > sales@example.com", "destination: > alice@example.com"}},
		{why: "it exists", node: "alias/add", req: &hermes.AliasAddRequest{Alias: sales, Destination: bob}, cause: hermes.Exists},
		{why: "a number of the pool", node: "alias/add", req: &hermes.AliasAddRequest{Alias: theirs, Destination: bob},
			want: []string{"alias/add +4722000003@example.com", "also +4722000003 bob@example.com", "number: +4722000003 >",
				"alias: > +4722000003@example.com", "destination: > bob@example.com"}},
		{why: "its number stays out of the pool", node: "alias/remove", req: &hermes.AliasRemoveRequest{Alias: theirs},
			want: []string{"alias/remove +4722000003@example.com", "also bob@example.com",
				"alias: +4722000003@example.com >", "destination: bob@example.com >"}},
		{why: "a number that is not in the pool", node: "alias/add", req: &hermes.AliasAddRequest{Alias: theirs, Destination: bob},
			want: []string{"alias/add +4722000003@example.com", "also bob@example.com",
				"alias: > +4722000003@example.com", "destination: > bob@example.com"}},
		{why: "no such alias", node: "alias/remove", req: &hermes.AliasRemoveRequest{Alias: sip.MustParse("x@example.com")},
			cause: hermes.NotFound},
	}
}

func removeSteps() []step {
	return []step{
		{why: "aliases lead to it", node: "user/remove", req: &hermes.UserRemoveRequest{User: alice}, cause: hermes.InUse},
		{why: "an alias", node: "alias/remove", req: &hermes.AliasRemoveRequest{Alias: sip.MustParse("sales@example.com")},
			want: []string{"alias/remove sales@example.com", "also alice@example.com",
				"alias: sales@example.com >", "destination: alice@example.com >"}},
		{why: "an alias", node: "number/release", req: &hermes.NumberReleaseRequest{Alias: sip.MustParse("+4722000002@example.com")},
			want: []string{"number/release +4722000002@example.com", "also +4722000002 alice@example.com", "number: > +4722000002",
				"alias: +4722000002@example.com >", "destination: alice@example.com >"}},
		{why: "a user with permissions", node: "user/remove", req: &hermes.UserRemoveRequest{User: alice}, want: []string{
			"user/remove alice@example.com",
			"user: alice@example.com >", "type: local >", "authid: alice >", "registrar: reg.example.com >", "r_port: 5070 >",
			"proxy: proxy.example.net >", "p_port: 5060 >", "displayname: Alice A. >", "linetext: Alice >",
			"permittedcalls: local,night >", "password: > changed", "permissions: local,night >",
		}},
		{why: "a remote account", node: "user/remove", req: &hermes.UserRemoveRequest{User: carol}, want: []string{
			"user/remove carol@far.example",
			"user: carol@far.example >", "type: remote >", "authid: carol >", "registrar: sip.far.example >", "r_port: 5060 >",
			"proxy: sip.far.example >", "p_port: 5060 >", "displayname: carol >", "linetext: carol >", "password: > changed",
		}},
	}
}
