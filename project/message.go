package project

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"posta"
	"posta/mail"
)

const (
	maxMessage    = 50_000 // characters of a message
	maxRecipients = 50     // addresses of a mail
)

// Channels are all ways to talk.
var Channels = []Channel{Email, Chat, InPerson, Video, Checkpoint, Portal, Phone}

// PostInput is what the team says to the client.
type PostInput struct {
	ID      posta.MessageID // "" makes one up; given, it makes a repeat find the first
	Project posta.ProjectID
	To      []posta.ContactID // none: everyone who takes part
	Cc      []Address         // besides the team and who is always in copy
	Subject string            // "" goes on with the thread's
	Text    string
	Files   []File
	Enclose []posta.AttachmentID // files of the project to send as well, as they are now
	// SaidElsewhere keeps what was said by another channel and sends nothing.
	SaidElsewhere bool
	Channel       Channel   // with SaidElsewhere
	At            time.Time // when it was said, with SaidElsewhere; zero for now
	// Answers are the questions that it answers, none for all; KeepOpen for none.
	Answers  []posta.ClockID
	KeepOpen bool
}

// Post says something to the client: by mail, to the contacts told and with the
// team, the project manager and the contacts who want it in copy; or keeps what
// was said elsewhere. It stops the clocks of the questions that it answers.
// Errors: not_found, forbidden; invalid with fields to[0] (unknown), to
// (required, too_many), cc[0], subject, text, files, enclose[0] (unknown),
// channel (unknown), at (future), answers[0] (unknown).
func (s *Service) Post(ctx context.Context, a Actor, o PostInput) (Message, error) {
	if err := a.team(Talk, o.Project); err != nil {
		return Message{}, err
	}
	if there, err := s.repeated(ctx, a, o.Project, o.ID); err == nil || posta.ErrorCode(err) != posta.CodeNotFound {
		return there, err
	}
	p, err := s.Store.Project(ctx, a.Merchant, o.Project)
	if err != nil {
		return Message{}, err
	}
	w, err := s.around(ctx, p)
	if err != nil {
		return Message{}, err
	}
	m, files, err := s.outgoing(ctx, a, p, w, &o)
	if err != nil {
		return Message{}, err
	}
	_, err = s.change(ctx, a, Talk, o.Project, func(r *Record) error {
		if err := o.answers(r); err != nil {
			return err
		}
		m := m
		for _, f := range files {
			s.attachment(r, a, "attachment", m.ID, f)
		}
		phase := r.Project.phase(w.designed)
		m.OffTable = phase != "" && !w.template.Support(r.Project.Table, phase).allows(m.Channel)
		if o.SaidElsewhere {
			m.MerchantID, m.ProjectID, m.State = r.Project.MerchantID, r.Project.ID, Kept
			r.Messages = append(r.Messages, m)
		} else {
			m = s.post(r, m)
		}
		s.tell(r, a, "message", told{"message": m.ID, "kind": m.Kind, "channel": m.Channel, "off_table": m.OffTable})
		s.answer(r, w, a, m, o)
		return nil
	})
	return s.kept(ctx, a, o.Project, m.ID, err)
}

// team refuses contacts, and who has not the right.
func (a Actor) team(right Right, id posta.ProjectID) error {
	err := a.May(right, id)
	if err == nil && a.Contact != "" {
		err = &posta.Error{Code: posta.CodeForbidden, Params: map[string]string{"right": string(right)}}
	}
	return err
}

// repeated finds the message of an id that the caller chose. Errors: not_found;
// conflict when it is another project's.
func (s *Service) repeated(ctx context.Context, a Actor, p posta.ProjectID, id posta.MessageID) (Message, error) {
	if id == "" {
		return Message{}, &posta.Error{Code: posta.CodeNotFound}
	}
	m, err := s.Store.Message(ctx, a.Merchant, id)
	if err == nil && m.ProjectID != p {
		return Message{}, posta.Errorf(posta.CodeConflict, "message %s is another project's", id)
	}
	return m, err
}

// kept gives a message as it was committed, also by somebody else at the same
// time.
func (s *Service) kept(ctx context.Context, a Actor, p posta.ProjectID, id posta.MessageID, err error) (Message, error) {
	if err != nil && posta.ErrorCode(err) != posta.CodeConflict {
		return Message{}, err
	}
	m, found := s.repeated(ctx, a, p, id)
	if err != nil && found != nil {
		return Message{}, err
	}
	return m, found
}

// outgoing makes the message and its files of what the team says.
func (s *Service) outgoing(ctx context.Context, a Actor, p Project, w around, o *PostInput) (Message, []File, error) {
	var wrong posta.Problems
	now := s.Clock.Now()
	if o.ID == "" {
		o.ID = posta.NewID[posta.MessageID](now)
	}
	m := Message{ID: o.ID, Kind: Outgoing, Channel: Email, By: a.By(), At: now}
	m.Subject = checkLine(&wrong, "subject", o.Subject, maxLine, false)
	m.Text = checkMessage(&wrong, o.Text)
	if o.SaidElsewhere {
		m.Channel = o.Channel
		wrong.Add(!slices.Contains(Channels, o.Channel), "channel", "unknown")
		wrong.Add(o.At.After(now), "at", "future")
		m.At = orNow(o.At, now)
	}
	to := p.taking(func(c Contact) bool { return len(o.To) == 0 || slices.Contains(o.To, c.ID) })
	for i, id := range o.To {
		c := p.contact(id)
		wrong.Add(c == nil || !c.RemovedAt.IsZero(), at("to", i), "unknown")
	}
	wrong.Add(len(to) == 0 && !o.SaidElsewhere, "to", "required")
	for i, c := range o.Cc {
		wrong.Add(!mail.ValidEmail(c.Email) || !clean(c.Name, false) || len(c.Name) > maxLine, at("cc", i), "malformed")
	}
	m.To = to
	if !o.SaidElsewhere {
		m.Cc = addresses(to, w.team(), p.taking(func(c Contact) bool { return c.InCopy }), o.Cc)
	}
	wrong.Add(len(m.To)+len(m.Cc) > maxRecipients, "to", "too_many")
	var err error
	if m.FromName, err = s.name(ctx, a); err != nil {
		return m, nil, err
	}
	if m.Subject == "" {
		if m.Subject, err = s.subject(ctx, p); err != nil {
			return m, nil, err
		}
	}
	files := slices.Clone(o.Files)
	for i, id := range o.Enclose {
		f, err := s.Store.Attachment(ctx, p.MerchantID, id)
		if err != nil && posta.ErrorCode(err) != posta.CodeNotFound {
			return m, nil, err
		}
		if err != nil || f.ProjectID != p.ID {
			wrong.Add(true, at("enclose", i), "unknown")
			continue
		}
		files = append(files, File{Name: f.Name, Type: f.Type, Data: f.Data})
	}
	checkFiles(&wrong, files)
	return m, files, wrong.Err()
}

// checkMessage notes what is wrong with a message's text.
func checkMessage(p *posta.Problems, text string) string {
	text = strings.TrimSpace(text)
	p.Add(text == "", "text", "required")
	p.Add(utf8.RuneCountInString(text) > maxMessage, "text", "too_long")
	p.Add(!clean(text, true), "text", "malformed")
	return text
}

// name is who writes, as the client reads it.
func (s *Service) name(ctx context.Context, a Actor) (string, error) {
	if a.User == "" {
		return "", nil
	}
	who, err := s.Person(ctx, a.Merchant, a.User)
	if posta.ErrorCode(err) == posta.CodeNotFound {
		return "", nil
	}
	return who.Name, err
}

// subject is the thread's: that of its first mail, else the project's name.
func (s *Service) subject(ctx context.Context, p Project) (string, error) {
	messages, err := s.Store.Messages(ctx, p.MerchantID, p.ID)
	for _, m := range messages {
		if m.Kind != Note && m.Subject != "" {
			return "Re: " + strings.TrimPrefix(m.Subject, "Re: "), nil
		}
	}
	return p.Name, err
}

// answers checks that what is named as answered is an open question.
func (o PostInput) answers(r *Record) error {
	var wrong posta.Problems
	for i, id := range o.Answers {
		open := slices.ContainsFunc(r.Clocks, func(c Clock) bool { return c.ID == id && c.Open() && !o.before(c) })
		wrong.Add(!open, fmt.Sprintf("answers[%d]", i), "unknown")
	}
	return wrong.Err()
}

// before reports whether it was said, as somebody noted later, before a question
// was asked.
func (o PostInput) before(c Clock) bool {
	return o.SaidElsewhere && !o.At.IsZero() && c.StartedAt.After(o.At)
}

// answer stops the clocks of the questions that a message answers: those that
// were asked before it was said.
func (s *Service) answer(r *Record, w around, a Actor, m Message, o PostInput) {
	if o.KeepOpen {
		return
	}
	for i := range r.Clocks {
		c := &r.Clocks[i]
		if !o.before(*c) && (len(o.Answers) == 0 || slices.Contains(o.Answers, c.ID)) {
			s.stop(r, w, c, a, m.At, m.ID, "")
		}
	}
}

// NoteInput is something that the team keeps to itself.
type NoteInput struct {
	ID      posta.MessageID // "" makes one up; given, it makes a repeat find the first
	Project posta.ProjectID
	Text    string
	Files   []File
}

// Note keeps a note in the thread that the client never sees. Errors: not_found,
// forbidden; invalid with fields text, files.
func (s *Service) Note(ctx context.Context, a Actor, in NoteInput) (Message, error) {
	if err := a.team(Talk, in.Project); err != nil {
		return Message{}, err
	}
	if there, err := s.repeated(ctx, a, in.Project, in.ID); err == nil || posta.ErrorCode(err) != posta.CodeNotFound {
		return there, err
	}
	var wrong posta.Problems
	in.Text = checkMessage(&wrong, in.Text)
	checkFiles(&wrong, in.Files)
	if err := wrong.Err(); err != nil {
		return Message{}, err
	}
	name, err := s.name(ctx, a)
	if err != nil {
		return Message{}, err
	}
	if in.ID == "" {
		in.ID = posta.NewID[posta.MessageID](s.Clock.Now())
	}
	_, err = s.change(ctx, a, Talk, in.Project, func(r *Record) error {
		r.Messages = append(r.Messages, Message{ID: in.ID, MerchantID: r.Project.MerchantID, ProjectID: r.Project.ID, Kind: Note, Channel: Portal, By: a.By(),
			FromName: name, Text: in.Text, State: Kept, At: s.Clock.Now()})
		for _, f := range in.Files {
			s.attachment(r, a, "attachment", in.ID, f)
			r.Attachments[len(r.Attachments)-1].Internal = true
		}
		s.tell(r, a, "message", told{"message": in.ID, "kind": Note})
		return nil
	})
	return s.kept(ctx, a, in.Project, in.ID, err)
}
