package hermes_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/hermes/storetest"
)

// scanWait is how long a scan waits for its place at most.
const scanWait = 10 * time.Second

// scans returns calls that look at many more records than they answer, by name.
func scans(t *testing.T) map[string]func(context.Context, *hermes.Client) error {
	infix, suffix := mustPattern(t, "77"), mustPattern(t, "+47*1")
	return map[string]func(context.Context, *hermes.Client) error{
		"user/list by infix": func(ctx context.Context, c *hermes.Client) error {
			_, err := c.UserList(ctx, hermes.UserListRequest{Search: infix})
			return err
		},
		"phone/list by infix": func(ctx context.Context, c *hermes.Client) error {
			_, err := c.PhoneList(ctx, hermes.PhoneListRequest{Search: infix})
			return err
		},
		"number/list by beginning and end": func(ctx context.Context, c *hermes.Client) error {
			_, err := c.NumberList(ctx, hermes.NumberListRequest{Search: suffix})
			return err
		},
		"number/list, shuffled": func(ctx context.Context, c *hermes.Client) error {
			_, err := c.NumberList(ctx, hermes.NumberListRequest{Random: true})
			return err
		},
		"number/list, picked by infix": func(ctx context.Context, c *hermes.Client) error {
			_, err := c.NumberList(ctx, hermes.NumberListRequest{Search: infix, Random: true, Limit: 1})
			return err
		},
		"number/claim by infix": func(ctx context.Context, c *hermes.Client) error {
			_, err := c.NumberClaim(ctx, hermes.NumberClaimRequest{Search: infix})
			return err
		},
		"number/assign by infix": func(ctx context.Context, c *hermes.Client) error {
			_, err := c.NumberAssign(ctx, hermes.NumberAssignRequest{User: alice, Search: infix})
			return err
		},
	}
}

// TestClient_Scan occupies the places of a principal with shuffled lists, and then makes other
// calls.
func TestClient_Scan(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		proceed := make(chan struct{})
		store := storetest.Intercept(memstore.New(), func(method string) error {
			if method == "ShuffledNumbers" {
				<-proceed
			}
			return nil
		})
		c, err := hermes.New(store, nil)
		if err != nil {
			t.Fatal(err)
		}
		mustNumberAddRange(t, c, number("+4773500001"), number("+4773500009"))
		as := func(name string) *hermes.Client {
			p := hermes.Principal{Kind: hermes.UserPrincipal, Name: name}
			return c.As(hermes.Actor{Principal: p, Access: hermes.FullWrite})
		}
		answers := make(chan error, 3)
		for range 2 {
			go func() {
				_, err := as("greedy").NumberList(t.Context(), hermes.NumberListRequest{Random: true})
				answers <- err
			}()
		}
		synctest.Wait()
		for name, call := range scans(t) {
			begun := time.Now()
			err := call(t.Context(), as("greedy"))
			var e *hermes.Error
			if !errors.As(err, &e) || e.Cause != hermes.Busy || e.RetryAfter == 0 || time.Since(begun) != scanWait {
				t.Errorf("%s: %v after %v, want Busy after %v: two scans of the principal run", name, err, time.Since(begun), scanWait)
			}
			if name == "number/list, shuffled" {
				continue
			}
			begun = time.Now()
			if err := call(t.Context(), as("other")); errors.Is(err, hermes.Busy) || time.Since(begun) != 0 {
				t.Errorf("%s of another principal: %v after %v", name, err, time.Since(begun))
			}
		}
		for _, search := range []string{"+47*", "*", "+*"} {
			begun := time.Now()
			_, err := as("greedy").NumberList(t.Context(), hermes.NumberListRequest{Search: mustPattern(t, search)})
			if err != nil || time.Since(begun) != 0 {
				t.Errorf("the search %q: %v after %v, want it answered at once: it looks at matches only", search, err, time.Since(begun))
			}
		}
		go func() {
			_, err := as("greedy").NumberList(t.Context(), hermes.NumberListRequest{Random: true})
			answers <- err
		}()
		synctest.Wait()
		close(proceed)
		for range 3 {
			if err := <-answers; err != nil {
				t.Errorf("a shuffled list: %v, want all three answered when they have waited their turn", err)
			}
		}
	})
}

// TestClient_Scan_betweenPages checks that the reader of a list holds no place for scans.
func TestClient_Scan_betweenPages(t *testing.T) {
	t.Parallel()
	c, err := hermes.New(memstore.New(), nil)
	if err != nil {
		t.Fatal(err)
	}
	mustNumberAddRange(t, c, number("+4773500001"), number("+4773500999"))
	reader := c.As(hermes.Actor{Principal: hermes.Principal{Kind: hermes.UserPrincipal, Name: "reader"}, Access: hermes.LimitedRead})
	for range 5 {
		res, err := reader.NumberList(t.Context(), hermes.NumberListRequest{Random: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range res.List.All() {
			if err != nil {
				t.Fatal(err)
			}
			break
		}
	}
}
