package api

import (
	"net/http"
	"reflect"
)

// chunkSize is the number of bytes of a list that are written at once.
const chunkSize = 32 << 10

// stream answers a response with a list, entry by entry. An error may occur after the first entries
// have been written, so the member response comes last. The error is nil, or is answered beside an
// empty list.
func (req *request) stream(fields *responseFields, output reflect.Value, err error) {
	if req.r.Method == http.MethodHead {
		req.writeHeader(http.StatusOK)
		return
	}
	buffer := req.handler.takeBuffer()
	w := &listWriter{req: req, buf: append(buffer.b, `{"list":[`...)}
	var next string
	if field := output.Field(fields.list); err == nil && !field.IsNil() {
		next, err = w.writeEntries(field.Interface().(list))
	}
	w.end(next, err)
	req.handler.keepBuffer(buffer, w.buf)
}

// listWriter collects encoded entries and writes them in chunks.
type listWriter struct {
	req  *request
	buf  []byte
	gone bool // the client has disconnected
}

// writeEntries writes the entries of l and returns the value of next. The error is the one that
// ended the list early.
func (w *listWriter) writeEntries(l list) (next string, err error) {
	// All entries have the same type. Each is copied to the same variable, since encoders need an
	// addressable value.
	var variable reflect.Value
	var encode encoder
	for entry, err := range l.Stream() {
		if err != nil {
			return "", err
		}
		end := len(w.buf)
		if encode == nil {
			variable = reflect.New(reflect.TypeOf(entry)).Elem()
			encode = encoderOf(variable.Type())
		} else {
			w.buf = append(w.buf, ',')
		}
		variable.Set(reflect.ValueOf(entry))
		if w.buf, err = encode(w.buf, variable); err != nil {
			w.buf = w.buf[:end]
			return "", err
		}
		if len(w.buf) >= chunkSize && !w.flush() {
			return "", nil
		}
	}
	return l.Next(), nil
}

// end writes the end of the answer: the response, or the error that ended the list.
func (w *listWriter) end(next string, err error) {
	if w.gone {
		return
	}
	w.buf = append(w.buf, ']')
	if err == nil {
		w.buf = appendString(appendKey(w.buf, `"response":`), string(w.req.endpoint.Answers))
	} else {
		w.buf = appendError(w.buf, w.req.recordError(err))
	}
	if next != "" {
		w.buf = appendString(appendKey(w.buf, `"next":`), next)
	}
	w.buf = append(w.buf, '}')
	if !w.req.sent {
		w.req.send(http.StatusOK, w.buf)
		return
	}
	w.flush()
}

// flush writes the buffer and reports whether the client is still connected.
func (w *listWriter) flush() bool {
	if w.req.sent {
		w.req.extendDeadline()
	} else {
		w.req.writeHeader(http.StatusOK)
	}
	w.gone = !w.req.write(w.buf)
	w.buf = w.buf[:0]
	return !w.gone
}
