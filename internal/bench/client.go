package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// client calls hermesd from one address.
type client struct {
	url     string
	http    *http.Client
	address string // sent as X-Forwarded-For; if empty, hermesd sees 127.0.0.1

	// The session, after login.
	session string
	authKey string
	cookie  *http.Cookie
}

// answer is what hermesd answered to a call.
type answer struct {
	members map[string]any // of the JSON object
	cookies []*http.Cookie
	took    time.Duration
}

func (a answer) text(name string) string {
	s, _ := a.members[name].(string)
	return s
}

// class returns the response and its cause, such as ok or failed/unauthorized.
func (a answer) class() string {
	if a.text("cause") == "" {
		return a.text("response")
	}
	return a.text("response") + "/" + a.text("cause")
}

// form returns parameters with those of the session.
func (c *client) form(parameters []string) url.Values {
	form := url.Values{}
	for p := range slices.Chunk(parameters, 2) {
		form.Set(p[0], p[1])
	}
	if c.session != "" {
		form.Set("session", c.session)
		form.Set("auth_key", c.authKey)
	}
	return form
}

// call posts a request to a node. The parameters are names and values in turn.
func (c *client) call(ctx context.Context, node string, parameters ...string) (a answer, err error) {
	form := c.form(parameters)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"/api/"+node, strings.NewReader(form.Encode()))
	if err != nil {
		return a, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("X-Forwarded-For", c.address)
	if c.cookie != nil {
		req.AddCookie(c.cookie)
	}
	start := time.Now()
	res, err := c.http.Do(req)
	if err != nil {
		return a, err
	}
	defer res.Body.Close()
	err = json.NewDecoder(res.Body).Decode(&a.members)
	a.took, a.cookies = time.Since(start), res.Cookies()
	return a, err
}

// ready asks for /readyz, and returns the status of the answer.
func (c *client) ready(ctx context.Context) (status string, took time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+"/readyz", nil)
	if err != nil {
		return "", 0, err
	}
	start := time.Now()
	res, err := c.http.Do(req)
	if err != nil {
		return "", 0, err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return "readyz " + strconv.Itoa(res.StatusCode), time.Since(start), err
}

// mustCall is like call, and returns an error if the answer is not ok.
func (c *client) mustCall(ctx context.Context, node string, parameters ...string) (answer, error) {
	a, err := c.call(ctx, node, parameters...)
	if err == nil && a.class() != "ok" {
		err = fmt.Errorf("%s: answered %s: %s", node, a.class(), a.text("detail"))
	}
	return a, err
}

// login opens a session for the further calls of the client, and returns how long that took.
func (c *client) login(ctx context.Context, user, password string) (time.Duration, error) {
	c.session, c.authKey, c.cookie = "", "", nil
	a, err := c.mustCall(ctx, "auth/login", "username", user, "password", password)
	if err != nil {
		return a.took, err
	}
	c.session, c.authKey = a.text("session"), a.text("auth_key")
	for _, cookie := range a.cookies {
		c.cookie = cookie
	}
	return a.took, nil
}

// durations are times that were measured.
type durations []time.Duration

// quantile returns the value below which the given part of the durations lies: 0.5 is the median, 1
// the longest.
func (d durations) quantile(part float64) time.Duration {
	if len(d) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(d))
	return sorted[min(len(sorted)-1, int(part*float64(len(sorted))))]
}
