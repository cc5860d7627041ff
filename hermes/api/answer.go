package api

import (
	"errors"
	"fmt"
	"iter"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/wire"
)

// fail answers an error.
func (req *request) fail(err error) {
	e := req.recordError(err)
	if e.RetryAfter > 0 {
		req.w.Header().Set("Retry-After", retryAfter(e.RetryAfter))
	}
	if req.endpoint != nil && e.Err == wrongMethod {
		req.w.Header().Set("Allow", req.endpoint.allow())
	}
	req.send(statusOf(e), append(appendError([]byte{'{'}, e), '}'))
}

// recordError stores an error in the outcome and returns it as it is to be answered. Of a fault
// inside Hermes the client learns only the id under which it is logged.
func (req *request) recordError(err error) *hermes.Error {
	var e *hermes.Error
	if !errors.As(err, &e) {
		e = &hermes.Error{Response: hermes.Fault, Cause: hermes.Internal, Err: err}
	}
	req.outcome.Response, req.outcome.Cause = e.Response, e.Cause
	if _, ok := e.Err.(reason); !ok {
		req.outcome.Err = e.Err
	}
	if e.Response != hermes.Fault {
		return e
	}
	answered := *e
	answered.Detail = req.outcome.ID
	return &answered
}

// succeed answers a response struct. The error is nil, or has a cause that is answered beside the
// list of the response.
func (req *request) succeed(output any, err error) {
	fields := responseFieldsOf(reflect.TypeOf(output))
	variable := fields.variables.Get()
	v := reflect.ValueOf(variable).Elem()
	v.Set(reflect.ValueOf(output))
	defer func() {
		v.SetZero()
		fields.variables.Put(variable)
	}()
	req.outcome.Response = req.endpoint.Answers
	if fields.cookie >= 0 {
		setCookie(req.w, v.Field(fields.cookie).Interface().(hermes.Cookie), req.secure)
	}
	switch {
	case fields.text >= 0:
		req.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		req.send(http.StatusOK, []byte(v.Field(fields.text).Interface().(hermes.Secret).Reveal()))
	case fields.list >= 0:
		req.stream(fields, v, err)
	default:
		req.object(fields, v)
	}
}

// object answers a response without a list as one JSON object.
func (req *request) object(fields *responseFields, v reflect.Value) {
	buffer := req.handler.takeBuffer()
	body := append(buffer.b, `{"response":`...)
	body = appendString(body, string(req.endpoint.Answers))
	if req.dryRun {
		body = append(body, `,"dry_run":true`...)
	}
	body, err := appendMembers(body, fields.members, v)
	body = append(body, '}')
	// A change has been made, whether there is a place for its answer or not.
	if err == nil && len(body) > chunkSize && !req.endpoint.Changes {
		err = req.takeListPlace()
	}
	if err != nil {
		req.fail(err)
	} else {
		req.send(http.StatusOK, body)
	}
	req.handler.keepBuffer(buffer, body)
}

// buffer is an empty slice in which an answer is made. Handlers keep buffers for the next answers.
type buffer struct{ b []byte }

// largestKept is the size of the largest slice that is kept. A list needs a bit more than
// chunkSize.
const largestKept = 2 * chunkSize

func (h *Handler) takeBuffer() *buffer {
	if b, ok := h.buffers.Get().(*buffer); ok {
		return b
	}
	return &buffer{}
}

// keepBuffer gives back what takeBuffer returned. used is what the slice has become.
func (h *Handler) keepBuffer(b *buffer, used []byte) {
	if cap(used) <= largestKept {
		b.b = used[:0]
		h.buffers.Put(b)
	}
}

// send writes a complete answer. A long one keeps the places of the request while it is being read,
// and is written in chunks as a list is.
func (req *request) send(status int, body []byte) {
	req.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if len(body) <= chunkSize {
		req.givePlaces()
		req.writeHeader(status)
		req.write(body)
		return
	}
	req.writeHeader(status)
	for chunk := range slices.Chunk(body, chunkSize) {
		req.setChunkDeadline()
		if !req.write(chunk) {
			return
		}
	}
}

func (req *request) writeHeader(status int) {
	req.outcome.Status, req.sent = status, true
	req.setWriteDeadline(req.handler.opts.WriteTimeout)
	req.w.WriteHeader(status)
}

// setWriteDeadline gives the client that time for reading what is written next, however long it
// took to make it.
func (req *request) setWriteDeadline(timeout time.Duration) {
	_ = req.control.SetWriteDeadline(time.Now().Add(timeout))
}

// setChunkDeadline gives the client the time for reading a chunk of a long answer.
func (req *request) setChunkDeadline() {
	req.setWriteDeadline(min(chunkTimeout, req.handler.opts.WriteTimeout))
}

// write writes a part of the body and reports whether the client is still connected.
func (req *request) write(b []byte) bool {
	if req.r.Method == http.MethodHead {
		return true
	}
	_, err := req.w.Write(b)
	if err != nil && req.outcome.Err == nil {
		req.outcome.Err = fmt.Errorf("write the answer: %w", err)
	}
	return err == nil
}

// responseFields holds the fields of a response struct that are answered in a special way, by index
// or -1, and the members of the JSON object.
type responseFields struct {
	text    int // the field that is the whole answer, as plain text
	cookie  int // the [hermes.Cookie]
	list    int // the [*hermes.List]
	members []member

	// variables has pointers to zero values of the type. A response is copied to one of these
	// values, since encoders need an addressable value.
	variables sync.Pool
}

// list is a [*hermes.List] of any type.
type list interface {
	Pages() iter.Seq2[any, error]
	Next() string
}

var responseTypes sync.Map // reflect.Type → *responseFields

// responseFieldsOf returns the fields of t, which are looked up once.
func responseFieldsOf(t reflect.Type) *responseFields {
	if fields, ok := responseTypes.Load(t); ok {
		return fields.(*responseFields)
	}
	fields := &responseFields{text: wire.TextField(t), cookie: -1, list: -1, members: membersOf(t)}
	fields.variables.New = func() any { return reflect.New(t).Interface() }
	for i := range t.NumField() {
		switch sf := t.Field(i); {
		case sf.Type == cookieType:
			fields.cookie = i
		case sf.Type.Implements(reflect.TypeFor[list]()):
			fields.list = i
		}
	}
	stored, _ := responseTypes.LoadOrStore(t, fields)
	return stored.(*responseFields)
}

// appendError appends the members of an error to an object.
func appendError(b []byte, e *hermes.Error) []byte {
	b = appendString(appendKey(b, `"response":`), string(e.Response))
	b = appendString(appendKey(b, `"cause":`), string(e.Cause))
	b = appendString(appendKey(b, `"detail":`), e.Detail)
	if e.Description != "" {
		b = appendString(appendKey(b, `"description":`), e.Description)
	}
	if len(e.Fields) > 0 {
		b, _ = appendStandard(appendKey(b, `"failed":`), e.Fields)
	}
	if !e.Until.IsZero() {
		b, _ = appendStandard(appendKey(b, `"until":`), e.Until)
	}
	return b
}
