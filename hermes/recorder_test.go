package hermes_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

// notAudited are the methods of a Store that change something which no audit entry shows, each with
// the reason.
func notAudited() map[string]string {
	const isLogged = "logins and sessions are in the log"
	const isTrail = "it is a change of the audit trail itself, which its seals record"
	return map[string]string{
		"AddLogin":       isLogged,
		"AddNonce":       isLogged,
		"AddSession":     isLogged,
		"RemoveSession":  isLogged,
		"RemoveSessions": isLogged,
		"RotateSession":  isLogged,
		"SweepExpired":   isLogged,
		"Touch":          isLogged,
		"TrimSessions":   isLogged,
		"AddAuditEntry":  "it is the entry",
		"AddAuditSeal":   isTrail,
		"PruneAudit":     isTrail,
		"SeePhones":      "deliveries to phones are in the log",
		"SetAnswer":      "it is the answer to a change that has its entry",
		"SetSecretCheck": "it changes nothing that the API shows",
	}
}

// reads are the methods of a Store that change nothing.
func reads() []string {
	return []string{
		"User", "Users", "UsersWithoutServers", "Groups", "Holder", "SealedUsers",
		"PhoneLines", "UserPhones", "Phones", "Device", "DomainKeys", "Provisioning", "SealedDevices", "SealedDomains",
		"PooledNumber", "CountNumbers", "Numbers", "ShuffledNumbers", "SampleNumbers", "NumberAliased",
		"Aliases", "AliasSite",
		"DomainServed", "Domains", "Servers",
		"Credential", "Authorization", "Authorizations", "LastingPrincipals", "EverAuthorized", "Key", "Keys",
		"Session", "Logins", "SecretCheck", "VolatileKey",
		"AuditEntries", "UnsealedEntries", "SealedEntries", "AuditSubjects", "AuditSeals", "LastAuditSeal", "LastPrunedSeal",
		"Answer", "AnswerKeys", "Counts",
	}
}

// TestRecorder_everyMethod checks that a recorder notes what each method of a Store changes, unless
// a list in this file has the method.
func TestRecorder_everyMethod(t *testing.T) {
	t.Parallel()
	own := methodsOf(t, "recorder")
	all := reflect.TypeFor[hermes.Store]()
	known := append(reads(), "Tx", "AfterCommit")
	for name := range notAudited() {
		known = append(known, name)
	}
	for i := range all.NumMethod() {
		name := all.Method(i).Name
		if !slices.Contains(own, name) && !slices.Contains(known, name) {
			t.Errorf("%s: override it in recorder, so that audit entries show what it changes, or add it to reads or notAudited",
				name)
		}
	}
	for _, name := range known {
		if _, ok := all.MethodByName(name); !ok {
			t.Errorf("%s: a Store has no such method", name)
		}
		if _, ok := notAudited()[name]; ok && slices.Contains(own, name) {
			t.Errorf("%s: recorder overrides it, and so it is no method of notAudited", name)
		}
	}
}

// methodsOf returns the methods that the files of this package declare for a type, without those
// of an embedded field.
func methodsOf(t *testing.T, name string) (methods []string) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv == nil {
				continue
			}
			typ := fn.Recv.List[0].Type
			if star, ok := typ.(*ast.StarExpr); ok {
				typ = star.X
			}
			if id, ok := typ.(*ast.Ident); ok && id.Name == name {
				methods = append(methods, fn.Name.Name)
			}
		}
	}
	return methods
}

// removeBob removes a user and the alias that leads to it.
func removeBob(t *testing.T, c *hermes.Client) error {
	_, err := c.AliasRemove(t.Context(), hermes.AliasRemoveRequest{Alias: addr("sales@example.com")})
	if err != nil {
		return err
	}
	_, err = c.UserRemove(t.Context(), hermes.UserRemoveRequest{User: bob})
	return err
}

// TestRecorder_readsOnce checks that a change does not read an old value again for its entry,
// whether there is one or none.
func TestRecorder_readsOnce(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		why, read string
		want      int
		change    func(c *hermes.Client) error
	}{
		{"a phone that is new was read with its lines", "Device", 0, func(c *hermes.Client) error {
			_, err := c.PhoneAdd(t.Context(), hermes.PhoneAddRequest{MAC: phone2, User: alice})
			return err
		}},
		{"a phone that is known was, too", "Device", 0, func(c *hermes.Client) error {
			_, err := c.PhoneSet(t.Context(), hermes.PhoneSetRequest{MAC: phone1, Vendor: "snom"})
			return err
		}},
		{"the groups of a user that is removed are known then", "Groups", 0, func(c *hermes.Client) error { return removeBob(t, c) }},
		{"so is the user", "User", 0, func(c *hermes.Client) error { return removeBob(t, c) }},
		{"a user with permissions", "Groups", 1, func(c *hermes.Client) error {
			_, err := c.UserPermissions(t.Context(), hermes.UserPermissionsRequest{User: alice, Permissions: hermes.Some([]string{"intl"})})
			return err
		}},
	} {
		e, calls := newEnv(t), &storeCalls{}
		if err := row.change(e.newClient(t, calls.over(e.store))); err != nil {
			t.Fatalf("%s: %v", row.why, err)
		}
		n := 0
		for _, name := range calls.names {
			if name == row.read {
				n++
			}
		}
		if n != row.want {
			t.Errorf("%s: %d calls of %s in %v, want %d", row.why, n, row.read, calls.names, row.want)
		}
	}
}
