package kamrpc

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestClient_Contacts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		response string // as Kamailio 5.6 gives it
		want     []Contact
		fails    bool
		why      string
	}{
		{`{"jsonrpc":"2.0","result":{"AoR":"a@example.com","HashID":1,"Contacts":[{"Contact":{"Address":"sip:a@192.0.2.1",
			"Expires":42,"Q":-1.0,"User-Agent":"Desk","Received":"sip:198.51.100.1:1024"}},{"Contact":{"Address":"sip:a@192.0.2.2",
			"Expires":"expired","User-Agent":"[not set]","Received":"[not set]"}}]},"id":1}`, []Contact{
			{Contact: "sip:a@192.0.2.1", UserAgent: "Desk", Received: "sip:198.51.100.1:1024", Expires: 42},
			{Contact: "sip:a@192.0.2.2"},
		}, false, "two phones"},
		{`{"jsonrpc":"2.0","error":{"code":500,"message":"AOR not found in location table"},"id":1}`, nil, false, "not registered"},
		{`{"jsonrpc":"2.0","error":{"code":404,"message":"Not found"},"id":1}`, nil, false, "not registered, in another version"},
		{`{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method Not Found"},"id":1}`, nil, true, "usrloc is not loaded"},
		{`{"jsonrpc":"2.0","result":{"Contacts":1},"id":1}`, nil, true, "another form"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			t.Parallel()
			requests := make(chan []byte, 1)
			client, err := New(serveHTTP(t, tt.response, requests))
			if err != nil {
				t.Fatal(err)
			}
			got, err := client.Contacts(t.Context(), "a@example.com")
			if diff := cmp.Diff(tt.want, got); diff != "" || (err != nil) != tt.fails {
				t.Errorf("error %v, want one: %t; contacts (-want +got)\n%s", err, tt.fails, diff)
			}
			const request = `{"jsonrpc":"2.0","method":"ul.lookup","params":["location","a@example.com"],"id":1}`
			if got := string(<-requests); got != request {
				t.Errorf("sent %s, want %s", got, request)
			}
		})
	}
	t.Run("Kamailio is down", func(t *testing.T) {
		t.Parallel()
		client, err := New("http://127.0.0.1:1/RPC")
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.Contacts(t.Context(), "a@example.com")
		if _, isFault := errors.AsType[*Fault](err); err == nil || isFault {
			t.Errorf("got %v, want an error that is no Fault", err)
		}
	})
}
