// Package client speaks to a Posta hub through its API.
//
//	c := client.New("https://posta.example", "psk_test_…", nil)
//	p, err := c.CreatePayment(ctx, "order-1042", client.NewPayment{TillID: "til_…", Amount: 150000})
//
// Errors are *posta.Error with the hub's code, fields and params. Writes bear
// an idempotency key and are repeated with it where no answer came, so a lost
// line never makes a second payment.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"posta"
)

// Client is one key at one hub. It is safe for concurrent use.
type Client struct {
	base  string
	token string
	http  *http.Client
	// Language is sent as Accept-Language: the words of errors are in it.
	Language string
}

// maxAnswer is the largest answer read, in bytes.
const maxAnswer = 8 << 20

// tries is how often a request without an answer is sent.
const tries = 4

// New makes a client of the hub at baseURL. A nil hc means one whose requests
// end after 30 s.
func New(baseURL, token string, hc *http.Client) *Client {
	if hc == nil {
		hc = &http.Client{Timeout: 30 * time.Second}
	}
	return &Client{base: strings.TrimRight(baseURL, "/"), token: token, http: hc}
}

// Key makes an idempotency key: keep it, and a repeated call has one effect.
func Key() string { return posta.NewULID(posta.SystemClock{}.Now()) }

// Do sends one request and decodes its answer into out, which may be nil. A
// POST needs a key. Errors: the hub's; unavailable when it cannot be reached.
func (c *Client) Do(ctx context.Context, method, path, key string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	repeatable := method != http.MethodPost || key != ""
	for try := 1; ; try++ {
		err := c.once(ctx, method, path, key, body, out)
		if err == nil || !repeatable || try == tries || ctx.Err() != nil || !again(err) {
			return err
		}
		wait := time.Duration(try) * 500 * time.Millisecond
		var e *posta.Error
		if errors.As(err, &e) && e.RetryAfter > 0 {
			wait = min(e.RetryAfter, 10*time.Second)
		}
		if pause(ctx, wait) != nil {
			return err
		}
	}
}

// again reports whether the same request may get another answer.
func again(err error) bool {
	switch posta.ErrorCode(err) {
	case posta.CodeUnavailable, posta.CodeInFlight, posta.CodeRateLimited:
		return true
	}
	return false
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func (c *Client) once(ctx context.Context, method, path, key string, body []byte, out any) error {
	r, err := c.request(ctx, method, path, body)
	if err != nil {
		return err
	}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	answer, err := c.http.Do(r)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return &posta.Error{Code: posta.CodeUnavailable, Cause: err}
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return &posta.Error{Code: posta.CodeUnavailable, Cause: err}
	}
	if answer.StatusCode >= 400 {
		return problem(answer, raw)
	}
	if out == nil || len(raw) == 0 {
		return nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return fmt.Errorf("%s %s: answer: %w", method, path, err)
	}
	return nil
}

func (c *Client) request(ctx context.Context, method, path string, body []byte) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	r.Header.Set("Accept", "application/json")
	if len(body) > 0 {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.Language != "" {
		r.Header.Set("Accept-Language", c.Language)
	}
	return r, nil
}

// Problem is the hub's answer to what it refused, the cause of the errors here.
type Problem struct {
	Status    int               `json:"status"`
	Title     string            `json:"title"`
	Detail    string            `json:"detail"`
	Code      posta.Code        `json:"code"`
	Errors    []ProblemField    `json:"errors"`
	Params    map[string]string `json:"params"`
	RequestID string            `json:"request_id"`
}

// ProblemField is one thing wrong with one field.
type ProblemField struct {
	Field   string `json:"field"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Error is the hub's words, with the request's id.
func (p *Problem) Error() string {
	text := p.Title
	for _, f := range p.Errors {
		text += "; " + f.Field + " " + f.Message
	}
	if p.RequestID != "" {
		text += " (" + p.RequestID + ")"
	}
	return text
}

func problem(answer *http.Response, raw []byte) error {
	p := &Problem{}
	if json.Unmarshal(raw, p) != nil || p.Code == "" { // not the hub: something before it
		*p = Problem{Status: answer.StatusCode, Title: answer.Status, Code: posta.CodeInternal}
		if answer.StatusCode >= 500 {
			p.Code = posta.CodeUnavailable
		}
	}
	e := &posta.Error{Code: p.Code, Params: p.Params, Cause: p}
	for _, f := range p.Errors {
		e.Fields = append(e.Fields, posta.FieldError{Field: f.Field, Code: f.Code})
	}
	if seconds, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil && seconds > 0 {
		e.RetryAfter = time.Duration(seconds) * time.Second
	}
	return e
}

// query is a path with the parameters that are not empty.
func query(path string, pairs ...string) string {
	values := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			values.Set(pairs[i], pairs[i+1])
		}
	}
	if len(values) == 0 {
		return path
	}
	return path + "?" + values.Encode()
}
