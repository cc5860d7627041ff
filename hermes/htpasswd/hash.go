package htpasswd

import (
	"fmt"
	"strings"

	"golang.org/x/crypto/bcrypt"

	"github.com/hermes-voip/go-hermes/internal/argon2id"
)

// hash is the hash of a password.
type hash interface {
	// matches reports whether password has the hash. It takes the same time for every password.
	matches(password string) bool
	cost() hashCost
	// dummy returns a hash that no password matches and whose matches takes the same time.
	dummy() hash
}

// hashCost is the algorithm of a hash with its cost. Hashes with equal hashCost take the same time.
type hashCost struct {
	algorithm string
	bcrypt    int
	argon2    argon2id.Cost
}

// unsupported names the kinds of hashes that other programs accept, for error messages.
var unsupported = []struct{ prefix, name string }{
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

// parseHash parses a hash. Its errors do not quote the text, which may be a password.
func parseHash(text string) (hash, error) {
	switch {
	case strings.HasPrefix(text, "$argon2id$"), strings.HasPrefix(text, "$argon2i$"):
		h, err := argon2id.Parse(text)
		return argon2Hash{h}, err
	case strings.HasPrefix(text, "$2y$"), strings.HasPrefix(text, "$2a$"), strings.HasPrefix(text, "$2b$"):
		return parseBcrypt(text)
	}
	name := "crypt or clear text"
	for _, u := range unsupported {
		if strings.HasPrefix(text, u.prefix) {
			name = u.name
		}
	}
	return nil, fmt.Errorf("password hash: %s is not accepted: want bcrypt ($2y$…) or argon2 ($argon2id$…)", name)
}

type argon2Hash struct{ argon2id.Hash }

func (h argon2Hash) matches(password string) bool { return h.Matches(password) }

func (h argon2Hash) cost() hashCost { return hashCost{algorithm: h.Kind(), argon2: h.Cost()} }

func (h argon2Hash) dummy() hash { return argon2Hash{h.Dummy()} }

const (
	bcryptPrefix = 7  // length of "$2y$10$"
	bcryptSize   = 60 // the prefix, 22 characters of salt, 31 of the sum
	// bcryptMaxPassword is how many bytes of a password bcrypt uses.
	bcryptMaxPassword = 72
	// bcryptMaxCost is the highest cost that is accepted: it takes about 4 seconds.
	bcryptMaxCost = 16
	// bcryptDigits are the digits of bcrypt's base64.
	bcryptDigits = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
)

// bcryptHash is the text of a well-formed hash.
type bcryptHash string

func parseBcrypt(text string) (hash, error) {
	cost, err := bcrypt.Cost([]byte(text))
	if err != nil || len(text) != bcryptSize || text[bcryptPrefix-1] != '$' ||
		strings.Trim(text[bcryptPrefix:], bcryptDigits) != "" {
		return nil, fmt.Errorf("password hash: malformed bcrypt: want %.4s, two digits, $ and 53 characters", text)
	}
	if cost > bcryptMaxCost {
		return nil, fmt.Errorf("password hash: bcrypt of cost %d: want at most %d", cost, bcryptMaxCost)
	}
	return bcryptHash(text), nil
}

// matches computes the hash even for a password that bcrypt would mistake for another one, so that
// the time is the same.
func (h bcryptHash) matches(password string) bool {
	unambiguous := len(password) <= bcryptMaxPassword && !strings.Contains(password, "\x00")
	return bcrypt.CompareHashAndPassword([]byte(h), []byte(password)) == nil && unambiguous
}

func (h bcryptHash) cost() hashCost {
	cost, _ := bcrypt.Cost([]byte(h)) // parseBcrypt has checked it
	return hashCost{algorithm: "bcrypt", bcrypt: cost}
}

func (h bcryptHash) dummy() hash {
	return h[:bcryptPrefix] + bcryptHash(strings.Repeat(".", bcryptSize-bcryptPrefix))
}
