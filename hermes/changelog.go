package hermes

import (
	"encoding/json"
	"slices"
	"strings"
)

// FieldChange is a field of a record that a change gave another value, as audit/list shows it. Of a
// record that was added or removed, every field that is no secret and has a value is one, its name
// first.
type FieldChange struct {
	Field string `json:"field"` // as the API's parameter is called
	From  string `json:"from"`  // empty if there was no value; always empty for a secret
	To    string `json:"to"`    // empty if there is no value any more; "changed" for a secret
	// Of names the record, if it was there before and after and the entry has another subject.
	Of string `json:"of,omitempty"`
}

// secretChanged is FieldChange.To of a secret.
const secretChanged = "changed"

// changeLog has what a transaction has changed, record by record. It has the difference between the
// beginning and the end: a value that was changed and changed back is not in it.
type changeLog struct {
	records []*changedRecord // in the order of their first change
}

// changedRecord is what has changed of one record.
type changedRecord struct {
	kind, name string
	nameField  string   // the field with the name; empty if only some fields were noted
	others     []string // what it refers to: the user of a phone, the destination of an alias
	fields     []FieldChange
}

// field is a field of a record, as a text.
type field struct{ name, text string }

// note adds that a record had the fields before and has the fields after. A record that was added
// had none, and one that was removed has none. The first field of a record is its name.
func (l *changeLog) note(kind, name string, before, after []field, others ...string) {
	r := l.record(kind, name)
	r.others = append(r.others, others...)
	r.fields = slices.Grow(r.fields, max(len(before), len(after))+1) // the password may follow
	for _, f := range before {
		r.set(f.name, f.text, "")
	}
	for _, f := range after {
		r.set(f.name, "", f.text)
	}
	switch {
	case len(before) > 0:
		r.nameField = before[0].name
	case len(after) > 0:
		r.nameField = after[0].name
	}
}

// noteField adds a change of one field of a record.
func (l *changeLog) noteField(kind, name, field, from, to string) {
	l.record(kind, name).set(field, from, to)
}

func (l *changeLog) record(kind, name string) *changedRecord {
	for _, r := range l.records {
		if r.kind == kind && r.name == name {
			return r
		}
	}
	r := &changedRecord{kind: kind, name: name}
	l.records = append(l.records, r)
	return r
}

// set adds a change of a field. Of several changes the first value and the last one count.
func (r *changedRecord) set(name, from, to string) {
	for i := range r.fields {
		if r.fields[i].Field == name {
			r.fields[i].To = to
			return
		}
	}
	r.fields = append(r.fields, FieldChange{Field: name, From: from, To: to})
}

// changes returns the fields that differ. It removes the others.
func (r *changedRecord) changes() []FieldChange {
	r.fields = slices.DeleteFunc(r.fields, func(f FieldChange) bool { return f.From == f.To })
	return r.fields
}

// auditText is the part of an audit entry that says what changed.
type auditText struct{ subject, also, changes string }

// entry returns what an audit entry says, and false if nothing has changed. The subject is named,
// the first thing that the request names, or else the first one that changed.
func (l *changeLog) entry(named string) (t auditText, changed bool) {
	t.subject = named
	var also []string
	var all []FieldChange
	for _, r := range l.records {
		changes := r.changes()
		if len(changes) == 0 {
			continue
		}
		setDefault(&t.subject, r.name)
		also = append(append(also, r.name), r.others...)
		all = slices.Grow(all, len(changes))
		isNew := slices.ContainsFunc(changes, func(f FieldChange) bool { return f.Field == r.nameField })
		for _, f := range changes {
			if !isNew && r.name != t.subject {
				f.Of = r.name
			}
			all = append(all, f)
		}
	}
	also = slices.DeleteFunc(sortedSet(also), func(thing string) bool { return thing == t.subject })
	t.also, t.changes = strings.Join(also, "\n"), fieldChangesText(all)
	return t, len(all) > 0
}

// fieldChangesText returns changes as a JSON array. It is the same for the same changes.
func fieldChangesText(changes []FieldChange) string {
	text, err := json.Marshal(changes)
	if err != nil {
		panic(err) // not for texts
	}
	return string(text)
}

// FieldChanges returns the changes of the entry.
func (e AuditEntry) FieldChanges() (changes []FieldChange, err error) {
	err = json.Unmarshal([]byte(e.Changes), &changes)
	return changes, err
}

// touches reports whether a thing is one that changed, or that it refers to.
func (l *changeLog) touches(thing string) bool {
	return slices.ContainsFunc(l.records, func(r *changedRecord) bool {
		return r.name == thing || slices.Contains(r.others, thing)
	})
}
