package api

import (
	"net/http"
	"reflect"
)

// chunk is how much of a list is written at once.
const chunk = 32 << 10

// stream writes an answer with a list, entry by entry. What becomes of it is only known at the end,
// so that response stands there. err is nil, or what is told with the success.
func (x *exchange) stream(p *responsePlan, v reflect.Value, err error) {
	if x.r.Method == http.MethodHead {
		x.begin(http.StatusOK)
		return
	}
	l := &listWriter{x: x, buf: make([]byte, 0, chunk+chunk/8)}
	l.buf = append(l.buf, `{"list":[`...)
	var next string
	if list := v.Field(p.list); err == nil && !list.IsNil() {
		next, err = l.entries(list.Interface().(streamed))
	}
	l.end(next, err)
}

// listWriter gathers entries and writes them in chunks.
type listWriter struct {
	x    *exchange
	buf  []byte
	gone bool // the client is
}

// entries writes the list and returns where the next one begins; the error is what ended it before its end.
func (l *listWriter) entries(list streamed) (next string, err error) {
	var slot reflect.Value
	var encode encoder
	for entry, err := range list.Stream() {
		if err != nil {
			return "", err
		}
		whole := len(l.buf)
		if encode == nil {
			slot = reflect.New(reflect.TypeOf(entry)).Elem()
			encode = encoderOf(slot.Type())
		} else {
			l.buf = append(l.buf, ',')
		}
		slot.Set(reflect.ValueOf(entry))
		if l.buf, err = encode(l.buf, slot); err != nil {
			l.buf = l.buf[:whole]
			return "", err
		}
		if len(l.buf) >= chunk && !l.flush() {
			return "", nil
		}
	}
	return list.Next(), nil
}

// end tells what came of it.
func (l *listWriter) end(next string, err error) {
	if l.gone {
		return
	}
	l.buf = append(l.buf, ']')
	if err == nil {
		l.buf = appendString(appendKey(l.buf, `"response":`), string(l.x.node.Answers))
	} else {
		e := l.x.errorOf(err)
		l.x.out.Response, l.x.out.Cause = e.Response, e.Cause
		l.buf = appendCause(l.buf, e)
	}
	if next != "" {
		l.buf = appendString(appendKey(l.buf, `"next":`), next)
	}
	l.buf = append(l.buf, '}')
	if !l.x.sent {
		l.x.send(http.StatusOK, l.buf)
		return
	}
	l.flush()
}

// flush writes what has been gathered; false: the client is gone.
func (l *listWriter) flush() bool {
	if l.x.sent {
		l.x.extend()
	} else {
		l.x.begin(http.StatusOK)
	}
	l.gone = !l.x.write(l.buf)
	l.buf = l.buf[:0]
	return !l.gone
}
