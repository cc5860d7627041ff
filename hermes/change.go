package hermes

import (
	"context"
	"reflect"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// change runs fn in one transaction, that of Client.Tx if there is one, and writes the audit entry
// of what fn has changed in the same transaction. It is the only way to change what the API shows.
// locks are what fn decides about. req is the request to the node, or nil; where fn replaces an
// address in it by that of the row that it names, req is a pointer to it.
func (c *Client) change(ctx context.Context, node string, req any, locks []Lock, fn func(Store) error) error {
	return c.changeIn(ctx, node, req, &TxOptions{Locks: locks}, fn)
}

// changeIn is change with more options.
func (c *Client) changeIn(ctx context.Context, node string, req any, opts *TxOptions, fn func(Store) error) error {
	if err := c.call.refuse(); err != nil {
		return c.changed(err)
	}
	return c.changed(c.store.Tx(ctx, opts, func(s Store) error {
		r := newRecorder(s, c.samePassword)
		if err := fn(r); err != nil {
			return err
		}
		return c.addAuditEntry(ctx, s, node, &r.log, req)
	}))
}

// changeNamed is change for fn that looks for the row that a names, and then makes one change that
// decides by itself. There is nothing to look for if a is well-formed, and fn needs no lock then.
func (c *Client) changeNamed(ctx context.Context, node string, req any, a sip.Addr, fn func(Store) error) error {
	if a.Valid() {
		return c.change(ctx, node, req, nil, fn)
	}
	return c.change(ctx, node, req, []Lock{LockAddr(a)}, fn)
}

// changed returns the error of a change. If it is not nil, the transaction of Client.Tx, if there
// is one, will be rolled back.
func (c *Client) changed(err error) error {
	if err != nil && c.tx != nil && c.tx.failed == nil {
		c.tx.failed = err
	}
	return err
}

// addAuditEntry stores the entry of a change, unless nothing has changed.
func (c *Client) addAuditEntry(ctx context.Context, s Store, node string, log *changeLog, req any) error {
	text, changed := log.entry(log.named(req))
	if !changed {
		return nil
	}
	e := AuditEntry{
		At: c.now(), Principal: c.actor.auditPrincipal(), Remote: remoteText(c.actor), Request: c.call.RequestID,
		Node: node, Subject: text.subject, Also: text.also, Changes: text.changes,
	}
	if err := c.signAudit(&e); err != nil {
		return err
	}
	return s.AddAuditEntry(ctx, e)
}

// auditPrincipal returns the principal for an audit entry. An embedder's actor without a kind is
// the program.
func (a Actor) auditPrincipal() Principal {
	p := a.Principal
	setDefault(&p.Kind, ProgramPrincipal)
	return p
}

// named returns the first address, phone, number or domain that a request names in the order of its
// fields, as the entry shows it, or "" if it names none.
func (l *changeLog) named(req any) string {
	v := reflect.Indirect(reflect.ValueOf(req))
	if !v.IsValid() {
		return ""
	}
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			continue
		}
		switch f := v.Field(i).Interface().(type) {
		case sip.Addr:
			if named := addrText(f); l.touches(named) {
				return named
			}
			return addrText(normalAddr(f))
		case mac.Addr:
			return f.String()
		case e164.Number:
			return f.String()
		case sip.Domain:
			return domainText(f)
		}
	}
	return ""
}
