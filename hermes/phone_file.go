package hermes

import (
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// PhoneRenderer makes the files that desk phones fetch. Package provision has one. Its methods may
// be called by several goroutines at once.
type PhoneRenderer interface {
	// VendorOf returns the name of the vendor that a MAC address belongs to by its prefix, or "" if
	// the prefix is not known.
	VendorOf(m mac.Addr) string
	// File returns the name of the file with secrets that a phone of that vendor fetches, or "" if
	// the vendor is not known.
	File(vendor string, m mac.Addr) string
	// Render returns the content of a file that a phone of that vendor fetches. The name is what File
	// returns, or another one that the vendor's phones use; one that belongs to another phone is
	// refused. A value that the vendor's format cannot carry is refused, too: the error names the
	// field, and not the value.
	Render(vendor, file string, f PhoneFile) ([]byte, error)
}

// PhoneFile is what a file with secrets of a desk phone says.
type PhoneFile struct {
	MAC mac.Addr
	// URL is the address below which the phone is to look for its files from now on, without a slash
	// at the end. If empty, the file does not say one. It is a secret, because a key is part of it.
	URL Secret
	// Model is what the phone says of itself. If empty, it is not known.
	Model string
	// Lines are the lines that have a user, in order of Number. The renderer switches off the others
	// up to the number that the vendor's phones have, and leaves out those above it.
	Lines []FileLine
}

// FileLine is a line of a desk phone as its file says it.
type FileLine struct {
	Number int // 1 to 16
	// On reports whether the phone is to register. A line that is off has a Number, and its other
	// fields are not used.
	On          bool
	Label       string
	DisplayName string
	User        string     // the user's name, without the domain
	Auth        string     // the name in the answer to a challenge
	Domain      sip.Domain // the user's domain, which is the SIP server of the line
	Password    Secret
	Port        int        // of the SIP server; 0 beside a proxy, and where it is looked up in the DNS
	Proxy       sip.Domain // the outbound proxy; zero if there is none
	ProxyPort   int
	Dialplan    string // the name of a dialplan; "" if there is none
}
