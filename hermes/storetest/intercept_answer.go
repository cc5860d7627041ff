package storetest

import (
	"context"

	"github.com/hermes-voip/go-hermes/hermes"
)

// Answer implements [hermes.AnswerStore].
func (s intercepted) Answer(ctx context.Context, k hermes.AnswerKey) (hermes.KeptAnswer, error) {
	return get(s, "Answer", func() (hermes.KeptAnswer, error) { return s.store.Answer(ctx, k) })
}

// SetAnswer implements [hermes.AnswerStore].
func (s intercepted) SetAnswer(ctx context.Context, a hermes.KeptAnswer) error {
	return s.run("SetAnswer", func() error { return s.store.SetAnswer(ctx, a) })
}

// AnswerKeys implements [hermes.AnswerStore].
func (s intercepted) AnswerKeys(ctx context.Context, q hermes.AnswerQuery) ([]hermes.AnswerKey, error) {
	return get(s, "AnswerKeys", func() ([]hermes.AnswerKey, error) { return s.store.AnswerKeys(ctx, q) })
}
