package hermes

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/hermes-voip/go-hermes/sip"
)

// passwordAlphabet leaves out the characters that are easily mistaken for others on the display of
// a phone: 0, O, o, 1, I and l. Twenty of these 56 are 116 bits.
const (
	passwordAlphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz"
	passwordLength   = 20
)

func (c *Client) generatePassword() (Secret, error) {
	text, err := c.randomText(passwordAlphabet, passwordLength)
	return NewSecret(text), err
}

// UserGeneratePasswordRequest has no parameters.
type UserGeneratePasswordRequest struct{}

// Check implements [Request].
func (UserGeneratePasswordRequest) Check(...string) error { return nil }

// UserGeneratePasswordResponse has the password. The HTTP API answers it as plain text.
type UserGeneratePasswordResponse struct {
	Password Secret `json:"password" wire:"text"`
}

// UserGeneratePassword returns a password of the form that UserAdd gives. It is not stored.
func (c *Client) UserGeneratePassword(ctx context.Context, req UserGeneratePasswordRequest) (res UserGeneratePasswordResponse, err error) {
	defer wrap(&err, "user/generate_password")
	if err = c.precheck(ctx, "user/generate_password", req); err != nil {
		return res, err
	}
	res.Password, err = c.generatePassword()
	return res, err
}

// randomText returns n characters of alphabet, each with the same probability: random bytes from
// the last whole multiple of the alphabet's length on are thrown away.
func (c *Client) randomText(alphabet string, n int) (string, error) {
	text := make([]byte, 0, n)
	limit := 256 - 256%len(alphabet)
	for len(text) < n {
		draw, err := c.random(n)
		if err != nil {
			return "", err
		}
		for _, b := range draw {
			if int(b) < limit && len(text) < n {
				text = append(text, alphabet[int(b)%len(alphabet)])
			}
		}
	}
	return string(text), nil
}

// password returns the clear password of a user, or zero if Hermes does not know it. A local user's
// is the one that fits ha1, because another tool may have changed that: subscriber.password, or
// else the sealed one. Where ha1 is empty, only a Kamailio with calculate_ha1=yes lets the user in,
// and that reads subscriber.password.
//
// ha1b decides nothing. Kamailio compares it for those phones only that send the whole address as
// their name.
//
// The password of a suspended user is the one that the user has when it is resumed.
func (c *Client) password(u User) (Secret, error) {
	u, err := c.active(u)
	if err != nil {
		return Secret{}, err
	}
	if u.Type == Local {
		if theirs := NewSecret(u.Clear); u.HA1 == "" || !theirs.IsZero() && fitsHA1(u, theirs) {
			return theirs, nil
		}
	}
	if u.Sealed == "" {
		return Secret{}, nil
	}
	sealed, err := c.openPassword(u.Address, u.Sealed)
	if err != nil || u.Type == Local && !fitsHA1(u, sealed) {
		return Secret{}, err
	}
	return sealed, nil
}

// fitsHA1 reports whether Kamailio lets u in with the password.
func fitsHA1(u User, password Secret) bool { return ha1(u.Address, password) == u.HA1 }

// ha1 is the hash that Kamailio's subscriber.ha1 has.
func ha1(a sip.Addr, password Secret) string {
	return md5Hex(a.User() + ":" + a.Domain().String() + ":" + password.Reveal())
}

// setPassword sets the password of u and everything that is derived from it, so that nothing of an
// old password is left.
func (c *Client) setPassword(u *User, password Secret) error {
	sealed, err := c.sealPassword(u.Address, password)
	if err != nil {
		return err
	}
	u.Sealed = sealed
	if u.Type != Local {
		return nil
	}
	domain, text := u.Address.Domain().String(), password.Reveal()
	u.HA1 = ha1(u.Address, password)
	u.HA1B = md5Hex(u.Address.String() + ":" + domain + ":" + text)
	u.Clear = ""
	if c.opts.KamailioPlaintext {
		u.Clear = text
	}
	return nil
}

// changePassword is setPassword for a user that may be suspended, and then stays so.
func (c *Client) changePassword(u *User, password Secret) error {
	suspended, reason := u.Suspended != "", u.SuspendedReason
	u.Suspended, u.SuspendedReason = "", ""
	if err := c.setPassword(u, password); err != nil || !suspended {
		return err
	}
	return c.suspend(u, reason)
}

// md5Hex is the hash of RFC 2617's A1, which Kamailio's auth_db compares. The protocol demands MD5.
func md5Hex(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

// A SIP password is typed on desk phones and goes into digests, so it is ASCII. The password of a
// remote account was chosen elsewhere, and that of an API user may be in any script.

func checkSIPPassword(p Secret) error {
	s := p.Reveal()
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return badParameter("password: want printable ASCII characters")
		}
	}
	if len(s) < 8 || len(s) > 64 {
		return badParameter("password: want 8 to 64 characters")
	}
	return nil
}

func checkRemotePassword(p Secret) error { return checkPassword(p, 1, 64) }

func checkAPIPassword(p Secret) error { return checkPassword(p, 8, 128) }

// normalPassword returns the password of an API user in Unicode's form NFC, in which backends get
// it: keyboards and systems differ in how they write a letter with an accent.
func normalPassword(p Secret) Secret { return NewSecret(norm.NFC.String(p.Reveal())) }

func checkPassword(p Secret, least, most int) error {
	s := p.Reveal()
	n := utf8.RuneCountInString(s)
	if !CleanText(s) || n < least || n > most {
		return badParameter("password: want %d to %d characters, none of them a control character", least, most)
	}
	return nil
}
