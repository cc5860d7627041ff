package bunstore

import (
	"context"
	"database/sql"

	"github.com/hermes-voip/go-hermes/hermes"
)

type answerStatements struct{ answer, setAnswer, answerKeys, removeAnswers, sweepAnswers statement }

func (b *builder) answerStatements() answerStatements {
	answer := (*answerModel)(nil)
	keys := b.NewSelect().Model(answer).Column("kind", "name", "node", "key").
		Where("(y.kind, y.name, y.node, y.key) > (?, ?, ?, ?)", text(1), text(2), text(3), text(4)).
		OrderExpr("y.kind, y.name, y.node, y.key")
	return answerStatements{
		answer: b.statement(Auth, b.NewSelect().Model(answer).
			Where("y.kind = ? AND y.name = ? AND y.node = ? AND y.key = ?", text(1), text(2), text(3), text(4))),
		setAnswer:     b.statement(Auth, b.insert(answer).On("CONFLICT (kind, name, node, key) DO UPDATE")),
		answerKeys:    b.statement(Auth, limit(keys, 5)),
		removeAnswers: b.statement(Auth, b.NewDelete().Model(answer).Where("y.kind = ? AND y.name = ?", text(1), text(2))),
		sweepAnswers:  b.statement(Auth, b.NewDelete().Model(answer).Where("y.expires <= ?", place(1))),
	}
}

// keyArgs returns the values of a key's columns, in their order.
func keyArgs(k hermes.AnswerKey) []any {
	return []any{string(k.Principal.Kind), k.Principal.Name, k.Node, k.Key}
}

// Answer implements [hermes.Store].
func (s *Store) Answer(ctx context.Context, k hermes.AnswerKey) (hermes.KeptAnswer, error) {
	var m answerModel
	if err := s.get(ctx, s.sql().answer, &m, keyArgs(k)...); err != nil {
		return hermes.KeptAnswer{}, err
	}
	return m.answer(), nil
}

// SetAnswer implements [hermes.Store].
func (s *Store) SetAnswer(ctx context.Context, a hermes.KeptAnswer) error {
	return s.change(ctx, s.sql().setAnswer, nil, s.args(newAnswer(a))...)
}

// AnswerKeys implements [hermes.Store].
func (s *Store) AnswerKeys(ctx context.Context, q hermes.AnswerQuery) ([]hermes.AnswerKey, error) {
	return list(ctx, s, s.sql().answerKeys, func(rows *sql.Rows) (k hermes.AnswerKey, err error) {
		return k, rows.Scan(&k.Principal.Kind, &k.Principal.Name, &k.Node, &k.Key)
	}, append(keyArgs(q.After), int64(q.Limit))...)
}
