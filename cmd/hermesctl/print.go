package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/remote"
)

// print prints an answer of a node and closes it. The error is that of the answer, too.
func (a *app) print(n hermes.Node, answer *remote.Answer) (err error) {
	defer answer.Body.Close()
	w := bufio.NewWriterSize(a.stdout, 32<<10)
	refusal := answer.Refusal
	switch {
	case answer.Text:
		err = a.printText(w, answer.Body)
	case a.json:
		tee := &lastByte{w: w}
		body := io.TeeReader(answer.Body, tee)
		var members *outcome
		if members, err = readAnswer(body, nil, nil); err == nil {
			_, err = io.Copy(io.Discard, body)
			refusal = cmpOr(refusal, members.refusal(n))
		}
		if a.onTerminal && tee.last != '\n' {
			w.WriteByte('\n')
		}
	case refusal == nil:
		t := newTable(w, n, a.onTerminal)
		var members *outcome
		if members, err = readAnswer(answer.Body, t.entry, t.member); err == nil {
			refusal = members.refusal(n)
		}
		err = errors.Join(err, t.end())
		a.tellNext(members)
	}
	if err = errors.Join(err, w.Flush()); err == nil && refusal != nil {
		if errors.Is(refusal, hermes.ErrOutcomeUnknown) {
			return refusal
		}
		return &statusError{status: exitRefused, err: refusal} // also for a cause such as unauthorized
	}
	return err
}

// cmpOr returns the first of the errors that is not nil.
func cmpOr(x, y *hermes.Error) *hermes.Error {
	if x != nil {
		return x
	}
	return y
}

// tellNext tells how the rest of a list is asked for, if there is any.
func (a *app) tellNext(members *outcome) {
	if members != nil && members.Next != "" {
		fmt.Fprintf(a.stderr, "hermesctl: there are more: --after %s\n", printable(members.Next))
	}
}

// printText prints an answer in plain text. A terminal does not get its control characters.
func (a *app) printText(w *bufio.Writer, r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if !a.onTerminal {
		if len(text) > 0 && !a.json && text[len(text)-1] != '\n' {
			text = append(text, '\n')
		}
		_, err = w.Write(text)
		return err
	}
	for line := range strings.Lines(string(text)) {
		fmt.Fprintln(w, printable(strings.ReplaceAll(strings.TrimRight(line, "\r\n"), "\t", "    ")))
	}
	return nil
}

// lastByte writes to w and keeps the last byte.
type lastByte struct {
	w    io.Writer
	last byte
}

// Write implements [io.Writer].
func (l *lastByte) Write(p []byte) (int, error) {
	if len(p) > 0 {
		l.last = p[len(p)-1]
	}
	return l.w.Write(p)
}

// outcome are the members of an answer that are not about its node.
type outcome struct {
	Response hermes.Response `json:"response"`
	Cause    hermes.Cause    `json:"cause"`
	Detail   string          `json:"detail"`
	Next     string          `json:"next"`
}

// refusal returns the error that an answer tells, such as that of a list that broke off, or nil.
func (o *outcome) refusal(n hermes.Node) *hermes.Error {
	if o.Response == n.Answers {
		return nil
	}
	return &hermes.Error{Node: n.Path, Response: o.Response, Cause: o.Cause, Detail: o.Detail}
}

// readAnswer reads an answer, and calls entry for each entry of its list, and member for each other
// member, as they come. Each may be nil. The answer is not kept as a whole.
func readAnswer(
	r io.Reader, entry func(json.RawMessage) error, member func(name string, value json.RawMessage) error,
) (*outcome, error) {
	d := json.NewDecoder(r)
	o := &outcome{}
	if _, err := d.Token(); err != nil {
		return nil, brokenAnswer(err)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, brokenAnswer(err)
		}
		if name == "list" && entry != nil || name == "list" && member == nil {
			if err = readEntries(d, entry); err != nil {
				return nil, err
			}
			continue
		}
		if err = readMember(d, fmt.Sprint(name), o, member); err != nil {
			return nil, err
		}
	}
	if _, err := d.Token(); err != nil {
		return nil, brokenAnswer(err)
	}
	if o.Response == "" {
		return nil, brokenAnswer(io.ErrUnexpectedEOF)
	}
	return o, nil
}

// readEntries reads the list of an answer, one entry at a time.
func readEntries(d *json.Decoder, entry func(json.RawMessage) error) error {
	if _, err := d.Token(); err != nil {
		return brokenAnswer(err)
	}
	var value json.RawMessage
	for d.More() {
		if err := d.Decode(&value); err != nil {
			return brokenAnswer(err)
		}
		if entry == nil {
			continue
		}
		if err := entry(value); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return brokenAnswer(err)
}

func readMember(d *json.Decoder, name string, o *outcome, member func(string, json.RawMessage) error) error {
	var value json.RawMessage
	if err := d.Decode(&value); err != nil {
		return brokenAnswer(err)
	}
	var err error
	switch name {
	case "response":
		err = json.Unmarshal(value, &o.Response)
	case "cause":
		err = json.Unmarshal(value, &o.Cause)
	case "detail":
		err = json.Unmarshal(value, &o.Detail)
	case "next":
		err = json.Unmarshal(value, &o.Next)
	}
	if err != nil {
		return brokenAnswer(err)
	}
	if member == nil || name == "response" || name == "next" {
		return nil
	}
	return member(name, value)
}

// brokenAnswer is the error of an answer that cannot be read to its end.
func brokenAnswer(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*hermes.Error](err); ok { // of the connection
		return withoutAnswer(err)
	}
	return withoutAnswer(errors.New("the answer is not whole"))
}

// printable returns s with escapes in the place of characters that are not printed, so that no text
// controls the terminal or looks like another line or field.
func printable(s string) string {
	if strings.IndexFunc(s, isUnprintable) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if isUnprintable(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func isUnprintable(r rune) bool { return r == unicode.ReplacementChar || !unicode.IsPrint(r) }
