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
)

// An encoder appends v, which is addressable, as JSON. Unlike encoding/json it reveals
// secrets: what it writes goes to the client whose they are.
type encoder func(b []byte, v reflect.Value) ([]byte, error)

// encoders are made once a type.
var encoders sync.Map // reflect.Type → encoder

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
	case isOpt(t):
		return optEncoder(t)
	case p.Implements(reflect.TypeFor[encoding.TextAppender]()) && !p.Implements(reflect.TypeFor[json.Marshaler]()):
		return encodeText
	case p.Implements(reflect.TypeFor[json.Marshaler]()) || p.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return encodeOther
	}
	switch t.Kind() {
	case reflect.String:
		return func(b []byte, v reflect.Value) ([]byte, error) { return appendString(b, v.String()), nil }
	case reflect.Int, reflect.Int64:
		return func(b []byte, v reflect.Value) ([]byte, error) { return strconv.AppendInt(b, v.Int(), 10), nil }
	case reflect.Slice:
		return sliceEncoder(t)
	case reflect.Struct:
		return structEncoder(t)
	}
	return encodeOther
}

func encodeSecret(b []byte, v reflect.Value) ([]byte, error) {
	return appendString(b, v.Addr().Interface().(*hermes.Secret).Reveal()), nil
}

// encodeText writes the text in place, and quotes it again where that was not plain.
func encodeText(b []byte, v reflect.Value) ([]byte, error) {
	start := len(b)
	b, err := v.Addr().Interface().(encoding.TextAppender).AppendText(append(b, '"'))
	if err != nil {
		return b, err
	}
	if text := b[start+1:]; !plainText(text) {
		return appendString(b[:start], string(text)), nil
	}
	return append(b, '"'), nil
}

// plainText tells whether s stands for itself in a JSON string.
func plainText[T string | []byte](s T) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

func appendString(b []byte, s string) []byte {
	if plainText(s) {
		b = append(b, '"')
		b = append(b, s...)
		return append(b, '"')
	}
	b, _ = appendOther(b, s)
	return b
}

func encodeOther(b []byte, v reflect.Value) ([]byte, error) { return appendOther(b, v.Interface()) }

// appendOther leaves it to encoding/json.
func appendOther(b []byte, v any) ([]byte, error) {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return append(b, bytes.TrimSuffix(buf.Bytes(), []byte("\n"))...), err
}

func optEncoder(t reflect.Type) encoder {
	value, _ := t.FieldByName("Value")
	encode := encoderOf(value.Type)
	return func(b []byte, v reflect.Value) ([]byte, error) { return encode(b, v.FieldByIndex(value.Index)) }
}

func sliceEncoder(t reflect.Type) encoder {
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

// member is a field of a struct as JSON has it.
type member struct {
	index  int
	key    string // "name":
	omit   bool   // where it is zero or empty
	encode encoder
}

func members(t reflect.Type) (all []member) {
	for i := range t.NumField() {
		name, options, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name != "" && name != "-" {
			all = append(all, member{i, `"` + name + `":`, options != "", encoderOf(t.Field(i).Type)})
		}
	}
	return all
}

// appendTo writes the member, with a comma before it unless it is the object's first.
func (m member) appendTo(b []byte, object reflect.Value) ([]byte, error) {
	v := object.Field(m.index)
	if m.omit && (v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0) {
		return b, nil
	}
	return m.encode(appendKey(b, m.key), v)
}

func appendKey(b []byte, key string) []byte {
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	return append(b, key...)
}

func structEncoder(t reflect.Type) encoder {
	all := members(t)
	return func(b []byte, v reflect.Value) (_ []byte, err error) {
		b = append(b, '{')
		for _, m := range all {
			if b, err = m.appendTo(b, v); err != nil {
				return b, err
			}
		}
		return append(b, '}'), nil
	}
}
