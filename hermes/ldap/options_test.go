package ldap

import (
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

func TestSecurity(t *testing.T) {
	for _, row := range []struct {
		addr string
		asks Security
		want Security
		why  string
	}{
		{"127.0.0.1:389", Auto, Auto, "only this machine hears it"},
		{"127.9.9.9:389", Auto, Auto, "the whole network is loopback"},
		{"[::1]:389", Auto, Auto, "loopback of IPv6"},
		{"[::ffff:127.0.0.1]:389", Auto, Auto, "loopback of IPv4 in IPv6"},
		{"localhost:389", Auto, Auto, "its name"},
		{"127.0.0.1:389", StartTLS, StartTLS, "asked for"},
		{"127.0.0.1:636", TLS, TLS, "asked for"},
		{"192.0.2.1:389", Auto, StartTLS, "others hear it"},
		{"10.0.0.1:389", Auto, StartTLS, "a private network is a network"},
		{"[fe80::1]:389", Auto, StartTLS, "so is a link"},
		{"0.0.0.0:389", Auto, StartTLS, "not a loopback address, whatever it leads to"},
		{"ldap.example.test:389", Auto, StartTLS, "a name may be anybody's"},
		{"localhost.example.test:389", Auto, StartTLS, "a name may be anybody's"},
		{"127.0.0.1.example.test:389", Auto, StartTLS, "a name may be anybody's"},
		{"ldap.example.test:636", TLS, TLS, "asked for"},
	} {
		b, err := New(Options{Addr: row.addr, Base: "dc=test", Security: row.asks})
		if err != nil {
			t.Errorf("%s: %s: %v", row.addr, row.why, err)
		} else if b.opts.Security != row.want {
			t.Errorf("%s: %s: got %d, want %d", row.addr, row.why, b.opts.Security, row.want)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	sound := Options{Addr: "127.0.0.1:389", Base: "ou=people,dc=example,dc=test"}
	template := Options{Addr: "127.0.0.1:389", UserDN: "uid={user},ou=people,dc=example,dc=test"}
	for _, o := range []Options{sound, template} {
		if _, err := New(o); err != nil {
			t.Fatalf("the sound options: %v", err)
		}
	}
	for _, row := range []struct {
		opts   Options
		change func(*Options)
		why    string
	}{
		{sound, func(o *Options) { o.Addr = "" }, "no server"},
		{sound, func(o *Options) { o.Addr = "127.0.0.1" }, "no port"},
		{sound, func(o *Options) { o.Addr = ":389" }, "no host, for which a dialer takes this machine"},
		{sound, func(o *Options) { o.Base = "" }, "no users"},
		{sound, func(o *Options) { o.UserDN = template.UserDN }, "two ways to find users"},
		{sound, func(o *Options) { o.Base = "people" }, "no distinguished name"},
		{sound, func(o *Options) { o.Base = "ou=people," }, "no distinguished name"},
		{sound, func(o *Options) { o.Attribute = "uid=*)(x" }, "no attribute's name"},
		{sound, func(o *Options) { o.Attribute = "*" }, "no attribute's name"},
		{sound, func(o *Options) { o.Filter = "a=b" }, "no parentheses"},
		{sound, func(o *Options) { o.Filter = "(a=b)(c=d)" }, "two filters"},
		{sound, func(o *Options) { o.Filter = "(a=b" }, "half a filter"},
		{sound, func(o *Options) { o.BindDN = "cn=hermes" }, "an account without a password, which would be let in as nobody"},
		{sound, func(o *Options) { o.BindPassword = hermes.NewSecret("x") }, "a password without an account"},
		{sound, func(o *Options) { o.Timeout = -time.Second }, "before it begins"},
		{sound, func(o *Options) { o.Connections = -1 }, "fewer than none"},
		{sound, func(o *Options) { o.Security = 3 }, "no way to encrypt"},
		{sound, func(o *Options) { o.Security = -1 }, "no way to encrypt"},
		{template, func(o *Options) { o.UserDN = "uid=alice,dc=test" }, "one user for all"},
		{template, func(o *Options) { o.UserDN = "uid=x{user},dc=test" }, "not the whole value: which name is the user's?"},
		{template, func(o *Options) { o.UserDN = "ou=people,uid={user}" }, "not in the first part"},
		{template, func(o *Options) { o.UserDN = "uid={user},ou={user}" }, "twice"},
		{template, func(o *Options) { o.UserDN = "uid={user}+cn=x,dc=test" }, "two values in the first part"},
		{template, func(o *Options) { o.UserDN = "{user}" }, "the user would say what entry it is"},
		{template, func(o *Options) { o.UserDN = "{user},dc=test" }, "the user would say what entry it is"},
		{template, func(o *Options) { o.UserDN = "{user}@example.test" }, "no distinguished name"},
		{template, func(o *Options) { o.Attribute = "mail" }, "another attribute than the name's"},
		{template, func(o *Options) { o.OneLevel = true }, "nothing is searched"},
	} {
		o := row.opts
		row.change(&o)
		if _, err := New(o); err == nil {
			t.Errorf("%s: got no error for %+v", row.why, o)
		}
	}
}
