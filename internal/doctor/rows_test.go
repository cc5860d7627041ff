package doctor

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/sip"
)

func TestHealthy(t *testing.T) {
	engines(t, func(t *testing.T, empty func(*testing.T) *body) {
		b := healthy(empty(t))
		all := b.examined()
		if d := cmp.Diff(map[string]string{}, faults(t, all)); d != "" {
			t.Errorf("faults: %s", d)
		}
		var names []string
		for _, f := range all {
			names = append(names, f.Check)
		}
		if d := cmp.Diff(checks(b.postgres != nil), names); d != "" {
			t.Errorf("checks: %s", d)
		}
	})
}

// checks are their names in order.
func checks(postgres bool) []string {
	names := []string{"database", "server-version", "journal-mode"}
	if postgres {
		names = []string{"database", "server-version", "clock", "privileges"}
	}
	names = append(names, "kamailio-tables", "foreign-columns", "table-versions", "domain-attributes", "migrations", "bootstrapped")
	if postgres {
		names = append(names, "search-index")
	}
	return append(names, "domains", "default-servers", "kamailio-only-users", "empty-hashes", "user-domains", "same-user-names",
		"hermes-only-users", "secret-keys", "password-hashes", "clear-passwords", "alias-destinations", "users-and-aliases", "duplicate-aliases",
		"e164-aliases", "pool-numbers", "same-alias-names", "phones", "groups", "domain-case")
}

// provisioned makes a row of Hermes' for an address whose account another tool makes.
func provisioned(username, domain string) string {
	return `INSERT INTO HERMES.users SELECT '` + username + `', '` + domain + `', type, '', authid, registrar, r_port, proxy, p_port, dialplan, displayname,
		folded, linetext, email, rpid, permittedcalls FROM HERMES.users WHERE username = 'alice'`
}

func account(username, domain string) string {
	return `INSERT INTO subscriber (username, domain, ha1, ha1b) VALUES ('` + username + `', '` + domain + `', '1', '2')`
}

func alias(alias, to string) string {
	a, d := sip.MustParse(alias), sip.MustParse(to)
	return `INSERT INTO dbaliases (alias_username, alias_domain, username, domain) VALUES ('` +
		strings.Join([]string{a.User(), a.Domain().String(), d.User(), d.Domain().String()}, `', '`) + `')`
}

// rowFaults are what other tools do to rows, and the one finding of each.
var rowFaults = []struct {
	why     string
	sql     []string
	finding string // check, level and detail
}{
	{"kamctl add", []string{account("kamctl", "example.test")},
		"kamailio-only-users warn users whom only Kamailio's subscriber has, as kamctl adds them: 1 (kamctl@example.test)"},
	{"kamctl passwd by hash", []string{`UPDATE subscriber SET ha1 = ha1b WHERE username IN ('hashed', 'hashed2')`, `UPDATE subscriber SET ha1b = 'x' WHERE username = 'hashed3'`,
		`UPDATE subscriber SET ha1b = 'x' WHERE username = 'remote'`, `UPDATE HERMES.users SET type = 'remote' WHERE username = 'remote'`},
		"password-hashes fail users whose ha1 or ha1b does not fit the password that Hermes has: another tool changed it: 3 (hashed@example.test, hashed2@example.test, hashed3@example.test)"},
	{"the clear password is kept", []string{`UPDATE subscriber SET password = 'kamctl' WHERE username = 'clear'`},
		"clear-passwords warn users whose clear password is in subscriber.password, though kamailio-plaintext is off: 1 (clear@example.test)"},
	{"dSIPRouter's rows", []string{`UPDATE subscriber SET ha1 = '', ha1b = '' WHERE username = 'dsip'`, `UPDATE subscriber SET ha1b = '' WHERE username = 'half'`},
		"empty-hashes warn users with an empty ha1 or ha1b, as dSIPRouter adds them: a Kamailio with calculate_ha1=0 refuses them: 2 (dsip@example.test, half@example.test)"},
	{"another row's sealed password", []string{`UPDATE HERMES.users SET sealed = (SELECT u.sealed FROM HERMES.users AS u WHERE u.username = 'alice') WHERE username = 'sealed'`},
		"secret-keys fail users whose sealed password no secret key opens: 1 (sealed@example.test)"},
	{"kamctl rm", []string{`DELETE FROM subscriber WHERE username = 'gone'`},
		"hermes-only-users fail local users without a row in Kamailio's subscriber, as kamctl removes them: they cannot register: 1 (gone@example.test)"},
	{"a domain was taken away", []string{account("stray", "nowhere.test"), provisioned("stray", "nowhere.test")},
		"user-domains warn users in domains that are not served: 1 (stray@nowhere.test)"},
	{"one name, two domains", []string{account("clear", "other.test"), provisioned("clear", "other.test"), account("clear", "third.test"), provisioned("clear", "third.test")},
		"same-user-names warn user names that several domains have: a Kamailio without use_domain=1 takes one user for the other: 1 (clear)"},
	{"a domain without servers", []string{`INSERT INTO domain (domain, did) VALUES ('bare.test', 'bare.test')`, `INSERT INTO domain (domain, did) VALUES ('BARE.test', 'BARE.test')`},
		"default-servers warn domains without default servers, to which no user can be added: 2 (bare.test, setting.test)"},
	{"upper-case domains", []string{account("upper", "UPPER.test"), provisioned("upper", "UPPER.test"), `INSERT INTO domain (domain, did) VALUES ('UPPER.test', 'UPPER.test')`,
		`INSERT INTO dbaliases (alias_username, alias_domain, username, domain) VALUES ('desk', 'example.test', 'upper', 'UPPER.test')`,
		`INSERT INTO HERMES.servers SELECT 'upper.test', registrar, r_port, proxy, p_port, prov_url FROM HERMES.servers WHERE domain = 'example.test'`},
		"domain-case warn rows whose domain is not in lower case, though users and aliases are looked up in lower case: 4 (domain BARE.test, domain UPPER.test, subscriber upper@UPPER.test, dbaliases desk@example.test to upper@UPPER.test)"},
	{"a phone of nobody", []string{`INSERT INTO HERMES.phones (mac, username, domain) VALUES ('001122334455', 'nobody', 'example.test')`},
		"phones warn phones of users who do not exist: 1 (001122334455 of nobody@example.test)"},
	{"kamcli subscriber rm leaves aliases", []string{alias("lost@example.test", "nobody@example.test"), alias("chain@example.test", "lost@example.test"), alias("set@example.test", "nobody@setting.test")},
		"alias-destinations warn aliases that lead to a user who does not exist: calls to them are refused: 3 (lost@example.test to nobody@example.test, chain@example.test to lost@example.test, set@example.test to nobody@setting.test)"},
	{"an alias over a user", []string{alias("bob@other.test", "alice@example.test"), alias("carol@far.test", "alice@example.test")},
		"users-and-aliases fail addresses that are a user and an alias: the alias takes the user's calls away: 2 (bob@other.test, carol@far.test)"},
	{"kamctl alias_db add, twice", []string{alias("twice@example.test", "alice@example.test"), alias("twice@example.test", "alice@example.test"), alias("twice@example.test", "bob@other.test")},
		"duplicate-aliases warn aliases that are there several times: 1 (twice@example.test)"},
	{"two numbers for one", []string{alias("+4773500090@example.test", "bob@other.test"), alias("+4773500091@example.test", "bob@other.test"), alias("+bob@example.test", "carol@far.test"), alias("+47bob@example.test", "carol@far.test"),
		alias("+0047@example.test", "carol@far.test"), alias("+4773500092@example.test", "carol@far.test")},
		"e164-aliases warn destinations that have several E.164 aliases, of which Hermes gives one: 1 (bob@other.test)"},
	{"a number twice", []string{alias("+4773500005@other.test", "clear@example.test"), alias("+4773500005@example.test", "half@example.test")},
		"pool-numbers fail numbers in the pool that are in use as an alias: 1 (+4773500005)"},
	{"kamcli subscriber rm leaves groups", []string{`INSERT INTO grp (username, domain, grp) VALUES ('ghost', 'example.test', 'a')`, `INSERT INTO grp (username, domain, grp) VALUES ('ghost', 'example.test', 'b')`},
		"groups warn users who do not exist but have rows in grp, which a new user of that name would inherit: 1 (ghost@example.test)"},
	{"one alias' name, two domains", []string{alias("front@example.test", "alice@example.test"), alias("front@other.test", "alice@example.test")},
		"same-alias-names warn user names of aliases that several domains have: a Kamailio without use_domain=1 takes one alias for the other: 2 (+4773500005, front)"},
	{"attributes that Kamailio cannot read", []string{`INSERT INTO domain_attrs (did, name, type, value) VALUES ('example.test', 'odd', 1, '1')`, `INSERT INTO domain_attrs (did, name, type, value) VALUES ('example.test', 'text', 0, '1x')`,
		`INSERT INTO domain_attrs (did, name, type, value) VALUES ('example.test', 'good', 0, '-12')`, `INSERT INTO domain_attrs (did, name, type, value) VALUES ('example.test', 'good', 2, 'x')`},
		"domain-attributes fail rows of domain_attrs that stop Kamailio's domain.reload, their type being neither 0 nor 2, or 0 without an integer: 2 (odd of example.test, text of example.test)"},
}

// All at once, so that a fault that makes two findings, or hides another, shows.
func TestRowFaults(t *testing.T) {
	engines(t, rowFaultsAreFound)
	t.Run("icu", func(t *testing.T) { rowFaultsAreFound(t, emptyICU) })
}

func rowFaultsAreFound(t *testing.T, empty func(*testing.T) *body) {
	b := healthy(empty(t)).serve("third.test")
	for _, name := range []string{"hashed", "hashed2", "hashed3", "clear", "dsip", "half", "sealed", "gone", "remote"} {
		b.users(name + "@example.test")
	}
	want := map[string]string{}
	for _, f := range rowFaults {
		b.exec(f.sql...)
		check, finding, _ := strings.Cut(f.finding, " ")
		want[check] = finding
	}
	before := b.dump()
	got := faults(t, b.examined(func(o *Options) {
		o.Domains = []sip.Domain{sip.MustParseDomain("setting.test"), sip.MustParseDomain("example.test")}
	}))
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if d := cmp.Diff(before, b.dump()); d != "" {
		t.Errorf("the doctor changed something: %s", d)
	}
}

// With kamailio-plaintext the clear password is what Kamailio reads.
func TestClearPasswords(t *testing.T) {
	engines(t, func(t *testing.T, empty func(*testing.T) *body) {
		b := empty(t).lives(true).serve("example.test").users("alice@example.test", "bob@example.test", "carol@example.test", "dave@example.test")
		b.exec(`UPDATE subscriber SET password = '' WHERE username = 'bob'`, `UPDATE subscriber SET password = 'other' WHERE username = 'dave'`)
		want := map[string]string{"clear-passwords": "fail users whose subscriber.password is empty or not their password, though kamailio-plaintext is on: " +
			"a Kamailio with calculate_ha1=yes refuses them: 2 (bob@example.test, dave@example.test)"}
		if d := cmp.Diff(want, faults(t, b.examined(func(o *Options) { o.KamailioPlaintext = true }))); d != "" {
			t.Errorf("(-want +got)\n%s", d)
		}
	})
}

// More rows than one page has are all looked at, and few are named.
func TestPages(t *testing.T) {
	engines(t, func(t *testing.T, empty func(*testing.T) *body) {
		b := healthy(empty(t))
		b.exec(`WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 2500)
			INSERT INTO subscriber (username, domain, ha1, ha1b) SELECT 'u' || n, 'example.test', '1', '2' FROM r`,
			`INSERT INTO HERMES.phones (mac, username, domain) SELECT substr('00000000000' || id, length('00000000000' || id) - 11), 'gone', username FROM subscriber WHERE username LIKE 'u%'`,
			`INSERT INTO grp (username, domain, grp) SELECT username, 'gone.test', 'a' FROM subscriber WHERE username LIKE 'u%'`,
			`INSERT INTO dbaliases (alias_username, alias_domain, username, domain) SELECT 'a' || username, 'example.test', 'gone', 'other.test' FROM subscriber WHERE username LIKE 'u%'`)
		b.exec(`INSERT INTO HERMES.users SELECT s.username, 'gone.test', u.type, '', authid, registrar, r_port, proxy, p_port, dialplan, displayname, folded, linetext, email, u.rpid, permittedcalls
			FROM HERMES.users AS u, (SELECT username FROM subscriber WHERE username LIKE 'u%') AS s WHERE u.username = 'alice'`)
		got := faults(t, b.examined())
		for check, count := range map[string]string{"kamailio-only-users": "2500 (u1@example.test, u2@", "phones": "2500 (", "hermes-only-users": "2500 (u1@gone.test, u10@",
			"alias-destinations": "2500 (au1@example.test to gone@other.test, "} {
			if !strings.Contains(got[check], ": "+count) || !strings.HasSuffix(got[check], ", ...)") || strings.Count(got[check], "@") > 10 {
				t.Errorf("%s: %q, want %s and some", check, got[check], count)
			}
		}
		if len(got) != 4 {
			t.Errorf("%d faults, want 4: %v", len(got), got)
		}
	})
}
