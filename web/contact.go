package web

import (
	"net/http"
	"time"

	"posta"
	"posta/project"
)

// contactRoutes registers what the desk does about a client's people.
func (s *server) contactRoutes(mux *http.ServeMux) {
	do := func(path string, what func(*visit) (string, error)) {
		s.deed(mux, s.member, "/projects/{project}/contacts"+path, s.projectPage, what)
	}
	do("", s.addContact)
	do("/{contact}", s.changeContact)
	do("/{contact}/remove", s.removeContact)
	do("/{contact}/invite", s.inviteContact)
}

// readContact is the contact that a form describes.
func (v *visit) readContact() (posta.ProjectID, project.Contact, error) {
	id, err := v.projectID()
	return id, project.Contact{ID: posta.ContactID(v.r.PathValue("contact")), Name: v.value("name"), Email: v.value("email"), Phone: v.value("phone"),
		Technical: v.ticked("technical"), InCopy: v.ticked("in_copy")}, err
}

func (s *server) addContact(v *visit) (string, error) {
	id, c, err := v.readContact()
	if err != nil {
		return "", err
	}
	if c.ID, err = idFromNonce[posta.ContactID](v); err != nil {
		return "", err
	}
	if c, err = s.Projects.AddContact(v.ctx(), v.actor(), id, c); err == nil {
		v.say("desk.contact.added", "name", c.Name)
	}
	return v.home("#contacts"), err
}

func (s *server) changeContact(v *visit) (string, error) {
	id, c, err := v.readContact()
	if err != nil {
		return "", err
	}
	if _, err = s.Projects.ChangeContact(v.ctx(), v.actor(), id, c); err == nil {
		v.say("desk.saved")
	}
	return v.home("#contacts"), err
}

func (s *server) removeContact(v *visit) (string, error) {
	id, c, err := v.readContact()
	if err != nil {
		return "", err
	}
	if err = s.Projects.RemoveContact(v.ctx(), v.actor(), id, c.ID); err == nil {
		v.say("desk.contact.removed")
	}
	return v.home("#contacts"), err
}

// invited is a sign-in link as the page shows it this once.
type invited struct {
	Name, Email, URL string
	Until            time.Time
	Mailed           bool
}

// inviteContact answers with the page itself and not with a redirect: the link
// is told once and kept nowhere.
func (s *server) inviteContact(v *visit) (string, error) {
	p, err := v.project()
	if err != nil {
		return "", err
	}
	id := posta.ContactID(v.r.PathValue("contact"))
	link, err := s.Projects.InviteContact(v.ctx(), v.actor(), p.ID, id)
	if err != nil {
		return "", err
	}
	made := invited{URL: link.URL, Until: link.ExpiresAt, Mailed: link.Mailed}
	for _, c := range p.Contacts {
		if c.ID == id {
			made.Name, made.Email = c.Name, c.Email
		}
	}
	v.w.Header().Set("Cache-Control", "no-store")
	return "", s.projectPage(v, sent{Made: &made})
}
