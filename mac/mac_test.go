package mac_test

import (
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/mac"
)

func TestParse(t *testing.T) {
	for _, row := range []struct{ in, want, why string }{
		{"001122aabbcc", "001122aabbcc", "plain"},
		{"001122AABBCC", "001122aabbcc", "plain, upper case"},
		{"00:11:22:aa:bb:cc", "001122aabbcc", "colons"},
		{"00:11:22:AA:bb:Cc", "001122aabbcc", "colons, either case"},
		{"00-11-22-AA-BB-CC", "001122aabbcc", "hyphens, as Windows and labels on phones have it"},
		{"0011.22aa.bbcc", "001122aabbcc", "dotted, as Cisco has it"},
		{"0011.22AA.BBCC", "001122aabbcc", "dotted, upper case"},
		{"000000000000", "000000000000", "all zero, which is not the zero value"},
		{"ff:ff:ff:ff:ff:ff", "ffffffffffff", "all one"},
		{"0123456789ab", "0123456789ab", "every octet in its place"},
		{"cdefABCDEF09", "cdefabcdef09", "the ends of the ranges of digits"},
	} {
		a, err := mac.Parse(row.in)
		if err != nil || a.String() != row.want || a.IsZero() {
			t.Errorf("Parse(%q) = %q, %v: %s", row.in, a, err, row.why)
		}
		if b := mac.MustParse(row.want); a != b {
			t.Errorf("Parse(%q) and Parse(%q) differ: %s", row.in, row.want, row.why)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, row := range []struct{ in, why string }{
		{"", "nothing"},
		{"001122aabbc", "11 digits"},
		{"001122aabbccd", "13 digits"},
		{"001122aabbccdd", "7 octets, as long as the dotted form"},
		{"001122aabbccddeef", "17 digits, as long as the separated form"},
		{"00:11:22:aa:bb", "5 octets"},
		{"00:11:22:aa:bb:cc:dd", "7 octets"},
		{"00:11:22:aa:bb:cc:dd:ee", "EUI-64, which net.ParseMAC accepts"},
		{"00:11:22:aa:bb-cc", "mixed separators"},
		{"00-11:22-aa:bb-cc", "mixed separators, alternating"},
		{"00.11.22.aa.bb.cc", "dots between pairs"},
		{"00 11 22 aa bb cc", "blanks between pairs"},
		{"00_11_22_aa_bb_cc", "underscores between pairs"},
		{"0011:22aa:bbcc", "colons between groups of four"},
		{"0011-22aa-bbcc", "hyphens between groups of four"},
		{"001122-aabbcc", "two groups"},
		{"001.122.aab.bcc", "four groups, as old Cisco and 3Com have it"},
		{"0:1:2:a:b:c", "missing digits"},
		{"0:11:22:aa:bb:cc", "one missing digit"},
		{"0:011:22:aa:bb:cc", "a separator out of its place"},
		{":00:11:22:aa:bb:c", "a leading separator"},
		{"00:11:22:aa:bb:c:", "a trailing separator"},
		{"00::11:22:aa:bb:c", "an empty octet"},
		{"0011..22aabbcc", "an empty group"},
		{"001122aabbcg", "no hex digit"},
		{"001122aabbc/", "the character before 0"},
		{"001122aabbc:", "the character after 9"},
		{"001122aabbc@", "the character before A"},
		{"001122aabbcG", "the character after F"},
		{"001122aabbc`", "the character before a"},
		{" 01122aabbcc", "a leading blank"},
		{"01122aabbcc\n", "a trailing line break"},
		{"0x1122aabbcc", "a prefix"},
		{"001122aabb\x00c", "NUL"},
		{"001122aabb\xff\xff", "invalid UTF-8"},
		{"００1122aa", "full-width digits, 12 bytes of them"},
		{strings.Repeat("00", 500), "a long one"},
	} {
		if a, err := mac.Parse(row.in); err == nil || !a.IsZero() {
			t.Errorf("Parse(%q) = %q, %v: %s", row.in, a, err, row.why)
		}
	}
}

func TestError(t *testing.T) {
	const want = `mac: address "0:1\x00": want six octets as 001122334455, 00:11:22:33:44:55, 00-11-22-33-44-55 or 0011.2233.4455`
	if _, err := mac.Parse("0:1\x00"); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestMustParsePanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("MustParse does not panic on malformed input")
		}
	}()
	mac.MustParse("0:1:2:a:b:c")
}

func TestZero(t *testing.T) {
	var none mac.Addr
	if zero := mac.MustParse("000000000000"); zero == none || zero.IsZero() {
		t.Error("the address 000000000000 is taken for no address")
	}
	if !none.IsZero() || none.String() != "" {
		t.Errorf("the zero value: %q", none)
	}
}

func TestCompare(t *testing.T) {
	order := []string{"", "000000000000", "000000000001", "0000000000ff", "7fffffffffff", "800000000000", "9fffffffffff", "a00000000000", "ffffffffffff"}
	for _, x := range order {
		for _, y := range order {
			var a, b mac.Addr
			if a.UnmarshalText([]byte(x)) != nil || b.UnmarshalText([]byte(y)) != nil {
				t.Fatalf("malformed: %q or %q", x, y)
			}
			if got, want := a.Compare(b), strings.Compare(x, y); got != want {
				t.Errorf("%q.Compare(%q) = %d, want %d", a, b, got, want)
			}
		}
	}
}
