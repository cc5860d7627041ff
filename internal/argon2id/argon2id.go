// Package argon2id makes and verifies password hashes of argon2id (RFC 9106), for the
// authentication backends.
//
// [New] hashes a password; [Parse] reads a hash that was stored as text; [Hash.Matches] verifies a
// password. A backend whose user does not exist verifies the password against a [Dummy], so that
// the time of a failed login does not reveal which users exist.
//
// Hashes of argon2i can be parsed and verified too, but not made. argon2d and version 16 of the
// algorithms are not supported, because golang.org/x/crypto does not have them.
package argon2id

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/crypto/argon2"
)

const (
	saltSize = 16
	sumSize  = 32
)

// The greatest cost of a hash, also of a parsed one, whose author may not be trusted.
const (
	maxMemory = 1 << 20 // KiB
	maxPasses = 16
	maxLanes  = 16
)

// Cost is the work that it takes to compute a hash. It is comparable. [New] and [Dummy] replace its
// zero value by the lowest cost.
type Cost struct {
	Memory uint32 // in KiB
	Passes uint32 // over the memory; RFC 9106 calls it t
	Lanes  uint8  // of parallelism; RFC 9106 calls it p
}

// Bounded returns c with each field set to the nearest value that is allowed in a hash: 1 to 16
// passes, 1 to 16 lanes, and memory from 8 KiB per lane to 1 GiB.
func (c Cost) Bounded() Cost {
	lanes := min(max(c.Lanes, 1), maxLanes)
	return Cost{
		Memory: min(max(c.Memory, 8*uint32(lanes)), maxMemory),
		Passes: min(max(c.Passes, 1), maxPasses),
		Lanes:  lanes,
	}
}

// Hash is the hash of a password. Use [New] or [Parse] to make one: Matches panics on the zero
// value.
type Hash struct {
	kind string // "argon2id" or "argon2i"
	cost Cost
	salt []byte
	sum  []byte
}

// New returns the argon2id hash of password, with a salt that it reads from random. The cost is
// [Cost.Bounded] of c. The only error is that of random.
func New(random io.Reader, c Cost, password string) (Hash, error) {
	h := Hash{kind: "argon2id", cost: c.Bounded(), salt: make([]byte, saltSize)}
	if _, err := io.ReadFull(random, h.salt); err != nil {
		return Hash{}, fmt.Errorf("salt: %w", err)
	}
	h.sum = h.sumOf(password, sumSize)
	return h, nil
}

// Dummy returns a hash that no password matches, and whose Matches takes as long as that of a hash
// from [New] with the same cost. Use it for users that do not exist.
func Dummy(c Cost) Hash {
	return Hash{kind: "argon2id", cost: c.Bounded(), salt: make([]byte, saltSize), sum: make([]byte, sumSize)}
}

// Dummy returns a hash that no password matches, and whose Matches takes as long as that of h.
func (h Hash) Dummy() Hash {
	return Hash{kind: h.kind, cost: h.cost, salt: make([]byte, len(h.salt)), sum: make([]byte, len(h.sum))}
}

// Cost returns the cost of computing the hash, which each call of Matches does.
func (h Hash) Cost() Cost { return h.cost }

// Kind returns the algorithm, "argon2id" or "argon2i".
func (h Hash) Kind() string { return h.kind }

// Matches reports whether h is the hash of password. It takes the same time for any password of the
// same length.
func (h Hash) Matches(password string) bool {
	return subtle.ConstantTimeCompare(h.sumOf(password, len(h.sum)), h.sum) == 1
}

// sumOf computes the sum of password with h's algorithm, cost and salt. size is in bytes.
func (h Hash) sumOf(password string, size int) []byte {
	key := argon2.IDKey
	if h.kind == "argon2i" {
		key = argon2.Key
	}
	return key([]byte(password), h.salt, h.cost.Passes, h.cost.Memory, h.cost.Lanes, uint32(size))
}

// String returns the hash in PHC string format, $argon2id$v=19$m=…,t=…,p=…$salt$sum, as the
// reference implementation writes it.
func (h Hash) String() string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$%s$v=%d$m=%d,t=%d,p=%d$%s$%s",
		h.kind, argon2.Version, h.cost.Memory, h.cost.Passes, h.cost.Lanes, b64(h.salt), b64(h.sum))
}

// Parse parses a hash in exactly the form that [Hash.String] returns: the parameters in that order,
// without leading zeros and without others. The cost must be within the limits of [Cost.Bounded],
// the salt must have 8 to 64 bytes and the sum 16 to 64. Errors do not quote the salt or the sum.
func Parse(text string) (h Hash, err error) {
	part := strings.Split(text, "$")
	if len(part) != 6 || part[0] != "" || part[1] != "argon2id" && part[1] != "argon2i" {
		return Hash{}, fmt.Errorf("password hash: want $argon2id$v=%d$m=…,t=…,p=…$salt$sum", argon2.Version)
	}
	if want := fmt.Sprintf("v=%d", argon2.Version); part[2] != want {
		return Hash{}, fmt.Errorf("password hash: version %.20q: want %s", part[2], want)
	}
	h.kind = part[1]
	_, err = fmt.Sscanf(part[3], "m=%d,t=%d,p=%d", &h.cost.Memory, &h.cost.Passes, &h.cost.Lanes)
	if err != nil || h.cost != h.cost.Bounded() {
		return Hash{}, fmt.Errorf("password hash: parameters %.40q: want m=…,t=…,p=… within bounds", part[3])
	}
	if h.salt, err = decode(part[4], 8); err != nil {
		return Hash{}, fmt.Errorf("password hash: salt: %w", err)
	}
	if h.sum, err = decode(part[5], 16); err != nil {
		return Hash{}, fmt.Errorf("password hash: sum: %w", err)
	}
	if h.String() != text {
		return Hash{}, errors.New("password hash: not in canonical form")
	}
	return h, nil
}

// decode decodes a salt or a sum, which must have minSize to 64 bytes.
func decode(text string, minSize int) ([]byte, error) {
	const maxSize = 64
	b, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil || len(b) < minSize || len(b) > maxSize {
		return nil, fmt.Errorf("want %d to %d bytes in unpadded base64", minSize, maxSize)
	}
	return b, nil
}
