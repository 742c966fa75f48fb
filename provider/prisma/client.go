package prisma

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"posta"
)

// longestAnswer is how much of an answer is read, in bytes.
const longestAnswer = 1 << 20

// client makes single calls with a token that it keeps.
type client struct {
	http   *http.Client
	clock  posta.Clock
	base   string
	public string
	secret string
	apikey bool // send the public key as a header of its own, §3

	asking singleflight.Group // for a token
	mu     sync.Mutex
	token  string
	until  time.Time
}

// call is one request. Its path is below the host.
type call struct {
	method string
	path   string
	query  url.Values
	body   any // nil sends none
}

// terminals is where the interfaces of the terminals begin, docs/providers/prisma.md §2.
const terminals = "/v1/paystore_terminals"

// path joins a path that is written here and escaped segments.
func path(fixed string, segments ...string) string {
	for _, s := range segments {
		fixed += "/" + url.PathEscape(s)
	}
	return fixed
}

// do makes the call. It is sent twice only when the first was turned away at
// the gate for its token, before anything could have been done.
func (c *client) do(ctx context.Context, k call) (envelope, error) {
	token, err := c.bearer(ctx)
	if err != nil {
		return nil, unsent(k, err)
	}
	e, err := c.with(ctx, k, token)
	if statusOf(err) != http.StatusUnauthorized {
		return e, err
	}
	c.forget(token)
	if token, err = c.bearer(ctx); err != nil {
		return nil, unsent(k, err)
	}
	return c.with(ctx, k, token)
}

func (c *client) with(ctx context.Context, k call, token string) (envelope, error) {
	req, err := c.request(ctx, k)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	return c.send(req, k)
}

func (c *client) request(ctx context.Context, k call) (*http.Request, error) {
	var body io.Reader
	if k.body != nil {
		text, err := json.Marshal(k.body)
		if err != nil {
			return nil, posta.Errorf(posta.CodeInternal, "%s %s: %w", k.method, k.path, err)
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, k.method, c.base+k.path+"?"+k.query.Encode(), body)
	if err != nil {
		return nil, posta.Errorf(posta.CodeInternal, "%s %s: %w", k.method, k.path, err)
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.apikey {
		req.Header.Set("apikey", c.public)
	}
	return req, nil
}

// send gives what a good answer holds. Whatever is not readable as an answer or
// a refusal leaves open what happened.
func (c *client) send(req *http.Request, k call) (envelope, error) {
	lost := func(err error) error {
		return posta.Errorf(posta.CodeProviderUnavailable, "%s %s: %w", k.method, k.path, err)
	}
	answer, err := c.http.Do(req)
	if err != nil {
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err // its text repeats the address
		}
		var dial *net.OpError
		if errors.As(err, &dial) && dial.Op == "dial" {
			return nil, unsent(k, lost(err))
		}
		return nil, lost(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, longestAnswer+1))
	if err != nil {
		return nil, lost(err)
	}
	if len(text) > longestAnswer {
		return nil, lost(errors.New("answer too long"))
	}
	good := answer.StatusCode >= 200 && answer.StatusCode <= 299
	var e envelope
	unread := json.Unmarshal(text, &e)
	if said, ok := complaint(text); !good || ok && !e.holdsData() {
		return nil, c.refused(k, answer, good, said)
	}
	if unread != nil {
		return nil, lost(errors.New("unreadable answer"))
	}
	return e, nil
}

// clean takes out of a text of theirs what must not be shown, and its length.
func (c *client) clean(s string, most int) string {
	c.mu.Lock()
	secrets := []string{c.secret, c.token}
	c.mu.Unlock()
	for _, secret := range secrets {
		if secret != "" {
			s = strings.ReplaceAll(s, secret, "…")
		}
	}
	runes := []rune(strings.TrimSpace(s))
	return string(runes[:min(len(runes), most)])
}
