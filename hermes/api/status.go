package api

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// A reason is why the door refused a request, beyond what its cause tells.
type reason string

// Error returns the reason's own words.
func (r reason) Error() string { return string(r) }

const (
	noSuchNode      reason = "no such node"
	wrongMethod     reason = "wrong method"
	otherSite       reason = "another site's page"
	urlTooLong      reason = "URL too long"
	headersTooLarge reason = "headers too large"
	bodyTooLarge    reason = "body too large"
	notAForm        reason = "not a form"
	badBody         reason = "bad body"
)

// statuses are the answers that are not 200. A reason is more than the cause beside it.
var statuses = map[error]int{
	noSuchNode:      http.StatusNotFound,
	wrongMethod:     http.StatusMethodNotAllowed,
	otherSite:       http.StatusForbidden,
	urlTooLong:      http.StatusRequestURITooLong,
	headersTooLarge: http.StatusRequestHeaderFieldsTooLarge,
	bodyTooLarge:    http.StatusRequestEntityTooLarge,
	notAForm:        http.StatusUnsupportedMediaType,
	badBody:         http.StatusBadRequest,

	hermes.Throttled: http.StatusTooManyRequests,
	hermes.Busy:      http.StatusServiceUnavailable,
	hermes.Internal:  http.StatusInternalServerError,
}

func statusOf(e *hermes.Error) int {
	var key error = e.Cause
	if r, ok := e.Err.(reason); ok {
		key = r
	}
	if status, ok := statuses[key]; ok {
		return status
	}
	return http.StatusOK
}

// refuse makes the door's own refusal.
func refuse(r reason, detail string) *hermes.Error {
	e := &hermes.Error{Response: hermes.Invalid, Cause: hermes.BadRequest, Detail: detail, Err: r}
	switch r {
	case noSuchNode:
		e.Cause = hermes.NoNode
	case otherSite:
		e.Response, e.Cause = hermes.Failed, hermes.Forbidden
	}
	return e
}

// retryAfter writes whole seconds, rounded up: who comes back earlier is refused again.
func retryAfter(d time.Duration) string {
	return strconv.Itoa(int(max(1, math.Ceil(d.Seconds()))))
}
