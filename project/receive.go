package project

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"posta"
	"posta/mail"
)

// What Message.Detail says of a mail that came in and that no person of the
// project wrote.
const (
	DetailAuto    = "auto"    // an out-of-office reply, a list
	DetailUnknown = "unknown" // a stranger's; waits for Accept
)

// Receive takes a mail that came in for a project, named by the token of the
// address that it was sent to. A contact's word is a question, until somebody
// says otherwise; a person of the team answers; a stranger's mail is kept and
// starts nothing until Accept; neither does one that no person wrote; a delivery
// failure marks the message that it is about. The same Message-ID twice is taken
// once. Errors: not_found where no address names a project.
func (s *Service) Receive(ctx context.Context, in mail.Inbound) (Message, error) {
	token, ok := mail.TokenOf(in.Recipients(), s.MailFrom)
	if !ok {
		return Message{}, &posta.Error{Code: posta.CodeNotFound}
	}
	p, err := s.Store.ProjectByReplyToken(ctx, token)
	if err != nil {
		return Message{}, err
	}
	id := in.MessageID
	if id == "" {
		sum := sha256.Sum256([]byte(in.From.Email + "\x00" + in.Subject + "\x00" + in.Date.String() + "\x00" + in.Text))
		id = hex.EncodeToString(sum[:16]) + "@unnamed.invalid"
	}
	there, err := s.Store.MessageByMailID(ctx, p.MerchantID, id)
	if err == nil && there.ProjectID != p.ID { // sent to two projects
		id = strings.ToLower(posta.Alphanumeric(p.ID)) + "." + id
		there, err = s.Store.MessageByMailID(ctx, p.MerchantID, id)
	}
	if posta.ErrorCode(err) != posta.CodeNotFound {
		return there, err
	}
	if in.Bounce != nil && in.Bounce.Permanent {
		if err := s.bounced(ctx, p, *in.Bounce); err != nil {
			return Message{}, err
		}
	}
	m, err := s.receive(ctx, p, in, id)
	if posta.ErrorCode(err) == posta.CodeConflict { // at the same time
		if there, found := s.Store.MessageByMailID(ctx, p.MerchantID, id); found == nil {
			return there, nil
		}
	}
	return m, err
}

// receive adds a mail that is not there yet to its project's thread.
func (s *Service) receive(ctx context.Context, p Project, in mail.Inbound, id string) (Message, error) {
	w, err := s.around(ctx, p)
	if err != nil {
		return Message{}, err
	}
	person, err := s.colleague(ctx, p, in.From.Email)
	if err != nil {
		return Message{}, err
	}
	memo, err := s.answersMemo(ctx, p, in)
	if err != nil {
		return Message{}, err
	}
	now := s.Clock.Now()
	m := Message{ID: posta.NewID[posta.MessageID](now), MerchantID: p.MerchantID, ProjectID: p.ID, Kind: Incoming, Channel: Email,
		FromName: in.From.Name, FromEmail: strings.ToLower(in.From.Email), To: fromMail(in.To), Cc: fromMail(in.Cc), Subject: in.Subject,
		Text: in.Text, Quoted: in.Quoted, MailID: id, InReplyTo: in.InReplyTo, State: Kept, At: now}
	r, err := s.Store.ChangeProject(ctx, p.MerchantID, p.ID, func(r *Record) error {
		m := m
		a := Actor{Merchant: p.MerchantID, User: person.ID, Role: person.Role}
		if i := slices.IndexFunc(r.Project.Contacts, func(c Contact) bool { return c.RemovedAt.IsZero() && c.Email == m.FromEmail }); i >= 0 && a.User == "" {
			a = Actor{Merchant: p.MerchantID, Project: p.ID, Contact: r.Project.Contacts[i].ID}
		}
		m.By = a.By()
		r.Messages = append(r.Messages, m)
		for _, f := range in.Attachments {
			if len(f.Data) > 0 {
				s.attachment(r, a, "attachment", m.ID, File{Name: f.Name, Type: f.Type, Data: f.Data})
			}
		}
		last := &r.Messages[len(r.Messages)-1]
		switch {
		case in.Bounce != nil:
			last.Kind, last.By, last.Detail = Note, "", in.Bounce.Diagnostic
			for i := range r.Attachments {
				r.Attachments[i].Internal = true
			}
		case in.Auto:
			last.Detail = DetailAuto
			if a.User != "" {
				last.Kind = Note // a colleague's absence is nothing to the client
			}
		case a.Contact != "":
			s.take(r, w, a, m, true)
			return nil
		case a.User != "":
			s.colleagueSays(r, w, a, last, in, memo)
			return nil
		default:
			last.Detail = DetailUnknown
			s.start(r, w, last, false)
		}
		s.tell(r, a, "message", told{"message": last.ID, "kind": last.Kind, "channel": Email, "off_table": last.OffTable, "detail": veilText(last.Detail)})
		return nil
	})
	if err != nil {
		return Message{}, err
	}
	s.Committed()
	return r.Messages[0], nil
}

// colleagueSays takes a mail that a person of the team sent. To the client it is
// an answer, and one that went to the reply address alone, as an answer to a
// copy does, is passed on to the client. What other people got and the client
// did not is the team's own, and so is the answer to a mail among the team.
func (s *Service) colleagueSays(r *Record, w around, a Actor, m *Message, in mail.Inbound, memo bool) {
	contacts := r.Project.taking(func(Contact) bool { return true })
	others, reached := 0, false
	for _, to := range slices.Concat(in.To, in.Cc) {
		switch {
		case len(addresses(contacts, []Address{{Email: to.Email}})) == 0:
			reached = true
		case !s.ours(r.Project, w, to.Email):
			others++
		}
	}
	switch {
	case reached:
		m.Kind = Outgoing
	case others == 0 && !memo && len(contacts) > 0:
		m.Kind, m.To, m.Cc = Outgoing, contacts, addresses(contacts, w.team())
		if s.Mail != nil {
			m.State, m.DueAt = Queued, s.Clock.Now()
		}
	default:
		m.Kind = Note
		for i := range r.Attachments {
			r.Attachments[i].Internal = true
		}
	}
	if m.Kind == Outgoing {
		phase := r.Project.phase(w.designed)
		m.OffTable = phase != "" && !w.template.Support(r.Project.Table, phase).allows(Email)
	}
	s.tell(r, a, "message", told{"message": m.ID, "kind": m.Kind, "channel": Email, "off_table": m.OffTable})
	if m.Kind == Outgoing {
		s.answer(r, w, a, *m, PostInput{})
	}
}

// answersMemo reports whether a mail answers one that was the team's own.
func (s *Service) answersMemo(ctx context.Context, p Project, in mail.Inbound) (bool, error) {
	if in.InReplyTo == "" {
		return false, nil
	}
	m, err := s.Store.MessageByMailID(ctx, p.MerchantID, in.InReplyTo)
	if posta.ErrorCode(err) == posta.CodeNotFound {
		return false, nil
	}
	return m.Kind == Note, err
}

// ours reports whether an address is the desk's, or this project's.
func (s *Service) ours(p Project, w around, email string) bool {
	for _, own := range []string{s.MailFrom, s.replyAddress(p).Email, w.desk.Team.Email} {
		if strings.EqualFold(own, email) {
			return true
		}
	}
	return false
}

// colleague finds the person of the team who has an address; none is the zero
// Person.
func (s *Service) colleague(ctx context.Context, p Project, email string) (Person, error) {
	team, err := s.Team(ctx, p.MerchantID)
	for _, person := range team {
		if strings.EqualFold(person.Email, email) {
			return person, err
		}
	}
	return Person{}, err
}

func fromMail(list []mail.Address) (out []Address) {
	for _, a := range list {
		out = append(out, Address{Name: a.Name, Email: a.Email})
	}
	return out
}

// Accept takes a mail that started nothing, a stranger's or one taken for an
// automatic one, as a contact's question: of the contact told, or of the sender
// as a new one. Its clock starts when it came in. Errors: not_found, forbidden;
// invalid with field contact (unknown); not_allowed_in_state with
// Params["reason"] "accepted".
func (s *Service) Accept(ctx context.Context, a Actor, id posta.ProjectID, message posta.MessageID, contact posta.ContactID) (Message, error) {
	if err := a.team(Talk, id); err != nil {
		return Message{}, err
	}
	m, err := s.repeated(ctx, a, id, message)
	if err != nil {
		return Message{}, err
	}
	p, err := s.Store.Project(ctx, a.Merchant, id)
	if err != nil {
		return Message{}, err
	}
	w, err := s.around(ctx, p)
	if err != nil {
		return Message{}, err
	}
	_, err = s.change(ctx, a, Talk, id, func(r *Record) error {
		m := m
		asked := slices.ContainsFunc(r.Clocks, func(c Clock) bool { return c.MessageID == message })
		if m.Kind != Incoming || m.Detail != DetailUnknown && m.Detail != DetailAuto || asked {
			return refuse("accepted")
		}
		c, err := s.sender(r, a, m, contact)
		if err != nil {
			return err
		}
		m.By, m.Detail = "contact:"+string(c.ID), ""
		r.Project.heard(m.At)
		s.start(r, w, &m, true)
		r.Changed = append(r.Changed, m)
		s.tell(r, a, "accepted", told{"message": m.ID, "contact": c.ID, "clock": m.Clock})
		return nil
	})
	if err != nil {
		return Message{}, err
	}
	return s.Store.Message(ctx, a.Merchant, message)
}

// sender is the contact whose a message is: the one told, the one of its
// address, or a new one.
func (s *Service) sender(r *Record, a Actor, m Message, contact posta.ContactID) (Contact, error) {
	if contact != "" {
		if c := r.Project.contact(contact); c != nil && c.RemovedAt.IsZero() {
			return *c, nil
		}
		return Contact{}, posta.Invalid("contact", "unknown")
	}
	for _, c := range r.Project.Contacts {
		if c.RemovedAt.IsZero() && c.Email == m.FromEmail {
			return c, nil
		}
	}
	var wrong posta.Problems
	c := Contact{ID: posta.NewID[posta.ContactID](s.Clock.Now()), Name: m.FromName, Email: m.FromEmail}
	if c.Name == "" {
		c.Name = m.FromEmail
	}
	c = checkContact(&wrong, "contact.", c, r.Project.Contacts)
	if err := wrong.Err(); err != nil {
		return c, err
	}
	r.Project.Contacts = append(r.Project.Contacts, c)
	s.tell(r, a, "contact_added", told{"contact": c.ID, "name": c.Name, "email": veilEmail(c.Email)})
	return c, nil
}
