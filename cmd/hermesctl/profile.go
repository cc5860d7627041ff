package main

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/remote"
)

// profile is what is kept of a login.
type profile struct {
	URL string `json:"url"`
	// User is the user that logged in by password, whose session is kept.
	User    string       `json:"user,omitempty"`
	Session *keptSession `json:"session,omitempty"`
	// KeyID and KeyFile are the id of a key pair and the path of its private key.
	KeyID   string `json:"key_id,omitempty"`
	KeyFile string `json:"key_file,omitempty"`
	// Origin is that of the server, if it is not that of the URL.
	Origin string `json:"origin,omitempty"`
}

// keptSession is a [remote.Session] in a file.
type keptSession struct {
	ID         string        `json:"id"`
	AuthKey    string        `json:"auth_key"`
	CookieName string        `json:"cookie_name,omitempty"`
	Cookie     string        `json:"cookie,omitempty"`
	Renewed    time.Time     `json:"renewed"`
	TTL        time.Duration `json:"ttl"` // in nanoseconds
}

// session returns the session of a profile, which is zero if there is none.
func (p profile) session() remote.Session {
	k := p.Session
	if k == nil {
		return remote.Session{}
	}
	return remote.Session{
		ID: hermes.NewSecret(k.ID), AuthKey: hermes.NewSecret(k.AuthKey),
		CookieName: k.CookieName, Cookie: hermes.NewSecret(k.Cookie), Renewed: k.Renewed, TTL: k.TTL,
	}
}

func (p *profile) setSession(s remote.Session) {
	if s.ID.IsZero() {
		p.Session = nil
		return
	}
	p.Session = &keptSession{
		ID: s.ID.Reveal(), AuthKey: s.AuthKey.Reveal(), CookieName: s.CookieName, Cookie: s.Cookie.Reveal(),
		Renewed: s.Renewed, TTL: s.TTL,
	}
}

// profileFile is the file of a profile. It is replaced as a whole, under a lock of another file.
type profileFile struct{ path string }

// profileName is what a profile may be called: it is the name of a file.
var profileName = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$`)

// profileFile returns the file of the profile that the flag names.
func (a *app) profileFile() (profileFile, error) {
	name := a.profile
	if name == "" {
		name = "default"
	}
	if !profileName.MatchString(name) {
		return profileFile{}, usagef("--profile %q: want letters, digits, dots, underscores and hyphens", name)
	}
	folder := a.getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(folder) { // as the specification of XDG has it
		home := a.getenv("HOME")
		if home == "" {
			return profileFile{}, usageError("HOME: want a folder, in which the login is kept")
		}
		folder = filepath.Join(home, ".local", "state")
	}
	return profileFile{path: filepath.Join(folder, "hermes", name+".json")}, nil
}

// read returns the profile. It is zero if there is none, or if the file is damaged.
func (f profileFile) read() (profile, error) {
	text, err := os.ReadFile(f.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return profile{}, err
	}
	var p profile
	if json.Unmarshal(text, &p) != nil {
		return profile{}, nil
	}
	return p, nil
}

// write replaces the profile. The zero profile removes the file.
func (f profileFile) write(p profile) error {
	if p == (profile{}) {
		if err := os.Remove(f.path); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	text, err := json.MarshalIndent(p, "", "\t")
	if err != nil {
		return err
	}
	// CreateTemp makes files that only their owner can read and write.
	temp, err := os.CreateTemp(filepath.Dir(f.path), "."+filepath.Base(f.path)+".*")
	if err != nil {
		return err
	}
	_, err = temp.Write(append(text, '\n'))
	if err = errors.Join(err, temp.Close()); err == nil {
		err = os.Rename(temp.Name(), f.path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	return nil
}

// change calls fn with the profile, and replaces that with what fn returns, while no other process
// does the same.
func (f profileFile) change(fn func(profile) (profile, error)) error {
	if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return err
	}
	unlock, err := lockedfile.MutexAt(f.path + ".lock").Lock()
	if err != nil {
		return err
	}
	defer unlock()
	p, err := f.read()
	if err != nil {
		return err
	}
	next, err := fn(p)
	if err != nil || next == p {
		return err
	}
	return f.write(next)
}

// keptSessions is the session of a profile, as a [remote.SessionStore].
type keptSessions struct {
	file profileFile
	url  string // of the server whose session it is
}

// Update implements [remote.SessionStore].
func (k keptSessions) Update(_ context.Context, fn func(remote.Session) (remote.Session, error)) error {
	return k.file.change(func(p profile) (profile, error) {
		if p.URL != k.url {
			return p, errors.New("another login has taken the place of this one")
		}
		before := p.session()
		after, err := fn(before)
		if err == nil && after != before {
			p.setSession(after)
		}
		return p, err
	})
}

// newSessions opens another session for a profile, and keeps it with that.
type newSessions struct {
	file profileFile
	next profile
}

// Update implements [remote.SessionStore].
func (k newSessions) Update(_ context.Context, fn func(remote.Session) (remote.Session, error)) error {
	return k.file.change(func(p profile) (profile, error) {
		s, err := fn(remote.Session{})
		if err == nil {
			p = k.next
			p.setSession(s)
		}
		return p, err
	})
}
