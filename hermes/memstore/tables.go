package memstore

import (
	"bytes"
	"cmp"
	"strings"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// tables is everything that the store knows.
type tables struct {
	users      trie
	names      table[sip.Addr, string] // the display names of all users
	groups     table[group, none]
	phones     table[hermes.Phone, none] // by MAC
	userPhones table[hermes.Phone, none] // by user

	numbers table[e164.Number, none]
	aliases table[sip.Addr, sip.Addr] // alias to destination
	targets table[hermes.Alias, none] // by destination
	domains table[sip.Domain, none]   // lower case
	servers table[sip.Domain, *hermes.Servers]

	credentials    table[string, hermes.Credential]
	authorizations table[hermes.Principal, hermes.Access]
	keys           table[string, *hermes.Key]
	nonces         table[hermes.Hash, *hermes.Nonce]
	sessions       table[hermes.Hash, *hermes.Session]
}

func newTables() *tables {
	return &tables{
		users:      newTrie(),
		names:      newTable[sip.Addr, string](sip.Addr.Compare),
		groups:     newTable[group, none](group.compare),
		phones:     newTable[hermes.Phone, none](byMAC),
		userPhones: newTable[hermes.Phone, none](byUser),

		numbers: newTable[e164.Number, none](e164.Number.Compare),
		aliases: newTable[sip.Addr, sip.Addr](sip.Addr.Compare),
		targets: newTable[hermes.Alias, none](byDestination),
		domains: newTable[sip.Domain, none](sip.Domain.Compare),
		servers: newTable[sip.Domain, *hermes.Servers](sip.Domain.Compare),

		credentials:    newTable[string, hermes.Credential](strings.Compare),
		authorizations: newTable[hermes.Principal, hermes.Access](byKind),
		keys:           newTable[string, *hermes.Key](strings.Compare),
		nonces:         newTable[hermes.Hash, *hermes.Nonce](compareHash),
		sessions:       newTable[hermes.Hash, *hermes.Session](compareHash),
	}
}

func (t *tables) copy() *tables {
	return &tables{
		users:      t.users,
		names:      t.names.copy(),
		groups:     t.groups.copy(),
		phones:     t.phones.copy(),
		userPhones: t.userPhones.copy(),

		numbers: t.numbers.copy(),
		aliases: t.aliases.copy(),
		targets: t.targets.copy(),
		domains: t.domains.copy(),
		servers: t.servers.copy(),

		credentials:    t.credentials.copy(),
		authorizations: t.authorizations.copy(),
		keys:           t.keys.copy(),
		nonces:         t.nonces.copy(),
		sessions:       t.sessions.copy(),
	}
}

// group is a row of Kamailio's grp table.
type group struct {
	user sip.Addr
	name string
}

func (g group) compare(h group) int {
	return cmp.Or(g.user.Compare(h.user), strings.Compare(g.name, h.name))
}

func byMAC(p, q hermes.Phone) int {
	return cmp.Or(p.MAC.Compare(q.MAC), p.User.Compare(q.User))
}

func byUser(p, q hermes.Phone) int {
	return cmp.Or(p.User.Compare(q.User), p.MAC.Compare(q.MAC))
}

func byDestination(a, b hermes.Alias) int {
	return cmp.Or(a.Destination.Compare(b.Destination), a.Alias.Compare(b.Alias))
}

func byKind(p, q hermes.Principal) int {
	return cmp.Or(strings.Compare(string(p.Kind), string(q.Kind)), strings.Compare(p.Name, q.Name))
}

func compareHash(a, b hermes.Hash) int { return bytes.Compare(a[:], b[:]) }
