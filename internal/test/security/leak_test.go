package security_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/hermes/sqlite"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// tenant is a customer whose administrator must see nothing of another one.
type tenant struct {
	name   string // is part of everything that is the tenant's, apart from numbers and phones
	domain string
	prefix string // of numbers
	octet  string // the first one of phones that no other tenant has
	line   int    // of each phone
}

var tenants = [2]tenant{
	{"alpha", "alpha.example", "+4771", "0a", 1},
	{"beta", "beta.example", "+4772", "0e", 2},
}

// tenantUsers is how many users each tenant has. Of these, usersWithoutAlias have no E.164 alias.
const (
	tenantUsers       = 1000
	usersWithoutAlias = 10
)

// userName returns a user name that both tenants have.
func userName(i int) string { return fmt.Sprintf("u%04d", i) }

func (n tenant) scope() hermes.Scope { return hermes.Scope{Domains: n.domain, Numbers: n.prefix} }

// addr returns an address of the tenant. Some domains are spelled as other tools do that.
func (n tenant) addr(user string, i int) sip.Addr {
	if i%50 == 3 {
		return sip.Unchecked(user, strings.ToUpper(n.domain[:1])+n.domain[1:])
	}
	return sip.Unchecked(user, n.domain)
}

// records is what a tenant has to see.
type records struct {
	users   []hermes.UserEntry
	phones  []mac.Addr
	aliases []hermes.Alias
	numbers []e164.Number
}

// add adds the records of a tenant, and those that another one shares with it, in a transaction.
func (n tenant) add(t *testing.T, s hermes.Store, other tenant) (own records) {
	t.Helper()
	var errs []error
	add := func(err error) { errs = append(errs, err) }
	err := s.Tx(t.Context(), nil, func(s hermes.Store) error {
		own, errs = records{}, nil
		ctx := t.Context()
		for i := range tenantUsers {
			user := userName(i)
			u := hermes.User{Address: n.addr(user, i), Type: hermes.Local, HA1: "1", HA1B: "2", DisplayName: fmt.Sprintf("Name %d Ø %s", i, n.name)}
			add(s.AddUser(ctx, u))
			own.users = append(own.users, hermes.UserEntry{User: u.Address, DisplayName: u.DisplayName})

			phone := mac.MustParse(fmt.Sprintf("%s%010x", n.octet, i))
			if i%5 == 0 {
				phone = mac.MustParse(fmt.Sprintf("0c%010x", i)) // has a user of each tenant
			}
			add(s.AddPhone(ctx, hermes.Phone{MAC: phone, User: u.Address, Line: n.line}, hermes.Device{}))
			own.phones = append(own.phones, phone)

			number := fmt.Sprintf("%s%06d", n.prefix, i)
			for j, a := range []hermes.Alias{
				{Alias: n.addr(number, i), Destination: u.Address},
				{Alias: n.addr(user+"-out", i), Destination: sip.MustParse(user + "@far.example")},
				{Alias: n.addr(user+"-to-"+other.name, i), Destination: other.addr(user, i)},
				{Alias: n.addr(fmt.Sprintf("%s9%05d", other.prefix, i), i), Destination: u.Address},
			} {
				if i < usersWithoutAlias && j%3 == 0 {
					continue
				}
				_, err := s.AddAlias(ctx, a, hermes.NumberUse{})
				add(err)
				if j < 2 {
					own.aliases = append(own.aliases, a)
				}
			}
			free := e164.MustParse(number + "1")
			_, err := s.AddNumber(ctx, free, time.Time{})
			add(err)
			own.numbers = append(own.numbers, free)
		}
		for _, err := range errs {
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(own.users, func(a, b hermes.UserEntry) int { return a.User.Compare(b.User) })
	slices.SortFunc(own.phones, mac.Addr.Compare)
	slices.SortFunc(own.aliases, func(a, b hermes.Alias) int { return a.Alias.Compare(b.Alias) })
	return own
}

// leaks returns what of the tenant is in a text.
func (n tenant) leaks(text string) (found []string) {
	for _, mark := range []string{n.name, n.prefix, `"` + n.octet} {
		if i := strings.Index(strings.ToLower(text), mark); i >= 0 {
			found = append(found, text[max(0, i-20):min(len(text), i+40)])
		}
	}
	return found
}

// tenantSearches match much, one's own, another tenant's or nothing.
var tenantSearches = []string{
	"", "*", "u0*", "u001?@*", "*9@*", "alpha", "beta", "*@BETA.example", "name 12*", "ø", "0a*", "0b*", "0c*", "*3",
	"+47*", "+4771*", "+4772*", "*1", "example", "unknown",
}

// TestTenants_Lists wants the lists of a tenant's administrator to have all that is the tenant's,
// and nothing of another one.
func TestTenants_Lists(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) hermes.Store{
		"memory": func(*testing.T) hermes.Store {
			return memstore.New(sip.MustParseDomain("alpha.example"), sip.MustParseDomain("beta.example"))
		},
		"sqlite": func(t *testing.T) hermes.Store {
			s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "hermes.db"), nil)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			return serveTenants(t, s)
		},
		"postgresql": func(t *testing.T) hermes.Store {
			s := openStore(t, pgtest.New(t, pgtest.Options{NoFsync: true}))
			if err := s.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			return serveTenants(t, s)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			first, second := tenants[0].add(t, s, tenants[1]), tenants[1].add(t, s, tenants[0])
			program := newServer(t, s, testTime).client
			for i, own := range []records{first, second} {
				c := program.As(hermes.Actor{
					Principal: hermes.Principal{Kind: hermes.UserPrincipal, Name: "admin-" + tenants[i].name},
					Access:    hermes.FullWrite, Scope: tenants[i].scope(),
				})
				wantNoLeaks(t, c, tenants[1-i])
				wantOwnRecords(t, c, own)
				wantOwnPhones(t, c, own, tenants[1-i])
				wantOwnTakes(t, c, tenants[i])
			}
		})
	}
}

// serveTenants makes Kamailio's table serve the domains of the tenants.
func serveTenants[S interface {
	hermes.Store
	ServeDomains(context.Context, []sip.Domain) error
}](t *testing.T, s S) hermes.Store {
	t.Helper()
	var domains []sip.Domain
	for _, n := range tenants {
		domains = append(domains, sip.MustParseDomain(n.domain))
	}
	if err := s.ServeDomains(t.Context(), domains); err != nil {
		t.Fatal(err)
	}
	return s
}

// wantNoLeaks calls every node that changes nothing, with every search and at random where it has
// such a parameter, and wants nothing of another tenant in the answer.
func wantNoLeaks(t *testing.T, c *hermes.Client, other tenant) {
	t.Helper()
	answers := 0
	for _, n := range hermes.Nodes() {
		if n.Changes {
			continue
		}
		for _, search := range tenantSearches {
			for _, random := range []bool{false, true} {
				req := n.New()
				if !setField(req, "Search", mustPattern(t, search)) && search != "" || random && !setField(req, "Random", true) {
					continue
				}
				res, err := n.Call(t.Context(), c, req)
				text, jsonErr := json.Marshal(res)
				if jsonErr != nil {
					t.Fatal(jsonErr)
				}
				if err == nil {
					answers++
				}
				if found := other.leaks(fmt.Sprint(string(text), err)); len(found) > 0 {
					t.Errorf("%s of %q, at random %t: %q", n.Path, search, random, found)
				}
			}
		}
	}
	if answers < 2*len(tenantSearches) {
		t.Errorf("%d answers, want more", answers)
	}
}

// setField sets a field of a request, and reports whether there is one.
func setField(req hermes.Request, name string, value any) bool {
	f := reflect.ValueOf(req).Elem().FieldByName(name)
	if f.IsValid() {
		f.Set(reflect.ValueOf(value))
	}
	return f.IsValid()
}

func mustPattern(t *testing.T, search string) hermes.Pattern {
	t.Helper()
	p, err := hermes.ParsePattern(search)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// wantOwnRecords wants each list to have what the tenant has and matches, also in pages.
func wantOwnRecords(t *testing.T, c *hermes.Client, own records) {
	t.Helper()
	ctx := t.Context()
	for _, limit := range []int{0, 97} {
		for _, search := range tenantSearches {
			match := mustPattern(t, search)
			wantList(t, "user/list of "+search, filter(own.users, func(e hermes.UserEntry) bool {
				return match.Match(e.User.String()) || match.Match(e.DisplayName)
			}), func(after string) (*hermes.List[hermes.UserEntry], error) {
				res, err := c.UserList(ctx, hermes.UserListRequest{Search: match, Limit: limit, After: after})
				return res.List, err
			})
			wantList(t, "phone/list of "+search, filter(own.phones, func(m mac.Addr) bool { return match.Match(m.String()) }),
				func(after string) (*hermes.List[mac.Addr], error) {
					res, err := c.PhoneList(ctx, hermes.PhoneListRequest{Search: match, Limit: limit, After: after})
					return res.List, err
				})
			wantList(t, "number/list of "+search, filter(own.numbers, func(n e164.Number) bool { return match.Match(n.String()) }),
				func(after string) (*hermes.List[e164.Number], error) {
					res, err := c.NumberList(ctx, hermes.NumberListRequest{Search: match, Limit: limit, After: after})
					if errors.Is(err, hermes.Empty) {
						return &hermes.List[e164.Number]{}, nil
					}
					return res.List, err
				})
		}
		wantList(t, "alias/list", own.aliases, func(after string) (*hermes.List[hermes.Alias], error) {
			res, err := c.AliasList(ctx, hermes.AliasListRequest{Limit: limit, After: after})
			return res.List, err
		})
	}
	res, err := c.NumberList(ctx, hermes.NumberListRequest{Random: true})
	if err != nil {
		t.Fatal(err)
	}
	shuffled, err := res.List.Collect()
	slices.SortFunc(shuffled, e164.Number.Compare)
	if err != nil || !slices.Equal(shuffled, own.numbers) {
		t.Errorf("number/list at random: %d numbers, %v; want %d", len(shuffled), err, len(own.numbers))
	}
}

// wantList checks the pages of a list, which read returns.
func wantList[T comparable](t *testing.T, what string, want []T, read func(after string) (*hermes.List[T], error)) {
	t.Helper()
	var got []T
	for after := ""; ; {
		list, err := read(after)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		page, err := list.Collect()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		got = append(got, page...)
		if after = list.Next(); after == "" {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: %d entries, want %d", what, len(got), len(want))
	}
}

func filter[T any](all []T, keep func(T) bool) (kept []T) {
	for _, v := range all {
		if keep(v) {
			kept = append(kept, v)
		}
	}
	return kept
}

// wantOwnPhones wants phone/get to show the tenant's user of each phone, and none of the other's
// phones.
func wantOwnPhones(t *testing.T, c *hermes.Client, own records, other tenant) {
	t.Helper()
	for _, m := range own.phones[:50] {
		res, err := c.PhoneGet(t.Context(), hermes.PhoneGetRequest{MAC: m})
		if err != nil || len(res.List) != 1 || len(other.leaks(fmt.Sprint(res.List))) > 0 {
			t.Errorf("phone/get of %s: %q, %v; want a user", m, res.List, err)
		}
	}
	foreign := mac.MustParse(other.octet + "0000000001")
	if res, err := c.PhoneGet(t.Context(), hermes.PhoneGetRequest{MAC: foreign}); !errors.Is(err, hermes.NotFound) {
		t.Errorf("phone/get of %s: %q, %v", foreign, res.List, err)
	}
}

// wantOwnTakes takes numbers in every way until the tenant has none left.
func wantOwnTakes(t *testing.T, c *hermes.Client, own tenant) {
	t.Helper()
	taken := map[e164.Number]bool{}
	for i := 0; ; i++ {
		claimed, err := c.NumberClaim(t.Context(), hermes.NumberClaimRequest{Random: i%2 == 0})
		n := claimed.Number
		if i < usersWithoutAlias {
			var assigned hermes.NumberAssignResponse
			assigned, err = c.NumberAssign(t.Context(), hermes.NumberAssignRequest{User: own.addr(userName(i), i), Random: i%2 == 1})
			taken[n], n = true, assigned.Number
		}
		if errors.Is(err, hermes.Empty) {
			break
		}
		if err != nil || !own.scope().HasNumber(n) {
			t.Fatalf("took %s, %v", n, err)
		}
		taken[n] = true
	}
	if len(taken) != tenantUsers {
		t.Errorf("took %d numbers, want %d", len(taken), tenantUsers)
	}
}
