package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// floorServer is the helper "floor": the least that a server for user/get can do, written by hand.
// It serves /constant, and /user with the session and the user read by two prepared statements.
type floorServer struct {
	pool *pgxpool.Pool
	user string // statement
}

// runFloor serves until the context ends.
func runFloor(ctx context.Context, url string, stdout io.Writer) error {
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return err
	}
	defer pool.Close()
	s := &floorServer{pool: pool, user: fmt.Sprintf(userSelect, "$1")}
	mux := http.NewServeMux()
	mux.HandleFunc("/constant", s.constant)
	mux.HandleFunc("/api/user/get", s.userGet)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, floorListening+"http://"+l.Addr().String())
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// floorListening begins the line that says where the floor listens.
const floorListening = "floor: listening on "

func (s *floorServer) constant(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = io.WriteString(w, `{"response":"ok"}`)
}

const sessionSelect = `SELECT s.cookie, s.expires, a.access FROM hermes.sessions AS s
	JOIN hermes.authorizations AS a ON a.kind = s.kind AND a.name = s.name WHERE s.id = $1`

func (s *floorServer) userGet(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	q := r.URL.Query()
	if !s.authenticated(r, q.Get("session"), q.Get("auth_key")) {
		http.Error(w, `{"response":"failed"}`, http.StatusUnauthorized)
		return
	}
	var answer struct {
		Response string    `json:"response"`
		User     floorUser `json:"user"`
	}
	answer.Response = "ok"
	name, _, _ := strings.Cut(q.Get("user"), "@")
	if err := answer.User.read(r.Context(), s.pool, s.user, name); err != nil {
		http.Error(w, `{"response":"error"}`, http.StatusInternalServerError)
		return
	}
	body, err := json.Marshal(answer)
	if err != nil {
		http.Error(w, `{"response":"error"}`, http.StatusInternalServerError)
		return
	}
	_, _ = w.Write(body)
}

// authenticated checks the session and its cookie. An auth_key is not checked, since that would
// need Hermes' own derivation of it.
func (s *floorServer) authenticated(r *http.Request, session, authKey string) bool {
	id := sha256.Sum256([]byte(session))
	var cookie []byte
	var expires time.Time
	var access int
	err := s.pool.QueryRow(r.Context(), sessionSelect, id[:]).Scan(&cookie, &expires, &access)
	if err != nil || authKey == "" || access == 0 || !expires.After(time.Now()) {
		return false
	}
	for _, c := range r.Cookies() {
		sum := sha256.Sum256([]byte(c.Value))
		if subtle.ConstantTimeCompare(sum[:], cookie) == 1 {
			return true
		}
	}
	return false
}

// startFloor starts the helper "floor" over a database.
func (b *bench) startFloor(ctx context.Context, d database) (*child, error) {
	cmd, err := b.self("floor", d.url)
	if err != nil {
		return nil, err
	}
	return b.start(ctx, cmd, floorListening)
}
