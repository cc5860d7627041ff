package storetest

import (
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

func testAnswer(t *testing.T, open openFunc) {
	t.Run("an answer is kept as it is, and replaced by one with the same key", func(t *testing.T) {
		s, a := open(t).Store, answer("alice", "user/add", "k1", 5)
		_, err := s.Answer(t.Context(), a.Key)
		wantCause(t, err, hermes.NotFound)
		must(t, s.SetAnswer(t.Context(), a))
		got, err := s.Answer(t.Context(), a.Key)
		wantEqual(t, got, err, a)
		a.Sealed, a.Expires = "another\x00\xff", at(9)
		must(t, s.SetAnswer(t.Context(), a))
		got, err = s.Answer(t.Context(), a.Key)
		wantEqual(t, got, err, a)
	})
	t.Run("each part of a key distinguishes it", func(t *testing.T) {
		s, a := open(t).Store, answer("alice", "user/add", "k1", 5)
		must(t, s.SetAnswer(t.Context(), a))
		for _, other := range []hermes.AnswerKey{
			answer("Alice", "user/add", "k1", 5).Key, answer("alice", "user/Add", "k1", 5).Key, answer("alice", "user/add", "K1", 5).Key,
			{Principal: keyPrincipal("alice"), Node: "user/add", Key: "k1"}, {Node: "user/add", Key: "k1"},
		} {
			_, err := s.Answer(t.Context(), other)
			wantCause(t, err, hermes.NotFound)
		}
	})
	t.Run("keys are listed in order, page by page", func(t *testing.T) {
		s := open(t).Store
		want := []hermes.AnswerKey{
			{Node: "user/add", Key: "k"}, // of a program
			{Principal: keyPrincipal("z"), Node: "user/add", Key: "k"},
			answer("Bob", "user/add", "k", 5).Key,
			answer("alice", "number/claim", "k.2", 5).Key,
			answer("alice", "user/add", "K", 5).Key,
			answer("alice", "user/add", "_", 5).Key,
			answer("alice", "user/add", "k", 5).Key,
		}
		for i := range want {
			must(t, s.SetAnswer(t.Context(), hermes.KeptAnswer{Key: want[(i*3)%len(want)], Sealed: "x", Expires: at(5)}))
		}
		var all []hermes.AnswerKey
		for q := (hermes.AnswerQuery{Limit: 2}); ; {
			page, err := s.AnswerKeys(t.Context(), q)
			must(t, err)
			all = append(all, page...)
			if len(page) < q.Limit {
				break
			}
			q.After = page[len(page)-1]
		}
		wantList(t, all, nil, want)
	})
	t.Run("they are removed with the authorization of their principal", func(t *testing.T) { testAnswersOfPrincipals(t, open) })
}

// testAnswersOfPrincipals removes the answers of a principal.
func testAnswersOfPrincipals(t *testing.T, open openFunc) {
	s := open(t).Store
	alice, bob := answer("alice", "user/add", "k", 5), answer("bob", "user/add", "k", 5)
	key := hermes.KeptAnswer{Key: hermes.AnswerKey{Principal: keyPrincipal("alice"), Node: "user/add", Key: "k"}, Sealed: "x", Expires: at(5)}
	for _, a := range []hermes.KeptAnswer{alice, bob, key} {
		must(t, s.SetAnswer(t.Context(), a))
	}
	wantCause(t, s.RemoveAuthorization(t.Context(), userPrincipal("alice")), hermes.NotFound)
	wantAnswers(t, s, key.Key, alice.Key, bob.Key)
	must(t, s.SetAuthorization(t.Context(), hermes.Authorization{Principal: userPrincipal("alice"), Access: hermes.FullRead}))
	must(t, s.RemoveAuthorization(t.Context(), userPrincipal("alice")))
	wantAnswers(t, s, key.Key, bob.Key)
}

func answer(user, node, key string, expires int) hermes.KeptAnswer {
	return hermes.KeptAnswer{
		Key:    hermes.AnswerKey{Principal: userPrincipal(user), Node: node, Key: key},
		Sealed: binaryText, Expires: at(expires),
	}
}

// wantAnswers checks the keys of all answers.
func wantAnswers(t *testing.T, s hermes.Store, want ...hermes.AnswerKey) {
	t.Helper()
	got, err := s.AnswerKeys(t.Context(), hermes.AnswerQuery{Limit: 99})
	wantList(t, got, err, want)
}
