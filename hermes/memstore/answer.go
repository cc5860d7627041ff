package memstore

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// Answer implements [hermes.AnswerStore].
func (s *Store) Answer(ctx context.Context, k hermes.AnswerKey) (hermes.KeptAnswer, error) {
	r, err := s.read(ctx)
	if err != nil {
		return hermes.KeptAnswer{}, err
	}
	a, ok := r.answers.get(k)
	if !ok {
		return hermes.KeptAnswer{}, hermes.NotFound
	}
	return *a, nil
}

// SetAnswer implements [hermes.AnswerStore].
func (s *Store) SetAnswer(ctx context.Context, a hermes.KeptAnswer) error {
	return s.write(ctx, func(r *records) error {
		r.removeAnswer(a.Key)
		r.answers.set(a.Key, &a)
		r.answerExpiries.set(answerExpiry{at: a.Expires, key: a.Key}, present{})
		return nil
	})
}

// AnswerKeys implements [hermes.AnswerStore].
func (s *Store) AnswerKeys(ctx context.Context, q hermes.AnswerQuery) ([]hermes.AnswerKey, error) {
	r, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	var page []hermes.AnswerKey
	for k := range r.answers.after(q.After) {
		if len(page) == q.Limit {
			break
		}
		page = append(page, k)
	}
	return page, nil
}

func (r *records) removeAnswer(k hermes.AnswerKey) {
	if a, ok := r.answers.get(k); ok {
		r.answers.remove(k)
		r.answerExpiries.remove(answerExpiry{at: a.Expires, key: k})
	}
}

// answersOf returns the keys of the answers that a principal has kept.
func (r *records) answersOf(p hermes.Principal) []hermes.AnswerKey {
	var own []hermes.AnswerKey
	for k := range r.answers.from(hermes.AnswerKey{Principal: p}) {
		if k.Principal != p {
			break
		}
		own = append(own, k)
	}
	return own
}

// sweepAnswers removes the answers that have expired and returns how many it removed.
func (r *records) sweepAnswers(now time.Time) int {
	var swept []hermes.AnswerKey
	for e := range r.answerExpiries.all() {
		if e.at.After(now) {
			break
		}
		swept = append(swept, e.key)
	}
	for _, k := range swept {
		r.removeAnswer(k)
	}
	return len(swept)
}

// answerExpiry is the place of an answer among those that end, the next one first.
type answerExpiry struct {
	at  time.Time
	key hermes.AnswerKey
}

func compareAnswerExpiries(e, f answerExpiry) int {
	return cmp.Or(e.at.Compare(f.at), compareAnswerKeys(e.key, f.key))
}

func compareAnswerKeys(k, l hermes.AnswerKey) int {
	return cmp.Or(comparePrincipals(k.Principal, l.Principal), strings.Compare(k.Node, l.Node), strings.Compare(k.Key, l.Key))
}
