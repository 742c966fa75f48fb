package mercadopago

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"posta/sim/fault"
)

type object = map[string]any

// call is one request being answered, under the simulator's lock.
type call struct {
	sim            *Simulator
	op             *operation
	request        *http.Request
	body           []byte
	account        *Account
	grant          *grant // an OAuth token's or an application's, nil for the account's own
	byKey          bool   // a public key opened it
	keyTest        bool   // … one of test credentials
	keyApplication int64  // whose public key it was, 0 the account itself
	now            time.Time
}

// reply is an answer. A nil body is none; code is for the traffic list.
type reply struct {
	status int
	body   any
	code   string
	mime   string // "" is JSON
}

const bodyLimit = 1 << 20

func (s *Simulator) serve(w http.ResponseWriter, r *http.Request, op *operation) {
	clock := newStopwatch()
	limit := int64(bodyLimit)
	if op.family == upload {
		limit = uploadLimit
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err != nil {
		return
	}
	d := s.fault.Decide(fault.Call{Operation: op.name, Method: r.Method, Path: r.URL.Path})
	entry := Exchange{Direction: "in", Operation: op.name, Method: r.Method, Path: r.URL.RequestURI(), Request: shown(op, body),
		IdempotencyKey: r.Header.Get("X-Idempotency-Key"), Faults: d.Rules, At: s.clock.Now()}
	finish := func(status int, answer []byte, note string) {
		entry.Status, entry.Response, entry.Note = status, string(answer), note
		entry.Millis = float64(clock.elapsed().Microseconds()) / 1000
		s.traffic.Add(entry)
		s.changed.Tell()
	}
	if !fault.Pause(r.Context(), d.Delay) {
		finish(0, nil, "caller left before the work")
		panic(http.ErrAbortHandler)
	}
	if d.CutBefore {
		finish(0, nil, "cut before the work")
		panic(http.ErrAbortHandler)
	}
	c := &call{sim: s, op: op, request: r, body: body}
	var out reply
	if d.Status != 0 {
		out = c.faulty(d.Status)
	} else {
		if err := s.do(func() { c.now = s.clock.Now(); out = c.answer() }); err != nil {
			s.log.Error("commit failed", "operation", op.name, "error", err)
			out = c.faulty(http.StatusInternalServerError)
		}
		if d.StatusAfter != 0 {
			out = c.faulty(d.StatusAfter)
		}
	}
	answer := encode(out.body)
	if !fault.Pause(r.Context(), d.DelayAfter) {
		finish(out.status, answer, "caller left before the answer")
		panic(http.ErrAbortHandler)
	}
	if d.CutAfter {
		finish(out.status, answer, "cut after the work")
		panic(http.ErrAbortHandler)
	}
	if d.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(max(1, int(d.RetryAfter.Seconds()))))
	}
	w.Header().Set("X-Request-Id", newUUID())
	if op.family == public {
		crossOrigin(w)
	}
	if out.body != nil {
		w.Header().Set("Content-Type", cmp.Or(out.mime, "application/json; charset=utf-8"))
	}
	w.WriteHeader(out.status)
	if out.status != http.StatusNoContent {
		_, _ = w.Write(answer)
	}
	finish(out.status, answer, out.code)
}

// shown is a body as the traffic list has it: of files, how many bytes.
func shown(op *operation, body []byte) string {
	if op.family == upload {
		return fmt.Sprintf("(%d bytes)", len(body))
	}
	return string(body)
}

// answer checks the token and does the work.
func (c *call) answer() reply {
	if c.op.family == open {
		return c.op.do(c)
	}
	token, ok := strings.CutPrefix(c.request.Header.Get("Authorization"), "Bearer ")
	if key := c.query("public_key"); !ok && key != "" && c.op.family == public {
		return c.publicAnswer(key)
	}
	if !ok || token == "" || strings.ContainsAny(token, " \t") {
		return c.unauthorized(false)
	}
	if c.account = c.sim.tokens[token]; c.account == nil {
		if c.grant = c.sim.grants[token]; c.grant.lives(c.now) {
			c.account = c.sim.accounts[c.grant.UserID]
		}
	}
	if c.account == nil {
		return c.unauthorized(true)
	}
	if c.account.Blocked {
		return blocked()
	}
	if len(c.body) > bodyLimit && (c.op.family != upload || len(c.body) > uploadLimit) {
		return c.fail(http.StatusRequestEntityTooLarge, "request_entity_too_large", "The body is too large.")
	}
	if c.op.family != upload && len(bytes.TrimSpace(c.body)) > 0 && !strings.HasPrefix(c.request.Header.Get("Content-Type"), "application/json") {
		return c.fail(http.StatusUnsupportedMediaType, "unsupported_media_type", "Content-Type must be application/json.")
	}
	return c.op.do(c)
}

// faulty is an answer that the script asked for, as the gateway gives it.
func (c *call) faulty(status int) reply {
	code := map[int]string{429: "too_many_requests", 423: "resource_locked", 425: "order_payment_not_yet_enabled_for_refund", 428: "insufficient_money_for_refund", 424: "failed_dependency", 500: "internal_error", 502: "bad_gateway", 503: "service_unavailable", 504: "gateway_timeout"}[status]
	if code == "" {
		code = "error"
	}
	return c.fail(status, code, http.StatusText(status))
}

func (c *call) path(name string) string { return c.request.PathValue(name) }

func (c *call) query(name string) string { return c.request.URL.Query().Get(name) }

// own says whether the path's user is the token's account.
func (c *call) own() bool { return c.path("user") == text(c.account.UserID) }

func encode(body any) []byte {
	switch b := body.(type) {
	case nil:
		return nil
	case []byte:
		return b
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(body); err != nil {
		panic(fmt.Sprintf("sim/mercadopago: an answer does not marshal: %v", err))
	}
	return bytes.TrimRight(out.Bytes(), "\n")
}
