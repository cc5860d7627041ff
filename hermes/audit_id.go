package hermes

import (
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

const crockfordDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// crockford writes 5 bits a character, in the byte-wise order of what it writes.
var crockford = base32.NewEncoding(crockfordDigits).WithPadding(base32.NoPadding)

const (
	auditIDSize     = 26
	auditIDTimeSize = 10
	auditIDRandom   = 10 // bytes
)

// auditIDs makes ids of audit entries. Of one millisecond, each is greater than those that it made
// before, so that a program's own entries are in the order in which it made them.
type auditIDs struct {
	mu     sync.Mutex
	milli  int64
	random [auditIDRandom]byte
}

// next returns an id of the time.
func (g *auditIDs) next(at time.Time, random io.Reader) (string, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if milli := at.UnixMilli(); milli != g.milli || !g.increment() {
		if _, err := io.ReadFull(random, g.random[:]); err != nil {
			return "", err
		}
		g.milli = milli
	}
	return auditIDTime(at) + crockford.EncodeToString(g.random[:]), nil
}

// increment adds 1 to the random bytes, and reports whether they are greater then.
func (g *auditIDs) increment() bool {
	for i := len(g.random) - 1; i >= 0; i-- {
		if g.random[i]++; g.random[i] != 0 {
			return true
		}
	}
	return false
}

// auditIDTime returns the first characters of ids of the time: 48 bits, with 2 bits of zero before
// them.
func auditIDTime(at time.Time) string {
	milli := max(0, at.UnixMilli())
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(milli)<<14) // 50 bits at the beginning
	return crockford.EncodeToString(b[:])[:auditIDTimeSize]
}

// auditIDText returns an id for a message. An id that the Client cannot have made may be anything,
// so it is cut and quoted.
func auditIDText(id string) string {
	if len(id) == auditIDSize && strings.Trim(id, crockfordDigits) == "" {
		return id
	}
	return fmt.Sprintf("%.60q", id)
}
