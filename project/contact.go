package project

import (
	"context"
	"slices"
	"strings"
	"time"

	"posta"
)

// AddContact adds a person of the client; with an ID that is there already it
// changes that one. Errors: not_found, forbidden; invalid with fields name,
// email (required, malformed, too_long, taken), phone.
func (s *Service) AddContact(ctx context.Context, a Actor, id posta.ProjectID, c Contact) (Contact, error) {
	if c.ID == "" {
		c.ID = posta.NewID[posta.ContactID](s.Clock.Now())
	}
	return s.saveContact(ctx, a, id, c, true)
}

// ChangeContact changes one. With another address it is another contact, whose
// new ID is given: what the one before signed in by ends. Errors: as AddContact's.
func (s *Service) ChangeContact(ctx context.Context, a Actor, id posta.ProjectID, c Contact) (Contact, error) {
	return s.saveContact(ctx, a, id, c, false)
}

func (s *Service) saveContact(ctx context.Context, a Actor, id posta.ProjectID, c Contact, fresh bool) (Contact, error) {
	moved, kept := false, c
	_, err := s.change(ctx, a, Begin, id, func(r *Record) error {
		i := slices.IndexFunc(r.Project.Contacts, func(o Contact) bool { return o.ID == c.ID })
		if i < 0 && !fresh || i >= 0 && !r.Project.Contacts[i].RemovedAt.IsZero() {
			return &posta.Error{Code: posta.CodeNotFound}
		}
		var wrong posta.Problems
		c.RemovedAt = time.Time{}
		c = checkContact(&wrong, "", c, r.Project.Contacts)
		if err := wrong.Err(); err != nil {
			return err
		}
		kept = c
		if i < 0 {
			r.Project.Contacts = append(r.Project.Contacts, c)
			s.tell(r, a, "contact_added", told{"contact": c.ID, "name": c.Name, "email": veilEmail(c.Email)})
			return nil
		}
		old := r.Project.Contacts[i]
		switch moved = old.Email != c.Email; {
		case moved:
			kept.ID = posta.NewID[posta.ContactID](s.Clock.Now())
			r.Project.Contacts[i].RemovedAt = s.Clock.Now()
			r.Project.Contacts = append(r.Project.Contacts, kept)
		case old != c:
			r.Project.Contacts[i] = c
		}
		if old != c {
			s.tell(r, a, "contact_changed", told{"contact": kept.ID, "old": old.veiled(), "new": kept.veiled()})
		}
		return nil
	})
	if err == nil && moved {
		err = s.Store.DropLinks(ctx, a.Merchant, id, c.ID)
	}
	return kept, err
}

// RemoveContact ends a contact's part in a project, and the links to it.
// Errors: not_found, forbidden.
func (s *Service) RemoveContact(ctx context.Context, a Actor, id posta.ProjectID, contact posta.ContactID) error {
	_, err := s.change(ctx, a, Begin, id, func(r *Record) error {
		c := r.Project.contact(contact)
		if c == nil {
			return &posta.Error{Code: posta.CodeNotFound}
		}
		if c.RemovedAt.IsZero() {
			c.RemovedAt = s.Clock.Now()
			s.tell(r, a, "contact_removed", told{"contact": c.ID, "name": c.Name, "email": veilEmail(c.Email)})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.Store.DropLinks(ctx, a.Merchant, id, contact)
}

// left reports whether an address is that of a contact who takes part no more.
func (p Project) left(email string) bool {
	gone := false
	for _, c := range p.Contacts {
		if strings.EqualFold(c.Email, email) {
			if c.RemovedAt.IsZero() {
				return false
			}
			gone = true
		}
	}
	return gone
}

// contact finds one, also one that was removed; nil if there is none.
func (p *Project) contact(id posta.ContactID) *Contact {
	for i := range p.Contacts {
		if p.Contacts[i].ID == id {
			return &p.Contacts[i]
		}
	}
	return nil
}

// checkContact cleans a contact; its address is nobody else's of the project.
func checkContact(wrong *posta.Problems, before string, c Contact, others []Contact) Contact {
	c.Name = checkLine(wrong, before+"name", c.Name, maxName, true)
	c.Phone = checkLine(wrong, before+"phone", c.Phone, 40, false)
	c.Email = checkEmail(wrong, before+"email", c.Email)
	wrong.Add(slices.ContainsFunc(others, func(o Contact) bool {
		return o.ID != c.ID && o.RemovedAt.IsZero() && o.Email == c.Email
	}), before+"email", "taken")
	return c
}
