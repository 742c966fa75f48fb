package project

import (
	"context"
	"slices"
	"time"

	"posta"
)

// AskInput is what a contact writes on the client's page of the project.
type AskInput struct {
	ID      posta.MessageID // "" makes one up; given, it makes a repeat find the first
	Project posta.ProjectID
	Subject string
	Text    string
	Files   []File
	// NoAnswer marks it as no question: it starts no clock.
	NoAnswer bool
}

// Ask keeps what a contact writes, starts its clock if it is a question, and
// sends the team and who is in copy a copy. Errors: not_found; forbidden for
// anybody but a contact; invalid with fields subject, text, files.
func (s *Service) Ask(ctx context.Context, a Actor, in AskInput) (Message, error) {
	err := a.May(Talk, in.Project)
	if err == nil && a.Contact == "" {
		err = &posta.Error{Code: posta.CodeForbidden, Params: map[string]string{"right": string(Talk)}}
	}
	if err != nil {
		return Message{}, err
	}
	switch there, err := s.repeated(ctx, a, in.Project, in.ID); {
	case err == nil && there.By != a.By():
		return Message{}, posta.Errorf(posta.CodeConflict, "message %s is somebody else's", in.ID)
	case err == nil || posta.ErrorCode(err) != posta.CodeNotFound:
		return there, err
	}
	p, err := s.Store.Project(ctx, a.Merchant, in.Project)
	if err != nil {
		return Message{}, err
	}
	w, err := s.around(ctx, p)
	if err != nil {
		return Message{}, err
	}
	var wrong posta.Problems
	in.Subject = checkLine(&wrong, "subject", in.Subject, maxLine, false)
	in.Text = checkMessage(&wrong, in.Text)
	checkFiles(&wrong, in.Files)
	if err := wrong.Err(); err != nil {
		return Message{}, err
	}
	if in.Subject == "" {
		if in.Subject, err = s.subject(ctx, p); err != nil {
			return Message{}, err
		}
	}
	if in.ID == "" {
		in.ID = posta.NewID[posta.MessageID](s.Clock.Now())
	}
	_, err = s.change(ctx, a, Talk, in.Project, func(r *Record) error {
		c := r.Project.contact(a.Contact)
		if c == nil || !c.RemovedAt.IsZero() {
			return &posta.Error{Code: posta.CodeNotFound}
		}
		to := addresses([]Address{{Email: c.Email}}, w.team(), []Address{w.integrator}, r.Project.taking(func(c Contact) bool { return c.InCopy }))
		m := s.post(r, Message{ID: in.ID, Kind: Incoming, Channel: Portal, By: a.By(), FromName: c.Name, To: to, Subject: in.Subject, Text: in.Text, At: s.Clock.Now()})
		m.FromEmail = c.Email
		for _, f := range in.Files {
			s.attachment(r, a, "attachment", m.ID, f)
		}
		s.take(r, w, a, m, !in.NoAnswer)
		return nil
	})
	return s.kept(ctx, a, in.Project, in.ID, err)
}

// take takes a word of the client's into the record: silence ends, and a
// question starts its clock. m is the last of r.Messages.
func (s *Service) take(r *Record, w around, a Actor, m Message, question bool) {
	r.Project.heard(m.At)
	s.start(r, w, &m, question)
	r.Messages[len(r.Messages)-1] = m
	s.tell(r, a, "message", told{"message": m.ID, "kind": m.Kind, "channel": m.Channel, "off_table": m.OffTable, "clock": m.Clock})
}

// HeardInput is what the client said where Posta does not listen: in a chat, by
// phone, in person.
type HeardInput struct {
	ID       posta.MessageID // "" makes one up; given, it makes a repeat find the first
	Project  posta.ProjectID
	Contact  posta.ContactID // who said it
	Channel  Channel
	At       time.Time // when; zero for now
	Text     string
	Files    []File
	NoAnswer bool // it is no question
}

// Heard keeps what the client said elsewhere; a question's clock starts when it
// was asked. Errors: not_found, forbidden; invalid with fields contact
// (required, unknown), channel (unknown), at (future, before_project), text,
// files.
func (s *Service) Heard(ctx context.Context, a Actor, in HeardInput) (Message, error) {
	if err := a.team(Talk, in.Project); err != nil {
		return Message{}, err
	}
	if there, err := s.repeated(ctx, a, in.Project, in.ID); err == nil || posta.ErrorCode(err) != posta.CodeNotFound {
		return there, err
	}
	p, err := s.Store.Project(ctx, a.Merchant, in.Project)
	if err != nil {
		return Message{}, err
	}
	w, err := s.around(ctx, p)
	if err != nil {
		return Message{}, err
	}
	now := s.Clock.Now()
	in.At = orNow(in.At, now)
	var wrong posta.Problems
	wrong.Add(in.Contact == "", "contact", "required")
	wrong.Add(in.Contact != "" && p.contact(in.Contact) == nil, "contact", "unknown")
	wrong.Add(!slices.Contains(Channels, in.Channel), "channel", "unknown")
	wrong.Add(in.At.After(now), "at", "future")
	wrong.Add(in.At.Before(p.CreatedAt), "at", "before_project")
	in.Text = checkMessage(&wrong, in.Text)
	checkFiles(&wrong, in.Files)
	if err := wrong.Err(); err != nil {
		return Message{}, err
	}
	if in.ID == "" {
		in.ID = posta.NewID[posta.MessageID](now)
	}
	_, err = s.change(ctx, a, Talk, in.Project, func(r *Record) error {
		c := r.Project.contact(in.Contact)
		if c == nil {
			return &posta.Error{Code: posta.CodeNotFound}
		}
		m := Message{ID: in.ID, MerchantID: r.Project.MerchantID, ProjectID: r.Project.ID, Kind: Incoming, Channel: in.Channel, By: "contact:" + string(c.ID),
			FromName: c.Name, FromEmail: c.Email, Text: in.Text, State: Kept, Detail: a.By(), At: in.At}
		r.Messages = append(r.Messages, m)
		for _, f := range in.Files {
			s.attachment(r, a, "attachment", m.ID, f)
		}
		s.take(r, w, a, m, !in.NoAnswer)
		return nil
	})
	return s.kept(ctx, a, in.Project, in.ID, err)
}
