package hermes_test

import (
	"fmt"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

// BenchmarkNewSecret wraps texts that were not wrapped before, as those of a request are.
func BenchmarkNewSecret(b *testing.B) {
	text := []byte("hea_JYjiu8ZVTtbgtQOyUgOv6BZIxuZWw61K0VO3")
	b.ReportAllocs()
	for b.Loop() {
		for i := 4; ; i++ {
			if text[i]++; text[i] != 0 {
				break
			}
		}
		hermes.NewSecret(string(text))
	}
}

func BenchmarkSecret_Reveal(b *testing.B) {
	s := hermes.NewSecret("hea_JYjiu8ZVTtbgtQOyUgOv6BZIxuZWw61K0VO3")
	b.ReportAllocs()
	for b.Loop() {
		s.Reveal()
	}
}

// BenchmarkClient_Authenticate is the check of a session that every request begins with.
func BenchmarkClient_Authenticate(b *testing.B) {
	e := newEnv(b)
	cred := mustLogin(b, e, "auditor")
	session, key, cookie := cred.Session.Reveal(), cred.AuthKey.Reveal(), cred.Cookie.Reveal()
	b.ReportAllocs()
	for b.Loop() {
		cred := hermes.Credentials{
			Session: hermes.NewSecret(session), AuthKey: hermes.NewSecret(key), Cookie: hermes.NewSecret(cookie),
		}
		if _, err := e.client.Authenticate(b.Context(), cred); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkClient are reads of one record over the memory store.
func BenchmarkClient(b *testing.B) {
	e := newEnv(b)
	ctx := b.Context()
	reader := mustAuthenticate(b, e, mustLogin(b, e, "reader"))
	for name, read := range map[string]func() error{
		"UserGet": func() error {
			_, err := e.client.UserGet(ctx, hermes.UserGetRequest{User: alice})
			return err
		},
		"UserGet without secrets": func() error {
			_, err := reader.UserGet(ctx, hermes.UserGetRequest{User: alice})
			return err
		},
		"UserAvail": func() error {
			_, err := e.client.UserAvail(ctx, hermes.UserAvailRequest{User: addr("free@example.com")})
			return err
		},
		"PhoneGet": func() error {
			_, err := e.client.PhoneGet(ctx, hermes.PhoneGetRequest{MAC: phone1})
			return err
		},
		"NumberTest": func() error {
			_, err := e.client.NumberTest(ctx, hermes.NumberTestRequest{Number: inPool})
			return err
		},
		"DomainGetServers": func() error {
			_, err := e.client.DomainGetServers(ctx, hermes.DomainGetServersRequest{Domain: domain("example.com")})
			return err
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := read(); err != nil {
					b.Fatal(fmt.Errorf("%s: %w", name, err))
				}
			}
		})
	}
}
