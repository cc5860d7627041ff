package leaktest

import (
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	for want := range 3 {
		if got := Run(func() int { return want }); got != want {
			t.Errorf("tests that end with exit code %d: got %d", want, got)
		}
	}
}

func TestFind(t *testing.T) {
	end := make(chan struct{})
	go wait(end)
	if err := find(0); err == nil || !strings.Contains(err.Error(), "leaktest.wait") {
		t.Errorf("a goroutine is left: %v, want an error with its stack", err)
	}
	close(end)
	if err := find(patience); err != nil {
		t.Error(err)
	}
}

func wait(end <-chan struct{}) { <-end }
