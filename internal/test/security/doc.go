// Package security tests what Hermes promises about authentication, access, requests from browsers
// and secrets in logs. It tests the whole: hermes/api over the memory store and over PostgreSQL,
// and hermesd as a process. Package security has tests only:
//
//	access       each node with each kind of session, also after a change of its user or key
//	revocation   requests, lists and logins under way of sessions that are revoked under load
//	capability   nodes whose capability depends on the request, and members that are secret
//	auth_ping    auth/ping of one session at two servers at the same time, and with old auth_keys
//	auth_login   failed logins, whose answers must be equal byte for byte
//	browser      requests of other origins' pages in headless Chromium, which has the user's cookie
//	canary       secrets in hermesd's log, in PostgreSQL's log and in dumps of the database
//	audit        the audit trail after hermesd was killed while it changed much
//
// Measurements that need an otherwise idle machine are in internal/bench.
package security
