package doctor

import (
	"fmt"
	"strings"

	"github.com/hermes-voip/go-hermes/sip"
)

// The remedy of most findings is a call of the API, which finds every row by the address that a
// list shows. Where no call can name a row, the remedy is a statement. It names the row by its id,
// so that nothing that another program wrote becomes part of the statement.

// table returns the name of one of Kamailio's tables in a statement.
func (e *examiner) table(name string) string {
	if e.isSQLite {
		return quoteName(name)
	}
	return quoteName(e.Database.schema) + "." + quoteName(name)
}

// quoteName returns a name of SQL. It is quoted if it would not mean itself otherwise.
func quoteName(name string) string {
	const plain = "abcdefghijklmnopqrstuvwxyz_"
	if name != "" && strings.Trim(name, plain) == "" {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// deleteRow returns a statement that deletes the row of an address from one of Kamailio's tables,
// or "" if a call of the API can name the address as it is.
func (e *examiner) deleteRow(name string, id int64, addrs ...sip.Addr) string {
	for _, a := range addrs {
		if isNotSent(a) {
			return fmt.Sprintf("DELETE FROM %s WHERE id = %d", e.table(name), id)
		}
	}
	return ""
}

// isNotSent reports whether no request can have the address as it is: it is empty, or has bytes
// that Hermes writes as escapes.
func isNotSent(a sip.Addr) bool {
	domain := a.Domain().String()
	return a.IsZero() || sip.Spell(a.User()) != a.User() || sip.Spell(domain) != domain
}

// lowerDomains returns a statement that converts columns of a row to lower case.
func (e *examiner) lowerDomains(name string, id int64, columns ...string) string {
	var set []string
	for _, c := range columns {
		set = append(set, c+" = lower("+c+")")
	}
	return fmt.Sprintf("UPDATE %s SET %s WHERE id = %d", e.table(name), strings.Join(set, ", "), id)
}

// deleteGroups returns a statement that deletes the rows of grp with the address of one of them.
func (e *examiner) deleteGroups(id int64) string {
	table := e.table("grp")
	return fmt.Sprintf("DELETE FROM %[1]s WHERE (username, domain) = (SELECT g.username, g.domain FROM %[1]s AS g WHERE g.id = %[2]d)",
		table, id)
}
