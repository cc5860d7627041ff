// Package security proves the promises of Hermes' authentication, of the request front and of the logs, against the
// whole: hermes/api over a memory store and over PostgreSQL, and hermesd as a process.
//
//	matrix     who may call what, for every node and every kind of session, also where rights change meanwhile
//	ping       two hermesd on one database renew one session at once
//	same       every failed login is answered by the same bytes
//	browser    other sites' pages in headless Chromium, with the victim's cookie present
//	canary     secrets in hermesd's log, in PostgreSQL's and in dumps of the database
//
// The figures that need a quiet machine are not tests: package loginflood prints them.
package security
