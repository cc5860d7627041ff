package main

import "testing"

func TestNearest(t *testing.T) {
	t.Parallel()
	names := []string{"serve", "migrate", "--secret-key", "--session-ttl", "--db"}
	for _, tt := range []struct{ why, given, want string }{
		{"a letter is missing", "migrat", "migrate"},
		{"a letter too many", "sserve", "serve"},
		{"another letter", "--secret_key", "--secret-key"},
		{"neighbours are exchanged", "sreve", "serve"},
		{"the best of several", "--sesion-tl", "--session-ttl"},
		{"it is the name", "--db", "--db"},
		{"like none", "frobnicate", ""},
		{"nothing", "", ""},
	} {
		if got := nearest(tt.given, names); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.why, got, tt.want)
		}
	}
}
