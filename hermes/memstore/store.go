// Package memstore keeps Hermes' records in memory, for tests and trials.
//
// A transaction is one writer lock, a copy-on-write copy of ordered trees and a swap at its
// end. Reads outside a transaction look at what was swapped in last and never wait.
package memstore

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

var _ hermes.Store = (*Store)(nil)

// Store is a hermes.Store in memory. It is made by New and safe for concurrent use. Inside a
// transaction only the Store that it gave is to be written: writing the outer one would wait for the
// transaction's own end.
type Store struct {
	*shared
	tx *transaction // nil outside a transaction
}

type shared struct {
	writer chan struct{} // holds one token while a transaction runs; a channel, since waiting ends with ctx
	now    atomic.Pointer[tables]
}

type transaction struct {
	tables *tables
	over   bool
}

var errOver = errors.New("memstore: the transaction is over")

// New returns an empty store whose Kamailio serves domains.
func New(domains ...sip.Domain) *Store {
	s := &Store{shared: &shared{writer: make(chan struct{}, 1)}}
	s.now.Store(newTables())
	s.Serve(domains...)
	return s
}

// Volatile is true: nothing outlives the process. Package hermes makes up a secret key for
// such a store.
func (s *Store) Volatile() bool { return true }

// Tx runs fn once, with every other transaction waiting for its end.
func (s *Store) Tx(ctx context.Context, fn func(hermes.Store) error) error {
	return s.transact(ctx, func(in *Store) error { return fn(in) })
}

func (s *Store) transact(ctx context.Context, fn func(*Store) error) error {
	if s.tx != nil {
		if _, err := s.read(ctx); err != nil {
			return err
		}
		return fn(s)
	}
	select {
	case s.writer <- struct{}{}:
		defer func() { <-s.writer }()
	case <-ctx.Done():
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	in := &Store{s.shared, &transaction{tables: s.now.Load().copy()}}
	defer func() { in.tx.over = true }()
	if err := fn(in); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.now.Store(in.tx.tables)
	return nil
}

// read returns the tables to look at.
func (s *Store) read(ctx context.Context) (*tables, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	switch {
	case s.tx == nil:
		return s.now.Load(), nil
	case s.tx.over:
		return nil, errOver
	}
	return s.tx.tables, nil
}

// write runs change, which must alter nothing where it returns an error: a caller may go on in
// the same transaction.
func (s *Store) write(ctx context.Context, change func(*tables) error) error {
	return s.transact(ctx, func(in *Store) error { return change(in.tx.tables) })
}
