package siptest_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// toolAliasRows inserts aliases with the ids 1 to 9. Before kamctl adds an alias (alias_db()
// there), it looks for the alias' user name in any domain. kamcli (kamcli/commands/cmd_aliasdb.py)
// does not look for anything.
const toolAliasRows = `
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

// toolAlias returns the alias/list entry of an alias whose destination is a user of example.com.
func toolAlias(user, domain, destination string) hermes.Alias {
	return hermes.Alias{Alias: sip.Unchecked(user, domain), Destination: sip.MustParse(destination + "@example.com")}
}

func TestOtherTool_AliasList(t *testing.T) {
	ofKim := []hermes.Alias{
		toolAlias("+4773500000", "example.com", "kim"), toolAlias("ann", "example.com", "kim"),
		toolAlias("desk", "Example.COM", "kim"), toolAlias("sales", "example.com", "kim"),
	}
	kim, sales := sip.MustParse("kim@example.com"), sip.MustParse("sales@example.com")
	onEach(t, func(t *testing.T, eng engine) {
		e := newEnv(t, eng, setup{rows: siteColumns + toolAliasRows, noKamailio: true})
		before := e.snapshot(t)
		for _, row := range []struct {
			req  hermes.AliasListRequest
			want []hermes.Alias
			why  string
		}{
			{hermes.AliasListRequest{}, []hermes.Alias{
				ofKim[0], toolAlias("+4773500003", "example.com", "gone"), ofKim[1], toolAlias("chain", "example.com", "sales"),
				ofKim[2], toolAlias("sales", "example.com", "ann"), ofKim[3],
			}, "each alias once, with each of its destinations"},
			{hermes.AliasListRequest{Destination: kim}, ofKim, "the domain is returned as it was typed"},
			{hermes.AliasListRequest{Destination: kim, E164: true}, ofKim[:1], "the number, once"},
			{hermes.AliasListRequest{Alias: sales}, []hermes.Alias{toolAlias("sales", "example.com", "ann"), ofKim[3]},
				"both destinations"},
			{hermes.AliasListRequest{Alias: sip.MustParse("desk@example.com")}, nil, "for Kamailio this is another alias"},
		} {
			if d := cmp.Diff(row.want, e.mustAliasList(t, row.req), comparableValues); d != "" {
				t.Errorf("alias/list %+v (-want +got): %s\n%s", row.req, row.why, d)
			}
		}
		if d := before.changes(e.snapshot(t)); d != nil {
			t.Errorf("reading changed %q", d)
		}
	})
}

func (e *env) mustAliasList(t *testing.T, req hermes.AliasListRequest) (all []hermes.Alias) {
	t.Helper()
	res, err := e.client.AliasList(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	for a, err := range res.List.All() {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, a)
	}
	return all
}

func TestOtherTool_AliasChange(t *testing.T) {
	at := func(user string) sip.Addr { return sip.MustParse(user + "@example.com") }
	remove := func(alias sip.Addr) func(context.Context, *hermes.Client) error {
		return func(ctx context.Context, c *hermes.Client) error {
			_, err := c.AliasRemove(ctx, hermes.AliasRemoveRequest{Alias: alias})
			return err
		}
	}
	add := func(alias, destination string) func(context.Context, *hermes.Client) error {
		return func(ctx context.Context, c *hermes.Client) error {
			_, err := c.AliasAdd(ctx, hermes.AliasAddRequest{Alias: at(alias), Destination: at(destination)})
			return err
		}
	}
	assign := func(req hermes.NumberAssignRequest) func(context.Context, *hermes.Client) error {
		return func(ctx context.Context, c *hermes.Client) error {
			_, err := c.NumberAssign(ctx, req)
			return err
		}
	}
	release := func(ctx context.Context, c *hermes.Client) error {
		_, err := c.NumberRelease(ctx, hermes.NumberReleaseRequest{Alias: at("+4773500000")})
		return err
	}
	userAdd := func(user string) func(context.Context, *hermes.Client) error {
		return func(ctx context.Context, c *hermes.Client) error {
			_, err := c.UserAdd(ctx, hermes.UserAddRequest{User: at(user)})
			return err
		}
	}
	userRemove := func(ctx context.Context, c *hermes.Client) error {
		_, err := c.UserRemove(ctx, hermes.UserRemoveRequest{User: at("kim")})
		return err
	}
	for _, row := range []struct {
		name   string
		change func(context.Context, *hermes.Client) error
		cause  error
		want   []string
		why    string
	}{
		{"alias/remove", remove(at("sales")), nil,
			[]string{"-dbaliases 1 sales@example.com", "-dbaliases 2 sales@example.com", "-dbaliases 3 sales@example.com"},
			"all of its rows: otherwise the alias would still exist"},
		{"alias/remove with capitals", remove(sip.Unchecked("desk", "Example.COM")), nil,
			[]string{"-dbaliases 4 desk@Example.COM"}, "by the name that alias/list returns"},
		{"alias/remove of a user's address", remove(at("ann")), nil,
			[]string{"-dbaliases 9 ann@example.com"}, "the user stays"},
		{"number/release", release, nil,
			[]string{"-dbaliases 5 +4773500000@example.com", "-dbaliases 6 +4773500000@example.com"}, "all of its rows"},
		{"number/assign of one in use",
			assign(hermes.NumberAssignRequest{User: at("ann"), Number: e164.MustParse("+4773500000")}),
			hermes.Exists, nil, "kim has the number, though it is in the pool"},
		{"number/assign of the first free number", assign(hermes.NumberAssignRequest{User: at("ann")}), nil,
			[]string{"+dbaliases 10 +4773500001@example.com"}, "kim has the first number of the pool"},
		{"alias/add", add("sales", "kim"), hermes.Exists, nil, "the alias exists twice"},
		{"alias/add of a second number", add("+4773500009", "kim"), hermes.Exists, nil, "kim has a number"},
		{"alias/add to an alias", add("chain2", "sales"), hermes.NotFound, nil,
			"Kamailio does not follow such an alias, though another tool has added one"},
		{"user/add with an alias' address", userAdd("sales"), hermes.Exists, nil, "the alias would get the user's calls"},
		{"user/add with an alias' destination", userAdd("gone"), nil, []string{"+subscriber gone@example.com"},
			"the user has the number from the start; doctor reports the alias before"},
		{"user/remove", userRemove, hermes.InUse, nil, "aliases of another tool protect their destination too"},
	} {
		t.Run(row.name, func(t *testing.T) {
			onEach(t, func(t *testing.T, eng engine) {
				e := newEnv(t, eng, setup{rows: siteColumns, noKamailio: true})
				e.mustUserAdd(t, "kim@example.com")
				e.db.Exec(t, toolUsers()[0].insert()+toolAliasRows) // the pool has these numbers already
				before := e.snapshot(t)
				if err := row.change(t.Context(), e.client); !errors.Is(err, row.cause) {
					t.Errorf("%v, wanted %v: %s", err, row.cause, row.why)
				}
				if d := cmp.Diff(row.want, before.changes(e.snapshot(t))); d != "" {
					t.Errorf("(-want +got): %s\n%s", row.why, d)
				}
			})
		})
	}
}

// A call to an alias of alias/list reaches its destination. A call to a removed alias does not.
func TestOtherTool_AliasCalls(t *testing.T) {
	onEach(t, func(t *testing.T, eng engine) {
		e := newEnv(t, eng, setup{rows: siteColumns + toolAliasRows})
		kim := e.mustUserAdd(t, "kim@example.com")
		phone := e.kamailio.Phone(t, kim)
		e.check(t,
			expectInvite(kim, "sales@example.com", answeredBy(phone), "twice to kim, and then to ann"),
			expectInvite(kim, "+4773500000@example.com", answeredBy(phone), "a number with two rows"),
			expectInvite(kim, "desk@Example.COM", notFound, "Kamailio looks up domains in lower case"),
			expectInvite(kim, "chain@example.com", notFound, "an alias of an alias is not followed"),
			expectInvite(kim, "+4773500003@example.com", notFound, "the destination does not exist"),
			expectInvite(kim, "ann@example.com", answeredBy(phone), "an alias takes precedence over a user"),
		)
		e.mustNumberRelease(t, "+4773500000@example.com")
		e.mustAliasRemove(t, "sales@example.com")
		e.mustAliasRemove(t, "ann@example.com")
		e.check(t,
			expectInvite(kim, "sales@example.com", notFound, "all rows are removed"),
			expectInvite(kim, "+4773500000@example.com", notFound, "all rows are released"),
			expectInvite(kim, "ann@example.com", notFound, "removed"),
		)
	})
}
