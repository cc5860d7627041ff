package provision

import (
	"strings"

	"github.com/hermes-voip/go-hermes/mac"
)

// Kind says what a file is good for.
type Kind string

// The kinds of files.
const (
	Secret Kind = "secret" // has the passwords of one phone
	Common Kind = "common" // has no secrets, and is the same for every phone
	// Vain is a file that no one has. Healthy phones ask for it, so that a request for it is no sign
	// of an attack.
	Vain Kind = "vain"
)

// File is a file that the phones of a vendor ask for.
type File struct {
	Vendor string
	Kind   Kind
	MAC    mac.Addr // in the name; zero if it has none

	template string
}

// row is a row of the table of files.
type row struct {
	vendor string
	// pattern is a name in which MAC stands for a MAC address, MODEL for the name of a model, and
	// DIGITS for digits.
	pattern  string
	kind     Kind
	template string // the file's template; for other names of the same file that of the first one
}

// files is the table of all files. The first file with secrets of a vendor is the one that
// [Templates.File] names.
//
// The names are from: Yealink, "Auto Provisioning Guide"; Snom, service.snom.com "Auto
// provisioning"; Poly, "UC Software Provisioning Guide"; Grandstream, "SIP Device Provisioning
// Guide"; Fanvil, "Auto Provision Standard".
var files = []row{
	{Yealink, "MAC.cfg", Secret, "MAC.cfg"},
	{Yealink, "y000000000000.boot", Common, "y000000000000.boot"},
	{Yealink, "MAC.boot", Common, "y000000000000.boot"},
	{Yealink, "yDIGITS.cfg", Vain, ""},
	{Yealink, "MAC-local.cfg", Vain, ""},
	{Yealink, "MAC-contact.xml", Vain, ""},

	{Snom, "MAC.xml", Secret, "MAC.xml"},
	{Snom, "?mac=MAC", Secret, "MAC.xml"},
	{Snom, "snomMODEL-MAC.htm", Secret, "MAC.xml"},
	{Snom, "snomMODEL-MAC.xml", Secret, "MAC.xml"},
	{Snom, "snomMODEL.htm", Common, "snomMODEL.htm"},
	{Snom, "snomMODEL.xml", Vain, ""},
	{Snom, "snomMODEL-firmware.htm", Vain, ""},
	{Snom, "snomMODEL-firmware.xml", Vain, ""},

	{Poly, "MAC-hermes.cfg", Secret, "MAC-hermes.cfg"},
	{Poly, "000000000000.cfg", Common, "000000000000.cfg"},
	{Poly, "MAC.cfg", Common, "000000000000.cfg"},
	{Poly, "MAC-phone.cfg", Vain, ""},
	{Poly, "MAC-web.cfg", Vain, ""},
	{Poly, "MAC-license.cfg", Vain, ""},
	{Poly, "MAC-directory.xml", Vain, ""},
	{Poly, "MAC-calls.xml", Vain, ""},
	{Poly, "MAC-app.log", Vain, ""},
	{Poly, "MAC-boot.log", Vain, ""},
	{Poly, "000000000000-license.cfg", Vain, ""},
	{Poly, "000000000000-directory.xml", Vain, ""},

	{Grandstream, "cfgMAC.xml", Secret, "cfgMAC.xml"},
	{Grandstream, "cfgMAC", Vain, ""},
	{Grandstream, "cfgMAC.bin", Vain, ""},
	{Grandstream, "cfg.xml", Vain, ""},
	{Grandstream, "cfgMODEL.xml", Vain, ""},
	{Grandstream, "devMAC.cfg", Vain, ""},

	{Grandstream2, "cfgMAC.xml", Secret, "cfgMAC.xml"},
	{Grandstream2, "cfgMAC", Vain, ""},
	{Grandstream2, "cfgMAC.bin", Vain, ""},
	{Grandstream2, "cfg.xml", Vain, ""},
	{Grandstream2, "cfgMODEL.xml", Vain, ""},
	{Grandstream2, "devMAC.cfg", Vain, ""},

	{Fanvil, "MAC.cfg", Secret, "MAC.cfg"},
	{Fanvil, "f0MODEL.cfg", Vain, ""},
	{Fanvil, "f0MODEL.DIGITS.cfg", Vain, ""},
}

// Classify returns what a name stands for: one File for each vendor whose phones ask for it, and
// none if it is not a name of any. Names are matched whole. A MAC address may be in upper or lower
// case; 000000000000 is not one, because Poly's phones have another use for it. Snom's phones may
// have the address in a query instead of the name; the name is ?mac=MAC then.
func Classify(name string) []File {
	var found []File
	for _, v := range vendors {
		if f, ok := classify(v.name, name); ok {
			found = append(found, f)
		}
	}
	return found
}

// classify returns what a name stands for with the phones of one vendor.
func classify(vendor, name string) (File, bool) {
	for _, r := range files {
		if r.vendor != vendor {
			continue
		}
		if m, ok := match(r.pattern, name); ok {
			return File{Vendor: vendor, Kind: r.kind, MAC: m, template: r.template}, true
		}
	}
	return File{}, false
}

// File returns the name of the file with secrets that a phone of that vendor fetches, or "" if the
// vendor is not known.
func (*Templates) File(vendor string, m mac.Addr) string {
	for _, r := range files {
		if r.vendor == vendor && r.kind == Secret {
			return strings.Replace(r.pattern, "MAC", m.String(), 1)
		}
	}
	return ""
}

const (
	macDigits = 12
	// maxModel is more than the longest name of a model has.
	maxModel = 32
)

// match reports whether a name has the form of a pattern, and returns the MAC address in it.
func match(pattern, name string) (m mac.Addr, ok bool) {
	for pattern != "" {
		var n int
		switch {
		case strings.HasPrefix(pattern, "MAC"):
			pattern = pattern[len("MAC"):]
			if n = macDigits; len(name) < n {
				return mac.Addr{}, false
			}
			a, err := mac.Parse(name[:n])
			if err != nil {
				return mac.Addr{}, false
			}
			m = a
		case strings.HasPrefix(pattern, "MODEL"):
			pattern = pattern[len("MODEL"):]
			n = leading(name, isModelByte)
		case strings.HasPrefix(pattern, "DIGITS"):
			pattern = pattern[len("DIGITS"):]
			n = leading(name, isDigit)
		default:
			if name == "" || name[0] != pattern[0] {
				return mac.Addr{}, false
			}
			pattern, n = pattern[1:], 1
		}
		if n == 0 {
			return mac.Addr{}, false
		}
		name = name[n:]
	}
	return m, name == ""
}

// leading returns how many bytes at the start of s are as is says, or 0 if there are too many.
func leading(s string, is func(byte) bool) int {
	n := 0
	for n < len(s) && is(s[n]) {
		n++
	}
	if n > maxModel {
		return 0
	}
	return n
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isModelByte(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
}
