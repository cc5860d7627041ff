package siptest_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/test/kamailiotest"
	"github.com/hermes-voip/go-hermes/sip"
)

// aliasRows are numbered in this order. kamctl (alias_db() there) looks for the alias' user name in any domain before it adds
// one; kamcli (kamcli/commands/cmd_aliasdb.py) looks for nothing.
const aliasRows = `
INSERT INTO dbaliases (username,domain,alias_username,alias_domain) VALUES ('kim','example.com','sales','example.com');
insert into dbaliases (username, domain, alias_username, alias_domain) values ('kim', 'example.com', 'sales', 'example.com');
insert into dbaliases (username, domain, alias_username, alias_domain) values ('ann', 'example.com', 'sales', 'example.com');
INSERT INTO dbaliases (username,domain,alias_username,alias_domain) VALUES ('kim','example.com','desk','Example.COM');
INSERT INTO dbaliases (username,domain,alias_username,alias_domain) VALUES ('kim','example.com','+4773500000','example.com');
insert into dbaliases (username, domain, alias_username, alias_domain) values ('kim', 'example.com', '+4773500000', 'example.com');
INSERT INTO dbaliases (username,domain,alias_username,alias_domain) VALUES ('gone','example.com','+4773500003','example.com');
INSERT INTO dbaliases (username,domain,alias_username,alias_domain) VALUES ('sales','example.com','chain','example.com');
INSERT INTO dbaliases (username,domain,alias_username,alias_domain) VALUES ('kim','example.com','ann','example.com');
`

func foreignAlias(user, domain, to string) hermes.Alias {
	return hermes.Alias{Alias: sip.Unchecked(user, domain), Destination: sip.MustParse(to + "@example.com")}
}

func TestForeignAliasesAreShown(t *testing.T) {
	kims := []hermes.Alias{
		foreignAlias("+4773500000", "example.com", "kim"), foreignAlias("ann", "example.com", "kim"), foreignAlias("desk", "Example.COM", "kim"),
		foreignAlias("sales", "example.com", "kim"),
	}
	onEach(t, func(t *testing.T, e engine) {
		w := newWorld(t, e, setup{rows: columns + aliasRows, alone: true})
		before := w.snapshot(t)
		for _, row := range []struct {
			req  hermes.AliasListRequest
			want []hermes.Alias
			why  string
		}{
			{hermes.AliasListRequest{}, []hermes.Alias{
				kims[0], foreignAlias("+4773500003", "example.com", "gone"), kims[1], foreignAlias("chain", "example.com", "sales"),
				kims[2], foreignAlias("sales", "example.com", "ann"), kims[3],
			}, "each once, and every destination of one"},
			{hermes.AliasListRequest{Destination: sip.MustParse("kim@example.com")}, kims, "a domain as it was typed"},
			{hermes.AliasListRequest{Destination: sip.MustParse("kim@example.com"), E164: true}, kims[:1], "the number, once"},
			{hermes.AliasListRequest{Alias: sip.MustParse("sales@example.com")}, []hermes.Alias{foreignAlias("sales", "example.com", "ann"), kims[3]}, "both destinations"},
			{hermes.AliasListRequest{Alias: sip.MustParse("desk@example.com")}, nil, "to Kamailio it is another alias"},
		} {
			if d := cmp.Diff(row.want, w.aliases(t, row.req), plain); d != "" {
				t.Errorf("alias/list %+v (-want +got): %s\n%s", row.req, row.why, d)
			}
		}
		if d := before.changes(w.snapshot(t)); d != nil {
			t.Errorf("looking changed %q", d)
		}
	})
}

func TestForeignAliasesAreChanged(t *testing.T) {
	at := func(a string) sip.Addr { return sip.MustParse(a + "@example.com") }
	for _, row := range []struct {
		name  string
		do    func(context.Context, *hermes.Client) error
		cause error
		want  []string
		why   string
	}{
		{"alias/remove", func(ctx context.Context, c *hermes.Client) error {
			return only(c.AliasRemove(ctx, hermes.AliasRemoveRequest{Alias: at("sales")}))
		}, nil, []string{"-dbaliases 1 sales@example.com", "-dbaliases 2 sales@example.com", "-dbaliases 3 sales@example.com"}, "every row of it, or it were not removed"},
		{"alias/remove of one in capitals", func(ctx context.Context, c *hermes.Client) error {
			return only(c.AliasRemove(ctx, hermes.AliasRemoveRequest{Alias: sip.Unchecked("desk", "Example.COM")}))
		}, nil, []string{"-dbaliases 4 desk@Example.COM"}, "by the name that alias/list gives"},
		{"alias/remove of a user's address", func(ctx context.Context, c *hermes.Client) error {
			return only(c.AliasRemove(ctx, hermes.AliasRemoveRequest{Alias: at("ann")}))
		}, nil, []string{"-dbaliases 9 ann@example.com"}, "the user stays"},
		{"number/release", func(ctx context.Context, c *hermes.Client) error {
			return only(c.NumberRelease(ctx, hermes.NumberReleaseRequest{Alias: at("+4773500000")}))
		}, nil, []string{"-dbaliases 5 +4773500000@example.com", "-dbaliases 6 +4773500000@example.com"}, "every row of it"},
		{"number/assign of one in use", func(ctx context.Context, c *hermes.Client) error {
			return only(c.NumberAssign(ctx, hermes.NumberAssignRequest{User: at("ann"), Number: e164.MustParse("+4773500000")}))
		}, hermes.Exists, nil, "it is kim's, though in the pool"},
		{"number/assign of the first that is free", func(ctx context.Context, c *hermes.Client) error {
			return only(c.NumberAssign(ctx, hermes.NumberAssignRequest{User: at("ann")}))
		}, nil, []string{"+dbaliases 10 +4773500001@example.com"}, "the first of the pool is kim's"},
		{"alias/add", func(ctx context.Context, c *hermes.Client) error {
			return only(c.AliasAdd(ctx, hermes.AliasAddRequest{Alias: at("sales"), Destination: at("kim")}))
		}, hermes.Exists, nil, "twice already"},
		{"alias/add of a second number", func(ctx context.Context, c *hermes.Client) error {
			return only(c.AliasAdd(ctx, hermes.AliasAddRequest{Alias: at("+4773500009"), Destination: at("kim")}))
		}, hermes.Exists, nil, "kim has one"},
		{"alias/add to an alias", func(ctx context.Context, c *hermes.Client) error {
			return only(c.AliasAdd(ctx, hermes.AliasAddRequest{Alias: at("chain2"), Destination: at("sales")}))
		}, hermes.NotFound, nil, "Kamailio does not follow it, though another tool made such a one"},
		{"user/add at an alias", func(ctx context.Context, c *hermes.Client) error {
			return only(c.UserAdd(ctx, hermes.UserAddRequest{User: at("sales")}))
		}, hermes.Exists, nil, "the alias would take the user's calls away"},
		{"user/add where an alias leads", func(ctx context.Context, c *hermes.Client) error {
			return only(c.UserAdd(ctx, hermes.UserAddRequest{User: at("gone")}))
		}, nil, []string{"+subscriber gone@example.com"}, "it has a number at once; doctor names the alias before"},
		{"user/remove", func(ctx context.Context, c *hermes.Client) error {
			return only(c.UserRemove(ctx, hermes.UserRemoveRequest{User: at("kim")}))
		}, hermes.InUse, nil, "aliases lead to kim, whoever made them"},
	} {
		t.Run(row.name, func(t *testing.T) {
			onEach(t, func(t *testing.T, e engine) {
				w := newWorld(t, e, setup{rows: columns, alone: true})
				w.add(t, "kim@example.com")
				w.db.Exec(t, foreigners()[0].insert()+aliasRows) // the pool has those numbers already
				before := w.snapshot(t)
				if err := row.do(t.Context(), w.api); !errors.Is(err, row.cause) {
					t.Errorf("%v, wanted %v: %s", err, row.cause, row.why)
				}
				if d := cmp.Diff(row.want, before.changes(w.snapshot(t))); d != "" {
					t.Errorf("(-want +got): %s\n%s", row.why, d)
				}
			})
		})
	}
}

// TestForeignAliasesAreCalled: what alias/list shows is reached, and what was removed is not.
func TestForeignAliasesAreCalled(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		w := newWorld(t, e, setup{rows: columns + aliasRows})
		kim := w.add(t, "kim@example.com")
		phone := w.sip.Phone(t, kim)
		w.keeps(t,
			calls(kim, "sales@example.com", by(phone), "twice to kim, and then to ann"),
			calls(kim, "+4773500000@example.com", by(phone), "a number that is there twice"),
			calls(kim, "desk@Example.COM", nobody, "Kamailio looks domains up in lower case"),
			calls(kim, "chain@example.com", nobody, "an alias of an alias is not followed"),
			calls(kim, "+4773500003@example.com", nobody, "leads to nobody"),
			calls(kim, "ann@example.com", by(phone), "an alias is asked before a user"),
		)
		w.release(t, "+4773500000@example.com")
		for _, a := range []string{"sales@example.com", "ann@example.com"} {
			must(w.api.AliasRemove(t.Context(), hermes.AliasRemoveRequest{Alias: sip.MustParse(a)}))(t)
		}
		w.keeps(t,
			calls(kim, "sales@example.com", nobody, "removed, every row of it"),
			calls(kim, "+4773500000@example.com", nobody, "released, every row of it"),
			calls(kim, "ann@example.com", nobody, "removed"),
		)
	})
}

// TestForeignDomain is a domain that kamctl wrote as it was typed. Hermes names it in lower case, and Kamailio takes
// it in any.
func TestForeignDomain(t *testing.T) {
	onEach(t, func(t *testing.T, e engine) {
		w := newWorld(t, e, setup{domains: []string{"Example.ORG"}, rows: columns + foreign{user: "kim", domain: "Example.ORG", statement: foreigners()[0].statement, hashed: true}.insert()})
		before := w.snapshot(t)
		if got := must(w.api.DomainList(t.Context(), hermes.DomainListRequest{}))(t).List; len(got) != 1 || got[0].String() != "example.org" {
			t.Errorf("domain/list: %q, wanted example.org", got)
		}
		kim := w.add(t, "kim@Example.ORG")
		phone := w.sip.Phone(t, kim)
		w.assign(t, hermes.NumberAssignRequest{User: addr(kim), Number: e164.MustParse("+4773500001")})
		capitals := with(kim, func(a *kamailiotest.Account) { a.Domain = "EXAMPLE.org" })
		w.keeps(t,
			registers(kim, accepted, "the user that Hermes made"),
			registers(withPassword(kim, theirs), refused, "not the one of that name in capitals, which Kamailio does not find"),
			calls(kim, "+4773500001@example.org", by(phone), "a number"),
			calls(capitals, "+4773500001@Example.Org", by(phone), "a number, in any case"),
		)
		w.release(t, "+4773500001@example.org")
		w.remove(t, "kim@example.org")
		if d := before.changes(w.snapshot(t)); d != nil {
			t.Errorf("when all is gone again, %q is left: the row in capitals is another tool's", d)
		}
	})
}

func (w *world) aliases(t *testing.T, req hermes.AliasListRequest) (all []hermes.Alias) {
	t.Helper()
	for a, err := range must(w.api.AliasList(t.Context(), req))(t).List.All() {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, a)
	}
	return all
}
