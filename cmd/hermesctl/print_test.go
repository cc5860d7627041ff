package main

import (
	"encoding/json"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestMaskReader(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"password":"a","user":"b"}`:                   `{"password":"[secret]","user":"b"}`,
		`{"password" : "a"}`:                            `{"password" : "[secret]"}`,
		`{"a":{"b":[{"password":"x\"y\\"}]},"ha1":"z"}`: `{"a":{"b":[{"password":"[secret]"}]},"ha1":"[secret]"}`,
		`{"user":"password","x":"y"}`:                   `{"user":"password","x":"y"}`,
		`["password","a"]`:                              `["password","a"]`,
		`{"x":"\"password\":\"a"}`:                      `{"x":"\"password\":\"a"}`,
		`{"password":null,"x":"a"}`:                     `{"password":null,"x":"a"}`,
		`{"redacted":["password"],"x":"a"}`:             `{"redacted":["password"],"x":"a"}`,
	} {
		for _, r := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text))} {
			m := &maskReader{r: r, secrets: map[string]bool{"password": true, "ha1": true}}
			if got, err := io.ReadAll(m); err != nil || string(got) != want {
				t.Errorf("%s: %s, %v; want %s", text, got, err, want)
			}
		}
	}
}

// TestReadAnswer: a list may end with a failure, and one without a response is not whole.
func TestReadAnswer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text    string
		entries int
		refused bool // by the answer
		broken  bool
	}{
		{`{"response":"ok","list":[1,2]}`, 2, false, false},
		{`{"list":[1,2],"response":"ok"}`, 2, false, false},
		{`{"list":[1,2],"response":"failed","cause":"dbfail","detail":"x"}`, 2, true, false},
		{`{"list":[1,2]}`, 2, false, true},
		{`{"list":[1,2`, 2, false, true},
		{`{"response":"ok","list":[{"a":1}`, 1, false, true},
		{``, 0, false, true},
		{`<html>`, 0, false, true},
	} {
		entries := 0
		o, err := readAnswer(strings.NewReader(tt.text), func(json.RawMessage) error { entries++; return nil }, nil)
		refused := err == nil && o.Response != "ok"
		if entries != tt.entries || refused != tt.refused || (err != nil) != tt.broken {
			t.Errorf("%s: %d entries, %+v, %v", tt.text, entries, o, err)
		}
		if err != nil && statusOf(err) != exitNoSession {
			t.Errorf("%s: exit status %d", tt.text, statusOf(err))
		}
	}
}

func TestPrintable(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Jürgen \"J\" 山": "Jürgen \"J\" 山",
		"\x1b[2J":        `\u001b[2J`,
		"a\tb\nc":        `a\u0009b\u000ac`,
		"a\u202eb":       `a\u202eb`,
	} {
		if got := printable(text); got != want {
			t.Errorf("printable(%q) = %q, want %q", text, got, want)
		}
	}
}
