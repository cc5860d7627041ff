package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/test/testserver"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

const (
	deskPhones      = 2000
	quickDeskPhones = 50
)

// phoneFiles measures desk phones that fetch their files at once, as after a power cut.
func phoneFiles() benchmark {
	const what = "2,000 phones fetch their files at once over TLS, a connection each, PostgreSQL"
	const floor = "net/http's file server over TLS, the same bytes"
	return benchmark{
		name:  "phones",
		about: "desk phones that fetch their files at once over TLS, on PostgreSQL",
		rows: []row{
			{what: what, floor: floor, unit: perSecond, goal: atLeast(0.25)},
			{what: what + ", 99th percentile", floor: floor, unit: inSeconds, goal: noGoal()},
		},
		open: func(ctx context.Context, b *bench) (measure, error) {
			d, err := b.filledCopy(ctx, b.rows)
			if err != nil {
				return nil, err
			}
			targets, err := b.addDeskPhones(ctx, d)
			if err != nil {
				return nil, err
			}
			return b.openPhones(ctx, d, targets)
		},
	}
}

// addDeskPhones onboards users with a phone each and returns the paths of the phones' files.
func (b *bench) addDeskPhones(ctx context.Context, d database) (targets []string, err error) {
	c, err := b.openStore(ctx, d)
	if err != nil {
		return nil, err
	}
	n := deskPhones
	if b.quick {
		n = quickDeskPhones
	}
	targets = make([]string, n)
	_, err = workers(ctx, 8, func(int) bool { return false }, func(ctx context.Context, worker int) error {
		for i := worker; i < n; i += 8 {
			m := mac.MustParse(fmt.Sprintf("805ec0%06x", i))
			if targets[i], err = addDeskPhone(ctx, c, sip.Unchecked(fmt.Sprintf("desk%06d", i), domainName), m); err != nil {
				return err
			}
		}
		return nil
	})
	return targets, err
}

func addDeskPhone(ctx context.Context, c *hermes.Client, user sip.Addr, m mac.Addr) (target string, err error) {
	if _, err := c.UserOnboard(ctx, hermes.UserOnboardRequest{User: user, MACs: []mac.Addr{m}}); err != nil {
		return "", err
	}
	shown, err := c.PhoneShow(ctx, hermes.PhoneShowRequest{MAC: m})
	if err != nil {
		return "", err
	}
	u, err := url.Parse(shown.URL.Value.Reveal())
	if err != nil {
		return "", fmt.Errorf("the address of phone %s: want a URL", m)
	}
	return "/prov/" + path.Base(u.Path) + "/" + m.String() + ".cfg", nil
}

// openPhones starts a hermesd with TLS over a database, and the floor, which serves the same files.
func (b *bench) openPhones(ctx context.Context, d database, targets []string) (measure, error) {
	in, err := b.installed(ctx, d)
	if err != nil {
		return nil, err
	}
	cert, err := testserver.NewCertificate("127.0.0.1")
	if err != nil {
		return nil, err
	}
	if in.certFile, in.tlsKeyFile, err = cert.Write(in.folder); err != nil {
		return nil, err
	}
	s, err := in.start(ctx)
	if err != nil {
		return nil, err
	}
	folder := b.folder.Join(b.newName("files"))
	if err := os.Mkdir(folder, 0o700); err != nil {
		return nil, err
	}
	spec := phoneSpec{Host: s.host(), Cert: string(cert.Cert), Targets: targets, Folder: folder}
	if _, err := b.runPhones(ctx, spec); err != nil {
		return nil, err
	}
	static, err := b.startFiles(ctx, folder, in)
	if err != nil {
		return nil, err
	}
	spec.Folder = ""
	floor := spec
	floor.Host = static.host()
	return func(ctx context.Context) ([]sample, error) {
		var p99 sample
		rate, err := b.both(func() (out sample, err error) {
			r, err := b.runPhones(ctx, floor)
			p99.floor = r.P99.Seconds()
			return sample{hermes: r.rate()}, err
		}, func() (out sample, err error) {
			out.memory, err = s.growth(func() error {
				r, err := b.runPhones(ctx, spec)
				out.hermes, p99.hermes = r.rate(), r.P99.Seconds()
				return err
			})
			return out, err
		})
		return []sample{rate, p99}, err
	}, nil
}

// startFiles starts the helper "files" with the certificate of an installation.
func (b *bench) startFiles(ctx context.Context, folder string, in *installation) (*child, error) {
	cmd, err := b.self("files", folder, in.certFile, in.tlsKeyFile)
	if err != nil {
		return nil, err
	}
	return b.start(ctx, cmd, floorListening)
}

// localFile returns where the file of a target lies below a folder.
func localFile(folder, target string) string {
	return filepath.Join(folder, filepath.FromSlash(strings.TrimPrefix(target, "/")))
}
