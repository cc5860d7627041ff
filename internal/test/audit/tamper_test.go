package audit_test

import (
	"slices"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// tampering is a change of the audit trail by SQL.
type tampering struct {
	why        string
	statements []string // with names of entries, see trail.nameEntries
	want       string   // how the detail of audit/verify begins; empty if the change cannot be found
}

// TestTampering changes the audit trail by SQL, in one way after the other. audit/verify names the
// first entry or seal that does not fit. The entries of the seals 1 and 2 were removed, which the
// mark of seal 2 says. There are entries that no seal covers.
func TestTampering(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, a *trail) {
		for _, n := range []int{1, 2, 3, 2, 1} {
			a.mustAdd(t, n)
			a.mustSeal(t, n)
			if n == 2 && len(entries(t, a.store)) == 3 {
				a.mustPrune(t, time.Now(), 3)
			}
		}
		a.mustAdd(t, 2)
		a.nameEntries(t)
		a.mustKeep(t)
		a.wantVerified(t, 6, 2)
		head := a.mustHead(t)
		for _, tt := range slices.Concat(
			a.entryColumns(t), a.sealColumns(t), markedEntries(), insertedEntries(), reorderedEntries(), subjects(), seals(), marks(),
		) {
			t.Run(tt.why, func(t *testing.T) {
				defer a.mustRestore(t)
				a.mustExec(t, tt.statements...)
				a.wantRejected(t, tt.want)
			})
		}
		for _, tt := range unseen() {
			t.Run(tt.why, func(t *testing.T) {
				defer a.mustRestore(t)
				a.mustExec(t, tt.statements...)
				a.wantUnseen(t, head)
			})
		}
		a.wantVerified(t, 6, 2) // the trail itself was right all the time
	})
}

// wantUnseen wants audit/verify to find nothing. If seals are missing, the head that was noted
// shows it.
func (a *trail) wantUnseen(t *testing.T, noted hermes.AuditSeal) {
	t.Helper()
	if _, err := a.client.AuditVerify(t.Context(), hermes.AuditVerifyRequest{}); err != nil {
		t.Errorf("got %v, want a change that cannot be found", err)
	}
	if head := a.mustHead(t); head.Number > noted.Number || head.Number == noted.Number && head.MAC != noted.MAC {
		t.Errorf("the head is seal %d now, want the one that was noted or an earlier one", head.Number)
	}
}

const (
	changed = "it was changed after seal "
	missing = "it is missing, or not marked with seal "
	misfit  = "it does not fit its MAC"
	removed = ", whose entries were removed"
	surplus = ", with which it is marked, does not have it"
)

// The ids of forged entries are after those of all others.
const forged = "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"

// entryColumns change each column of an entry with a seal, and of one without.
func (a *trail) entryColumns(t *testing.T) (all []tampering) {
	t.Helper()
	for _, column := range a.columns(t, "hermes.audit") {
		value := column + " || 'x'"
		switch column {
		case "id", "seal":
			continue // they have rows elsewhere
		case "at", "mac":
			value = "(SELECT " + column + " FROM hermes.audit WHERE id = '{4.1}')"
		}
		for id, detail := range map[string]string{"{3.2}": changed + "3", "{0.1}": misfit} {
			all = append(all, tampering{
				why: "another " + column + " of " + id, want: "entry " + id + ": " + detail,
				statements: []string{"UPDATE hermes.audit SET " + column + " = " + value + " WHERE id = '" + id + "'"},
			})
		}
	}
	return all
}

// sealColumns change each column of a seal that has its entries, and of one whose entries were
// removed.
func (a *trail) sealColumns(t *testing.T) (all []tampering) {
	t.Helper()
	for _, column := range a.columns(t, "hermes.audit_seals") {
		value, detail := "(SELECT "+column+" FROM hermes.audit_seals WHERE number = 3)", " does not fit"
		switch column {
		case "number":
			value, detail = "9", " is missing"
		case "entries":
			detail = ": its list of entries does not fit"
		case "key_id": // is the same in all of them
			value = "digest"
		case "pruned": // no other one has it
			value, detail = "digest", ": the mark"
		}
		for _, number := range []string{"1", "4"} {
			all = append(all, tampering{
				why: "another " + column + " of seal " + number, want: "seal " + number + detail,
				statements: []string{"UPDATE hermes.audit_seals SET " + column + " = " + value + " WHERE number = " + number},
			})
		}
	}
	return all
}

// markedEntries remove entries, and mark them with other seals.
func markedEntries() []tampering {
	mark := func(id, seal string) []string {
		return []string{"UPDATE hermes.audit SET seal = " + seal + " WHERE id = '" + id + "'"}
	}
	return []tampering{
		{"an entry is removed", []string{"DELETE FROM hermes.audit WHERE id = '{3.2}'"}, "entry {3.2}: " + missing + "3"},
		{"an entry is removed with its subjects", []string{
			"DELETE FROM hermes.audit WHERE id = '{4.2}'", "DELETE FROM hermes.audit_subjects WHERE id = '{4.2}'",
		}, "entry {4.2}: " + missing + "4"},
		{"all entries of a seal are removed", []string{"DELETE FROM hermes.audit WHERE seal = 4"}, "entry {4.1}: " + missing + "4"},
		{"two entries are removed, of which the first is named", []string{"DELETE FROM hermes.audit WHERE id IN ('{5.1}', '{3.3}')"},
			"entry {3.3}: " + missing + "3"},
		{"marked with the seal before", mark("{4.1}", "3"), "entry {4.1}: seal 3" + surplus},
		{"marked with the seal after", mark("{4.1}", "5"), "entry {4.1}: " + missing + "4"},
		{"marked with a seal that is not there", mark("{5.1}", "9"), "entry {5.1}: " + missing + "5"},
		{"marked with a seal without entries", mark("{3.1}", "1"), "entry {3.1}: " + missing + "3"},
		{"marked with none", mark("{3.1}", "NULL"), "entry {3.1}: " + missing + "3"},
		{"an entry without a seal is marked with the next one", mark("{0.1}", "6"), "entry {0.1}: there is no seal 6"},
		{"an entry without a seal is marked with one", mark("{0.1}", "5"), "entry {0.1}: seal 5" + surplus},
		{"an entry without a seal is marked with one without entries", mark("{0.1}", "2"),
			"entry {0.1}: it is marked with seal 2" + removed},
		{"an entry without a seal is marked with a number below all seals", mark("{0.2}", "-1"),
			"entry {0.2}: it is marked with seal -1" + removed},
	}
}

// insertedEntries copy entries, and forge others.
func insertedEntries() []tampering {
	insert := func(from, id, seal, mac string) []string {
		return []string{"INSERT INTO hermes.audit (id, at, kind, name, remote, request, node, subject, also, changes, mac, seal) " +
			"SELECT '" + id + "', at, kind, name, remote, request, node, subject, also, changes, " + mac + ", " + seal +
			" FROM hermes.audit WHERE id = '" + from + "'"}
	}
	return []tampering{
		{"a copy without a seal", insert("{3.1}", forged, "NULL", "mac"), "entry " + forged + ": " + misfit},
		{"a copy of an entry without a seal", insert("{0.1}", forged, "NULL", "mac"), "entry " + forged + ": " + misfit},
		{"a copy before all other entries", insert("{0.1}", "00000000000000000000000000", "NULL", "mac"),
			"entry 00000000000000000000000000: " + misfit},
		{"a copy whose id has other letters", insert("{0.1}", "abcdefghijklmnopqrstuvwxyz", "NULL", "mac"),
			`entry "abcdefghijklmnopqrstuvwxyz": ` + misfit},
		{"a copy whose id is too long", insert("{0.1}", "{0.1}0", "NULL", "mac"), `entry "{0.1}0": ` + misfit},
		{"a copy whose id is empty", insert("{0.1}", "", "NULL", "mac"), `entry "": ` + misfit},
		{"a copy with the same seal", insert("{3.1}", forged, "3", "mac"), "entry " + forged + ": seal 3" + surplus},
		{"a copy with the same seal, before its entries", insert("{4.1}", "", "4", "mac"), `entry "": seal 4` + surplus},
		{"a copy with the last seal", insert("{3.1}", forged, "5", "mac"), "entry " + forged + ": seal 5" + surplus},
		{"a copy with a seal that is not there", insert("{3.1}", forged, "9", "mac"), "entry " + forged + ": there is no seal 9"},
		{"a copy with a seal without entries", insert("{3.1}", forged, "1", "mac"), "entry " + forged + ": it is marked with seal 1" + removed},
		{"a copy with a number below all seals", insert("{3.1}", forged, "0", "mac"), "entry " + forged + ": it is marked with seal 0" + removed},
		{"a forged entry with another MAC", insert("{0.1}", forged, "NULL", "(SELECT link FROM hermes.audit_seals WHERE number = 3)"),
			"entry " + forged + ": " + misfit},
		{"a forged entry with a MAC of another size", insert("{0.1}", forged, "NULL", "substr(mac, 1, 8)"), "entry " + forged + ": " + misfit},
	}
}

// reorderedEntries give entries the ids, times or seals of others.
func reorderedEntries() []tampering {
	rename := func(from, to string) string {
		return "UPDATE hermes.audit SET id = '" + to + "' WHERE id = '" + from + "'"
	}
	swap := func(a, b string) []string { return []string{rename(a, forged), rename(b, a), rename(forged, b)} }
	return []tampering{
		{"an id after all others", []string{rename("{3.2}", forged)}, "entry {3.2}: " + missing + "3"},
		{"an id after all others, of an entry without a seal", []string{rename("{0.1}", forged)}, "entry " + forged + ": " + misfit},
		{"two entries of a seal swap their ids", swap("{3.1}", "{3.2}"), "entry {3.1}: " + changed + "3"},
		{"entries of two seals swap their ids", swap("{3.1}", "{4.1}"), "entry {3.1}: " + missing + "3"},
		{"entries of two seals swap their ids and seals", append(swap("{3.1}", "{4.1}"),
			"UPDATE hermes.audit SET seal = 7 - seal WHERE id IN ('{3.1}', '{4.1}')"), "entry {3.1}: " + changed + "3"},
		{"entries without a seal swap their ids", swap("{0.1}", "{0.2}"), "entry {0.1}: " + misfit},
		{"an entry with a seal and one without swap their ids", swap("{5.1}", "{0.1}"), "entry {5.1}: " + missing + "5"},
		{"two seals swap their entries", []string{"UPDATE hermes.audit SET seal = 7 - seal WHERE seal IN (3, 4)"},
			"entry {3.1}: " + missing + "3"},
		{"an entry has a time that does not exist", []string{"UPDATE hermes.audit SET at = {never} WHERE id = '{3.2}'"},
			"entry {3.2}: " + changed + "3"},
		{"an entry without a seal has a time that does not exist", []string{"UPDATE hermes.audit SET at = {never} WHERE id = '{0.2}'"},
			"entry {0.2}: " + misfit},
		{"two entries swap their times", []string{"UPDATE hermes.audit AS e SET at = (SELECT at FROM hermes.audit AS o WHERE o.seal = 3 " +
			"AND o.id IN ('{3.2}', '{3.3}') AND o.id <> e.id) WHERE e.id IN ('{3.2}', '{3.3}')"}, "entry {3.2}: " + changed + "3"},
	}
}

// subjects change what an entry is found by.
func subjects() []tampering {
	const unlisted = "it is not listed under what it is about"
	return []tampering{
		{"a subject is removed", []string{"DELETE FROM hermes.audit_subjects WHERE id = '{3.1}'"}, "entry {3.1}: " + unlisted},
		{"a subject is inserted", []string{"INSERT INTO hermes.audit_subjects VALUES ('{4.1}', 'x@example.com', 'example.com')"},
			"entry {4.1}: " + unlisted},
		{"another subject", []string{"UPDATE hermes.audit_subjects SET subject = 'x@example.com' WHERE id = '{5.1}'"},
			"entry {5.1}: " + unlisted},
		{"another area", []string{"UPDATE hermes.audit_subjects SET area = 'example.net' WHERE id = '{3.2}'"}, "entry {3.2}: " + unlisted},
	}
}

// seals remove, copy and reorder seals.
func seals() []tampering {
	remove := func(number string) string { return "DELETE FROM hermes.audit_seals WHERE number = " + number }
	renumber := func(from, to string) string {
		return "UPDATE hermes.audit_seals SET number = " + to + " WHERE number = " + from
	}
	insert := func(from, number string) string {
		return "INSERT INTO hermes.audit_seals (number, at, count, entries, digest, key_id, link, mac) " +
			"SELECT " + number + ", at, count, entries, digest, key_id, link, mac FROM hermes.audit_seals WHERE number = " + from
	}
	swap := []string{renumber("3", "9"), renumber("4", "3"), renumber("9", "4")}
	return []tampering{
		{"the first seal is removed", []string{remove("1")}, "seal 1 is missing"},
		{"a seal in the middle is removed", []string{remove("4")}, "seal 4 is missing"},
		{"a seal in the middle is removed with its entries", []string{remove("4"), "DELETE FROM hermes.audit WHERE seal = 4"},
			"seal 4 is missing"},
		{"a seal in the middle is removed, and those after it move up", []string{
			"DELETE FROM hermes.audit WHERE seal = 4", remove("4"), renumber("5", "4"), "UPDATE hermes.audit SET seal = 4 WHERE seal = 5",
		}, "seal 4 does not fit"},
		{"the last seal is removed", []string{remove("5")}, "entry {5.1}: there is no seal 5"},
		{"two seals swap their numbers", swap, "seal 3 does not fit"},
		{"two seals swap their numbers, and their entries too", append(swap[:3:3],
			"UPDATE hermes.audit SET seal = 7 - seal WHERE seal IN (3, 4)"), "seal 3 does not fit"},
		{"a copy after the last seal", []string{insert("5", "6")}, "seal 6 does not fit"},
		{"a copy after a gap", []string{insert("5", "8")}, "seal 6 is missing"},
		{"a copy in the middle", []string{renumber("5", "6"), renumber("4", "5"), insert("3", "4")}, "seal 4 does not fit"},
		{"a copy before all others", []string{insert("3", "0")}, "seal 0 does not fit"},
		{"a copy far before all others", []string{insert("3", "-1")}, "seal -1 does not fit"},
		{"the entries of another seal with their digest", []string{
			"UPDATE hermes.audit_seals SET entries = (SELECT entries FROM hermes.audit_seals WHERE number = 4) WHERE number = 3",
			"UPDATE hermes.audit_seals SET digest = (SELECT digest FROM hermes.audit_seals WHERE number = 4) WHERE number = 3",
		}, "seal 3 does not fit"},
		{"a seal has a time that does not exist", []string{"UPDATE hermes.audit_seals SET at = {never} WHERE number = 4"},
			"seal 4 does not fit"},
		{"no list of entries", []string{"UPDATE hermes.audit_seals SET entries = substr(entries, 1, 0) WHERE number = 4"},
			"seal 4: its list of entries does not fit"},
	}
}

// marks change the mark which says that the entries up to seal 2 were removed.
func marks() []tampering {
	move := []string{
		"UPDATE hermes.audit_seals SET pruned = (SELECT pruned FROM hermes.audit_seals WHERE number = 2) WHERE number = 3",
		"UPDATE hermes.audit_seals SET pruned = NULL WHERE number = 2",
	}
	return []tampering{
		{"the mark is removed", []string{"UPDATE hermes.audit_seals SET pruned = NULL"}, "seal 1: its list of entries does not fit"},
		{"another mark", []string{"UPDATE hermes.audit_seals SET pruned = mac WHERE number = 2"}, "seal 2: the mark"},
		{"a mark of another size", []string{"UPDATE hermes.audit_seals SET pruned = substr(pruned, 1, 8) WHERE number = 2"}, "seal 2: the mark"},
		{"the mark at an earlier seal", []string{
			"UPDATE hermes.audit_seals SET pruned = (SELECT pruned FROM hermes.audit_seals WHERE number = 2) WHERE number = 1",
			"UPDATE hermes.audit_seals SET pruned = NULL WHERE number = 2",
		}, "seal 1: the mark"},
		{"the mark at a later seal", move, "seal 3: the mark"},
		{"the mark at a later seal, whose entries are removed as by retention", append(move,
			"DELETE FROM hermes.audit_subjects WHERE id IN (SELECT id FROM hermes.audit WHERE seal = 3)",
			"DELETE FROM hermes.audit WHERE seal = 3", "UPDATE hermes.audit_seals SET entries = substr(entries, 1, 0) WHERE number = 3",
		), "seal 3: the mark"},
	}
}

// unseen are changes that nothing in the database shows: the newest seals are removed together with
// their entries, or entries before they are sealed. The log has the number and the MAC of the last
// seal of each hour.
func unseen() []tampering {
	return []tampering{
		{why: "entries without a seal are removed", statements: []string{"DELETE FROM hermes.audit WHERE seal IS NULL"}},
		{why: "an entry without a seal has another subject, until it is sealed", statements: []string{
			"UPDATE hermes.audit_subjects SET subject = 'x@example.com' WHERE id = '{0.1}'",
		}},
		{why: "the newest seals are removed with their entries", statements: []string{
			"DELETE FROM hermes.audit WHERE seal >= 4", "DELETE FROM hermes.audit_seals WHERE number >= 4",
		}},
		{why: "the newest seal is removed, and one of its entries is sealed again", statements: []string{
			"DELETE FROM hermes.audit_seals WHERE number >= 4", "UPDATE hermes.audit SET seal = NULL WHERE seal >= 4",
			"DELETE FROM hermes.audit WHERE id = '{4.1}'",
		}},
		{why: "everything is removed", statements: []string{
			"DELETE FROM hermes.audit_subjects", "DELETE FROM hermes.audit_seals", "DELETE FROM hermes.audit",
		}},
	}
}
