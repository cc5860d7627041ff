package storetest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
)

func testSecret(t *testing.T, open openFunc) {
	t.Run("the check value is NotFound until it is set, and then replaced", func(t *testing.T) {
		s := open(t).Store
		got, err := s.SecretCheck(t.Context())
		wantNone(t, got, err)
		for _, value := range []string{"first", "second of more than one word"} {
			must(t, s.SetSecretCheck(t.Context(), value))
			got, err := s.SecretCheck(t.Context())
			wantEqual(t, got, err, value)
		}
	})
	t.Run("SealedUsers returns the first ones that have a sealed password", func(t *testing.T) {
		s := open(t).Store
		wantSealedUsers(t, s, 2)
		for _, a := range []string{"b@example.com", "c@example.com", "a@example.com", "B@example.com", "a@a.example"} {
			u := localUser(a)
			if u.Sealed = "sealed"; a == "a@example.com" {
				u.Sealed = ""
			}
			must(t, s.AddUser(t.Context(), u))
		}
		wantSealedUsers(t, s, 2, "B@example.com", "a@a.example")
		wantSealedUsers(t, s, 9, "B@example.com", "a@a.example", "b@example.com", "c@example.com")
		must(t, errorOf(s.RemoveUser(t.Context(), addr("B@example.com"))))
		wantSealedUsers(t, s, 1, "a@a.example")
	})
}

func wantSealedUsers(t *testing.T, s hermes.Store, n int, want ...string) {
	t.Helper()
	got, err := s.SealedUsers(t.Context(), n)
	must(t, err)
	var texts []string
	for _, a := range got {
		texts = append(texts, a.String())
	}
	if d := cmp.Diff(want, texts); d != "" {
		t.Errorf("the first %d: (-want +got)\n%s", n, d)
	}
}
