package local

import (
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"strings"

	"golang.org/x/crypto/argon2"

	"github.com/hermes-voip/go-hermes/hermes"
)

const (
	saltSize = 16
	sumSize  = 32
	// maxMemory and maxPasses bound what a stored hash may make the process do.
	maxMemory = 1 << 20 // KiB
	maxPasses = 16
	maxLanes  = 16
)

type cost struct {
	memory uint32 // KiB
	passes uint32
	lanes  uint8
}

func (c cost) bounded() bool {
	return c.passes >= 1 && c.passes <= maxPasses && c.lanes >= 1 && c.lanes <= maxLanes &&
		c.memory >= 8*uint32(c.lanes) && c.memory <= maxMemory
}

// hash is an argon2id hash; its text is the PHC form that the reference implementation writes.
type hash struct {
	cost cost
	salt []byte
	sum  []byte
}

func newHash(random io.Reader, c cost, password hermes.Secret) (hash, error) {
	h := hash{cost: c, salt: make([]byte, saltSize)}
	if _, err := io.ReadFull(random, h.salt); err != nil {
		return hash{}, fmt.Errorf("salt: %w", err)
	}
	h.sum = h.of(password, sumSize)
	return h, nil
}

func (h hash) of(password hermes.Secret, size int) []byte {
	return argon2.IDKey([]byte(password.Reveal()), h.salt, h.cost.passes, h.cost.memory, h.cost.lanes, uint32(size))
}

func (h hash) matches(password hermes.Secret) bool {
	return subtle.ConstantTimeCompare(h.of(password, len(h.sum)), h.sum) == 1
}

// String returns $argon2id$v=19$m=…,t=…,p=…$salt$sum.
func (h hash) String() string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s",
		argon2.Version, h.cost.memory, h.cost.passes, h.cost.lanes, b64(h.salt), b64(h.sum))
}

func parse(text string) (h hash, err error) {
	part := strings.Split(text, "$")
	if len(part) != 6 || part[0] != "" || part[1] != "argon2id" || part[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return h, fmt.Errorf("password hash: want $argon2id$v=%d$…", argon2.Version)
	}
	if _, err := fmt.Sscanf(part[3], "m=%d,t=%d,p=%d", &h.cost.memory, &h.cost.passes, &h.cost.lanes); err != nil || !h.cost.bounded() {
		return h, fmt.Errorf("password hash: parameters %q: want m=…,t=…,p=… within bounds", part[3])
	}
	if h.salt, err = base64.RawStdEncoding.DecodeString(part[4]); err != nil {
		return h, fmt.Errorf("password hash: salt: %w", err)
	}
	h.sum, err = base64.RawStdEncoding.DecodeString(part[5])
	if err != nil || len(h.sum) < 16 || len(h.sum) > 64 {
		return h, fmt.Errorf("password hash: want a sum of 16 to 64 bytes in base64")
	}
	return h, nil
}
