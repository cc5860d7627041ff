package main

import (
	"reflect"
	"strings"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/wire"
)

// parameter is a parameter of a node, as it goes over the wire.
type parameter struct {
	name     string
	about    string
	typ      reflect.Type
	required bool
	// user and domain are the parameters for the two halves of an address, or both empty.
	user, domain string
}

func (p parameter) isSecret() bool { return p.typ == reflect.TypeFor[hermes.Secret]() }

func (p parameter) isYesNo() bool { return p.typ.Kind() == reflect.Bool }

// values returns the values that the parameter can have, if these are few.
func (p parameter) values() []string {
	switch {
	case p.isYesNo():
		return []string{"true", "false"}
	case p.typ == reflect.TypeFor[hermes.NumberState]():
		return []string{string(hermes.NumberFree), string(hermes.NumberHeld), string(hermes.NumberCooling)}
	case p.typ == reflect.TypeFor[hermes.Access]():
		var names []string
		for access := hermes.LimitedRead; access <= hermes.FullWrite; access++ {
			names = append(names, access.String())
		}
		return names
	}
	return nil
}

// parametersOf returns the parameters of a node, but for those that show the session.
func parametersOf(n hermes.Node) []parameter {
	if n.Path == "auth/logout" {
		return nil // it has only those
	}
	var all []parameter
	text, yesNo := reflect.TypeFor[string](), reflect.TypeFor[bool]()
	for _, p := range wire.Params(reflect.TypeOf(n.New()).Elem()) {
		all = append(all, parameter{
			name: p.Name, about: wire.About(p.Type), typ: p.Type, required: p.Required, user: p.User, domain: p.Domain,
		})
	}
	for _, p := range all {
		if p.user == "" {
			continue
		}
		all = append(all, parameter{name: p.user, about: "The user part of " + p.name + ".", typ: text})
		if _, ok := find(all, p.domain); !ok {
			all = append(all, parameter{name: p.domain, about: "The domain of " + p.name + ".", typ: text})
		}
	}
	if n.TakesOptions() {
		all = append(all, parameter{name: "dry_run", about: "Whether nothing is to be changed.", typ: yesNo},
			parameter{name: "idempotency_key", about: "With the same key the call can be repeated, and is done once.", typ: text})
	}
	return all
}

// find returns the parameter with that name.
func find(all []parameter, name string) (parameter, bool) {
	for _, p := range all {
		if p.name == name {
			return p, true
		}
	}
	return parameter{}, false
}

// argumentOf returns the parameter that the argument of a node's command is: the first that is
// required.
func argumentOf(all []parameter) (parameter, bool) {
	for _, p := range all {
		if p.required {
			return p, true
		}
	}
	return parameter{}, false
}

// underscored returns a name as the API spells it.
func underscored(name string) string { return strings.ReplaceAll(name, "-", "_") }

// joinYesNo joins a flag of a yes/no parameter with a value after it: a flag that can stand alone
// takes none otherwise.
func joinYesNo(args []string) []string {
	names := map[string]bool{}
	for _, n := range hermes.Nodes() {
		for _, p := range parametersOf(n) {
			names[p.name] = names[p.name] || p.isYesNo()
		}
	}
	var joined []string
	for i := 0; i < len(args); i++ {
		name, isFlag := strings.CutPrefix(args[i], "--")
		if isFlag && names[underscored(name)] && i+1 < len(args) && isYesNo(args[i+1]) {
			joined = append(joined, args[i]+"="+args[i+1])
			i++
			continue
		}
		joined = append(joined, args[i])
	}
	return joined
}

func isYesNo(value string) bool {
	switch value {
	case "true", "false", "yes", "no", "1", "0":
		return true
	}
	return false
}
