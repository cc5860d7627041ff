package hermes

import (
	"encoding/json"
	"fmt"

	"github.com/hermes-voip/go-hermes/sip"
)

// Kamailio compares ha1 as it stands, so a constant there would be a password that everybody knows.
// While an account is suspended, its columns have random values of the same form, and Hermes' own
// row keeps what they had.

// accountSecrets are the columns of Kamailio's subscriber with which an account logs in.
type accountSecrets struct{ ha1, ha1b, clear string }

func secretsOf(u User) accountSecrets {
	return accountSecrets{ha1: u.HA1, ha1b: u.HA1B, clear: u.Clear}
}

// suspension is what a suspended account had, and what took its place.
type suspension struct{ had, put accountSecrets }

// suspensionData is the additional data of a sealed suspension.
func suspensionData(a sip.Addr) string { return "hermes/suspension/v1 " + a.String() }

// suspend suspends u, which is a local user that is not suspended.
func (c *Client) suspend(u *User, reason string) error {
	put, err := c.randomSecrets(*u)
	if err != nil {
		return err
	}
	if u.Suspended, err = c.sealSuspension(u.Address, suspension{had: secretsOf(*u), put: put}); err != nil {
		return err
	}
	u.HA1, u.HA1B, u.Clear = put.ha1, put.ha1b, put.clear
	u.SuspendedReason = reason
	return nil
}

// randomSecrets returns what takes the place of the secrets of u. The clear password stays empty
// where none is kept.
func (c *Client) randomSecrets(u User) (s accountSecrets, err error) {
	const hexDigits = "0123456789abcdef"
	if s.ha1, err = c.randomText(hexDigits, 32); err != nil {
		return s, err
	}
	if s.ha1b, err = c.randomText(hexDigits, 32); err != nil {
		return s, err
	}
	if u.Clear != "" || c.opts.KamailioPlaintext {
		s.clear, err = c.randomText(passwordAlphabet, passwordLength)
	}
	return s, err
}

// active returns u as it is without the suspension. Of the columns in Kamailio's table, those that
// another tool has written meanwhile stay as they are.
//
// If the account had no secret at all, the random ones stay, too: another tool had removed it, or a
// Kamailio with calculate_ha1=yes would let everybody in.
func (c *Client) active(u User) (User, error) {
	if u.Suspended == "" {
		return u, nil
	}
	return c.unsuspended(u)
}

// unsuspended is active for a suspended user. It is a function of its own because its user is
// copied to the heap.
func (c *Client) unsuspended(u User) (User, error) {
	s, err := c.openSuspension(u)
	if err != nil {
		return u, err
	}
	u.Suspended, u.SuspendedReason = "", ""
	if (s.had == accountSecrets{}) {
		return u, nil
	}
	for _, column := range []struct {
		value    *string
		had, put string
	}{
		{&u.HA1, s.had.ha1, s.put.ha1},
		{&u.HA1B, s.had.ha1b, s.put.ha1b},
		{&u.Clear, s.had.clear, s.put.clear},
	} {
		if *column.value == column.put {
			*column.value = column.had
		}
	}
	return u, nil
}

// keepsOut reports whether the random values of the suspension of u still stand in Kamailio's
// table.
func (c *Client) keepsOut(u User) (bool, error) {
	s, err := c.openSuspension(u)
	return err == nil && s.put == secretsOf(u), err
}

// sealSuspension seals s with the first key, for the row of a.
func (c *Client) sealSuspension(a sip.Addr, s suspension) (string, error) {
	// They may be what another tool wrote, and no UTF-8.
	var texts []exactText
	for _, text := range []string{s.had.ha1, s.had.ha1b, s.had.clear, s.put.ha1, s.put.ha1b, s.put.clear} {
		texts = append(texts, exactText(text))
	}
	content, err := json.Marshal(texts)
	if err != nil {
		return "", internalFault(err)
	}
	return c.sealWith(c.keys[0], string(content), suspensionData(a))
}

// openSuspension opens what a suspended user had.
func (c *Client) openSuspension(u User) (s suspension, err error) {
	content, opened := c.keys.open(u.Suspended, suspensionData(u.Address))
	if !opened {
		return s, internalFault(fmt.Errorf("suspension of %s: none of the %d secret keys opens it", u.Address, len(c.keys)))
	}
	var texts []exactText
	if err := json.Unmarshal([]byte(content), &texts); err != nil || len(texts) != 6 {
		return s, internalFault(fmt.Errorf("suspension of %s: %d texts: %w", u.Address, len(texts), err))
	}
	at := func(i int) accountSecrets {
		return accountSecrets{ha1: string(texts[i]), ha1b: string(texts[i+1]), clear: string(texts[i+2])}
	}
	return suspension{had: at(0), put: at(3)}, nil
}
