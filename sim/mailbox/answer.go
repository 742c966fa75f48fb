package mailbox

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/emersion/go-message"
	"github.com/emersion/go-message/mail"

	"posta/sim/fault"
)

// Reply is what a person, or a person's mail program, answers.
type Reply struct {
	From string `json:"from"` // one of the letter's recipients; the first if ""
	Text string `json:"text"`
	// Away makes it an automatic answer: out of office.
	Away  bool     `json:"away,omitempty"`
	Files []Upload `json:"files,omitempty"`
}

// Upload is a file that goes with a reply.
type Upload struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Data []byte `json:"data"`
}

// Answer posts a reply to the hub. Errors: ErrNothing for a letter that is not
// there or was not sent to Reply.From, ErrHook, and ErrRefused when the hub
// answers anything but 2xx; the letter then lists the try.
func (s *Simulator) Answer(ctx context.Context, id int64, r Reply) error {
	l, from, err := s.recipient(id, r.From)
	if err != nil {
		return err
	}
	kind := "reply"
	if r.Away {
		kind = "away"
	}
	return s.post(ctx, l, Answer{Kind: kind, From: from, Text: r.Text}, func(w io.Writer, n int64) error { return s.writeReply(w, l, from, r, n) })
}

// Bounce posts a delivery status notice to the hub (RFC 3464): the mail did not
// arrive at this address, or with late is still being tried. Errors as Answer.
func (s *Simulator) Bounce(ctx context.Context, id int64, address string, late bool) error {
	l, address, err := s.recipient(id, address)
	if err != nil {
		return err
	}
	kind := "bounce"
	if late {
		kind = "late"
	}
	return s.post(ctx, l, Answer{Kind: kind, From: address}, func(w io.Writer, n int64) error { return s.writeNotice(w, l, address, late, n) })
}

func (s *Simulator) recipient(id int64, address string) (letter, string, error) {
	l, err := s.find(id)
	if err != nil {
		return l, "", err
	}
	if address == "" {
		return l, l.To[0], nil
	}
	n := slices.IndexFunc(l.To, func(a string) bool { return strings.EqualFold(a, address) })
	if n < 0 {
		return l, "", ErrNothing
	}
	return l, l.To[n], nil
}

// post sends a raw mail to the hub and notes the try on the letter.
func (s *Simulator) post(ctx context.Context, l letter, a Answer, write func(io.Writer, int64) error) error {
	s.mu.Lock()
	s.answers++
	a.ID, a.At = s.answers, s.clock.Now()
	hook := s.hook
	s.mu.Unlock()
	if hook == "" {
		return ErrHook
	}
	var raw bytes.Buffer
	if err := write(&raw, a.ID); err != nil {
		return err
	}
	var why string
	a.Status, why = s.deliver(ctx, hook, raw.Bytes())
	s.mu.Lock()
	kept := s.letters[l.ID-1]
	kept.Answers = append(slices.Clone(kept.Answers), a)
	seq := s.keep(kept)
	s.mu.Unlock()
	if err := s.file.Wait(seq); err != nil {
		return err
	}
	s.changed.Tell()
	if a.Status < 200 || a.Status > 299 {
		return fmt.Errorf("%w: %s", ErrRefused, why)
	}
	return nil
}

// deliver posts a mail; 0 when there was no answer.
func (s *Simulator) deliver(ctx context.Context, hook string, raw []byte) (status int, why string) {
	d := s.fault.Decide(fault.Call{Operation: "hook", Method: http.MethodPost, Path: "/"})
	if d.Drop || !fault.Pause(ctx, d.Delay) {
		return 0, "lost on the way"
	}
	times := 1
	if d.Duplicate {
		times = 2
	}
	for range times {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, hook, bytes.NewReader(raw))
		if err != nil {
			return 0, "the address cannot be read"
		}
		r.Header.Set("Content-Type", "message/rfc822")
		answer, err := s.client.Do(r)
		if err != nil {
			return 0, "no answer"
		}
		_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<20))
		_ = answer.Body.Close()
		status = answer.StatusCode
	}
	return status, http.StatusText(status)
}

// heading is what replies and notices begin with; the top line is what the
// hub's mail server notes down when it delivers.
func (s *Simulator) heading(to *mail.Address, subject string, n int64) mail.Header {
	var h mail.Header
	h.SetDate(s.clock.Now())
	h.SetMessageID(fmt.Sprintf("%d.%d@%s", s.clock.Now().UnixMicro(), n, domain))
	h.SetSubject(subject)
	h.SetAddressList("To", []*mail.Address{to})
	h.Set("Delivered-To", to.Address)
	return h
}

func (s *Simulator) writeReply(w io.Writer, l letter, from string, r Reply, n int64) error {
	subject := "Re: " + strings.TrimPrefix(l.Subject, "Re: ")
	if r.Away {
		subject = "Respuesta automática: " + l.Subject
	}
	h := s.heading(l.reply, subject, n)
	h.SetAddressList("From", []*mail.Address{{Address: from}})
	h.SetMsgIDList("In-Reply-To", []string{l.MessageID})
	h.SetMsgIDList("References", append(slices.Clone(l.References), l.MessageID))
	if r.Away {
		h.Set("Auto-Submitted", "auto-replied")
	}
	out, err := mail.CreateWriter(w, h)
	if err != nil {
		return err
	}
	var plain mail.InlineHeader
	plain.SetContentType("text/plain", map[string]string{"charset": "utf-8"})
	body, err := out.CreateSingleInline(plain)
	if err != nil {
		return err
	}
	text := strings.ReplaceAll(r.Text, "\r\n", "\n")
	if !r.Away {
		text += fmt.Sprintf("\n\nEl %s, %s escribió:\n\n> %s\n", l.At.UTC().Format("02/01/2006 15:04"), l.From, strings.ReplaceAll(strings.TrimSpace(l.Text), "\n", "\n> "))
	}
	if _, err := io.WriteString(body, strings.ReplaceAll(text, "\n", "\r\n")); err != nil {
		return err
	}
	if err := body.Close(); err != nil {
		return err
	}
	for _, f := range r.Files {
		var file mail.AttachmentHeader
		if f.Type == "" {
			f.Type = "application/octet-stream"
		}
		file.SetContentType(f.Type, nil)
		file.SetFilename(f.Name)
		part, err := out.CreateAttachment(file)
		if err != nil {
			return err
		}
		if _, err := part.Write(f.Data); err != nil {
			return err
		}
		if err := part.Close(); err != nil {
			return err
		}
	}
	return out.Close()
}

// writeNotice writes a multipart/report (RFC 6522) with its three parts.
func (s *Simulator) writeNotice(w io.Writer, l letter, address string, late bool, n int64) error {
	subject, action, status, words := "Undelivered Mail Returned to Sender", "failed", "5.1.1", "smtp; 550 5.1.1 no such mailbox here"
	if late {
		subject, action, status, words = "Delayed Mail (still being retried)", "delayed", "4.2.1", "smtp; 451 4.2.1 try again later"
	}
	h := s.heading(&mail.Address{Address: l.Envelope}, subject, n)
	h.SetAddressList("From", []*mail.Address{{Name: "Mail Delivery System", Address: "MAILER-DAEMON@" + domain}})
	h.Set("Auto-Submitted", "auto-replied")
	h.Set("Return-Path", "<>")
	h.SetContentType("multipart/report", map[string]string{"report-type": "delivery-status"})
	out, err := message.CreateWriter(w, h.Header)
	if err != nil {
		return err
	}
	original, _, _ := bytes.Cut(l.raw, []byte("\r\n\r\n"))
	for _, part := range []struct{ kind, text string }{
		{"text/plain", "This is the mail system at " + domain + ".\n\nYour message could not be delivered to " + address + ".\n"},
		{"message/delivery-status", fmt.Sprintf("Reporting-MTA: dns; %s\nArrival-Date: %s\n\nFinal-Recipient: rfc822; %s\nAction: %s\nStatus: %s\nDiagnostic-Code: %s\n",
			domain, l.At.Format("Mon, 02 Jan 2006 15:04:05 -0700"), address, action, status, words)},
		{"text/rfc822-headers", strings.ReplaceAll(string(original), "\r\n", "\n") + "\n"},
	} {
		var head message.Header
		head.SetContentType(part.kind, nil)
		body, err := out.CreatePart(head)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(body, strings.ReplaceAll(part.text, "\n", "\r\n")); err != nil {
			return err
		}
		if err := body.Close(); err != nil {
			return err
		}
	}
	return out.Close()
}
