package web

import (
	"errors"
	"net/http"

	"posta"
)

// status is how a page with an error is answered.
func status(code posta.Code) int {
	switch code {
	case posta.CodeNotFound:
		return http.StatusNotFound
	case posta.CodeUnauthorized:
		return http.StatusUnauthorized
	case posta.CodeForbidden, posta.CodeModeMismatch, posta.CodeGateClosed:
		return http.StatusForbidden
	case posta.CodeRateLimited:
		return http.StatusTooManyRequests
	case posta.CodeConflict, posta.CodeStoreInUse, posta.CodeShiftOpen, posta.CodeTillBusy, posta.CodeTerminalBusy, posta.CodeState, posta.CodeInFlight, posta.CodeIdempotencyReused,
		posta.CodeSoldOut, posta.CodeAlreadyPaid, posta.CodeUnderWay:
		return http.StatusConflict
	case posta.CodeInvalid, posta.CodeRefundExceeds, posta.CodeCardNumber, posta.CodeProviderRejected:
		return http.StatusUnprocessableEntity
	case posta.CodeLinkDisabled, posta.CodeLinkExpired, posta.CodeSessionExpired:
		return http.StatusGone
	case posta.CodeTooLarge:
		return http.StatusRequestEntityTooLarge
	case posta.CodeUnsupportedMedia:
		return http.StatusUnsupportedMediaType
	case posta.CodeProviderUnavailable:
		return http.StatusBadGateway
	case posta.CodeUnavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// problem is the data of an error page, and of an error shown within a page.
type problem struct {
	Code    posta.Code
	Support string // what to tell support; the log line bears it too
}

// problem describes err and, where it is no fault of the reader, logs it.
func (v *visit) problem(err error) problem {
	code := posta.ErrorCode(err)
	p := problem{Code: code}
	if status(code) >= 500 {
		p.Support = "err_" + posta.NewULID(v.s.Clock.Now())
		v.s.Log.ErrorContext(v.ctx(), "page failed", "support", p.Support, "method", v.r.Method,
			"path", v.r.URL.Path, "user", v.User.ID, "error", err)
	}
	return p
}

// fail answers with the error page.
func (s *server) fail(v *visit, err error) {
	if errors.Is(err, v.ctx().Err()) && v.ctx().Err() != nil {
		return // the reader left
	}
	p := v.problem(err)
	if renderErr := v.renderAs(status(p.Code), "error", p); renderErr != nil {
		s.Log.ErrorContext(v.ctx(), "error page failed", "support", p.Support, "error", renderErr)
		http.Error(v.w, string(p.Code)+" "+p.Support, status(p.Code))
	}
}

// fieldErrors gives the words for what is wrong with each field of a form,
// nil if err is about something else.
func (v *visit) fieldErrors(err error) map[string]string {
	var e *posta.Error
	if !errors.As(err, &e) || e.Code != posta.CodeInvalid {
		return nil
	}
	wrong := map[string]string{}
	for _, f := range e.Fields {
		params := map[string]any{}
		for name, value := range f.Params {
			params[name] = value
		}
		key := "field." + f.Field + "." + f.Code // the field's own words, else those of any field
		if !v.words.Has(key) {
			key = "field." + f.Code
		}
		if wrong[f.Field] == "" {
			wrong[f.Field] = v.T(key, params)
		}
	}
	return wrong
}
