package posta

import (
	"errors"
	"fmt"
	"time"
)

// Code says to a program what went wrong. Its words for a person are in the
// text catalogs under "error.CODE".
type Code string

// The codes. api has the one map to HTTP statuses; Temporary is the one map
// to "try again".
const (
	CodeInvalid             Code = "invalid"                // input that fails its rules; Fields names them
	CodeNotFound            Code = "not_found"              // nothing of that name, or not yours
	CodeUnauthorized        Code = "unauthorized"           // no valid key or session
	CodeForbidden           Code = "forbidden"              // known, but not allowed
	CodeConflict            Code = "conflict"               // clashes with what is there
	CodeStoreInUse          Code = "store_in_use"           // the store has tills; Params["tills"] counts them
	CodeShiftOpen           Code = "shift_open"             // the till has an open shift; Params["shift"] names it
	CodeTillBusy            Code = "till_busy"              // the till has an open payment; Params["payment"] names it
	CodeTerminalBusy        Code = "terminal_busy"          // something is under way on the terminal; Params["payment"] names it where it is a payment
	CodeIdempotencyReused   Code = "idempotency_key_reused" // same key, other request
	CodeInFlight            Code = "request_in_flight"      // same key, first request still running
	CodeRefundExceeds       Code = "refund_exceeds"         // more than what is left to refund
	CodeState               Code = "not_allowed_in_state"   // not possible in the object's state
	CodeTooLarge            Code = "too_large"              // body over the limit
	CodeUnsupportedMedia    Code = "unsupported_media_type" // not the content type asked for
	CodeRateLimited         Code = "rate_limited"           // too many requests; RetryAfter says when
	CodeModeMismatch        Code = "mode_mismatch"          // test and live met
	CodeGateClosed          Code = "gate_closed"            // production is not open for this charge; Params["reason"] says why
	CodeCardNumber          Code = "card_number_refused"    // the request seems to hold a card number
	CodeLinkDisabled        Code = "link_disabled"          // a payment link that its merchant closed, or whose product is no more
	CodeLinkExpired         Code = "link_expired"           // a payment link whose time is over
	CodeSoldOut             Code = "sold_out"               // too little is left of what a payment link sells; Params["left"] says how much
	CodeSessionExpired      Code = "session_expired"        // a checkout session whose time is over
	CodeAlreadyPaid         Code = "already_paid"           // a checkout session that was paid; Params["payment"] names the payment
	CodeUnderWay            Code = "payment_under_way"      // an earlier payment of a checkout session has not ended; Params["payment"] names it
	CodeProviderRejected    Code = "provider_rejected"      // the provider said no: permanent
	CodeProviderUnavailable Code = "provider_unavailable"   // the provider gave no usable answer: temporary, outcome unknown
	CodeUnavailable         Code = "unavailable"            // Posta itself cannot take work now (disk, database)
	CodeInternal            Code = "internal"               // a defect of ours
)

// FieldError is one thing wrong with one field of the input.
type FieldError struct {
	Field string `json:"field"` // path in the request, such as "amount" or "items[0].quantity"
	Code  string `json:"code"`  // key of its words in the text catalogs, below "field."
	// Params fill the words; never a submitted value that could be secret.
	Params map[string]string `json:"-"`
}

// Error has three readers: Code for the program, the catalog's words for the
// person, Cause for the operator.
type Error struct {
	Code       Code
	Fields     []FieldError
	Params     map[string]string // fill the words, and go to the API as they are
	RetryAfter time.Duration     // with rate_limited and unavailable; 0 if not known
	Cause      error             // never shown to the caller
}

// Error is the operator's view.
func (e *Error) Error() string {
	text := string(e.Code)
	for _, f := range e.Fields {
		text += fmt.Sprintf(" %s:%s", f.Field, f.Code)
	}
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// ErrorCode is the code of err; "internal" for an error that has none, "" for nil.
func ErrorCode(err error) Code {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}

// Temporary reports whether the same call may succeed later.
func Temporary(err error) bool {
	switch ErrorCode(err) {
	case CodeProviderUnavailable, CodeRateLimited, CodeUnavailable, CodeInFlight:
		return true
	}
	return false
}

// Errorf makes an Error with a cause for the operator.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Cause: fmt.Errorf(format, args...)}
}

// Invalid makes an Error of code "invalid" about one field.
func Invalid(field, code string) *Error {
	return &Error{Code: CodeInvalid, Fields: []FieldError{{Field: field, Code: code}}}
}

// Problems gathers field errors while an input is checked.
type Problems []FieldError

// Add notes that field has the problem code when bad is true.
func (p *Problems) Add(bad bool, field, code string) {
	if bad {
		*p = append(*p, FieldError{Field: field, Code: code})
	}
}

// Err is nil when nothing was noted, otherwise an Error of code "invalid".
func (p Problems) Err() error {
	if len(p) == 0 {
		return nil
	}
	return &Error{Code: CodeInvalid, Fields: p}
}
