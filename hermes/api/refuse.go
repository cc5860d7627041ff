package api

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// A reason is why the Handler itself refused a request. It is more specific than the cause, and
// decides the HTTP status.
type reason string

// Error returns the text of the reason.
func (r reason) Error() string { return string(r) }

const (
	otherHost       reason = "another server's host"
	noSuchNode      reason = "no such node"
	wrongMethod     reason = "wrong method"
	otherSite       reason = "another site's page"
	urlTooLong      reason = "URL too long"
	headersTooLarge reason = "headers too large"
	bodyTooLarge    reason = "body too large"
	notAForm        reason = "not a form"
	badBody         reason = "bad body"
)

// statuses are the HTTP statuses other than 200, by reason or by cause.
var statuses = map[error]int{
	otherHost:       http.StatusMisdirectedRequest,
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

// refuse returns the error with which the Handler itself refuses a request.
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

// retryAfter returns the value of the Retry-After header: d in whole seconds, rounded up, since a
// client that retried earlier would be refused again.
func retryAfter(d time.Duration) string {
	return strconv.Itoa(int(max(1, math.Ceil(d.Seconds()))))
}
