package sip_test

import (
	"cmp"
	"database/sql"
	"database/sql/driver"
	"encoding"
	"encoding/json"
	"net/mail"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/sip"
)

// Texts of 64 characters, the greatest length of a user and of a domain.
const (
	letters64 = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl"
	domain64  = "abcdefghijklmnopqrstuvwxyzabcdefghij.abcdefghijklmnopqrst.exampl"
)

func TestParse(t *testing.T) {
	t.Parallel()
	t.Run("well-formed", func(t *testing.T) {
		t.Parallel()
		for _, row := range []struct{ in, user, domain, why string }{
			{"alice@example.com", "alice", "example.com", "without a scheme"},
			{"sip:alice@example.com", "alice", "example.com", "sip: is dropped"},
			{"SiP:alice@example.com", "alice", "example.com", "the scheme is case-insensitive (RFC 3986, 3.1)"},
			{"sip@example.com", "sip", "example.com", "a user may be named as the scheme is"},
			{"sip:sip@example.com", "sip", "example.com", "only the scheme is dropped"},
			{"Alice@example.com", "Alice", "example.com", "users are case-sensitive (RFC 3261, 19.1.4)"},
			{"alice@EXAMPLE.Com", "alice", "example.com", "domains are case-insensitive"},
			{"-_.!~*'()@example.com", "-_.!~*'()", "example.com", "mark"},
			{"&=+$,;?/@example.com", "&=+$,;?/", "example.com", "user-unreserved"},
			{"AZaz09@example.com", "AZaz09", "example.com", "the ends of the alphanumeric ranges"},
			{"+4773500001@example.com", "+4773500001", "example.com", "an E.164 alias"},
			{".@example.com", ".", "example.com", "the rules of mail for dots do not apply"},
			{"a@192.0.2.1", "a", "192.0.2.1", "an IPv4 address"},
			{"a@localhost", "a", "localhost", "one label"},
			{letters64 + "@example.com", letters64, "example.com", "64 characters are the width of the column"},
			{"a@" + domain64, "a", domain64, "64 characters of a domain"},
			{"sip:" + letters64 + "@" + domain64, letters64, domain64, "the longest of all"},
		} {
			a, err := sip.Parse(row.in)
			if err != nil || a.User() != row.user || a.Domain().String() != row.domain {
				t.Errorf("Parse(%q) = %q, %q, %v: %s", row.in, a.User(), a.Domain(), err, row.why)
			}
			if want := row.user + "@" + row.domain; a.String() != want || !a.Valid() {
				t.Errorf("Parse(%q): String %q, Valid %v: %s", row.in, a, a.Valid(), row.why)
			}
			if j, err := sip.Join(row.user, row.domain); err != nil || j != a {
				t.Errorf("Join(%q, %q) = %q, %v, not %q", row.user, row.domain, j, err, a)
			}
		}
	})
	t.Run("malformed", func(t *testing.T) {
		t.Parallel()
		for _, row := range []struct{ in, why string }{
			{"", "nothing"},
			{"alice", "no domain"},
			{"sip:alice", "no domain after the scheme"},
			{"@", "an @ alone"},
			{"@example.com", "no user"},
			{"sip:@example.com", "no user after the scheme"},
			{"alice@", "an empty domain"},
			{"alice@b@example.com", "two @"},
			{"sips:alice@example.com", "another scheme: an address cannot promise TLS"},
			{"tel:+4773500001@example.com", "another scheme"},
			{"sip:sip:alice@example.com", "the scheme twice"},
			{"ſip:alice@example.com", "U+017F folds to s but is not s"},
			{"sip: alice@example.com", "a blank after the scheme"},
			{" alice@example.com", "a leading blank"},
			{"alice@example.com ", "a trailing blank"},
			{"alice@example.com\n", "a trailing line break"},
			{"al ice@example.com", "a blank"},
			{"al\tice@example.com", "a tab"},
			{"al\x00ice@example.com", "NUL, which PostgreSQL cannot store"},
			{"al\x7fice@example.com", "DEL"},
			{"al%40ice@example.com", "an escape, which would be a second spelling of the same user"},
			{"alice:secret@example.com", "a password"},
			{`"alice"@example.com`, "a quoted user"},
			{"<alice@example.com>", "angle brackets"},
			{"al\\ice@example.com", "a backslash"},
			{"al#ice@example.com", "a fragment sign"},
			{"al[ice]@example.com", "square brackets"},
			{"al{ice}@example.com", "curly brackets"},
			{"al|ice^`@example.com", "RFC 3986's unwise characters"},
			{"ålice@example.com", "a letter outside of ASCII"},
			{"al\xffice@example.com", "invalid UTF-8"},
			{"alice@example.com:5060", "a port"},
			{"alice@example.com;transport=tcp", "a parameter"},
			{"alice@example.com?subject=x", "a header"},
			{"alice@[2001:db8::1]", "an IPv6 reference"},
			{letters64 + "m@example.com", "a user of 65 characters is refused, not truncated"},
			{"a@e" + domain64, "a domain of 65 characters is refused, not truncated"},
			{strings.Repeat("å", 33) + "@example.com", "33 characters of two bytes each"},
		} {
			if a, err := sip.Parse(row.in); err == nil || !a.IsZero() {
				t.Errorf("Parse(%q) = %q, %v: %s", row.in, a, err, row.why)
			}
		}
	})
	t.Run("error text", func(t *testing.T) {
		t.Parallel()
		long := strings.Repeat("x", 9999)
		for _, row := range []struct{ in, want string }{
			{"alice", `sip: address "alice": want user@domain`},
			{"a b@example.com", `sip: user "a b": want 1 to 64 letters, digits and characters of -_.!~*'()&=+$,;?/`},
			{"a@ex_ample", `sip: domain "ex_ample": want letters, digits and "-" in a label`},
			{"a@-x", `sip: domain "-x": want no "-" at either end of a label`},
			{"a@x..y", `sip: domain "x..y": want labels of 1 to 63 characters`},
			{"a@1.2.3", `sip: domain "1.2.3": want four numbers from 0 to 255, without leading zeros, where all labels are digits`},
			{"a@", `sip: domain "": want a host name or an IPv4 address of 1 to 64 characters`},
			{long, `sip: address "` + long[:100] + `": want user@domain`},
		} {
			if _, err := sip.Parse(row.in); err == nil || err.Error() != row.want {
				t.Errorf("got  %v\nwant %s", err, row.want)
			}
		}
	})
}

func TestMustParse(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("MustParse does not panic on malformed input")
		}
	}()
	sip.MustParse("alice")
}

func TestJoin(t *testing.T) {
	t.Parallel()
	t.Run("every byte of a user", func(t *testing.T) {
		t.Parallel()
		for i := range 256 {
			c := string([]byte{byte(i)})
			want := strings.Contains(alphanumeric+"-_.!~*'()"+"&=+$,;?/", c)
			if _, err := sip.Join("a"+c+"b", "example.com"); (err == nil) != want {
				t.Errorf("user with %q: %v", c, err)
			}
		}
	})
	t.Run("malformed", func(t *testing.T) {
		t.Parallel()
		for _, row := range []struct{ user, domain, why string }{
			{"sip:alice", "example.com", "the scheme is accepted by Parse only"},
			{"alice@example.com", "example.com", "an @ in the user"},
			{"alice", "@example.com", "an @ in the domain"},
			{"", "example.com", "no user"},
			{"alice", "", "no domain"},
			{"", "", "nothing: the zero Addr is not an address"},
		} {
			if a, err := sip.Join(row.user, row.domain); err == nil || !a.IsZero() {
				t.Errorf("Join(%q, %q) = %q, %v: %s", row.user, row.domain, a, err, row.why)
			}
		}
	})
}

func TestUnchecked(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		user, domain string
		valid        bool
		why          string
	}{
		{"alice", "example.com", true, "the same value as of Parse"},
		{"alice", "EXAMPLE.com", false, "Parse would return another value"},
		{"al ice", "example.com", false, "Parse refuses it"},
		{"sip:alice", "example.com", false, "Parse would read another user in its text"},
		{"alice", "ex_ample", false, "a malformed domain"},
		{"alice", "", false, "no domain"},
		{"", "example.com", false, "a row for a whole domain, without a user"},
		{"", "", false, "the zero value"},
	} {
		a := sip.Unchecked(row.user, row.domain)
		if a.User() != row.user || a.Domain() != sip.UncheckedDomain(row.domain) {
			t.Errorf("Unchecked(%q, %q) has %q and %q, want them unchanged", row.user, row.domain, a.User(), a.Domain())
		}
		if a.Valid() != row.valid {
			t.Errorf("Unchecked(%q, %q).Valid() = %v: %s", row.user, row.domain, a.Valid(), row.why)
		}
		if p, err := sip.Parse(a.String()); (err == nil && p == a) != row.valid {
			t.Errorf("Parse(%q) = %q, %v: Valid says %v", a, p, err, row.valid)
		}
		if a.IsZero() != (row.user == "" && row.domain == "") {
			t.Errorf("Unchecked(%q, %q).IsZero() = %v", row.user, row.domain, a.IsZero())
		}
	}
}

func TestAddr_Compare(t *testing.T) {
	t.Parallel()
	// Sorted by user, then by domain, byte by byte. The texts of a@a.example and a!@a.example
	// sort the other way round.
	order := []sip.Addr{{}, sip.Unchecked("", "x"), sip.Unchecked("a", ""), sip.Unchecked("a", "B.example"),
		sip.MustParse("a@a.example"), sip.MustParse("a@b.example"), sip.MustParse("a!@a.example"),
		sip.MustParse("ab@a.example"), sip.MustParse("b@a.example"), sip.Unchecked("å", "a")}
	for i, a := range order {
		for j, b := range order {
			if got, want := a.Compare(b), cmp.Compare(i, j); got != want {
				t.Errorf("%q.Compare(%q) = %d, want %d", a, b, got, want)
			}
			d, e := a.Domain(), b.Domain()
			if got, want := d.Compare(e), strings.Compare(d.String(), e.String()); got != want {
				t.Errorf("%q.Compare(%q) = %d, want %d", d, e, got, want)
			}
		}
	}
}

// FuzzParse compares Parse with regular expressions and with net/mail.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"alice@example.com", "SIP:+47@192.0.2.1", "a@b@c", "sips:a@b", "a@1.2.3.256",
		"a@xn--bcher-kva.example", letters64 + "@" + domain64, "a..b@c", "a@-", "a@B-", "a\x00@b", "\xff@b", "a@1.2.3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		address := schemeRE.ReplaceAllString(s, "")
		user, domain, cut := strings.Cut(address, "@")
		want := cut && userRE.MatchString(user) && matchesDomain(domain)
		a, err := sip.Parse(s)
		if (err == nil) != want {
			t.Fatalf("Parse(%q): %v; the regular expressions say %v", s, err, want)
		}
		if err != nil {
			if !a.IsZero() {
				t.Fatalf("Parse(%q): %q with an error", s, a)
			}
			return
		}
		if a.User() != user || a.Domain().String() != strings.ToLower(domain) || !a.Valid() {
			t.Fatalf("Parse(%q) = %q, %q, Valid %v", s, a.User(), a.Domain(), a.Valid())
		}
		if b, err := sip.Parse("sip:" + a.String()); err != nil || b != a {
			t.Fatalf("Parse(%q) = %q, %v: want the same address", "sip:"+a.String(), b, err)
		}
		// net/mail accepts fewer users (no dot at either end, no parentheses). Those that it
		// accepts it must separate from the domain in the same way.
		m, err := mail.ParseAddress("<" + address + ">")
		if mailRE.MatchString(user) && (err != nil || m.Address != address) {
			t.Fatalf("net/mail of %q: %v, %v", address, m, err)
		}
	})
}

// value has the methods that Addr and Domain have in common.
type value interface {
	comparable
	encoding.TextMarshaler
	encoding.TextAppender
	driver.Valuer
	String() string
	IsZero() bool
}

// pointer has the methods of *Addr and *Domain that change the value.
type pointer[T any] interface {
	*T
	encoding.TextUnmarshaler
	sql.Scanner
}

func TestAddr_Text(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"alice@example.com", "-_.!~*'()&=+$,;?/@192.0.2.1", letters64 + "@" + domain64} {
		testRoundTrip(t, sip.MustParse(s))
	}
	testRoundTrip(t, sip.Addr{})
	testOverwrite(t, sip.MustParse("alice@example.com"), "bob@ex_ample")
}

// testRoundTrip converts v to text, to JSON and to a database value, and back.
func testRoundTrip[T value, P pointer[T]](t *testing.T, v T) {
	t.Helper()
	text, err := v.MarshalText()
	if err != nil || string(text) != v.String() {
		t.Errorf("%q: MarshalText %q, %v", v, text, err)
	}
	if b, err := v.AppendText([]byte("x")); err != nil || string(b) != "x"+v.String() {
		t.Errorf("%q: AppendText %q, %v", v, b, err)
	}
	var back T
	if err := P(&back).UnmarshalText(text); err != nil || back != v {
		t.Errorf("%q: UnmarshalText %q, %v", v, back, err)
	}
	column, err := v.Value()
	if err != nil || !driver.IsValue(column) || (column == nil) != v.IsZero() {
		t.Errorf("%q: Value %#v, %v", v, column, err)
	}
	for _, src := range []any{column, v.String(), text} {
		var back T
		if err := P(&back).Scan(src); err != nil || back != v {
			t.Errorf("%q: Scan(%#v) %q, %v", v, src, back, err)
		}
	}
	keyed, err := json.Marshal(map[T]T{v: v})
	var m map[T]T
	if err != nil || json.Unmarshal(keyed, &m) != nil || m[v] != v || len(m) != 1 {
		t.Errorf("%q: as JSON %s, %v", v, keyed, err)
	}
}

// testOverwrite reads texts into a variable that already holds v.
func testOverwrite[T value, P pointer[T]](t *testing.T, v T, malformed string) {
	t.Helper()
	got := v
	if err := P(&got).UnmarshalText([]byte(malformed)); err == nil || got != v {
		t.Errorf("UnmarshalText(%q) = %v, value %q: want an error and no change", malformed, err, got)
	}
	for _, src := range []any{malformed, []byte(malformed), 7, true, 1.5} {
		if err := P(&got).Scan(src); err == nil || got != v {
			t.Errorf("Scan(%#v) = %v, value %q: want an error and no change", src, err, got)
		}
	}
	if err := P(&got).Scan(nil); err != nil || !got.IsZero() {
		t.Errorf("Scan(NULL) = %v, value %q, want the zero value", err, got)
	}
	got = v
	if err := P(&got).UnmarshalText(nil); err != nil || !got.IsZero() {
		t.Errorf("UnmarshalText of an empty text = %v, value %q, want the zero value", err, got)
	}
}

// A database driver may overwrite its buffer with the next row: Scan must copy it.
func TestAddr_Scan(t *testing.T) {
	t.Parallel()
	buffer := []byte("alice@example.com")
	var a sip.Addr
	var d sip.Domain
	if err := a.Scan(buffer); err != nil {
		t.Fatal(err)
	}
	if err := d.Scan(buffer[6:]); err != nil {
		t.Fatal(err)
	}
	copy(buffer, "xxxxxxxxxxxxxxxxx")
	if a != sip.MustParse("alice@example.com") || d != a.Domain() {
		t.Errorf("the next row changed the values to %q and %q", a, d)
	}
}

func BenchmarkAddr_AppendText(b *testing.B) {
	a := sip.MustParse("+4773500001@pbx.oslo.example.com")
	buffer := make([]byte, 0, 130)
	b.ReportAllocs()
	for b.Loop() {
		buffer, _ = a.AppendText(buffer[:0])
	}
}
