package hermes

import (
	"context"
	"strings"
	"time"

	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// AuditListRequest asks for entries of the audit trail. A field that is zero does not narrow.
type AuditListRequest struct {
	Since time.Time `form:"since" json:"since,omitzero"` // entries of that time and later ones
	Until time.Time `form:"until" json:"until,omitzero"` // entries before that time
	// Principal is a user's name, a key's public id or a program's name.
	Principal string `form:"principal" json:"principal,omitzero"`
	// Node is a pattern of nodes, such as user/*, in which * is any run of characters and ? is one.
	Node string `form:"node" json:"node,omitzero"`
	// Subject is an address, a phone, a number, a domain or a principal that the entry is about, in
	// the first place or among others.
	Subject string `form:"subject" plus:"leading" json:"subject,omitzero"`
	Limit   int    `form:"limit" json:"limit,omitzero"` // 0 means all
	After   string `form:"after" json:"after,omitzero"` // List.Next of the page before
}

// subjectMax is the length of the longest subject, that of an address, in characters.
const subjectMax = 256

// Check implements [Request].
func (r AuditListRequest) Check(...string) error {
	_, nodeErr := r.nodes()
	_, afterErr := r.start()
	return firstError(
		checkText("principal", r.Principal, apiUserMax), nodeErr, checkText("subject", r.Subject, subjectMax),
		checkLimit(r.Limit), afterErr,
	)
}

// nodes returns the pattern of nodes, empty if it has all.
func (r AuditListRequest) nodes() (string, error) {
	if r.Node == "" {
		return "", nil
	}
	if len(r.Node) > patternMax {
		return "", badParameter("node: want at most %d characters", patternMax)
	}
	patterns, err := parseNodePatterns([]string{r.Node})
	if err != nil {
		return "", badParameter("node %q: want a pattern of nodes, such as user/*", r.Node)
	}
	return strings.Join(patterns, ""), nil
}

// start returns the entry after which the list begins.
func (r AuditListRequest) start() (AuditListEntry, error) {
	id, err := tokenValue(r.After, parseAuditID)
	return AuditListEntry{ID: id}, err
}

// parseAuditID reads the id of an entry.
func parseAuditID(id string) (string, error) {
	isOther := func(r rune) bool { return !strings.ContainsRune(crockfordDigits, r) }
	if len(id) != auditIDSize || strings.ContainsFunc(id, isOther) {
		return "", errPageToken()
	}
	return id, nil
}

// AuditListResponse has the entries, the newest first.
type AuditListResponse struct {
	List *List[AuditListEntry] `json:"list"`
}

// AuditListEntry is an entry of the audit trail.
type AuditListEntry struct {
	ID        string        `json:"id"`
	At        time.Time     `json:"at"`
	Principal string        `json:"principal"` // empty for a program without a name
	Kind      PrincipalKind `json:"kind"`
	Remote    string        `json:"remote"`  // an address without port; empty if that is not known
	Request   string        `json:"request"` // the id of the request; empty if there was none
	Node      string        `json:"node"`
	Subject   string        `json:"subject"`
	Also      []string      `json:"also"` // what else was touched, in order
	// Changes is empty if another program has changed the entry so that it has none; see
	// [Client.AuditVerify].
	Changes []FieldChange `json:"changes"`
}

func newAuditListEntry(e AuditEntry) AuditListEntry {
	entry := AuditListEntry{
		ID: e.ID, At: e.At, Principal: e.Principal.Name, Kind: e.Principal.Kind, Remote: e.Remote, Request: e.Request,
		Node: e.Node, Subject: e.Subject, Also: []string{},
	}
	if e.Also != "" {
		entry.Also = strings.Split(e.Also, "\n")
	}
	changes, err := e.FieldChanges()
	if err != nil {
		changes = nil
	}
	entry.Changes = append([]FieldChange{}, changes...)
	return entry
}

// size returns the length of the texts of an entry.
func (e AuditListEntry) size() int {
	n := len(e.ID) + len(e.Principal) + len(e.Remote) + len(e.Request) + len(e.Node) + len(e.Subject)
	for _, also := range e.Also {
		n += len(also)
	}
	for _, f := range e.Changes {
		n += len(f.Field) + len(f.From) + len(f.To) + len(f.Of)
	}
	return n
}

// AuditList lists the changes that were made, the newest first. An actor with a scope sees the
// entries that are about that scope only.
func (c *Client) AuditList(ctx context.Context, req AuditListRequest) (res AuditListResponse, err error) {
	defer wrap(&err, "audit/list")
	if err = c.precheck(ctx, "audit/list", req); err != nil {
		return res, err
	}
	start, err := req.start()
	if err != nil {
		return res, err
	}
	q := AuditQuery{
		Since: auditTime(req.Since), Until: auditTime(req.Until), Principal: req.Principal, Subject: req.Subject,
		Scope: c.actor.Scope, Viewer: c.actor.Principal,
	}
	if q.Nodes, err = req.nodes(); err != nil {
		return res, err
	}
	if q.Subject, err = c.namedSubject(ctx, q); err != nil {
		return res, err
	}
	page := longPages(c, req.Limit, func(s Store) pageFunc[AuditListEntry] {
		return func(ctx context.Context, after AuditListEntry, n int) ([]AuditListEntry, error) {
			q.After, q.Limit = after.ID, n
			entries, err := s.AuditEntries(ctx, q)
			list := make([]AuditListEntry, 0, len(entries))
			for _, e := range entries {
				list = append(list, newAuditListEntry(e))
			}
			return list, err
		}
	})
	scans := q.Nodes != "" && q.Subject == "" && q.Principal == ""
	res.List, err = newList(ctx, c, "audit/list", req.Limit, start, scanPages(c, scans, page),
		func(e AuditListEntry) string { return pageToken(e.ID) }, AuditListEntry.size)
	return res, err
}

// auditTime returns the first time from t on that an entry may have, and that a database can hold.
func auditTime(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	if first := time.Unix(0, 0); t.Before(first) {
		t = first
	}
	cut := t.UTC().Truncate(time.Microsecond)
	if cut.Before(t) {
		cut = cut.Add(time.Microsecond)
	}
	return cut
}

// namedSubject returns the subject of q as entries have it: as it was given if there is such an
// entry, because names of principals and what other tools wrote may look like anything, and
// otherwise in the form in which Hermes writes it.
func (c *Client) namedSubject(ctx context.Context, q AuditQuery) (string, error) {
	normal := normalSubject(q.Subject)
	if normal == q.Subject {
		return normal, nil
	}
	found, err := c.store.AuditEntries(ctx, AuditQuery{Subject: q.Subject, Scope: q.Scope, Viewer: q.Viewer, Limit: 1})
	if err != nil || len(found) > 0 {
		return q.Subject, err
	}
	return normal, nil
}

// normalSubject returns how Hermes writes what may be a phone, an address or a domain.
func normalSubject(text string) string {
	if m, err := mac.Unchecked(text); err == nil {
		return m.String()
	}
	if a, err := sip.Parse(text); err == nil {
		return a.String()
	}
	if d, err := sip.ParseDomain(text); err == nil {
		return d.String()
	}
	return text
}
