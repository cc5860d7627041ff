package kamailiotest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// localContact is the contact of a phone that does not answer calls: sipp's own address.
const localContact = "sip:phone@[local_ip]:[local_port]"

// Register registers a contact with the account's password and removes it again. It returns the
// answer to the first request that carried the password: 200, or 401 for both a wrong password and
// an unknown user, or 403 for a domain that is not served. A Fault ends the test.
func (k *Kamailio) Register(tb testing.TB, a Account) Answer {
	tb.Helper()
	return k.RegisterAll(tb, []Account{a})[0]
}

// TryRegister is like [Kamailio.Register], but returns the [*Fault] as an error.
func (k *Kamailio) TryRegister(a Account) (Answer, error) {
	answers, err := k.TryRegisterAll([]Account{a})
	if err != nil {
		return Answer{}, err
	}
	return answers[0], nil
}

// RegisterAll is like [Kamailio.Register] for many accounts, twenty at a time, in one sipp. An
// account may be given more than once.
func (k *Kamailio) RegisterAll(tb testing.TB, accounts []Account) []Answer {
	tb.Helper()
	answers, err := k.TryRegisterAll(accounts)
	if err != nil {
		tb.Fatalf("kamailiotest: %v", err)
	}
	return answers
}

// TryRegisterAll is like [Kamailio.RegisterAll], but returns the [*Fault] as an error.
func (k *Kamailio) TryRegisterAll(accounts []Account) ([]Answer, error) {
	switch len(accounts) {
	case 0:
		return nil, nil
	case 1:
		return k.run(registration(accounts[0], localContact, true))
	}
	j := registration(Account{}, localContact, true)
	j.request = fmt.Sprintf("REGISTER %d accounts", len(accounts))
	j.calls = len(accounts)
	j.fields.User, j.fields.Domain, j.fields.Authentication = "[field0]", "[field1]", "[field2]"
	var err error
	if j.users, err = injection(accounts); err != nil {
		return nil, &Fault{Request: j.request, Err: err}
	}
	return k.run(j)
}

// registration returns the job that registers a contact and, if unregister is set, removes it.
func registration(a Account, contact string, unregister bool) job {
	return job{
		request: "REGISTER " + a.Addr(), scenario: "register.xml", account: a, calls: 1,
		fields: fields{
			User: a.User, Domain: a.Domain, Contact: contact, Authentication: "[authentication]", Unregister: unregister,
		},
	}
}

// injection returns the accounts as lines of sipp's CSV. No field may contain a separator of the
// CSV or of sipp's keywords.
func injection(accounts []Account) (string, error) {
	var b strings.Builder
	for _, a := range accounts {
		for _, field := range []string{a.User, a.Domain, a.login(), a.Password} {
			if field == "" || strings.ContainsAny(field, "[]<>;, \"\t\r\n") {
				return "", errors.New("an account among many: " +
					"every field must be filled, without blanks, commas, semicolons, quotes and brackets")
			}
		}
		fmt.Fprintf(&b, "%s;%s;[authentication username=%s password=%s]\n", a.User, a.Domain, a.login(), a.Password)
	}
	return b.String(), nil
}
