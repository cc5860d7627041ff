package main

import (
	"log/slog"
	"net/netip"
	"time"

	"github.com/hermes-voip/go-hermes/e164/plan"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/kamrpc"
	"github.com/hermes-voip/go-hermes/sip"
)

// config is what the settings say.
type config struct {
	listen            string
	data              string
	db                database
	secretKeys        []hermes.SecretKey
	domains           []sip.Domain
	kamailioSchema    string
	kamailioPlaintext bool
	kamailioRPC       *kamrpc.Client // nil: none
	migrate           string         // migrateAuto, migrateCheck or migrateOff
	authKeyTTL        time.Duration
	authKeyGrace      time.Duration
	sessionTTL        time.Duration
	requireCookie     bool
	backends          []backend
	numberCheck       plan.Plan
	maxRange          int64
	trustedProxies    []netip.Prefix
	behindTLSProxy    bool
	tlsCert, tlsKey   string
	logFormat         string // formatText or formatJSON
	logLevel          slog.Level

	values []value // in the table's order
}

// setting is a line of the table.
type setting struct {
	name     string // the flag's; the environment's is made of it
	arg      string // what the help calls the value; "" for a yes/no setting
	fallback string // the default
	shown    string // the default as the documentation names it, where fallback does not tell it
	secret   bool   // never printed, and may come from a file
	url      bool   // may hold a password: not quoted where it is refused, and masked
	repeats  bool   // the flag may be given several times
	about    string
	set      func(text string) error
}

// The values of the setting migrate.
const (
	migrateAuto  = "auto"
	migrateCheck = "check"
	migrateOff   = "off"
)

// The values of the setting log-format.
const (
	formatText = "text"
	formatJSON = "json"
)

// table is the one place where a setting is named: each line sets a field of c.
func (c *config) table() []setting {
	return []setting{
		{name: "listen", arg: "ADDRESS", fallback: "127.0.0.1:8080", set: address(&c.listen),
			about: "address to listen on; port 0 picks one. Off loopback it wants TLS or behind-tls-proxy"},
		{name: "data", arg: "FOLDER", fallback: "hermes-data", set: text(&c.data),
			about: "folder of the embedded database and the generated secret key; made with mode 0700"},
		{name: "db", arg: "DATABASE", shown: "sqlite:DATA/hermes.db", secret: true, set: c.db.set,
			about: "sqlite:PATH, memory: or a postgres:// URL"},
		{name: "secret-key", arg: "KEYS", shown: "generated once into DATA/secret.key with an embedded database; required with PostgreSQL",
			secret: true, set: c.setSecretKeys,
			about: "32 bytes in base64: signs auth keys, encrypts SIP passwords at rest. Several, separated by commas: the first signs and encrypts, the others still verify and decrypt"},
		{name: "domain", arg: "DOMAINS", shown: "none", repeats: true, set: list(&c.domains, sip.ParseDomain),
			about: "SIP domains that are served besides those in Kamailio's domain table; a comma list, may be repeated. With an embedded database they are also written into that table"},
		{name: "kamailio-schema", arg: "SCHEMA", fallback: "public", set: text(&c.kamailioSchema),
			about: "PostgreSQL schema of Kamailio's tables"},
		{name: "kamailio-plaintext", fallback: "false", set: yesNo(&c.kamailioPlaintext),
			about: "also keep the clear password in subscriber.password, for a Kamailio with calculate_ha1=yes"},
		{name: "kamailio-rpc", arg: "TARGET", shown: "none", url: true, set: parsed(&c.kamailioRPC, kamrpc.New),
			about: "URL or Unix datagram socket of Kamailio's JSON-RPC: after a user's removal its contacts are dropped"},
		{name: "migrate", arg: "WHEN", shown: "auto embedded, check with PostgreSQL", set: oneOf(&c.migrate, migrateAuto, migrateCheck, migrateOff),
			about: "auto: bring an old schema to this version at the start; check: refuse to serve one; off"},
		{name: "auth-key-ttl", arg: "DURATION", fallback: "5m", set: duration(&c.authKeyTTL),
			about: "life of an auth_key"},
		{name: "auth-key-grace", arg: "DURATION", fallback: "30s", set: duration(&c.authKeyGrace),
			about: "how long the auth_key before the current one still serves"},
		{name: "session-ttl", arg: "DURATION", fallback: "12h", set: duration(&c.sessionTTL),
			about: "life of a session"},
		{name: "require-cookie", fallback: "true", set: yesNo(&c.requireCookie),
			about: "calls need the session's cookie besides session and auth_key"},
		{name: "auth-backend", arg: "BACKEND", fallback: "local", repeats: true, url: true, set: c.setBackends,
			about: "who knows the API's users: local (Hermes' own table), htpasswd:PATH or an ldap:// or ldaps:// URL; a comma list, may be repeated, asked in this order"},
		{name: "number-check", arg: "HOW", fallback: "possible", set: parsed(&c.numberCheck, plan.Parse),
			about: "how closely a number is looked at: shape, possible or valid"},
		{name: "max-range", arg: "COUNT", fallback: "1000000", set: count(&c.maxRange),
			about: "numbers that one number/add_range may add"},
		{name: "trusted-proxies", arg: "RANGES", shown: "none", repeats: true, set: list(&c.trustedProxies, prefix),
			about: "CIDR ranges whose X-Forwarded-For is believed (the rightmost hop outside of them counts); a comma list, may be repeated"},
		{name: "behind-tls-proxy", fallback: "false", set: yesNo(&c.behindTLSProxy),
			about: "TLS ends in front of hermesd: cookies are Secure"},
		{name: "tls-cert", arg: "FILE", shown: "none", set: text(&c.tlsCert),
			about: "certificate chain in PEM: serve HTTPS; read again on SIGHUP"},
		{name: "tls-key", arg: "FILE", shown: "none", set: text(&c.tlsKey),
			about: "private key in PEM that belongs to tls-cert"},
		{name: "log-format", arg: "FORMAT", fallback: formatText, set: oneOf(&c.logFormat, formatText, formatJSON),
			about: "text or json, on standard error"},
		{name: "log-level", arg: "LEVEL", fallback: "info", set: parsed(&c.logLevel, logLevel),
			about: "debug, info, warn or error"},
	}
}
