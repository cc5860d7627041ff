package backendtest_test

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/backendtest"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
)

// plain keeps passwords as they are, and has at most one bug.
type plain struct {
	bug   string
	store *memstore.Store

	mu      sync.Mutex
	work    uint64
	added   []hermes.Credential
	trusted map[string]bool
}

func fixture(bug string) backendtest.Fixture {
	p := &plain{bug: bug, store: memstore.New(), trusted: map[string]bool{}}
	return backendtest.Fixture{
		Backend: p, Store: p.store,
		AddUser: func(t *testing.T, user, password string) {
			c := hermes.Credential{User: user, Hash: password}
			p.added = append(p.added, c)
			if err := p.store.AddCredential(t.Context(), c); err != nil {
				t.Fatal(err)
			}
		},
		Work: func(fn func()) uint64 {
			before := p.work
			fn()
			return p.work - before
		},
	}
}

func (p *plain) Name() string { return "plain" }

func (p *plain) has(bug string) bool { return p.bug == bug }

func (p *plain) Verify(ctx context.Context, s hermes.Store, user string, password hermes.Secret) (bool, error) {
	c, err := p.find(ctx, s, user)
	unknown := err == error(hermes.NotFound)
	p.mu.Lock()
	defer p.mu.Unlock()
	if !unknown || !p.has("unknown costs nothing") {
		p.work++
	}
	if unknown && !p.has("unknown is an error") {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	ok := p.compare(c, password.Reveal()) || p.has("verdict remembered") && p.trusted[user]
	p.trusted[user] = ok
	return ok, nil
}

func (p *plain) Has(ctx context.Context, s hermes.Store, user string) (bool, error) {
	_, err := p.find(ctx, s, user)
	if err == error(hermes.NotFound) {
		return false, nil
	}
	return err == nil, err
}

func (p *plain) find(ctx context.Context, s hermes.Store, user string) (hermes.Credential, error) {
	if p.has("context ignored") {
		ctx = context.WithoutCancel(ctx)
	}
	for _, c := range p.added {
		if p.same(c.User, user) {
			return s.Credential(ctx, c.User)
		}
	}
	return s.Credential(ctx, user)
}

func (p *plain) same(known, user string) bool {
	switch p.bug {
	case "name in any case":
		return strings.EqualFold(known, user)
	case "name trimmed":
		return known == strings.TrimSpace(user)
	case "name cut at NUL":
		user, _, _ = strings.Cut(user, "\x00")
	case "name is a pattern":
		ok, _ := path.Match(user, known)
		return ok
	}
	return known == user
}

func (p *plain) compare(c hermes.Credential, password string) bool {
	switch p.bug {
	case "password cut at NUL":
		password, _, _ = strings.Cut(password, "\x00")
	case "password in any case":
		return strings.EqualFold(c.Hash, password)
	case "password cut at 72":
		return c.Hash[:min(72, len(c.Hash))] == password[:min(72, len(password))]
	case "password trimmed":
		password = strings.TrimSpace(password)
	case "anybody's password":
		return slices.ContainsFunc(p.added, func(c hermes.Credential) bool { return c.Hash == password })
	}
	return c.Hash == password && (password != "" || p.has("empty password verifies"))
}

func (p *plain) Add(user string, password hermes.Secret) (hermes.Change, error) {
	c := hermes.Credential{User: user, Hash: password.Reveal()}
	if p.has("added when prepared") {
		return func(context.Context, hermes.Store) error { return nil }, p.store.AddCredential(context.Background(), c)
	}
	return p.change(func(ctx context.Context, s hermes.Store) error { return s.AddCredential(ctx, c) }), nil
}

func (p *plain) Update(user string, password hermes.Secret) (hermes.Change, error) {
	c := hermes.Credential{User: user, Hash: password.Reveal()}
	return p.change(func(ctx context.Context, s hermes.Store) error {
		err := s.SetCredential(ctx, c)
		if err != nil && p.has("update adds") {
			err = s.AddCredential(ctx, c)
		}
		return err
	}), nil
}

func (p *plain) Remove(user string) hermes.Change {
	return p.change(func(ctx context.Context, s hermes.Store) error {
		err := s.RemoveCredential(ctx, user)
		if p.has("remove ignores its absence") {
			return nil
		}
		return err
	})
}

func (p *plain) change(apply hermes.Change) hermes.Change {
	used := false
	return func(ctx context.Context, s hermes.Store) error {
		if used && p.has("change serves once") {
			return nil
		}
		used = true
		err := apply(ctx, s)
		if err != nil && p.has("cause wrapped") {
			err = fmt.Errorf("plain: %w", err)
		}
		return err
	}
}
