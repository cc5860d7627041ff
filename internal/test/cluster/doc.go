// Package cluster tests Hermes on PostgreSQL with automatic failover: three servers under Patroni
// with etcd, in synchronous mode, and two hermesd that know the addresses of all three. Clients
// change records through both, and keep a ledger of the answers, while the primary is killed
// (SIGKILL) or frozen (SIGSTOP, which looks like a lost network). No change that was answered ok is
// lost, no number is given out twice, what was answered as not done is not there, and both hermesd
// serve again within 10 seconds of the election, without a restart.
//
// The programs are those of Debian's packages patroni and etcd-server. HERMES_TEST_ROUNDS is the
// number of failovers.
package cluster
