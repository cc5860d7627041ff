package ldap

import (
	"context"
	"net"
	"testing"
	"time"

	goldap "github.com/go-ldap/ldap/v3"
)

// TestIdleConnectionsAreNotTrusted has a clock of its own.
func TestIdleConnectionsAreNotTrusted(t *testing.T) {
	made := 0
	p := newPool(1, func(context.Context) (*conn, error) {
		made++
		near, far := net.Pipe()
		t.Cleanup(func() { far.Close() })
		c := &conn{Conn: goldap.NewConn(near, false), raw: near}
		c.Start()
		return c, nil
	})
	t.Cleanup(p.close)
	now := time.Unix(0, 0)
	p.now = func() time.Time { return now }
	for _, row := range []struct {
		after time.Duration
		want  int
		why   string
	}{
		{0, 1, "the first"},
		{59 * time.Second, 1, "used a moment ago"},
		{59 * time.Second, 1, "used since"},
		{60 * time.Second, 2, "a firewall may have forgotten it"},
		{time.Second, 2, "the new one"},
	} {
		now = now.Add(row.after)
		if err := p.do(t.Context(), func(*conn) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if made != row.want {
			t.Errorf("%s: made %d connections, want %d", row.why, made, row.want)
		}
	}
}
