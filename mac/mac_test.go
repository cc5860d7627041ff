package mac_test

import (
	"net"
	"regexp"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/mac"
)

func TestParse(t *testing.T) {
	t.Parallel()
	t.Run("well-formed", func(t *testing.T) {
		t.Parallel()
		for _, row := range []struct{ in, want, why string }{
			{"001122aabbcc", "001122aabbcc", "no separators"},
			{"001122AABBCC", "001122aabbcc", "no separators, upper case"},
			{"00:11:22:aa:bb:cc", "001122aabbcc", "colons"},
			{"00:11:22:AA:bb:Cc", "001122aabbcc", "colons, mixed case"},
			{"00-11-22-AA-BB-CC", "001122aabbcc", "hyphens, as Windows and the labels on phones write it"},
			{"0011.22aa.bbcc", "001122aabbcc", "dots, as Cisco writes it"},
			{"0011.22AA.BBCC", "001122aabbcc", "dots, upper case"},
			{"000000000001", "000000000001", "the first address of a device"},
			{"fe:ff:ff:ff:ff:ff", "feffffffffff", "the last address of a device, which its owner made up"},
			{"023456789abc", "023456789abc", "each octet in its place"},
			{"ceefABCDEF09", "ceefabcdef09", "the first and last digit of each range"},
		} {
			a, err := mac.Parse(row.in)
			if err != nil || a.String() != row.want || a.IsZero() {
				t.Errorf("Parse(%q) = %q, %v: %s", row.in, a, err, row.why)
			}
			if b := mac.MustParse(row.want); a != b {
				t.Errorf("Parse(%q) and Parse(%q) differ: %s", row.in, row.want, row.why)
			}
		}
	})
	t.Run("malformed", func(t *testing.T) {
		t.Parallel()
		for _, row := range []struct{ in, why string }{
			{"", "nothing"},
			{"001122aabbc", "11 digits"},
			{"001122aabbccd", "13 digits"},
			{"001122aabbccdd", "7 octets, as long as the form with dots"},
			{"001122aabbccddeef", "17 digits, as long as the form with colons"},
			{"00:11:22:aa:bb", "5 octets"},
			{"00:11:22:aa:bb:cc:dd", "7 octets"},
			{"00:11:22:aa:bb:cc:dd:ee", "EUI-64, which net.ParseMAC accepts"},
			{"00:11:22:aa:bb-cc", "mixed separators"},
			{"00-11:22-aa:bb-cc", "mixed separators, alternating"},
			{"00.11.22.aa.bb.cc", "dots between pairs"},
			{"00 11 22 aa bb cc", "spaces between pairs"},
			{"00_11_22_aa_bb_cc", "underscores between pairs"},
			{"0011:22aa:bbcc", "colons between groups of four"},
			{"0011-22aa-bbcc", "hyphens between groups of four"},
			{"001122-aabbcc", "two groups"},
			{"001.122.aab.bcc", "four groups, as old devices of Cisco and 3Com write it"},
			{"0:1:2:a:b:c", "octets of one digit"},
			{"0:11:22:aa:bb:cc", "one octet of one digit"},
			{"0:011:22:aa:bb:cc", "a separator in the wrong place"},
			{":00:11:22:aa:bb:c", "a leading separator"},
			{"00:11:22:aa:bb:c:", "a trailing separator"},
			{"00::11:22:aa:bb:c", "an empty octet"},
			{"0011..22aabbcc", "an empty group"},
			{"001122aabbcg", "not a hexadecimal digit"},
			{"001122aabbc/", "the character before 0"},
			{"001122aabbc:", "the character after 9"},
			{"001122aabbc@", "the character before A"},
			{"001122aabbcG", "the character after F"},
			{"001122aabbc`", "the character before a"},
			{" 01122aabbcc", "a leading space"},
			{"01122aabbcc\n", "a trailing line break"},
			{"0x1122aabbcc", "a prefix"},
			{"001122aabb\x00c", "NUL"},
			{"001122aabb\xff\xff", "invalid UTF-8"},
			{"００1122aa", "full-width digits, 12 bytes in all"},
			{strings.Repeat("00", 500), "a long text"},
			{"000000000000", "all zeros"},
			{"00:00:00:00:00:00", "all zeros with separators"},
			{"ff:ff:ff:ff:ff:ff", "the broadcast address"},
			{"01005e000001", "a multicast address of IPv4"},
			{"33-33-00-00-00-01", "a multicast address of IPv6"},
			{"0123.4567.89ab", "a group address that its owner made up"},
		} {
			if a, err := mac.Parse(row.in); err == nil || !a.IsZero() {
				t.Errorf("Parse(%q) = %q, %v: %s", row.in, a, err, row.why)
			}
		}
	})
	t.Run("error text", func(t *testing.T) {
		t.Parallel()
		const want = `mac: address "0:1\x00": want six octets as 001122334455, 00:11:22:33:44:55, 00-11-22-33-44-55 or 0011.2233.4455`
		if _, err := mac.Parse("0:1\x00"); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
		const noDevice = `mac: address "FF-FF-FF-FF-FF-FF": want that of a device, and no group address or 000000000000`
		if _, err := mac.Parse("FF-FF-FF-FF-FF-FF"); err == nil || err.Error() != noDevice {
			t.Errorf("got  %v\nwant %s", err, noDevice)
		}
	})
}

func TestUnchecked(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		in    string
		valid bool
		why   string
	}{
		{"001122aabbcc", true, "an address of a device"},
		{"00-00-00-00-00-00", false, "all zeros"},
		{"ff:ff:ff:ff:ff:ff", false, "the broadcast address"},
		{"0100.5e00.0001", false, "a multicast address"},
	} {
		a, err := mac.Unchecked(row.in)
		if want := strings.NewReplacer(":", "", "-", "", ".", "").Replace(row.in); err != nil || a.String() != want || a.IsZero() {
			t.Errorf("Unchecked(%q) = %q, %v: %s", row.in, a, err, row.why)
		}
		if a.Valid() != row.valid {
			t.Errorf("Unchecked(%q).Valid() = %v: %s", row.in, a.Valid(), row.why)
		}
	}
	if a, err := mac.Unchecked("0:1:2:a:b:c"); err == nil || !a.IsZero() || a.Valid() {
		t.Errorf("Unchecked of a malformed text = %q, %v; valid is %v", a, err, a.Valid())
	}
}

func TestMustParse(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("MustParse does not panic on malformed input")
		}
	}()
	mac.MustParse("0:1:2:a:b:c")
}

func TestAddr_IsZero(t *testing.T) {
	t.Parallel()
	var none mac.Addr
	if zero, err := mac.Unchecked("000000000000"); err != nil || zero == none || zero.IsZero() {
		t.Error("the address 000000000000 is the zero Addr")
	}
	if !none.IsZero() || none.String() != "" {
		t.Errorf("the zero value: %q", none)
	}
}

func TestAddr_Compare(t *testing.T) {
	t.Parallel()
	order := []string{"", "000000000000", "000000000001", "0000000000ff", "7fffffffffff", "800000000000", "9fffffffffff",
		"a00000000000", "ffffffffffff"}
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

var plainRE = regexp.MustCompile(`\A[0-9A-Fa-f]{12}\z`)

// FuzzParse compares Parse with net.ParseMAC, which does not accept the form without separators and
// accepts longer addresses, too.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"001122aabbcc", "00:11:22:AA:BB:CC", "00-11-22-aa-bb-cc", "0011.22aa.bbcc",
		"00:11:22:aa:bb-cc", "00:11:22:aa:bb:cc:dd:ee", "0011.22aa.bbcc.ddee", "000000000000", "ff:ff:ff:ff:ff:ff", "01005e000001", "0:1:2:a:b:c", "00.11.22.aa.bb.cc", "\x00\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		separated := s
		if plainRE.MatchString(s) {
			separated = s[:4] + "." + s[4:8] + "." + s[8:]
		}
		second, err := net.ParseMAC(separated)
		isAddress := err == nil && len(second) == 6
		isDevice := isAddress && second[0]&1 == 0 && second.String() != "00:00:00:00:00:00"
		if u, err := mac.Unchecked(s); (err == nil) != isAddress || u.Valid() != isDevice {
			t.Fatalf("Unchecked(%q): %v, valid is %v; net.ParseMAC says %v, %v", s, err, u.Valid(), isAddress, isDevice)
		}
		a, err := mac.Parse(s)
		if (err == nil) != isDevice {
			t.Fatalf("Parse(%q): %v; net.ParseMAC says %v", s, err, isDevice)
		}
		if err != nil {
			if !a.IsZero() {
				t.Fatalf("Parse(%q): %q with an error", s, a)
			}
			return
		}
		if a.IsZero() || a.String() != strings.ReplaceAll(second.String(), ":", "") {
			t.Fatalf("Parse(%q) = %q; net.ParseMAC returns %s", s, a, second)
		}
		if b, err := mac.Parse(a.String()); err != nil || b != a {
			t.Fatalf("Parse(%q) = %q, %v: want the same address", a, b, err)
		}
	})
}

// refused are addresses with a fault at the beginning or at the end.
func refused() []string {
	return []string{"", "ffffffffffff", "g01122aabbcc", "00:11:22:AA:BB-CC", "0011.22aa.bbcg", "001122aabbccdd"}
}

func TestParse_allocations(t *testing.T) {
	const accepted = "00:11:22:AA:BB:CC"
	for _, s := range append(refused(), accepted) {
		if n := testing.AllocsPerRun(10, func() {
			if _, err := mac.Parse(s); (err == nil) != (s == accepted) {
				t.Errorf("Parse(%q): accepted is %t", s, err == nil)
			}
		}); n != 0 {
			t.Errorf("Parse(%q) allocates %v times, want 0", s, n)
		}
	}
}

func BenchmarkParse_refused(b *testing.B) {
	for _, s := range refused() {
		b.Run(s, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := mac.Parse(s); err == nil {
					b.Fatal("accepted")
				}
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	for _, s := range []string{"001122aabbcc", "00:11:22:AA:BB:CC", "0011.22aa.bbcc"} {
		b.Run(s, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := mac.Parse(s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
