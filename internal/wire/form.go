package wire

import (
	"encoding"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strings"

	"github.com/hermes-voip/go-hermes/hermes"
)

// Param is a parameter that a field of a request struct is sent as.
type Param struct {
	Field reflect.StructField
	Index int // of the field
	Name  string
	// User and Domain are the parameters for the two halves of an address, or both empty.
	User, Domain string
	Required     bool
	Optional     bool         // the type is a [hermes.Opt], in which absent and empty differ
	Type         reflect.Type // of the value: of an Opt, that of its value
}

// Params returns the parameters of a request struct.
func Params(t reflect.Type) []Param {
	var params []Param
	for i := range t.NumField() {
		field := t.Field(i)
		name, option, _ := strings.Cut(field.Tag.Get("form"), ",")
		if name == "" || name == "-" {
			continue
		}
		p := Param{Field: field, Index: i, Required: option == "required", Type: field.Type}
		name, halves := strings.CutSuffix(name, "*")
		p.Name = name
		switch {
		case halves && name == "user":
			p.User, p.Domain = "username", "domain"
		case halves:
			p.User, p.Domain = name+"_username", name+"_domain"
		}
		if p.Optional = IsOpt(p.Type); p.Optional {
			p.Type = p.Type.Field(0).Type
		}
		params = append(params, p)
	}
	return params
}

// IsOpt reports whether t is a [hermes.Opt], whose fields are Value and Set.
func IsOpt(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t.PkgPath() == secretType.PkgPath() && strings.HasPrefix(t.Name(), "Opt[")
}

var secretType = reflect.TypeFor[hermes.Secret]()

// Encode returns the parameters that a client sends for req, a request struct or a pointer to one.
// It does not check values. The result reveals the secrets in req.
func Encode(req any) (url.Values, error) {
	v := reflect.Indirect(reflect.ValueOf(req))
	values := url.Values{}
	for _, p := range Params(v.Type()) {
		field := v.Field(p.Index)
		if field.IsZero() {
			continue
		}
		if p.Optional {
			field = field.FieldByName("Value")
		}
		text := ""
		if !field.IsZero() {
			var err error
			if text, err = formatValue(field); err != nil {
				return nil, err
			}
		}
		values.Set(p.Name, text)
	}
	return values, nil
}

// formatValue returns the text of a parameter.
func formatValue(v reflect.Value) (string, error) {
	switch x := v.Interface().(type) {
	case hermes.Secret:
		return x.Reveal(), nil
	case encoding.TextMarshaler:
		text, err := x.MarshalText()
		return string(text), err
	case string, bool, int, int64, hermes.ScopeList, hermes.NumberState:
		return fmt.Sprint(x), nil
	}
	if v.Kind() == reflect.Slice {
		return formatList(v)
	}
	return "", errors.New("no parameter can be of type " + v.Type().String())
}

func formatList(v reflect.Value) (string, error) {
	parts := make([]string, v.Len())
	for i := range parts {
		var err error
		if parts[i], err = formatValue(v.Index(i)); err != nil {
			return "", err
		}
	}
	return strings.Join(parts, ","), nil
}
