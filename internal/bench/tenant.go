package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// The customer whose lists are measured, among as many others as the filled database has.
const (
	tenantDomain = "tenant.example.com"
	tenantPrefix = "+47990"
	tenantRows   = 100 // users, aliases, phones and numbers
)

// scopeIndexes are those of Kamailio's tables that hermesd doctor names where an authorization is
// narrowed to a domain.
const scopeIndexes = `CREATE INDEX ON subscriber (lower(domain::text COLLATE "C"), username, domain);
	CREATE INDEX ON dbaliases (lower(alias_domain::text COLLATE "C"), alias_username, alias_domain, username, domain);
	ANALYZE subscriber; ANALYZE dbaliases`

// tenantCall is a list that a customer asks for.
type tenantCall struct {
	name string
	call func(ctx context.Context, c *hermes.Client) (n int, err error)
}

func tenantCalls() []tenantCall {
	return []tenantCall{
		{"user/list", func(ctx context.Context, c *hermes.Client) (int, error) {
			res, err := c.UserList(ctx, hermes.UserListRequest{})
			return countAll(res.List, err)
		}},
		{"user/list search=t*t", func(ctx context.Context, c *hermes.Client) (int, error) {
			search, err := hermes.ParsePattern("t*t.example.com")
			if err != nil {
				return 0, err
			}
			res, err := c.UserList(ctx, hermes.UserListRequest{Search: search})
			return countAll(res.List, err)
		}},
		{"alias/list", func(ctx context.Context, c *hermes.Client) (int, error) {
			res, err := c.AliasList(ctx, hermes.AliasListRequest{})
			return countAll(res.List, err)
		}},
		{"phone/list", func(ctx context.Context, c *hermes.Client) (int, error) {
			res, err := c.PhoneList(ctx, hermes.PhoneListRequest{})
			return countAll(res.List, err)
		}},
		{"number/list", func(ctx context.Context, c *hermes.Client) (int, error) {
			res, err := c.NumberList(ctx, hermes.NumberListRequest{})
			return countAll(res.List, err)
		}},
	}
}

// countAll reads the list of an answer to its end, unless err is not nil.
func countAll[T any](l *hermes.List[T], err error) (int, error) {
	if err != nil {
		return 0, err
	}
	entries, err := l.Collect()
	return len(entries), err
}

// tenants measures whether what a customer's lists cost depends on how many others there are.
func tenants() benchmark {
	bm := benchmark{
		name:  "tenant",
		about: "lists of a customer with 100 users, aliases, phones and numbers among those of many others, on PostgreSQL",
	}
	for _, indexes := range []string{"without an index of its own", "with the indexes that doctor names"} {
		for _, c := range tenantCalls() {
			r := row{
				what: "a customer's " + c.name + ", " + indexes, floor: "among a hundredth of the rows",
				unit: inSeconds, goal: atMost(growthLimit),
			}
			if strings.HasPrefix(indexes, "without") {
				r.goal = noGoal()
			}
			bm.rows = append(bm.rows, r)
		}
	}
	bm.open = func(ctx context.Context, b *bench) (measure, error) {
		var few, many []*hermes.Client // without and with the indexes
		for _, indexes := range []string{"", scopeIndexes} {
			for n, clients := range map[int]*[]*hermes.Client{b.rows / 100: &few, b.rows: &many} {
				c, err := b.openTenant(ctx, n, indexes)
				if err != nil {
					return nil, err
				}
				*clients = append(*clients, c)
			}
		}
		return func(ctx context.Context) (samples []sample, err error) {
			for i := range few {
				for _, call := range tenantCalls() {
					s, err := b.both(
						func() (sample, error) { return b.timed(ctx, call.of(ctx, few[i])) },
						func() (sample, error) { return b.timed(ctx, call.of(ctx, many[i])) })
					if err != nil {
						return nil, fmt.Errorf("%s: %w", call.name, err)
					}
					samples = append(samples, s)
				}
			}
			return samples, nil
		}, nil
	}
	return bm
}

// of returns a function that makes the call and checks how much it finds.
func (t tenantCall) of(ctx context.Context, c *hermes.Client) func() error {
	return func() error {
		n, err := t.call(ctx, c)
		if err == nil && n != tenantRows {
			err = fmt.Errorf("%d entries, want %d", n, tenantRows)
		}
		return err
	}
}

// openTenant makes a copy of the database with n rows, adds the customer and the indexes, and
// returns a Client that is narrowed to the customer.
func (b *bench) openTenant(ctx context.Context, n int, indexes string) (*hermes.Client, error) {
	d, err := b.filledCopy(ctx, n)
	if err != nil {
		return nil, err
	}
	domain := "INSERT INTO domain (domain) VALUES ('" + tenantDomain + "');"
	if err := execSQL(ctx, d.url, domain+indexes); err != nil {
		return nil, err
	}
	c, err := b.openStore(ctx, d)
	if err != nil {
		return nil, err
	}
	if err := addTenant(ctx, c); err != nil {
		return nil, err
	}
	scope, err := hermes.ParseScope(tenantDomain, tenantPrefix, "")
	if err != nil {
		return nil, err
	}
	return c.As(hermes.Actor{
		Principal: hermes.Principal{Kind: hermes.UserPrincipal, Name: "tenant"}, Access: hermes.FullWrite, Scope: scope,
	}), nil
}

// addTenant adds what the customer has.
func addTenant(ctx context.Context, c *hermes.Client) error {
	servers := defaultServers()
	servers.Domain = sip.UncheckedDomain(tenantDomain)
	if _, err := c.DomainSetServers(ctx, servers); err != nil {
		return err
	}
	number := func(i int) e164.Number { return e164.MustParse(fmt.Sprintf("%s%05d", tenantPrefix, i)) }
	if _, err := c.NumberAddRange(ctx, hermes.NumberAddRangeRequest{Start: number(0), End: number(tenantRows - 1)}); err != nil {
		return err
	}
	for i := range tenantRows {
		user := sip.Unchecked(fmt.Sprintf("t%d", i), tenantDomain)
		if _, err := c.UserAdd(ctx, hermes.UserAddRequest{User: user}); err != nil {
			return err
		}
		alias := hermes.AliasAddRequest{Alias: sip.Unchecked(fmt.Sprintf("alias%d", i), tenantDomain), Destination: user}
		if _, err := c.AliasAdd(ctx, alias); err != nil {
			return err
		}
		phone := hermes.PhoneAddRequest{MAC: mac.MustParse(fmt.Sprintf("02000000%04x", i)), User: user}
		if _, err := c.PhoneAdd(ctx, phone); err != nil {
			return err
		}
	}
	return nil
}
