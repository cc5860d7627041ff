package hermes

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// filler sets values to what is not zero, each to another one if its type has enough of them.
type filler struct {
	t *testing.T
	n int
}

func (f *filler) fill(v reflect.Value) {
	f.t.Helper()
	f.n++
	odd := fmt.Sprintf("text %d \x00\xff\"ø", f.n)
	switch x := v.Addr().Interface().(type) {
	case *Secret:
		*x = NewSecret(odd)
	case *sip.Addr:
		*x = sip.Unchecked(odd, odd)
	case *sip.Domain:
		*x = sip.UncheckedDomain(odd)
	case *e164.Number:
		*x = e164.MustParse(fmt.Sprintf("+4773%06d", f.n))
	case *mac.Addr:
		*x = mac.MustParse(fmt.Sprintf("0011%08x", f.n))
	case *time.Time:
		*x = time.Date(2026, 1, 2, 3, 4, 5, f.n*1000, time.UTC)
	case *Duration:
		*x = Duration(time.Duration(f.n) * time.Second)
	case *Pattern:
		p, err := ParsePattern(fmt.Sprintf("a*%d", f.n))
		if err != nil {
			f.t.Fatal(err)
		}
		*x = p
	case *Access:
		*x = FullRead
	default:
		f.fillKind(v)
	}
}

func (f *filler) fillKind(v reflect.Value) {
	f.t.Helper()
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(1<<62 + int64(f.n))
	case reflect.String:
		v.SetString(fmt.Sprintf("text %d \"ø<&", f.n))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			f.fill(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f.fill(v.Field(i))
		}
	default:
		f.t.Fatalf("a request or a response has a %s: teach treeOf, setTree, hideSecrets and this test what that is", v.Type())
	}
}

// emptySlices makes the slices of a struct empty, which is not nil.
func emptySlices(v reflect.Value) {
	switch v.Kind() {
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				emptySlices(v.Field(i))
			}
		}
	}
}

// eachKeptType calls check for the request and the response of each node that takes options.
func eachKeptType(t *testing.T, check func(t *testing.T, v reflect.Type)) {
	t.Helper()
	for _, n := range Nodes() {
		if !n.TakesOptions() {
			continue
		}
		name := ""
		for word := range strings.FieldsFuncSeq(n.Path, func(r rune) bool { return r == '/' || r == '_' }) {
			name += strings.ToUpper(word[:1]) + word[1:]
		}
		m, ok := reflect.TypeFor[*Client]().MethodByName(name)
		if !ok {
			t.Fatalf("there is no method %s", name)
		}
		for _, v := range []reflect.Type{m.Type.In(2), m.Type.Out(0)} {
			t.Run(v.Name(), func(t *testing.T) { check(t, v) })
		}
	}
}

// A request and a response come back from a tree as they were, whatever is in them.
func TestTreeOf(t *testing.T) {
	t.Parallel()
	exact := cmp.Exporter(func(reflect.Type) bool { return true })
	eachKeptType(t, func(t *testing.T, typ reflect.Type) {
		for name, prepare := range map[string]func(v reflect.Value){
			"zero":         func(reflect.Value) {},
			"filled":       (&filler{t: t}).fill,
			"empty slices": emptySlices,
		} {
			v := reflect.New(typ).Elem()
			prepare(v)
			tree, err := treeOf(v)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			text, err := json.Marshal(tree)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			back := reflect.New(typ).Elem()
			if err := setTree(back, text); err != nil {
				t.Fatalf("%s: %v: %s", name, err, text)
			}
			if diff := cmp.Diff(v.Interface(), back.Interface(), exact); diff != "" {
				t.Errorf("%s (-was +came back)\n%s", name, diff)
			}
		}
	})
}

// A tree that another version of the program has written can be read.
func TestSetTree_otherVersion(t *testing.T) {
	t.Parallel()
	res := UserRemoveResponse{}
	if err := setTree(reflect.ValueOf(&res).Elem(), []byte(`{"Gone": 1}`)); err != nil || res != (UserRemoveResponse{}) {
		t.Errorf("got %+v, %v, want the zero value", res, err)
	}
	for _, text := range []string{`1`, `{"User": "x"}`, `{"User": ["YQ=="]}`, `{"User": null}`, ``} {
		if err := setTree(reflect.ValueOf(&res).Elem(), []byte(text)); err == nil {
			t.Errorf("%q: got no error", text)
		}
	}
}

func TestHideSecrets(t *testing.T) {
	t.Parallel()
	eachKeptType(t, func(t *testing.T, typ reflect.Type) {
		v, want := reflect.New(typ).Elem(), reflect.New(typ).Elem()
		(&filler{t: t}).fill(v)
		(&filler{t: t}).fill(want)
		hideSecrets(v)
		tree, err := treeOf(v)
		if err != nil {
			t.Fatal(err)
		}
		if secrets := countSecrets(v); secrets != 0 {
			t.Errorf("%d secrets are left in %v", secrets, tree)
		}
		if countSecrets(want) == 0 && !reflect.DeepEqual(v.Interface(), want.Interface()) {
			t.Errorf("without secrets, %v was changed to %v", want, v)
		}
	})
}

// countSecrets returns how many secrets are not zero, or present, in v.
func countSecrets(v reflect.Value) (n int) {
	switch x := v.Interface().(type) {
	case Secret:
		if !x.IsZero() {
			n++
		}
		return n
	case Opt[Secret]:
		if x.Set {
			n++
		}
		return n
	}
	switch v.Kind() {
	case reflect.Slice:
		for i := range v.Len() {
			n += countSecrets(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				n += countSecrets(v.Field(i))
			}
		}
	}
	return n
}
