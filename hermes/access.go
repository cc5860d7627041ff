package hermes

import (
	"fmt"
	"strconv"
	"strings"
)

// Capability is one thing that an access level allows. [Nodes] says which node needs which.
type Capability uint8

const (
	CanRead       Capability = 1 << iota // read everything but secrets
	CanSeeSecrets                        // see passwords and their hashes
	CanWrite                             // change users, phones, numbers and aliases
	CanAdminister                        // ranges, removal of users, servers, authorizations

	NoCapability Capability = 0 // for nodes that everyone may call
)

var capabilityNames = []string{"read", "see secrets", "write", "administer"}

// String returns the names of the capabilities, such as "read" or "read and write". It is empty for
// NoCapability.
func (c Capability) String() string {
	var names []string
	for i, name := range capabilityNames {
		if c&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, " and ")
}

// Access is an access level: a set of capabilities with a name and a number on the wire. The zero
// value allows nothing.
type Access int

const (
	NoAccess     Access = iota // nothing; never on the wire
	LimitedRead                // read
	FullRead                   // read and see secrets
	LimitedWrite               // read and write
	FullWrite                  // all capabilities
)

var accessNames = [...]string{"", "limited_read", "full_read", "limited_write", "full_write"}

var accessAllows = [...]Capability{
	NoCapability,
	CanRead,
	CanRead | CanSeeSecrets,
	CanRead | CanWrite,
	CanRead | CanSeeSecrets | CanWrite | CanAdminister,
}

// ParseAccess reads a level's name, or its number from 1 to 4.
func ParseAccess(s string) (Access, error) {
	for a := LimitedRead; a <= FullWrite; a++ {
		if s == accessNames[a] || s == strconv.Itoa(int(a)) {
			return a, nil
		}
	}
	return NoAccess, fmt.Errorf("access level %q: want limited_read, full_read, limited_write, full_write or 1 to 4", s)
}

// Allows reports whether the level has all of the capabilities in c.
func (a Access) Allows(c Capability) bool {
	return a >= NoAccess && a <= FullWrite && accessAllows[a]&c == c
}

// String returns the level's name; for NoAccess it is empty.
func (a Access) String() string {
	if !a.valid() {
		return fmt.Sprintf("access(%d)", int(a))
	}
	return accessNames[a]
}

func (a Access) valid() bool { return a >= NoAccess && a <= FullWrite }

// MarshalText returns the level's name.
func (a Access) MarshalText() ([]byte, error) {
	if !a.valid() {
		return nil, fmt.Errorf("access level %d: want 0 to 4", int(a))
	}
	return []byte(accessNames[a]), nil
}

// UnmarshalText reads what [ParseAccess] reads. An empty text is NoAccess.
func (a *Access) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*a = NoAccess
		return nil
	}
	v, err := ParseAccess(string(text))
	if err == nil {
		*a = v
	}
	return err
}
