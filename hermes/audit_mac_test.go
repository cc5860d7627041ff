package hermes

import (
	"reflect"
	"testing"
	"time"
)

// TestAuditEntry_fields changes each field of an entry, and moves text from one to the next: the
// bytes that are authenticated must differ.
func TestAuditEntry_fields(t *testing.T) {
	t.Parallel()
	e := AuditEntry{
		ID: "i", At: time.UnixMicro(1), Principal: Principal{Kind: "k", Name: "n"}, Remote: "r", Request: "q", Node: "d",
		Subject: "s", Also: "a", Changes: "c",
	}
	seen := map[string]string{string(e.fields()): "the entry itself"}
	add := func(why string, e AuditEntry) {
		bytes := string(e.fields())
		if other, ok := seen[bytes]; ok {
			t.Errorf("%s gives the same bytes as %s", why, other)
		}
		seen[bytes] = why
	}
	texts := func(e *AuditEntry) (all []reflect.Value) {
		v := reflect.ValueOf(e).Elem()
		all = append(all, v.FieldByName("ID"), v.FieldByName("Principal").Field(0), v.FieldByName("Principal").Field(1))
		for _, name := range []string{"Remote", "Request", "Node", "Subject", "Also", "Changes"} {
			all = append(all, v.FieldByName(name))
		}
		return all
	}
	for i := range texts(&e) {
		changed, moved := e, e
		v := texts(&changed)
		v[i].SetString(v[i].String() + "x")
		add("a longer text "+v[i].String(), changed)
		if v := texts(&moved); i > 0 {
			v[i-1].SetString(v[i-1].String() + v[i].String())
			v[i].SetString("")
			add("a text moved to "+v[i-1].String(), moved)
		}
	}
	later := e
	later.At = time.UnixMicro(2)
	add("another time", later)
	if n := reflect.TypeOf(e).NumField(); n != 10 {
		t.Errorf("an entry has %d fields: change fields and this test", n)
	}
	if signed := (AuditEntry{MAC: Hash{1}}); signed.hash() == (AuditEntry{}).hash() {
		t.Error("the hash does not cover the MAC")
	}
}
