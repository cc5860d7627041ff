package api_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/api"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/internal/test/apitest"
)

// scripted is a store in which one method does what a test says.
type scripted struct {
	hermes.Store
	users func(context.Context, hermes.UserQuery) ([]hermes.UserEntry, error)
}

func (s scripted) Users(ctx context.Context, q hermes.UserQuery) ([]hermes.UserEntry, error) {
	return s.users(ctx, q)
}

func TestBusy(t *testing.T) {
	entered, leave, answers := make(chan bool), make(chan bool), make(chan apitest.Answer, 2)
	store := scripted{memstore.New(), func(context.Context, hermes.UserQuery) ([]hermes.UserEntry, error) {
		entered <- true
		<-leave
		return nil, nil
	}}
	w := apitest.New(t, store, &apitest.Options{API: api.Options{MaxInFlight: 2}})
	reader := w.Login("reader")
	for range 2 {
		go func() { answers <- w.Ask(question(reader, "user/list")) }()
		select {
		case <-entered:
		case a := <-answers:
			t.Fatalf("one in flight: %s", a.Body)
		}
	}
	a := w.Ask(question(reader, "domain/list"))
	if a.Status != 503 || a.Is() != "failed/busy" || a.Header.Get("Retry-After") != "1" {
		t.Errorf("one too many: got %d %s, Retry-After %q", a.Status, a.Is(), a.Header.Get("Retry-After"))
	}
	w.Handler.Drain()
	close(leave)
	for range 2 {
		if a := <-answers; a.Is() != "ok" {
			t.Errorf("one in flight, while the server drains: %s", a.Body)
		}
	}
	if a := w.Ask(question(reader, "domain/list")); a.Status != 503 || a.Is() != "failed/busy" {
		t.Errorf("after Drain: got %d %s", a.Status, a.Is())
	}
}

// TestSlowBodiesTakeNoRoom has a client that sends its parameters bit by bit.
func TestSlowBodiesTakeNoRoom(t *testing.T) {
	w := world(t, &apitest.Options{API: api.Options{MaxInFlight: 1}})
	reader := w.Login("reader")
	body, client := io.Pipe()
	slow := apitest.Question{Caller: reader, Node: "user/list", Form: "x"}.Request()
	slow.Body, slow.ContentLength = body, -1
	answered := make(chan apitest.Answer)
	go func() { answered <- w.Serve(t, nil, slow) }()
	if _, err := io.WriteString(client, "limit="); err != nil { // returns when it has been read
		t.Fatal(err)
	}
	if a := w.Ask(question(reader, "domain/list")); a.Is() != "ok" {
		t.Errorf("beside a slow client: %s", a.Body)
	}
	io.WriteString(client, "1")
	client.Close()
	if a := <-answered; a.Is() != "ok" {
		t.Errorf("the slow client: %s", a.Body)
	}
}

// TestDrainAnswersWhatCameBefore has a request whose parameters are on their way still.
func TestDrainAnswersWhatCameBefore(t *testing.T) {
	w := world(t, nil)
	body, client := io.Pipe()
	slow := apitest.Question{Caller: w.Login("reader"), Node: "user/list", Form: "x"}.Request()
	slow.Body, slow.ContentLength = body, -1
	answered := make(chan apitest.Answer)
	go func() { answered <- w.Serve(t, nil, slow) }()
	if _, err := io.WriteString(client, "limit="); err != nil { // returns when it has been read
		t.Fatal(err)
	}
	w.Handler.Drain()
	io.WriteString(client, "1")
	client.Close()
	if a := <-answered; a.Is() != "ok" {
		t.Errorf("the request in flight: %s", a.Body)
	}
}

func TestRoomIsGivenBack(t *testing.T) {
	w := world(t, &apitest.Options{API: api.Options{MaxInFlight: 1}})
	reader := w.Login("reader")
	for range 3 {
		if a := w.Ask(question(reader, "domain/list")); a.Is() != "ok" {
			t.Fatalf("one after the other: %s", a.Body)
		}
	}
}

func TestPanic(t *testing.T) {
	var log strings.Builder
	store := scripted{memstore.New(), func(context.Context, hermes.UserQuery) ([]hermes.UserEntry, error) { panic("no such luck") }}
	w := apitest.New(t, store, &apitest.Options{API: api.Options{Logger: slog.New(slog.NewTextHandler(&log, nil)), MaxInFlight: 1}})
	reader := w.Login("reader")
	a := w.Ask(question(reader, "user/list"))
	if a.Status != 500 || a.Is() != "error/internal" || a.Text("detail") != a.Header.Get("X-Request-Id") {
		t.Errorf("got %d %s", a.Status, a.Body)
	}
	if !strings.Contains(log.String(), "no such luck") || !strings.Contains(log.String(), "id="+a.Text("detail")) {
		t.Errorf("the log does not tell it under the id %s: %s", a.Text("detail"), log.String())
	}
	if a := w.Ask(question(reader, "domain/list")); a.Is() != "ok" {
		t.Errorf("after a panic: %s", a.Body)
	}
}

func TestInnerErrorsStayInside(t *testing.T) {
	var log strings.Builder
	store := scripted{memstore.New(), func(context.Context, hermes.UserQuery) ([]hermes.UserEntry, error) {
		return nil, errors.New("disk on fire")
	}}
	w := apitest.New(t, store, &apitest.Options{API: api.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}})
	a := w.Ask(question(w.Login("reader"), "user/list"))
	if a.Is() != "failed/dbfail" || strings.Contains(a.Body, "fire") {
		t.Errorf("got %s", a.Body)
	}
	if !strings.Contains(log.String(), "disk on fire") || !strings.Contains(log.String(), "id="+a.Header.Get("X-Request-Id")) {
		t.Errorf("the log does not tell it under the id of the answer: %s", log.String())
	}
}

func TestObserve(t *testing.T) {
	var seen []api.Outcome
	w := world(t, &apitest.Options{API: api.Options{Observe: func(o api.Outcome) { seen = append(seen, o) }}})
	reader := w.Login("reader")
	seen = nil
	w.Ask(question(reader, "user/list"))
	w.Ask(question(reader, "user/remove?user=a@example.com"))
	w.Ask(question(reader, "nowhere"))
	want := []api.Outcome{
		{Node: "user/list", Response: hermes.OK, Status: 200},
		{Node: "user/remove", Response: hermes.Failed, Cause: hermes.Forbidden, Status: 200},
		{Response: hermes.Invalid, Cause: hermes.NoNode, Status: 404},
	}
	if len(seen) != len(want) {
		t.Fatalf("%d outcomes, want %d", len(seen), len(want))
	}
	for i, o := range seen {
		if o.Node != want[i].Node || o.Response != want[i].Response || o.Cause != want[i].Cause || o.Status != want[i].Status {
			t.Errorf("got %+v, want %+v", o, want[i])
		}
		if o.ID == "" || !o.Remote.IsValid() || o.Node != "" && o.Principal.Name != "reader" {
			t.Errorf("without id, address or principal: %+v", o)
		}
	}
}
