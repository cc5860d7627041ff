// Command hermesctl calls the API of a Hermes server, for people at a terminal and for scripts. It
// knows the server over package remote only, and no database.
//
// hermesctl login asks for a password and keeps the session; hermesctl GROUP NODE calls any node.
// These commands, their parameters, their completion and the man page are made from the table of
// nodes, hermes.Nodes, and from the types of requests and answers: a new node needs no line here.
//
// # Output
//
// On a terminal a list is a table, and any other answer a line for each member. Elsewhere both are
// the same without padding and without a heading: fields are separated by tabs, so that cut and awk
// can read them. With --json the answer is printed as it came. A list is printed while it is read,
// and memory does not grow with it; on a terminal the width of columns is that of the first
// entries. Characters that could control the terminal are escaped.
//
// plan, apply and export work with files of users, as package hermes/plan has them. plan and apply
// print a line for each action on standard output; faults of the file, failures, the question and
// the progress are on standard error.
//
// # Sessions
//
// A login by password keeps the session below $XDG_STATE_HOME/hermes, by default
// ~/.local/state/hermes, in a file of the profile that only its owner can read. Several hermesctl
// at once share it: a lock lets one of them renew the auth_key, and the others read the new one. A
// login by key pair keeps the URL, the id of the key and the path of the private key, and opens a
// session for each command.
//
// The command line is that of github.com/spf13/cobra, which brings completion for the shells, and
// pages of the manual are written by go-md2man, on which cobra depends. Private keys are read by
// golang.org/x/crypto/ssh, because the standard library does not know OpenSSH's format, and
// passwords by golang.org/x/term. The lock is that of the go command, in
// github.com/rogpeppe/go-internal, and works on every system.
package main
