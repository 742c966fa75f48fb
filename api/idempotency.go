package api

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"posta"
	"posta/idempotency"
)

// maxBody is the largest body of an operation that tells no other, in bytes.
const maxBody = 1 << 20

// workLimit is how long a write may work: less than its claim's lease, so
// that nobody takes over what still runs.
const workLimit = idempotency.Lease - 5*time.Second

// headerReplayed marks an answer that was given before.
const headerReplayed = "Idempotent-Replayed"

// secretShown is how many characters of a secret an answer given again holds.
const secretShown = 10

// readBody reads the body of an operation, looks for card numbers and puts it
// back to be decoded.
func (a *server) readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	_, route := a.v1.Handler(r)
	limit := cmp.Or(a.bodies[route], maxBody)
	if r.ContentLength > limit {
		return nil, &posta.Error{Code: posta.CodeTooLarge}
	}
	body, err := bounded(w, r, limit)
	if err != nil {
		return nil, err
	}
	if len(body) > 0 && !isJSON(r.Header.Get("Content-Type")) {
		return nil, &posta.Error{Code: posta.CodeUnsupportedMedia}
	}
	if err := cardNumberInBody(body); err != nil {
		return nil, err
	}
	if len(body) > 0 && r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return body, nil
}

// once runs a write at most once for its key. The answer is saved before it is
// sent; the same request again gets the same answer. A write that failed its
// rules leaves nothing, and one that was cut off or could not be stored keeps
// its claim, to be gone on with by the same request.
func (a *server) once(w http.ResponseWriter, r *http.Request) {
	body, err := a.readBody(w, r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	call := callOf(r.Context())
	target := r.URL.EscapedPath()
	if r.URL.RawQuery != "" {
		target += "?" + r.URL.RawQuery
	}
	claim, before, err := a.Idempotency.Begin(r.Context(), idempotency.Request{MerchantID: call.key.MerchantID,
		Mode: call.key.Mode, Key: r.Header.Get(headerKey), Fingerprint: a.Idempotency.Fingerprint(r.Method, target, body)})
	if err != nil {
		if posta.ErrorCode(err) == posta.CodeInternal {
			err = &posta.Error{Code: posta.CodeUnavailable, Cause: err} // nothing was begun
		}
		a.fail(w, r, err)
		return
	}
	if before != nil {
		_, call.route = a.v1.Handler(r)
		replay(w, *before)
		return
	}
	call.claim = claim
	// The caller going away does not stop what it asked for.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), workLimit)
	defer cancel()
	held := &held{header: http.Header{}}
	a.serve(held, r.WithContext(ctx))
	a.close(ctx, call, held)
	held.send(w)
}

// close says what becomes of the claim, by what the write ended in.
func (a *server) close(ctx context.Context, call *call, h *held) {
	ctx = context.WithoutCancel(ctx)
	var err error
	// A claim that was taken over may have had its effect before.
	resumed := call.claim.LeaseTo.Sub(call.claim.CreatedAt) > idempotency.Lease
	switch code := posta.ErrorCode(call.fault); {
	case code == posta.CodeUnavailable:
		// Perhaps half done: kept without an answer until its lease ends.
		h.header.Set("Retry-After", "30")
		return
	case !resumed && (!call.begun || harmless[code]):
		err = a.Idempotency.Abandon(ctx, call.claim)
	default:
		answer := idempotency.Answer{Status: h.status, ContentType: h.header.Get("Content-Type"), Body: h.body.Bytes(), Header: map[string]string{}}
		if s := call.secret; s != "" {
			answer.Body = bytes.ReplaceAll(answer.Body, []byte(s), []byte(s[:secretShown]+"…"))
		}
		for name, values := range h.header {
			if !transient[name] {
				answer.Header[name] = strings.Join(values, ", ")
			}
		}
		err = a.Idempotency.Finish(ctx, call.claim, answer)
	}
	if err != nil {
		a.Log.ErrorContext(ctx, "answer not saved", "request", call.id, "error", err)
	}
}

// harmless are the codes that promise that nothing was done and that a mended
// request may come with the same key.
var harmless = map[posta.Code]bool{posta.CodeInvalid: true, posta.CodeNotFound: true, posta.CodeModeMismatch: true,
	posta.CodeUnsupportedMedia: true, posta.CodeTooLarge: true, posta.CodeUnauthorized: true, posta.CodeRateLimited: true}

// transient headers belong to one answer only.
var transient = map[string]bool{"Content-Type": true, "X-Request-Id": true, "Retry-After": true, "Cache-Control": true}

// replay gives an answer once more, as it was.
func replay(w http.ResponseWriter, answer idempotency.Answer) {
	for name, value := range answer.Header {
		w.Header().Set(name, value)
	}
	if answer.ContentType != "" {
		w.Header().Set("Content-Type", answer.ContentType)
	}
	w.Header().Set(headerReplayed, "true")
	w.WriteHeader(answer.Status)
	_, _ = w.Write(answer.Body)
}

// held is an answer that is saved before it is sent.
type held struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header is the answer's.
func (h *held) Header() http.Header { return h.header }

// WriteHeader notes the status.
func (h *held) WriteHeader(status int) {
	if h.status == 0 {
		h.status = status
	}
}

// Write notes a part of the body.
func (h *held) Write(b []byte) (int, error) {
	h.WriteHeader(http.StatusOK)
	return h.body.Write(b)
}

func (h *held) send(w http.ResponseWriter) {
	for name, values := range h.header {
		w.Header()[name] = values
	}
	w.WriteHeader(max(h.status, http.StatusOK))
	_, _ = w.Write(h.body.Bytes())
}
