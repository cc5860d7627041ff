package api

import (
	"reflect"
	"strings"

	"github.com/hermes-voip/go-hermes/hermes"
)

// requestPlan is what the tags of a request's struct say, read once.
type requestPlan struct {
	fields []requestField
	names  map[string]bool // every parameter that the node knows
	cookie int             // index of the field that gets the cookie; -1: none
}

type requestField struct {
	index    int
	name     string
	user     string // with domain: the names of an address' halves; "": it has none
	domain   string
	required bool
	opt      bool // absent and empty differ
	kind     kind
}

func planRequest(t reflect.Type) requestPlan {
	p := requestPlan{names: map[string]bool{}, cookie: -1}
	for i := range t.NumField() {
		tag := t.Field(i).Tag
		if tag.Get("cookie") == "value" {
			p.cookie = i
		}
		if name := tag.Get("form"); name != "" && name != "-" {
			p.add(planField(t.Field(i), i))
		}
	}
	return p
}

func (p *requestPlan) add(f requestField) {
	p.fields = append(p.fields, f)
	for _, name := range []string{f.name, f.user, f.domain} {
		if name != "" {
			p.names[name] = true
		}
	}
}

func planField(sf reflect.StructField, index int) requestField {
	name, option, _ := strings.Cut(sf.Tag.Get("form"), ",")
	f := requestField{index: index, required: option == "required"}
	f.name, f.user, f.domain = formNames(name)
	t := sf.Type
	if f.opt = isOpt(t); f.opt {
		t = t.Field(0).Type
	}
	f.kind = kindOf(t)
	if bad := sf.Tag.Get("bad"); bad != "" {
		response, cause, _ := strings.Cut(bad, "/")
		f.kind.response, f.kind.cause = hermes.Response(response), hermes.Cause(cause)
	}
	return f
}

// formNames returns the names of an address and its halves: "user*" is user, or username and
// domain; "alias*" is alias, or alias_username and alias_domain.
func formNames(tag string) (name, user, domain string) {
	name, starred := strings.CutSuffix(tag, "*")
	switch {
	case !starred:
		return name, "", ""
	case name == "user":
		return name, "username", "domain"
	}
	return name, name + "_username", name + "_domain"
}
