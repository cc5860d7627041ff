package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/coreos/go-systemd/v22/daemon"
)

// notifySystemd tells the service manager of a state, if one started hermesd and wants to know it
// (Type=notify). The protocol and that of socket activation are those of go-systemd, which Docker,
// etcd and Caddy use.
func notifySystemd(log *slog.Logger, state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		log.Warn("the service manager could not be told of the state", "state", state, "error", err)
	}
}

// notifyReady tells the service manager that the server accepts connections.
func (s *server) notifyReady() {
	notifySystemd(s.log, daemon.SdNotifyReady+"\nSTATUS=listening on "+s.listener.url())
}

// watchdog returns a channel that receives a value when the service manager has to be told that the
// server is alive, twice in the time after which it would end it. The channel is nil if it does not
// watch.
func (s *server) watchdog(ctx context.Context) <-chan time.Time {
	interval, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		s.log.Warn("the service manager's watchdog is not kept", "error", err)
	}
	if err != nil || interval <= 0 {
		return nil
	}
	tick := time.NewTicker(interval / 2)
	context.AfterFunc(ctx, tick.Stop)
	return tick.C
}

// inheritedListener returns the socket that a service manager has passed on (LISTEN_FDS), or nil if
// there is none.
func inheritedListener() (*net.TCPListener, error) {
	files := activation.Files(true)
	defer func() {
		for _, f := range files {
			f.Close() // the listener has a descriptor of its own
		}
	}()
	if len(files) == 0 {
		return nil, nil
	}
	if len(files) > 1 {
		return nil, fmt.Errorf("the service manager passed %d sockets: want one, with a single ListenStream", len(files))
	}
	l, err := net.FileListener(files[0])
	if err != nil {
		return nil, fmt.Errorf("the service manager passed no socket that listens: %w", err)
	}
	tcp, ok := l.(*net.TCPListener)
	if !ok {
		l.Close()
		return nil, fmt.Errorf("the service manager passed the socket %s: want one for TCP, such as ListenStream=127.0.0.1:8080", l.Addr())
	}
	raw, err := tcp.SyscallConn()
	if err == nil {
		err = setSocketOptions("", "", raw)
	}
	if err != nil {
		tcp.Close()
		return nil, os.NewSyscallError("setsockopt", err)
	}
	return tcp, nil
}

// inherit takes the socket that a service manager has passed on, if there is one, in place of the
// address of the setting listen.
func (c *config) inherit() (err error) {
	if c.inherited, err = inheritedListener(); err != nil || c.inherited == nil {
		return err
	}
	c.listen = c.inherited.Addr().String()
	for i := range c.values {
		if c.values[i].name == "listen" {
			c.values[i].text, c.values[i].origin = c.listen, origin{kind: originSocket}
		}
	}
	return nil
}

// credentialsVariable names the folder with the credentials that systemd has loaded for the service
// (LoadCredential=), of which those of hermesd are named hermesd. and then as the setting.
const credentialsVariable = "CREDENTIALS_DIRECTORY"

// credential returns the path of the file with the setting's value that systemd has loaded, or "".
func (s setting) credential(getenv func(string) string) string {
	folder := getenv(credentialsVariable)
	if folder == "" {
		return ""
	}
	path := folder + "/hermesd." + s.name
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}
