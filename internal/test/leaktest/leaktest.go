// Package leaktest fails the tests of a package that leave goroutines behind. It is for tests only.
package leaktest

import (
	"fmt"
	"net/http"
	"os"
	"time"

	"go.uber.org/goleak"
)

// patience is how long goroutines may take to end after the tests.
const patience = 30 * time.Second

// Run calls run, which runs the tests of a package, and returns its exit code, for TestMain:
//
//	func TestMain(m *testing.M) { os.Exit(leaktest.Run(m.Run)) }
//
// If the tests pass, but goroutines that they or the code have started do not end, Run prints the
// stacks of those and returns 1.
func Run(run func() int) int {
	code := run()
	if code != 0 {
		return code
	}
	if err := find(patience); err != nil {
		fmt.Fprintf(os.Stderr, "leaktest: after all tests: %v\n", err)
		return 1
	}
	return 0
}

// find waits for the end of all goroutines but those of package testing and the caller. It returns
// an error with the stacks of those that are left.
func find(patience time.Duration) error {
	// The client that programs share keeps its connections for a while, each with two goroutines.
	http.DefaultClient.CloseIdleConnections()
	deadline := time.Now().Add(patience)
	err := goleak.Find() // waits for about a second
	for err != nil && time.Now().Before(deadline) {
		err = goleak.Find()
	}
	return err
}
