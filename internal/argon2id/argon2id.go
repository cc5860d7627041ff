// Package argon2id makes and verifies password hashes of argon2id (RFC 9106), for the
// authentication backends that keep or read some. Hashes of argon2i are verified too, never made. There is no
// argon2d in golang.org/x/crypto, nor version 16 of any.
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

// What a hash may make the process do, whoever wrote it: at most 1 GiB, 16 times over.
const (
	maxMemory = 1 << 20 // KiB
	maxPasses = 16
	maxLanes  = 16
)

// Cost is the work of one hash. It compares with ==.
type Cost struct {
	Memory uint32 // KiB
	Passes uint32
	Lanes  uint8
}

// Bounded returns c with each part brought to the nearest value that hashes may have: 1 to 16 passes and lanes, and
// from 8 KiB a lane to 1 GiB of memory.
func (c Cost) Bounded() Cost {
	lanes := min(max(c.Lanes, 1), maxLanes)
	return Cost{
		Memory: min(max(c.Memory, 8*uint32(lanes)), maxMemory),
		Passes: min(max(c.Passes, 1), maxPasses),
		Lanes:  lanes,
	}
}

// Hash is a password's hash. The zero value matches nothing and must not be asked.
type Hash struct {
	kind string // argon2id or argon2i
	cost Cost
	salt []byte
	sum  []byte
}

// New hashes password with a salt from random; the cost is bounded first.
func New(random io.Reader, c Cost, password string) (Hash, error) {
	h := Hash{kind: "argon2id", cost: c.Bounded(), salt: make([]byte, saltSize)}
	if _, err := io.ReadFull(random, h.salt); err != nil {
		return Hash{}, fmt.Errorf("salt: %w", err)
	}
	h.sum = h.of(password, sumSize)
	return h, nil
}

// Stranger returns a hash that costs c, bounded, to match and is no password's, for users that do not exist.
func Stranger(c Cost) Hash {
	return Hash{kind: "argon2id", cost: c.Bounded(), salt: make([]byte, saltSize), sum: make([]byte, sumSize)}
}

// Stranger returns a hash that costs what h does to match and is no password's.
func (h Hash) Stranger() Hash {
	return Hash{kind: h.kind, cost: h.cost, salt: make([]byte, len(h.salt)), sum: make([]byte, len(h.sum))}
}

// Cost returns the work that Matches does.
func (h Hash) Cost() Cost { return h.cost }

// Kind returns the algorithm, argon2id or argon2i.
func (h Hash) Kind() string { return h.kind }

// Matches tells whether password has the hash.
func (h Hash) Matches(password string) bool {
	return subtle.ConstantTimeCompare(h.of(password, len(h.sum)), h.sum) == 1
}

func (h Hash) of(password string, size int) []byte {
	key := argon2.IDKey
	if h.kind == "argon2i" {
		key = argon2.Key
	}
	return key([]byte(password), h.salt, h.cost.Passes, h.cost.Memory, h.cost.Lanes, uint32(size))
}

// String returns $argon2id$v=19$m=…,t=…,p=…$salt$sum, the PHC form that the reference implementation writes.
func (h Hash) String() string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$%s$v=%d$m=%d,t=%d,p=%d$%s$%s",
		h.kind, argon2.Version, h.cost.Memory, h.cost.Passes, h.cost.Lanes, b64(h.salt), b64(h.sum))
}

// Parse reads what String writes, and nothing else: no other order, no leading zeros, no further parameters. Costs
// must be within the bounds, the salt is 8 to 64 bytes and the sum 16 to 64. Errors do not quote the hash.
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
		return Hash{}, errors.New("password hash: not in the one form that it has")
	}
	return h, nil
}

func decode(text string, least int) ([]byte, error) {
	const most = 64
	b, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil || len(b) < least || len(b) > most {
		return nil, fmt.Errorf("want %d to %d bytes in unpadded base64", least, most)
	}
	return b, nil
}
