package provision

import (
	"strings"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
)

// The vendors. A vendor is a way in which phones read their files: Grandstream's phones read two
// formats, by model.
const (
	Yealink      = "yealink"
	Snom         = "snom"
	Poly         = "poly"
	Grandstream  = "grandstream"  // P-values: GXP, HT
	Grandstream2 = "grandstream2" // names: GRP, GHP, WP, GXV33xx and later
	Fanvil       = "fanvil"
)

// vendor is what is known of a vendor besides its files.
type vendor struct {
	name string
	// form is the kind of file.
	form form
}

// form is a kind of file, by which values and templates are checked.
type form int

const (
	keyValue form = iota // lines of key = value
	xmlText              // XML
)

var vendors = []vendor{
	{name: Yealink, form: keyValue},
	{name: Snom, form: xmlText},
	{name: Poly, form: xmlText},
	{name: Grandstream, form: xmlText},
	{name: Grandstream2, form: xmlText},
	{name: Fanvil, form: xmlText},
}

// lines returns the number of lines that a file has. It is that of the vendor's largest phone:
// smaller ones ignore settings of lines that they do not have.
func (v vendor) lines() int { return hermes.MaxVendorLines(v.name) }

// vendorNamed returns a vendor by its name.
func vendorNamed(name string) (vendor, bool) {
	for _, v := range vendors {
		if v.name == name {
			return v, true
		}
	}
	return vendor{}, false
}

// vendorNames returns the names of all vendors, for an error.
func vendorNames() string {
	var names []string
	for _, v := range vendors {
		names = append(names, v.name)
	}
	return strings.Join(names, ", ")
}

// maker returns the company that makes the phones of a vendor: Grandstream makes those of two.
func maker(vendor string) string {
	if vendor == Grandstream2 {
		return Grandstream
	}
	return vendor
}

// prefixes are the first six digits of the MAC addresses of each vendor's phones, from the
// registry of the IEEE. A Grandstream address does not say which format the phone reads. It gets
// P-values, since phones that know names read those, too.
var prefixes = []struct{ vendor, prefix string }{
	{Yealink, "001565"}, {Yealink, "249ad8"}, {Yealink, "44dbd2"}, {Yealink, "805e0c"}, {Yealink, "805ec0"}, {Yealink, "c4fc22"},
	{Snom, "000413"},
	{Poly, "0004f2"}, {Poly, "482567"}, {Poly, "64167f"},
	{Grandstream, "000b82"}, {Grandstream, "c074ad"}, {Grandstream, "ec74d7"},
	{Fanvil, "0c383e"},
}

// VendorOf returns the name of the vendor that a MAC address belongs to by its prefix, or "" if the
// prefix is not known.
func (*Templates) VendorOf(m mac.Addr) string { return vendorOf(m) }

func vendorOf(m mac.Addr) string {
	for _, p := range prefixes {
		if strings.HasPrefix(m.String(), p.prefix) {
			return p.vendor
		}
	}
	return ""
}
