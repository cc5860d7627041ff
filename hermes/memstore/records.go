package memstore

import (
	"bytes"
	"cmp"
	"strings"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// records is everything that a store contains. The values behind pointers are never changed, since
// clones share them.
type records struct {
	users      userMap
	names      sortedMap[sip.Addr, string] // the display name of each user
	groups     sortedMap[group, present]
	phones     sortedMap[phoneLine, sip.Addr] // the user of each line
	userPhones sortedMap[userPhone, int]      // the line of each association

	devices     sortedMap[mac.Addr, *hermes.Device]
	deviceKeys  sortedMap[hermes.Hash, mac.Addr] // the device that has each Key
	deviceNexts sortedMap[hermes.Hash, mac.Addr] // the device that has each Next
	domainKeys  sortedMap[sip.Domain, *hermes.DomainKeys]
	currentKeys sortedMap[hermes.Hash, sip.Domain] // the domain that has each Current
	keysBefore  sortedMap[hermes.Hash, sip.Domain] // the domain that has each Before

	numbers       sortedMap[e164.Number, present]     // the free ones
	reserved      sortedMap[e164.Number, reservation] // the others of the pool
	reservedUntil sortedMap[reservedUntil, present]

	aliases sortedMap[sip.Addr, sip.Addr]    // the destination of each alias address
	targets sortedMap[hermes.Alias, present] // ordered by destination
	domains sortedMap[sip.Domain, present]   // in lower case
	servers sortedMap[sip.Domain, *hermes.Servers]

	credentials     sortedMap[string, hermes.Credential]
	authorizations  sortedMap[hermes.Principal, hermes.Authorization]
	everAuthorized  bool
	keys            sortedMap[string, *hermes.Key]
	nonces          sortedMap[hermes.Hash, present]
	nonceExpiries   sortedMap[expiry, present]
	sessions        sortedMap[hermes.Hash, *hermes.Session]
	sessionsSeen    sortedMap[sessionSeen, present]
	sessionExpiries sortedMap[expiry, present]
	logins          sortedMap[login, time.Time]           // when each expires
	loginExpiries   sortedMap[hermes.KnownLogin, present] // ordered as Logins says

	answers        sortedMap[hermes.AnswerKey, *hermes.KeptAnswer]
	answerExpiries sortedMap[answerExpiry, present]

	secretCheck string // empty if there is none

	audit    sortedMap[string, *auditRecord] // by id
	unsealed sortedMap[string, present]      // ids of entries
	sealed   sortedMap[sealed, present]
	seals    sortedMap[int64, *hermes.AuditSeal]
	pruned   int64 // the number of the seal with the mark Pruned; 0 if there is none
}

// present is the value of a sortedMap that is a set.
type present = struct{}

func newRecords() *records {
	return &records{
		users:      newUserMap(),
		names:      newSortedMap[sip.Addr, string](sip.Addr.Compare),
		groups:     newSortedMap[group, present](compareGroups),
		phones:     newSortedMap[phoneLine, sip.Addr](comparePhoneLines),
		userPhones: newSortedMap[userPhone, int](compareUserPhones),

		devices:     newSortedMap[mac.Addr, *hermes.Device](mac.Addr.Compare),
		deviceKeys:  newSortedMap[hermes.Hash, mac.Addr](compareHashes),
		deviceNexts: newSortedMap[hermes.Hash, mac.Addr](compareHashes),
		domainKeys:  newSortedMap[sip.Domain, *hermes.DomainKeys](sip.Domain.Compare),
		currentKeys: newSortedMap[hermes.Hash, sip.Domain](compareHashes),
		keysBefore:  newSortedMap[hermes.Hash, sip.Domain](compareHashes),

		numbers:       newSortedMap[e164.Number, present](e164.Number.Compare),
		reserved:      newSortedMap[e164.Number, reservation](e164.Number.Compare),
		reservedUntil: newSortedMap[reservedUntil, present](compareReserved),

		aliases: newSortedMap[sip.Addr, sip.Addr](sip.Addr.Compare),
		targets: newSortedMap[hermes.Alias, present](compareByDestination),
		domains: newSortedMap[sip.Domain, present](sip.Domain.Compare),
		servers: newSortedMap[sip.Domain, *hermes.Servers](sip.Domain.Compare),

		credentials:     newSortedMap[string, hermes.Credential](strings.Compare),
		authorizations:  newSortedMap[hermes.Principal, hermes.Authorization](comparePrincipals),
		keys:            newSortedMap[string, *hermes.Key](strings.Compare),
		nonces:          newSortedMap[hermes.Hash, present](compareHashes),
		nonceExpiries:   newSortedMap[expiry, present](compareExpiries),
		sessions:        newSortedMap[hermes.Hash, *hermes.Session](compareHashes),
		sessionsSeen:    newSortedMap[sessionSeen, present](compareSessionsSeen),
		sessionExpiries: newSortedMap[expiry, present](compareExpiries),
		logins:          newSortedMap[login, time.Time](compareLogins),
		loginExpiries:   newSortedMap[hermes.KnownLogin, present](compareByExpiry),

		audit:    newSortedMap[string, *auditRecord](strings.Compare),
		unsealed: newSortedMap[string, present](strings.Compare),
		sealed:   newSortedMap[sealed, present](compareSealed),
		seals:    newSortedMap[int64, *hermes.AuditSeal](cmp.Compare[int64]),

		answers:        newSortedMap[hermes.AnswerKey, *hermes.KeptAnswer](compareAnswerKeys),
		answerExpiries: newSortedMap[answerExpiry, present](compareAnswerExpiries),
	}
}

// clone returns records that can be changed without changing r, which must not be changed any more.
// It takes the same time for any number of records.
func (r *records) clone() *records {
	return &records{
		users:      r.users.clone(),
		names:      r.names.clone(),
		groups:     r.groups.clone(),
		phones:     r.phones.clone(),
		userPhones: r.userPhones.clone(),

		devices:     r.devices.clone(),
		deviceKeys:  r.deviceKeys.clone(),
		deviceNexts: r.deviceNexts.clone(),
		domainKeys:  r.domainKeys.clone(),
		currentKeys: r.currentKeys.clone(),
		keysBefore:  r.keysBefore.clone(),

		numbers:       r.numbers.clone(),
		reserved:      r.reserved.clone(),
		reservedUntil: r.reservedUntil.clone(),

		aliases: r.aliases.clone(),
		targets: r.targets.clone(),
		domains: r.domains.clone(),
		servers: r.servers.clone(),

		credentials:     r.credentials.clone(),
		authorizations:  r.authorizations.clone(),
		everAuthorized:  r.everAuthorized,
		keys:            r.keys.clone(),
		nonces:          r.nonces.clone(),
		nonceExpiries:   r.nonceExpiries.clone(),
		sessions:        r.sessions.clone(),
		sessionsSeen:    r.sessionsSeen.clone(),
		sessionExpiries: r.sessionExpiries.clone(),
		logins:          r.logins.clone(),
		loginExpiries:   r.loginExpiries.clone(),

		answers:        r.answers.clone(),
		answerExpiries: r.answerExpiries.clone(),

		secretCheck: r.secretCheck,

		audit:    r.audit.clone(),
		unsealed: r.unsealed.clone(),
		sealed:   r.sealed.clone(),
		seals:    r.seals.clone(),
		pruned:   r.pruned,
	}
}

// group is a user's membership: a row of Kamailio's table grp.
type group struct {
	user sip.Addr
	name string
}

// sessionSeen is the place of a session among those of its principal, the least recently seen
// first.
type sessionSeen struct {
	principal hermes.Principal
	at        time.Time
	id        hermes.Hash
}

// login is a principal in a network.
type login struct {
	principal hermes.Principal
	network   string
}

// expiry is the place of a session or a nonce among those that end, the next one first.
type expiry struct {
	at time.Time
	id hermes.Hash
}

// sealed is an entry that a seal covers.
type sealed struct {
	seal int64
	id   string
}

func compareGroups(g, h group) int {
	return cmp.Or(g.user.Compare(h.user), strings.Compare(g.name, h.name))
}

func compareByAlias(a, b hermes.Alias) int {
	return cmp.Or(a.Alias.Compare(b.Alias), a.Destination.Compare(b.Destination))
}

func compareByDestination(a, b hermes.Alias) int {
	return cmp.Or(a.Destination.Compare(b.Destination), a.Alias.Compare(b.Alias))
}

func comparePrincipals(p, q hermes.Principal) int {
	return cmp.Or(strings.Compare(string(p.Kind), string(q.Kind)), strings.Compare(p.Name, q.Name))
}

func compareSessionsSeen(s, t sessionSeen) int {
	return cmp.Or(comparePrincipals(s.principal, t.principal), s.at.Compare(t.at), compareHashes(s.id, t.id))
}

func compareLogins(l, m login) int {
	return cmp.Or(comparePrincipals(l.principal, m.principal), strings.Compare(l.network, m.network))
}

func compareByExpiry(l, m hermes.KnownLogin) int {
	return cmp.Or(m.Expires.Compare(l.Expires), comparePrincipals(l.Principal, m.Principal), strings.Compare(l.Network, m.Network))
}

func compareExpiries(e, f expiry) int { return cmp.Or(e.at.Compare(f.at), compareHashes(e.id, f.id)) }

func compareHashes(a, b hermes.Hash) int { return bytes.Compare(a[:], b[:]) }

func compareSealed(a, b sealed) int {
	return cmp.Or(cmp.Compare(a.seal, b.seal), strings.Compare(a.id, b.id))
}
