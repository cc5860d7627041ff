package storetest

import (
	"context"
	"slices"

	"github.com/hermes-voip/go-hermes/hermes"
)

// methodCall calls a method of a store with arguments for which it succeeds in a store that has the
// records of addRecords. If a write call takes place when it should not, a second one therefore
// fails or the records differ.
type methodCall struct {
	method string
	call   func(ctx context.Context, s hermes.Store) error
}

// errorOf returns the error of a method that also returns a value.
func errorOf[T any](_ T, err error) error { return err }

// readCalls returns a call of each method that writes nothing.
func readCalls() []methodCall { return append(readDataCalls(), readAuthCalls()...) }

// readDataCalls returns those of the methods about users, phones, numbers, aliases and domains.
func readDataCalls() []methodCall {
	alice := addr("alice@example.com")
	return append(readDeviceCalls(), []methodCall{
		{"User", func(ctx context.Context, s hermes.Store) error { return errorOf(s.User(ctx, alice)) }},
		{"Users", func(ctx context.Context, s hermes.Store) error {
			return errorOf(s.Users(ctx, hermes.UserQuery{Limit: 1}))
		}},
		{"UsersWithoutServers", func(ctx context.Context, s hermes.Store) error {
			return errorOf(s.UsersWithoutServers(ctx, hermes.DomainUserQuery{Domain: alice.Domain(), Limit: 1}))
		}},
		{"Groups", func(ctx context.Context, s hermes.Store) error { return errorOf(s.Groups(ctx, alice)) }},
		{"Holder", func(ctx context.Context, s hermes.Store) error { return errorOf(s.Holder(ctx, alice)) }},
		{"PhoneSite", func(ctx context.Context, s hermes.Store) error {
			return errorOf(s.PhoneSite(ctx, phone("001122334455", "alice@example.com")))
		}},
		{"PhoneLines", func(ctx context.Context, s hermes.Store) error {
			return errorOf(s.PhoneLines(ctx, macAddr("001122334455")))
		}},
		{"UserPhones", func(ctx context.Context, s hermes.Store) error { return errorOf(s.UserPhones(ctx, alice)) }},
		{"Phones", func(ctx context.Context, s hermes.Store) error {
			return errorOf(s.Phones(ctx, hermes.PhoneQuery{Limit: 1}))
		}},
		{"PooledNumber", func(ctx context.Context, s hermes.Store) error {
			return errorOf(s.PooledNumber(ctx, number("+4711"), at(0)))
		}},
		{"CountNumbers", func(ctx context.Context, s hermes.Store) error {
			return errorOf(s.CountNumbers(ctx, hermes.CountQuery{Now: at(0)}))
		}},
		{"Numbers", func(ctx context.Context, s hermes.Store) error {
			return errorOf(s.Numbers(ctx, hermes.NumberQuery{Limit: 1}))
		}},
		{"SampleNumbers", func(ctx context.Context, s hermes.Store) error {
			return errorOf(s.SampleNumbers(ctx, hermes.NumberQuery{Limit: 1}))
		}},
		{"ShuffledNumbers", func(ctx context.Context, s hermes.Store) error {
			return errorOf(s.ShuffledNumbers(ctx, hermes.NumberQuery{Limit: 1}))
		}},
		{"Aliases", func(ctx context.Context, s hermes.Store) error {
			return errorOf(s.Aliases(ctx, hermes.AliasQuery{Limit: 1}))
		}},
		{"AliasSite", func(ctx context.Context, s hermes.Store) error {
			return errorOf(s.AliasSite(ctx, alias("new@example.com", "alice@example.com")))
		}},
		{"NumberAliased", func(ctx context.Context, s hermes.Store) error {
			return errorOf(s.NumberAliased(ctx, number("+4711")))
		}},
		{"DomainServed", func(ctx context.Context, s hermes.Store) error {
			return errorOf(s.DomainServed(ctx, domain("example.com")))
		}},
		{"Counts", func(ctx context.Context, s hermes.Store) error { return errorOf(s.Counts(ctx, at(1))) }},
		{"SealedUsers", func(ctx context.Context, s hermes.Store) error { return errorOf(s.SealedUsers(ctx, 9)) }},
		{"Domains", func(ctx context.Context, s hermes.Store) error { return errorOf(s.Domains(ctx)) }},
		{"Servers", func(ctx context.Context, s hermes.Store) error {
			return errorOf(s.Servers(ctx, domain("example.com")))
		}},
	}...)
}

// readAuthCalls returns those of the methods about principals, sessions and secrets.
func readAuthCalls() []methodCall {
	return []methodCall{
		{"SecretCheck", func(ctx context.Context, s hermes.Store) error { return errorOf(s.SecretCheck(ctx)) }},
		{"Credential", func(ctx context.Context, s hermes.Store) error { return errorOf(s.Credential(ctx, "alice")) }},
		{"Authorization", func(ctx context.Context, s hermes.Store) error {
			return errorOf(s.Authorization(ctx, userPrincipal("alice")))
		}},
		{"Authorizations", func(ctx context.Context, s hermes.Store) error { return errorOf(s.Authorizations(ctx)) }},
		{"LastingPrincipals", func(ctx context.Context, s hermes.Store) error {
			return errorOf(s.LastingPrincipals(ctx, hermes.PrincipalQuery{Access: hermes.FullWrite, Limit: 1}))
		}},
		{"EverAuthorized", func(ctx context.Context, s hermes.Store) error { return errorOf(s.EverAuthorized(ctx)) }},
		{"Key", func(ctx context.Context, s hermes.Store) error { return errorOf(s.Key(ctx, "k1")) }},
		{"Keys", func(ctx context.Context, s hermes.Store) error { return errorOf(s.Keys(ctx)) }},
		{"Session", func(ctx context.Context, s hermes.Store) error { return errorOf(s.Session(ctx, hash(1))) }},
		{"AuditEntries", func(ctx context.Context, s hermes.Store) error {
			return errorOf(s.AuditEntries(ctx, hermes.AuditQuery{Limit: 1}))
		}},
		{"UnsealedEntries", func(ctx context.Context, s hermes.Store) error { return errorOf(s.UnsealedEntries(ctx, "", 1)) }},
		{"SealedEntries", func(ctx context.Context, s hermes.Store) error {
			return errorOf(s.SealedEntries(ctx, hermes.SealedQuery{First: 1, Last: 1, Limit: 1}))
		}},
		{"AuditSubjects", func(ctx context.Context, s hermes.Store) error {
			return errorOf(s.AuditSubjects(ctx, []string{auditID(1)}))
		}},
		{"AuditSeals", func(ctx context.Context, s hermes.Store) error { return errorOf(s.AuditSeals(ctx, 0, 1)) }},
		{"LastAuditSeal", func(ctx context.Context, s hermes.Store) error { return errorOf(s.LastAuditSeal(ctx)) }},
		{"LastPrunedSeal", func(ctx context.Context, s hermes.Store) error { return errorOf(s.LastPrunedSeal(ctx)) }},
		{"Answer", func(ctx context.Context, s hermes.Store) error {
			return errorOf(s.Answer(ctx, answer("alice", "user/add", "k1", 5).Key))
		}},
		{"AnswerKeys", func(ctx context.Context, s hermes.Store) error {
			return errorOf(s.AnswerKeys(ctx, hermes.AnswerQuery{Limit: 9}))
		}},
		{"Logins", func(ctx context.Context, s hermes.Store) error { return errorOf(s.Logins(ctx, at(0), 9)) }},
	}
}

// writeCalls returns a call of each method that writes. They succeed one after the other in this
// order, too.
func writeCalls() []methodCall {
	return slices.Concat(numberWriteCalls(), sipWriteCalls(), deviceWriteCalls(), authWriteCalls())
}

func sipWriteCalls() []methodCall {
	alice, bob := addr("alice@example.com"), remoteUser("bob@far.example")
	bob.DisplayName = "another name"
	changed := servers("example.com")
	changed.RPort = 1
	return []methodCall{
		{"AddUser", func(ctx context.Context, s hermes.Store) error {
			return s.AddUser(ctx, localUser("new@example.com"))
		}},
		{"SetUser", func(ctx context.Context, s hermes.Store) error { return s.SetUser(ctx, bob) }},
		{"SetProvisioning", func(ctx context.Context, s hermes.Store) error { return s.SetProvisioning(ctx, bob) }},
		{"SetGroups", func(ctx context.Context, s hermes.Store) error { return s.SetGroups(ctx, alice, nil) }},
		{"AddLocalUser", func(ctx context.Context, s hermes.Store) error {
			return errorOf(s.AddLocalUser(ctx, localUser("local@example.com")))
		}},
		{"AddPhone", func(ctx context.Context, s hermes.Store) error {
			return addPhone(ctx, s, phone("aa1122334455", "bob@far.example"))
		}},
		{"RemovePhone", func(ctx context.Context, s hermes.Store) error {
			return removeAssociation(ctx, s, phone("001122334455", "alice@example.com"))
		}},
		{"AddAlias", func(ctx context.Context, s hermes.Store) error {
			return addAlias(ctx, s, alias("new@example.com", "alice@example.com"))
		}},
		{"RemoveDestination", func(ctx context.Context, s hermes.Store) error {
			return s.RemoveDestination(ctx, alias("new@example.com", "alice@example.com"))
		}},
		{"RemoveAlias", func(ctx context.Context, s hermes.Store) error {
			return errorOf(s.RemoveAlias(ctx, addr("sales@example.com")))
		}},
		{"RemoveUser", func(ctx context.Context, s hermes.Store) error {
			return errorOf(s.RemoveUser(ctx, addr("carol@example.com")))
		}},
		{"RenameUser", func(ctx context.Context, s hermes.Store) error {
			return errorOf(s.RenameUser(ctx, addr("bob@far.example"), remoteUser("rob@far.example")))
		}},
		{"SetServers", func(ctx context.Context, s hermes.Store) error { return s.SetServers(ctx, changed) }},
	}
}

func numberWriteCalls() []methodCall {
	alice := addr("alice@example.com")
	return []methodCall{
		{"AddNumber", func(ctx context.Context, s hermes.Store) error { return addNumber(ctx, s, number("+4799")) }},
		{"AddNumbers", func(ctx context.Context, s hermes.Store) error {
			return errorOf(s.AddNumbers(ctx, number("+4711"), number("+4750")))
		}},
		{"RemoveNumber", func(ctx context.Context, s hermes.Store) error {
			return removeNumber(ctx, s, number("+4720"))
		}},
		{"TakeNumber", func(ctx context.Context, s hermes.Store) error {
			return errorOf(s.TakeNumber(ctx, hermes.TakeQuery{}))
		}},
		{"AssignNumber", func(ctx context.Context, s hermes.Store) error {
			return assignNumber(ctx, s, number("+4719"), alias("+4719@example.com", "alice@example.com"))
		}},
		{"HoldNumber", func(ctx context.Context, s hermes.Store) error {
			return errorOf(s.HoldNumber(ctx, number("+4718"), use("bob", 0), at(5)))
		}},
		{"HoldAny", func(ctx context.Context, s hermes.Store) error {
			return errorOf(s.HoldAny(ctx, hermes.TakeQuery{Now: at(0)}, userPrincipal("bob"), at(5)))
		}},
		{"UnholdNumber", func(ctx context.Context, s hermes.Store) error {
			return errorOf(s.UnholdNumber(ctx, number("+4721"), use("alice", 0)))
		}},
		{"ReleaseNumber", func(ctx context.Context, s hermes.Store) error {
			return errorOf(releaseNumber(ctx, s, number("+4702"), addr("+4702@example.com")))
		}},
		{"AssignAny", func(ctx context.Context, s hermes.Store) error {
			_, _, err := s.AssignAny(ctx, hermes.AssignQuery{Domain: domain("example.com"), Destination: alice})
			return err
		}},
	}
}

func authWriteCalls() []methodCall {
	alice := userPrincipal("alice")
	return []methodCall{
		{"AddCredential", func(ctx context.Context, s hermes.Store) error {
			return s.AddCredential(ctx, hermes.Credential{User: "new", Hash: passwordHash})
		}},
		{"SetCredential", func(ctx context.Context, s hermes.Store) error {
			return s.SetCredential(ctx, hermes.Credential{User: "alice", Hash: otherHash})
		}},
		{"RemoveCredential", func(ctx context.Context, s hermes.Store) error { return s.RemoveCredential(ctx, "alice") }},
		{"SetSecretCheck", func(ctx context.Context, s hermes.Store) error { return s.SetSecretCheck(ctx, "new") }},
		{"AddAuditEntry", func(ctx context.Context, s hermes.Store) error {
			return s.AddAuditEntry(ctx, auditEntry(2, "user/add", "new@example.com"))
		}},
		{"AddAuditSeal", func(ctx context.Context, s hermes.Store) error {
			return s.AddAuditSeal(ctx, auditSeal(2), []string{auditID(1)})
		}},
		{"PruneAudit", func(ctx context.Context, s hermes.Store) error { return errorOf(s.PruneAudit(ctx, 1, hash(9))) }},
		{"SetAuthorization", func(ctx context.Context, s hermes.Store) error {
			return s.SetAuthorization(ctx, hermes.Authorization{Principal: alice, Access: hermes.FullRead})
		}},
		{"RemoveAuthorization", func(ctx context.Context, s hermes.Store) error {
			return s.RemoveAuthorization(ctx, alice)
		}},
		{"AddKey", func(ctx context.Context, s hermes.Store) error { return s.AddKey(ctx, keyPair("new")) }},
		{"RemoveKey", func(ctx context.Context, s hermes.Store) error { return s.RemoveKey(ctx, "k1") }},
		{"AddNonce", func(ctx context.Context, s hermes.Store) error { return s.AddNonce(ctx, nonce(9)) }},
		{"AddLogin", func(ctx context.Context, s hermes.Store) error { return s.AddLogin(ctx, login("alice", "n9", 9), 9) }},
		{"SetAnswer", func(ctx context.Context, s hermes.Store) error {
			return s.SetAnswer(ctx, answer("alice", "user/add", "k2", 9))
		}},
		{"AddSession", func(ctx context.Context, s hermes.Store) error { return s.AddSession(ctx, session(9, alice)) }},
		{"RotateSession", func(ctx context.Context, s hermes.Store) error {
			return s.RotateSession(ctx, rotated(session(1, alice)))
		}},
		{"Touch", func(ctx context.Context, s hermes.Store) error {
			return s.Touch(ctx, []hermes.Seen{{Session: hash(1), Principal: keyPrincipal("k1"), At: at(9)}})
		}},
		{"RemoveSessions", func(ctx context.Context, s hermes.Store) error {
			return s.RemoveSessions(ctx, alice, hash(9))
		}},
		{"TrimSessions", func(ctx context.Context, s hermes.Store) error { return s.TrimSessions(ctx, alice, 0) }},
		{"RemoveSession", func(ctx context.Context, s hermes.Store) error { return s.RemoveSession(ctx, hash(1)) }},
		{"SweepExpired", func(ctx context.Context, s hermes.Store) error {
			return errorOf(s.SweepExpired(ctx, at(59)))
		}},
	}
}
