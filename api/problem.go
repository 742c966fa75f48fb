package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"posta"
	"posta/text"
)

// codeMethod is the one code that only HTTP knows.
const codeMethod posta.Code = "method_not_allowed"

// statuses is the one map from codes to HTTP.
var statuses = map[posta.Code]int{
	posta.CodeInvalid:             http.StatusUnprocessableEntity, // 400 where the request itself cannot be read, see status
	posta.CodeNotFound:            http.StatusNotFound,
	posta.CodeUnauthorized:        http.StatusUnauthorized,
	posta.CodeForbidden:           http.StatusForbidden,
	posta.CodeConflict:            http.StatusConflict,
	posta.CodeStoreInUse:          http.StatusConflict,
	posta.CodeShiftOpen:           http.StatusConflict,
	posta.CodeTillBusy:            http.StatusConflict,
	posta.CodeTerminalBusy:        http.StatusConflict,
	posta.CodeIdempotencyReused:   http.StatusUnprocessableEntity,
	posta.CodeInFlight:            http.StatusConflict,
	posta.CodeRefundExceeds:       http.StatusConflict,
	posta.CodeState:               http.StatusConflict,
	posta.CodeTooLarge:            http.StatusRequestEntityTooLarge,
	posta.CodeUnsupportedMedia:    http.StatusUnsupportedMediaType,
	posta.CodeRateLimited:         http.StatusTooManyRequests,
	posta.CodeModeMismatch:        http.StatusConflict,
	posta.CodeGateClosed:          http.StatusForbidden,
	posta.CodeLinkDisabled:        http.StatusConflict,
	posta.CodeLinkExpired:         http.StatusConflict,
	posta.CodeSoldOut:             http.StatusConflict,
	posta.CodeSessionExpired:      http.StatusConflict,
	posta.CodeAlreadyPaid:         http.StatusConflict,
	posta.CodeUnderWay:            http.StatusConflict,
	posta.CodeCardNumber:          http.StatusUnprocessableEntity,
	posta.CodeProviderRejected:    http.StatusUnprocessableEntity,
	posta.CodeProviderUnavailable: http.StatusBadGateway,
	posta.CodeUnavailable:         http.StatusServiceUnavailable,
	posta.CodeInternal:            http.StatusInternalServerError,
	codeMethod:                    http.StatusMethodNotAllowed,
}

// headerKey is the header that names a write.
const headerKey = "Idempotency-Key"

func status(e *posta.Error) int {
	for _, f := range e.Fields {
		if e.Code == posta.CodeInvalid && (f.Field == "body" || f.Field == headerKey) {
			return http.StatusBadRequest
		}
	}
	if s := statuses[e.Code]; s != 0 {
		return s
	}
	return http.StatusInternalServerError
}

// Problem is an error as the API answers it (RFC 9457).
type Problem struct {
	Type      string            `json:"type" format:"uri" doc:"where the code is explained" example:"https://posta.example/docs/api#till_busy"`
	Title     string            `json:"title" doc:"in the reader's language (Accept-Language)" example:"The till already has an open charge"`
	Status    int               `json:"status" doc:"the HTTP status" example:"409"`
	Detail    string            `json:"detail,omitempty" doc:"what happened, what it means for the money, what to do"`
	Code      posta.Code        `json:"code" doc:"for programs; does not change" example:"till_busy"`
	Errors    []ProblemField    `json:"errors,omitempty" doc:"what is wrong with which field; never the submitted values"`
	Params    map[string]string `json:"params,omitempty" doc:"particulars of the code, such as payment or left"`
	RequestID string            `json:"request_id" doc:"for support; also in X-Request-Id" example:"01JD9S3F2K8Q4ZV6W1X7Y5T0RB"`

	retryAfter time.Duration
}

// ProblemField is one thing wrong with one field of the request.
type ProblemField struct {
	Field   string `json:"field" doc:"path in the request" example:"items[0].quantity"`
	Code    string `json:"code" example:"positive"`
	Message string `json:"message" doc:"in the reader's language" example:"must be more than zero"`
}

// Error makes a Problem an error.
func (p *Problem) Error() string { return string(p.Code) }

// GetStatus is the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is that of RFC 9457.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders says when to try again, where that is known.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{"Cache-Control": {"no-store"}}
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.retryAfter.Seconds()))))
	}
	return h
}

func init() {
	huma.ValidateStrictCasing = true
	huma.DefaultArrayNullable = false
	// Both make the Problem of whatever huma itself refuses, without a context
	// for its schema, and with one at work.
	huma.NewError = func(status int, _ string, errs ...error) huma.StatusError {
		return (&call{}).problem(refused(status, errs))
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, _ string, errs ...error) huma.StatusError {
		return callOf(ctx.Context()).problem(refused(status, errs))
	}
}

// problem is err for the caller.
func (c *call) problem(err error) *Problem {
	var e *posta.Error
	if !errors.As(err, &e) {
		e = &posta.Error{Code: posta.CodeInternal, Cause: err}
	}
	if c.fault == nil {
		c.fault = err
	}
	p := &Problem{Title: string(e.Code), Status: status(e), Code: e.Code, Params: e.Params, RequestID: c.id, retryAfter: e.RetryAfter}
	if p.retryAfter == 0 {
		switch p.Status {
		case http.StatusServiceUnavailable:
			p.retryAfter = 5 * time.Second
		case http.StatusTooManyRequests:
			p.retryAfter = time.Second
		}
		if e.Code == posta.CodeInFlight {
			p.retryAfter = time.Second
		}
	}
	if c.server == nil {
		return p
	}
	p.Type = c.server.PublicURL() + "/docs/api#" + string(e.Code)
	words := c.words()
	p.Title = words.T("error."+string(e.Code)+".title", params(e.Params))
	p.Detail = words.T("error."+string(e.Code), params(e.Params))
	for _, f := range e.Fields {
		p.Errors = append(p.Errors, ProblemField{Field: f.Field, Code: f.Code, Message: fieldWords(words, f)})
	}
	return p
}

func fieldWords(words *text.Localizer, f posta.FieldError) string {
	key := "field." + f.Field + "." + f.Code // the field's own words, else those of any field
	if !words.Has(key) {
		key = "field." + f.Code
	}
	if !words.Has(key) {
		key = "field.wrong"
	}
	return words.T(key, params(f.Params))
}

func params(p map[string]string) map[string]any {
	out := make(map[string]any, len(p))
	for name, value := range p {
		out[name] = value
	}
	return out
}

// fail writes err as the answer.
func (a *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := callOf(r.Context()).problem(err)
	header := w.Header()
	for name, values := range p.GetHeaders() {
		header[name] = values
	}
	header.Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(encode(p))
	}
}

// encode is JSON as the API writes it: HTML is not escaped.
func encode(v any) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		panic(err)
	}
	return out.Bytes()
}
