package provision

// Outcome says how a request ended, for logs and metrics.
type Outcome string

// The outcomes of requests. All but the first three, Busy, Broken and WrongMethod are answered with
// the same 404.
const (
	ServedSecret Outcome = "secret"        // a file with secrets
	ServedCommon Outcome = "common"        // a file without secrets
	Unchanged    Outcome = "unchanged"     // the client has the file already
	Insecure     Outcome = "insecure"      // neither TLS nor a network that may do without
	Malformed    Outcome = "malformed"     // not an address of a file
	Blocked      Outcome = "blocked"       // too many misses came from the network
	WrongKey     Outcome = "wrong_key"     // the key is not genuine
	NoFile       Outcome = "no_file"       // there is no such file
	UnknownPhone Outcome = "unknown_phone" // there is no such phone
	Closed       Outcome = "closed"        // the key does not open the phone's file
	WrongAgent   Outcome = "wrong_agent"   // the User-Agent says that it is another phone
	NoVendor     Outcome = "no_vendor"     // the vendor of the phone is not known
	WrongMethod  Outcome = "wrong_method"  // a phone wants to store its log
	Busy         Outcome = "busy"          // too many requests at once
	Broken       Outcome = "broken"        // the file could not be made
)

// question is what decides about a request for a file.
type question struct {
	secure      bool // the connection may carry secrets
	genuine     bool // the key is that of a domain or of a phone
	common      bool // the file has no secrets
	hasMAC      bool // the name of the file has a MAC address
	known       bool // there is a phone with that address
	own         bool // the key is the phone's own
	opens       bool // the key is that of a domain of one of its users, and its window is open
	ofDomain    bool // the key is that of a domain, whichever
	contradicts bool // the User-Agent says that it is another phone than the one that is known
	hasVendor   bool // the vendor is known
	secret      bool // the vendor's phones ask for a file with secrets under that name
	vain        bool // healthy phones ask for a file of that name, which no one has
}

// decide decides about a request. isMiss says that the request counts as one of a client that
// guesses. No rule but the last ones looks at what the client says of itself, which so grants
// nothing.
func decide(q question) (o Outcome, isMiss bool) {
	switch {
	case !q.secure:
		return Insecure, false
	case !q.genuine:
		return WrongKey, true
	case q.common:
		return ServedCommon, false
	case !q.hasMAC:
		return NoFile, false
	case !q.known:
		return UnknownPhone, !q.vain
	case !q.own && !q.opens:
		// Many phones ask the address that DHCP gives them first, at every boot.
		return Closed, !q.ofDomain
	case q.contradicts:
		return WrongAgent, true
	case !q.hasVendor:
		return NoVendor, false
	case !q.secret:
		return NoFile, false
	}
	return ServedSecret, false
}
