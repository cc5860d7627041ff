package main

import (
	"context"
	"log/slog"
	"strings"
	"testing"
)

// pgdriver's own words are no noise, and none of them is lost.
func TestDriverLog(t *testing.T) {
	d := &driverLog{}
	d.Printf(t.Context(), "before there is a log: %d", 1)
	for level, want := range map[slog.Level]string{
		slog.LevelInfo:  "",
		slog.LevelDebug: `level=DEBUG msg="database driver" says="pgdriver: broken pipe"` + "\n",
	} {
		var out strings.Builder
		a := &app{stderr: &out, drivers: d}
		a.logger(&config{logLevel: level})
		d.Printf(context.Background(), "pgdriver: %s", "broken pipe")
		if got := out.String(); !strings.HasSuffix(got, want) || (got == "") != (want == "") {
			t.Errorf("at %s: %q, want %q", level, got, want)
		}
	}
}
