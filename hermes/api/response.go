package api

import (
	"iter"
	"reflect"
	"sync"

	"github.com/hermes-voip/go-hermes/hermes"
)

// responsePlan is what the fields and tags of a response's struct say, read once.
type responsePlan struct {
	text    int // index of the field that is the whole answer, as plain text; -1: none
	cookie  int // index of the hermes.Cookie; -1: none
	list    int // index of the list that is streamed; -1: none
	members []member
}

// streamed is a *hermes.List of any entries.
type streamed interface {
	Stream() iter.Seq2[any, error]
	Next() string
}

var responsePlans sync.Map // reflect.Type → *responsePlan

func planResponse(t reflect.Type) *responsePlan {
	if p, ok := responsePlans.Load(t); ok {
		return p.(*responsePlan)
	}
	p := &responsePlan{text: -1, cookie: -1, list: -1}
	for i := range t.NumField() {
		switch sf := t.Field(i); {
		case sf.Tag.Get("wire") == "text":
			p.text = i
		case sf.Type == cookieType:
			p.cookie = i
		case sf.Type.Implements(reflect.TypeFor[streamed]()):
			p.list = i
		}
	}
	p.members = members(t)
	got, _ := responsePlans.LoadOrStore(t, p)
	return got.(*responsePlan)
}

// appendObject writes an answer that is no list.
func (p *responsePlan) appendObject(b []byte, v reflect.Value, response hermes.Response) (_ []byte, err error) {
	b = appendString(append(b, `{"response":`...), string(response))
	for _, m := range p.members {
		if b, err = m.appendTo(b, v); err != nil {
			return b, err
		}
	}
	return append(b, '}'), nil
}

// appendError writes a refusal or a failure.
func appendError(b []byte, e *hermes.Error, describe bool) []byte {
	b = append(b, '{')
	b = appendCause(b, e)
	if describe {
		b = appendString(appendKey(b, `"description":`), e.Detail)
	}
	return append(b, '}')
}

// appendCause writes the members of an error.
func appendCause(b []byte, e *hermes.Error) []byte {
	b = appendString(appendKey(b, `"response":`), string(e.Response))
	b = appendString(appendKey(b, `"cause":`), string(e.Cause))
	b = appendString(appendKey(b, `"detail":`), e.Detail)
	if len(e.Fields) > 0 {
		b, _ = appendOther(appendKey(b, `"failed":`), e.Fields)
	}
	return b
}
