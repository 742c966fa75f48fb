package mail

import (
	"bufio"
	"bytes"
	"io"
	"regexp"
	"strings"

	"github.com/emersion/go-message"
	"github.com/emersion/go-message/textproto"
)

// Bounce is what a delivery status notice says (RFC 3464) of the first address
// that it says something bad of.
type Bounce struct {
	Address    string
	Permanent  bool   // it will not arrive; false: it is late, the server still tries
	Status     string // such as "5.1.1" (RFC 3463)
	Diagnostic string // the server's words, one line
	Also       []string
	MessageID  string // of the mail that did not arrive, where the notice shows it
}

// report is a notice as it is being read.
type report struct {
	failed, delayed []Bounce
	messageID       string
}

const maxReportBytes = 256 << 10

// takeReport reads the groups of a message/delivery-status (RFC 3464 §2.1): one
// about the message, then one for each recipient.
func (c *collector) takeReport(body io.Reader) error {
	raw, err := limited(body, maxReportBytes, "a delivery report")
	if err != nil {
		return err
	}
	c.report = &report{}
	groups := bufio.NewReader(bytes.NewReader(append(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")), "\n\n"...)))
	for {
		h, err := textproto.ReadHeader(groups)
		if err != nil {
			return nil // the last group, or one that cannot be read
		}
		if h.Len() == 0 {
			if _, err := groups.Peek(1); err != nil {
				return nil
			}
			continue
		}
		c.report.add(h)
	}
}

func (r *report) add(h textproto.Header) {
	address := typed(h.Get("Original-Recipient"))
	if address == "" {
		address = typed(h.Get("Final-Recipient"))
	}
	if address == "" {
		return
	}
	b := Bounce{Address: address, Status: enhancedCode.FindString(strings.TrimSpace(h.Get("Status"))), Diagnostic: line(clean(typed(h.Get("Diagnostic-Code"))))}
	switch strings.ToLower(strings.TrimSpace(h.Get("Action"))) {
	case "failed":
		b.Permanent = true
		r.failed = append(r.failed, b)
	case "delayed":
		r.delayed = append(r.delayed, b)
	}
}

// typed takes the value of "rfc822; ana@example.com".
func typed(value string) string {
	_, rest, found := strings.Cut(value, ";")
	if !found {
		rest = value
	}
	return cut(strings.Trim(oneLineOf(decoded([]byte(rest), "")), "<> "), 1000)
}

// takeReturned reads a mail within the mail: in a notice it is ours that did
// not arrive, of which the id is wanted; else a file.
func (c *collector) takeReturned(body io.Reader, kind, name string) error {
	if c.report == nil {
		return c.takeFile(body, kind, name)
	}
	raw, err := limited(body, MaxRawBytes, "a returned mail")
	if err != nil {
		return err
	}
	e, _ := message.ReadWithOptions(bytes.NewReader(append(raw, "\r\n\r\n"...)), &message.ReadOptions{MaxHeaderBytes: maxHeaderBytes})
	if e != nil && c.report.messageID == "" {
		if ids := identifiers(e.Header, "Message-Id"); len(ids) > 0 {
			c.report.messageID = ids[0]
		}
	}
	return nil
}

// bounce is the worst that the notice says; nil for none, and for one that
// tells of a success.
func (c *collector) bounce() *Bounce {
	if c.report == nil {
		return nil
	}
	all := append(c.report.failed, c.report.delayed...)
	if len(all) == 0 {
		return nil
	}
	b := all[0]
	for _, other := range all[1:] {
		if other.Permanent == b.Permanent && other.Address != b.Address {
			b.Also = append(b.Also, other.Address)
		}
	}
	b.MessageID = c.report.messageID
	return &b
}

var awaySubject = regexp.MustCompile(`(?i)^(?:respuesta autom[aá]tica|resposta autom[aá]tica|automatic reply|auto[- ]?reply|autoresponder|fuera de (?:la )?oficina|fora do escrit[oó]rio|out of (?:the )?office|aus[eê]ncia tempor[aá]ria|ausencia temporal)\b`)

// automatic tells mail that no person wrote: by RFC 3834, by the headers that
// programs used before it, and by the subjects that they still use.
func automatic(h message.Header, subject string) bool {
	if v := strings.ToLower(strings.TrimSpace(h.Get("Auto-Submitted"))); v != "" && v != "no" {
		return true
	}
	for _, name := range []string{"X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Auto-Reply", "List-Unsubscribe", "Feedback-Id"} {
		if h.Has(name) {
			return true
		}
	}
	switch strings.ToLower(strings.TrimSpace(h.Get("Precedence"))) {
	case "bulk", "junk", "auto_reply", "list":
		return true
	}
	kind, _, _ := h.ContentType()
	return strings.TrimSpace(h.Get("Return-Path")) == "<>" || strings.EqualFold(kind, "multipart/report") || awaySubject.MatchString(subject)
}
