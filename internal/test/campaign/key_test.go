package campaign_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/internal/test/hermesdtest"
)

// TestSecretKey_exchanged gives hermesd another secret key for a database in use. It refuses to
// start, beside a hermesd with the right key as well, and so do its commands. Nothing is changed,
// and with the right key all is there.
func TestSecretKey_exchanged(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, d *database) {
		s := newSite(t, d, 1)
		s.live(t, 60)
		s.mustRefuseOtherKey(t)
		s.live(t, 20)
		s.settle(t)
		s.process.Stop()
		before := d.dump(t)
		s.mustRefuseOtherKey(t)
		if after := d.dump(t); after != before {
			t.Errorf("hermesd has changed a database of another key (-before +after):\n%s", cmp.Diff(before, after))
		}
		s.start(t)
		s.live(t, 20)
		s.settle(t)
		s.end(t)
	})
}

// mustRefuseOtherKey runs the commands that need the secret key with another one.
func (s *site) mustRefuseOtherKey(t *testing.T) {
	t.Helper()
	settings := append(slices.Clone(s.settings), "HERMES_SECRET_KEY="+strings.Repeat("o", 43))
	for _, command := range []struct {
		args []string
		want string
	}{
		{[]string{"serve", "--listen", "127.0.0.1:0"}, "hermesd: secret-key: "},
		{[]string{"rekey"}, "hermesd: secret-key: "},
		{[]string{"bootstrap", "--user", "another", "--recover"}, "hermesd: secret-key: "},
		{[]string{"audit", "verify"}, "it was made with a secret key that is not configured"},
	} {
		out, err := hermesdtest.Output(t, settings, command.args...)
		if err == nil || !strings.Contains(out, command.want) || strings.Contains(out, "listening") {
			t.Errorf("hermesd %q with another secret key: %v, %q, want an error that says %q", command.args, err, out, command.want)
		}
	}
}
