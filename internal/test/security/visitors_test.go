package security_test

import (
	"fmt"
	"net/url"

	"github.com/hermes-voip/go-hermes/hermes"
)

// visitor is a kind of session.
type visitor struct {
	why   string
	can   string // what its principal may do when it asks; "": nothing, the session is none
	user  bool   // the principal is a user, and not a key
	enter func(w *world) caller
}

// name is that of the visitor, where it is a user.
const name = "visitor"

func (v visitor) self() string {
	if v.user {
		return name
	}
	return "hek_0123456789"
}

// levels are all there are.
var levels = []hermes.Access{hermes.LimitedRead, hermes.FullRead, hermes.LimitedWrite, hermes.FullWrite}

// visitors are all the kinds: without a session, with each level, with each level that became another meanwhile, and
// with each level whose principal or session ended meanwhile. What changes does so at the other hermesd.
func visitors() []visitor {
	all := []visitor{{"no session", "", true, func(*world) caller { return caller{} }}}
	for _, level := range levels {
		all = append(all,
			visitor{fmt.Sprint(level, " user"), capabilities[level], true, func(w *world) caller { return w.userSession(level) }},
			visitor{fmt.Sprint(level, " key"), capabilities[level], false, func(w *world) caller { return w.login("api_key=" + w.newKey(level)) }},
			visitor{fmt.Sprint(level, " user removed"), "", true, func(w *world) caller { return w.meanwhile(level, "auth/remove_user", "user="+name) }},
			visitor{fmt.Sprint(level, " key removed"), "", false, func(w *world) caller { return w.removedKey(level) }},
			visitor{fmt.Sprint(level, " password changed"), "", true, func(w *world) caller {
				return w.meanwhile(level, "auth/update_user", "user="+name+"&password="+url.QueryEscape(password))
			}},
		)
		for _, next := range levels {
			if next != level {
				all = append(all, visitor{fmt.Sprintf("%s became %s", level, next), capabilities[next], true, func(w *world) caller {
					return w.meanwhile(level, "auth/authorize", "user="+name+"&access="+next.String())
				}})
			}
		}
	}
	return append(all, visitor{"logged out elsewhere", "", true, func(w *world) caller {
		c := w.userSession(hermes.FullWrite)
		w.other.wants("ok", caller{cookie: c.cookie}, "auth/logout", "session="+c.session)
		return c
	}})
}

// userSession opens one for a new user, and makes sure that it is good.
func (w *world) userSession(level hermes.Access) caller {
	w.Helper()
	w.newUser(name, level)
	c := w.login("username=" + name + "&password=" + url.QueryEscape(password))
	w.wants("ok", c, "domain/list", "")
	return c
}

// meanwhile is a session whose principal is changed while it lives.
func (w *world) meanwhile(level hermes.Access, node, form string) caller {
	w.Helper()
	c := w.userSession(level)
	w.asAdmin(node, form)
	return c
}

func (w *world) removedKey(level hermes.Access) caller {
	w.Helper()
	key := w.newKey(level)
	c := w.login("api_key=" + key)
	w.wants("ok", c, "domain/list", "")
	w.asAdmin("auth/remove_key", "key="+key)
	return c
}
