package provision

import "testing"

// decisions is the truth table of decide. A row has a character for each field of a question, in
// their order: 1 it is so, 0 it is not, - either. Every combination is in exactly one row.
var decisions = []struct {
	why    string
	when   string
	want   Outcome
	isMiss bool
}{
	//                                             s g c m k o p d x v t n
	{"no secret crosses a network in clear", "0-----------", Insecure, false},
	{"a key that no one has", "10----------", WrongKey, true},
	{"the same for every phone", "111---------", ServedCommon, false},
	{"no phone's file", "1100--------", NoFile, false},
	{"a guessed address", "11010------0", UnknownPhone, true},
	{"a new phone that asks for what no one has", "11010------1", UnknownPhone, false},
	{"another phone's key", "11011000----", Closed, true},
	{"a phone that asks the address of DHCP first", "11011001----", Closed, false},
	{"another phone by the own key", "110111--1---", WrongAgent, true},
	{"another phone by the domain's key", "1101101-1---", WrongAgent, true},
	{"the own key, but whose phone?", "110111--00--", NoVendor, false},
	{"the domain's key, but whose phone?", "1101101-00--", NoVendor, false},
	{"the own key, and a name of another vendor", "110111--010-", NoFile, false},
	{"the domain's key, and a name of another vendor", "1101101-010-", NoFile, false},
	{"the own key", "110111--011-", ServedSecret, false},
	{"the domain's key", "1101101-011-", ServedSecret, false},
}

const questionFields = 12

// questionOf returns the question whose fields are the bits of n, the first field being the highest
// bit.
func questionOf(n int) (q question, bits string) {
	fields := [questionFields]*bool{
		&q.secure, &q.genuine, &q.common, &q.hasMAC, &q.known, &q.own, &q.opens, &q.ofDomain, &q.contradicts, &q.hasVendor,
		&q.secret, &q.vain,
	}
	for i, field := range fields {
		*field = n>>(questionFields-1-i)&1 == 1
		bits += map[bool]string{true: "1", false: "0"}[*field]
	}
	return q, bits
}

// fits reports whether a combination is in a row.
func fits(bits, when string) bool {
	for i := range bits {
		if when[i] != '-' && when[i] != bits[i] {
			return false
		}
	}
	return true
}

func TestDecide(t *testing.T) {
	t.Parallel()
	for _, row := range decisions {
		if len(row.when) != questionFields {
			t.Fatalf("%s: %d characters, want %d", row.why, len(row.when), questionFields)
		}
	}
	for n := range 1 << questionFields {
		q, bits := questionOf(n)
		rows := 0
		for _, row := range decisions {
			if !fits(bits, row.when) {
				continue
			}
			rows++
			if o, isMiss := decide(q); o != row.want || isMiss != row.isMiss {
				t.Errorf("%s: %+v: got %s, %t; want %s, %t", row.why, q, o, isMiss, row.want, row.isMiss)
			}
		}
		if rows != 1 {
			t.Errorf("%s is in %d rows of the table, want 1", bits, rows)
		}
	}
}
