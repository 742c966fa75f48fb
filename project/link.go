package project

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"time"

	"posta"
	"posta/mail"
)

// LinkLife is how long a contact's sign-in link is good.
const LinkLife = 14 * 24 * time.Hour

// LinkPath is where sign-in links lead; the token follows.
const LinkPath = "/c/"

// Invitation is a sign-in link for a contact.
type Invitation struct {
	URL       string
	ExpiresAt time.Time
	Mailed    bool // false: no mail server is set, or it did not take the mail; hand the link over otherwise
}

// InviteContact makes a link by which a contact signs in, and mails it. The
// token is kept nowhere, only its hash: the mail goes out at once or not at all.
// Other links of the contact stay good. Errors: not_found, forbidden.
func (s *Service) InviteContact(ctx context.Context, a Actor, id posta.ProjectID, contact posta.ContactID) (Invitation, error) {
	if err := a.team(Begin, id); err != nil {
		return Invitation{}, err
	}
	p, err := s.Store.Project(ctx, a.Merchant, id)
	if err != nil {
		return Invitation{}, err
	}
	c := p.contact(contact)
	if c == nil || !c.RemovedAt.IsZero() {
		return Invitation{}, &posta.Error{Code: posta.CodeNotFound}
	}
	w, err := s.around(ctx, p)
	if err != nil {
		return Invitation{}, err
	}
	now := s.Clock.Now()
	token, hash := newToken()
	in := Invitation{URL: s.URL() + LinkPath + token, ExpiresAt: now.Add(LinkLife)}
	if err := s.Store.InsertLink(ctx, Link{Hash: hash, MerchantID: p.MerchantID, ProjectID: p.ID, ContactID: contact, ExpiresAt: in.ExpiresAt, CreatedAt: now}); err != nil {
		return Invitation{}, err
	}
	if s.Mail != nil {
		subject, body := s.words(p, w, p.language(), "link", "name", c.Name, "link", in.URL, "date", w.moment(p, in.ExpiresAt))
		err := s.Mail.Send(ctx, mail.Message{ID: hash[:32] + "@" + domain(s.MailFrom), From: mail.Address{Name: w.desk.Team.Name, Email: s.MailFrom},
			ReplyTo: s.replyAddress(p), To: []mail.Address{{Name: c.Name, Email: c.Email}}, Subject: subject, Text: body,
			Headers: map[string]string{"Auto-Submitted": "auto-generated"}})
		if in.Mailed = err == nil; err != nil {
			s.Log.WarnContext(ctx, "sign-in link not mailed", "project", id, "contact", contact, "error", err)
		}
	}
	_, err = s.change(ctx, a, Begin, id, func(r *Record) error {
		s.tell(r, a, "contact_invited", told{"contact": contact, "mailed": in.Mailed, "expires_at": in.ExpiresAt})
		return nil
	})
	return in, err
}

// newToken makes a token of 256 random bits, and the hash that is kept of it.
func newToken() (token, hash string) {
	raw := make([]byte, 32)
	rand.Read(raw)
	token = base64.RawURLEncoding.EncodeToString(raw)
	return token, tokenHash(token)
}

func tokenHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// OpenLink finds who signs in by a link's token, and to which project. Errors:
// not_found for one that is unknown, expired, or of a contact who takes part no
// more.
func (s *Service) OpenLink(ctx context.Context, token string) (Actor, Project, error) {
	l, err := s.Store.Link(ctx, tokenHash(token), s.Clock.Now())
	if err != nil {
		return Actor{}, Project{}, err
	}
	return s.ContactActor(ctx, l.MerchantID, l.ProjectID, l.ContactID)
}

// ContactActor is a contact who signed in, as long as the contact takes part.
// Errors: not_found.
func (s *Service) ContactActor(ctx context.Context, m posta.MerchantID, id posta.ProjectID, contact posta.ContactID) (Actor, Project, error) {
	p, err := s.Store.Project(ctx, m, id)
	if err != nil {
		return Actor{}, Project{}, err
	}
	if c := p.contact(contact); c == nil || !c.RemovedAt.IsZero() {
		return Actor{}, Project{}, &posta.Error{Code: posta.CodeNotFound}
	}
	return Actor{Merchant: m, Project: id, Contact: contact}, p, nil
}
