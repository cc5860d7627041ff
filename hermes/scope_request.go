package hermes

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// What a request touches is known from the types and the names of its fields, so that a node stays
// within the scope of its actor without code of its own. The struct tag scope marks exceptions:
// "host" a [sip.Domain] that names a server rather than a domain of users, "narrowed" a [mac.Addr]
// of which the node shows only what is within the scope.

// scopeKind is how a field of a request is compared with a scope.
type scopeKind int

const (
	noScope          scopeKind = iota // the field names nothing that scopes are about
	unknownScope                      // a field that scopeKindOf does not know
	userScope                         // the address of a user
	aliasScope                        // the address of an alias
	destinationScope                  // an address to which an alias leads
	domainScope
	numberScope
	phoneScope
)

// scopeField is a field of a request type that is compared with the scope of the actor.
type scopeField struct {
	index int
	kind  scopeKind
	name  string // of the parameter
	bad   string // the response and the cause of a malformed value; empty for those of Malformed
}

// scopeFieldsOf returns the fields of a request type that are compared with scopes.
func scopeFieldsOf(t reflect.Type) []scopeField {
	var fields []scopeField
	for i := range t.NumField() {
		sf := t.Field(i)
		name, _, _ := strings.Cut(sf.Tag.Get("form"), ",")
		if kind := scopeKindOf(sf); kind != noScope {
			fields = append(fields, scopeField{index: i, kind: kind, name: strings.TrimSuffix(name, "*"), bad: sf.Tag.Get("bad")})
		}
	}
	return fields
}

// optional is implemented by every [Opt].
type optional interface{ get() (value any, set bool) }

// scopeKindOf returns the kind of a field, which may have an [Opt], a slice, or an Opt of a slice.
func scopeKindOf(sf reflect.StructField) scopeKind {
	t := sf.Type
	if t.Implements(reflect.TypeFor[optional]()) {
		t = t.Field(0).Type
	}
	if t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	kind := unknownScope
	switch t {
	case reflect.TypeFor[sip.Addr]():
		kind = addrKind(sf.Name)
	case reflect.TypeFor[sip.Domain]():
		kind = domainScope
	case reflect.TypeFor[e164.Number]():
		kind = numberScope
	case reflect.TypeFor[mac.Addr]():
		kind = phoneScope
	case reflect.TypeFor[string](), reflect.TypeFor[bool](), reflect.TypeFor[int](), reflect.TypeFor[int64](),
		reflect.TypeFor[time.Time](), reflect.TypeFor[Access](), reflect.TypeFor[Duration](), reflect.TypeFor[Pattern](), reflect.TypeFor[NumberState](),
		reflect.TypeFor[PublicKey](), reflect.TypeFor[ScopeList](), reflect.TypeFor[Secret]():
		kind = noScope
	}
	switch tag := sf.Tag.Get("scope"); {
	case tag == "":
		return kind
	case tag == "host" && kind == domainScope, tag == "narrowed" && kind == phoneScope:
		return noScope
	}
	return unknownScope
}

// addrKind returns the kind of a field with an address.
func addrKind(name string) scopeKind {
	switch name {
	case "User", "NewUser":
		return userScope
	case "Alias":
		return aliasScope
	case "Destination":
		return destinationScope
	}
	return unknownScope
}

// rangeRequest is a request about all numbers between two.
type rangeRequest interface {
	numbers() (first, last e164.Number)
}

// check is the part of precheck that follows [Client.Authorize].
func (c *Client) check(ctx context.Context, node string, req Request) error {
	if err := req.Check(); err != nil || c.actor.Scope.IsZero() {
		return err
	}
	err := c.checkScope(ctx, req)
	if e, ok := err.(*Error); ok && e.Cause == Forbidden {
		c.audit(ctx, node, "", err)
	}
	return err
}

// checkScope refuses a request that names something outside of the actor's scope. It asks the store
// for nothing but the users of a phone and whether Kamailio serves the domain of a destination, so
// that a refusal does not reveal what exists outside of the scope.
func (c *Client) checkScope(ctx context.Context, req Request) error {
	v := reflect.Indirect(reflect.ValueOf(req))
	fields, ok := c.scopeFields[v.Type()]
	if !ok {
		fields = scopeFieldsOf(v.Type())
	}
	var refused *Error
	for _, f := range fields {
		for _, value := range fieldValues(v.Field(f.index)) {
			// A malformed value comes before one outside of the scope.
			if err := c.checkScopeOf(f, value); refused == nil || err != nil && refused.Cause == Forbidden && err.Cause != Forbidden {
				refused = err
			}
		}
	}
	if refused != nil {
		return refused
	}
	if r, ok := req.(rangeRequest); ok {
		if first, last := r.numbers(); !c.actor.Scope.HasNumbers(first, last) {
			return outsideScope("numbers", first.String()+" to "+last.String())
		}
	}
	for _, f := range fields {
		for _, value := range fieldValues(v.Field(f.index)) {
			if err := c.lookUpScopeOf(ctx, f, value); err != nil {
				return err
			}
		}
	}
	return nil
}

// fieldValues returns the values in a field of a request: none if it is zero.
func fieldValues(v reflect.Value) []any {
	value, set := v.Interface(), !v.IsZero()
	if o, ok := value.(optional); ok {
		value, set = o.get()
	}
	if !set {
		return nil
	}
	v = reflect.ValueOf(value)
	if v.Kind() != reflect.Slice {
		return []any{value}
	}
	var values []any
	for i := range v.Len() {
		values = append(values, v.Index(i).Interface())
	}
	return values
}

// checkScopeOf refuses a value of the field f that is outside of the actor's scope, if that can be
// decided without the store.
func (c *Client) checkScopeOf(f scopeField, value any) *Error {
	s, within := c.actor.Scope, false
	switch value := value.(type) {
	case sip.Addr:
		switch f.kind {
		case userScope:
			within = s.HasDomain(value.Domain())
		case aliasScope:
			within = s.HasAlias(value) && s.HasAlias(normalAddr(value))
		case destinationScope:
			within = true // see lookUpScopeOf
		}
		if err := f.malformed(value); err != nil && !within {
			return err
		}
	case sip.Domain:
		within = f.kind == domainScope && s.HasDomain(value)
	case e164.Number:
		within = f.kind == numberScope && s.HasNumber(value)
	case mac.Addr:
		within = f.kind == phoneScope // see lookUpScopeOf
	}
	if within {
		return nil
	}
	return outsideScope(f.name, value)
}

// lookUpScopeOf refuses a value of the field f that is outside of the actor's scope, if that cannot
// be decided without the store.
func (c *Client) lookUpScopeOf(ctx context.Context, f scopeField, value any) error {
	switch value := value.(type) {
	case sip.Addr:
		if f.kind != destinationScope || c.actor.Scope.HasDomain(value.Domain()) {
			return nil
		}
		served, err := c.serves(ctx, c.store, lowerCase(value.Domain()))
		if err != nil || !served {
			return err
		}
		if err := f.malformed(value); err != nil {
			return err
		}
		return outsideScope(f.name, value)
	case mac.Addr:
		return c.needPhoneInScope(ctx, c.store, value)
	}
	return nil
}

// malformed returns the error of an address that is malformed, or nil.
func (f scopeField) malformed(a sip.Addr) *Error {
	err := checkNewAddr(f.name, a)
	if err == nil {
		return nil
	}
	e := asError(err)
	if response, cause, ok := strings.Cut(f.bad, "/"); ok {
		e.Response, e.Cause = Response(response), Cause(cause)
	}
	return e
}

// needPhoneInScope refuses a phone that has a user outside of the actor's scope.
func (c *Client) needPhoneInScope(ctx context.Context, s Store, m mac.Addr) error {
	if c.actor.Scope.Domains == "" {
		return nil
	}
	lines, err := s.PhoneLines(ctx, m)
	if err != nil {
		return err
	}
	return c.needLinesInScope(lines)
}

// needLinesInScope refuses a phone with lines of which one has a user outside of the actor's scope.
// A method that changes a phone calls it in its transaction, with [LockPhone].
func (c *Client) needLinesInScope(lines []Phone) error {
	for _, p := range lines {
		if !c.actor.Scope.HasDomain(p.User.Domain()) {
			return foreignPhone(p.MAC)
		}
	}
	return nil
}

func foreignPhone(m mac.Addr) *Error {
	return failed(Forbidden, "the phone %s has a user outside of the scope of this principal", m)
}

func outsideScope(name string, value any) *Error {
	return failed(Forbidden, "%s %.100q: outside of the scope of this principal", name, fmt.Sprint(value))
}
