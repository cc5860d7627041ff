package main

import (
	"log/slog"
	"strings"
	"testing"
)

func TestDriverLog_Printf(t *testing.T) {
	t.Parallel()
	d := &driverLog{}
	d.Printf(t.Context(), "before there is a log: %d", 1)
	for level, want := range map[slog.Level]string{
		slog.LevelInfo:  "",
		slog.LevelDebug: `level=DEBUG msg="database driver" says="pgdriver: broken pipe"` + "\n",
	} {
		var out strings.Builder
		a := &app{stderr: &out, driverLog: d}
		a.newLogger(&config{logLevel: level})
		d.Printf(t.Context(), "pgdriver: %s", "broken pipe")
		if got := out.String(); !strings.HasSuffix(got, want) || (got == "") != (want == "") {
			t.Errorf("at level %s: %q, want %q", level, got, want)
		}
	}
}
