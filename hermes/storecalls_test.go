package hermes_test

import (
	"sync"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/storetest"
)

// storeCalls records the calls of a store, the begin ("Tx") and the end ("Commit") of transactions
// included, and makes any of them fail. It is safe for concurrent use.
type storeCalls struct {
	mu    sync.Mutex
	names []string
	fail  func(n int) error // called with the number of the call, from 1; nil lets every call through
}

// over returns a store over s whose calls are recorded.
func (c *storeCalls) over(s hermes.Store) hermes.Store {
	return storetest.Intercept(s, func(method string) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.names = append(c.names, method)
		if c.fail == nil {
			return nil
		}
		return c.fail(len(c.names))
	})
}

// failCall returns a recorder that lets call n fail.
func failCall(n int) *storeCalls {
	return &storeCalls{fail: func(i int) error {
		if i == n {
			return errDisk
		}
		return nil
	}}
}

// failAllCalls returns a recorder that lets every call fail.
func failAllCalls() *storeCalls {
	return &storeCalls{fail: func(int) error { return errDisk }}
}
