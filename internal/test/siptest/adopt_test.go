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

// TestAdoption: what another tool made registers with what that tool left, and after user/change_pw with the new
// password only. From then on Hermes knows it.
func TestAdoption(t *testing.T) {
	for _, row := range []struct {
		name        string
		setup       setup
		theirs, new func(foreign) kamailiotest.Answer // the answer to the old password before, and to the new one after
		why         string
	}{
		{"hashes", setup{}, func(f foreign) kamailiotest.Answer { return either(f.hashed) }, func(foreign) kamailiotest.Answer { return accepted },
			"Kamailio reads the hashes"},
		{"clear", setup{clear: true, plaintext: true}, func(f foreign) kamailiotest.Answer { return either(f.clear) },
			func(foreign) kamailiotest.Answer { return accepted }, "Kamailio reads the clear password, and Hermes writes it"},
		{"clear, without Hermes' knowing", setup{clear: true}, func(f foreign) kamailiotest.Answer { return either(f.clear) },
			func(foreign) kamailiotest.Answer { return refused }, "the settings do not fit: refused, with any password"},
	} {
		t.Run(row.name, func(t *testing.T) {
			onEach(t, func(t *testing.T, e engine) {
				s := row.setup
				s.rows = foreignRows()
				w := newWorld(t, e, s)
				for _, f := range foreigners() {
					if f.domain != "example.com" {
						continue // Kamailio looks domains up in lower case
					}
					old := kamailiotest.Account{User: f.user, Domain: f.domain, Password: theirs}
					w.keeps(t, registers(old, row.theirs(f), f.why+": "+row.why))
					adopted := w.changePw(t, old, "")
					w.keeps(t,
						registers(old, refused, f.why+": the old password"),
						registers(adopted, row.new(f), f.why+": "+row.why),
						registers(withPassword(adopted, ""), refused, f.why+": no password at all"),
					)
					if got := account(w.get(t, f.addr())); got != adopted {
						t.Errorf("user/get shows the password %q, wanted %q", got.Password, adopted.Password)
					}
				}
			})
		})
	}
}

func either(ok bool) kamailiotest.Answer {
	if ok {
		return accepted
	}
	return refused
}

// TestForeignChangesStay: what another tool changes in a user that Hermes has is not changed back by the way.
func TestForeignChangesStay(t *testing.T) {
	ha1, ha1b := foreigners()[0].hashes()
	theirChanges := fmt.Sprintf(`
update subscriber set ha1='%s', ha1b='%s', password='%s' WHERE username='ann' and domain='example.com';
UPDATE subscriber SET rpid = '62', email_address = 'ops@example.com', site = 9 WHERE username = 'ann';
insert into grp (username,grp,last_modified,domain ) values ('ann','local', '2026-01-02 03:04:05', 'example.com' );`, ha1, ha1b, theirs)
	ann := sip.MustParse("ann@example.com")
	for _, row := range []struct {
		name string
		do   func(context.Context, *hermes.Client) error
		want []string
	}{
		{"user/update", func(ctx context.Context, c *hermes.Client) error {
			return only(c.UserUpdate(ctx, hermes.UserUpdateRequest{User: ann, DisplayName: hermes.Some("Ann"), LineText: hermes.Some("1")}))
		}, nil},
		{"user/update of permittedcalls", func(ctx context.Context, c *hermes.Client) error {
			return only(c.UserUpdate(ctx, hermes.UserUpdateRequest{User: ann, PermittedCalls: hermes.Some("voicemail")}))
		}, []string{"+grp ann@example.com voicemail"}},
		{"user/change_email", func(ctx context.Context, c *hermes.Client) error {
			return only(c.UserChangeEmail(ctx, hermes.UserChangeEmailRequest{User: ann, Email: "ann@example.com"}))
		}, []string{`subscriber ann@example.com email_address: "ann@example.com"`}},
		{"user/permissions", func(ctx context.Context, c *hermes.Client) error {
			return only(c.UserPermissions(ctx, hermes.UserPermissionsRequest{User: ann, Permissions: hermes.Some([]string{"local", "voicemail"})}))
		}, []string{"+grp ann@example.com voicemail"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			onEach(t, func(t *testing.T, e engine) {
				w := newWorld(t, e, setup{rows: columns, alone: true})
				w.add(t, ann.String())
				w.db.Exec(t, theirChanges)
				before := w.snapshot(t)
				if err := row.do(t.Context(), w.api); err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(row.want, before.changes(w.snapshot(t))); d != "" {
					t.Errorf("(-want +got):\n%s", d)
				}
			})
		})
	}
}

// TestForeignRemoval: a user whom kamctl removed is no user to Kamailio. Nothing but a new password makes it one again.
func TestForeignRemoval(t *testing.T) {
	const kamctlRm = `
delete from grp where grp.username='ann' AND domain='example.com' ;
delete from dbaliases where username='ann' and domain='example.com';
delete from subscriber where username='ann' and domain='example.com';`
	onEach(t, func(t *testing.T, e engine) {
		w := newWorld(t, e, setup{rows: columns})
		ann := w.add(t, "ann@example.com")
		w.alias(t, "sales@example.com", "ann@example.com")
		w.db.Exec(t, kamctlRm)
		before := w.snapshot(t)
		w.keeps(t, registers(ann, refused, "removed by kamctl"))
		if err := only(w.api.UserAdd(t.Context(), hermes.UserAddRequest{User: addr(ann)})); !errors.Is(err, hermes.Exists) {
			t.Errorf("user/add: %v, wanted exists: what Hermes has of it is there still", err)
		}
		must(w.api.UserUpdate(t.Context(), hermes.UserUpdateRequest{User: addr(ann), DisplayName: hermes.Some("Ann")}))(t)
		must(w.api.UserChangeEmail(t.Context(), hermes.UserChangeEmailRequest{User: addr(ann), Email: "ann@example.com"}))(t)
		if d := before.changes(w.snapshot(t)); d != nil {
			t.Errorf("user/update and user/change_email made %q", d)
		}
		w.keeps(t, registers(ann, refused, "not made again by the way"))
		again := w.changePw(t, ann, "")
		if d := cmp.Diff([]string{"+subscriber ann@example.com"}, before.changes(w.snapshot(t))); d != "" {
			t.Errorf("user/change_pw (-want +got):\n%s", d)
		}
		w.keeps(t, registers(again, accepted, "a new password"), registers(ann, refused, "the old one"))
		w.db.Exec(t, kamctlRm)
		w.remove(t, "ann@example.com")
		w.keeps(t, registers(w.add(t, "ann@example.com"), accepted, "removed from both, and added"))
	})
}
