package doctor

import (
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

// insertAccount returns a statement that adds a row to Kamailio's table subscriber.
func insertAccount(username, domain string) string {
	return `INSERT INTO subscriber (username, domain, ha1, ha1b)
		VALUES ('` + username + `', '` + domain + `', '1', '2')`
}

// insertUser returns a statement that adds a row to Hermes' own table of users: that of alice, with
// another address and without a password.
func insertUser(username, domain string) string {
	return `INSERT INTO HERMES.users SELECT '` + username + `', '` + domain + `', type, '', authid,
		registrar, r_port, proxy, p_port, dialplan, displayname, folded, linetext, email, rpid, permittedcalls,
		suspended, suspended_reason
		FROM HERMES.users WHERE username = 'alice'`
}

// userFaults are faults in the rows of users, phones and groups. TestExamine_RowFaults adds the
// users that they change.
var userFaults = []rowFault{
	{
		why:   "kamctl add",
		sql:   []string{insertAccount("kamctl", "example.test")},
		check: "kamailio-only-users",
		want:  "warn users whom only Kamailio's subscriber has, as kamctl adds them: 1 (kamctl@example.test)",
	},
	{
		why: "kamctl passwd",
		sql: []string{
			`UPDATE subscriber SET ha1 = ha1b WHERE username IN ('hashed', 'hashed2')`,
			`UPDATE subscriber SET ha1b = 'x' WHERE username = 'hashed3'`,
			`UPDATE subscriber SET ha1b = 'x' WHERE username = 'remote'`,
			`UPDATE HERMES.users SET type = 'remote' WHERE username = 'remote'`,
		},
		check: "password-hashes",
		want: "fail users whose ha1 or ha1b does not fit the password that Hermes has: another tool changed it: " +
			"3 (hashed@example.test, hashed2@example.test, hashed3@example.test)",
	},
	{
		why:   "kamctl passwd of one of two suspended users",
		sql:   []string{`UPDATE subscriber SET ha1 = ha1b WHERE username = 'locked2'`},
		check: "suspended-users",
		want: "warn suspended users for whom Kamailio may have a password again, because another tool wrote it: " +
			"1 (locked2@example.test)",
	},
	{
		why:   "the domain of a remote user is served now",
		sql:   []string{insertUser("moved", "other.test"), `UPDATE HERMES.users SET type = 'remote' WHERE username = 'moved'`},
		check: "remote-users",
		want: "warn remote users in domains that are served, whose accounts here, if there are any, are hidden by them: " +
			"2 (moved@other.test, remote@example.test)",
	},
	{
		why:   "a clear password is kept",
		sql:   []string{`UPDATE subscriber SET password = 'kamctl' WHERE username = 'clear'`},
		check: "clear-passwords",
		want: "warn users whose clear password is in subscriber.password, though kamailio-plaintext is off: " +
			"1 (clear@example.test)",
	},
	{
		why: "rows of dSIPRouter",
		sql: []string{
			`UPDATE subscriber SET ha1 = '', ha1b = '' WHERE username = 'dsip'`,
			`UPDATE subscriber SET ha1b = '' WHERE username = 'half'`,
		},
		check: "empty-hashes",
		want: "warn users with an empty ha1 or ha1b, as dSIPRouter adds them: " +
			"a Kamailio with calculate_ha1=0 refuses them: 2 (dsip@example.test, half@example.test)",
	},
	{
		why: "the sealed password of another user",
		sql: []string{
			`UPDATE HERMES.users SET sealed = (SELECT u.sealed FROM HERMES.users AS u WHERE u.username = 'alice')
				WHERE username = 'sealed'`,
		},
		check: "secret-keys",
		want:  "fail users whose sealed password no secret key opens: 1 (sealed@example.test)",
	},
	{
		why:   "kamctl rm",
		sql:   []string{`DELETE FROM subscriber WHERE username = 'gone'`},
		check: "hermes-only-users",
		want: "fail local users without a row in Kamailio's subscriber, as kamctl removes them: " +
			"they cannot register: 1 (gone@example.test)",
	},
	{
		why: "a user name in several domains",
		sql: []string{
			insertAccount("clear", "other.test"), insertUser("clear", "other.test"),
			insertAccount("clear", "third.test"), insertUser("clear", "third.test"),
		},
		check: "same-user-names",
		want: "warn user names that several domains have: " +
			"a Kamailio without use_domain=1 takes one user for the other: 1 (clear)",
	},
	{
		why: "users of both tables, or of one, whose user names are numbers in the pool",
		sql: []string{
			insertAccount("+4773500006", "example.test"), insertUser("+4773500006", "example.test"),
			insertUser("+4773500007", "far.test"), insertUser("+47735000070", "far.test"),
			`UPDATE HERMES.users SET type = 'remote' WHERE domain = 'far.test'`,
		},
		check: "pool-users",
		want: "warn users whose user name is a number in the pool: number/assign passes over it in their domains: " +
			"2 (+4773500006@example.test, +4773500007@far.test)",
	},
	{
		why: "a phone of a user who does not exist",
		sql: []string{
			`INSERT INTO HERMES.phones (mac, username, domain, line) VALUES ('001122334455', 'nobody', 'example.test', 9)`,
		},
		check: "phones",
		want:  "warn phones of users who do not exist: 1 (001122334455 of nobody@example.test)",
	},
	{
		why: "kamcli subscriber rm leaves groups",
		sql: []string{
			`INSERT INTO grp (username, domain, grp) VALUES ('ghost', 'example.test', 'a')`,
			`INSERT INTO grp (username, domain, grp) VALUES ('ghost', 'example.test', 'b')`,
		},
		check: "groups",
		want: "warn users who do not exist but have rows in grp, which a new user of that name would inherit: " +
			"1 (ghost@example.test)",
	},
}

// TestExaminer_clearPasswords tests the setting kamailio-plaintext, with which Kamailio reads the
// clear passwords.
func TestExaminer_clearPasswords(t *testing.T) {
	eachEngine(t, func(t *testing.T, newDB func(*testing.T) *testDB) {
		db := newDB(t)
		db.client = mustClient(t, db.store, true)
		mustBootstrap(t, db)
		mustAddDomains(t, db, "example.test")
		mustAddUsers(t, db, "alice@example.test", "bob@example.test", "carol@example.test", "dave@example.test")
		mustAddUsers(t, db, "erin@example.test", "frank@example.test")
		mustSuspend(t, db, "erin@example.test", "frank@example.test")
		db.exec(t,
			`UPDATE subscriber SET password = '' WHERE username = 'bob'`,
			`UPDATE subscriber SET password = 'other' WHERE username = 'dave'`,
			`UPDATE subscriber SET password = '' WHERE username = 'frank'`,
		)
		findings := db.examine(t, func(o *Options) { o.KamailioPlaintext = true })
		checkProblems(t, findings, map[string]string{
			"clear-passwords": "fail users whose subscriber.password is empty or not their password, " +
				"though kamailio-plaintext is on: a Kamailio with calculate_ha1=yes refuses them: " +
				"3 (bob@example.test, dave@example.test, frank@example.test)",
		})
	})
}

func TestExaminer_secretKeys(t *testing.T) {
	testDatabaseFaults(t, []databaseFault{
		{
			why:    "no key",
			change: func(o *Options) { o.SecretKeys = nil },
			want: map[string]string{
				"secret-keys": "fail users whose sealed password no secret key opens: " +
					"3 (alice@example.test, bob@other.test, carol@far.test)",
			},
		},
		{
			why: "the key is the second one",
			change: func(o *Options) {
				o.SecretKeys = append([]hermes.SecretKey{mustSecretKey(otherKey)}, o.SecretKeys...)
			},
			want: map[string]string{},
		},
	})
}
