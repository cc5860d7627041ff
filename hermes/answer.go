package hermes

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// answerTime is how long an answer is kept.
const answerTime = 24 * time.Hour

// once makes a call with an idempotency key. It sets res to the response that was kept under the
// key, or else calls fn, which sets it, in a transaction that keeps it too.
func (c *Client) once(ctx context.Context, node string, req Request, res reflect.Value, fn func(*Client) error) error {
	key := AnswerKey{Principal: c.actor.Principal, Node: node, Key: c.call.IdempotencyKey}
	digest, err := c.digest(req)
	if err != nil {
		return err
	}
	t := c.tx
	if t == nil {
		t = &transaction{}
	}
	replayed := false
	opts := &TxOptions{Locks: []Lock{LockAnswer(key), LockPrincipal(key.Principal).AsShared()}, Bulk: isBulk(req)}
	err = c.store.Tx(ctx, opts, func(s Store) error {
		kept, err := s.Answer(ctx, key)
		if err != nil && err != error(NotFound) {
			return err
		}
		if replayed = err == nil && c.now().Before(kept.Expires); replayed {
			return c.replay(kept, digest, res)
		}
		if err := c.needAuthorization(ctx, s); err != nil {
			return err
		}
		if err := fn(c.inside(s, t)); err != nil {
			return err
		}
		return c.keepAnswer(ctx, s, key, digest, res)
	})
	if err == nil && c.call.Replayed != nil {
		*c.call.Replayed = replayed
	}
	return c.changed(err)
}

// needAuthorization refuses an actor with a session whose authorization was removed since the
// request began: what a principal had kept goes with the principal, and must not come after.
func (c *Client) needAuthorization(ctx context.Context, s Store) error {
	if c.actor.session.state.ID == (Hash{}) {
		return nil
	}
	_, err := s.Authorization(ctx, c.actor.Principal)
	if err == error(NotFound) {
		return errUnauthorized()
	}
	return err
}

// digest returns a hash that calls have in common which are the same.
func (c *Client) digest(req Request) ([]byte, error) {
	call := []byte("parameters\x00" + c.call.Parameters)
	if c.call.Parameters == "" {
		tree, err := treeOf(reflect.ValueOf(req))
		if err != nil {
			return nil, internalFault(err)
		}
		if call, err = json.Marshal(tree); err != nil { // the members of maps are sorted
			return nil, internalFault(err)
		}
	}
	sum := sha256.Sum256(call)
	return sum[:], nil
}

// answerContent is what is sealed of an answer. The digest is among it because a hash of parameters
// may let someone guess a password in them.
type answerContent struct {
	Digest   []byte
	Response json.RawMessage // a tree
}

// answerData is the additional data of a sealed answer.
func answerData(k AnswerKey, expires time.Time) string {
	return strings.Join([]string{
		"hermes/answer/v1", string(k.Principal.Kind), k.Principal.Name, k.Node, k.Key, expires.Format(time.RFC3339Nano),
	}, "\x00")
}

// keepAnswer stores a response under a key.
func (c *Client) keepAnswer(ctx context.Context, s Store, key AnswerKey, digest []byte, res reflect.Value) error {
	tree, err := treeOf(res)
	if err != nil {
		return internalFault(err)
	}
	response, err := json.Marshal(tree)
	if err != nil {
		return internalFault(err)
	}
	content, err := json.Marshal(answerContent{Digest: digest, Response: response})
	if err != nil {
		return internalFault(err)
	}
	a := KeptAnswer{Key: key, Expires: c.now().Add(answerTime)}
	if a.Sealed, err = c.sealWith(c.keys[0], string(content), answerData(key, a.Expires)); err != nil {
		return err
	}
	return s.SetAnswer(ctx, a)
}

// replay sets res to a kept response. Causes: Parameters, if it was that of another call.
func (c *Client) replay(kept KeptAnswer, digest []byte, res reflect.Value) error {
	text, err := c.openAnswer(kept)
	if err != nil {
		return err
	}
	var content answerContent
	if err := json.Unmarshal([]byte(text), &content); err != nil {
		return internalFault(err)
	}
	if string(content.Digest) != string(digest) {
		return badParameter("idempotency_key: it was used for this node with other parameters; want a new key for a new request")
	}
	res.SetZero()
	if err := setTree(res, content.Response); err != nil {
		return internalFault(err)
	}
	return nil
}

// openAnswer opens what keepAnswer sealed.
func (c *Client) openAnswer(a KeptAnswer) (string, error) {
	text, opened := c.keys.open(a.Sealed, answerData(a.Key, a.Expires))
	if !opened {
		return "", internalFault(fmt.Errorf("kept answer of %s: none of the %d secret keys opens it", a.Key.Node, len(c.keys)))
	}
	return text, nil
}

// answerPage is how many keys of answers are read at once.
const answerPage = 100

// rekeyAnswers seals every kept answer anew that was not sealed with the first secret key. lost is
// about the first that no key opens, which stays as it is.
func (c *Client) rekeyAnswers(ctx context.Context) (lost, err error) {
	q := AnswerQuery{Limit: answerPage}
	for {
		page, err := c.store.AnswerKeys(ctx, q)
		if err != nil {
			return lost, err
		}
		for _, key := range page {
			if err := c.resealAnswer(ctx, key); errors.Is(err, Internal) {
				lost = firstError(lost, err)
			} else if err != nil {
				return lost, err
			}
		}
		if len(page) < q.Limit {
			return lost, nil
		}
		q.After = page[len(page)-1]
	}
}

// resealAnswer seals an answer with the first key. One that is not there any more needs nothing.
func (c *Client) resealAnswer(ctx context.Context, key AnswerKey) error {
	return c.change(ctx, "user/rekey", nil, []Lock{LockAnswer(key)}, func(s Store) error {
		a, err := s.Answer(ctx, key)
		if err == error(NotFound) || err == nil && strings.HasPrefix(a.Sealed, sealVersion+c.keys[0].id) {
			return nil
		}
		if err != nil {
			return err
		}
		text, err := c.openAnswer(a)
		if err != nil {
			return err
		}
		if a.Sealed, err = c.sealWith(c.keys[0], text, answerData(key, a.Expires)); err != nil {
			return err
		}
		return s.SetAnswer(ctx, a)
	})
}
