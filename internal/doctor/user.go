package doctor

import (
	"context"
	"crypto/md5"
	"crypto/rand"
	"encoding/hex"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/bunstore"
	"github.com/hermes-voip/go-hermes/sip"
)

var kamailioOnlyUsersCheck = check{
	name:   "kamailio-only-users",
	level:  Warn,
	ok:     "every user in subscriber has a row in Hermes' table",
	fault:  "users whom only Kamailio's subscriber has, as kamctl adds them",
	remedy: "user/adopt with the domain makes the rows; user/change_pw gives a password that Hermes knows; or user/remove",
}

var emptyHashesCheck = check{
	name:   "empty-hashes",
	level:  Warn,
	ok:     "no ha1 and no ha1b is empty",
	fault:  "users with an empty ha1 or ha1b, as dSIPRouter adds them: a Kamailio with calculate_ha1=0 refuses them",
	remedy: "user/change_pw writes both",
}

var userDomainsCheck = check{
	name:  "user-domains",
	level: Warn,
	ok:    "every user's domain is served",
	fault: "users in domains that are not served",
	remedy: "add the domain to Kamailio's table domain and run its domain.reload, or name it with --domain; " +
		"or user/remove",
}

var sameUserNamesCheck = check{
	name:  "same-user-names",
	level: Warn,
	ok:    "no two domains have a user with the same user name",
	fault: "user names that several domains have: a Kamailio without use_domain=1 takes one user for the other",
	remedy: `see that Kamailio's configuration has modparam("auth_db", "use_domain", 1); ` +
		`doctor cannot check it`,
}

var poolUsersCheck = check{
	name:   "pool-users",
	level:  Warn,
	ok:     "no number in the pool is the user name of a user",
	fault:  "users whose user name is a number in the pool: number/assign passes over it in their domains",
	remedy: "number/remove takes the number out of the pool; or user/remove",
}

// accounts examines Kamailio's table subscriber.
func (e *examiner) accounts(ctx context.Context) {
	e.clearPasswords = newTally(e.clearPasswordsCheck())
	e.poolUsers = newTally(poolUsersCheck)
	kamailioOnly, hashes := newTally(kamailioOnlyUsersCheck), newTally(emptyHashesCheck)
	domains, names := newTally(userDomainsCheck), newTally(sameUserNamesCheck)
	err := readRows(ctx, e, bunstore.Inspector.Accounts, func(a bunstore.Account) {
		address := a.Address.String()
		statement := e.deleteRow("subscriber", a.ID, a.Address)
		names.addIf(a.Shared, a.Address.User())
		switch {
		case e.checkCase("subscriber", address, e.lowerDomains("subscriber", a.ID, "domain"), a.Address.Domain()):
		case e.unserved(a.Address.Domain()):
			domains.addRow(address, statement)
		case a.Pooled:
			e.poolUsers.addRow(address, statement)
		case !a.Provisioned && e.KamailioPlaintext && !a.Clear:
			e.clearPasswords.addRow(address, statement)
		case a.NoHash && !e.KamailioPlaintext:
			hashes.addRow(address, statement)
		case !a.Provisioned:
			kamailioOnly.addRow(address, statement)
		}
	}, "subscriber")
	e.accountsErr = err
	e.reportTally(kamailioOnly, err)
	e.reportTally(hashes, err)
	e.reportTally(domains, err, e.domainsErr)
	e.reportTally(names, err)
}

// clearPasswordsCheck returns the check of subscriber.password, which depends on the settings.
func (e *examiner) clearPasswordsCheck() check {
	c := check{
		name:   "clear-passwords",
		level:  Warn,
		ok:     "subscriber.password is empty",
		fault:  "users whose clear password is in subscriber.password, though kamailio-plaintext is off",
		remedy: "user/change_pw empties it; or kamailio-plaintext, where Kamailio has calculate_ha1=yes",
	}
	if e.KamailioPlaintext {
		c.level = Fail
		c.ok = "subscriber.password has the clear passwords, as kamailio-plaintext requires"
		c.fault = "users whose subscriber.password is empty or not their password, though kamailio-plaintext is on: " +
			"a Kamailio with calculate_ha1=yes refuses them"
		c.remedy = "user/change_pw writes it; or kamailio-plaintext off, where Kamailio reads ha1"
	}
	return c
}

var hermesOnlyUsersCheck = check{
	name:   "hermes-only-users",
	level:  Fail,
	ok:     "every local user has a row in Kamailio's subscriber",
	fault:  "local users without a row in Kamailio's subscriber, as kamctl removes them: they cannot register",
	remedy: "user/change_pw makes the row anew; user/remove removes what is left",
}

var secretKeysCheck = check{
	name:   "secret-keys",
	level:  Fail,
	ok:     "the secret keys open every sealed password",
	fault:  "users whose sealed password no secret key opens",
	remedy: "put the key that sealed it into secret-key, after the first; where that is lost, user/change_pw for each",
}

var passwordHashesCheck = check{
	name:   "password-hashes",
	level:  Fail,
	ok:     "ha1 and ha1b fit the sealed passwords",
	fault:  "users whose ha1 or ha1b does not fit the password that Hermes has: another tool changed it",
	remedy: "user/change_pw writes a new password to both; until then user/get shows what fits ha1, if that is known",
}

var suspendedUsersCheck = check{
	name:  "suspended-users",
	level: Warn,
	ok:    "no suspended user has another password in Kamailio's subscriber than the random one",
	fault: "suspended users for whom Kamailio may have a password again, because another tool wrote it",
	remedy: "user/suspend locks the account again; user/change_pw gives a password that Hermes knows, and leaves the " +
		"user suspended",
}

var remoteUsersCheck = check{
	name:  "remote-users",
	level: Warn,
	ok:    "no remote user is in a domain that is served",
	fault: "remote users in domains that are served, whose accounts here, if there are any, are hidden by them",
	remedy: "user/remove removes Hermes' entry and leaves Kamailio's account; then user/adopt for an account that is " +
		"there, or user/add",
}

// users examines Hermes' own table of users, and compares the passwords with those of Kamailio.
func (e *examiner) users(ctx context.Context) {
	hermesOnly, sealed, hashes := newTally(hermesOnlyUsersCheck), newTally(secretKeysCheck), newTally(passwordHashesCheck)
	remote, suspended := newTally(remoteUsersCheck), newTally(suspendedUsersCheck)
	opener, err := newPasswordOpener(e.SecretKeys)
	if err == nil {
		err = readRows(ctx, e, bunstore.Inspector.Users, func(p bunstore.Provisioned) {
			if p.User.Type == hermes.Local && !p.Account {
				hermesOnly.add(p.User.Address.String())
				return
			}
			e.poolUsers.addIf(p.Pooled && !p.Account, p.User.Address.String())
			remote.addIf(p.User.Type == hermes.Remote && e.serves(p.User.Address.Domain()), p.User.Address.String())
			if p.User.Suspended != "" {
				e.suspended(ctx, opener, p, sealed, suspended)
				return
			}
			e.password(ctx, opener, p, sealed, hashes)
		}, "subscriber")
	}
	e.reportTally(hermesOnly, err)
	e.reportTally(sealed, err)
	e.reportTally(hashes, err)
	e.reportTally(suspended, err)
	e.reportTally(remote, err, e.domainsErr)
	e.reportTally(e.clearPasswords, e.accountsErr, err)
	e.reportTally(e.poolUsers, e.accountsErr, err)
}

// password examines the password of one user. It ignores the rows of subscriber that accounts
// names, and the hashes there of remote users, which Hermes does not use.
func (e *examiner) password(ctx context.Context, o *passwordOpener, p bunstore.Provisioned, sealed, hashes *tally) {
	u := p.User
	password, opened := hermes.Secret{}, false
	if u.Sealed != "" {
		password, opened = o.open(ctx, u)
		if !opened {
			sealed.add(u.Address.String())
			return
		}
	}
	empty := u.HA1 == "" || u.HA1B == ""
	domain := u.Address.Domain()
	if !p.Account || isMixedCase(domain) || e.unserved(domain) || empty && !e.KamailioPlaintext {
		return
	}
	if opened && u.Type == hermes.Local && !empty {
		if ha1, ha1b := kamailioHashes(u.Address, password); u.HA1 != ha1 || u.HA1B != ha1b {
			hashes.add(u.Address.String())
			return
		}
	}
	wrong := u.Clear != ""
	if e.KamailioPlaintext {
		wrong = u.Clear == "" || opened && u.Type == hermes.Local && u.Clear != password.Reveal()
	}
	e.clearPasswords.addIf(wrong, u.Address.String())
}

// suspended examines a suspended user. What Kamailio's table has of it is random: it fits no
// password.
func (e *examiner) suspended(ctx context.Context, o *passwordOpener, p bunstore.Provisioned, sealed, suspended *tally) {
	u := p.User
	if u.Sealed != "" {
		if _, opened := o.open(ctx, u); !opened {
			sealed.add(u.Address.String())
			return
		}
	}
	password, opened := o.openActive(ctx, u)
	if !opened {
		sealed.add(u.Address.String())
		return
	}
	ha1, ha1b := kamailioHashes(u.Address, password)
	suspended.addIf(u.Sealed != "" && password.IsZero() || u.HA1 == ha1 || u.HA1B == ha1b, u.Address.String())
	e.clearPasswords.addIf(e.KamailioPlaintext && u.Clear == "", u.Address.String())
}

// passwordOpener opens sealed passwords. Only a Client can open them, so passwordOpener has one,
// over a store that contains only the user whose password is to be opened.
type passwordOpener struct {
	client *hermes.Client
	store  *singleUserStore
}

// singleUserStore is a store that contains one user. All methods but User panic.
type singleUserStore struct {
	hermes.Store // nil
	user         hermes.User
}

// User implements the only method of hermes.Store that [hermes.Client.UserGet] calls.
func (s *singleUserStore) User(context.Context, sip.Addr) (hermes.User, error) { return s.user, nil }

// newPasswordOpener returns an opener with the given keys. Without keys it opens no password.
func newPasswordOpener(keys []hermes.SecretKey) (*passwordOpener, error) {
	if len(keys) == 0 {
		unused, err := hermes.NewSecretKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		keys = []hermes.SecretKey{unused}
	}
	store := &singleUserStore{}
	client, err := hermes.New(store, &hermes.Options{SecretKeys: keys})
	return &passwordOpener{client: client, store: store}, err
}

// open returns the sealed password of a user, and reports whether one of the keys opens it. Of a
// local user a Client shows only the password that fits ha1, and of a remote user the sealed one.
func (o *passwordOpener) open(ctx context.Context, u hermes.User) (hermes.Secret, bool) {
	u.Type = hermes.Remote
	o.store.user = u
	got, err := o.client.UserGet(ctx, hermes.UserGetRequest{User: u.Address})
	return got.User.Password.Value, err == nil
}

// openActive returns the password that a suspended user has when it is resumed, and reports whether
// one of the keys opens it.
func (o *passwordOpener) openActive(ctx context.Context, u hermes.User) (hermes.Secret, bool) {
	o.store.user = u
	got, err := o.client.UserGet(ctx, hermes.UserGetRequest{User: u.Address})
	return got.User.Password.Value, err == nil
}

// kamailioHashes returns the hashes that Kamailio's auth_db compares. It does not use the code of
// package hermes, because it is here to check its results.
func kamailioHashes(a sip.Addr, password hermes.Secret) (ha1, ha1b string) {
	hash := func(user string) string {
		sum := md5.Sum([]byte(user + ":" + a.Domain().String() + ":" + password.Reveal()))
		return hex.EncodeToString(sum[:])
	}
	return hash(a.User()), hash(a.String())
}

var phoneUsersCheck = check{
	name:   "phones",
	level:  Warn,
	ok:     "the users of every phone exist",
	fault:  "phones of users who do not exist",
	remedy: "phone/remove",
}

// phones examines Hermes' own table of phones.
func (e *examiner) phones(ctx context.Context) {
	t := newTally(phoneUsersCheck)
	err := readRows(ctx, e, bunstore.Inspector.Phones, func(a bunstore.Association) {
		t.addIf(!a.User, a.Phone.MAC.String()+" of "+a.Phone.User.String())
	}, "subscriber")
	e.reportTally(t, err)
}

var groupUsersCheck = check{
	name:   "groups",
	level:  Warn,
	ok:     "the users of all rows of grp exist",
	fault:  "users who do not exist but have rows in grp, which a new user of that name would inherit",
	remedy: "DELETE the rows from grp, which no call of the API shows",
}

// groups examines Kamailio's table grp.
func (e *examiner) groups(ctx context.Context) {
	t := newTally(groupUsersCheck)
	err := readRows(ctx, e, bunstore.Inspector.Grants, func(g bunstore.Grant) {
		t.addRowIf(g.First && !g.User, g.Address.String(), e.deleteGroups(g.ID))
	}, "grp", "subscriber")
	e.reportTally(t, err)
}
