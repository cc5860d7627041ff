package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDist_Environment: the environment file of the packages has every setting, and changes only
// the folder of the data.
func TestDist_Environment(t *testing.T) {
	t.Parallel()
	path := filepath.Join("dist", "hermesd.env")
	want := settingsEnvironment()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Errorf("%s: run go test -run TestDist_Environment -update (-want +got)\n%s", path, d)
	}
	e, commented := env{}, env{}
	for line := range strings.Lines(string(got)) {
		name, value, found := strings.Cut(strings.TrimSpace(line), "=")
		switch {
		case found && strings.HasPrefix(name, envPrefix):
			e[name] = value
		case found && strings.HasPrefix(name, "#"+envPrefix):
			commented[name[1:]] = value
		}
	}
	if d := cmp.Diff(env{"HERMES_DATA": packagedData}, e); d != "" {
		t.Errorf("what it sets (-want +got)\n%s", d)
	}
	for _, s := range (&config{}).table() {
		value, ok := commented[s.envName()]
		if _, set := e[s.envName()]; !ok && !set {
			t.Errorf("no line for %s", s.envName())
		}
		if value != "" && s.set(value) != nil {
			t.Errorf("%s=%s is no value of the setting", s.envName(), value)
		}
	}
}

// TestDist_Service: the service loads each secret that hermesd looks for, and has the environment
// file, the folder and the watchdog that this program expects.
func TestDist_Service(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("dist", "hermesd.service"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	want := []string{"Type=notify", "User=hermes", "WorkingDirectory=" + packagedData, "WatchdogSec=30",
		"EnvironmentFile=-/etc/hermes/hermesd.env"}
	for _, s := range (&config{}).table() {
		if s.secret {
			want = append(want, "LoadCredential=hermesd."+s.name)
		}
	}
	for _, w := range want {
		if !slices.Contains(lines, w) {
			t.Errorf("no line %q", w)
		}
	}
}
