package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// columnID is the index of a column.
type columnID int

const (
	userColumn columnID = iota
	displayNameColumn
	emailColumn
	authIDColumn
	dialplanColumn
	lineTextColumn
	rpidColumn
	permissionsColumn
	phonesColumn
	numberColumn
	aliasesColumn
	suspendedColumn
	absentColumn
	columnCount
)

// column is a column of CSV, or a key of YAML.
type column struct {
	name string
	// split returns the values in a cell. If nil, the cell is one value.
	split func(cell string) []string
	// write returns a value as it is written into a cell. If nil, it is written as it is.
	write func(value string) string
	// isText says that blanks at the ends of a value belong to it.
	isText bool
	// isBool says that YAML has a bool.
	isBool bool
	// localOnly says that remote users have no such field.
	localOnly bool
	// set sets the field to its values in a file. They are none if the field is emptied.
	set func(u *User, values []string) error
	// get returns the values, and whether the field is set.
	get func(u *User) (values []string, set bool)
	// text is the field of a text column, and update that of a request which changes it.
	text   func(u *User) *hermes.Opt[string]
	update func(r *hermes.UserUpdateRequest) *hermes.Opt[string]
}

// columns has every column, in the order in which they are written.
var columns = [columnCount]column{
	userColumn: {name: "user", set: setUser, get: func(u *User) ([]string, bool) { return []string{u.User.String()}, true }},
	displayNameColumn: textColumn("displayname", func(u *User) *hermes.Opt[string] { return &u.DisplayName },
		func(r *hermes.UserUpdateRequest) *hermes.Opt[string] { return &r.DisplayName }),
	emailColumn: localOnly(textColumn("email", func(u *User) *hermes.Opt[string] { return &u.Email },
		func(r *hermes.UserUpdateRequest) *hermes.Opt[string] { return &r.Email })),
	authIDColumn: textColumn("authid", func(u *User) *hermes.Opt[string] { return &u.AuthID },
		func(r *hermes.UserUpdateRequest) *hermes.Opt[string] { return &r.AuthID }),
	dialplanColumn: textColumn("dialplan", func(u *User) *hermes.Opt[string] { return &u.Dialplan },
		func(r *hermes.UserUpdateRequest) *hermes.Opt[string] { return &r.Dialplan }),
	lineTextColumn: textColumn("linetext", func(u *User) *hermes.Opt[string] { return &u.LineText },
		func(r *hermes.UserUpdateRequest) *hermes.Opt[string] { return &r.LineText }),
	rpidColumn: localOnly(textColumn("rpid", func(u *User) *hermes.Opt[string] { return &u.RPID },
		func(r *hermes.UserUpdateRequest) *hermes.Opt[string] { return &r.RPID })),
	permissionsColumn: localOnly(column{name: "permissions", split: splitNames, set: setPermissions,
		get: func(u *User) ([]string, bool) { return u.Permissions.Value, u.Permissions.Set }}),
	phonesColumn: {name: "phones", split: splitNames, set: setPhones,
		get: func(u *User) ([]string, bool) { return texts(u.Phones.Value), u.Phones.Set }, write: colons},
	numberColumn: {name: "number", set: setNumber, get: getNumber},
	aliasesColumn: {name: "aliases", split: splitAddrs, write: afterSeparator, set: setAliases,
		get: func(u *User) ([]string, bool) { return texts(u.Aliases.Value), u.Aliases.Set }},
	suspendedColumn: localOnly(column{name: "suspended", isBool: true,
		set: func(u *User, values []string) (err error) {
			u.Suspended.Set = true
			u.Suspended.Value, err = yesNo(values)
			return err
		},
		get: func(u *User) ([]string, bool) { return []string{fmt.Sprint(u.Suspended.Value)}, u.Suspended.Set }}),
	absentColumn: {name: "absent", isBool: true,
		set: func(u *User, values []string) (err error) {
			u.Absent, err = yesNo(values)
			return err
		},
		get: func(u *User) ([]string, bool) { return []string{fmt.Sprint(u.Absent)}, u.Absent }},
}

// columnNamed returns the column of that name.
func columnNamed(name string) (columnID, bool) {
	i := slices.IndexFunc(columns[:], func(c column) bool { return c.name == name })
	return columnID(i), i >= 0
}

// columnNames returns the names of all columns, for messages.
func columnNames() string {
	var names []string
	for _, c := range columns {
		names = append(names, c.name)
	}
	return strings.Join(names, ", ")
}

func localOnly(c column) column {
	c.localOnly = true
	return c
}

func textColumn(name string, at func(*User) *hermes.Opt[string], update func(*hermes.UserUpdateRequest) *hermes.Opt[string]) column {
	return column{
		name: name, isText: true, text: at, update: update,
		set: func(u *User, values []string) error {
			value := hermes.Some(strings.Join(values, ""))
			if value.Value == "" && name == "authid" {
				return errors.New("want the user name or the whole address; it cannot be emptied")
			}
			*at(u) = value
			req := hermes.UserUpdateRequest{User: anyUser}
			*update(&req) = value
			return req.Check()
		},
		get: func(u *User) ([]string, bool) {
			v := at(u)
			if v.Value == "" {
				return nil, v.Set
			}
			return []string{v.Value}, v.Set
		},
	}
}

// anyUser is an address for requests that are checked for their other fields only.
var anyUser = sip.MustParse("user@example.com")

func setUser(u *User, values []string) (err error) {
	u.User, err = sip.Parse(strings.Join(values, ""))
	return err
}

func setPermissions(u *User, names []string) error {
	u.Permissions = hermes.Some(sortedSet(slices.Clone(names), strings.Compare))
	return hermes.UserPermissionsRequest{User: anyUser, Permissions: u.Permissions}.Check()
}

func setPhones(u *User, values []string) (err error) {
	u.Phones.Set = true
	u.Phones.Value, err = parseAll(values, mac.Parse, mac.Addr.Compare)
	return err
}

func setAliases(u *User, values []string) (err error) {
	u.Aliases.Set = true
	u.Aliases.Value, err = parseAll(values, func(text string) (sip.Addr, error) {
		a, err := sip.Parse(text)
		if _, isNumber := aliasNumber(a); err == nil && isNumber {
			err = fmt.Errorf("%q is the alias of a number; want that in the field number", text)
		}
		return a, err
	}, sip.Addr.Compare)
	return err
}

// aliasNumber returns the number of an E.164 alias.
func aliasNumber(a sip.Addr) (e164.Number, bool) {
	n, err := e164.Parse(a.User())
	return n, err == nil
}

const autoNumber = "auto"

func setNumber(u *User, values []string) (err error) {
	u.Number = hermes.Some(Number{})
	text := strings.Join(values, "")
	word, search, hasSearch := strings.Cut(text, ":")
	switch {
	case text == "":
		return nil
	case word == autoNumber && hasSearch && search == "":
		return fmt.Errorf("%q: want a pattern after the colon, such as auto:+4773*", text)
	case word == autoNumber:
		u.Number.Value.Auto = true
		u.Number.Value.Search, err = hermes.ParsePattern(search)
		return err
	}
	if u.Number.Value.Number, err = e164.Parse(text); err != nil {
		return fmt.Errorf("%q: want a number such as +4773500001, auto, or auto with a pattern such as auto:+4773*", text)
	}
	return nil
}

func getNumber(u *User) ([]string, bool) {
	if u.Number.Value == (Number{}) {
		return nil, u.Number.Set
	}
	return []string{u.Number.Value.String()}, u.Number.Set
}

func yesNo(values []string) (bool, error) {
	switch text := strings.ToLower(strings.Join(values, "")); text {
	case "true", "yes", "1":
		return true, nil
	case "false", "no", "0", "":
		return false, nil
	default:
		return false, fmt.Errorf("%q: want true or false", text)
	}
}

// parseAll returns the values as a sorted set, or the first error.
func parseAll[T comparable](values []string, parse func(string) (T, error), compare func(T, T) int) (all []T, err error) {
	for _, v := range values {
		parsed, err := parse(v)
		if err != nil {
			return nil, err
		}
		all = append(all, parsed)
	}
	return sortedSet(all, compare), nil
}

func sortedSet[T comparable](values []T, compare func(T, T) int) []T {
	slices.SortFunc(values, compare)
	return slices.Compact(values)
}

func texts[T fmt.Stringer](values []T) []string {
	all := make([]string, 0, len(values))
	for _, v := range values {
		all = append(all, v.String())
	}
	return all
}

// splitNames returns the values in a cell, between blanks and commas.
func splitNames(cell string) []string {
	return strings.FieldsFunc(cell, func(r rune) bool { return r == ',' || isBlank(r) })
}

func isBlank(r rune) bool { return strings.ContainsRune(blanks, r) }

// splitAddrs is splitNames for addresses, whose user part may have commas: a comma separates two if
// the text before it has an @.
func splitAddrs(cell string) (addrs []string) {
	for _, rest := range strings.FieldsFunc(cell, isBlank) {
		for rest = strings.TrimLeft(rest, ","); rest != ""; rest = strings.TrimLeft(rest, ",") {
			end := len(rest)
			if at := strings.IndexByte(rest, '@'); at >= 0 {
				if comma := strings.IndexByte(rest[at:], ','); comma >= 0 {
					end = at + comma
				}
			}
			addrs = append(addrs, rest[:end])
			rest = rest[end:]
		}
	}
	return addrs
}

// afterSeparator returns an address as a cell has it: splitAddrs would take a comma at its
// beginning for a separator.
func afterSeparator(addr string) string {
	if strings.HasPrefix(addr, ",") {
		return "sip:" + addr
	}
	return addr
}

// colons returns a MAC address with colons, without which spreadsheets take some for numbers.
func colons(digits string) string {
	var octets []string
	for octet := range slices.Chunk([]byte(digits), 2) {
		octets = append(octets, string(octet))
	}
	return strings.Join(octets, ":")
}

// detail returns an error of a field as the detail of a Fault, which has the name of the field.
func detail(name string, err error) string {
	text := err.Error()
	if e, ok := errors.AsType[*hermes.Error](err); ok {
		text = e.Detail
	}
	for _, prefix := range []string{name + ": ", name + " ", "sip: ", "mac: ", "e164: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	return text
}
