package ldap

import (
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

func TestOptions_Security(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		addr string
		opt  Security
		want Security
		why  string
	}{
		{"127.0.0.1:389", Auto, Auto, "a loopback address"},
		{"127.9.9.9:389", Auto, Auto, "another address of the loopback network"},
		{"[::1]:389", Auto, Auto, "the loopback address of IPv6"},
		{"[::ffff:127.0.0.1]:389", Auto, Auto, "an IPv4 loopback address in IPv6"},
		{"localhost:389", Auto, Auto, "the name of the loopback address"},
		{"127.0.0.1:389", StartTLS, StartTLS, "as given"},
		{"127.0.0.1:636", TLS, TLS, "as given"},
		{"192.0.2.1:389", Auto, StartTLS, "another host"},
		{"10.0.0.1:389", Auto, StartTLS, "a private network"},
		{"[fe80::1]:389", Auto, StartTLS, "a link-local address"},
		{"0.0.0.0:389", Auto, StartTLS, "the unspecified address, which is not a loopback address"},
		{"ldap.example.test:389", Auto, StartTLS, "a name, which may be of any address"},
		{"localhost.example.test:389", Auto, StartTLS, "a name, which may be of any address"},
		{"127.0.0.1.example.test:389", Auto, StartTLS, "a name, which may be of any address"},
		{"ldap.example.test:636", TLS, TLS, "as given"},
	} {
		b, err := New(Options{Addr: row.addr, Base: "dc=test", Security: row.opt})
		if err != nil {
			t.Errorf("%s: %s: %v", row.addr, row.why, err)
		} else if b.opts.Security != row.want {
			t.Errorf("%s: %s: got %d, want %d", row.addr, row.why, b.opts.Security, row.want)
		}
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	valid := Options{Addr: "127.0.0.1:389", Base: "ou=people,dc=example,dc=test"}
	withUserDN := Options{Addr: "127.0.0.1:389", UserDN: "uid={user},ou=people,dc=example,dc=test"}
	for _, o := range []Options{valid, withUserDN} {
		if _, err := New(o); err != nil {
			t.Fatalf("the options without a fault: %v", err)
		}
	}
	for _, row := range []struct {
		opts   Options
		change func(*Options)
		why    string
	}{
		{valid, func(o *Options) { o.Addr = "" }, "no server"},
		{valid, func(o *Options) { o.Addr = "127.0.0.1" }, "no port"},
		{valid, func(o *Options) { o.Addr = ":389" }, "no host, for which net.Dial uses the local host"},
		{valid, func(o *Options) { o.Base = "" }, "neither a base nor a user DN"},
		{valid, func(o *Options) { o.UserDN = withUserDN.UserDN }, "both a base and a user DN"},
		{valid, func(o *Options) { o.Base = "people" }, "not a DN"},
		{valid, func(o *Options) { o.Base = "ou=people," }, "a DN with an empty component"},
		{valid, func(o *Options) { o.Attribute = "uid=*)(x" }, "not the name of an attribute"},
		{valid, func(o *Options) { o.Attribute = "*" }, "not the name of an attribute"},
		{valid, func(o *Options) { o.Filter = "a=b" }, "a filter without parentheses"},
		{valid, func(o *Options) { o.Filter = "(a=b)(c=d)" }, "two filters"},
		{valid, func(o *Options) { o.Filter = "(a=b" }, "a filter that is not closed"},
		{valid, func(o *Options) { o.BindDN = "cn=hermes" }, "an account without a password, which would be anonymous"},
		{valid, func(o *Options) { o.BindPassword = hermes.NewSecret("x") }, "a password without an account"},
		{valid, func(o *Options) { o.Timeout = -time.Second }, "a negative timeout"},
		{valid, func(o *Options) { o.Connections = -1 }, "a negative number of connections"},
		{valid, func(o *Options) { o.Security = 3 }, "not one of the constants"},
		{valid, func(o *Options) { o.Security = -1 }, "not one of the constants"},
		{withUserDN, func(o *Options) { o.UserDN = "uid=alice,dc=test" }, "no placeholder"},
		{withUserDN, func(o *Options) { o.UserDN = "uid=x{user},dc=test" }, "the placeholder is not the whole value"},
		{withUserDN, func(o *Options) { o.UserDN = "ou=people,uid={user}" }, "the placeholder is not in the first component"},
		{withUserDN, func(o *Options) { o.UserDN = "uid={user},ou={user}" }, "two placeholders"},
		{withUserDN, func(o *Options) { o.UserDN = "uid={user}+cn=x,dc=test" }, "two attributes in the first component"},
		{withUserDN, func(o *Options) { o.UserDN = "{user}" }, "no attribute, so that the user could name any entry"},
		{withUserDN, func(o *Options) { o.UserDN = "{user},dc=test" }, "no attribute, so that the user could name any entry"},
		{withUserDN, func(o *Options) { o.UserDN = "{user}@example.test" }, "not a DN"},
		{withUserDN, func(o *Options) { o.Attribute = "mail" }, "another attribute than in the user DN"},
		{withUserDN, func(o *Options) { o.OneLevel = true }, "one level with a user DN"},
	} {
		o := row.opts
		row.change(&o)
		if _, err := New(o); err == nil {
			t.Errorf("%s: got no error for %+v", row.why, o)
		}
	}
}
