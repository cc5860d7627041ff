package doctor

import (
	"context"
	"crypto/md5"
	"crypto/rand"
	"encoding/hex"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// opener opens sealed passwords of rows that were read already. How they are sealed only a Client knows: it is
// given a store that has the one user at hand.
type opener struct {
	client *hermes.Client
	store  *oneUser
}

type oneUser struct {
	hermes.Store // nil: user/get asks for nothing but the user
	user         hermes.User
}

// User implements the part of hermes.Store that is used.
func (o *oneUser) User(context.Context, sip.Addr) (hermes.User, error) { return o.user, nil }

// newOpener makes one. Without a key it opens nothing.
func newOpener(keys []hermes.SecretKey) (*opener, error) {
	if len(keys) == 0 {
		key, err := hermes.NewSecretKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		keys = []hermes.SecretKey{key}
	}
	store := &oneUser{}
	client, err := hermes.New(store, &hermes.Options{SecretKeys: keys})
	return &opener{client, store}, err
}

func (o *opener) open(ctx context.Context, u hermes.User) (hermes.Secret, bool) {
	o.store.user = u
	got, err := o.client.UserGet(ctx, hermes.UserGetRequest{User: u.Address})
	return got.User.Password.Value, err == nil
}

// hashesOf is what Kamailio's auth_db compares, reckoned apart from the code that is examined here.
func hashesOf(a sip.Addr, password hermes.Secret) (ha1, ha1b string) {
	hash := func(user string) string {
		sum := md5.Sum([]byte(user + ":" + a.Domain().String() + ":" + password.Reveal()))
		return hex.EncodeToString(sum[:])
	}
	return hash(a.User()), hash(a.String())
}
