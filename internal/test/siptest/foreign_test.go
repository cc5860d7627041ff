package siptest_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// foreign is a user as another tool leaves it in subscriber.
type foreign struct {
	user, domain string
	statement    string // with USER, DOMAIN, HA1, HA1B and CLEAR for the values
	clear        bool   // it leaves the clear password
	hashed       bool   // it leaves both hashes
	email, rpid  string
	group        string // that kamctl acl grant gave
	why          string
}

// theirs is the password of them all.
const theirs = "s3cret-SIP"

// columns are those that Kamailio 5.1 had and 5.2 dropped from new databases, which dSIPRouter adds again
// (kamailio/defaults/subscriber.sql), and one of a site's own.
const columns = `
ALTER TABLE subscriber ADD COLUMN email_address VARCHAR(128) DEFAULT '' NOT NULL;
ALTER TABLE subscriber ADD COLUMN rpid VARCHAR(128) DEFAULT NULL;
ALTER TABLE subscriber ADD COLUMN site INTEGER DEFAULT 7;
`

// foreigners are in the order of user/list.
func foreigners() []foreign {
	const kamctl = "insert into subscriber (username,domain,ha1,ha1b,password) values ('USER','DOMAIN','HA1','HA1B','CLEAR');"
	return []foreign{
		{"ann", "example.com", "insert into subscriber (username, domain, password, ha1, ha1b) values ('USER', 'DOMAIN', 'CLEAR', 'HA1', 'HA1B')",
			true, true, "", "", "", "kamcli subscriber add (kamcli/commands/cmd_subscriber.py)"},
		{"ben", "example.com", "insert into subscriber (username, domain, ha1, ha1b) values ('USER', 'DOMAIN', 'HA1', 'HA1B')",
			false, true, "", "", "", "kamcli subscriber add -t no (the same file)"},
		{"kim", "Example.COM", kamctl, true, true, "", "", "", "kamctl keeps a domain as it is typed"},
		{"kim", "example.com", kamctl, true, true, "", "", "local", "kamctl add (subscriber() in kamctl), STORE_PLAINTEXT_PW=1, its default"},
		{"lease17", "example.com", "INSERT INTO subscriber (username, password, domain, ha1, ha1b, rpid, email_address) VALUES ('USER', 'CLEAR', 'DOMAIN', '', '', '61', 'ops@example.com')",
			true, false, "ops@example.com", "61", "", "dSIPRouter's leases (class Subscribers in gui/database: no hashes, a gateway's id in rpid)"},
		{"leo", "example.com", strings.Replace(kamctl, "CLEAR", "", 1), false, true, "", "", "", "kamctl add, STORE_PLAINTEXT_PW=0"},
		{"pat", "", kamctl, true, true, "", "", "", "a site with use_domain=0 may do without"},
		{"sue", "example.com", "INSERT INTO subscriber (username, domain, ha1, ha1b, site, rpid) VALUES ('USER', 'DOMAIN', 'HA1', 'HA1B', 12, 'sip:+4722000000@example.com')",
			false, true, "", "sip:+4722000000@example.com", "", "a site's own tool, with its own column; rpid is a URI to Kamailio"},
	}
}

func (f foreign) hashes() (ha1, ha1b string) {
	if !f.hashed {
		return "", ""
	}
	return md5hex(f.user + ":" + f.domain + ":" + theirs), md5hex(f.user + "@" + f.domain + ":" + f.domain + ":" + theirs)
}

func (f foreign) insert() string {
	ha1, ha1b := f.hashes()
	statement := strings.TrimSuffix(f.statement, ";") + ";\n"
	if f.group != "" {
		statement += "insert into grp (username,grp,last_modified,domain ) values ('USER','" + f.group + "', '2026-01-02 03:04:05', 'DOMAIN' );\n"
	}
	return strings.NewReplacer("USER", f.user, "DOMAIN", f.domain, "HA1B", ha1b, "HA1", ha1, "CLEAR", theirs).Replace(statement)
}

// addr is the address as the row has it, in whatever case.
func (f foreign) addr() sip.Addr { return sip.Unchecked(f.user, f.domain) }

// row is how snapshots call it.
func (f foreign) row() string { return "subscriber " + f.user + "@" + f.domain }

func (f foreign) grp(name string) string { return "grp " + f.user + "@" + f.domain + " " + name }

// lost is the change of groups where none is left that the user had.
func (f foreign) lost() []string {
	if f.group == "" {
		return nil
	}
	return []string{"-" + f.grp(f.group)}
}

// object is what user/get shows: a local user without provisioning.
func (f foreign) object() hermes.UserObject {
	ha1, ha1b := f.hashes()
	o := hermes.UserObject{
		Type: hermes.Local, User: f.addr(), Username: f.user, Domain: sip.UncheckedDomain(f.domain), Password: hermes.Some(hermes.Secret{}),
		HA1: hermes.Some(hermes.NewSecret(ha1)), HA1B: hermes.Some(hermes.NewSecret(ha1b)),
		Email: hermes.Some(f.email), RPID: hermes.Some(f.rpid), PermittedCalls: hermes.Some(""),
	}
	if f.clear {
		o.Password = hermes.Some(hermes.NewSecret(theirs))
	}
	return o
}

// foreignRows are the users' statements after those that the columns need.
func foreignRows() string {
	var b strings.Builder
	b.WriteString(columns)
	for _, f := range foreigners() {
		b.WriteString(f.insert())
	}
	return b.String()
}

// plain compares what the API answers by ==.
var plain = cmp.Options{cmpopts.EquateComparable(sip.Addr{}, sip.Domain{}, hermes.Secret{})}

func TestForeignUsersAreShown(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		w := newWorld(t, e, setup{rows: foreignRows(), alone: true})
		before := w.snapshot(t)
		var want []hermes.UserEntry
		for _, f := range foreigners() {
			want = append(want, hermes.UserEntry{User: f.addr()})
			if d := cmp.Diff(f.object(), w.get(t, f.addr()), plain); d != "" {
				t.Errorf("user/get %s (-want +got): %s\n%s", f.addr(), f.why, d)
			}
			if err := only(w.api.UserAvail(t.Context(), hermes.UserAvailRequest{User: f.addr()})); !errors.Is(err, hermes.Exists) {
				t.Errorf("user/avail %s: %v, wanted exists", f.addr(), err)
			}
		}
		if d := cmp.Diff(want, w.users(t), plain); d != "" {
			t.Errorf("user/list (-want +got):\n%s", d)
		}
		if d := before.changes(w.snapshot(t)); d != nil {
			t.Errorf("looking changed %q", d)
		}
		if n := w.db.Query(t, "SELECT count(*) FROM "+e.own+"users")[0][0]; n != "0" {
			t.Errorf("looking made %s rows of Hermes' own", n)
		}
	})
}

// TestForeignUsersAreChanged asks for one thing at a time, of users whom Hermes has not known before.
func TestForeignUsersAreChanged(t *testing.T) {
	for _, row := range []struct {
		name string
		do   func(context.Context, *world, sip.Addr) error
		want func(foreign) []string
	}{
		{"change_pw", func(ctx context.Context, w *world, a sip.Addr) error {
			return only(w.api.UserChangePw(ctx, hermes.UserChangePwRequest{User: a, Password: hermes.NewSecret("their new one")}))
		}, func(f foreign) (all []string) {
			ha1, ha1b := md5hex(f.user+":"+f.domain+":their new one"), md5hex(f.user+"@"+f.domain+":"+f.domain+":their new one")
			all = []string{f.row() + ` ha1: "` + ha1 + `"`, f.row() + ` ha1b: "` + ha1b + `"`}
			if f.clear {
				all = append(all, f.row()+` password: ""`)
			}
			return all
		}},
		{"update of displayname", func(ctx context.Context, w *world, a sip.Addr) error {
			return only(w.api.UserUpdate(ctx, hermes.UserUpdateRequest{User: a, DisplayName: hermes.Some("Seen")}))
		}, func(foreign) []string { return nil }},
		{"update of rpid", func(ctx context.Context, w *world, a sip.Addr) error {
			return only(w.api.UserUpdate(ctx, hermes.UserUpdateRequest{User: a, RPID: hermes.Some("new")}))
		}, func(f foreign) []string { return []string{f.row() + ` rpid: "new"`} }},
		{"change_email", func(ctx context.Context, w *world, a sip.Addr) error {
			return only(w.api.UserChangeEmail(ctx, hermes.UserChangeEmailRequest{User: a, Email: "new@example.com"}))
		}, func(f foreign) []string { return []string{f.row() + ` email_address: "new@example.com"`} }},
		{"permissions", func(ctx context.Context, w *world, a sip.Addr) error {
			return only(w.api.UserPermissions(ctx, hermes.UserPermissionsRequest{User: a, Permissions: hermes.Some([]string{"voicemail"})}))
		}, func(f foreign) []string { return append([]string{"+" + f.grp("voicemail")}, f.lost()...) }},
		{"remove", func(ctx context.Context, w *world, a sip.Addr) error {
			return only(w.api.UserRemove(ctx, hermes.UserRemoveRequest{User: a}))
		}, func(f foreign) []string { return append(f.lost(), "-"+f.row()) }},
	} {
		t.Run(row.name, func(t *testing.T) {
			onEach(t, func(t *testing.T, e engine) {
				w := newWorld(t, e, setup{rows: foreignRows(), alone: true})
				for _, f := range foreigners() {
					before := w.snapshot(t)
					if err := row.do(t.Context(), w, f.addr()); err != nil {
						t.Errorf("%s: %v: %s", f.addr(), err, f.why)
					}
					if d := cmp.Diff(row.want(f), before.changes(w.snapshot(t))); d != "" {
						t.Errorf("%s of %s, made by %s (-want +got):\n%s", row.name, f.addr(), f.why, d)
					}
				}
			})
		})
	}
}
