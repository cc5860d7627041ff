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

// The operations of Compare have few values to choose from, so that they meet.
var (
	someAddrs    = []string{"a@local.example", "A@local.example", "a!@local.example", "+4711@local.example", "a@far.example", "_@far.example", "+4712@far.example"}
	someNames    = []string{"alice", "Alice", "ålice"}
	someMACs     = []string{"000000000000", "a01122334455", "ffffffffffff"}
	someTexts    = []string{"", "Ålice", "ålice", "100%", "a_b", `a\b`, "x!y", "'; --", "ſS", " "}
	somePatterns = []string{"", "*", "a", "Å*", "%", "_", `\`, "!", "?", "*11*", "+47*", "@local", "ß", "s?", "f*f"}
	someBinaries = []string{"", "\x00", blob, "\xff\xfe"}
)

const someIDs = 5

// draw draws values.
type draw struct {
	*rapid.T
	run int
}

func pick[T any](d *draw, from ...T) T { return rapid.SampledFrom(from).Draw(d.T, "") }

func (d *draw) number(most int) int     { return rapid.IntRange(0, most).Draw(d.T, "") }
func (d *draw) addr() sip.Addr          { return addr(pick(d, someAddrs...)) }
func (d *draw) text() string            { return pick(d, someTexts...) }
func (d *draw) name() string            { return pick(d, someNames...) }
func (d *draw) mac() mac.Addr           { return macAddr(pick(d, someMACs...)) }
func (d *draw) pattern() hermes.Pattern { return pattern(pick(d, somePatterns...)) }
func (d *draw) hash() hermes.Hash       { return hash(byte(d.number(someIDs - 1))) }
func (d *draw) time() time.Time         { return at(d.number(5)) }
func (d *draw) limit() int              { return pick(d, 1, 2, 3, 100) }
func (d *draw) phone() hermes.Phone     { return hermes.Phone{MAC: d.mac(), User: d.addr()} }
func (d *draw) alias() hermes.Alias     { return hermes.Alias{Alias: d.addr(), Destination: d.addr()} }
func (d *draw) access() hermes.Access   { return pick(d, hermes.LimitedRead, hermes.FullWrite) }

// e164 is one of few numbers, some of which are the beginning of others.
func (d *draw) e164() e164.Number { return number(fmt.Sprintf("+47%d", d.number(25))) }

// maybe is a value, or the zero one.
func maybe[T any](d *draw, v func() T) (value T) {
	if d.number(1) == 1 {
		value = v()
	}
	return value
}

func (d *draw) principal() hermes.Principal {
	return hermes.Principal{Kind: pick(d, hermes.UserPrincipal, hermes.KeyPrincipal), Name: d.name()}
}

// user is local or remote as its domain is, and has what such a user has.
func (d *draw) user() hermes.User {
	u := hermes.User{
		Address: d.addr(), Type: hermes.Remote, Sealed: pick(d, someBinaries...), AuthID: d.text(), DisplayName: d.text(), LineText: d.text(),
		Dialplan: d.text(), Registrar: domain("reg.example"), RPort: d.number(2), Proxy: domain("proxy.example"), PPort: d.number(2),
	}
	if u.Address.Domain() == domain("local.example") {
		u.Type, u.HA1, u.HA1B, u.Clear = hermes.Local, pick(d, "", "1"), pick(d, "", "2"), d.text()
		u.Email, u.RPID, u.PermittedCalls = d.text(), d.text(), d.text()
	}
	return u
}

// servers has a domain that no other run knows.
func (d *draw) servers() hermes.Servers {
	v := servers(fmt.Sprintf("d%d-%d.example", d.number(1), d.run))
	v.RPort, v.ProvURL = d.number(2)+1, d.text()
	return v
}

func (d *draw) key() hermes.Key {
	if d.number(1) == 0 {
		return hermes.Key{ID: d.name(), Hash: d.hash(), Comment: d.text(), Created: d.time(), Expires: maybe(d, d.time)}
	}
	return hermes.Key{ID: d.name(), PublicKey: pick(d, someBinaries...), Host: d.text(), Created: d.time(), LastUsed: maybe(d, d.time)}
}

func (d *draw) session() hermes.Session {
	return hermes.Session{
		ID: d.hash(), Principal: d.principal(), Cookie: d.hash(), Salt: pick(d, someBinaries...), Gen: int64(d.number(1)),
		Created: d.time(), Rotated: d.time(), KeyExpires: d.time(), Expires: d.time(), LastSeen: d.time(),
	}
}
