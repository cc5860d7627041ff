package provision_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/provision"
	"github.com/hermes-voip/go-hermes/mac"
)

// numbered returns the nth address with the prefix of Yealink.
func numbered(n int) mac.Addr { return mac.MustParse(fmt.Sprintf("001565%06x", n)) }

// A walk over guessed addresses with the domain's key finds no file of a phone whose window is
// closed, and after some misses no file at all.
func TestHandler_walk(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	password, key := e.mustUserAdd(t, alice), e.domainKey(t, domainCom)
	for n := range 50 { // enrolled, with a few in the part before the walk is stopped
		m := numbered(n * 5)
		e.mustPhoneAdd(t, m, alice)
		wantStatus(t, "enrolment", e.do(e.ownKey(t, m), m.String()+".cfg", call{from: "203.0.113.1"}), http.StatusOK)
	}
	late := numbered(4000) // a new phone whose window is open
	e.mustPhoneAdd(t, late, alice)
	misses := 0
	for n := range 5000 {
		w := e.get(key, numbered(n).String()+".cfg")
		wantRefusal(t, numbered(n).String(), w)
		if strings.Contains(w.Body.String(), password) {
			t.Fatalf("%s: the password: %s", numbered(n), w.Body)
		}
		if n%5 != 0 && e.count(provision.Blocked) == 0 {
			misses++
		}
	}
	if misses != 21 || e.count(provision.UnknownPhone) != 21 {
		t.Errorf("blocked after %d misses (%d), want 21", misses, e.count(provision.UnknownPhone))
	}
	wantStatus(t, "a file without secrets", e.get(key, "y000000000000.boot"), http.StatusNotFound)
	wantStatus(t, "another address", e.do(key, late.String()+".cfg", call{from: "198.51.100.9"}), http.StatusOK)
	e.sleep(time.Hour)
	wantStatus(t, "an hour later", e.get(key, late.String()+".cfg"), http.StatusOK)
}

func TestHandler_misses(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		why  string
		ask  func(e *env, key string, n int)
		want bool // whether the network is blocked after many of these requests
	}{
		{"unknown phones", func(e *env, key string, n int) { e.get(key, numbered(n).String()+".cfg") }, true},
		{"wrong keys", func(e *env, _ string, n int) { e.get(fmt.Sprintf("AAAAAAAAAAAAAAAAAAAAAA%04d", n+2000), file1) }, true},
		{"contradicting User-Agents", func(e *env, key string, n int) {
			e.do(key, file1, call{agent: "Yealink SIP-T46S 66.84.0.15 " + numbered(n).String()})
		}, true},
		{"unknown phones, asked for by another network", func(e *env, key string, n int) {
			e.do(key, numbered(n).String()+".cfg", call{from: "198.51.100.1"})
		}, false},
		{"names in vain of unknown phones", func(e *env, key string, n int) { e.get(key, numbered(n).String()+"-phone.cfg") }, false},
		{"names that no phone has", func(e *env, key string, n int) { e.get(key, fmt.Sprintf("index%d.html", n)) }, false},
		{"a phone whose window is closed", func(e *env, key string, _ int) { e.get(key, snom1.String()+".xml") }, false},
		{"a phone of another domain", func(e *env, key string, _ int) { e.get(key, noVendor.String()+".cfg") }, false},
	} {
		t.Run(row.why, func(t *testing.T) {
			t.Parallel()
			e, _, key := newPhone(t)
			e.mustUserAdd(t, bob)
			e.mustPhoneAdd(t, snom1, alice)
			wantStatus(t, "enrolment", e.get(e.ownKey(t, snom1), snom1.String()+".xml"), http.StatusOK)
			e.mustPhoneAdd(t, noVendor, bob)
			for n := range 25 {
				row.ask(e, key, n)
			}
			want := http.StatusOK
			if row.want {
				want = http.StatusNotFound
			}
			wantStatus(t, "after 25 of them", e.get(key, file1), want)
		})
	}
}

// TestHandler_office boots 200 healthy phones behind one address at once. They ask for files in
// vain, and the address of DHCP first.
func TestHandler_office(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	e.mustUserAdd(t, alice)
	key := e.domainKey(t, domainCom)
	phones := map[mac.Addr]string{} // their own keys
	for n := range 200 {
		m := mac.MustParse(fmt.Sprintf("0004f2%06x", n))
		e.mustPhoneAdd(t, m, alice)
		phones[m] = e.ownKey(t, m)
	}
	boot := func(m mac.Addr, keys ...string) (served bool) {
		agent := call{agent: "FileTransport PolycomVVX-VVX_411-UA/5.9.0.9373 Type/Application"}
		for _, k := range keys {
			for _, name := range []string{"", "-phone", "-web", "-license", "-directory", "-calls", "-hermes"} {
				suffix := ".cfg"
				if name == "-directory" || name == "-calls" {
					suffix = ".xml"
				}
				w := e.do(k, m.String()+name+suffix, agent)
				served = name == "-hermes" && w.Code == http.StatusOK
			}
			e.do(k, "000000000000-license.cfg", agent)
			e.do(k, m.String()+"-app.log", call{method: http.MethodPut})
		}
		return served
	}
	var wg sync.WaitGroup
	for range 2 { // the second time the domain's key is in vain
		for m, own := range phones {
			wg.Go(func() {
				if !boot(m, key, own) {
					t.Errorf("%s was not served", m)
				}
			})
		}
		wg.Wait()
	}
	if n := e.count(provision.Blocked); n != 0 {
		t.Errorf("%d requests were blocked", n)
	}
	if n := e.count(provision.Closed); n != 6*200 {
		t.Errorf("%d requests of closed phones by the domain's key, want 6 of each", n)
	}
}

// Many requests at once wait for a place, and one network does not take all of them.
func TestHandler_places(t *testing.T) {
	t.Parallel()
	const most = 4
	held, released := make(chan string), make(chan struct{})
	e := newEnv(t, func(o *hermes.Options, p *provision.Options) {
		p.MaxInFlight = most
		o.PhoneFiles = slowFiles{Templates: provision.Embedded(), held: held, released: released}
	})
	e.mustUserAdd(t, alice)
	e.mustPhoneAdd(t, yealink1, alice)
	e.mustPhoneAdd(t, snom1, alice)
	key, other := e.domainKey(t, domainCom), snom1.String()+".xml"
	var wg sync.WaitGroup
	for range 3 * most {
		wg.Go(func() { wantStatus(t, "of many", e.get(key, file1), http.StatusOK) })
	}
	for range most * 3 / 4 {
		<-held
	}
	wg.Go(func() { wantStatus(t, "another network", e.do(key, other, call{from: "198.51.100.1"}), http.StatusOK) })
	if file := <-held; file != other {
		t.Errorf("%s is made, want %s: one network has all places", file, other)
	}
	close(released)
	for range 3*most - most*3/4 {
		<-held
	}
	wg.Wait()
}

// slowFiles is a renderer that says what it begins to make, and waits.
type slowFiles struct {
	*provision.Templates
	held     chan string
	released chan struct{}
}

// Render implements [hermes.PhoneRenderer].
func (f slowFiles) Render(vendor, file string, content hermes.PhoneFile) ([]byte, error) {
	f.held <- file
	<-f.released
	return f.Templates.Render(vendor, file, content)
}
