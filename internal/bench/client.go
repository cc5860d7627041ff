package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// client calls hermesd from one address.
type client struct {
	url     string
	http    *http.Client
	address string

	session, authKey string // after login
	cookie           *http.Cookie
}

// answer is what came back, and after what time.
type answer struct {
	members map[string]any
	cookies []*http.Cookie
	took    time.Duration
}

func (a answer) text(name string) string {
	s, _ := a.members[name].(string)
	return s
}

// class is the answer as API.md names it, such as failed/unauthorized.
func (a answer) class() string {
	if a.text("cause") == "" {
		return a.text("response")
	}
	return a.text("response") + "/" + a.text("cause")
}

// call posts a node's parameters, name and value in turn.
func (c *client) call(ctx context.Context, node string, parameters ...string) (a answer, err error) {
	form := url.Values{}
	for i := 0; i < len(parameters); i += 2 {
		form.Set(parameters[i], parameters[i+1])
	}
	if c.session != "" {
		form.Set("session", c.session)
		form.Set("auth_key", c.authKey)
	}
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

// must wants ok.
func (c *client) must(ctx context.Context, node string, parameters ...string) (answer, error) {
	a, err := c.call(ctx, node, parameters...)
	if err == nil && a.class() != "ok" {
		err = fmt.Errorf("%s: answered %s: %s", node, a.class(), a.text("detail"))
	}
	return a, err
}

// login opens a session, which the client's further calls are in.
func (c *client) login(ctx context.Context, user, password string) (time.Duration, error) {
	c.session, c.authKey, c.cookie = "", "", nil
	a, err := c.must(ctx, "auth/login", "username", user, "password", password)
	if err != nil {
		return a.took, err
	}
	c.session, c.authKey = a.text("session"), a.text("auth_key")
	for _, cookie := range a.cookies {
		c.cookie = cookie
	}
	return a.took, nil
}
