// Package campaign has tests that break hermesd and its database while clients change everything
// that can be changed: hermesd is killed or stopped, PostgreSQL is restarted, connections are cut
// around COMMIT, statements fail, files cannot be written, clients stop reading, the secret key is
// another one, the clock jumps. After each fault the tests compare what is there with what was
// answered.
//
// What ought to be there is known from a model: a Client over the memory store, on which each
// writer makes the calls that were answered, and no others. A call without an answer may have been
// carried out or not; what is there must be what the model has without it, or with it.
//
// The environment variable HERMES_TEST_ROUNDS sets how many faults each campaign makes. It defaults
// to few, so that the package is quick.
package campaign
