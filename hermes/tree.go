package hermes

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/hermes-voip/go-hermes/sip"
)

// A tree is a request or a response as a value that encoding/json writes and reads: a struct is a
// map of its exported fields, a slice is a []any or nil. Unlike what the type itself marshals to,
// it has the texts of secrets, and whatever another program wrote as an address.

// exactText is the text of a value as it is, which encoding/json writes in base64.
type exactText []byte

// treeOf returns the tree of a value. It fails for a type that no request or response needs.
func treeOf(v reflect.Value) (any, error) {
	switch x := v.Interface().(type) {
	case Secret:
		return exactText(x.reveal()), nil
	case sip.Addr:
		return []exactText{exactText(x.User()), exactText(x.Domain().String())}, nil
	case sip.Domain:
		return exactText(x.String()), nil
	case encoding.TextMarshaler:
		text, err := x.MarshalText()
		return string(text), err
	}
	switch v.Kind() {
	case reflect.Bool, reflect.Int, reflect.Int64, reflect.String:
		return v.Interface(), nil
	case reflect.Slice:
		return treeOfSlice(v)
	case reflect.Struct:
		fields := map[string]any{}
		for i := range v.NumField() {
			name := v.Type().Field(i).Name
			tree, err := treeOf(v.Field(i))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			fields[name] = tree
		}
		return fields, nil
	}
	return nil, fmt.Errorf("no tree has a %s", v.Type())
}

func treeOfSlice(v reflect.Value) (any, error) {
	if v.IsNil() {
		return nil, nil
	}
	elements := make([]any, v.Len())
	for i := range elements {
		var err error
		if elements[i], err = treeOf(v.Index(i)); err != nil {
			return nil, err
		}
	}
	return elements, nil
}

// setTree sets v, which must be zero and settable, to the value of which tree is the JSON. Fields
// that the tree lacks stay zero, and those that v lacks are ignored: another version of this
// program may have written it.
func setTree(v reflect.Value, tree json.RawMessage) error {
	switch x := v.Addr().Interface().(type) {
	case *Secret:
		text, err := readTree[exactText](tree)
		*x = NewSecret(string(text))
		return err
	case *sip.Addr:
		parts, err := readTree[[]exactText](tree)
		if err != nil || len(parts) != 2 {
			return errors.Join(err, fmt.Errorf("an address of %d parts", len(parts)))
		}
		*x = sip.Unchecked(string(parts[0]), string(parts[1]))
		return nil
	case *sip.Domain:
		name, err := readTree[exactText](tree)
		*x = sip.UncheckedDomain(string(name))
		return err
	case encoding.TextUnmarshaler:
		text, err := readTree[string](tree)
		if err != nil || text == "" { // the zero value of some types, which refuse its text
			return err
		}
		return x.UnmarshalText([]byte(text))
	}
	switch v.Kind() {
	case reflect.Slice:
		return setSliceTree(v, tree)
	case reflect.Struct:
		fields, err := readTree[map[string]json.RawMessage](tree)
		if err != nil {
			return err
		}
		for i := range v.NumField() {
			name := v.Type().Field(i).Name
			if field, ok := fields[name]; ok {
				if err := setTree(v.Field(i), field); err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
			}
		}
		return nil
	}
	return json.Unmarshal(tree, v.Addr().Interface())
}

func setSliceTree(v reflect.Value, tree json.RawMessage) error {
	elements, err := readTree[[]json.RawMessage](tree)
	if err != nil || elements == nil {
		return err
	}
	v.Set(reflect.MakeSlice(v.Type(), len(elements), len(elements)))
	for i, e := range elements {
		if err := setTree(v.Index(i), e); err != nil {
			return err
		}
	}
	return nil
}

func readTree[T any](tree json.RawMessage) (v T, err error) {
	err = json.Unmarshal(tree, &v)
	return v, err
}
