package kamailiotest

import (
	"regexp"
	"strconv"
	"strings"
)

// message is a SIP message in sipp's trace.
type message struct {
	received bool
	text     string
}

// parseTrace parses the file that sipp writes with -trace_msg. Each message has a line of dashes
// and a time before it, and a line that says whether it was sent or received. sipp lists unexpected
// messages a second time in another form, which parseTrace ignores.
func parseTrace(trace string) []message {
	var messages []message
	for part := range strings.SplitSeq(trace, "\n-----------------------------------------------") {
		head, text, ok := strings.Cut(part, "\n\n")
		received := strings.Contains(head, "UDP message received ")
		if ok && (received || strings.Contains(head, "UDP message sent ")) {
			messages = append(messages, message{received: received, text: text})
		}
	}
	return messages
}

// byCall returns the messages of each Call-ID in the order of the trace.
func byCall(messages []message) map[string][]message {
	calls := map[string][]message{}
	for _, m := range messages {
		id := m.header("Call-ID")
		calls[id] = append(calls[id], m)
	}
	return calls
}

func (m message) firstLine() string {
	line, _, _ := strings.Cut(m.text, "\n")
	return strings.TrimRight(line, "\r")
}

// code returns the status code of a response, or 0 for a request.
func (m message) code() int {
	rest, ok := strings.CutPrefix(m.firstLine(), "SIP/2.0 ")
	if !ok || len(rest) < 3 {
		return 0
	}
	code, _ := strconv.Atoi(rest[:3])
	return code
}

// header returns the first value of a header, or "" if the message does not have it.
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

// finalAnswer returns the final response to the first request of a call. A response that asks for
// the password is final only if the request carried one. ok is false if there is no final response,
// and if an answered call was not ended by a BYE that succeeded.
func finalAnswer(call []message) (answer Answer, ok bool) {
	authenticated := map[string]bool{} // by CSeq: the request carried credentials
	for _, m := range call {
		cseq, code := m.header("CSeq"), m.code()
		if !m.received {
			authenticated[cseq] = authenticated[cseq] || m.hasCredentials()
			continue
		}
		if code < 200 || (code == 401 || code == 407) && !authenticated[cseq] {
			continue
		}
		if answer.Code == 0 {
			answer = Answer{Code: code, By: m.header("X-Phone")}
			if !strings.HasSuffix(cseq, " INVITE") || !answer.OK() {
				return answer, true
			}
		} else if strings.HasSuffix(cseq, " BYE") {
			return answer, code == 200
		}
	}
	return answer, false
}

// databaseErrors returns the lines of Kamailio's log that report a failure of its database in a
// call. To the phone such a failure looks like a refusal.
func databaseErrors(log, callID string) string {
	failed := regexp.MustCompile(`(?m)^.*\b(ERROR|CRITICAL|ALERT|BUG): \{[^}]* ` + regexp.QuoteMeta(callID) +
		`\} (db_\w+|<core> \[[a-z/]*db).*$`)
	return strings.Join(failed.FindAllString(log, -1), "\n")
}
