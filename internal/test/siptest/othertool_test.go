package siptest_test

import (
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// toolUser is a user whose row in subscriber another tool has inserted.
type toolUser struct {
	user, domain string
	statement    string // with USER, DOMAIN, HA1, HA1B and CLEAR in the place of the values
	clearText    bool   // the row has the clear password
	hashes       bool   // the row has both hashes
	email, rpid  string
	group        string // given by kamctl acl grant
	why          string // the tool
}

// toolPassword is the password of all these users.
const toolPassword = "s3cret-SIP"

// siteColumns adds the columns that Kamailio 5.1 had and 5.2 dropped from new databases, which
// dSIPRouter adds again (kamailio/defaults/subscriber.sql), and a column of the site itself.
const siteColumns = `
ALTER TABLE subscriber ADD COLUMN email_address VARCHAR(128) DEFAULT '' NOT NULL;
ALTER TABLE subscriber ADD COLUMN rpid VARCHAR(128) DEFAULT NULL;
ALTER TABLE subscriber ADD COLUMN site INTEGER DEFAULT 7;
`

// toolUsers returns the users in the order of user/list.
func toolUsers() []toolUser {
	const kamctl = "insert into subscriber (username,domain,ha1,ha1b,password) " +
		"values ('USER','DOMAIN','HA1','HA1B','CLEAR');"
	return []toolUser{
		{
			user: "ann", domain: "example.com", clearText: true, hashes: true,
			statement: "insert into subscriber (username, domain, password, ha1, ha1b) " +
				"values ('USER', 'DOMAIN', 'CLEAR', 'HA1', 'HA1B')",
			why: "kamcli subscriber add (kamcli/commands/cmd_subscriber.py)",
		}, {
			user: "ben", domain: "example.com", hashes: true,
			statement: "insert into subscriber (username, domain, ha1, ha1b) values ('USER', 'DOMAIN', 'HA1', 'HA1B')",
			why:       "kamcli subscriber add -t no (the same file)",
		}, {
			user: "kim", domain: "Example.COM", clearText: true, hashes: true,
			statement: kamctl,
			why:       "kamctl writes a domain as it is typed",
		}, {
			user: "kim", domain: "example.com", clearText: true, hashes: true, group: "local",
			statement: kamctl,
			why:       "kamctl add (subscriber() in kamctl), STORE_PLAINTEXT_PW=1, its default",
		}, {
			user: "lease17", domain: "example.com", clearText: true, email: "ops@example.com", rpid: "61",
			statement: "INSERT INTO subscriber (username, password, domain, ha1, ha1b, rpid, email_address) " +
				"VALUES ('USER', 'CLEAR', 'DOMAIN', '', '', '61', 'ops@example.com')",
			why: "dSIPRouter's leases (class Subscribers in gui/database: no hashes, a gateway's id in rpid)",
		}, {
			user: "leo", domain: "example.com", hashes: true,
			statement: strings.Replace(kamctl, "CLEAR", "", 1),
			why:       "kamctl add, STORE_PLAINTEXT_PW=0",
		}, {
			user: "pat", domain: "", clearText: true, hashes: true,
			statement: kamctl,
			why:       "a site with use_domain=0 needs no domain",
		}, {
			user: "sue", domain: "example.com", hashes: true, rpid: "sip:+4722000000@example.com",
			statement: "INSERT INTO subscriber (username, domain, ha1, ha1b, site, rpid) " +
				"VALUES ('USER', 'DOMAIN', 'HA1', 'HA1B', 12, 'sip:+4722000000@example.com')",
			why: "a site's own tool with a column of its own; to Kamailio rpid is a URI",
		},
	}
}

// hashValues returns the columns ha1 and ha1b.
func (u toolUser) hashValues() (ha1, ha1b string) {
	if !u.hashes {
		return "", ""
	}
	ha1 = md5hex(u.user + ":" + u.domain + ":" + toolPassword)
	ha1b = md5hex(u.user + "@" + u.domain + ":" + u.domain + ":" + toolPassword)
	return ha1, ha1b
}

// insert returns the statements of the tool.
func (u toolUser) insert() string {
	ha1, ha1b := u.hashValues()
	statement := strings.TrimSuffix(u.statement, ";") + ";\n"
	if u.group != "" {
		statement += "insert into grp (username,grp,last_modified,domain ) values ('USER','" + u.group +
			"', '2026-01-02 03:04:05', 'DOMAIN' );\n"
	}
	values := strings.NewReplacer("USER", u.user, "DOMAIN", u.domain, "HA1B", ha1b, "HA1", ha1, "CLEAR", toolPassword)
	return values.Replace(statement)
}

// addr returns the address with the domain of the row, which may have capitals.
func (u toolUser) addr() sip.Addr { return sip.Unchecked(u.user, u.domain) }

// row returns the name of the user's row in a snapshot.
func (u toolUser) row() string { return "subscriber " + u.user + "@" + u.domain }

// groupRow returns the name of a row of the user's groups in a snapshot.
func (u toolUser) groupRow(group string) string {
	return "grp " + u.user + "@" + u.domain + " " + group
}

// groupRemoved returns the changes if the user is removed from the group.
func (u toolUser) groupRemoved() []string {
	if u.group == "" {
		return nil
	}
	return []string{"-" + u.groupRow(u.group)}
}

// object returns the result of user/get: a local user without provisioning.
func (u toolUser) object() hermes.UserObject {
	ha1, ha1b := u.hashValues()
	o := hermes.UserObject{
		Type: hermes.Local, User: u.addr(), Username: u.user, Domain: sip.UncheckedDomain(u.domain),
		HA1: hermes.Some(hermes.NewSecret(ha1)), HA1B: hermes.Some(hermes.NewSecret(ha1b)),
		Email: hermes.Some(u.email), RPID: hermes.Some(u.rpid), PermittedCalls: hermes.Some(""),
	}
	if u.clearText {
		o.Password = hermes.Some(hermes.NewSecret(toolPassword))
	}
	return o
}

// toolUserRows returns the statements that add the columns and insert the users.
func toolUserRows() string {
	var b strings.Builder
	b.WriteString(siteColumns)
	for _, u := range toolUsers() {
		b.WriteString(u.insert())
	}
	return b.String()
}

// comparableValues compares the values in responses by ==.
var comparableValues = cmp.Options{cmpopts.EquateComparable(sip.Addr{}, sip.Domain{}, hermes.Secret{})}
