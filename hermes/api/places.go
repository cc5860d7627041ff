package api

import (
	"net/netip"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// Limits of the places of a Handler; see [Options.MaxInFlight].
var (
	sessionLimits = hermes.PlaceLimits{Total: 32, Share: 16, Queue: 256, Wait: 10 * time.Second}
	pingLimits    = hermes.PlaceLimits{Total: 16, Share: 8, Queue: 256, Wait: 10 * time.Second}
	knownLimits   = hermes.PlaceLimits{Total: 8, Share: 4, Queue: 64, Wait: 10 * time.Second}
	listLimits    = hermes.PlaceLimits{Total: 64, Share: 8}

	largeLimits        = hermes.PlaceLimits{Total: 16, Share: 8, Queue: 256, Wait: 10 * time.Second}
	largeSessionLimits = hermes.PlaceLimits{Total: 8, Share: 4}
)

// largeBody is the size in bytes beyond which a body is large.
const largeBody = 4 << 10

// places are what requests need while they are being worked on. They are not needed for writing a
// short answer: a client that does not read would keep them.
type places struct {
	requests   *hermes.Places[party] // except those to nodes of sessions
	principals *hermes.Places[party] // the same requests, once they have been authenticated
	sessions   *hermes.Places[party] // nodes of sessions, except the next two and logins of strangers
	pings      *hermes.Places[party]
	known      *hermes.Places[party] // logins of users who have logged in from the same network before
	lists      *hermes.Places[party] // and other long answers that are being read

	// Those of requests with a body of more than largeBody, which honest clients hardly ever send.
	// They are taken before the rest of the body is read: to read and to parse bodies of requests that
	// are then refused could take most of the time of the server. Those to nodes of sessions do not
	// wait.
	large         *hermes.Places[party]
	largeSessions *hermes.Places[party] // of nodes of sessions
}

// party is what shares a kind of places: a principal or, where there is none, a network.
type party struct {
	principal hermes.Principal
	network   netip.Prefix
}

func newPlaces(maxInFlight int) places {
	return places{
		requests:   hermes.NewPlaces[party](hermes.PlaceLimits{Total: maxInFlight, Queue: maxInFlight, Wait: time.Second}),
		principals: hermes.NewPlaces[party](hermes.PlaceLimits{Total: maxInFlight, Share: max(2, maxInFlight/4)}),
		sessions:   hermes.NewPlaces[party](sessionLimits),
		pings:      hermes.NewPlaces[party](pingLimits),
		known:      hermes.NewPlaces[party](knownLimits),
		lists:      hermes.NewPlaces[party](listLimits),

		large:         hermes.NewPlaces[party](largeLimits),
		largeSessions: hermes.NewPlaces[party](largeSessionLimits),
	}
}

// party returns the party that makes the request.
func (req *request) party() party {
	if req.outcome.Principal != (hermes.Principal{}) {
		return party{principal: req.outcome.Principal}
	}
	return party{network: hermes.NetworkOf(req.outcome.Remote)}
}

// takeLargePlace takes the place that a request with a large body needs, or returns a failed/busy
// error.
func (req *request) takeLargePlace() error {
	if req.endpoint.session {
		return req.take(req.handler.places.largeSessions, req.party())
	}
	return req.take(req.handler.places.large, req.party())
}

// takePlace takes the place that the request needs before it is authenticated, if any, or returns a
// failed/busy error. A request to a node of sessions waits its turn.
func (req *request) takePlace() error {
	if req.draining {
		return busy("the server is stopping")
	}
	if req.handler.held.Load() {
		return busy("the server is not ready yet")
	}
	if !req.endpoint.session {
		return req.take(req.handler.places.requests, party{})
	}
	if p := req.sessionPlaces(); p != nil {
		return req.take(p, req.party())
	}
	return nil
}

// sessionPlaces returns the places for a request to a node of sessions, or nil for the login of a
// user who is not known: the Client limits such logins and lets them wait, and what waits must not
// keep a place from others.
func (req *request) sessionPlaces() *hermes.Places[party] {
	anonymous := req.handler.client.As(hermes.Actor{Remote: req.outcome.Remote})
	user := req.params.values["username"] // only auth/login has it
	switch {
	case req.endpoint.guarded:
		return req.handler.places.pings
	case user == "":
		return req.handler.places.sessions
	case anonymous.KnowsLogin(user):
		return req.handler.places.known
	}
	return nil
}

// takeShare counts an authenticated request against the share of its principal, or returns a
// failed/busy error.
func (req *request) takeShare() error {
	if req.endpoint.session {
		return nil
	}
	return req.take(req.handler.places.principals, req.party())
}

// takeListPlace exchanges the places of the request for one of those for long answers, or returns a
// failed/busy error.
func (req *request) takeListPlace() error {
	held := req.places
	req.places = nil
	err := req.take(req.handler.places.lists, req.party())
	for _, give := range held {
		give()
	}
	return err
}

func (req *request) take(from *hermes.Places[party], p party) error {
	give, ok := from.Take(req.r.Context(), p)
	if !ok {
		return busy("too many requests at once")
	}
	req.places = append(req.places, give)
	return nil
}

// givePlaces gives the places back that the request has.
func (req *request) givePlaces() {
	for _, give := range req.places {
		give()
	}
	req.places = nil
}

func busy(detail string) *hermes.Error {
	return &hermes.Error{Response: hermes.Failed, Cause: hermes.Busy, RetryAfter: time.Second, Detail: detail}
}
