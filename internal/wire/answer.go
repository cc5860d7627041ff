package wire

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/hermes-voip/go-hermes/sip"
)

// TextField returns the index of the field that is the whole answer, as plain text, or -1 if the
// answer of type t is a JSON object.
func TextField(t reflect.Type) int {
	for i := range t.NumField() {
		if t.Field(i).Tag.Get("wire") == "text" {
			return i
		}
	}
	return -1
}

// HasMember reports whether the response struct t has a member of that name.
func HasMember(t reflect.Type, name string) bool {
	return slices.ContainsFunc(membersOf(t), func(m member) bool { return m.name == name })
}

// memberName returns the name of the member that a field is, or "" if it is none.
func memberName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "-" {
		return ""
	}
	return name
}

// Decode sets *v, a pointer to a zero response or to a part of one, to what a JSON text says.
// Unlike encoding/json it takes addresses and domains that another program wrote into Kamailio's
// tables: what a list shows names that row in a request. Members that the type lacks are ignored,
// since the server may be newer. Errors do not repeat the text.
func Decode(text []byte, v any) error {
	into := reflect.ValueOf(v).Elem()
	return decoderOf(into.Type())(text, into)
}

// A decoder sets v to what a JSON text says.
type decoder func(text json.RawMessage, v reflect.Value) error

func decoderOf(t reflect.Type) decoder {
	switch {
	case t == reflect.TypeFor[sip.Addr]():
		return decodeAddr
	case t == reflect.TypeFor[sip.Domain]():
		return decodeDomain
	case IsOpt(t):
		return optDecoder(t)
	case t.Kind() == reflect.Slice:
		return sliceDecoder(t)
	case t.Kind() == reflect.Struct && len(membersOf(t)) > 0:
		return structDecoder(t)
	}
	return func(text json.RawMessage, v reflect.Value) error {
		return hide(json.Unmarshal(text, v.Addr().Interface()), v)
	}
}

// hide returns an error without the text of err, which may quote what was read.
func hide(err error, v reflect.Value) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("want a %s", v.Type())
}

func read[T any](text json.RawMessage) (v T, err error) {
	err = json.Unmarshal(text, &v)
	return v, hide(err, reflect.ValueOf(&v).Elem())
}

func decodeAddr(text json.RawMessage, v reflect.Value) error {
	s, err := read[string](text)
	if err != nil || s == "" {
		return err
	}
	a, err := sip.ParseAny(s)
	v.Set(reflect.ValueOf(a))
	return hide(err, v)
}

func decodeDomain(text json.RawMessage, v reflect.Value) error {
	s, err := read[string](text)
	v.Set(reflect.ValueOf(sip.UncheckedDomain(sip.Unspell(s))))
	return err
}

func optDecoder(t reflect.Type) decoder {
	value, _ := t.FieldByName("Value")
	set, _ := t.FieldByName("Set")
	decode := decoderOf(value.Type)
	return func(text json.RawMessage, v reflect.Value) error {
		v.FieldByIndex(set.Index).SetBool(true)
		return decode(text, v.FieldByIndex(value.Index))
	}
}

func sliceDecoder(t reflect.Type) decoder {
	decode := decoderOf(t.Elem())
	return func(text json.RawMessage, v reflect.Value) error {
		elements, err := read[[]json.RawMessage](text)
		if err != nil || elements == nil {
			return err
		}
		v.Set(reflect.MakeSlice(t, len(elements), len(elements)))
		for i, e := range elements {
			if err := decode(e, v.Index(i)); err != nil {
				return fmt.Errorf("%d: %w", i, err)
			}
		}
		return nil
	}
}

// member is a field of a struct that is a member of the JSON object.
type member struct {
	name   string
	index  []int
	decode decoder
}

// membersOf returns the members of a struct, without their decoders. The fields of a time or of a
// secret are no members.
func membersOf(t reflect.Type) []member {
	var members []member
	for _, f := range reflect.VisibleFields(t) {
		if name := memberName(f); name != "" {
			members = append(members, member{name: name, index: f.Index})
		}
	}
	return members
}

func structDecoder(t reflect.Type) decoder {
	members := membersOf(t)
	for i := range members {
		members[i].decode = decoderOf(t.FieldByIndex(members[i].index).Type)
	}
	return func(text json.RawMessage, v reflect.Value) error {
		object, err := read[map[string]json.RawMessage](text)
		if err != nil {
			return err
		}
		for _, m := range members {
			value, ok := object[m.name]
			if !ok || string(value) == "null" {
				continue
			}
			if err := m.decode(value, v.FieldByIndex(m.index)); err != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
		}
		return nil
	}
}
