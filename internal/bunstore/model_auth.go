package bunstore

import (
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/hermes-voip/go-hermes/hermes"
)

// credentialModel is the password of an API user in the local backend.
type credentialModel struct {
	bun.BaseModel `bun:"table:hermes.credentials,alias:c"`

	Username string `bun:"username,pk"`
	Hash     string `bun:"hash"`
}

func newCredential(c hermes.Credential) *credentialModel {
	return &credentialModel{Username: c.User, Hash: c.Hash}
}

// authorizationModel is what a principal may do.
type authorizationModel struct {
	bun.BaseModel `bun:"table:hermes.authorizations,alias:z"`

	Kind    string `bun:"kind,pk"`
	Name    string `bun:"name,pk"`
	Access  int    `bun:"access"`
	Epoch   int64  `bun:"epoch"`
	Domains string `bun:"domains"`
	Numbers string `bun:"numbers"`
	Nodes   string `bun:"nodes"`
}

func newAuthorization(a hermes.Authorization) *authorizationModel {
	return &authorizationModel{
		Kind: string(a.Principal.Kind), Name: a.Principal.Name, Access: int(a.Access), Epoch: a.Epoch,
		Domains: a.Scope.Domains, Numbers: a.Scope.Numbers, Nodes: a.Scope.Nodes,
	}
}

func (m *authorizationModel) authorization() hermes.Authorization {
	return hermes.Authorization{
		Principal: hermes.Principal{Kind: hermes.PrincipalKind(m.Kind), Name: m.Name},
		Access:    hermes.Access(m.Access),
		Scope:     hermes.Scope{Domains: m.Domains, Numbers: m.Numbers, Nodes: m.Nodes},
		Epoch:     m.Epoch,
	}
}

// markModel is a fact that outlives the rows that it is about.
type markModel struct {
	bun.BaseModel `bun:"table:hermes.marks,alias:w"`

	Name string `bun:"name,pk"`
}

// authorizedMark is the mark of a database that has had an authorization.
const authorizedMark = "authorized"

// keyModel is an API key.
type keyModel struct {
	bun.BaseModel `bun:"table:hermes.api_keys,alias:k"`

	ID        string `bun:"id,pk"`
	Hash      []byte `bun:"hash"`
	PublicKey []byte `bun:"public_key"`
	Host      string `bun:"host"`
	Comment   string `bun:"comment"`
	CreatedBy string `bun:"created_by"`
	Created   stamp  `bun:"created"`
	Expires   stamp  `bun:"expires"`
	LastUsed  stamp  `bun:"last_used"`
}

func newKey(k hermes.Key) *keyModel {
	return &keyModel{
		ID: k.ID, Hash: k.Hash[:], PublicKey: []byte(k.PublicKey), Host: k.Host, Comment: k.Comment,
		CreatedBy: k.CreatedBy, Created: stamp(k.Created), Expires: stamp(k.Expires), LastUsed: stamp(k.LastUsed),
	}
}

func (m *keyModel) key() hermes.Key {
	return hermes.Key{
		ID: m.ID, Hash: toHash(m.Hash), PublicKey: string(m.PublicKey), Host: m.Host, Comment: m.Comment,
		CreatedBy: m.CreatedBy, Created: time.Time(m.Created), Expires: time.Time(m.Expires), LastUsed: time.Time(m.LastUsed),
	}
}

// secretCheckModel is what shows whether the secret keys are the right ones. There is one row.
type secretCheckModel struct {
	bun.BaseModel `bun:"table:hermes.secret_check,alias:w"`

	ID    int64  `bun:"id,pk"`
	Value string `bun:"value"`
}

// nonceModel is a nonce that has been used.
type nonceModel struct {
	bun.BaseModel `bun:"table:hermes.nonces,alias:o"`

	ID      []byte `bun:"id,pk"`
	Expires stamp  `bun:"expires"`
}

func newNonce(n hermes.Nonce) *nonceModel {
	return &nonceModel{ID: n.ID[:], Expires: stamp(n.Expires)}
}

// loginModel says that a principal has logged in from a network.
type loginModel struct {
	bun.BaseModel `bun:"table:hermes.logins,alias:l"`

	Kind    string `bun:"kind,pk"`
	Name    string `bun:"name,pk"`
	Network string `bun:"network,pk"`
	Expires stamp  `bun:"expires"`
}

func newLogin(l hermes.KnownLogin) *loginModel {
	return &loginModel{
		Kind: string(l.Principal.Kind), Name: l.Principal.Name, Network: l.Network, Expires: stamp(l.Expires),
	}
}

func (m *loginModel) login() hermes.KnownLogin {
	return hermes.KnownLogin{
		Principal: hermes.Principal{Kind: hermes.PrincipalKind(m.Kind), Name: m.Name},
		Network:   m.Network, Expires: time.Time(m.Expires),
	}
}

// answerModel is the kept answer to a call.
type answerModel struct {
	bun.BaseModel `bun:"table:hermes.answers,alias:y"`

	Kind    string `bun:"kind,pk"`
	Name    string `bun:"name,pk"`
	Node    string `bun:"node,pk"`
	Key     string `bun:"key,pk"`
	Sealed  []byte `bun:"sealed"`
	Expires stamp  `bun:"expires"`
}

func newAnswer(a hermes.KeptAnswer) *answerModel {
	return &answerModel{
		Kind: string(a.Key.Principal.Kind), Name: a.Key.Principal.Name, Node: a.Key.Node, Key: a.Key.Key,
		Sealed: []byte(a.Sealed), Expires: stamp(a.Expires),
	}
}

func (m *answerModel) answer() hermes.KeptAnswer {
	return hermes.KeptAnswer{
		Key: hermes.AnswerKey{
			Principal: hermes.Principal{Kind: hermes.PrincipalKind(m.Kind), Name: m.Name}, Node: m.Node, Key: m.Key,
		},
		Sealed: string(m.Sealed), Expires: time.Time(m.Expires),
	}
}

// sessionModel is a login.
type sessionModel struct {
	bun.BaseModel `bun:"table:hermes.sessions,alias:e"`

	ID         []byte `bun:"id,pk"`
	Kind       string `bun:"kind"`
	Name       string `bun:"name"`
	Cookie     []byte `bun:"cookie"`
	Salt       []byte `bun:"salt"`
	Gen        int64  `bun:"gen"`
	Created    stamp  `bun:"created"`
	Rotated    stamp  `bun:"rotated"`
	KeyExpires stamp  `bun:"key_expires"`
	Expires    stamp  `bun:"expires"`
	LastSeen   stamp  `bun:"last_seen"`
	Confirmed  stamp  `bun:"confirmed"`
}

func newSession(s hermes.Session) *sessionModel {
	return &sessionModel{
		ID: s.ID[:], Kind: string(s.Principal.Kind), Name: s.Principal.Name,
		Cookie: s.Cookie[:], Salt: []byte(s.Salt), Gen: s.Gen,
		Created: stamp(s.Created), Rotated: stamp(s.Rotated), KeyExpires: stamp(s.KeyExpires),
		Expires: stamp(s.Expires), LastSeen: stamp(s.LastSeen), Confirmed: stamp(s.Confirmed),
	}
}

// sessionRow is a session joined with its principal's authorization and, where that is one, its
// API key.
type sessionRow struct {
	sessionModel

	Access        int    `bun:"access"`
	Domains       string `bun:"domains"`
	Numbers       string `bun:"numbers"`
	Nodes         string `bun:"nodes"`
	Host          string `bun:"host"`
	APIKeyExpires stamp  `bun:"api_key_expires"`
}

func (r *sessionRow) state() hermes.SessionState {
	return hermes.SessionState{
		Session: hermes.Session{
			ID:        toHash(r.ID),
			Principal: hermes.Principal{Kind: hermes.PrincipalKind(r.Kind), Name: r.Name},
			Cookie:    toHash(r.Cookie), Salt: string(r.Salt), Gen: r.Gen,
			Created: time.Time(r.Created), Rotated: time.Time(r.Rotated), KeyExpires: time.Time(r.KeyExpires),
			Expires: time.Time(r.Expires), LastSeen: time.Time(r.LastSeen), Confirmed: time.Time(r.Confirmed),
		},
		Access: hermes.Access(r.Access), Scope: hermes.Scope{Domains: r.Domains, Numbers: r.Numbers, Nodes: r.Nodes},
		Host: r.Host, KeyExpires: time.Time(r.APIKeyExpires),
	}
}

// toHash reads a column of a hash. Bytes of another length, which this package never writes, give
// the zero hash, which no token has.
func toHash(b []byte) (h hermes.Hash) {
	if len(b) == len(h) {
		copy(h[:], b)
	}
	return h
}

// stamp is a column of a time: timestamptz in PostgreSQL, and in SQLite, which has no type that
// compares as time does, microseconds since 1970. The zero time is NULL.
type stamp time.Time

// Scan implements sql.Scanner.
func (t *stamp) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*t = stamp{}
	case time.Time:
		*t = stamp(v.UTC())
	case int64:
		*t = stamp(time.UnixMicro(v).UTC())
	default:
		return fmt.Errorf("time column of type %T: want a time or microseconds", src)
	}
	return nil
}
