package storetest

import "github.com/hermes-voip/go-hermes/hermes"

func keyCases() []testCase {
	return []testCase{
		{"round_trip", "keys survive bit by bit, both kinds, with times that are zero and that are not", func(k *kit) {
			for _, key := range []hermes.Key{keyPair("k1"), bearerKey("k2")} {
				k.ok(k.AddKey(k.ctx, key))
				equal(k, got(k.Key(k.ctx, key.ID)), key)
			}
		}},
		{"exists", "a key is there once, by its exact id, and AddKey leaves the first", func(k *kit) {
			key := bearerKey("k1")
			refused(k, got(k.Key(k.ctx, "k1")), hermes.NotFound)
			k.is(k.RemoveKey(k.ctx, "k1"), hermes.NotFound)
			k.ok(k.AddKey(k.ctx, key))
			k.is(k.AddKey(k.ctx, keyPair("k1")), hermes.Exists)
			k.ok(k.AddKey(k.ctx, keyPair("K1")))
			equal(k, got(k.Key(k.ctx, "k1")), key)
			k.ok(k.RemoveKey(k.ctx, "k1"))
			k.is(k.RemoveKey(k.ctx, "k1"), hermes.NotFound)
			list(k, got(k.Keys(k.ctx)), keyPair("K1"))
		}},
		{"list", "all keys, byte-wise by id", func(k *kit) {
			list(k, got(k.Keys(k.ctx)))
			for _, id := range []string{"b", "a", "B", "0"} {
				k.ok(k.AddKey(k.ctx, keyPair(id)))
			}
			list(k, got(k.Keys(k.ctx)), keyPair("0"), keyPair("B"), keyPair("a"), keyPair("b"))
		}},
		{"touch", "TouchKey sets LastUsed of that key only; one that is gone is no error and does not come back", func(k *kit) {
			k.ok(k.AddKey(k.ctx, bearerKey("k1")), k.AddKey(k.ctx, bearerKey("k2")), k.TouchKey(k.ctx, "k1", at(9)), k.TouchKey(k.ctx, "gone", at(9)))
			touched := bearerKey("k1")
			touched.LastUsed = at(9)
			list(k, got(k.Keys(k.ctx)), touched, bearerKey("k2"))
		}},
		{"nonce", "a nonce is there once and is taken once, as it was", func(k *kit) {
			refused(k, got(k.TakeNonce(k.ctx, hash(1))), hermes.NotFound)
			k.ok(k.AddNonce(k.ctx, nonce(1)), k.AddNonce(k.ctx, nonce(2)))
			k.is(k.AddNonce(k.ctx, hermes.Nonce{ID: hash(1), Key: "other", Expires: at(6)}), hermes.Exists)
			equal(k, got(k.TakeNonce(k.ctx, hash(1))), nonce(1))
			refused(k, got(k.TakeNonce(k.ctx, hash(1))), hermes.NotFound)
			equal(k, got(k.TakeNonce(k.ctx, hash(2))), nonce(2))
		}},
		{"nonce_expired", "TakeNonce does not look at the clock: that is the Client's", func(k *kit) {
			old := nonce(1)
			old.Expires = at(0).AddDate(-10, 0, 0)
			k.ok(k.AddNonce(k.ctx, old))
			equal(k, got(k.TakeNonce(k.ctx, old.ID)), old)
		}},
	}
}
