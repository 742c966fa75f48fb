package project

import (
	"context"
	"slices"
	"time"

	"posta"
)

// Conversation is a project's thread, as the reader may see it.
type Conversation struct {
	Messages []Message    // oldest first
	Files    []Attachment // all of the project's, without data; MessageID says of which message
	Clocks   []Clock
	// FirstAt is when the team first wrote, AcknowledgedAt when the client first
	// did so after that; zero until then.
	FirstAt        time.Time
	AcknowledgedAt time.Time
}

// Thread is the conversation of a project. Contacts see neither notes, nor mail
// of strangers, nor internal files. Errors: not_found, forbidden.
func (s *Service) Thread(ctx context.Context, a Actor, id posta.ProjectID) (Conversation, error) {
	if err := a.May(See, id); err != nil {
		return Conversation{}, err
	}
	var c Conversation
	var err error
	if _, err = s.Store.Project(ctx, a.Merchant, id); err != nil {
		return c, err
	}
	if c.Messages, err = s.Store.Messages(ctx, a.Merchant, id); err != nil {
		return c, err
	}
	if c.Files, err = s.Store.Attachments(ctx, a.Merchant, id); err != nil {
		return c, err
	}
	if c.Clocks, err = s.Store.Clocks(ctx, a.Merchant, id); err != nil {
		return c, err
	}
	for _, m := range c.Messages {
		switch {
		case m.Kind == Outgoing && c.FirstAt.IsZero():
			c.FirstAt = m.At
		case m.Kind == Incoming && m.Detail != DetailAuto && m.Detail != DetailUnknown && !c.FirstAt.IsZero() && c.AcknowledgedAt.IsZero():
			c.AcknowledgedAt = m.At
		}
	}
	if a.Contact != "" {
		c.hide()
	}
	return c, nil
}

// hide leaves out what is the team's own.
func (c *Conversation) hide() {
	hidden := map[posta.MessageID]bool{}
	c.Messages = slices.DeleteFunc(c.Messages, func(m Message) bool {
		hidden[m.ID] = m.Kind == Note || m.Detail == DetailUnknown
		return hidden[m.ID]
	})
	c.Files = slices.DeleteFunc(c.Files, func(f Attachment) bool {
		return f.Internal || hidden[f.MessageID] || f.Kind == "evidence" || f.Kind == "report"
	})
}

// Draft is a message that a person reads before it is sent.
type Draft struct {
	Subject string
	Text    string
}

// FirstMail drafts the first mail of a project by its product, with what the
// client must know and send, and asks to acknowledge receipt. language is the
// reader's, "" the client's. Errors: not_found, forbidden.
func (s *Service) FirstMail(ctx context.Context, a Actor, id posta.ProjectID, language string) (Draft, error) {
	if err := a.team(Talk, id); err != nil {
		return Draft{}, err
	}
	p, err := s.Store.Project(ctx, a.Merchant, id)
	if err != nil {
		return Draft{}, err
	}
	w, err := s.around(ctx, p)
	if err != nil {
		return Draft{}, err
	}
	if language == "" {
		language = p.language()
	}
	name, err := s.name(ctx, a)
	if err != nil {
		return Draft{}, err
	}
	var d Draft
	d.Subject, d.Text = s.words(p, w, language, "first."+w.template.Product, "name", name, "manager", w.manager.Name, "weeks", w.desk.SilentWeeks)
	return d, nil
}
