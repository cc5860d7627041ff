package ldap

import (
	"fmt"
	"slices"
	"strings"
	"time"

	goldap "github.com/go-ldap/ldap/v3"
)

// maxMatches is how many entries are asked for. Those whose names differ in case only come along.
const maxMatches = 8

// find returns the name of the user's entry. Where there is none it returns a name all the same, to bind as in vain.
func (b *Backend) find(c *conn, user string) (dn string, found bool, err error) {
	if err := c.look(b); err != nil {
		return "", false, err
	}
	req := b.question(user)
	res, err := c.Search(req)
	if b.opts.UserDN != "" && goldap.IsErrorWithCode(err, goldap.LDAPResultNoSuchObject) {
		return req.BaseDN, false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("look for %q at %q: %w", user, req.BaseDN, err)
	}
	names := []string{}
	for _, e := range res.Entries {
		if slices.Contains(e.GetEqualFoldAttributeValues(b.opts.Attribute), user) && e.DN != "" {
			names = append(names, e.DN)
		}
	}
	switch len(names) {
	case 0:
		return b.stranger(user), false, nil
	case 1:
		return names[0], true, nil
	}
	return "", false, fmt.Errorf("the user %q is %d entries: %q", user, len(names), names)
}

// question is the search for a user.
func (b *Backend) question(user string) *goldap.SearchRequest {
	base, scope := b.opts.Base, goldap.ScopeWholeSubtree
	switch {
	case b.opts.UserDN != "":
		base, scope = b.stranger(user), goldap.ScopeBaseObject
	case b.opts.OneLevel:
		scope = goldap.ScopeSingleLevel
	}
	filter := fmt.Sprintf("(&%s(%s=%s))", b.opts.Filter, b.opts.Attribute, goldap.EscapeFilter(user))
	seconds := int(b.opts.Timeout/time.Second) + 1
	return goldap.NewSearchRequest(base, scope, goldap.NeverDerefAliases, maxMatches, seconds, false,
		filter, []string{b.opts.Attribute}, nil)
}

// stranger is the name that a user's entry has with UserDN. With Base it is one that a user's entry could have.
func (b *Backend) stranger(user string) string {
	if b.opts.UserDN != "" {
		return strings.Replace(b.opts.UserDN, placeholder, goldap.EscapeDN(user), 1)
	}
	return b.opts.Attribute + "=" + goldap.EscapeDN(user) + "," + b.opts.Base
}
