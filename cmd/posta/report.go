package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"posta"
	"posta/client"
	"posta/text"
)

// Exit codes; docs/operations.md lists them.
const (
	exitDone        = 0
	exitFailed      = 1 // anything else
	exitUsage       = 2 // a flag or argument is wrong
	exitInput       = 3 // the hub refused the input
	exitNotFound    = 4
	exitDenied      = 5 // no key, a wrong key, or not allowed
	exitBusy        = 6 // conflict: till busy, key reused, not possible in this state
	exitRetry       = 7 // try again: hub or provider not reachable, too many requests
	exitInterrupted = 130
)

var exitOf = map[posta.Code]int{
	posta.CodeInvalid: exitInput, posta.CodeCardNumber: exitInput, posta.CodeTooLarge: exitInput, posta.CodeProviderRejected: exitInput,
	posta.CodeNotFound: exitNotFound, posta.CodeUnauthorized: exitDenied, posta.CodeForbidden: exitDenied,
	posta.CodeModeMismatch: exitDenied, posta.CodeConflict: exitBusy, posta.CodeTillBusy: exitBusy, posta.CodeTerminalBusy: exitBusy,
	posta.CodeStoreInUse: exitBusy, posta.CodeShiftOpen: exitBusy,
	posta.CodeIdempotencyReused: exitBusy, posta.CodeState: exitBusy, posta.CodeRefundExceeds: exitBusy,
	posta.CodeRateLimited: exitRetry, posta.CodeUnavailable: exitRetry, posta.CodeInFlight: exitRetry,
	posta.CodeProviderUnavailable: exitRetry,
	codeUsage:                     exitUsage, codeInterrupted: exitInterrupted,
}

// Codes that only the command line knows.
const (
	codeUsage       posta.Code = "usage"
	codeInterrupted posta.Code = "interrupted"
)

// trouble is an error as the command line tells it.
type trouble struct {
	Code      posta.Code            `json:"code"`
	Detail    string                `json:"detail"`
	Hint      string                `json:"hint,omitempty"`
	Errors    []client.ProblemField `json:"errors,omitempty"`
	Params    map[string]string     `json:"params,omitempty"`
	RequestID string                `json:"request_id,omitempty"`
	Exit      int                   `json:"exit_code"`
}

// keyed is an error of a write that may have had its effect all the same.
type keyed struct {
	error
	key string
}

// Unwrap gives the error.
func (k keyed) Unwrap() error { return k.error }

// report tells an error and gives its exit code.
func (t terminal) report(err error, parsed *kong.Context) int {
	told := describe(err)
	if told.Exit = exitFailed; exitOf[told.Code] != 0 {
		told.Exit = exitOf[told.Code]
	}
	var write keyed
	if errors.As(err, &write) && (told.Exit == exitRetry || told.Exit == exitInterrupted) {
		told.Hint = "It is not known whether it was done. Run the same command again with --idempotency-key " + write.key + ": it has one effect, however often it is sent."
	}
	if t.json {
		_ = printJSON(t.err, told)
		return told.Exit
	}
	fmt.Fprintf(t.err, "posta: %s\n", told.Detail)
	for _, f := range told.Errors {
		fmt.Fprintf(t.err, "  %s %s\n", flagOf(parsed, f.Field), f.Message)
	}
	for name, value := range told.Params {
		fmt.Fprintf(t.err, "  %s: %s\n", strings.ReplaceAll(name, "_", " "), value)
	}
	if told.Hint != "" {
		fmt.Fprintf(t.err, "%s\n", told.Hint)
	}
	if told.RequestID != "" {
		fmt.Fprintf(t.err, "  (%s, request %s)\n", told.Code, told.RequestID)
	}
	return told.Exit
}

// describe finds the words for an error: the hub's own, else those of who
// found it here, else the catalog's.
func describe(err error) trouble {
	var e *posta.Error
	var p *client.Problem
	var line *url.Error
	switch {
	case errors.Is(err, context.Canceled):
		return trouble{Code: codeInterrupted, Detail: "interrupted"}
	case !errors.As(err, &e):
		return trouble{Code: posta.CodeInternal, Detail: err.Error()}
	case errors.As(err, &p):
		told := trouble{Code: e.Code, Detail: p.Detail, Errors: p.Errors, Params: e.Params, RequestID: p.RequestID}
		if told.Detail == "" {
			told.Detail = "not the hub's answer: " + p.Title + ". Is it Posta that --url names?"
		}
		return told
	case errors.As(err, &line):
		return trouble{Code: e.Code, Detail: "the hub does not answer: " + line.Error(), Params: e.Params}
	case e.Cause != nil && len(e.Fields) == 0:
		return trouble{Code: e.Code, Detail: e.Cause.Error(), Params: e.Params}
	}
	words := text.Must().Localizer(language())
	told := trouble{Code: e.Code, Detail: words.T("error." + string(e.Code)), Params: e.Params}
	for _, f := range e.Fields {
		key := "field." + f.Field + "." + f.Code
		if !words.Has(key) {
			key = "field." + f.Code
		}
		if !words.Has(key) {
			key = "field.wrong"
		}
		told.Errors = append(told.Errors, client.ProblemField{Field: f.Field, Code: f.Code, Message: words.T(key)})
	}
	return told
}

// flagOf names a field of a request as the command line does.
func flagOf(parsed *kong.Context, field string) string {
	name := strings.ReplaceAll(strings.TrimPrefix(strings.TrimSuffix(field, "_id"), "options."), "_", "-")
	switch name {
	case "rail":
		name = "terminal"
	case "operation":
		name = "qr"
	}
	for _, flag := range parsed.Flags() {
		if flag.Name == name {
			return "--" + name
		}
	}
	return field
}

// usage is a complaint about a flag, made here.
func usage(format string, args ...any) error { return posta.Errorf(codeUsage, format, args...) }

// language is the terminal's, as far as Posta speaks it.
func language() string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if value := os.Getenv(name); value != "" {
			for _, known := range text.Languages {
				if strings.HasPrefix(value, known) {
					return known
				}
			}
			break
		}
	}
	return text.English
}
