package storetest

import (
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// The values that the operations of Compare use. They are few, so that different operations often
// have the same ones.
var (
	generatedAddrs = []string{
		"a@local.example", "A@local.example", "a!@local.example", "+4711@local.example",
		"a@far.example", "_@far.example", "+4712@far.example",
	}
	generatedNames    = []string{"alice", "Alice", "ålice"}
	generatedMACs     = []string{"000000000000", "a01122334455", "ffffffffffff"}
	generatedTexts    = []string{"", "Ålice", "ålice", "100%", "a_b", `a\b`, "x!y", "'; --", "ſS", " "}
	generatedPatterns = []string{
		"", "*", "a", "Å*", "%", "_", `\`, "!", "?", "*11*", "+47*", "@local", "ß", "s?", "f*f",
	}
	generatedBinaries = []string{"", "\x00", binaryText, "\xff\xfe"}
)

// generatedHashes is how many hashes the operations of Compare use.
const generatedHashes = 5

// generator draws random values.
type generator struct {
	t        *rapid.T
	sequence *sequence
	inTx     bool // for an operation in a transaction
}

// sequence is what distinguishes a sequence of operations from others on the same stores.
type sequence struct {
	number  int
	entries int   // of the audit trail that were drawn for transactions
	seals   int64 // the number of the last seal of the audit trail before the sequence
}

func drawFrom[T any](g generator, values ...T) T { return rapid.SampledFrom(values).Draw(g.t, "") }

// maybe returns the zero value or what draw returns.
func maybe[T any](g generator, draw func() T) (value T) {
	if g.bool() {
		value = draw()
	}
	return value
}

// upTo returns a number from 0 to n.
func (g generator) upTo(n int) int { return rapid.IntRange(0, n).Draw(g.t, "") }

func (g generator) bool() bool              { return g.upTo(1) == 1 }
func (g generator) addr() sip.Addr          { return addr(drawFrom(g, generatedAddrs...)) }
func (g generator) text() string            { return drawFrom(g, generatedTexts...) }
func (g generator) name() string            { return drawFrom(g, generatedNames...) }
func (g generator) binary() string          { return drawFrom(g, generatedBinaries...) }
func (g generator) mac() mac.Addr           { return macAddr(drawFrom(g, generatedMACs...)) }
func (g generator) pattern() hermes.Pattern { return pattern(drawFrom(g, generatedPatterns...)) }
func (g generator) hash() hermes.Hash       { return hash(g.upTo(generatedHashes - 1)) }
func (g generator) time() time.Time         { return at(g.upTo(5)) }
func (g generator) limit() int              { return drawFrom(g, 1, 2, 3, 100) }
func (g generator) phone() hermes.Phone {
	return hermes.Phone{MAC: g.mac(), User: g.addr(), Line: drawFrom(g, 1, 1, 2, 3)}
}

// device returns a device whose keys no other one has.
func (g generator) device() hermes.Device {
	m := drawFrom(g, generatedMACs...)
	return hermes.Device{
		MAC: macAddr(m), Vendor: g.text(), Note: g.text(), Domain: g.addr().Domain(), OpenUntil: maybe(g, g.time),
		Key: g.provKey("key of " + m), Next: g.provKey("next of " + m),
	}
}

// provKey returns one of two keys of an owner, or none.
func (g generator) provKey(owner string) (k hermes.ProvKey) {
	if n := g.upTo(2); n > 0 {
		k = provKey(fmt.Sprintf("%d %s", n, owner))
	}
	return k
}

func (g generator) domainKeys() hermes.DomainKeys {
	d := g.addr().Domain()
	return hermes.DomainKeys{Domain: d, Current: g.provKey("current of " + d.String()), Before: g.provKey("before of " + d.String())}
}

func (g generator) alias() hermes.Alias   { return hermes.Alias{Alias: g.addr(), Destination: g.addr()} }
func (g generator) access() hermes.Access { return drawFrom(g, hermes.LimitedRead, hermes.FullWrite) }

// scope returns the zero scope or one that has some of the generated addresses, or of the numbers.
func (g generator) scope() hermes.Scope {
	return hermes.Scope{
		Domains: drawFrom(g, "", "", "", "local.example", "far.example", "far.example,local.example", "x.example"),
		Numbers: drawFrom(g, "", "", "", "+47", "+471,+4721,+4722", "+4711", "+46,+479"),
		Nodes:   drawFrom(g, "", "user/*"),
	}
}

// number returns one of few numbers, some of which are prefixes of others.
func (g generator) number() e164.Number { return number(fmt.Sprintf("+47%d", g.upTo(25))) }

// groups returns names of groups, some of them twice.
func (g generator) groups() (names []string) {
	for range g.upTo(3) {
		names = append(names, drawFrom(g, "a", "B", "_", "ø"))
	}
	return names
}

func (g generator) principal() hermes.Principal {
	return hermes.Principal{Kind: drawFrom(g, hermes.UserPrincipal, hermes.KeyPrincipal), Name: g.name()}
}

// user returns a local user of the local domain or a remote user of another, with values only in
// the fields that such a user has.
func (g generator) user() hermes.User {
	u := hermes.User{
		Address: g.addr(), Type: hermes.Remote, Sealed: g.binary(),
		AuthID: g.text(), DisplayName: g.text(), LineText: g.text(), Dialplan: g.text(),
		Registrar: domain("reg.example"), RPort: g.upTo(2), Proxy: domain("proxy.example"), PPort: g.upTo(2),
	}
	if u.Address.Domain() == domain("local.example") {
		u.Type, u.HA1, u.HA1B, u.Clear = hermes.Local, drawFrom(g, "", "1"), drawFrom(g, "", "2"), g.text()
		u.Email, u.RPID, u.PermittedCalls = g.text(), g.text(), g.text()
		u.Suspended, u.SuspendedReason = g.binary(), g.text()
	}
	return u
}

// servers returns servers of one of two domains that no other sequence uses, or of the domain of
// the local users.
func (g generator) servers() hermes.Servers {
	v := servers("local.example")
	if d := g.upTo(2); d < 2 {
		v = servers(fmt.Sprintf("d%d-%d.example", d, g.sequence.number))
	}
	v.RPort, v.ProvURL = g.upTo(2)+1, g.text()
	return v
}

func (g generator) key() hermes.Key {
	if g.bool() {
		return hermes.Key{
			ID: g.name(), PublicKey: g.binary(), Host: g.text(), CreatedBy: g.name(), Created: g.time(), LastUsed: maybe(g, g.time),
		}
	}
	return hermes.Key{
		ID: g.name(), Hash: g.hash(), Comment: g.text(), Created: g.time(), Expires: maybe(g, g.time),
	}
}

func (g generator) session() hermes.Session {
	return hermes.Session{
		ID: g.hash(), Principal: g.principal(), Cookie: g.hash(), Salt: g.binary(), Gen: int64(g.upTo(1)),
		Created: g.time(), Rotated: g.time(), KeyExpires: g.time(), Expires: g.time(), LastSeen: g.time(),
		Confirmed: maybe(g, g.time),
	}
}
