package mail

import (
	"errors"
	"fmt"
	"net/textproto"
	"regexp"
	"strings"

	"posta"
)

// Failure is why a mail did not go out. Its Error tells the step and the codes
// only, since it ends in logs; a server's words often hold the address.
type Failure struct {
	Step      string   // connect, MAIL, RCPT, DATA, or accept: the answer to the whole mail
	Code      int      // of the server's answer (RFC 5321 §4.2); 0 when there was none
	Enhanced  string   // such as "5.1.1" (RFC 3463), where the server gave one
	Text      string   // the server's words, one line
	Addresses []string // the recipients that it was about
	Uncertain bool     // the whole mail was handed over and the answer was lost
	cause     error
}

// Error is the operator's view.
func (f *Failure) Error() string {
	if f.Code == 0 {
		return "mail: " + f.Step + ": " + f.cause.Error()
	}
	return strings.TrimRight(fmt.Sprintf("mail: %s: the server answered %d %s", f.Step, f.Code, f.Enhanced), " ")
}

// Unwrap gives what the network said, where the server said nothing.
func (f *Failure) Unwrap() error {
	if f.Code == 0 {
		return f.cause
	}
	return nil
}

// FailureOf is the failure behind an error of Send.
func FailureOf(err error) (*Failure, bool) {
	var f *Failure
	ok := errors.As(err, &f)
	return f, ok
}

var enhancedCode = regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}\b`)

// failed makes the error of a step that the server refused, or did not answer.
func failed(step string, err error, addresses []string) error {
	f := &Failure{Step: step, Addresses: addresses, cause: err}
	var answer *textproto.Error
	switch {
	case errors.As(err, &answer):
		f.Code, f.Text = answer.Code, line(answer.Msg)
		f.Enhanced = enhancedCode.FindString(answer.Msg)
	case step == "accept":
		f.Uncertain = true
	}
	e := &posta.Error{Code: posta.CodeProviderUnavailable, Cause: f}
	if f.Code >= 500 && step != "connect" {
		e.Code = posta.CodeProviderRejected
	}
	if f.Code != 0 || len(addresses) > 0 {
		e.Params = map[string]string{"provider_code": strings.TrimSpace(fmt.Sprint(f.Code, " ", f.Enhanced)), "addresses": strings.Join(addresses, ", ")}
	}
	return e
}

// refusals are the recipients that a server does not take.
type refusals struct {
	permanent, temporary []string
	why, whyLater        error
}

// add takes a refusal down; false when the server did not answer at all.
func (r *refusals) add(address string, err error) bool {
	var answer *textproto.Error
	if !errors.As(err, &answer) {
		return false
	}
	if answer.Code >= 500 {
		r.permanent, r.why = append(r.permanent, address), err
	} else {
		r.temporary, r.whyLater = append(r.temporary, address), err
	}
	return true
}

// err names those refused for good, else those refused for now.
func (r *refusals) err() error {
	switch {
	case r.permanent != nil:
		return failed("RCPT", r.why, r.permanent)
	case r.temporary != nil:
		return failed("RCPT", r.whyLater, r.temporary)
	}
	return nil
}

// line makes a text one short line.
func line(text string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
	if runes := []rune(text); len(runes) > 300 {
		text = string(runes[:300]) + "…"
	}
	return text
}
