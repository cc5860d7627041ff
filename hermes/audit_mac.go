package hermes

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"sync"
)

// fields are bytes that have the values of a record one after the other, each text with its length
// before it, so that different records never give the same bytes.
type fields []byte

func (f fields) number(n int64) fields { return binary.BigEndian.AppendUint64(f, uint64(n)) }

func (f fields) text(s string) fields { return append(f.number(int64(len(s))), s...) }

func (f fields) texts(all ...string) fields {
	for _, s := range all {
		f = f.text(s)
	}
	return f
}

// The first field of what is authenticated says what it is, so that nothing is taken for another
// thing.
const (
	auditEntryFields  = "hermes/audit_entry/v1"
	auditLinkFields   = "hermes/audit_link/v1"
	auditSealFields   = "hermes/audit_seal/v1"
	auditPrunedFields = "hermes/audit_pruned/v1"
)

// fields returns all fields of the record but the MAC.
func (e AuditEntry) fields() fields {
	return make(fields, 0, 512).text(auditEntryFields).text(e.ID).number(e.At.UnixMicro()).
		texts(string(e.Principal.Kind), e.Principal.Name, e.Remote, e.Request, e.Node, e.Subject, e.Also, e.Changes)
}

// hash covers all fields and the MAC. Unlike the MAC, it can be checked without a secret key.
func (e AuditEntry) hash() Hash { return sha256.Sum256(append(e.fields(), e.MAC[:]...)) }

// authenticator computes MACs with a key. It keeps what it allocated for the next time, because
// every call of the API needs one, and every change another one.
type authenticator struct {
	key    []byte
	unused sync.Pool // of *macState
}

// macState is the memory for one computation.
type macState struct {
	hash.Hash
	sum []byte
}

// mac authenticates a message.
func (a *authenticator) mac(message []byte) (h Hash) {
	x, ok := a.unused.Get().(*macState)
	if !ok {
		x = &macState{Hash: hmac.New(sha256.New, a.key)}
	}
	defer a.unused.Put(x)
	x.Reset()
	x.Write(message)
	x.sum = x.Sum(x.sum[:0])
	copy(h[:], x.sum)
	return h
}

// authenticates reports whether one of the keys made the MAC of the fields.
func (r keyring) authenticates(f fields, mac Hash) bool {
	for _, k := range r {
		if want := k.audit.mac(f); hmac.Equal(want[:], mac[:]) {
			return true
		}
	}
	return false
}

// signAudit gives an entry its id and its MAC. All other fields are set before.
func (c *Client) signAudit(e *AuditEntry) (err error) {
	if e.ID, err = c.auditIDs.next(e.At, c.opts.Rand); err != nil {
		return internalFault(fmt.Errorf("id of an audit entry: %w", err))
	}
	e.MAC = c.keys[0].audit.mac(e.fields())
	return nil
}
