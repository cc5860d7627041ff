package storetest

import (
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

func testKey(t *testing.T, open openFunc) {
	t.Run("AddKey", func(t *testing.T) { testAddKey(t, open) })
	t.Run("RemoveKey", func(t *testing.T) { testRemoveKey(t, open) })
	t.Run("Keys", func(t *testing.T) { testKeys(t, open) })
	t.Run("nonces", func(t *testing.T) { testNonce(t, open) })
}

func testAddKey(t *testing.T, open openFunc) {
	t.Run("keys of both kinds are returned exactly as they were added, with zero times and others", func(t *testing.T) {
		s := open(t).Store
		for _, k := range []hermes.Key{keyPair("k1"), bearerKey("k2")} {
			mustAddKey(t, s, k)
			wantKey(t, s, k)
		}
	})
	t.Run("a key exists once, by its exact id, and the first key stays", func(t *testing.T) {
		s := open(t).Store
		wantNoKey(t, s, "k1")
		mustAddKey(t, s, bearerKey("k1"))
		wantCause(t, s.AddKey(t.Context(), keyPair("k1")), hermes.Exists)
		mustAddKey(t, s, keyPair("K1"))
		wantKey(t, s, bearerKey("k1"))
	})
}

func testRemoveKey(t *testing.T, open openFunc) {
	t.Run("that key is removed and no other, and a missing one is NotFound", func(t *testing.T) {
		s := open(t).Store
		wantCause(t, s.RemoveKey(t.Context(), "k1"), hermes.NotFound)
		mustAddKey(t, s, bearerKey("k1"), keyPair("K1"))
		must(t, s.RemoveKey(t.Context(), "k1"))
		wantCause(t, s.RemoveKey(t.Context(), "k1"), hermes.NotFound)
		wantKeys(t, s, keyPair("K1"))
	})
}

func testKeys(t *testing.T, open openFunc) {
	t.Run("all are listed, ordered byte-wise by id", func(t *testing.T) {
		s := open(t).Store
		wantKeys(t, s)
		mustAddKey(t, s, keyPair("b"), keyPair("a"), keyPair("B"), keyPair("0"))
		wantKeys(t, s, keyPair("0"), keyPair("B"), keyPair("a"), keyPair("b"))
	})
}

func testNonce(t *testing.T, open openFunc) {
	t.Run("a nonce is used once", func(t *testing.T) {
		s := open(t).Store
		mustAddNonce(t, s, nonce(1), nonce(2))
		wantCause(t, s.AddNonce(t.Context(), hermes.Nonce{ID: hash(1), Expires: at(6)}), hermes.Exists)
		wantCause(t, s.AddNonce(t.Context(), nonce(2)), hermes.Exists)
	})
	t.Run("a nonce that has expired is used until it is swept", func(t *testing.T) {
		s := open(t).Store
		old := nonce(1)
		old.Expires = at(0).AddDate(-10, 0, 0)
		mustAddNonce(t, s, old)
		wantCause(t, s.AddNonce(t.Context(), old), hermes.Exists)
	})
}

// keyPair returns a key pair with a value in every field that one has.
func keyPair(id string) hermes.Key {
	return hermes.Key{
		ID: id, PublicKey: binaryText, Host: "192.0.2.0/24,2001:db8::/32", Comment: "ci “ø” '%",
		CreatedBy: "ålice", Created: at(0), Expires: at(1), LastUsed: at(2),
	}
}

// bearerKey returns a key that never expires and has not been used.
func bearerKey(id string) hermes.Key { return hermes.Key{ID: id, Hash: hash(7), Created: at(0)} }

func nonce(n int) hermes.Nonce { return hermes.Nonce{ID: hash(n), Expires: at(5)} }

func mustAddKey(t *testing.T, s hermes.Store, keys ...hermes.Key) {
	t.Helper()
	for _, k := range keys {
		must(t, s.AddKey(t.Context(), k))
	}
}

// wantKey checks the key with want.ID.
func wantKey(t *testing.T, s hermes.Store, want hermes.Key) {
	t.Helper()
	got, err := s.Key(t.Context(), want.ID)
	wantEqual(t, got, err, want)
}

func wantNoKey(t *testing.T, s hermes.Store, id string) {
	t.Helper()
	got, err := s.Key(t.Context(), id)
	wantNone(t, got, err)
}

func wantKeys(t *testing.T, s hermes.Store, want ...hermes.Key) {
	t.Helper()
	got, err := s.Keys(t.Context())
	wantList(t, got, err, want)
}

func mustAddNonce(t *testing.T, s hermes.Store, nonces ...hermes.Nonce) {
	t.Helper()
	for _, n := range nonces {
		must(t, s.AddNonce(t.Context(), n))
	}
}
