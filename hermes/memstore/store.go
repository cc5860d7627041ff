// Package memstore keeps the records of Hermes in memory, for tests and trials. It is a complete
// [hermes.Store]: it passes the same suite as the stores for databases, with concurrent calls and
// transactions, and returns the same results.
//
// Nothing outlives the process, and so each store has a secret key of its own, which makes
// [hermes.Options].SecretKeys optional. A store has no Kamailio: nothing but
// its own methods changes its records, and the domains that it serves are those given to [New] and
// [Store.Serve].
//
// One transaction writes at a time, and others wait for its end. Reads outside of a transaction see
// the last committed state and never wait.
package memstore

import (
	"context"
	"crypto/rand"
	"errors"
	"sync/atomic"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

var _ hermes.Store = (*Store)(nil)

// Store is a [hermes.Store] in memory. It is made by [New] and safe for concurrent use.
//
// The function that [Store.Tx] runs must write through the Store that it is given only. A write
// through the outer Store would wait for the end of the transaction that it is in, until its
// context ends.
type Store struct {
	*shared
	tx *transaction // nil outside of a transaction
}

// shared is what a Store and the Stores of its transactions have in common.
type shared struct {
	// writer has one token, which the running transaction holds. It is a channel and no mutex, so
	// that waiting can end with a context.
	writer chan struct{}
	// committed has the records that readers see. They are never changed: a transaction changes a
	// clone, which takes their place when the transaction commits.
	committed atomic.Pointer[records]
	key       hermes.SecretKey
}

type transaction struct {
	records *records
	changes bool     // records are a clone, which the transaction may change
	after   []func() // what to call after the commit
	ended   bool
}

// own returns the records for a change.
func (tx *transaction) own() *records {
	if !tx.changes {
		tx.records, tx.changes = tx.records.clone(), true
	}
	return tx.records
}

var errTxEnded = errors.New("memstore: the transaction has ended")

// New returns an empty store whose Kamailio serves domains.
func New(domains ...sip.Domain) *Store {
	key, err := hermes.NewSecretKey(rand.Reader)
	if err != nil {
		panic(err) // crypto/rand never fails
	}
	s := &Store{shared: &shared{writer: make(chan struct{}, 1), key: key}}
	s.committed.Store(newRecords())
	s.Serve(domains...)
	return s
}

// VolatileKey returns the secret key that [New] made up. It implements [hermes.Store].
func (s *Store) VolatileKey() hermes.SecretKey { return s.key }

// AfterCommit implements [hermes.Store].
func (s *Store) AfterCommit(f func()) {
	switch {
	case s.tx == nil:
		f()
	case !s.tx.ended:
		s.tx.after = append(s.tx.after, f)
	}
}

// Tx runs fn once. Other transactions wait for its end, so that opts mean nothing. It implements
// [hermes.Store].
func (s *Store) Tx(ctx context.Context, _ *hermes.TxOptions, fn func(hermes.Store) error) error {
	return s.inTx(ctx, func(tx *Store) error { return fn(tx) })
}

// inTx runs fn in the open transaction of s or, if there is none, in a new one.
func (s *Store) inTx(ctx context.Context, fn func(tx *Store) error) error {
	if s.tx != nil {
		if _, err := s.read(ctx); err != nil {
			return err
		}
		return fn(s)
	}
	tx := &Store{shared: s.shared, tx: &transaction{}}
	if err := s.run(ctx, tx, fn); err != nil {
		return err
	}
	for _, f := range tx.tx.after {
		f()
	}
	return nil
}

// run begins the transaction of tx, runs fn in it and commits it.
func (s *Store) run(ctx context.Context, tx *Store, fn func(tx *Store) error) error {
	select {
	case s.writer <- struct{}{}:
		defer func() { <-s.writer }()
	case <-ctx.Done():
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	tx.tx.records = s.committed.Load()
	defer func() { tx.tx.ended = true }()
	if err := fn(tx); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if tx.tx.changes {
		s.committed.Store(tx.tx.records)
	}
	return nil
}

// read returns the records for reading.
func (s *Store) read(ctx context.Context) (*records, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s.tx == nil {
		return s.committed.Load(), nil
	}
	if s.tx.ended {
		return nil, errTxEnded
	}
	return s.tx.records, nil
}

// write runs change in a transaction. If change returns an error, it must not have changed any
// record, since the caller may continue in the same transaction.
func (s *Store) write(ctx context.Context, change func(*records) error) error {
	return s.inTx(ctx, func(tx *Store) error { return change(tx.tx.own()) })
}
