package htpasswd

import (
	"fmt"
	"strings"

	"golang.org/x/crypto/bcrypt"

	"github.com/hermes-voip/go-hermes/internal/argon2id"
)

// hash is a password's, of one of the algorithms.
type hash interface {
	matches(password string) bool
	// class is the same for hashes that cost the same to match.
	class() class
	// stranger returns a hash of this class that is no password's.
	stranger() hash
}

type class struct {
	kind   string
	bcrypt int
	argon2 argon2id.Cost
}

// refused names what Apache or crypt(3) take besides.
var refused = []struct{ prefix, name string }{
	{"$apr1$", "Apache's MD5"},
	{"$1$", "MD5"},
	{"{SHA}", "SHA-1"},
	{"{SSHA}", "salted SHA-1"},
	{"$5$", "SHA-256 crypt"},
	{"$6$", "SHA-512 crypt"},
	{"$2x$", "bcrypt with a bug"},
	{"$y$", "yescrypt"},
	{"$7$", "scrypt"},
	{"$argon2d$", "argon2d"},
}

// parseHash reads a hash. Errors do not quote it.
func parseHash(text string) (hash, error) {
	switch {
	case strings.HasPrefix(text, "$argon2id$"), strings.HasPrefix(text, "$argon2i$"):
		h, err := argon2id.Parse(text)
		return argon2Hash{h}, err
	case strings.HasPrefix(text, "$2y$"), strings.HasPrefix(text, "$2a$"), strings.HasPrefix(text, "$2b$"):
		return parseBcrypt(text)
	}
	name := "crypt or clear text"
	for _, r := range refused {
		if strings.HasPrefix(text, r.prefix) {
			name = r.name
		}
	}
	return nil, fmt.Errorf("password hash: %s is not accepted: want bcrypt ($2y$…) or argon2 ($argon2id$…)", name)
}

type argon2Hash struct{ argon2id.Hash }

func (h argon2Hash) matches(password string) bool { return h.Matches(password) }

func (h argon2Hash) class() class { return class{kind: h.Kind(), argon2: h.Cost()} }

func (h argon2Hash) stranger() hash { return argon2Hash{h.Dummy()} }

const (
	bcryptSize = 60 // $2y$10$, 22 of salt, 31 of sum
	bcryptMax  = 72 // bytes of a password that count
	// maxCost bounds what an entry may make the process do: some 4 seconds.
	maxCost = 16
	// digits are bcrypt's own base64.
	digits = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
)

type bcryptHash string

func parseBcrypt(text string) (hash, error) {
	cost, err := bcrypt.Cost([]byte(text))
	if err != nil || len(text) != bcryptSize || text[6] != '$' || strings.Trim(text[7:], digits) != "" {
		return nil, fmt.Errorf("password hash: malformed bcrypt: want %.4s, two digits, $ and 53 characters", text)
	}
	if cost > maxCost {
		return nil, fmt.Errorf("password hash: bcrypt of cost %d: want at most %d", cost, maxCost)
	}
	return bcryptHash(text), nil
}

// matches does its work for a password that cannot match, too.
func (h bcryptHash) matches(password string) bool {
	sound := len(password) <= bcryptMax && !strings.Contains(password, "\x00")
	return bcrypt.CompareHashAndPassword([]byte(h), []byte(password)) == nil && sound
}

func (h bcryptHash) class() class {
	cost, _ := bcrypt.Cost([]byte(h)) // read before
	return class{kind: "bcrypt", bcrypt: cost}
}

func (h bcryptHash) stranger() hash { return h[:7] + bcryptHash(strings.Repeat(".", bcryptSize-7)) }
