// Package model has a random test of the whole API. It sends the same random requests to a server
// over the memory store, which is the model, and to one over SQLite or PostgreSQL, and compares all
// answers, to the byte, and the records at the end. The servers have the same clock and the same
// random bytes.
//
// The requests are drawn from the table of nodes, with parameters that are right, odd or wrong, of
// principals with different levels and scopes, in an order that rapid draws too. Of a failure rapid
// shows the shortest sequence that it finds.
//
// The environment variable HERMES_TEST_ROUNDS sets how many sequences are tried.
package model
