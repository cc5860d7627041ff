package hermes

import (
	"context"
	"encoding/base64"
)

// AddCredential implements [Store].
func (r *recorder) AddCredential(ctx context.Context, c Credential) error {
	err := r.Store.AddCredential(ctx, c)
	if err == nil {
		r.notePrincipal(userPrincipal(c.User), nil, nameFields(userPrincipal(c.User)))
		r.notePassword(c.User)
	}
	return err
}

// SetCredential implements [Store].
func (r *recorder) SetCredential(ctx context.Context, c Credential) error {
	err := r.Store.SetCredential(ctx, c)
	if err == nil {
		r.notePassword(c.User)
	}
	return err
}

// RemoveCredential implements [Store].
func (r *recorder) RemoveCredential(ctx context.Context, user string) error {
	err := r.Store.RemoveCredential(ctx, user)
	if err == nil {
		r.notePrincipal(userPrincipal(user), nameFields(userPrincipal(user)), nil)
		r.notePassword(user)
	}
	return err
}

// notePassword notes that the password of an API user has changed.
func (r *recorder) notePassword(user string) {
	r.log.noteField(principalKind(userPrincipal(user)), user, "password", "", secretChanged)
}

// notePrincipal notes a user or a key of the API, of which the credential, the key and the
// authorization are parts.
func (r *recorder) notePrincipal(p Principal, before, after []field) {
	r.log.note(principalKind(p), p.Name, before, after)
}

func principalKind(p Principal) string { return principalRecord + " " + string(p.Kind) }

// nameFields returns the field with the name of a principal: user or key.
func nameFields(p Principal) []field { return []field{{string(p.Kind), p.Name}} }

// Authorization implements [Store].
func (r *recorder) Authorization(ctx context.Context, p Principal) (Authorization, error) {
	return r.rights.read(p, func() (Authorization, error) { return r.Store.Authorization(ctx, p) })
}

// SetAuthorization implements [Store]. A change of the Epoch alone is none.
func (r *recorder) SetAuthorization(ctx context.Context, a Authorization) error {
	before, found, err := r.oldAuthorization(ctx, a.Principal)
	if err != nil {
		return err
	}
	if err := r.Store.SetAuthorization(ctx, a); err != nil {
		return err
	}
	r.rights.set(a.Principal, a)
	r.notePrincipal(a.Principal, fieldsIf(found, authorizationFields(before)), authorizationFields(a))
	return nil
}

// RemoveAuthorization implements [Store].
func (r *recorder) RemoveAuthorization(ctx context.Context, p Principal) error {
	before, found, err := r.oldAuthorization(ctx, p)
	if err != nil {
		return err
	}
	if err := r.Store.RemoveAuthorization(ctx, p); err != nil {
		return err
	}
	r.rights.forget(p)
	r.notePrincipal(p, fieldsIf(found, authorizationFields(before)), nil)
	return nil
}

func (r *recorder) oldAuthorization(ctx context.Context, p Principal) (Authorization, bool, error) {
	return r.rights.old(p, func() (Authorization, error) { return r.Store.Authorization(ctx, p) })
}

func authorizationFields(a Authorization) []field {
	return append(nameFields(a.Principal), field{"access", a.Access.String()},
		field{"domains", a.Scope.Domains}, field{"numbers", a.Scope.Numbers}, field{"nodes", a.Scope.Nodes})
}

// Key implements [Store].
func (r *recorder) Key(ctx context.Context, id string) (Key, error) {
	return r.keys.read(id, func() (Key, error) { return r.Store.Key(ctx, id) })
}

// AddKey implements [Store].
func (r *recorder) AddKey(ctx context.Context, k Key) error {
	err := r.Store.AddKey(ctx, k)
	if err == nil {
		r.keys.set(k.ID, k)
		r.notePrincipal(keyPrincipal(k.ID), nil, keyFields(k))
	}
	return err
}

// RemoveKey implements [Store].
func (r *recorder) RemoveKey(ctx context.Context, id string) error {
	before, found, err := r.keys.old(id, func() (Key, error) { return r.Store.Key(ctx, id) })
	if err != nil {
		return err
	}
	if err := r.Store.RemoveKey(ctx, id); err != nil {
		return err
	}
	r.keys.forget(id)
	r.notePrincipal(keyPrincipal(id), fieldsIf(found, keyFields(before)), nil)
	return nil
}

// keyFields returns the fields of a key that are no secrets, but for the times at which it was made
// and used.
func keyFields(k Key) []field {
	return append(nameFields(keyPrincipal(k.ID)),
		field{"host", k.Host}, field{"comment", k.Comment}, field{"created_by", k.CreatedBy},
		field{"expires", timeText(k.Expires)}, field{"pubkey", base64.StdEncoding.EncodeToString([]byte(k.PublicKey))})
}
