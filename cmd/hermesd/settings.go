package main

import (
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"time"

	"github.com/hermes-voip/go-hermes/e164/plan"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/doctor"
	"github.com/hermes-voip/go-hermes/internal/kamrpc"
	"github.com/hermes-voip/go-hermes/sip"
)

// config holds the parsed settings.
type config struct {
	listen            string
	data              string
	db                database
	replicas          []string // URLs, which may have passwords
	secretKeys        []hermes.SecretKey
	domains           []sip.Domain
	kamailioSchema    string
	kamailioPlaintext bool
	kamailioRPC       *kamrpc.Client // nil if the setting is empty
	migrate           string         // migrateAuto, migrateCheck or migrateOff
	authKeyTTL        time.Duration
	authKeyGrace      time.Duration
	sessionTTL        time.Duration
	requireCookie     bool
	backends          []backendSetting
	numberCheck       plan.Plan
	maxRange          int64
	numberQuarantine  time.Duration     // 0 for none
	numberLowWater    []doctor.LowWater // in the order of the setting
	origin            string            // as parseOrigin returns it; empty if it is derived
	maxConnections    int64
	auditKeep         time.Duration // 0 keeps the audit trail forever
	trustedProxies    []netip.Prefix
	behindTLSProxy    bool
	tlsCert, tlsKey   string
	provWindow        time.Duration  // 0 for none
	provPlain         []netip.Prefix // networks whose phones need no TLS
	provTemplates     string         // folder; empty for none
	metricsListen     string         // empty for none
	logFormat         string         // formatText or formatJSON
	logLevel          slog.Level

	values    []settingValue   // in the table's order
	inherited *net.TCPListener // the socket of a service manager; nil without one
}

// setting is a line of the table of settings.
type setting struct {
	name         string // of the flag; the environment variable's name is derived from it
	arg          string // the value's name in the help; empty for a yes/no setting
	defaultValue string
	defaultDoc   string   // describes the default in documentation, if defaultValue does not
	secret       bool     // is never printed, and may be read from a file
	url          bool     // may hold a password: masked when printed, not quoted in errors
	repeats      bool     // the flag may be given several times
	choices      []string // the values that there are; nil if there are others
	about        string
	set          func(text string) error // parses text and sets the field of config
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

var (
	migrateChoices = []string{migrateAuto, migrateCheck, migrateOff}
	formatChoices  = []string{formatText, formatJSON}
)

// table returns the table of settings. The set function of each line sets a field of c.
func (c *config) table() []setting {
	return append(c.storeSettings(), c.serverSettings()...)
}

// storeSettings returns the settings of the address, the database, its content and its secrets.
func (c *config) storeSettings() []setting {
	return []setting{
		{name: "listen", arg: "ADDRESS", defaultValue: "127.0.0.1:8080", set: setAddress(&c.listen),
			about: "address to listen on; port 0 picks a free one. " +
				"An address other than loopback requires TLS or behind-tls-proxy"},
		{name: "data", arg: "FOLDER", defaultValue: "hermes-data", set: setString(&c.data),
			about: "folder of the embedded database and the generated secret key; created with mode 0700"},
		{name: "db", arg: "DATABASE", defaultDoc: "sqlite:DATA/hermes.db", secret: true, set: c.db.set,
			about: "sqlite:PATH, memory: or a postgres:// URL; a URL may have several hosts, separated by commas, " +
				"which are tried in turn until one accepts changes (target_session_attrs)"},
		{name: "db-replica", arg: "URLS", defaultDoc: "none", secret: true, repeats: true, set: setParsed(&c.replicas, parseReplicas),
			about: "postgres:// URL of a hot standby, from which lists of 1,000 rows and more, or without a limit, are read; " +
				"they may be a little behind, and come from db when no replica answers. " +
				"Several are separated by blanks; may be repeated, and the first that answers is used"},
		{name: "secret-key", arg: "KEYS", secret: true, set: c.setSecretKeys,
			defaultDoc: "generated once into DATA/secret.key with an embedded database; required with PostgreSQL",
			about: "32 bytes in base64: signs auth keys, encrypts SIP passwords at rest. " +
				"Several keys are separated by commas: the first signs and encrypts, the others still verify and decrypt"},
		{name: "domain", arg: "DOMAINS", defaultDoc: "none", repeats: true, set: setList(&c.domains, sip.ParseDomain),
			about: "SIP domains that are served in addition to those in Kamailio's domain table; " +
				"a comma list, may be repeated. With an embedded database they are also written into that table"},
		{name: "kamailio-schema", arg: "SCHEMA", defaultValue: "public", set: setString(&c.kamailioSchema),
			about: "PostgreSQL schema of Kamailio's tables"},
		{name: "kamailio-plaintext", defaultValue: "false", set: setBool(&c.kamailioPlaintext),
			about: "also keep the clear password in subscriber.password, for a Kamailio with calculate_ha1=yes"},
		{name: "kamailio-rpc", arg: "TARGET", defaultDoc: "none", url: true, set: setParsed(&c.kamailioRPC, kamrpc.New),
			about: "URL or Unix datagram socket of Kamailio's JSON-RPC: when a user is removed, its contacts are dropped there"},
		{name: "migrate", arg: "WHEN", defaultDoc: "auto embedded, check with PostgreSQL",
			choices: migrateChoices, set: setOneOf(&c.migrate, migrateChoices...),
			about: "auto: bring an old schema to this version at the start; check: refuse to serve an old schema; off: neither"},
	}
}

// serverSettings returns the settings of authentication, the API, TLS and the log.
func (c *config) serverSettings() []setting {
	return []setting{
		{name: "auth-key-ttl", arg: "DURATION", defaultValue: "5m", set: setDuration(&c.authKeyTTL),
			about: "lifetime of an auth_key"},
		{name: "auth-key-grace", arg: "DURATION", defaultValue: "30s", set: setDuration(&c.authKeyGrace),
			about: "how long the previous auth_key is still accepted"},
		{name: "session-ttl", arg: "DURATION", defaultValue: "12h", set: setDuration(&c.sessionTTL),
			about: "lifetime of a session"},
		{name: "require-cookie", defaultValue: "true", set: setBool(&c.requireCookie),
			about: "require the session's cookie in addition to session and auth_key"},
		{name: "auth-backend", arg: "BACKEND", defaultValue: "local", repeats: true, url: true, set: c.setBackends,
			about: "authentication backends for the API's users: local (Hermes' own table), htpasswd:PATH " +
				"or an ldap:// or ldaps:// URL; a comma list, may be repeated, asked in this order"},
		{name: "number-check", arg: "HOW", defaultValue: "possible", choices: []string{"shape", "possible", "valid"}, set: setParsed(&c.numberCheck, plan.Parse),
			about: "how strictly numbers that enter the pool are checked: shape, possible or valid; " +
				"valid takes 7 to 20 s for a range of a million"},
		{name: "max-range", arg: "COUNT", defaultValue: "1000000", set: setCount(&c.maxRange),
			about: "how many numbers one number/add_range may add"},
		{name: "number-quarantine", arg: "DURATION", defaultValue: "0", set: setParsed(&c.numberQuarantine, parseQuarantine),
			about: "how long a number that is given back rests before it is free again, such as 90d"},
		{name: "number-low-water", arg: "PREFIX=COUNT", defaultDoc: "none", repeats: true,
			set: setList(&c.numberLowWater, parseLowWater),
			about: "fewer free numbers under the prefix, such as +4773=100, are a warning in the log, once an hour, " +
				"and in doctor; a comma list, may be repeated"},
		{name: "audit-keep", arg: "DURATION", defaultValue: "400d", set: setParsed(&c.auditKeep, parseKeep),
			about: "how long the audit trail is kept, such as 400d; 0: forever"},
		{name: "origin", arg: "URL", defaultDoc: "the certificate's first name; the listening URL on loopback",
			set: setParsed(&c.origin, parseOrigin),
			about: "URL under which clients reach this server, such as https://hermes.example.com: " +
				"its host is accepted in Host, and key pairs sign it. Needed behind a proxy"},
		{name: "max-connections", arg: "COUNT", defaultValue: "2048", set: setCount(&c.maxConnections),
			about: "open connections of clients; one network (an IPv4 address or an IPv6 /64) may have a sixteenth"},
		{name: "trusted-proxies", arg: "RANGES", defaultDoc: "none", repeats: true,
			set: setList(&c.trustedProxies, parsePrefix),
			about: "CIDR ranges of proxies whose X-Forwarded-For is believed " +
				"(the rightmost address outside of them counts); a comma list, may be repeated"},
		{name: "behind-tls-proxy", defaultValue: "false", set: setBool(&c.behindTLSProxy),
			about: "a proxy in front of hermesd ends TLS: cookies are Secure"},
		{name: "tls-cert", arg: "FILE", defaultDoc: "none", set: setString(&c.tlsCert),
			about: "certificate chain in PEM: serve HTTPS; read again on SIGHUP"},
		{name: "tls-key", arg: "FILE", defaultDoc: "none", set: setString(&c.tlsKey),
			about: "private key in PEM that belongs to tls-cert"},
		{name: "prov-window", arg: "DURATION", defaultValue: "24h", set: setParsed(&c.provWindow, parseWindow),
			about: "how long the key of a domain opens the file of a new phone, such as 24h or 7d; " +
				"0: phones get files by their own key only"},
		{name: "prov-plain", arg: "RANGES", defaultDoc: "none", repeats: true, set: setList(&c.provPlain, parsePrefix),
			about: "CIDR ranges of networks whose phones may get their files, and the passwords in them, without TLS; " +
				"a comma list, may be repeated"},
		{name: "prov-templates", arg: "FOLDER", defaultDoc: "none", set: setString(&c.provTemplates),
			about: "folder of templates for the files of desk phones, VENDOR/FILE, which replace those in hermesd; " +
				"VENDOR/dialplan/NAME is what a dialplan is for that vendor; read again on SIGHUP"},
		{name: "metrics-listen", arg: "ADDRESS", defaultDoc: "none", set: setAddress(&c.metricsListen),
			about: "address on which /metrics is served for Prometheus, without TLS; it has no secrets, but counts. port 0 picks a free one"},
		{name: "log-format", arg: "FORMAT", defaultValue: formatText,
			choices: formatChoices, set: setOneOf(&c.logFormat, formatChoices...),
			about: "text or json, on standard error; a line below warn is written within 50 ms, and kill -9 can lose it until then"},
		{name: "log-level", arg: "LEVEL", defaultValue: "info", choices: []string{"debug", "info", "warn", "error"}, set: setParsed(&c.logLevel, parseLogLevel),
			about: "debug, info, warn or error"},
	}
}

// setDerivedDefaults sets the defaults that depend on other settings.
func (c *config) setDerivedDefaults() {
	if c.db.kind == "" {
		c.db = database{kind: dbSQLite, path: filepath.Join(c.data, "hermes.db")}
	}
	if c.migrate == "" {
		c.migrate = migrateCheck
		if c.db.embedded() {
			c.migrate = migrateAuto
		}
	}
}
