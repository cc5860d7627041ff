package api

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/wire"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// schemas are the schemas of the structs in answers, by the name of the type, and that of failures.
type schemas map[string]any

// valueSchemas describe types that are one text in answers and parameters.
var valueSchemas = map[reflect.Type]object{
	reflect.TypeFor[sip.Addr]():    {"type": "string", "description": wire.About(reflect.TypeFor[sip.Addr]())},
	reflect.TypeFor[sip.Domain]():  {"type": "string", "description": wire.About(reflect.TypeFor[sip.Domain]())},
	reflect.TypeFor[e164.Number](): {"type": "string", "description": wire.About(reflect.TypeFor[e164.Number]())},
	reflect.TypeFor[mac.Addr]():    {"type": "string", "description": wire.About(reflect.TypeFor[mac.Addr]())},
	reflect.TypeFor[time.Time]():   {"type": "string", "format": "date-time"},
	secretType:                     {"type": "string", "format": "password"},
}

// of describes a type in answers.
func (s schemas) of(t reflect.Type) object {
	if schema, ok := valueSchemas[t]; ok {
		return schema
	}
	p := reflect.PointerTo(t)
	switch {
	case wire.IsOpt(t):
		return s.of(t.Field(0).Type)
	case t.Implements(reflect.TypeFor[list]()):
		return object{"type": "array", "items": s.of(wire.EntryType(t))}
	case p.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return object{"type": "string"}
	case p.Implements(reflect.TypeFor[json.Marshaler]()):
		return object{}
	}
	switch t.Kind() {
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return object{"type": "integer"}
	case reflect.Slice:
		return object{"type": "array", "items": s.of(t.Elem())}
	case reflect.Struct:
		return s.reference(t)
	}
	return object{}
}

// reference describes a struct under its name, and returns what refers to that.
func (s schemas) reference(t reflect.Type) object {
	if _, ok := s[t.Name()]; !ok {
		s[t.Name()] = nil // a struct that contains itself ends here
		properties, required := s.members(t)
		schema := object{"type": "object", "properties": properties}
		if len(required) > 0 {
			schema["required"] = required
		}
		s[t.Name()] = schema
	}
	return object{"$ref": "#/components/schemas/" + t.Name()}
}

// members describes the members of a struct, and returns the names of those that are always there.
func (s schemas) members(t reflect.Type) (properties object, required []string) {
	properties = object{}
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		properties[name] = s.of(f.Type)
		if options == "" {
			required = append(required, name)
		}
	}
	return properties, required
}

// parameterSchema describes the parameter of a type: its text, and what it means.
func parameterSchema(t reflect.Type) (schema object, about string) {
	if wire.IsOpt(t) {
		return parameterSchema(t.Field(0).Type)
	}
	about = wire.About(t)
	schema = object{"type": "string"}
	if value, ok := valueSchemas[t]; ok {
		if format, ok := value["format"]; ok {
			schema["format"] = format
		}
		return schema, about
	}
	switch {
	case t == reflect.TypeFor[hermes.Pattern]():
		schema["maxLength"] = 64
	case reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
	case t.Kind() == reflect.Bool:
		return boolParameter(), about
	case t.Kind() == reflect.Int, t.Kind() == reflect.Int64:
		return object{"type": "integer", "minimum": 1}, about
	}
	return schema, about
}

func boolParameter() object {
	return object{"type": "string", "enum": []string{"true", "false", "yes", "no", "1", "0"}}
}
