package hermes

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestChangeLog_entry(t *testing.T) {
	t.Parallel()
	texts := func(all ...string) (fields []field) {
		for i := 0; i < len(all); i += 2 {
			fields = append(fields, field{all[i], all[i+1]})
		}
		return fields
	}
	for _, tt := range []struct {
		rule  string
		note  func(*changeLog)
		named string
		want  auditText // no changes: no entry
	}{
		{"nothing was noted", func(*changeLog) {}, "alice", auditText{}},
		{"what is added has all its fields that have a value", func(l *changeLog) {
			l.note("user", "alice", nil, texts("user", "alice", "email", "", "rpid", "1"))
		}, "", auditText{subject: "alice", changes: `[{"field":"user","from":"","to":"alice"},{"field":"rpid","from":"","to":"1"}]`}},
		{"so has what is removed", func(l *changeLog) {
			l.note("user", "alice", texts("user", "alice", "rpid", "1"), nil)
		}, "", auditText{subject: "alice", changes: `[{"field":"user","from":"alice","to":""},{"field":"rpid","from":"1","to":""}]`}},
		{"what stays has the fields that differ", func(l *changeLog) {
			l.note("user", "alice", texts("user", "alice", "rpid", "1", "email", "x"), texts("user", "alice", "rpid", "2", "email", "x"))
		}, "", auditText{subject: "alice", changes: `[{"field":"rpid","from":"1","to":"2"}]`}},
		{"the same values again are no change", func(l *changeLog) {
			l.note("user", "alice", texts("user", "alice", "rpid", "1"), texts("user", "alice", "rpid", "1"))
		}, "alice", auditText{}},
		{"a value that was changed back is no change", func(l *changeLog) {
			l.note("user", "alice", texts("user", "alice", "rpid", "1"), texts("user", "alice", "rpid", "2"))
			l.note("user", "alice", texts("user", "alice", "rpid", "2"), texts("user", "alice", "rpid", "1"))
		}, "alice", auditText{}},
		{"a record that was added and removed is no change", func(l *changeLog) {
			l.note("number", "+47", nil, texts("number", "+47"))
			l.note("number", "+47", texts("number", "+47"), nil)
		}, "", auditText{}},
		{"of several changes the first value and the last one count", func(l *changeLog) {
			l.note("user", "alice", texts("user", "alice", "rpid", "1"), texts("user", "alice", "rpid", "2"))
			l.note("user", "alice", texts("user", "alice", "rpid", "2"), texts("user", "alice", "rpid", "3"))
		}, "", auditText{subject: "alice", changes: `[{"field":"rpid","from":"1","to":"3"}]`}},
		{"what the request names is the subject, and all else that was touched is beside it, in order, each once", func(l *changeLog) {
			l.note("number", "+47", texts("number", "+47"), nil)
			l.note("alias to alice", "+47@a", nil, texts("alias", "+47@a", "destination", "alice"), "alice")
			l.note("alias to alice", "+46@a", nil, texts("alias", "+46@a", "destination", "alice"), "alice")
		}, "alice", auditText{subject: "alice", also: "+46@a\n+47\n+47@a", changes: `[{"field":"number","from":"+47","to":""},` +
			`{"field":"alias","from":"","to":"+47@a"},{"field":"destination","from":"","to":"alice"},` +
			`{"field":"alias","from":"","to":"+46@a"},{"field":"destination","from":"","to":"alice"}]`}},
		{"a field of a record that stays names the record, unless that is the subject", func(l *changeLog) {
			l.note("user", "alice", texts("user", "alice", "rpid", "1"), texts("user", "alice", "rpid", "2"))
			l.noteField("user", "bob", "password", "", secretChanged)
		}, "alice", auditText{subject: "alice", also: "bob", changes: `[{"field":"rpid","from":"1","to":"2"},` +
			`{"field":"password","from":"","to":"changed","of":"bob"}]`}},
	} {
		l := &changeLog{}
		tt.note(l)
		got, changed := l.entry(tt.named)
		if changed != (tt.want != auditText{}) {
			t.Errorf("%s: an entry: %t", tt.rule, changed)
		}
		if d := cmp.Diff(tt.want, got, cmp.AllowUnexported(auditText{})); changed && d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.rule, d)
		}
	}
}
