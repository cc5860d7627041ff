package campaign_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// maxWriters is the number of writers of a load.
const maxWriters = 5

// writer lives one life after the other on hermesd and on the model. It is used by one goroutine at
// a time.
type writer struct {
	hermesd *side
	model   *side
	client  *hermes.Client // of the model, acting as the program itself
	store   hermes.Store   // of the model

	lives   int
	calls   []call // what is left of the life
	lost    *call  // the call whose outcome is not known, or nil
	answers int    // that carried out a call or refused it
	refused int    // answers that the database could not carry it out

	lostDone, lostUndone int // what became of lost calls
}

// next makes the next call of the life. It reports whether the outcome of all calls is known. A
// call that was carried out or refused is made on the model too, and must be answered alike.
func (w *writer) next(t *testing.T) bool {
	if len(w.calls) == 0 {
		w.calls = life(w.hermesd.writer, w.lives)
		w.lives++
	}
	c := w.calls[0]
	w.calls = w.calls[1:]
	a, err := w.hermesd.post(t.Context(), c)
	switch {
	case err != nil || isUnknown(a):
		w.lost = &c
		return false
	case isDown(a):
		w.refused++
		return true
	}
	w.answers++
	m, err := w.model.post(t.Context(), c)
	if err != nil {
		t.Errorf("the model: %v", err)
		return false
	}
	if a.Class() != m.Class() {
		t.Errorf("%s %s: answered %s, and the model %s", c.node, c.form, a.Body, m.Body)
	}
	if password := passwordOf(a); c.generates != "" && password != "" {
		w.adopt(t, c.generates, password)
	}
	return true
}

// adopt sets a user's password on the model.
func (w *writer) adopt(t *testing.T, user, password string) {
	req := hermes.UserChangePwRequest{User: sip.MustParse(user), Password: hermes.NewSecret(password)}
	if _, err := w.client.UserChangePw(t.Context(), req); err != nil {
		t.Errorf("the model: %v", err)
	}
}

// settle compares what is there with the model. If a call was lost, it may be there, or not; the
// model then has it too, or not.
func (w *writer) settle(t *testing.T) {
	t.Helper()
	got, without := w.hermesd.dump(t), w.model.dump(t)
	lost := w.lost
	w.lost = nil
	if got == without {
		if lost != nil {
			w.lostUndone++
		}
		return
	}
	if lost == nil {
		t.Fatalf("%s, where each call was answered: (-model +hermesd)\n%s", writerName(w.model.writer), cmp.Diff(without, got))
	}
	keyURL := w.model.keyURL // the answer is lost to the model, too
	if _, err := w.model.post(t.Context(), *lost); err != nil {
		t.Fatal(err)
	}
	w.model.keyURL = keyURL
	if lost.generates != "" {
		w.adopt(t, lost.generates, passwordOf(w.hermesd.Call(t, w.hermesd.session, "user/get", "user="+lost.generates)))
	}
	if with := w.model.dump(t); got != with {
		t.Fatalf("%s: %s %s without an answer was carried out in part: (-model without it +hermesd)\n%s\n(-model with it +hermesd)\n%s",
			writerName(w.model.writer), lost.node, lost.form, cmp.Diff(without, got), cmp.Diff(with, got))
	}
	w.lostDone++
	for _, s := range []*side{w.hermesd, w.model} {
		s.keyURL = s.MustCall(t, "ok", s.session, "domain/prov_key", "domain="+writerDomain(s.writer)).Text("url")
	}
}

// addToolUser adds a user of the writer's domain as another tool does, unless it is there.
func (w *writer) addToolUser(t *testing.T, d *database) {
	t.Helper()
	address := sip.MustParse(toolUser(w.hermesd.writer))
	d.exec(t, "INSERT INTO subscriber (username, domain, password, ha1, ha1b) SELECT 'tool', '"+address.Domain().String()+
		"', '', 'x', 'x' WHERE NOT EXISTS (SELECT 1 FROM subscriber WHERE username = 'tool' AND domain = '"+address.Domain().String()+"')")
	err := w.store.AddUser(t.Context(), hermes.User{Address: address, Type: hermes.Local, HA1: "x", HA1B: "x"})
	if err != nil && err != error(hermes.Exists) {
		t.Fatal(err)
	}
}
