package kamailiotest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
)

// RPCError is the error in an answer of Kamailio, with a code such as 404 or 500.
type RPCError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// Error returns the code and the message.
func (e *RPCError) Error() string { return fmt.Sprintf("kamailio: %d %s", e.Code, e.Message) }

// RPCURL returns the URL of JSON-RPC over HTTP.
func (k *Kamailio) RPCURL() string { return "http://" + k.Addr() + "/RPC" }

// RPCSocket returns the path of JSON-RPC over a Unix datagram socket.
func (k *Kamailio) RPCSocket() string { return k.folder.Join("rpc.sock") }

// RPC calls a method of Kamailio. If Kamailio answers with an error, that is an [*RPCError]. No
// reply within Options.ReplyTimeout is an error too.
func (k *Kamailio) RPC(method string, params ...any) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(context.Background(), k.opts.ReplyTimeout)
	defer cancel()
	return k.call(ctx, method, params...)
}

func (k *Kamailio) call(ctx context.Context, method string, params ...any) (json.RawMessage, error) {
	call := map[string]any{"jsonrpc": "2.0", "id": 1, "method": method}
	if len(params) > 0 {
		call["params"] = params
	}
	body, err := json.Marshal(call)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, k.RPCURL(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Close = true // an idle connection would outlive a server that is stopped
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	// The HTTP status adds nothing to the member error.
	var answer struct {
		Result json.RawMessage
		Error  *RPCError
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return nil, fmt.Errorf("kamailio's answer to %s (%s): %w", method, resp.Status, err)
	}
	if answer.Error != nil {
		return nil, answer.Error
	}
	return answer.Result, nil
}

// ReloadDomains makes Kamailio read the domain table again.
func (k *Kamailio) ReloadDomains(tb testing.TB) {
	tb.Helper()
	if _, err := k.RPC("domain.reload"); err != nil {
		tb.Fatalf("kamailiotest: %v", err)
	}
}

// Contacts returns the contacts that are registered for user@domain.
func (k *Kamailio) Contacts(tb testing.TB, addr string) []string {
	tb.Helper()
	result, err := k.RPC("ul.lookup", "location", addr)
	if e, ok := err.(*RPCError); ok && e.Message == "AOR not found in location table" {
		return nil
	}
	var found struct {
		Contacts []struct{ Contact struct{ Address string } }
	}
	if err == nil {
		err = json.Unmarshal(result, &found)
	}
	if err != nil {
		tb.Fatalf("kamailiotest: ul.lookup %s: %v", addr, err)
	}
	var contacts []string
	for _, c := range found.Contacts {
		contacts = append(contacts, c.Contact.Address)
	}
	return contacts
}

// DropContacts removes all registrations of user@domain, as hermesd does after a user's removal.
func (k *Kamailio) DropContacts(tb testing.TB, addr string) {
	tb.Helper()
	if _, err := k.RPC("ul.rm", "location", addr); err != nil {
		tb.Fatalf("kamailiotest: ul.rm %s: %v", addr, err)
	}
}
