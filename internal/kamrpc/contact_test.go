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

func TestClient_Resync(t *testing.T) {
	t.Parallel()
	const from = `"From: \u003csip:a@example.com\u003e\r\nTo: \u003csip:a@example.com\u003e\r\n` +
		`Event: check-sync\r\nSubscription-State: terminated\r\n",""],"id":1}`
	for _, tt := range []struct {
		to       Contact
		response string // as Kamailio 5.6 gives it
		want     string
		fails    bool
		why      string
	}{
		{Contact{Contact: "sip:a@192.0.2.1"}, `{"jsonrpc":"2.0","result":{},"id":1}`,
			`{"jsonrpc":"2.0","method":"tm.t_uac_start","params":["NOTIFY","sip:a@192.0.2.1",".",".",` + from, false, "a phone"},
		{Contact{Contact: "sip:a@10.0.0.1", Received: "sip:198.51.100.1:1024"}, `{"jsonrpc":"2.0","result":{},"id":1}`,
			`{"jsonrpc":"2.0","method":"tm.t_uac_start","params":["NOTIFY","sip:a@10.0.0.1","sip:198.51.100.1:1024",".",` + from, false, "a phone behind NAT"},
		{Contact{Contact: "a"}, `{"jsonrpc":"2.0","error":{"code":400,"message":"Invalid URI"},"id":1}`,
			`{"jsonrpc":"2.0","method":"tm.t_uac_start","params":["NOTIFY","a",".",".",` + from, true, "not a URI"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			t.Parallel()
			requests := make(chan []byte, 1)
			client, err := New(serveHTTP(t, tt.response, requests))
			if err != nil {
				t.Fatal(err)
			}
			if err := client.Resync(t.Context(), "a@example.com", tt.to); (err != nil) != tt.fails {
				t.Errorf("got %v, want an error: %t", err, tt.fails)
			}
			if d := cmp.Diff(tt.want, string(<-requests)); d != "" {
				t.Errorf("request (-want +got)\n%s", d)
			}
		})
	}
}
