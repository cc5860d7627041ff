package seeded_test

import "slices"

// bug is a change of a file, and the test that fails for it.
type bug struct {
	name  string
	file  string // of this repository
	edits []edit
	test  string // folder of the test, and its name; after a slash that of a subtest
}

// edit replaces a text, which stands in the file once. In the new text, BUG stands for a condition:
// whether the test runs with this bug.
type edit struct{ old, new string }

// bugs returns the bugs. Each is of a kind that was made, or nearly made, in some server.
func bugs() []bug {
	return slices.Concat(sessionBugs(), accessBugs(), recordBugs(), phoneBugs(), databaseBugs())
}

// sessionBugs are those of logins and sessions.
func sessionBugs() []bug {
	return []bug{
		{"access level cached", "hermes/session.go", []edit{
			{"\tc.touchSession(ctx, st.Session)\n", "\tc.touchSession(ctx, st.Session)\n\tif BUG {\n\t\tst.Access = seededFirst(st.Session.ID, st.Access)\n\t}\n"},
		}, "hermes TestClient_Authenticate_changedAccess"},
		{"scope cached", "hermes/session.go", []edit{
			{"\treturn Actor{\n\t\tPrincipal: st.Session", "\tif BUG {\n\t\tst.Scope = seededFirst(st.Session.ID, st.Scope)\n\t}\n\treturn Actor{\n\t\tPrincipal: st.Session"},
		}, "hermes TestClient_Authenticate_changedScope"},
		{"expired session accepted", "hermes/session.go", []edit{
			{"return !now.Before(s.Expires) ||", "return !BUG && !now.Before(s.Expires) || !BUG &&"},
		}, "hermes TestClient_Authenticate_SessionTTL"},
		{"session from the future accepted", "hermes/session.go", []edit{
			{"\tlatest := now.Add(clockAllowance)\n", "\tlatest := now.Add(clockAllowance)\n\tif BUG {\n\t\treturn false\n\t}\n"},
		}, "internal/test/campaign TestClock_jumps"},
		{"old auth_key accepted after the grace", "hermes/session.go", []edit{
			{"gen == s.Gen-1 && now.Before(s.Rotated.Add(c.opts.AuthKeyGrace))", "gen == s.Gen-1 && (BUG || now.Before(s.Rotated.Add(c.opts.AuthKeyGrace)))"},
		}, "hermes TestClient_Authenticate_authKeys"},
		{"list goes on after the access was withdrawn", "hermes/session.go", []edit{
			{"\tif id == (Hash{}) {\n\t\treturn func() error { return nil }\n", "\tif id == (Hash{}) || BUG {\n\t\treturn func() error { return nil }\n"},
		}, "hermes TestClient_Authenticate_openList"},
		{"key accepted from any address", "hermes/key.go", []edit{
			{"(!equalHashes(hashOf(key), k.Hash) || !c.keyUsable(", "(!equalHashes(hashOf(key), k.Hash) || !BUG && !c.keyUsable("},
		}, "hermes TestClient_AuthLogin_keyHost"},
		{"nonce accepted twice", "hermes/keypair.go", []edit{
			{"\tif err == error(Exists) {\n\t\treturn auth, errLogin()\n\t}\n\treturn auth, c.changed(err)\n", "\tif err == error(Exists) {\n\t\tif BUG {\n\t\t\treturn auth, nil\n\t\t}\n\t\treturn auth, errLogin()\n\t}\n\treturn auth, c.changed(err)\n"},
		}, "hermes TestClient_AuthLogin_keyPair"},
		{"login limits off", "hermes/loginlimit.go", []edit{
			{"t.from.settle(t.key, failed, now)", "t.from.settle(t.key, failed && !BUG, now)"},
		}, "hermes TestClient_AuthLogin_throttled"},
	}
}

// accessBugs are those of what an actor may do and see.
func accessBugs() []bug {
	return []bug{
		{"capability check left out", "hermes/client.go", []edit{
			{"\tif r, ok := req.(capabilityRequest); ok {\n\t\tneed |= r.needs(c.actor)\n\t}\n\tif err", "\tif r, ok := req.(capabilityRequest); ok && !BUG {\n\t\tneed |= r.needs(c.actor)\n\t}\n\tif err"},
		}, "hermes TestClient_capabilityOfRequest"},
		{"node needs too little", "hermes/client.go", []edit{
			{"\tneed := n.Needs\n", "\tneed := n.Needs\n\tif BUG && node == \"user/remove\" {\n\t\tneed = CanWrite\n\t}\n"},
		}, "hermes/api TestHandler_Golden"},
		{"secrets shown to every level", "hermes/user.go", []edit{
			{"\tif !c.actor.Access.Allows(CanSeeSecrets) {\n\t\to.redact", "\tif !c.actor.Access.Allows(CanSeeSecrets) && !BUG {\n\t\to.redact"},
		}, "hermes TestClient_UserGet_secrets"},
		{"scope check left out of a node", "hermes/scope_request.go", []edit{
			{"err != nil || c.actor.Scope.IsZero() {\n\t\treturn err\n\t}\n\terr := c.checkScope", "err != nil || c.actor.Scope.IsZero() || BUG && node == \"number/hold\" {\n\t\treturn err\n\t}\n\terr := c.checkScope"},
		}, "hermes/api TestHandler_Golden"},
		{"scope left out of a claim", "hermes/number_assign.go", []edit{
			{"\t\tres.Number, err = s.TakeNumber(ctx, q)\n", "\t\tif BUG {\n\t\t\tq.Scope = Scope{}\n\t\t}\n\t\tres.Number, err = s.TakeNumber(ctx, q)\n"},
		}, "hermes/api TestHandler_Golden"},
		{"kept answer given to another principal", "hermes/answer.go", []edit{
			{"\tdigest, err := c.digest(req)\n", "\tif BUG {\n\t\tkey.Principal = Principal{}\n\t}\n\tdigest, err := c.digest(req)\n"},
		}, "hermes TestClient_idempotencyKey"},
		{"kept answer given to another request", "hermes/answer.go", []edit{
			{"if string(content.Digest) != string(digest) {", "if string(content.Digest) != string(digest) && !BUG {"},
		}, "hermes TestClient_idempotencyKey_otherRequest"},
	}
}

// recordBugs are those of changes and of their audit entries.
func recordBugs() []bug {
	return []bug{
		{"audit entry left out", "hermes/change.go", []edit{
			{"\tif !changed {\n", "\tif !changed || BUG && node == \"number/unhold\" {\n"},
		}, "internal/test/audit TestStory"},
		{"change left out of the audit entry", "hermes/recorder_phone.go", []edit{
			{"\tif err == nil {\n\t\tr.notePhone(phoneFields, nil, removed)\n", "\tif err == nil && !BUG {\n\t\tr.notePhone(phoneFields, nil, removed)\n"},
		}, "internal/test/audit TestStory"},
		{"audit entry written after the transaction", "hermes/change.go", []edit{
			{"\t\treturn c.addAuditEntry(ctx, s, node, &r.log, req)\n", "\t\tif BUG {\n\t\t\ts.AfterCommit(func() { _ = c.addAuditEntry(ctx, c.store, node, &r.log, req) })\n\t\t\treturn nil\n\t\t}\n\t\treturn c.addAuditEntry(ctx, s, node, &r.log, req)\n"},
		}, "internal/test/campaign TestStatements_SQLite"},
		{"permissions written outside of the transaction", "hermes/user_update.go", []edit{
			{"\treturn s.SetGroups(ctx, a, names)\n", "\tif BUG {\n\t\treturn c.store.SetGroups(ctx, a, names)\n\t}\n\treturn s.SetGroups(ctx, a, names)\n"},
		}, "internal/test/campaign TestStatements_PostgreSQL"},
		{"hold ignored at a claim", "hermes/number_assign.go", []edit{
			{"\tq := TakeQuery{Now: c.now(), Match: req.Search, Random: req.Random, Scope: c.actor.Scope}\n", "\tq := TakeQuery{Now: c.now(), Match: req.Search, Random: req.Random, Scope: c.actor.Scope}\n\t\tif BUG {\n\t\t\tq.Now = q.Now.Add(longestHold)\n\t\t}\n"},
		}, "hermes/api TestHandler_Golden"},
		{"quarantine left out", "hermes/number_assign.go", []edit{
			{"\tif c.opts.NumberQuarantine > 0 {", "\tif c.opts.NumberQuarantine > 0 && !BUG {"},
		}, "hermes/api TestHandler_Golden"},
		{"suspended account keeps a working ha1", "hermes/suspension.go", []edit{
			{"\tu.SuspendedReason = reason\n\treturn nil\n", "\tu.SuspendedReason = reason\n\tif BUG {\n\t\ts, err := c.openSuspension(*u)\n\t\tu.HA1 = s.had.ha1\n\t\treturn err\n\t}\n\treturn nil\n"},
		}, "hermes TestClient_UserSuspend"},
		{"dry run writes", "hermes/dryrun.go", []edit{
			{"\t\t\treturn err\n\t\t}\n\t\treturn errDryRun\n", "\t\t\treturn err\n\t\t}\n\t\tif BUG {\n\t\t\treturn nil\n\t\t}\n\t\treturn errDryRun\n"},
		}, "hermes TestNode_Call_dryRun"},
	}
}

// phoneBugs are those of the files of desk phones.
func phoneBugs() []bug {
	return []bug{
		{"suspended account in the phone's file", "hermes/provisioning.go", []edit{
			{`if u.Suspended != "" || !u.HasServers() {`, `if u.Suspended != "" && !BUG || !u.HasServers() {`},
		}, "hermes/provision TestHandler_lines"},
		{"key of another phone opens a file", "hermes/provisioning.go", []edit{
			{"f.Own = p.KeyPhone == m", "f.Own = p.KeyPhone == m || BUG && !p.KeyPhone.IsZero()"},
		}, "hermes/provision TestHandler_refusals"},
		{"file of a closed phone is served", "hermes/provisioning.go", []edit{
			{"p.Device.isOpen(c.now()) && p.hasUserIn", "(BUG || p.Device.isOpen(c.now())) && p.hasUserIn"},
		}, "hermes/provision TestHandler_enrolmentWindow"},
		{"key of any domain opens a file", "hermes/provisioning.go", []edit{
			{"p.hasUserIn(p.KeyDomain)\n", "(BUG && !p.KeyDomain.IsZero() || p.hasUserIn(p.KeyDomain))\n"},
		}, "hermes/provision TestHandler_otherTenant"},
	}
}

// databaseBugs are those of statements and of transactions.
func databaseBugs() []bug {
	return []bug{
		{"ping without compare", "internal/bunstore/session.go", []edit{
			{"\treturn s.change(ctx, s.sql().rotateSession,", "\tif st, err := s.Session(ctx, v.ID); BUG && err == nil {\n\t\tv.Gen = st.Session.Gen + 1\n\t}\n\treturn s.change(ctx, s.sql().rotateSession,"},
		}, "hermes/sqlite TestStore/session"},
		{"LIKE unescaped", "hermes/pattern.go", []edit{
			{"{ return likeEscapes.Replace(p.glob) }", "{\n\tif BUG {\n\t\treturn strings.NewReplacer(\"!\", \"!!\", \"*\", \"%\", \"?\", \"_\").Replace(p.glob)\n\t}\n\treturn likeEscapes.Replace(p.glob)\n}"},
		}, "hermes/sqlite TestStore/pattern"},
		{"commit error ignored", "internal/pgconn/tx.go", []edit{
			{"conn.ExecContext(txCtx, text); err != nil {\n", "conn.ExecContext(txCtx, text); err != nil && !BUG {\n"},
		}, "internal/pgconn TestRunTx_IgnoredError"},
	}
}
