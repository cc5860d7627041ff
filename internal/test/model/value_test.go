package model_test

import (
	"reflect"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/test/apitest"
	"github.com/hermes-voip/go-hermes/internal/wire"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// The values that parameters get, by the type and by the name of the parameter. They are few, so
// that different requests are often about the same record. Those of the first half of each list are
// drawn most often, and are right. {name} stands for a text of an earlier answer.
var (
	valuesByType = map[reflect.Type][]string{
		reflect.TypeFor[sip.Addr](): {
			"alice@example.com", "alice@example.com", "bob@example.com", "bob@example.com", "tool@example.com", "new@example.com",
			"sales@example.com", "eve@example.net", "far@far.example", "far@far.example", "+4773500002@example.com", "+4773500003@example.net",
			"Alice@Example.com", "a%b_c@example.com", "+04773@example.com", "no address", "@example.com", "ü@example.com",
		},
		reflect.TypeFor[sip.Domain](): {
			"example.com", "example.com", "example.net", "EXAMPLE.com", "served.example", "far.example", "192.0.2.7", "no domain", "-.example",
		},
		reflect.TypeFor[e164.Number](): {
			"+4773500001", "+4773500002", "+4773500003", "+4773500004", "+4773500005", "+4773600001", "+47735", "4773500001", "+0", "x",
		},
		reflect.TypeFor[mac.Addr](): {
			"001122334455", "001122334455", "00:15:65:00:00:01", "00156500AB02", "000000000000", "ffffffffffff", "0011", "x",
		},
		reflect.TypeFor[[]mac.Addr](): {"001565000003", "001122334455,001565000004", "001565000005,001565000005", "001122334455,", "x"},
		reflect.TypeFor[hermes.Pattern](): {
			"*", "*", "al*", "+4773*", "*5", "??????????", "%", "_*", "!", "ü*", "0011*", "+47735000012345678901234567890123456789012345678901234567890123456",
		},
		reflect.TypeFor[bool]():               {"true", "yes", "1", "no", "false", "maybe"},
		reflect.TypeFor[hermes.Access]():      {"limited_read", "full_read", "limited_write", "full_write", "4", "3", "5", "admin"},
		reflect.TypeFor[hermes.Duration]():    {"90s", "15m", "12h", "20d", "-5m", "0", "x"},
		reflect.TypeFor[hermes.NumberState](): {"free", "held", "cooling", "gone"},
		reflect.TypeFor[time.Time]():          {"2026-01-02T03:04:05Z", "2026-01-02T05:00:00Z", "2026-01-03T00:00:00+01:00", "yesterday"},
		reflect.TypeFor[hermes.PublicKey]():   {"{pubkey}", "AAAA"},
	}
	valuesByName = map[string][]string{
		"user":           {"reader", "auditor", "writer", "admin", "tenant", "manager", "fresh", "Fresh", "no:name", " x"},
		"username":       {"reader", "writer", "admin", "tenant", "fresh"},
		"password":       {apitest.Password, apitest.Password, "battery staple", "short", "ünïcode password"},
		"old_password":   {apitest.Password, "battery staple"},
		"api_key":        {"{key}", "hek_0123456789_x"},
		"key":            {"{key}", "{key}", "hek_0123456789"},
		"nonce":          {"{nonce}", "hen_x"},
		"signature":      {"{signature}", "AAAA"},
		"session":        {"{session}", "{session}", "hes_x"},
		"host":           {"192.0.2.0/24", "192.0.2.1", "198.51.100.7", "0.0.0.0/0", "x y"},
		"comment":        texts,
		"domains":        {"example.com", "example.net", "example.com,example.net", "*", "x y"},
		"numbers":        {"+477350", "+46", "+47,+46", "*", "47"},
		"nodes":          {"user/*", "*/list", "user/get,number/*", "*", "none/*"},
		"principal":      {"admin", "writer", "program", "nobody"},
		"node":           {"user/*", "*/add", "auth/*", "user/add", "%"},
		"subject":        {"alice@example.com", "+4773500002", "001122334455", "example.com", "writer", "%"},
		"after":          {"{next}", "{next}", "{next}", "x"},
		"limit":          {"1", "2", "3", "1000", "0", "-1"},
		"line":           {"1", "2", "16", "17", ""},
		"r_port":         {"5060", "5061", "70000", "0"},
		"p_port":         {"5060", "5062", "x"},
		"prov_url":       {"https://prov.example.com/", "http://prov.example.net/a/", "ftp://x", "prov"},
		"displayname":    texts,
		"email":          {"alice@example.org", "", "Alice <alice@example.org>", "none"},
		"authid":         {"alice", "alice@example.com", "other", ""},
		"dialplan":       texts,
		"linetext":       texts,
		"rpid":           {"+4773500001", "", "ü"},
		"permittedcalls": texts,
		"permissions":    {"local", "local,intl", "intl,night,local", "local,", "", "a b", "x,x"},
		"reason":         texts,
		"vendor":         {"snom", "yealink", "auto", "none", ""},
		"note":           texts,
		"file":           {"001122334455.cfg", "y000000000000.cfg", "x"},
	}
	texts = []string{"Ålice", "100%", "a_b", `a\b`, "'; --", "", "a\tb", "\u202eabc", "ſS"}
)

// suitable are queries of a node that do what is asked for with the records that a server has at
// first. Half of a node's requests have one of them, and are of the user admin. The other values
// are seldom those of a record in the state that the node wants.
var suitable = map[string][]string{
	"auth/challenge":     {"key=hek_0123456789"},
	"auth/new_key":       {"host=192.0.2.0/24&access=limited_read", "pubkey={pubkey}&access=full_read"},
	"auth/remove_key":    {"key={key}"},
	"auth/list_keys":     {""},
	"auth/authorize":     {"user=reader&access=full_read"},
	"auth/remove_user":   {"user=leaver"},
	"auth/list_users":    {""},
	"auth/add_user":      {"user=fresh&password=correct+horse"},
	"auth/update_user":   {"user=reader&password=battery+staple"},
	"user/get":           {"user=alice@example.com"},
	"user/add":           {"user=added@example.com", "user=new@example.com"},
	"user/add_remote":    {"user=added@far.example&password=secret&registrar=sip.far.example", "user=far@far.example&password=x&registrar=192.0.2.7"},
	"user/remove":        {"user=carol@example.com"},
	"user/change_pw":     {"user=alice@example.com", "user=bob@example.com&password=battery+staple"},
	"user/change_email":  {"user=alice@example.com&email=alice@example.org"},
	"user/update":        {"user=alice@example.com&linetext=Desk", "user=bob@example.com&displayname=Bob&r_port=5070"},
	"user/avail":         {"user=nobody@example.com"},
	"user/permissions":   {"user=alice@example.com&permissions=local,intl", "user=alice@example.com"},
	"user/onboard":       {"user=onboarded@example.com&macs=001565000003&search=%2B4773*", "user=new@example.com"},
	"user/offboard":      {"user=erin@example.com"},
	"user/rename":        {"user=dave@example.com&new_user=renamed@example.com"},
	"user/suspend":       {"user=alice@example.com&reason=unpaid"},
	"user/resume":        {"user=alice@example.com"},
	"user/adopt":         {"user=tool@example.com", "domain=example.com"},
	"user/show":          {"user=alice@example.com", "number=%2B4773500002", "mac=001122334455"},
	"user/contacts":      {"user=alice@example.com"},
	"phone/get":          {"mac=001122334455", "user=alice@example.com"},
	"phone/add":          {"mac=001565000001&user=bob@example.com", "mac=001122334455&user=bob@example.com&line=2"},
	"phone/remove":       {"mac=00156500AB02&user=alice@example.com"},
	"phone/show":         {"mac=001122334455"},
	"phone/set":          {"mac=001122334455&vendor=snom&note=Desk"},
	"phone/enrol":        {"mac=001122334455&ttl=12h"},
	"phone/config":       {"mac=001122334455&vendor=snom"},
	"phone/resync":       {"mac=001122334455"},
	"number/add_range":   {"start=%2B4773700001&end=%2B4773700009"},
	"number/add":         {"number=%2B4773600001", "number=%2B4773600002"},
	"number/remove":      {"number=%2B4773500005"},
	"number/test":        {"number=%2B4773500004"},
	"number/claim":       {"search=%2B4773*"},
	"number/assign":      {"user=alice@example.com&number=%2B4773500003", "user=carol@example.com&search=%2B4773*", "user=dave@example.com"},
	"number/release":     {"number=%2B4773500002"},
	"number/hold":        {"number=%2B4773500004", "search=%2B4773*&ttl=12h"},
	"number/unhold":      {"number=%2B4773500006"},
	"alias/add":          {"alias=help@example.com&destination=bob@example.com", "alias=help@example.net&destination=alice@example.com"},
	"alias/remove":       {"alias=sales@example.com"},
	"domain/get_servers": {"domain=example.com"},
	"domain/set_servers": {"domain=example.net&registrar=a.example.net&r_port=5060&proxy=b.example.net&p_port=5060&prov_url=https://c.example.net/"},
	"domain/prov_key":    {"domain=example.com", "domain=example.com&rotate=yes"},
	"audit/list":         {"", "node=user/*", "subject=alice@example.com"},
	"audit/verify":       {""},
}

// apart are sets of parameters of a node that go together, where others go not with them.
var apart = map[string][][]string{
	"auth/login":      {{"username", "password"}, {"api_key"}, {"key", "nonce", "signature"}},
	"auth/new_key":    {{"host"}, {"pubkey"}, {"host", "pubkey"}},
	"user/adopt":      {{"user"}, {"domain"}},
	"user/show":       {{"user"}, {"alias"}, {"number"}, {"mac"}},
	"phone/get":       {{"mac"}, {"user"}},
	"alias/list":      {{}, {"search"}, {"alias"}, {"destination"}, {"destination", "e164"}, {"after"}},
	"number/hold":     {{}, {"number"}, {"number", "ttl"}, {"search"}},
	"number/assign":   {{}, {"number"}, {"number", "alias_domain"}, {"search"}},
	"number/release":  {{"alias"}, {"number"}},
	"user/onboard":    {{}, {"number"}, {"search", "macs"}, {"macs", "permissions"}},
	"user/change_pw":  {{}, {"password"}},
	"user/rename":     {{}, {"keep_alias"}},
	"user/suspend":    {{}, {"reason"}},
	"domain/prov_key": {{}, {"rotate"}},
}

// valuesOf returns the values of a parameter.
func valuesOf(p wire.Param) []string {
	if values, ok := valuesByType[p.Type]; ok {
		return values
	}
	return valuesByName[p.Name]
}
