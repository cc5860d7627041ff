package wire

import (
	"encoding"
	"reflect"
	"strings"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// abouts says for some types what a value is, for people.
var abouts = map[reflect.Type]string{
	reflect.TypeFor[sip.Addr]():        "A SIP address, user@domain.",
	reflect.TypeFor[sip.Domain]():      "A domain, a host name or an IP address.",
	reflect.TypeFor[e164.Number]():     "An E.164 number, such as +4773500001.",
	reflect.TypeFor[mac.Addr]():        "A MAC address, such as 001122334455.",
	reflect.TypeFor[hermes.Access]():   "An access level: limited_read, full_read, limited_write, full_write, or 1 to 4.",
	reflect.TypeFor[hermes.Pattern]():  "A pattern: * is any run of characters, ? is one.",
	reflect.TypeFor[hermes.Duration](): "A duration, such as 90s, 15m, 12h or 90d.",
}

// About returns a sentence that says what a parameter of type t is, or "" if there is nothing to
// say.
func About(t reflect.Type) string {
	if IsOpt(t) {
		return About(t.Field(0).Type)
	}
	if about, ok := abouts[t]; ok {
		return about
	}
	switch {
	case reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		return ""
	case t.Kind() == reflect.Bool:
		return "A yes/no value."
	case t.Kind() == reflect.Slice:
		return strings.TrimSpace("A list, separated by commas. " + About(t.Elem()))
	}
	return ""
}

// EntryType returns the type of the entries of a list in an answer, a slice or a [*hermes.List].
func EntryType(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Slice {
		return t.Elem()
	}
	all, _ := t.MethodByName("All")
	yield := all.Type.Out(0).In(0)
	return yield.In(0)
}

// Columns returns the names of the members of the entries of the list in the answer of type t. It
// is nil if the entries are no objects, or if the answer has no list.
func Columns(t reflect.Type) []string {
	for i := range t.NumField() {
		f := t.Field(i)
		if memberName(f) != "list" || EntryType(f.Type).Kind() != reflect.Struct {
			continue
		}
		var names []string
		for _, m := range membersOf(EntryType(f.Type)) {
			names = append(names, m.name)
		}
		return names
	}
	return nil
}

// Secrets returns the names of the members that are secrets in an answer of type t, at any depth.
func Secrets(t reflect.Type) map[string]bool {
	names := map[string]bool{}
	addSecrets(t, names)
	return names
}

func addSecrets(t reflect.Type, names map[string]bool) {
	switch {
	case IsOpt(t):
		addSecrets(t.Field(0).Type, names)
	case t.Kind() == reflect.Slice, isList(t):
		addSecrets(EntryType(t), names)
	case t.Kind() == reflect.Struct && t != reflect.TypeFor[time.Time]():
		for _, m := range membersOf(t) {
			f := t.FieldByIndex(m.index).Type
			if IsOpt(f) {
				f = f.Field(0).Type
			}
			if f == secretType {
				names[m.name] = true
			}
			addSecrets(f, names)
		}
	}
}

// isList reports whether t is a [*hermes.List].
func isList(t reflect.Type) bool {
	return t.Kind() == reflect.Pointer && t.Elem().PkgPath() == secretType.PkgPath() && strings.HasPrefix(t.Elem().Name(), "List[")
}
