package kamailiotest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// here is the contact of a phone that only calls: sipp's own address.
const here = "sip:phone@[local_ip]:[local_port]"

// Register registers a contact with the account's password and withdraws it again. The answer is the one
// to the first request that carried the password: 200, or 401 for a wrong password and an unknown user
// alike, or 403 where the domain is not served. It ends the test on a Fault.
func (k *Kamailio) Register(tb testing.TB, a Account) Answer {
	tb.Helper()
	return k.RegisterAll(tb, []Account{a})[0]
}

// TryRegister is Register; the error is a *Fault.
func (k *Kamailio) TryRegister(a Account) (Answer, error) {
	answers, err := k.TryRegisterAll([]Account{a})
	if err != nil {
		return Answer{}, err
	}
	return answers[0], nil
}

// RegisterAll is Register for many accounts, twenty at a time, in a single sipp. Several may be
// the same.
func (k *Kamailio) RegisterAll(tb testing.TB, accounts []Account) []Answer {
	tb.Helper()
	answers, err := k.TryRegisterAll(accounts)
	if err != nil {
		tb.Fatalf("kamailiotest: %v", err)
	}
	return answers
}

// TryRegisterAll is RegisterAll; the error is a *Fault.
func (k *Kamailio) TryRegisterAll(accounts []Account) ([]Answer, error) {
	switch len(accounts) {
	case 0:
		return nil, nil
	case 1:
		return k.run(registration(accounts[0], here, true))
	}
	j := registration(Account{}, here, true)
	j.doing = fmt.Sprintf("REGISTER %d accounts", len(accounts))
	j.calls = len(accounts)
	j.script.User, j.script.Domain, j.script.Authentication = "[field0]", "[field1]", "[field2]"
	var err error
	if j.users, err = injection(accounts); err != nil {
		return nil, &Fault{Doing: j.doing, Err: err}
	}
	return k.run(j)
}

func registration(a Account, contact string, unbind bool) job {
	return job{
		doing: "REGISTER " + a.Addr(), scenario: "register.xml", account: a, calls: 1,
		script: script{User: a.User, Domain: a.Domain, Contact: contact, Authentication: "[authentication]", Unbind: unbind},
	}
}

// injection writes accounts as sipp's CSV, whose separators no field may hold.
func injection(accounts []Account) (string, error) {
	var b strings.Builder
	for _, a := range accounts {
		for _, field := range []string{a.User, a.Domain, a.login(), a.Password} {
			if field == "" || strings.ContainsAny(field, "[]<>;, \"\t\r\n") {
				return "", errors.New("an account among many, wanted every field filled, and without blanks, commas, semicolons, quotes and brackets")
			}
		}
		fmt.Fprintf(&b, "%s;%s;[authentication username=%s password=%s]\n", a.User, a.Domain, a.login(), a.Password)
	}
	return b.String(), nil
}
