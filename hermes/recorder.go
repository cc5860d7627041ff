package hermes

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// recorder is a Store in a transaction that notes what its methods change, for the audit entry. It
// overrides every method that changes what an entry shows; a test lists those that do not. It reads
// an old value only if the transaction has not read it through the recorder, under the locks that
// the change needs anyway.
type recorder struct {
	Store
	*recorded
}

// recorded is what the recorders of one transaction share.
type recorded struct {
	log changeLog
	// samePassword reports whether two users have the same sealed password.
	samePassword func(a, b User) bool

	// These are what was read or written last, so that it need not be read again.
	users      known[sip.Addr, User]
	groups     known[sip.Addr, []string]
	devices    known[mac.Addr, Device]
	domainKeys known[sip.Domain, DomainKeys]
	servers    known[sip.Domain, Servers]
	rights     known[Principal, Authorization]
	keys       known[string, Key]
}

// newRecorder returns a recorder over s, which is in a transaction.
func newRecorder(s Store, samePassword func(a, b User) bool) *recorder {
	return &recorder{Store: s, recorded: &recorded{samePassword: samePassword}}
}

// Tx implements [Store]. What fn changes is noted, too.
func (r *recorder) Tx(ctx context.Context, opts *TxOptions, fn func(Store) error) error {
	return r.Store.Tx(ctx, opts, func(s Store) error { return fn(&recorder{Store: s, recorded: r.recorded}) })
}

// The kinds of records in a changeLog.
const (
	userRecord      = "user"
	phoneRecord     = "phone"
	deviceRecord    = "device"
	numberRecord    = "number"
	rangeRecord     = "range"
	aliasRecord     = "alias"
	serversRecord   = "servers"
	keysRecord      = "domain keys"
	principalRecord = "principal"
)

// known has values by key, nil where it is known that there is none. It is empty where it is zero,
// and then takes no memory: most changes are of one kind of record. A map of large values would
// make room for several with the first.
type known[K comparable, V any] struct{ values map[K]*V }

func (k *known[K, V]) set(key K, v V) { k.put(key, &v) }

func (k *known[K, V]) put(key K, v *V) {
	if k.values == nil {
		k.values = map[K]*V{}
	}
	k.values[key] = v
}

func (k *known[K, V]) forget(key K) { delete(k.values, key) }

// read calls get and keeps what it returns, NotFound too.
func (k *known[K, V]) read(key K, get func() (V, error)) (V, error) {
	v, err := get()
	switch err {
	case nil:
		k.set(key, v)
	case error(NotFound):
		k.put(key, nil)
	}
	return v, err
}

// old returns the value that is known, or else calls get. Where there is none it returns false.
func (k *known[K, V]) old(key K, get func() (V, error)) (v V, found bool, err error) {
	if last, ok := k.values[key]; ok {
		if last != nil {
			v = *last
		}
		return v, last != nil, nil
	}
	v, err = get()
	if err == error(NotFound) {
		return v, false, nil
	}
	return v, err == nil, err
}

// fieldsOf returns the fields of a record, or none if fields is nil.
func fieldsOf[T any](fields func(T) []field, record T) []field {
	if fields == nil {
		return nil
	}
	return fields(record)
}

// RemoveAlias implements [Store].
func (r *recorder) RemoveAlias(ctx context.Context, a sip.Addr) ([]sip.Addr, error) {
	destinations, err := r.Store.RemoveAlias(ctx, a)
	if err == nil {
		r.noteRemoved(a, destinations)
	}
	return destinations, err
}

// RemoveDestination implements [Store].
func (r *recorder) RemoveDestination(ctx context.Context, a Alias) error {
	err := r.Store.RemoveDestination(ctx, a)
	if err == nil {
		r.noteAlias(aliasFields, nil, a)
	}
	return err
}

func (r *recorder) noteRemoved(a sip.Addr, destinations []sip.Addr) {
	for _, d := range destinations {
		r.noteAlias(aliasFields, nil, Alias{Alias: a, Destination: d})
	}
}

// noteAlias notes an alias that had the fields before, or has them after.
func (r *recorder) noteAlias(before, after func(Alias) []field, a Alias) {
	destination := addrText(a.Destination)
	r.log.note(aliasRecord+" to "+destination, addrText(a.Alias), fieldsOf(before, a), fieldsOf(after, a), destination)
}

func aliasFields(a Alias) []field {
	return []field{{"alias", addrText(a.Alias)}, {"destination", addrText(a.Destination)}}
}

// Servers implements [Store].
func (r *recorder) Servers(ctx context.Context, d sip.Domain) (Servers, error) {
	return r.servers.read(d, func() (Servers, error) { return r.Store.Servers(ctx, d) })
}

// SetServers implements [Store].
func (r *recorder) SetServers(ctx context.Context, s Servers) error {
	before, found, err := r.servers.old(s.Domain, func() (Servers, error) { return r.Store.Servers(ctx, s.Domain) })
	if err != nil {
		return err
	}
	if err := r.Store.SetServers(ctx, s); err != nil {
		return err
	}
	r.servers.set(s.Domain, s)
	r.log.note(serversRecord, domainText(s.Domain), fieldsIf(found, serversFields(before)), serversFields(s))
	return nil
}

func serversFields(s Servers) []field {
	return []field{
		{"domain", domainText(s.Domain)}, {"registrar", domainText(s.Registrar)}, {"r_port", portText(s.RPort)},
		{"proxy", domainText(s.Proxy)}, {"p_port", portText(s.PPort)}, {"prov_url", s.ProvURL},
	}
}

// fieldsIf returns the fields of a record that was found, and otherwise none.
func fieldsIf(found bool, fields []field) []field {
	if !found {
		return nil
	}
	return fields
}

func addrText(a sip.Addr) string {
	text, _ := a.MarshalText() // without an error
	return string(text)
}

func domainText(d sip.Domain) string {
	text, _ := d.MarshalText() // without an error
	return string(text)
}

// portText returns a port as a text, empty for none.
func portText(port int) string {
	if port == 0 {
		return ""
	}
	return strconv.Itoa(port)
}

// timeText returns a time as a text, empty for none.
func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339Nano)
}

// listText returns names as a text.
func listText(names []string) string { return strings.Join(names, ",") }
