package storetest

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// binaryText has bytes that a text column would not keep: NUL and invalid UTF-8. It also has
// quotes, wildcards and line ends.
const binaryText = "\x00\xff\xfe'\\\"\x80%_\r\n\x00"

// unorderedAddrs are addresses in byte-wise order. Other orders get them wrong: those that ignore
// case, compare joined texts ("!" comes before "@"), collate by a language or sort digits as
// numbers.
var unorderedAddrs = []string{
	"!@b.example", "+47@example.com", "+470@example.com", "-@a-b.example", "-@a.example",
	"-@a0.example", "10@example.com", "9@example.com", "A@example.com", "B-C@example.com",
	"BA@example.com", "Z@example.com", "_@example.com", "a@example.com", "a@example.net",
	"a!@example.com", "a.b@example.com", "aa@example.com", "ab@10.0.0.1", "ab@9.example",
	"b-c@example.com", "b_@example.com", "ba@example.com", "~@example.com",
}

// unorderedNumbers are numbers in byte-wise order, which is not their order as integers.
var unorderedNumbers = []string{
	"+10", "+100", "+100000000000000", "+1001", "+101", "+11", "+4711", "+47110", "+471100",
	"+4711001", "+4712", "+48", "+99", "+999999999999999",
}

func addr(s string) sip.Addr      { return sip.MustParse(s) }
func domain(s string) sip.Domain  { return sip.MustParseDomain(s) }
func number(s string) e164.Number { return e164.MustParse(s) }

// macAddr returns an address, which need not be that of a device.
func macAddr(s string) mac.Addr {
	m, err := mac.Unchecked(s)
	if err != nil {
		panic(err)
	}
	return m
}

func pattern(s string) hermes.Pattern {
	p, err := hermes.ParsePattern(s)
	if err != nil {
		panic(err)
	}
	return p
}

func addrs(texts ...string) []sip.Addr      { return parseAll(texts, addr) }
func domains(texts ...string) []sip.Domain  { return parseAll(texts, domain) }
func numbers(texts ...string) []e164.Number { return parseAll(texts, number) }
func macAddrs(texts ...string) []mac.Addr   { return parseAll(texts, macAddr) }

func parseAll[T any](texts []string, parse func(string) T) []T {
	var all []T
	for _, s := range texts {
		all = append(all, parse(s))
	}
	return all
}

// nthAddr returns the address that format makes with n.
func nthAddr(format string, n int) sip.Addr { return addr(fmt.Sprintf(format, n)) }

// nthNumber returns the number whose digits after prefix are n with leading zeros.
func nthNumber(prefix string, digits, n int) e164.Number {
	return number(fmt.Sprintf("%s%0*d", prefix, digits, n))
}

// hash returns a hash that no other n has. Hashes below 256 are in the order of n.
func hash(n int) (h hermes.Hash) {
	h[0], h[31] = byte(n), 0xff
	binary.BigEndian.PutUint64(h[8:], uint64(n))
	return h
}

// at returns a time that is only kept by a store with a precision of microseconds.
func at(minute int) time.Time {
	return time.Date(2026, 3, 29, 1, minute, 59, 999_999_000, time.UTC)
}
