package project

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"posta"
	"posta/mail"
)

const (
	sendLease = 5 * time.Minute
	sendLimit = 4 * time.Minute // of one try, within its lease
	sendTake  = 4               // messages at a time: none should wait in line with its lease running
	sendFor   = 48 * time.Hour  // how long a mail is tried
	sendTries = 5               // at least, also by a hub that slept meanwhile
)

// SweepMail sends the messages that are due, and gives how many it took. A mail
// is committed with what it is about, so that a hub that is killed sends it once
// it is back. Where the mail server took a mail and the hub died before it
// could note so, the next try sends it again under the same Message-ID.
func (s *Service) SweepMail(ctx context.Context, each func(func())) (int, error) {
	if s.Mail == nil {
		return 0, nil
	}
	due, err := s.Store.ClaimMessages(ctx, s.Clock.Now(), sendLease, sendTake)
	if err != nil {
		return 0, err
	}
	for _, m := range due {
		each(func() {
			if err := s.send(ctx, m); err != nil {
				s.Log.WarnContext(ctx, "mail", "message", m.ID, "error", err)
			}
		})
	}
	return len(due), nil
}

// send tries a message once and notes what came of it. One that waited in line
// until somebody else took it, or that is on its way already, is left alone.
func (s *Service) send(ctx context.Context, m Message) error {
	if _, busy := s.sending.LoadOrStore(m.ID, true); busy {
		return nil
	}
	defer s.sending.Delete(m.ID)
	there, err := s.Store.Message(ctx, m.MerchantID, m.ID)
	if err != nil || !there.DueAt.Equal(m.DueAt) || s.Clock.Now().Add(sendLimit).After(m.DueAt) {
		return err
	}
	p, err := s.Store.Project(ctx, m.MerchantID, m.ProjectID)
	if err != nil {
		return err
	}
	out, err := s.compose(ctx, p, m)
	if err != nil {
		return err
	}
	if len(out.To) > 0 {
		try, cancel := context.WithTimeout(ctx, sendLimit)
		defer cancel()
		if err = s.Mail.Send(try, out); err != nil && ctx.Err() != nil {
			return ctx.Err() // the hub stops: its lease ends
		}
	}
	refused := recipients(err)
	m, noted := s.Store.ChangeMessage(context.WithoutCancel(ctx), m.MerchantID, m.ID, func(m *Message) ([]posta.Event, error) {
		return s.sent(p, m, len(out.To) > 0, err, refused), nil
	})
	if noted != nil {
		return noted
	}
	s.Committed()
	if len(refused) > 0 {
		return s.tellBounce(ctx, p, m, refused)
	}
	return nil
}

// compose makes the mail of a message: without the addresses that refused it and
// those of contacts who have left meanwhile, in the thread of the project's other mails, with its files.
func (s *Service) compose(ctx context.Context, p Project, m Message) (mail.Message, error) {
	out := mail.Message{ID: m.MailID, From: mail.Address{Name: fit(m.FromName, 100), Email: s.MailFrom}, ReplyTo: s.replyAddress(p),
		Subject: fit(cmp.Or(strings.TrimSpace(m.Subject), p.Name), 400), Text: m.Text}
	if m.Kind == Note { // an answer is the team's, and not for the client
		d, err := s.desk(ctx, p.MerchantID)
		if err != nil {
			return out, err
		}
		out.ReplyTo = mail.Address{Name: d.Team.Name, Email: d.Team.Email}
		if d.Team.Email == "" {
			out.ReplyTo = mail.Address{}
		}
	}
	if m.Kind != Outgoing || m.By == "" {
		out.Headers = map[string]string{"Auto-Submitted": "auto-generated"} // no person of the team wrote it
	}
	if !strings.HasPrefix(m.MailID, strings.ToLower(posta.Alphanumeric(m.ID))+"@") {
		out.ID = s.mailID(m.ID) // a colleague's mail, passed on
	}
	for _, a := range m.To {
		if !m.bounced(a.Email) && !p.left(a.Email) {
			out.To = append(out.To, mail.Address{Name: a.Name, Email: a.Email})
		}
	}
	for _, a := range m.Cc {
		if !m.bounced(a.Email) && !p.left(a.Email) {
			out.Cc = append(out.Cc, mail.Address{Name: a.Name, Email: a.Email})
		}
	}
	if len(out.To) == 0 {
		out.To, out.Cc = out.Cc, nil
	}
	if err := s.follow(ctx, m, &out); err != nil {
		return out, err
	}
	files, err := s.Store.Attachments(ctx, p.MerchantID, p.ID)
	if err != nil {
		return out, err
	}
	for _, f := range files {
		if f.MessageID != m.ID {
			continue
		}
		if f, err = s.Store.Attachment(ctx, p.MerchantID, f.ID); err != nil {
			return out, err
		}
		out.Attachments = append(out.Attachments, mail.Attachment{Name: f.Name, Type: f.Type, Data: f.Data})
	}
	return out, nil
}

// fit cuts a text to so many bytes, between characters.
func fit(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "")
}

// follow says which mails a mail follows: the project's earlier ones. Mails
// among the desk's own people are in no thread.
func (s *Service) follow(ctx context.Context, m Message, out *mail.Message) error {
	if m.Kind == Note {
		return nil
	}
	messages, err := s.Store.Messages(ctx, m.MerchantID, m.ProjectID)
	if err != nil {
		return err
	}
	for _, earlier := range messages {
		if earlier.ID == m.ID || earlier.At.After(m.At) || earlier.Kind == Note || earlier.MailID == "" || earlier.Detail == DetailUnknown {
			continue
		}
		if e := (mail.Message{ID: earlier.MailID, From: out.From, To: out.To, Subject: "x"}).Check(); e == nil {
			out.References = append(out.References, earlier.MailID)
		}
	}
	if n := len(out.References); n > 0 {
		out.InReplyTo = out.References[n-1]
		if n > 20 {
			out.References = append(out.References[:1:1], out.References[n-19:]...)
		}
	}
	return nil
}

// recipients are the addresses that an error of Send names as refused for good.
func recipients(err error) []string {
	f, ok := mail.FailureOf(err)
	if !ok || posta.ErrorCode(err) != posta.CodeProviderRejected {
		return nil
	}
	return f.Addresses
}

// sent notes what came of a try.
func (s *Service) sent(p Project, m *Message, tried bool, err error, refused []string) []posta.Event {
	now := s.Clock.Now()
	m.Tries++
	m.DueAt = time.Time{}
	if f, ok := mail.FailureOf(err); ok {
		m.Detail = f.Text
		if m.Detail == "" {
			m.Detail = f.Error()
		}
	} else if err != nil {
		m.Detail = reason(err)
	}
	switch {
	case len(refused) > 0: // nobody got it: the others get it now
		m.Bounced = append(m.Bounced, refused...)
		m.State, m.DueAt = Bounced, now
		return []posta.Event{s.mailEvent(p, *m, "bounced", told{"message": m.ID, "addresses": veilEmails(refused)})}
	case !tried: // everybody refused it
		m.State = Bounced
		return nil
	case err == nil:
		m.State, m.SentAt = Sent, now
		if len(m.Bounced) > 0 {
			m.State = Bounced
		}
		return []posta.Event{s.mailEvent(p, *m, "sent", told{"message": m.ID})}
	case !final(err) && (m.Tries < sendTries || now.Sub(m.At) < sendFor):
		m.DueAt = now.Add(wait(m.Tries))
		return nil
	}
	m.State = Failed
	return []posta.Event{s.mailEvent(p, *m, "mail_failed", told{"message": m.ID, "detail": veilText(m.Detail)})}
}

// final reports whether another try is in vain.
func final(err error) bool {
	code := posta.ErrorCode(err)
	return code == posta.CodeProviderRejected || code == posta.CodeInvalid
}

// reason is what an error of ours says of a mail that cannot be sent at all.
func reason(err error) string {
	var e *posta.Error
	if errors.As(err, &e) && len(e.Fields) > 0 {
		return e.Fields[0].Field + " " + e.Fields[0].Code
	}
	return string(posta.ErrorCode(err))
}

// wait is how long after so many tries the next comes: half a minute doubled
// each time, at most two hours, give or take a fifth.
func wait(tries int) time.Duration {
	d := min(15*time.Second<<min(tries, 10), 2*time.Hour)
	return d*4/5 + rand.N(d*2/5)
}

func (s *Service) mailEvent(p Project, m Message, kind string, data told) posta.Event {
	r := Record{Project: p}
	s.tell(&r, Actor{}, kind, data)
	return r.Events[0]
}

// bounced marks the addresses that a delivery failure names, on the message that
// it is about: the one it shows, else the last that went there.
func (s *Service) bounced(ctx context.Context, p Project, b mail.Bounce) error {
	messages, err := s.Store.Messages(ctx, p.MerchantID, p.ID)
	if err != nil {
		return err
	}
	slices.Reverse(messages)
	failed := append([]string{b.Address}, b.Also...)
	i := slices.IndexFunc(messages, func(m Message) bool { return b.MessageID != "" && s.mailID(m.ID) == b.MessageID })
	if i < 0 {
		i = slices.IndexFunc(messages, func(m Message) bool { return !m.SentAt.IsZero() && m.sentTo(b.Address) })
	}
	if i < 0 {
		return nil
	}
	var fresh []string
	m, err := s.Store.ChangeMessage(ctx, p.MerchantID, messages[i].ID, func(m *Message) ([]posta.Event, error) {
		fresh = nil
		for _, email := range failed {
			if m.sentTo(email) && !m.bounced(email) {
				fresh = append(fresh, email)
			}
		}
		if len(fresh) == 0 {
			return nil, nil
		}
		m.Bounced = append(m.Bounced, fresh...)
		m.State, m.Detail = Bounced, b.Diagnostic
		return []posta.Event{s.mailEvent(p, *m, "bounced", told{"message": m.ID, "addresses": veilEmails(fresh)})}, nil
	})
	if err != nil || len(fresh) == 0 {
		return err
	}
	s.Committed()
	return s.tellBounce(ctx, p, m, fresh)
}

// sentTo reports whether an address is among a message's.
func (m Message) sentTo(email string) bool {
	return slices.ContainsFunc(slices.Concat(m.To, m.Cc), func(a Address) bool { return strings.EqualFold(a.Email, email) })
}

// tellBounce tells the integrator by mail of addresses that refused a message.
// A memo that bounced itself is told to nobody.
func (s *Service) tellBounce(ctx context.Context, p Project, m Message, refused []string) error {
	if m.Kind == Note {
		return nil
	}
	w, err := s.around(ctx, p)
	if err != nil {
		return err
	}
	_, err = s.Store.ChangeProject(ctx, p.MerchantID, p.ID, func(r *Record) error {
		s.memo(r, w, []Address{w.integrator}, derive[posta.MessageID](m.At, "bounce", string(m.ID), strings.Join(refused, ",")), "bounced",
			"addresses", strings.Join(refused, ", "), "subject", m.Subject)
		return nil
	})
	if posta.ErrorCode(err) == posta.CodeConflict {
		return nil // told already
	}
	return err
}
