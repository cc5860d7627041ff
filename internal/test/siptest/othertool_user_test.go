package siptest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/test/kamailiotest"
	"github.com/hermes-voip/go-hermes/sip"
)

// Reading a user of another tool returns the values of its row and changes nothing.
func TestOtherTool_UserGet(t *testing.T) {
	onEach(t, func(t *testing.T, eng engine) {
		e := newEnv(t, eng, setup{rows: toolUserRows(), noKamailio: true})
		before := e.snapshot(t)
		var want []hermes.UserEntry
		for _, u := range toolUsers() {
			want = append(want, hermes.UserEntry{User: u.addr()})
			if d := cmp.Diff(u.object(), e.mustUserGet(t, u.addr()), comparableValues); d != "" {
				t.Errorf("user/get %s (-want +got): %s\n%s", u.addr(), u.why, d)
			}
			_, err := e.client.UserAvail(t.Context(), hermes.UserAvailRequest{User: u.addr()})
			if !errors.Is(err, hermes.Exists) {
				t.Errorf("user/avail %s: %v, wanted exists", u.addr(), err)
			}
		}
		if d := cmp.Diff(want, e.mustUserList(t), comparableValues); d != "" {
			t.Errorf("user/list (-want +got):\n%s", d)
		}
		if d := before.changes(e.snapshot(t)); d != nil {
			t.Errorf("reading changed %q", d)
		}
		if n := e.db.Query(t, "SELECT count(*) FROM "+eng.tablePrefix+"users")[0][0]; n != "0" {
			t.Errorf("reading inserted %s rows in Hermes' own table", n)
		}
	})
}

func (e *env) mustUserList(t *testing.T) (all []hermes.UserEntry) {
	t.Helper()
	res, err := e.client.UserList(t.Context(), hermes.UserListRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for u, err := range res.List.All() {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, u)
	}
	return all
}

// A request for a user that Hermes did not add changes only the columns and rows that it is about.
func TestOtherTool_UserChange(t *testing.T) {
	for _, row := range []struct {
		name   string
		change func(context.Context, *hermes.Client, sip.Addr) error
		want   func(toolUser) []string
	}{
		{"change_pw", func(ctx context.Context, c *hermes.Client, a sip.Addr) error {
			_, err := c.UserChangePw(ctx, hermes.UserChangePwRequest{User: a, Password: hermes.NewSecret("their new one")})
			return err
		}, func(u toolUser) (all []string) {
			ha1 := md5hex(u.user + ":" + u.domain + ":their new one")
			ha1b := md5hex(u.user + "@" + u.domain + ":" + u.domain + ":their new one")
			all = []string{u.row() + ` ha1: "` + ha1 + `"`, u.row() + ` ha1b: "` + ha1b + `"`}
			if u.clearText {
				all = append(all, u.row()+` password: ""`)
			}
			return all
		}},
		{"update of displayname", func(ctx context.Context, c *hermes.Client, a sip.Addr) error {
			_, err := c.UserUpdate(ctx, hermes.UserUpdateRequest{User: a, DisplayName: hermes.Some("Seen")})
			return err
		}, func(toolUser) []string { return nil }},
		{"update of rpid", func(ctx context.Context, c *hermes.Client, a sip.Addr) error {
			_, err := c.UserUpdate(ctx, hermes.UserUpdateRequest{User: a, RPID: hermes.Some("new")})
			return err
		}, func(u toolUser) []string { return []string{u.row() + ` rpid: "new"`} }},
		{"change_email", func(ctx context.Context, c *hermes.Client, a sip.Addr) error {
			_, err := c.UserChangeEmail(ctx, hermes.UserChangeEmailRequest{User: a, Email: "new@example.com"})
			return err
		}, func(u toolUser) []string { return []string{u.row() + ` email_address: "new@example.com"`} }},
		{"permissions", func(ctx context.Context, c *hermes.Client, a sip.Addr) error {
			req := hermes.UserPermissionsRequest{User: a, Permissions: hermes.Some([]string{"voicemail"})}
			_, err := c.UserPermissions(ctx, req)
			return err
		}, func(u toolUser) []string { return append([]string{"+" + u.groupRow("voicemail")}, u.groupRemoved()...) }},
		{"remove", func(ctx context.Context, c *hermes.Client, a sip.Addr) error {
			_, err := c.UserRemove(ctx, hermes.UserRemoveRequest{User: a})
			return err
		}, func(u toolUser) []string { return append(u.groupRemoved(), "-"+u.row()) }},
	} {
		t.Run(row.name, func(t *testing.T) {
			onEach(t, func(t *testing.T, eng engine) {
				e := newEnv(t, eng, setup{rows: toolUserRows(), noKamailio: true})
				for _, u := range toolUsers() {
					before := e.snapshot(t)
					if err := row.change(t.Context(), e.client, u.addr()); err != nil {
						t.Errorf("%s: %v: %s", u.addr(), err, u.why)
					}
					if d := cmp.Diff(row.want(u), before.changes(e.snapshot(t))); d != "" {
						t.Errorf("%s of %s, made by %s (-want +got):\n%s", row.name, u.addr(), u.why, d)
					}
				}
			})
		})
	}
}

// A user of another tool registers with the password of its row and, after user/change_pw, with the
// new password only, which user/get then returns.
func TestOtherTool_UserChangePw(t *testing.T) {
	answer := func(hasCredentials bool) kamailiotest.Answer {
		if hasCredentials {
			return accepted
		}
		return unauthorized
	}
	for _, row := range []struct {
		name      string
		setup     setup
		oldAnswer func(toolUser) kamailiotest.Answer // to the old password, before the change
		newAnswer kamailiotest.Answer                // to the new password, after the change
		why       string
	}{
		{"hashes", setup{},
			func(u toolUser) kamailiotest.Answer { return answer(u.hashes) }, accepted,
			"Kamailio reads the hashes"},
		{"clear passwords", setup{clearPasswords: true, plaintext: true},
			func(u toolUser) kamailiotest.Answer { return answer(u.clearText) }, accepted,
			"Kamailio reads the clear password, and Hermes writes it"},
		{"clear passwords, not written by Hermes", setup{clearPasswords: true},
			func(u toolUser) kamailiotest.Answer { return answer(u.clearText) }, unauthorized,
			"the settings do not match: every password is refused"},
	} {
		t.Run(row.name, func(t *testing.T) {
			onEach(t, func(t *testing.T, eng engine) {
				s := row.setup
				s.rows = toolUserRows()
				e := newEnv(t, eng, s)
				for _, u := range toolUsers() {
					if u.domain != "example.com" {
						continue // Kamailio looks up domains in lower case
					}
					before := kamailiotest.Account{User: u.user, Domain: u.domain, Password: toolPassword}
					e.check(t, expectRegister(before, row.oldAnswer(u), u.why+": "+row.why))
					after := e.mustUserChangePw(t, before, "")
					e.check(t,
						expectRegister(before, unauthorized, u.why+": the old password"),
						expectRegister(after, row.newAnswer, u.why+": "+row.why),
						expectRegister(withPassword(after, ""), unauthorized, u.why+": no password at all"),
					)
					if got := accountOf(e.mustUserGet(t, u.addr())); got != after {
						t.Errorf("user/get returns the password %q, wanted %q", got.Password, after.Password)
					}
				}
			})
		})
	}
}

// Another tool changes a user that Hermes has added. A request of Hermes about something else does
// not undo the tool's changes.
func TestOtherTool_ChangesAreKept(t *testing.T) {
	ha1, ha1b := toolUsers()[0].hashValues()
	toolChanges := fmt.Sprintf(`
update subscriber set ha1='%s', ha1b='%s', password='%s' WHERE username='ann' and domain='example.com';
UPDATE subscriber SET rpid = '62', email_address = 'ops@example.com', site = 9 WHERE username = 'ann';
insert into grp (username,grp,last_modified,domain ) values ('ann','local', '2026-01-02 03:04:05', 'example.com' );`,
		ha1, ha1b, toolPassword)
	ann := sip.MustParse("ann@example.com")
	for _, row := range []struct {
		name   string
		change func(context.Context, *hermes.Client) error
		want   []string
	}{
		{"user/update", func(ctx context.Context, c *hermes.Client) error {
			req := hermes.UserUpdateRequest{User: ann, DisplayName: hermes.Some("Ann"), LineText: hermes.Some("1")}
			_, err := c.UserUpdate(ctx, req)
			return err
		}, nil},
		{"user/update of permittedcalls", func(ctx context.Context, c *hermes.Client) error {
			_, err := c.UserUpdate(ctx, hermes.UserUpdateRequest{User: ann, PermittedCalls: hermes.Some("voicemail")})
			return err
		}, []string{"+grp ann@example.com voicemail"}},
		{"user/change_email", func(ctx context.Context, c *hermes.Client) error {
			_, err := c.UserChangeEmail(ctx, hermes.UserChangeEmailRequest{User: ann, Email: "ann@example.com"})
			return err
		}, []string{`subscriber ann@example.com email_address: "ann@example.com"`}},
		{"user/permissions", func(ctx context.Context, c *hermes.Client) error {
			req := hermes.UserPermissionsRequest{User: ann, Permissions: hermes.Some([]string{"local", "voicemail"})}
			_, err := c.UserPermissions(ctx, req)
			return err
		}, []string{"+grp ann@example.com voicemail"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			onEach(t, func(t *testing.T, eng engine) {
				e := newEnv(t, eng, setup{rows: siteColumns, noKamailio: true})
				e.mustUserAdd(t, ann.String())
				e.db.Exec(t, toolChanges)
				before := e.snapshot(t)
				if err := row.change(t.Context(), e.client); err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(row.want, before.changes(e.snapshot(t))); d != "" {
					t.Errorf("(-want +got):\n%s", d)
				}
			})
		})
	}
}

// A user of Hermes that kamctl has removed does not exist for Kamailio any more. Only a new
// password inserts it again.
func TestOtherTool_UserRemove(t *testing.T) {
	const kamctlRm = `
delete from grp where grp.username='ann' AND domain='example.com' ;
delete from dbaliases where username='ann' and domain='example.com';
delete from subscriber where username='ann' and domain='example.com';`
	onEach(t, func(t *testing.T, eng engine) {
		e := newEnv(t, eng, setup{rows: siteColumns})
		ann := e.mustUserAdd(t, "ann@example.com")
		e.mustAliasAdd(t, "sales@example.com", "ann@example.com")
		e.db.Exec(t, kamctlRm)
		before := e.snapshot(t)
		e.check(t, expectRegister(ann, unauthorized, "removed by kamctl"))
		_, err := e.client.UserAdd(t.Context(), hermes.UserAddRequest{User: addrOf(ann)})
		if !errors.Is(err, hermes.Exists) {
			t.Errorf("user/add: %v, wanted exists: Hermes' own rows of the user are still there", err)
		}
		e.mustUserUpdate(t, hermes.UserUpdateRequest{User: addrOf(ann), DisplayName: hermes.Some("Ann")})
		req := hermes.UserChangeEmailRequest{User: addrOf(ann), Email: "ann@example.com"}
		if _, err := e.client.UserChangeEmail(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		if d := before.changes(e.snapshot(t)); d != nil {
			t.Errorf("user/update and user/change_email made %q", d)
		}
		e.check(t, expectRegister(ann, unauthorized, "other requests do not insert the user again"))
		again := e.mustUserChangePw(t, ann, "")
		if d := cmp.Diff([]string{"+subscriber ann@example.com"}, before.changes(e.snapshot(t))); d != "" {
			t.Errorf("user/change_pw (-want +got):\n%s", d)
		}
		e.check(t,
			expectRegister(again, accepted, "the new password"),
			expectRegister(ann, unauthorized, "the old password"),
		)
		e.db.Exec(t, kamctlRm)
		e.mustUserRemove(t, "ann@example.com")
		added := e.mustUserAdd(t, "ann@example.com")
		e.check(t, expectRegister(added, accepted, "removed by both, and added"))
	})
}
