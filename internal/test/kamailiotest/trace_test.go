package kamailiotest

import (
	"fmt"
	"strings"
	"testing"
)

// tracePart formats a message in the way in which sipp does.
func tracePart(head, text string) string {
	return "----------------------------------------------- 2026-01-02 03:04:05.000006\n" + head + "\n\n" +
		strings.ReplaceAll(text, "\n", "\r\n") + "\r\n\n"
}

func sent(cseq, more string) string {
	return tracePart("UDP message sent (282 bytes):", "X sip:b SIP/2.0\nCall-ID: 1\nCSeq: "+cseq+more+"\n")
}

const receivedHead = "UDP message received [393] bytes :"

func received(code int, cseq, more string) string {
	return tracePart(receivedHead, fmt.Sprintf("SIP/2.0 %d Text\nCall-ID: 1\nCSeq: %s%s\n", code, cseq, more))
}

const credentials = "\nAuthorization: Digest username=\"alice\""

func TestFinalAnswer(t *testing.T) {
	t.Parallel()
	unexpected := strings.Replace(received(403, "2 REGISTER", ""), receivedHead, "Unexpected UDP message received:", 1)
	for _, row := range []struct {
		trace []string
		want  string
		why   string
	}{
		{nil, "", "nothing happened"},
		{[]string{sent("1 REGISTER", "")}, "", "no reply"},
		{[]string{sent("1 REGISTER", ""), received(100, "1 REGISTER", "")}, "", "nothing final"},
		{[]string{sent("1 REGISTER", ""), received(401, "1 REGISTER", "")}, "", "the password was asked for and not given"},
		{[]string{sent("1 REGISTER", ""), received(403, "1 REGISTER", "")}, "403", "refused without asking"},
		{[]string{
			sent("1 REGISTER", ""), received(401, "1 REGISTER", ""),
			sent("2 REGISTER", credentials), received(401, "2 REGISTER", ""),
		}, "401", "refused with the password"},
		{[]string{
			sent("1 REGISTER", credentials), received(200, "1 REGISTER", ""),
			sent("2 REGISTER", credentials), received(401, "2 REGISTER", ""),
		}, "200", "later responses do not change the answer"},
		{[]string{sent("1 REGISTER", ""), received(401, "1 REGISTER", ""), sent("2 REGISTER", credentials), unexpected},
			"", "a message that sipp lists again is not a second reply"},
		{[]string{sent("1 OPTIONS", ""), received(200, "1 OPTIONS", "\nX-Phone: bob")},
			"200 by bob", "the phone that answered"},
		{[]string{sent("1 OPTIONS", ""), received(200, "1 OPTIONS", "\nContent-Length: 9\n\nX-Phone: bob")},
			"200", "the name is not in a header"},
		{[]string{sent("1 INVITE", ""), received(180, "1 INVITE", ""), received(486, "1 INVITE", "\nX-Phone: bob")},
			"486 by bob", "refused by a phone"},
		{[]string{sent("1 INVITE", ""), received(200, "1 INVITE", "\nX-Phone: bob"), sent("2 BYE", "")},
			"", "the call was not ended"},
		{[]string{
			sent("1 INVITE", ""), received(200, "1 INVITE", "\nX-Phone: bob"), sent("2 BYE", ""), received(200, "2 BYE", ""),
		}, "200 by bob", "a call"},
		{[]string{sent("1 INVITE", ""), received(200, "1 INVITE", ""), sent("2 BYE", ""), received(404, "2 BYE", "")},
			"", "the end of the call failed"},
	} {
		answer, ok := finalAnswer(byCall(parseTrace("\n" + strings.Join(row.trace, "")))["1"])
		if got := answer.String(); ok != (row.want != "") || ok && got != row.want {
			t.Errorf("%q: %s, %t, wanted %q: %s", row.trace, got, ok, row.want, row.why)
		}
	}
}

func TestDatabaseErrors(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		line string
		want bool
		why  string
	}{
		{" 5(1) ERROR: {1 2 REGISTER a-1} db_postgres [km_dbase.c:266]: no such table", true, "the driver"},
		{" 5(1) ERROR: {1 2 REGISTER a-1} <core> [db_query.c:132]: db_do_query_internal(): error while submitting query",
			true, "the database code of the core"},
		{" 5(1) ERROR: {1 2 REGISTER a-11} db_postgres [km_dbase.c:266]: no such table", false, "another call"},
		{" 5(1) WARNING: {1 2 REGISTER a-1} db_postgres [km_dbase.c:266]: slow", false, "no failure"},
		{" 5(1) ERROR: {1 2 REGISTER a-1} tm [t_fwd.c:1]: no branch", false, "not the database"},
	} {
		got := databaseErrors("first\n"+row.line+"\nlast", "a-1")
		if (got == row.line) != row.want || !row.want && got != "" {
			t.Errorf("databaseErrors(%q) = %q, wanted %t: %s", row.line, got, row.want, row.why)
		}
	}
}
