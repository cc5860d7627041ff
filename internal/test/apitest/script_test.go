package apitest

import (
	"os"
	"path/filepath"
	"testing"
)

func TestParseScript(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../../hermes/api/testdata/golden/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s, err := parseScript(string(text))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if s.String() != string(text) {
			t.Errorf("%s: parsed and formatted, it is\n%s", file, s)
		}
	}
	if _, err := parseScript("== ok: a case without a request\nas reader\n"); err == nil {
		t.Error("a case without a request: want an error")
	}
}
