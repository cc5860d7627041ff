package kamailiotest

import (
	"regexp"
	"strconv"
	"strings"
)

// message is one SIP message of sipp's trace.
type message struct {
	received bool
	text     string
}

// parseTrace reads what sipp writes with -trace_msg: a line of dashes and a time, a line that says
// whether a message was sent or received, and the message. It lists unexpected messages a second
// time, in a form that is passed over here.
func parseTrace(trace string) []message {
	var messages []message
	for part := range strings.SplitSeq(trace, "\n-----------------------------------------------") {
		head, text, ok := strings.Cut(part, "\n\n")
		switch {
		case !ok:
		case strings.Contains(head, "UDP message sent "):
			messages = append(messages, message{false, text})
		case strings.Contains(head, "UDP message received "):
			messages = append(messages, message{true, text})
		}
	}
	return messages
}

// byCall returns the messages of each Call-ID, in their order.
func byCall(messages []message) map[string][]message {
	calls := map[string][]message{}
	for _, m := range messages {
		id := m.header("Call-ID")
		calls[id] = append(calls[id], m)
	}
	return calls
}

func (m message) first() string {
	line, _, _ := strings.Cut(m.text, "\n")
	return strings.TrimRight(line, "\r")
}

// code returns the status code of a response, 0 of a request.
func (m message) code() int {
	rest, ok := strings.CutPrefix(m.first(), "SIP/2.0 ")
	if !ok || len(rest) < 3 {
		return 0
	}
	code, _ := strconv.Atoi(rest[:3])
	return code
}

// header returns the first value of a header, "" where there is none.
func (m message) header(name string) string {
	for line := range strings.SplitSeq(m.text, "\n") {
		line = strings.TrimRight(line, "\r")
		if line == "" {
			break
		}
		if key, value, ok := strings.Cut(line, ":"); ok && strings.EqualFold(strings.TrimSpace(key), name) {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func (m message) hasCredentials() bool {
	return m.header("Authorization") != "" || m.header("Proxy-Authorization") != ""
}

// judge returns the final response to the request that a call begins with. A demand for
// the password is final only where the request carried one. It is false where there is none, and where
// a call that was answered was not ended in order.
func judge(call []message) (Answer, bool) {
	proven := map[string]bool{} // CSeq of requests that carried credentials
	var answer Answer
	for _, m := range call {
		cseq, code := m.header("CSeq"), m.code()
		switch {
		case !m.received:
			proven[cseq] = proven[cseq] || m.hasCredentials()
		case code < 200 || (code == 401 || code == 407) && !proven[cseq]:
		case answer.Code == 0:
			answer = Answer{Code: code, By: m.header("X-Phone")}
			if !strings.HasSuffix(cseq, " INVITE") || !answer.OK() {
				return answer, true
			}
		case strings.HasSuffix(cseq, " BYE"):
			return answer, code == 200
		}
	}
	return answer, false
}

// blame returns the lines of Kamailio's log that say that its database failed while it
// handled a call. To the phone that looks like a refusal.
func blame(log, callID string) string {
	failed := regexp.MustCompile(`(?m)^.*\b(ERROR|CRITICAL|ALERT|BUG): \{[^}]* ` + regexp.QuoteMeta(callID) +
		`\} (db_\w+|<core> \[[a-z/]*db).*$`)
	return strings.Join(failed.FindAllString(log, -1), "\n")
}
