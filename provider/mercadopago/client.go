package mercadopago

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"posta"
)

// longestAnswer is how much of an answer is read, longestPicture how much of a poster.
const (
	longestAnswer  = 1 << 20
	longestPicture = 4 << 20
)

// client makes single calls: it never retries and never follows what it reads.
type client struct {
	http       *http.Client
	clock      posta.Clock
	base       string
	token      string
	integrator string
	platform   string
}

// call is one request. The same key goes with every try of the same operation.
type call struct {
	method string
	path   string
	query  url.Values
	key    string
	header http.Header // besides the usual ones
	body   any         // nil sends none
	form   *form       // in place of a body

	anonymous bool // without the access token: a page's call by public key, or one that asks for a token
}

// form is a body that is not JSON.
type form struct {
	contentType string
	content     []byte
}

// path joins escaped segments.
func path(segments ...string) string {
	var b strings.Builder
	for _, s := range segments {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(s))
	}
	return b.String()
}

// do makes the call and reads a good answer into "into", unless that is nil.
// An empty good answer leaves it untouched and gives empty as true.
func (c *client) do(ctx context.Context, k call, into any) (empty bool, err error) {
	var body io.Reader
	if k.body != nil {
		text, err := json.Marshal(k.body)
		if err != nil {
			return false, posta.Errorf(posta.CodeInternal, "%s %s: %w", k.method, k.path, err)
		}
		body = bytes.NewReader(text)
	}
	contentType := "application/json"
	if k.form != nil {
		body, contentType = bytes.NewReader(k.form.content), k.form.contentType
	}
	address := c.base + k.path
	if len(k.query) > 0 {
		address += "?" + k.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, k.method, address, body)
	if err != nil {
		return false, posta.Errorf(posta.CodeInternal, "%s %s: %w", k.method, k.path, err)
	}
	if !k.anonymous {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	req.Header.Set("Accept", "application/json")
	for name, v := range map[string]string{"X-Idempotency-Key": k.key, "X-Integrator-Id": c.integrator, "X-Platform-Id": c.platform} {
		if v != "" {
			req.Header.Set(name, v)
		}
	}
	maps.Copy(req.Header, k.header)
	if body != nil {
		req.Header.Set("Content-Type", contentType)
	}
	answer, text, err := c.send(req, longestAnswer)
	if err != nil {
		return false, err
	}
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return false, c.refused(k, answer, text)
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return true, nil
	}
	if into == nil {
		return false, nil
	}
	if err := json.Unmarshal(text, into); err != nil {
		return false, posta.Errorf(posta.CodeProviderUnavailable, "%s %s: unreadable answer: %w", k.method, k.path, err)
	}
	return false, nil
}

// must is do for a call whose good answer has a body.
func (c *client) must(ctx context.Context, k call, into any) error {
	empty, err := c.do(ctx, k, into)
	if err == nil && empty {
		return posta.Errorf(posta.CodeProviderUnavailable, "%s %s: empty answer", k.method, k.path)
	}
	return err
}

// send gives the answer and its whole body, of at most limit bytes.
func (c *client) send(req *http.Request, limit int64) (*http.Response, []byte, error) {
	lost := func(err error) error {
		return posta.Errorf(posta.CodeProviderUnavailable, "%s %s: %w", req.Method, req.URL.Path, err)
	}
	answer, err := c.http.Do(req)
	if err != nil {
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err // its text repeats the address
		}
		return nil, nil, lost(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, limit+1))
	if err != nil {
		return nil, nil, lost(err)
	}
	if int64(len(text)) > limit {
		return nil, nil, lost(errors.New("answer too long"))
	}
	return answer, text, nil
}

// refusal is what an answer that is not good said.
type refusal struct {
	call    string
	status  int
	code    string
	message string
}

func (r *refusal) Error() string {
	return fmt.Sprintf("%s: %d %s %s", r.call, r.status, r.code, r.message)
}

// statusOf is the HTTP status that err came from, 0 if from none.
func statusOf(err error) int {
	var r *refusal
	if errors.As(err, &r) {
		return r.status
	}
	return 0
}

// inFlight are 409s that say nothing of the outcome: the first call with the
// key is still running, or did something that this one does not show.
var inFlight = map[string]bool{
	"conflict": true, "resource_locked": true, "refund_in_progress": true, "movement_operations_pending": true,
	"instore_order_locked_error": true, "idempotency_key_already_used": true,
}

// notCredentials are 403s that are about the operation, not about who asks.
var notCredentials = map[string]bool{
	"partial_refund_forbidden_with_tips": true, "forbidden_checking_terminal_owner": true,
	"terminal_not_allowed_action": true, "store_pos_not_found": true,
}

// busyTerminal is the 409 of a create for a terminal that has an order already,
// docs/providers/mercadopago.md §5.1.
const busyTerminal = "already_queued_order_for_terminal"

// onlyInTest is the 500 of a test seller's payment, which is for good
// (docs/providers/mercadopago-online.md §1.4).
const onlyInTest = "user_allowed_only_in_test"

// aboutCredentials are codes that blame the token under whatever status: the
// legacy QR interface says it with a 400 (docs/providers/mercadopago.md §3.1).
var aboutCredentials = map[string]bool{"invalid_access_token": true, "invalid_token": true, "unauthorized": true}

// refused turns an answer into an error: docs/providers/mercadopago.md §1.1.
func (c *client) refused(k call, answer *http.Response, text []byte) error {
	code, message, readable := parseRefusal(text)
	if code == "" && answer.StatusCode == http.StatusPreconditionFailed {
		code = "precondition_failed" // told by a sentence only, §5.7
	}
	if c.token != "" {
		message = strings.ReplaceAll(message, c.token, "…")
	}
	message = short(message, 500) // a refused city comes with the list of valid ones
	e := &posta.Error{
		Code:  posta.CodeProviderRejected,
		Cause: &refusal{call: k.method + " " + k.path, status: answer.StatusCode, code: code, message: message},
	}
	if code != "" {
		e.Params = map[string]string{"code": short(code, 80)}
		if message != "" {
			e.Params["message"] = message
		}
	}
	switch status := answer.StatusCode; {
	case status == http.StatusTooManyRequests:
		e.Code, e.RetryAfter = posta.CodeRateLimited, c.retryAfter(answer)
	case status == http.StatusUnauthorized, status == http.StatusForbidden && !notCredentials[code],
		status < 500 && aboutCredentials[code]:
		e.Code = posta.CodeUnauthorized
	case code == onlyInTest:
	case status < 400, status >= 500, !readable:
		e.Code = posta.CodeProviderUnavailable
	case status == http.StatusNotFound:
		e.Code = posta.CodeNotFound
	case code == busyTerminal:
		e.Code = posta.CodeTerminalBusy
	case status == http.StatusRequestTimeout, status == http.StatusLocked, status == http.StatusFailedDependency,
		status == http.StatusTooEarly, inFlight[code]:
		e.Code = posta.CodeProviderUnavailable
	}
	return e
}

// parseRefusal reads the error envelopes: errors[0].code, code, error,
// cause[0].code. An empty body is readable and says nothing.
func parseRefusal(body []byte) (code, message string, readable bool) {
	type said struct {
		Code        text `json:"code"`
		Message     text `json:"message"`
		Description text `json:"description"`
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return "", "", true
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) != nil {
		return "", "", false
	}
	first := func(name string) (s said) {
		var list []said
		if json.Unmarshal(fields[name], &list) == nil && len(list) > 0 {
			return list[0]
		}
		return said{}
	}
	plain := func(name string) string {
		var t text
		_ = json.Unmarshal(fields[name], &t) // what is no text says nothing
		return string(t)
	}
	listed, cause := first("errors"), first("cause")
	for _, c := range []string{string(listed.Code), plain("code"), plain("errorKey"), plain("error"), string(cause.Code)} {
		if c != "" {
			code = c
			break
		}
	}
	if code == "bad_request" && cause.Code != "" {
		code = string(cause.Code) // the number says what the word does not
	}
	for _, m := range []string{string(listed.Message), plain("message"), string(cause.Description)} {
		if m != "" {
			return code, m, true
		}
	}
	return code, "", true
}

func (c *client) retryAfter(answer *http.Response) time.Duration {
	text := answer.Header.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil {
		return time.Duration(max(min(seconds, 86_400), 0)) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(at.Sub(c.clock.Now()), 0)
	}
	return 0
}

// picture downloads a public file of the provider's, without our token.
func (c *client) picture(ctx context.Context, address string) (contentType string, body []byte, err error) {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "https" && c.base != u.Scheme+"://"+u.Host) {
		return "", nil, posta.Errorf(posta.CodeProviderUnavailable, "poster at an address that is not https")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", nil, posta.Errorf(posta.CodeProviderUnavailable, "poster: %w", err)
	}
	answer, body, err := c.send(req, longestPicture)
	if err != nil {
		return "", nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return "", nil, c.refused(call{method: http.MethodGet, path: u.Path}, answer, nil)
	}
	return answer.Header.Get("Content-Type"), body, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func short(s string, most int) string {
	runes := []rune(s)
	return string(runes[:min(len(runes), most)])
}
