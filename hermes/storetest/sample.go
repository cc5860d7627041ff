package storetest

import (
	"fmt"
	"strings"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// blob is what a text column would not keep.
const blob = "\x00\xff\xfe'\\\"\x80%_\r\n\x00"

func addr(s string) sip.Addr      { return sip.MustParse(s) }
func domain(s string) sip.Domain  { return sip.MustParseDomain(s) }
func number(s string) e164.Number { return e164.MustParse(s) }
func macAddr(s string) mac.Addr   { return mac.MustParse(s) }
func hash(n byte) (h hermes.Hash) { h[0], h[31] = n, 0xff; return h }
func pattern(s string) hermes.Pattern {
	p, err := hermes.ParsePattern(s)
	if err != nil {
		panic(err)
	}
	return p
}

func addrs(texts ...string) []sip.Addr      { return each(texts, addr) }
func numbers(texts ...string) []e164.Number { return each(texts, number) }
func macs(texts ...string) []mac.Addr       { return each(texts, macAddr) }

func each[T any](texts []string, parse func(string) T) []T {
	var all []T
	for _, s := range texts {
		all = append(all, parse(s))
	}
	return all
}

// at is a time that only a store which keeps microseconds keeps.
func at(minutes int) time.Time {
	return time.Date(2026, 3, 29, 1, minutes, 59, 999_999_000, time.UTC)
}

// localUser has something in every field.
func localUser(address string) hermes.User {
	return hermes.User{
		Address: addr(address), Type: hermes.Local,
		Sealed: blob, HA1: "93dfce8dfebfae8af4a726982429d23a", HA1B: "5f3b4d392d62686136b6dcfbeec41c21", Clear: "wonder'land",
		AuthID: "auth-" + address, Registrar: domain("reg.example.com"), RPort: 65535, Proxy: domain("192.0.2.1"), PPort: 1,
		Dialplan: `x.T|'%_\`, DisplayName: "Ålice “Ø” 李 " + address, LineText: "line 1",
		Email: "alice@example.com", RPID: "<sip:+47@example.com>", PermittedCalls: "local,intl",
	}
}

// remoteUser has something in every field that a remote user has.
func remoteUser(address string) hermes.User {
	return hermes.User{
		Address: addr(address), Type: hermes.Remote, Sealed: blob + "2",
		AuthID: "4711", Registrar: domain("sip.example.net"), RPort: 5060, Proxy: domain("sip.example.net"), PPort: 5061,
		Dialplan: "0.", DisplayName: "Bob", LineText: "Bob's line",
	}
}

// bareUser has nothing but what every user has.
func bareUser(address string) hermes.User {
	return hermes.User{Address: addr(address), Type: hermes.Local, HA1: strings.Repeat("a", 32), HA1B: strings.Repeat("b", 32)}
}

func named(address, displayName string) hermes.User {
	u := bareUser(address)
	u.DisplayName = displayName
	return u
}

func phone(m, user string) hermes.Phone { return hermes.Phone{MAC: macAddr(m), User: addr(user)} }

func alias(from, to string) hermes.Alias {
	return hermes.Alias{Alias: addr(from), Destination: addr(to)}
}

func servers(name string) hermes.Servers {
	return hermes.Servers{
		Domain: domain(name), Registrar: domain("reg." + name), RPort: 5060, Proxy: domain("proxy." + name), PPort: 65535,
		ProvURL: "https://prov.example.com/%_'?a=b&c=ø",
	}
}

func backendUser(name string) hermes.Principal {
	return hermes.Principal{Kind: hermes.UserPrincipal, Name: name}
}
func keyHolder(id string) hermes.Principal {
	return hermes.Principal{Kind: hermes.KeyPrincipal, Name: id}
}

func keyPair(id string) hermes.Key {
	return hermes.Key{
		ID: id, PublicKey: blob, Host: "192.0.2.0/24,2001:db8::/32", Comment: "ci “ø” '%",
		Created: at(0), Expires: at(1), LastUsed: at(2),
	}
}

func bearerKey(id string) hermes.Key { return hermes.Key{ID: id, Hash: hash(7), Created: at(0)} }

func session(n byte, p hermes.Principal) hermes.Session {
	return hermes.Session{
		ID: hash(n), Principal: p, Cookie: hash(n + 100), Salt: blob, Gen: 0,
		Created: at(0), Rotated: at(1), KeyExpires: at(40), Expires: at(50), LastSeen: at(2),
	}
}

func nonce(n byte) hermes.Nonce { return hermes.Nonce{ID: hash(n), Key: "k1", Expires: at(5)} }

func poolNumber(prefix string, digits, i int) e164.Number {
	return number(fmt.Sprintf("%s%0*d", prefix, digits, i))
}
