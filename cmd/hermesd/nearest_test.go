package main

import "testing"

func TestNearest(t *testing.T) {
	t.Parallel()
	names := []string{"serve", "migrate", "--secret-key", "--session-ttl", "--tls-cert", "--tls-key", "--db", "--do"}
	for _, tt := range []struct{ why, given, want string }{
		{"a letter is missing", "migrat", "migrate"},
		{"a letter too many", "sserve", "serve"},
		{"another letter", "--secret_key", "--secret-key"},
		{"neighbours are exchanged, twice", "esvre", "serve"},
		{"the best of several", "--tls-kert", "--tls-cert"},
		{"the first of several that are as good", "--d", "--db"},
		{"three faults in a long name", "--sesion_tll", "--session-ttl"},
		{"three faults in a short name", "--xyz", ""},
		{"it is the name", "--db", "--db"},
		{"like none", "frobnicate", ""},
		{"nothing", "", ""},
	} {
		if got := nearest(tt.given, names); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.why, got, tt.want)
		}
	}
}
