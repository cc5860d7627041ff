package main

import (
	"strings"
	"testing"
)

// TestConfig_Table checks that config, help and the README's reference show every setting, in the
// table's order.
func TestConfig_Table(t *testing.T) {
	t.Parallel()
	_, shown, _ := runCommand(t, nil, "config")
	_, help, _ := runCommand(t, nil, "help")
	lines := strings.Split(strings.TrimSpace(shown), "\n")
	rows := strings.Split(strings.TrimSpace(settingsReference()), "\n")[2:]
	table := (&config{}).table()
	for i, s := range table {
		if s.about == "" || s.documentedDefault() == "" || s.set == nil {
			t.Errorf("%s: want about, a default and a set function in the table", s.name)
		}
		if i >= len(lines) || strings.Fields(lines[i])[0] != s.name {
			t.Errorf("config does not show %s in line %d", s.name, i+1)
		}
		if i >= len(rows) || !strings.HasPrefix(rows[i], "| `--"+s.name+"` | `"+s.envName()+"`") {
			t.Errorf("the reference does not show %s in row %d", s.name, i+1)
		}
		if !strings.Contains(help, "\n  --"+s.name) || !strings.Contains(help, s.envName()) {
			t.Errorf("help does not name %s", s.name)
		}
	}
	if len(lines) != len(table) || len(rows) != len(table) {
		t.Errorf("%d settings, but config shows %d and the reference %d", len(table), len(lines), len(rows))
	}
}
