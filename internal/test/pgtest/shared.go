package pgtest

import (
	"fmt"
	"os"
	"sync"
	"testing"
)

// shared holds the clusters of this process. It is package state because the process is what
// they belong to: a test binary's tests have nothing else in common.
var shared struct {
	mu       sync.Mutex
	clusters map[bool]*Cluster // by NoFsync
}

// sharedCluster returns the process's cluster, started at the first call.
func sharedCluster(tb testing.TB, noFsync bool) *Cluster {
	tb.Helper()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if c := shared.clusters[noFsync]; c != nil {
		return c
	}
	c := mustCluster(tb, ClusterOptions{NoFsync: noFsync})
	if shared.clusters == nil {
		shared.clusters = map[bool]*Cluster{}
	}
	shared.clusters[noFsync] = c
	return c
}

// Run runs the tests, removes the process's clusters and returns the exit code, for TestMain. Without
// it they are removed just after the process has ended.
func Run(m *testing.M) int {
	code := m.Run()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	for _, c := range shared.clusters {
		if err := c.srv.destroy(); err != nil {
			fmt.Fprintln(os.Stderr, "pgtest:", err)
			code = max(code, 1)
		}
	}
	clear(shared.clusters)
	return code
}
