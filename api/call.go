package api

import (
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"posta"
	"posta/account"
	"posta/idempotency"
	"posta/text"
)

// call is what is known of the request being served.
type call struct {
	id     string // answered as X-Request-Id and written in the log
	server *server
	asked  *http.Request
	key    account.Key
	claim  idempotency.Claim // of a POST under /v1
	route  string            // pattern of the operation
	fault  error             // for the operator
	begun  bool              // the operation itself was reached: it may have had an effect
	secret string            // in the answer, and in none that is given again
}

type callKey struct{}

func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	if c == nil {
		return &call{}
	}
	return c
}

// words are those of the reader's language.
func (c *call) words() *text.Localizer { return c.server.Catalog.Match(c.asked) }

// by names who calls, for the record.
func (c *call) by() string { return "key:" + string(c.key.ID) }

// observed gives each request its id, writes one line about it when it is
// done, and turns a panic into an answer. The line holds neither body nor
// token nor query.
func (a *server) observed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := posta.SystemClock{}.Now()
		c := &call{id: posta.NewULID(start), server: a, asked: r}
		r = r.WithContext(context.WithValue(r.Context(), callKey{}, c))
		out := &writer{ResponseWriter: w}
		header := w.Header()
		header.Set("X-Request-Id", c.id)
		header.Set("X-Content-Type-Options", "nosniff")
		defer func() {
			if cause := recover(); cause != nil {
				if cause == http.ErrAbortHandler {
					panic(cause)
				}
				c.fault = posta.Errorf(posta.CodeInternal, "panic: %v", cause)
				a.Log.ErrorContext(r.Context(), "panic", "request", c.id, "cause", cause, "stack", string(debug.Stack()))
				if out.status == 0 {
					a.fail(out, r, c.fault)
				}
			}
			if c.route == "" {
				c.route = r.Pattern
			}
			attributes := []slog.Attr{slog.String("method", r.Method), slog.String("route", c.route),
				slog.Int("status", out.status), slog.Int64("ms", posta.SystemClock{}.Now().Sub(start).Milliseconds()),
				slog.String("request", c.id)}
			if c.key.ID != "" {
				attributes = append(attributes, slog.String("key", string(c.key.ID)))
			}
			level := slog.LevelInfo
			if out.status >= 500 && c.fault != nil {
				level = slog.LevelError
				attributes = append(attributes, slog.String("error", c.fault.Error()))
			}
			a.Log.LogAttrs(r.Context(), level, "request", attributes...)
		}()
		next.ServeHTTP(out, r)
		if out.status == 0 {
			out.status = http.StatusOK
		}
	})
}

// writer remembers the status that was sent.
type writer struct {
	http.ResponseWriter
	status int
}

// WriteHeader sends the status, once.
func (w *writer) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write sends a part of the body.
func (w *writer) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// extend gives the answer's next part its time to be taken.
func extend(out *http.ResponseController, by time.Duration) {
	_ = out.SetWriteDeadline(posta.SystemClock{}.Now().Add(by))
}
