package ldap_test

import (
	"fmt"

	"github.com/hermes-voip/go-hermes/hermes/ldap"
)

func ExampleParse() {
	opts, err := ldap.Parse("ldaps://ldap.example.test/uid={user},ou=people,dc=example,dc=test????x-timeout=2s")
	if err != nil {
		panic(err)
	}
	fmt.Println(opts.Addr, opts.Security == ldap.TLS, opts.UserDN, opts.Timeout)

	backend, err := ldap.New(opts)
	if err != nil {
		panic(err)
	}
	defer backend.Close()
	fmt.Println(backend.Name())
	// Output:
	// ldap.example.test:636 true uid={user},ou=people,dc=example,dc=test 2s
	// ldap
}
