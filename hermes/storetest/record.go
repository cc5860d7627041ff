package storetest

import (
	"context"
	"errors"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

// addRecords adds records of every kind, and returns the first error. The tests of transactions
// and contexts use it to see whether all, some or none of several writes took place.
func addRecords(ctx context.Context, s hermes.Store) error {
	p := userPrincipal("alice")
	_, err := s.AddNumbers(ctx, number("+4710"), number("+4719"))
	return firstError(
		err,
		s.AddUser(ctx, localUser("alice@example.com")),
		s.AddUser(ctx, remoteUser("bob@far.example")),
		s.AddUser(ctx, localUser("carol@example.com")),
		s.SetGroups(ctx, addr("alice@example.com"), []string{"intl"}),
		addPhone(ctx, s, phone("001122334455", "alice@example.com")),
		s.SetDevice(ctx, device("001122334455")),
		s.SetDomainKeys(ctx, domainKeys("example.com")),
		addNumber(ctx, s, number("+4720")),
		addNumber(ctx, s, number("+4721")),
		errorOf(s.HoldNumber(ctx, number("+4721"), use("alice", 0), at(59))),
		addAlias(ctx, s, alias("sales@example.com", "alice@example.com")),
		addAlias(ctx, s, alias("+4702@example.com", "bob@far.example")),
		s.SetServers(ctx, servers("example.com")),
		s.AddCredential(ctx, hermes.Credential{User: "alice", Hash: passwordHash}),
		s.SetAuthorization(ctx, hermes.Authorization{Principal: p, Access: hermes.FullWrite}),
		s.AddKey(ctx, bearerKey("k1")),
		s.AddNonce(ctx, nonce(1)),
		s.AddSession(ctx, session(1, p)),
		s.AddLogin(ctx, login("alice", "n1", 5), 9),
		s.SetAnswer(ctx, answer("alice", "user/add", "k1", 5)),
		s.SetSecretCheck(ctx, "check"),
		s.AddAuditEntry(ctx, auditEntry(1, "user/add", "alice@example.com")),
		s.AddAuditSeal(ctx, auditSeal(1), nil),
		errorOf(s.PruneAudit(ctx, 1, hash(9))),
	)
}

// firstError returns the first of errs that is not nil, as it is.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// wantRecords checks that all records exist that addRecords adds.
func wantRecords(t *testing.T, s hermes.Store) {
	t.Helper()
	for record, exists := range existingRecords(t, s) {
		if !exists {
			t.Fatalf("%s is missing", record)
		}
	}
}

// wantNoRecords checks that no record exists that addRecords adds.
func wantNoRecords(t *testing.T, s hermes.Store) {
	t.Helper()
	for record, exists := range existingRecords(t, s) {
		if exists {
			t.Fatalf("%s exists", record)
		}
	}
}

// existingRecords reports for each record of addRecords whether it exists. The nonce is left out,
// since no method reads it.
func existingRecords(t *testing.T, s hermes.Store) map[string]bool {
	t.Helper()
	ctx := t.Context()
	_, aliceErr := s.User(ctx, addr("alice@example.com"))
	_, bobErr := s.User(ctx, addr("bob@far.example"))
	groups, groupsErr := s.Groups(ctx, addr("alice@example.com"))
	phones, phonesErr := s.Phones(ctx, hermes.PhoneQuery{Limit: 2})
	_, deviceErr := s.Device(ctx, macAddr("001122334455"))
	_, domainKeysErr := s.DomainKeys(ctx, domain("example.com"))
	first, firstErr := hasNumber(ctx, s, number("+4710"))
	last, lastErr := hasNumber(ctx, s, number("+4719"))
	held, heldErr := s.Numbers(ctx, hermes.NumberQuery{State: hermes.NumberHeld, Now: at(0), Limit: 2})
	single, singleErr := hasNumber(ctx, s, number("+4720"))
	aliases, aliasesErr := s.Aliases(ctx, hermes.AliasQuery{Limit: 3})
	_, serversErr := s.Servers(ctx, domain("example.com"))
	_, credentialErr := s.Credential(ctx, "alice")
	authorizations, authorizationsErr := s.Authorizations(ctx)
	keys, keysErr := s.Keys(ctx)
	_, sessionErr := s.Session(ctx, hash(1))
	logins, loginsErr := s.Logins(ctx, at(0), 2)
	entries, entriesErr := s.AuditEntries(ctx, hermes.AuditQuery{Subject: "alice@example.com", Limit: 2})
	seal, sealErr := s.LastPrunedSeal(ctx)
	answers, answersErr := s.AnswerKeys(ctx, hermes.AnswerQuery{Limit: 2})
	must(t, firstError(answersErr, heldErr, groupsErr, phonesErr, firstErr, lastErr, singleErr, aliasesErr, authorizationsErr, keysErr, loginsErr, entriesErr))
	for _, err := range []error{aliceErr, bobErr, deviceErr, domainKeysErr, serversErr, credentialErr, sessionErr, sealErr} {
		if err != hermes.NotFound {
			must(t, err)
		}
	}
	return map[string]bool{
		"alice@example.com": aliceErr == nil,
		"bob@far.example":   bobErr == nil,
		"a group":           len(groups) == 1,
		"a phone":           len(phones) == 1,
		"the device":        deviceErr == nil,
		"the domain's keys": domainKeysErr == nil,
		"+4710":             first,
		"+4719":             last,
		"+4720":             single,
		"a held number":     len(held) == 1,
		"the aliases":       len(aliases) == 2,
		"the servers":       serversErr == nil,
		"the credential":    credentialErr == nil,
		"the authorization": len(authorizations) == 1,
		"the key":           len(keys) == 1,
		"the session":       sessionErr == nil,
		"the login":         len(logins) == 1,
		"the answer":        len(answers) == 1,
		"the audit entry":   len(entries) == 1,
		"the audit seal":    seal.Pruned == hash(9),
	}
}

// errOwn is an error that a transaction's function returns.
var errOwn = errors.New("fn's own error")
