package project

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"posta"
	"posta/mail"
	"posta/text"
)

// derive makes the identifier that a moment and texts always give, so that a
// repeat finds what the first one made.
func derive[T posta.ID](at time.Time, texts ...string) T {
	sum := sha256.Sum256([]byte(strings.Join(texts, "\x00")))
	return posta.IDFrom[T](ulid.MustNew(ulid.Timestamp(at), bytes.NewReader(sum[:])).String())
}

// mailID is the Message-ID of a message of ours: the same however often it is
// sent.
func (s *Service) mailID(id posta.MessageID) string {
	return strings.ToLower(posta.Alphanumeric(id)) + "@" + domain(s.MailFrom)
}

// domain is that of a mail address; where no mail goes out there is none.
func domain(email string) string {
	_, domain, found := strings.Cut(email, "@")
	if !found {
		return "posta.invalid"
	}
	return domain
}

// post puts a message of ours on its way: to the mail server, or only into the
// thread where there is none or nobody to send it to.
func (s *Service) post(r *Record, m Message) Message {
	m.MerchantID, m.ProjectID, m.FromEmail = r.Project.MerchantID, r.Project.ID, s.MailFrom
	m.MailID = s.mailID(m.ID)
	m.State, m.DueAt = Kept, time.Time{}
	if s.Mail != nil && len(m.To) > 0 {
		m.State, m.DueAt = Queued, s.Clock.Now()
	}
	r.Messages = append(r.Messages, m)
	return m
}

// letter adds a mail of Posta's own to everyone of the client who takes part, in
// the client's language, with the words thread.KEY.subject and thread.KEY.text.
func (s *Service) letter(r *Record, w around, id posta.MessageID, key string, args ...any) Message {
	to := r.Project.taking(func(Contact) bool { return true })
	to = to[:min(len(to), maxRecipients-len(w.team()))]
	language := r.Project.language()
	subject, body := s.words(r.Project, w, language, key, args...)
	return s.post(r, Message{ID: id, Kind: Outgoing, Channel: Email, FromName: w.desk.Team.Name, To: to, Cc: addresses(to, w.team()),
		Subject: subject, Text: body, At: s.Clock.Now()})
}

// memo adds a mail of Posta's own to people of the desk; the client never sees
// it. Nobody to send it to makes none.
func (s *Service) memo(r *Record, w around, to []Address, id posta.MessageID, key string, args ...any) {
	if to = addresses(nil, to); len(to) == 0 {
		return
	}
	subject, body := s.words(r.Project, w, r.Project.language(), key, args...)
	s.post(r, Message{ID: id, Kind: Note, Channel: Email, To: to, Subject: subject, Text: body, At: s.Clock.Now()})
}

// words are the subject and the text of a mail of Posta's own.
func (s *Service) words(p Project, w around, language, key string, args ...any) (subject, body string) {
	team := w.desk.Team.Name
	if team == "" {
		team = s.Say(language, "thread.team")
	}
	args = slices.Concat([]any{"project", p.Name, "client", p.Client.Name, "team", team, "address", s.URL() + "/projects/" + string(p.ID)}, args)
	return s.Say(language, "thread."+key+".subject", args...), s.Say(language, "thread."+key+".text", args...)
}

// day and moment write a time in the client's language, by the desk's clocks.
func (w around) day(p Project, at time.Time) string {
	return text.Date(p.language(), at, w.location)
}

func (w around) moment(p Project, at time.Time) string {
	return text.DateTime(p.language(), at, w.location)
}

// reached reports whether somebody it was sent to got the message, as far as
// mail servers told.
func (m Message) reached() bool {
	return !m.SentAt.IsZero() && slices.ContainsFunc(m.To, func(a Address) bool { return !m.bounced(a.Email) })
}

// bounced reports whether an address refused the message.
func (m Message) bounced(email string) bool {
	return slices.ContainsFunc(m.Bounced, func(refused string) bool { return strings.EqualFold(refused, email) })
}

// replyAddress is where answers to a project's mail go.
func (s *Service) replyAddress(p Project) mail.Address {
	return mail.Address{Email: mail.ReplyAddress(s.MailFrom, p.ReplyToken)}
}
