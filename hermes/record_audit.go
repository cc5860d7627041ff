package hermes

import (
	"slices"
	"strings"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// AuditEntry says that something was changed, by whom and how. The Client adds it in the
// transaction of the change.
type AuditEntry struct {
	// ID is made by the Client: 26 characters of Crockford's base32, of which the first ten are the
	// milliseconds of At since 1970 and the others are random, so that the byte-wise order of ids is
	// that of time.
	ID        string
	At        time.Time
	Principal Principal // who changed it
	Remote    string    // the address of the client, without port; empty if that is not known
	Request   string    // the id of the request; empty if there is none
	Node      string    // what was called, such as user/add
	Subject   string    // what was changed: an address, MAC address, number, domain or principal
	Also      string    // what else was touched, one a line, in order
	Changes   string    // a JSON array of objects with field, from and to
	// MAC authenticates all other fields under a secret key.
	MAC Hash
}

// Subjects returns Subject and the lines of Also, each once, in order.
func (e AuditEntry) Subjects() []AuditSubject {
	texts := slices.DeleteFunc(append(strings.Split(e.Also, "\n"), e.Subject), func(s string) bool { return s == "" })
	slices.Sort(texts)
	var all []AuditSubject
	for _, text := range slices.Compact(texts) {
		all = append(all, AuditSubject{Text: text, Area: auditArea(e.Node, text)})
	}
	return all
}

// AuditSubject is something that an [AuditEntry] is about, as a store keeps it for its indexes.
type AuditSubject struct {
	Text string
	// Area is the domain of an address and of a domain, in lower case, or one of the constants.
	Area string
}

// The areas of subjects without a domain. No domain has such a name.
const (
	NumberArea = "+" // a number
	PhoneArea  = "-" // a MAC address
	NoArea     = "!" // a principal, and what is in no scope
)

// auditArea returns the area of a subject of a node. Names of principals may look like anything
// else, and so the group of the node decides where it can.
func auditArea(node, subject string) string {
	group, _, _ := strings.Cut(node, "/")
	if group == "auth" {
		return NoArea
	}
	if _, domain, isAddress := strings.Cut(subject, "@"); isAddress {
		return domainArea(domain)
	}
	if _, err := e164.Parse(subject); err == nil {
		return NumberArea
	}
	// A domain can be written as a MAC address is.
	if m, err := mac.Unchecked(subject); err == nil && m.String() == subject && group != "domain" {
		return PhoneArea
	}
	return domainArea(subject)
}

// domainArea returns the area of a domain. What another tool has written may be none.
func domainArea(name string) string {
	d, err := sip.ParseDomain(name)
	if err != nil {
		return NoArea
	}
	return d.String()
}

// EntrySubject is a subject of the entry with an id.
type EntrySubject struct {
	ID      string
	Subject AuditSubject
}

// AuditQuery asks for a page of the audit trail, the newest entries first. The zero value of a
// field but Limit does not narrow.
type AuditQuery struct {
	Since     time.Time // entries of that time and later ones
	Until     time.Time // entries before that time
	Principal string    // the name of the principal, of any kind
	// Nodes is a pattern of nodes in lower case, in which * is any run of characters and ? is one.
	Nodes   string
	Subject string // equals Subject or a line of Also
	// Scope narrows to entries of which every subject is within the scope, and not all are MAC
	// addresses. Of the nodes of the group auth it shows those entries that Viewer made, and no other.
	Scope  Scope
	Viewer Principal
	After  string // the id of the last entry of the page before
	Limit  int    // at least 1
}

// Matches reports whether e is an entry of a page of q that is long enough.
func (q AuditQuery) Matches(e AuditEntry) bool {
	return (q.After == "" || e.ID < q.After) &&
		!e.At.Before(q.Since) && (q.Until.IsZero() || e.At.Before(q.Until)) &&
		(q.Principal == "" || e.Principal.Name == q.Principal) &&
		(q.Nodes == "" || globMatch(q.Nodes, e.Node)) && q.shows(e) &&
		(q.Subject == "" || slices.ContainsFunc(e.Subjects(), func(s AuditSubject) bool { return s.Text == q.Subject }))
}

// shows reports whether Scope shows e.
func (q AuditQuery) shows(e AuditEntry) bool {
	if q.Scope.IsZero() {
		return true
	}
	if strings.HasPrefix(e.Node, "auth/") {
		return e.Principal == q.Viewer
	}
	shown := false
	for _, s := range e.Subjects() {
		// An address with a number as user part is shown with the number only.
		if s.Area == NoArea || strings.HasPrefix(s.Text, "+") && !q.Scope.hasPrefixOf(s.Text) {
			return false
		}
		if s.Area == PhoneArea {
			continue
		}
		if s.Area != NumberArea && !q.Scope.HasDomain(sip.UncheckedDomain(s.Area)) {
			return false
		}
		shown = true
	}
	return shown
}

// IDs returns the ends of the ids that the page can have: all are less than before, and none is
// less than from. An empty end means none.
func (q AuditQuery) IDs() (from, before string) {
	if !q.Since.IsZero() {
		from = auditIDTime(q.Since)
	}
	before = q.After
	if !q.Until.IsZero() {
		// The ids of the millisecond in which Until is are among them.
		before = minID(before, auditIDTime(q.Until.Add(time.Millisecond)))
	}
	return from, before
}

// minID returns the lesser of two ends, of which the first may be empty.
func minID(a, b string) string {
	if a == "" {
		return b
	}
	return min(a, b)
}

// LikeNodes returns Nodes for SQL's LIKE with ESCAPE '!'.
func (q AuditQuery) LikeNodes() string {
	if q.Nodes == "" {
		return "%"
	}
	return likeEscapes.Replace(q.Nodes)
}

// AuditSeal authenticates entries of the audit trail and all seals before it. The Client makes it.
type AuditSeal struct {
	Number  int64 // of the first one 1, and of each other one more than of that before
	At      time.Time
	Count   int64  // of the entries
	Entries string // binary: the id and the hash of each entry; empty if the entries were removed
	Digest  Hash   // of Entries
	KeyID   string // binary: says which secret key made MAC
	Link    Hash   // of the Link of the seal before and of the fields above, but for Entries
	MAC     Hash   // of Link
	// Pruned authenticates that the entries of this seal and of all before were removed. It is zero
	// unless this is the last such seal.
	Pruned Hash
}

// SealedQuery asks for a page of the entries that are marked as covered by seals, in the order of
// seals and then of ids.
type SealedQuery struct {
	First, Last int64 // the numbers of the seals
	Limit       int   // at least 1
}

// SealedEntry is an entry with the number of the seal that it is marked as covered by.
type SealedEntry struct {
	Entry AuditEntry
	Seal  int64
}
