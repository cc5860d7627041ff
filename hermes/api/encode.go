package api

import (
	"bytes"
	"encoding"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/wire"
)

// An encoder appends v, which must be addressable, to b as JSON. Unlike encoding/json it reveals
// secrets: the client that receives the answer is the one for whom they are meant.
type encoder func(b []byte, v reflect.Value) ([]byte, error)

var encoders sync.Map // reflect.Type → encoder

// encoderOf returns the encoder of t, which is made once.
func encoderOf(t reflect.Type) encoder {
	if e, ok := encoders.Load(t); ok {
		return e.(encoder)
	}
	e, _ := encoders.LoadOrStore(t, newEncoder(t))
	return e.(encoder)
}

func newEncoder(t reflect.Type) encoder {
	p := reflect.PointerTo(t)
	switch {
	case t == secretType:
		return encodeSecret
	case wire.IsOpt(t):
		return newOptEncoder(t)
	case p.Implements(reflect.TypeFor[encoding.TextAppender]()) && !p.Implements(reflect.TypeFor[json.Marshaler]()):
		return encodeText
	case p.Implements(reflect.TypeFor[json.Marshaler]()) || p.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return encodeStandard
	}
	switch t.Kind() {
	case reflect.String:
		return func(b []byte, v reflect.Value) ([]byte, error) { return appendString(b, v.String()), nil }
	case reflect.Int, reflect.Int64:
		return func(b []byte, v reflect.Value) ([]byte, error) { return strconv.AppendInt(b, v.Int(), 10), nil }
	case reflect.Slice:
		return newSliceEncoder(t)
	case reflect.Struct:
		return newStructEncoder(t)
	}
	return encodeStandard
}

func encodeSecret(b []byte, v reflect.Value) ([]byte, error) {
	return appendString(b, v.Addr().Interface().(*hermes.Secret).Reveal()), nil
}

// encodeText appends the text directly to b. Only if characters in it must be escaped, it encodes
// the text once more.
func encodeText(b []byte, v reflect.Value) ([]byte, error) {
	start := len(b)
	b, err := v.Addr().Interface().(encoding.TextAppender).AppendText(append(b, '"'))
	if err != nil {
		return b, err
	}
	if text := b[start+1:]; !isPlain(text) {
		return appendString(b[:start], string(text)), nil
	}
	return append(b, '"'), nil
}

// isPlain reports whether s needs no escapes in a JSON string.
func isPlain[T string | []byte](s T) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

func appendString(b []byte, s string) []byte {
	if isPlain(s) {
		b = append(b, '"')
		b = append(b, s...)
		return append(b, '"')
	}
	b, _ = appendStandard(b, s)
	return b
}

func encodeStandard(b []byte, v reflect.Value) ([]byte, error) {
	return appendStandard(b, v.Interface())
}

// appendStandard appends v as encoding/json encodes it.
func appendStandard(b []byte, v any) ([]byte, error) {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return append(b, bytes.TrimSuffix(buf.Bytes(), []byte("\n"))...), err
}

func newOptEncoder(t reflect.Type) encoder {
	value, _ := t.FieldByName("Value")
	encode := encoderOf(value.Type)
	return func(b []byte, v reflect.Value) ([]byte, error) { return encode(b, v.FieldByIndex(value.Index)) }
}

func newSliceEncoder(t reflect.Type) encoder {
	encode := encoderOf(t.Elem())
	return func(b []byte, v reflect.Value) (_ []byte, err error) {
		b = append(b, '[')
		for i := range v.Len() {
			if i > 0 {
				b = append(b, ',')
			}
			if b, err = encode(b, v.Index(i)); err != nil {
				return b, err
			}
		}
		return append(b, ']'), nil
	}
}

func newStructEncoder(t reflect.Type) encoder {
	members := membersOf(t)
	return func(b []byte, v reflect.Value) ([]byte, error) {
		b, err := appendMembers(append(b, '{'), members, v)
		return append(b, '}'), err
	}
}

// member is a field of a struct that is a member of the JSON object.
type member struct {
	index     []int  // of more than one field if it is in an embedded struct
	key       string // with quotes and colon
	omitEmpty bool   // leave the member out if it is zero or an empty slice
	encode    encoder
}

// membersOf returns the fields of t, and of the structs that it embeds, that have a json tag with a
// name.
func membersOf(t reflect.Type) []member {
	var members []member
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name != "" && name != "-" {
			members = append(members, member{
				index: f.Index, key: `"` + name + `":`, omitEmpty: options != "", encode: encoderOf(f.Type),
			})
		}
	}
	return members
}

// appendMembers appends the members of a struct to the beginning of an object.
func appendMembers(b []byte, members []member, object reflect.Value) (_ []byte, err error) {
	for _, m := range members {
		v := object.FieldByIndex(m.index)
		if m.omitEmpty && (v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0) {
			continue
		}
		if b, err = m.encode(appendKey(b, m.key), v); err != nil {
			return b, err
		}
	}
	return b, nil
}

// appendKey appends the key of an object's member, and the comma before it unless it is the first.
func appendKey(b []byte, key string) []byte {
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	return append(b, key...)
}
