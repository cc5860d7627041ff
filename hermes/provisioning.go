package hermes

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"net/netip"
	"time"

	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// PhoneFacts are what decides about a request for the file of a phone, and what is in that file.
// Package provision has the handler of such requests.
type PhoneFacts struct {
	Genuine bool // the key is that of a domain or of a phone
	Known   bool // there is such a phone
	Own     bool // the key is that of the phone itself
	// Opens reports whether the key is that of a domain that one of the phone's users is in, and the
	// window of the phone is open.
	Opens     bool
	KeyDomain sip.Domain // that has the key; zero if none has
	Vendor    string     // as PhoneSet said; empty: as the phone says of itself
	// File is what the phone's file says, if Own or Opens is true, and zero otherwise. With the key of
	// a domain the lines of other domains are off.
	File PhoneFile

	key   Hash
	isNew bool // the key is the own one that the phone has been told last, and has not used yet
}

// PhoneFacts returns what decides about a request for the file of a phone with a key, which is a
// part of the request's address. m is zero if the request names no phone. It changes nothing. The
// scope of c's actor does not matter.
func (c *Client) PhoneFacts(ctx context.Context, key string, m mac.Addr) (f PhoneFacts, err error) {
	defer wrap(&err, "")
	if !isProvKey(key) {
		return f, nil
	}
	hash := Hash(sha256.Sum256([]byte(key)))
	p, err := c.store.Provisioning(ctx, hash, m)
	if err != nil {
		return f, err
	}
	f = PhoneFacts{
		Genuine: !p.KeyDomain.IsZero() || !p.KeyPhone.IsZero(), KeyDomain: p.KeyDomain,
		Known: p.isKnown(), Vendor: p.Device.Vendor, key: hash,
	}
	if m.IsZero() || !f.Genuine {
		return f, nil
	}
	f.Own = p.KeyPhone == m
	f.isNew = f.Own && p.Device.Next.Hash == hash
	f.Opens = !f.Own && p.Device.isOpen(c.now()) && p.hasUserIn(p.KeyDomain)
	if f.Own || f.Opens {
		only := p.KeyDomain
		if f.Own {
			only = sip.Domain{}
		}
		f.File, err = c.phoneFile(m, p, only)
	}
	return f, err
}

// hasUserIn reports whether the phone has a user in the domain d, which is in lower case.
func (p Provisioning) hasUserIn(d sip.Domain) bool {
	for _, l := range p.Lines {
		if !d.IsZero() && lowerCase(l.User.Address.Domain()) == d {
			return true
		}
	}
	return false
}

// phoneFile returns what the file of a phone says. Unless only is zero, the lines of users in other
// domains are off.
func (c *Client) phoneFile(m mac.Addr, p Provisioning, only sip.Domain) (f PhoneFile, err error) {
	f = PhoneFile{MAC: m, Model: p.Device.Said.Model}
	if f.URL, err = c.phoneURL(p); err != nil {
		return PhoneFile{}, err
	}
	for _, l := range p.Lines {
		if l.Line > MaxLines { // from before lines were kept; no file has so many
			break
		}
		line := FileLine{Number: l.Line}
		if only.IsZero() || lowerCase(l.User.Address.Domain()) == only {
			if line, err = c.fileLine(l); err != nil {
				return PhoneFile{}, err
			}
		}
		f.Lines = append(f.Lines, line)
	}
	return f, nil
}

// fileLine returns what the file of a phone says of a line. It is off if the user is suspended, has
// no servers, or has a password that Hermes does not know.
func (c *Client) fileLine(l PhoneLine) (FileLine, error) {
	u, off := l.User, FileLine{Number: l.Line}
	if !u.HasServers() {
		u.Registrar, u.RPort, u.Proxy, u.PPort = l.Servers.Registrar, l.Servers.RPort, l.Servers.Proxy, l.Servers.PPort
	}
	if u.Suspended != "" || !u.HasServers() {
		return off, nil
	}
	password, err := c.password(u)
	if err != nil || password.IsZero() {
		return off, err
	}
	line := FileLine{
		Number: l.Line, On: true, Label: u.LineText, DisplayName: u.DisplayName,
		User: u.Address.User(), Auth: u.AuthID, Domain: u.Address.Domain(), Password: password, Dialplan: u.Dialplan,
	}
	setDefault(&line.Auth, line.User)
	// The server of a line is the domain, whatever the registrar's host is called: a Kamailio that
	// serves the domain would not know user@registrar.
	if u.Proxy == lowerCase(line.Domain) {
		line.Port = u.RPort
	} else {
		line.Proxy, line.ProxyPort = u.Proxy, u.PPort
	}
	return line, nil
}

// provisionNode is what stands in the audit trail and in the log in the place of the node for what
// [Client.DeliverPhone] does.
const provisionNode = "phone/provision"

// DeliverPhone notes that a file with secrets is about to be sent to a phone. f is what
// [Client.PhoneFacts] returned, by what the phone says of itself, and remote the address that the
// request comes from. If the phone has used its new key for the first time, that is its only key
// from then on, and the window closes. Causes: NotFound, if the phone has got another key
// meanwhile; then the file must not be sent.
func (c *Client) DeliverPhone(ctx context.Context, f PhoneFacts, by Agent, remote netip.Addr) (err error) {
	defer wrap(&err, "")
	actor := c.actor
	actor.Remote = remote
	as := c.As(actor)
	if f.isNew {
		if err := as.useNextKey(ctx, f); err != nil {
			return err
		}
	}
	seen := PhoneSeen{MAC: f.File.MAC, Said: by, At: c.now(), Address: remoteText(actor)}
	if err := c.store.SeePhones(ctx, []PhoneSeen{seen}); err != nil {
		return err
	}
	key := "own"
	if !f.Own {
		key = f.KeyDomain.String()
	}
	as.auditDelivery(ctx, seen, key)
	return nil
}

// useNextKey makes the next key of a phone its only one, if the phone has not done that yet.
func (c *Client) useNextKey(ctx context.Context, f PhoneFacts) error {
	m := f.File.MAC
	return c.change(ctx, provisionNode, PhoneShowRequest{MAC: m}, []Lock{LockPhone(m)}, func(s Store) error {
		d, err := s.Device(ctx, m)
		switch {
		case err != nil && err != error(NotFound):
			return err
		case err == nil && d.Key.Hash == f.key:
			return nil
		case err != nil || d.Next.Hash != f.key:
			return failed(NotFound, "the phone %s has got another key", m)
		}
		d.Key, d.Next, d.OpenUntil = d.Next, ProvKey{}, time.Time{}
		return s.SetDevice(ctx, d)
	})
}

// auditDelivery writes the audit line about a delivery of secrets. key says whose key it was: own,
// or the name of a domain.
func (c *Client) auditDelivery(ctx context.Context, seen PhoneSeen, key string) {
	c.store.AfterCommit(func() {
		c.opts.Logger.LogAttrs(ctx, slog.LevelInfo, "audit",
			slog.String("event", provisionNode),
			slog.String("actor", c.actor.Principal.Name),
			slog.String("remote", seen.Address),
			slog.String("subject", seen.MAC.String()),
			slog.String("outcome", string(OK)),
			slog.String("vendor", seen.Said.Vendor),
			slog.String("model", seen.Said.Model),
			slog.String("firmware", seen.Said.Firmware),
			slog.String("key", key))
	})
}
