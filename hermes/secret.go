package hermes

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"unsafe"
)

// Secret is a text that must not be printed, logged or encoded by accident: a password, a key, a
// token. It compares with ==. The zero value is an empty secret.
type Secret struct {
	// The text is encrypted, because fmt prints unexported fields without calling their methods,
	// and with a wrong verb any field; other printers follow pointers, too. Equal texts give equal
	// ciphertexts.
	masked string
}

const redacted = "[secret]"

// NewSecret wraps text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{masked: asString(mask.hide(text))}
}

// Reveal returns the text. It is the only way to get it.
func (s Secret) Reveal() string { return asString(s.reveal()) }

// reveal returns the text for a caller who does not keep it.
func (s Secret) reveal() []byte {
	if s.IsZero() {
		return nil
	}
	return mask.show(s.masked)
}

// asString returns b as a string, without a copy. The caller must not change b afterwards.
func asString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// size returns how many bytes the secret takes, at most 48 more than the text has.
func (s Secret) size() int { return len(s.masked) }

// IsZero reports whether the secret is empty.
func (s Secret) IsZero() bool { return s == Secret{} }

// String returns [secret].
func (s Secret) String() string { return redacted }

// GoString returns [secret].
func (s Secret) GoString() string { return redacted }

// Format prints [secret] for every verb.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }

// LogValue returns [secret].
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON returns "[secret]". Package api writes the text itself into the answers that carry
// it.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// UnmarshalText takes the text as it is.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = NewSecret(string(text))
	return nil
}

// masking encrypts the texts of Secrets, under keys that a process makes for itself and does not
// reveal. It works as the deterministic encryption of RFC 5297 (SIV) does: a tag of the text, by a
// keyed hash, comes first and is the nonce of the encryption that follows. So equal texts become
// equal, and different texts have no key stream in common. The text is padded to whole blocks,
// which hides its length but for 16 bytes.
type masking struct{ tag, stream cipher.Block }

// mask is that of this process.
var mask = newMasking()

func newMasking() masking {
	var blocks [2]cipher.Block
	for i := range blocks {
		var key [16]byte
		rand.Read(key[:]) // never fails
		block, err := aes.NewCipher(key[:])
		if err != nil {
			panic(err) // not for a key of this size
		}
		blocks[i] = block
	}
	return masking{tag: blocks[0], stream: blocks[1]}
}

// endOfText follows the text, and zeros up to the end of the block follow it.
const endOfText = 0x80

func (m masking) hide(text string) []byte {
	const size = aes.BlockSize
	end := size + len(text)/size*size + size
	b := make([]byte, end+size)
	tag, padded, scratch := b[:size], b[size:end], b[end:]
	copy(padded, text)
	padded[len(text)] = endOfText
	// The tag is a CBC-MAC. The length comes first, so that no message is the beginning of another.
	binary.BigEndian.PutUint64(tag, uint64(len(text)))
	m.tag.Encrypt(tag, tag)
	for i := 0; i < len(padded); i += size {
		subtle.XORBytes(tag, tag, padded[i:])
		m.tag.Encrypt(tag, tag)
	}
	m.xorStream(padded, tag, scratch)
	return b[:end]
}

// show returns the text of what hide returned.
func (m masking) show(masked string) []byte {
	const size = aes.BlockSize
	b := make([]byte, len(masked)+size)
	end := copy(b, masked)
	tag, text, scratch := b[:size], b[size:end], b[end:]
	m.xorStream(text, tag, scratch)
	for n := len(text) - 1; ; n-- {
		if text[n] == endOfText {
			return text[:n]
		}
	}
}

// xorStream encrypts or decrypts b in place. It needs a block of scratch memory.
func (m masking) xorStream(b, tag, scratch []byte) {
	counter := binary.BigEndian.Uint64(tag)
	for i := 0; i < len(b); i += aes.BlockSize {
		copy(scratch, tag)
		binary.BigEndian.PutUint64(scratch, counter+uint64(i))
		m.stream.Encrypt(scratch, scratch)
		subtle.XORBytes(b[i:], b[i:], scratch)
	}
}
