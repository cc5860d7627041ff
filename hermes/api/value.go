package api

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// kind is how the values of a type are read and, where they are malformed, answered.
type kind struct {
	response hermes.Response
	cause    hermes.Cause
	detail   string // in place of the parser's own words
	plus     bool   // may begin with +
	standIn  any    // is put in place of a malformed value; nil: the zero value
}

var (
	addrType    = reflect.TypeFor[sip.Addr]()
	secretType  = reflect.TypeFor[hermes.Secret]()
	cookieType  = reflect.TypeFor[hermes.Cookie]()
	stringsType = reflect.TypeFor[[]string]()
)

// kinds are the types whose values name things; what is malformed in any other is a bad parameter.
var kinds = map[reflect.Type]kind{
	addrType:                          {hermes.Failed, hermes.Malformed, "", true, sip.Unchecked("", "-")},
	reflect.TypeFor[sip.Domain]():     {hermes.Failed, hermes.Malformed, "", false, sip.UncheckedDomain("-")},
	reflect.TypeFor[mac.Addr]():       {hermes.Failed, hermes.Malformed, "", false, mac.MustParse("000000000000")},
	reflect.TypeFor[hermes.Pattern](): {hermes.Failed, hermes.Malformed, "", true, nil},
	reflect.TypeFor[e164.Number]():    {hermes.Failed, hermes.Rejected, "Not a valid E164 number", true, e164.MustParse("+10")},
}

func kindOf(t reflect.Type) kind {
	if k, ok := kinds[t]; ok {
		return k
	}
	return kind{cause: hermes.Parameters}
}

// isOpt tells whether t is a hermes.Opt, whose fields are Value and Set.
func isOpt(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t.PkgPath() == secretType.PkgPath() && strings.HasPrefix(t.Name(), "Opt[")
}

// setValue reads text, which is not empty, into v.
func setValue(v reflect.Value, text string) error {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	switch {
	case v.Kind() == reflect.String:
		v.SetString(text)
	case v.Kind() == reflect.Bool:
		return setBool(v, text)
	case v.CanInt():
		return setInt(v, text)
	case v.Type() == stringsType:
		v.Set(reflect.ValueOf(strings.Split(text, ",")))
	default:
		return fmt.Errorf("no parameter can be of type %s", v.Type())
	}
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

// setInt reads a count or a port. All of them begin at 1: the zero value is for what is absent.
func setInt(v reflect.Value, text string) error {
	n, err := strconv.ParseUint(text, 10, 62)
	if err != nil || n == 0 {
		return fmt.Errorf("%.100q: want a number, 1 or more", text)
	}
	v.SetInt(int64(n))
	return nil
}

// textOf is setValue's inverse.
func textOf(v reflect.Value) (string, error) {
	switch x := v.Interface().(type) {
	case hermes.Secret:
		return x.Reveal(), nil
	case encoding.TextMarshaler:
		text, err := x.MarshalText()
		return string(text), err
	case []string:
		return strings.Join(x, ","), nil
	case string, bool, int, int64:
		return fmt.Sprint(x), nil
	}
	return "", errors.New("no parameter can be of type " + v.Type().String())
}
