package doctor

import (
	"context"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/bunstore"
)

// accounts examines Kamailio's subscriber.
func (e *exam) accounts(ctx context.Context) {
	foreign, empty, unserved, same := newTally(kamailioOnlyUsers), newTally(emptyHashes), newTally(userDomains), newTally(sameUserNames)
	e.clear = newTally(clearKept)
	if e.KamailioPlaintext {
		e.clear = newTally(clearMissing)
	}
	err := pages(ctx, e, bunstore.Inspector.Accounts, func(a bunstore.Account) {
		name := a.Address.String()
		foreign.addIf(!a.Provisioned, name)
		empty.addIf(a.NoHash, name)
		unserved.addIf(!e.serves(a.Address.Domain()), name)
		same.addIf(a.Shared, a.Address.User())
		e.clear.addIf(a.Clear != e.KamailioPlaintext, name)
		e.lowerCase("subscriber", name, a.Address.Domain())
	}, "subscriber")
	e.errs.accounts = err
	e.finish(foreign, err)
	e.finish(empty, err)
	e.finish(unserved, err, e.unknown)
	e.finish(same, err)
}

// users examines Hermes' own rows of users, and the passwords that they hold.
func (e *exam) users(ctx context.Context) {
	orphans, sealed, hashes := newTally(hermesOnlyUsers), newTally(secretKeys), newTally(passwordHashes)
	o, err := newOpener(e.SecretKeys)
	if err == nil {
		err = pages(ctx, e, bunstore.Inspector.Users, func(p bunstore.Provisioned) {
			orphans.addIf(p.User.Type == hermes.Local && !p.Account, p.User.Address.String())
			e.password(ctx, o, p, sealed, hashes)
		}, "subscriber")
	}
	e.finish(orphans, err)
	e.finish(sealed, err)
	e.finish(hashes, err)
	e.finish(e.clear, e.errs.accounts, err)
}

// password examines one user's. Empty hashes are another check's, and a remote user's account is nobody's.
func (e *exam) password(ctx context.Context, o *opener, p bunstore.Provisioned, sealed, hashes *tally) {
	u := p.User
	if u.Sealed == "" {
		return
	}
	clear, ok := o.open(ctx, u)
	sealed.addIf(!ok, u.Address.String())
	if !ok || u.Type != hermes.Local || !p.Account {
		return
	}
	ha1, ha1b := hashesOf(u.Address, clear)
	wrong := u.HA1 != ha1 || u.HA1B != ha1b
	hashes.addIf(wrong && u.HA1 != "" && u.HA1B != "", u.Address.String())
	e.clear.addIf(e.KamailioPlaintext && u.Clear != "" && u.Clear != clear.Reveal(), u.Address.String())
}
