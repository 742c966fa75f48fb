package prisma

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"posta"
)

// renewEarly is how long before its end a token is not used any more.
const renewEarly = time.Minute

// bearer gives a token that is good for a while. Callers that need a new one at
// the same time wait for one call (docs/providers/prisma.md §3).
func (c *client) bearer(ctx context.Context) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", posta.Errorf(posta.CodeProviderUnavailable, "token: %w", err)
	}
	if kept := c.kept(); kept != "" {
		return kept, nil
	}
	asked := c.asking.DoChan("token", func() (any, error) {
		if kept := c.kept(); kept != "" {
			return kept, nil
		}
		return c.askToken(context.WithoutCancel(ctx)) // others wait for it too
	})
	select {
	case got := <-asked:
		text, _ := got.Val.(string)
		return text, got.Err
	case <-ctx.Done():
		return "", posta.Errorf(posta.CodeProviderUnavailable, "token: %w", ctx.Err())
	}
}

func (c *client) kept() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.clock.Now().Before(c.until) {
		return c.token
	}
	return ""
}

// forget lets a token go that was refused, unless another took its place.
func (c *client) forget(token string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token == token {
		c.token, c.until = "", time.Time{}
	}
}

// askToken asks for a new token and keeps it.
func (c *client) askToken(ctx context.Context) (string, error) {
	k := call{method: http.MethodGet, path: "/v1/oauth/accesstoken", query: url.Values{"grant_type": {"client_credentials"}}}
	req, err := c.request(ctx, k)
	if err != nil {
		return "", err
	}
	req.SetBasicAuth(c.public, c.secret)
	asked := c.clock.Now()
	e, err := c.send(req, k)
	switch posta.ErrorCode(err) {
	case "":
	case posta.CodeNotFound, posta.CodeProviderRejected: // says nothing of what the token was wanted for
		return "", posta.Errorf(posta.CodeProviderUnavailable, "no token: %w", err)
	default:
		return "", err
	}
	var said struct {
		Token text `json:"access_token"`
		Life  text `json:"expires_in"`
	}
	if err := e.read(&said); err != nil || said.Token == "" {
		return "", posta.Errorf(posta.CodeProviderUnavailable, "GET %s: no token in the answer", k.path)
	}
	seconds, _ := strconv.ParseInt(string(said.Life), 10, 64) // unreadable: good for this once
	c.mu.Lock()
	defer c.mu.Unlock()
	c.token = string(said.Token)
	c.until = asked.Add(time.Duration(min(max(seconds, 0), 86_400))*time.Second - renewEarly)
	return c.token, nil
}
