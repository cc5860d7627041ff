package api

import (
	"errors"
	"net/http"
	"reflect"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// The reader of a list or of another long answer must take 32 KiB in chunkTimeout. Chunks with
// their last entry are smaller, so that one that takes just as much is not cut off.
const (
	chunkSize    = 31 << 10 // bytes of a list that are written at once
	chunkTimeout = 10 * time.Second
)

// stream answers a response with a list, page by page. An error may occur after the first entries
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
	if !req.sent && errors.Is(err, hermes.Busy) {
		req.fail(err)
	} else {
		w.end(next, err)
	}
	req.handler.keepBuffer(buffer, w.buf)
}

// listWriter collects encoded entries and writes them in chunks.
type listWriter struct {
	req   *request
	buf   []byte
	begun bool // the first entry has been written
	gone  bool // the client has disconnected
}

// writeEntries writes the entries of l and returns the value of next. The error is the one that
// ended the list early.
func (w *listWriter) writeEntries(l list) (next string, err error) {
	var encode encoder // of an entry; all have the same type
	for page, err := range l.Pages() {
		if err != nil {
			return "", err
		}
		entries := reflect.ValueOf(page)
		if encode == nil {
			encode = encoderOf(entries.Type().Elem())
		}
		if err := w.writePage(entries, encode); err != nil || w.gone {
			return "", err
		}
	}
	return l.Next(), nil
}

// writePage writes the entries of a page, with commas between all entries. It stops early when the
// client has disconnected, and fails if a list that is longer than a chunk gets no place.
func (w *listWriter) writePage(entries reflect.Value, encode encoder) (err error) {
	for i := range entries.Len() {
		end := len(w.buf)
		if w.begun {
			w.buf = append(w.buf, ',')
		}
		if w.buf, err = encode(w.buf, entries.Index(i)); err != nil {
			w.buf = w.buf[:end]
			return err
		}
		w.begun = true
		if len(w.buf) < chunkSize {
			continue
		}
		if !w.req.sent {
			if err := w.req.takeListPlace(); err != nil {
				return err
			}
		}
		if !w.flush() {
			return nil
		}
		// Making the next chunk may take longer than reading one.
		_ = w.req.control.SetWriteDeadline(time.Time{})
	}
	return nil
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
	if !w.req.sent {
		w.req.writeHeader(http.StatusOK)
	}
	w.req.setChunkDeadline()
	w.gone = !w.req.write(w.buf)
	w.buf = w.buf[:0]
	return !w.gone
}
