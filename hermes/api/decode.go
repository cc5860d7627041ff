package api

import (
	"encoding"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/wire"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// Decode makes the request struct of node n from parameters as the Handler does, and returns a
// pointer to it. The values must not be escaped: a blank is a blank. The parameters session and
// auth_key are accepted and ignored for a node that needs a capability, and dry_run and
// idempotency_key, if they are well-formed, for one that takes them. The error is an
// [*hermes.Error], such as invalid/parameters for an unknown parameter.
func Decode(n hermes.Node, values url.Values) (req hermes.Request, err error) {
	e := newEndpoint(n, sessionName, authKeyName)
	p := newParams()
	for name, all := range values {
		for _, value := range all {
			if err := p.add(name, value); err != nil {
				return nil, e.badParameter(err.Error())
			}
		}
	}
	req, _, _, fault := e.decode(p, hermes.Secret{})
	if fault != nil {
		return nil, fault
	}
	return req, nil
}

// Encode returns the parameters that a client sends for req, a request struct or a pointer to one.
// It is the inverse of [Decode], except that it does not check values. The result reveals the
// secrets in req.
func Encode(req any) (url.Values, error) { return wire.Encode(req) }

// decode makes the node's request struct and the options of the call of the parameters. If there
// are faults, it returns the first, the names of all malformed parameters, and the struct without
// their values. A fault with the cause Parameters precedes all others.
func (e *endpoint) decode(
	p *params, cookie hermes.Secret,
) (input hermes.Request, o hermes.CallOptions, malformed []string, fault *hermes.Error) {
	input = e.New()
	v := reflect.ValueOf(input).Elem()
	if e.fields.cookie >= 0 {
		v.Field(e.fields.cookie).Set(reflect.ValueOf(cookie))
	}
	var unknown []string
	for name := range p.values {
		if !e.fields.names[name] {
			unknown = append(unknown, quoteName(name))
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		fault = e.badParameter(strings.Join(unknown, ", ") + ": unknown here")
	} else if e.options {
		o, fault = e.decodeOptions(p)
	}
	for i := range e.fields.list {
		f := &e.fields.list[i]
		err := e.decodeField(f, v, p)
		if err == nil {
			continue
		}
		malformed = append(malformed, f.name)
		if fault == nil || fault.Cause != hermes.Parameters && err.Cause == hermes.Parameters {
			fault = err
		}
	}
	return input, o, malformed, fault
}

// decodeField sets the field f of a request struct.
func (e *endpoint) decodeField(f *requestField, input reflect.Value, p *params) *hermes.Error {
	field := input.Field(f.index)
	if f.optional {
		_, present := p.values[f.name]
		field.FieldByName("Set").SetBool(present)
		field = field.FieldByName("Value")
	}
	text, user, domain := p.value(f.name, f.rule), "", ""
	if f.user != "" {
		user, domain = p.value(f.user, f.rule), p.values[f.domain]
	}
	if f.lone && user == "" {
		domain = ""
	}
	if f.unless != "" && p.values[f.unless] != "" {
		text = ""
	}
	var err error
	switch {
	case text != "" && user+domain != "":
		return e.badParameter(fmt.Sprintf("%s: not with %s and %s", f.name, f.user, f.domain))
	case text != "":
		err = setValue(field, text)
	case user != "" && domain != "":
		var a sip.Addr
		if a, err = sip.JoinAny(user, domain); err == nil {
			field.Set(reflect.ValueOf(a))
		}
	case user+domain != "":
		return e.badParameter(fmt.Sprintf("want both %s and %s, or %s", f.user, f.domain, f.name))
	case f.required:
		return e.badParameter(f.name + ": missing")
	}
	if err == nil {
		return nil
	}
	return e.malformed(f, err)
}

// malformed returns the answer to a malformed value of f.
func (e *endpoint) malformed(f *requestField, err error) *hermes.Error {
	// The fault begins with the parameter, not with the package whose parser failed.
	fault := err.Error()
	for _, parser := range []string{"sip: ", "mac: ", "e164: "} {
		fault = strings.TrimPrefix(fault, parser)
	}
	if !strings.HasPrefix(fault, f.name) {
		fault = f.name + ": " + fault
	}
	if f.rule.cause == hermes.Parameters {
		return e.badParameter(fault)
	}
	answer := &hermes.Error{Node: e.Path, Response: f.rule.response, Cause: f.rule.cause, Detail: clip(fault)}
	if f.rule.detail != "" {
		answer.Detail, answer.Description = f.rule.detail, answer.Detail
	}
	return answer
}

// valueRule says how the values of a type are read, and how a malformed one is answered.
type valueRule struct {
	response    hermes.Response
	cause       hermes.Cause
	detail      string // if not empty, the text of the parser's error becomes the description
	leadingPlus bool   // values may begin with +, which form encoding reads as a blank
	plusEntries bool   // so may the entries of a list
}

var (
	secretType = reflect.TypeFor[hermes.Secret]()
	cookieType = reflect.TypeFor[hermes.Cookie]()
)

// valueRules are the rules for types whose values name things.
var valueRules = map[reflect.Type]valueRule{
	reflect.TypeFor[sip.Addr]():         {response: hermes.Failed, cause: hermes.Malformed, leadingPlus: true},
	reflect.TypeFor[sip.Domain]():       {response: hermes.Failed, cause: hermes.Malformed},
	reflect.TypeFor[[]mac.Addr]():       {response: hermes.Failed, cause: hermes.Malformed},
	reflect.TypeFor[mac.Addr]():         {response: hermes.Failed, cause: hermes.Malformed},
	reflect.TypeFor[hermes.Pattern]():   {response: hermes.Failed, cause: hermes.Malformed, leadingPlus: true},
	reflect.TypeFor[hermes.ScopeList](): {cause: hermes.Parameters, plusEntries: true},
	reflect.TypeFor[e164.Number](): {
		response: hermes.Failed, cause: hermes.Rejected, detail: "Not a valid E164 number", leadingPlus: true,
	},
}

// valueRuleOf returns the rule for t. A malformed value of a type without a rule is a bad
// parameter.
func valueRuleOf(t reflect.Type) valueRule {
	if rule, ok := valueRules[t]; ok {
		return rule
	}
	return valueRule{cause: hermes.Parameters}
}

// setValue parses text, which is not empty, into v.
func setValue(v reflect.Value, text string) error {
	switch x := v.Addr().Interface().(type) {
	case *sip.Addr: // a malformed one may be that of a row, which only the node can find out
		a, err := sip.ParseAny(text)
		*x = a
		return err
	case *time.Time:
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return fmt.Errorf("%.100q: want a time such as 2026-01-02T15:04:05Z", text)
		}
		*x = at.UTC()
		return nil
	case encoding.TextUnmarshaler:
		return x.UnmarshalText([]byte(text))
	}
	switch {
	case v.Kind() == reflect.String:
		v.SetString(text)
	case v.Kind() == reflect.Bool:
		return setBool(v, text)
	case v.CanInt():
		// Counts and ports begin at 1: the zero value means that the parameter is absent.
		n, err := strconv.ParseUint(text, 10, 62)
		if err != nil || n == 0 {
			return fmt.Errorf("%.100q: want a number, 1 or more", text)
		}
		v.SetInt(int64(n))
	case v.Kind() == reflect.Slice:
		return setList(v, text)
	default:
		return fmt.Errorf("no parameter can be of type %s", v.Type())
	}
	return nil
}

// setList parses a comma-separated list into v.
func setList(v reflect.Value, text string) error {
	list := reflect.Zero(v.Type())
	for part := range strings.SplitSeq(text, ",") {
		element := reflect.New(v.Type().Elem()).Elem()
		if err := setValue(element, part); err != nil {
			return err
		}
		list = reflect.Append(list, element)
	}
	v.Set(list)
	return nil
}

func setBool(v reflect.Value, text string) error {
	switch text {
	case "true", "1", "yes":
		v.SetBool(true)
	case "false", "0", "no":
		v.SetBool(false)
	default:
		return fmt.Errorf("%.100q: want true or false, 1 or 0, yes or no", text)
	}
	return nil
}
