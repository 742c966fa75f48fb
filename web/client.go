package web

import (
	"net/http"
	"strings"

	"posta"
	"posta/account"
	"posta/project"
)

// sessionContact is what a session keeps of a client's contact who signed in:
// merchant, project and contact, apart from any log-in.
const sessionContact = "contact"

// clientRoutes registers the client's pages. A contact reaches these and none
// besides.
func (s *server) clientRoutes(mux *http.ServeMux) {
	mux.Handle("GET "+project.LinkPath+"{token}", s.anyone(s.openLink))
	mux.Handle("GET /client", s.contact(s.clientPage))
}

// openLink signs a contact in. The address is left at once: it holds the token.
func (s *server) openLink(v *visit) error {
	a, _, err := s.Projects.OpenLink(v.ctx(), v.r.PathValue("token"))
	if posta.ErrorCode(err) == posta.CodeNotFound {
		return v.renderAs(http.StatusNotFound, "client-out", nil)
	}
	if err == nil {
		err = s.sessions.RenewToken(v.ctx())
	}
	if err != nil {
		return err
	}
	s.sessions.Put(v.ctx(), sessionContact, strings.Join([]string{string(a.Merchant), string(a.Project), string(a.Contact)}, " "))
	return v.redirect("/client")
}

// contact serves h to a client's contact who signed in and takes part still.
// Who may be logged in besides does not count there.
func (s *server) contact(h handler) http.Handler {
	return s.anyone(func(v *visit) error {
		ids := strings.Fields(s.sessions.GetString(v.ctx(), sessionContact))
		if len(ids) != 3 {
			return v.renderAs(http.StatusUnauthorized, "client-out", nil)
		}
		a, p, err := s.Projects.ContactActor(v.ctx(), posta.MerchantID(ids[0]), posta.ProjectID(ids[1]), posta.ContactID(ids[2]))
		if posta.ErrorCode(err) == posta.CodeNotFound {
			s.sessions.Remove(v.ctx(), sessionContact)
			return v.renderAs(http.StatusUnauthorized, "client-out", nil)
		}
		if err != nil {
			return err
		}
		if err := v.asContact(a, p); err != nil {
			return err
		}
		return h(v)
	})
}

// asContact makes it the visit of a contact, and of nobody else.
func (v *visit) asContact(a project.Actor, p project.Project) error {
	merchant, err := v.s.Accounts.Store.Merchant(v.ctx(), a.Merchant)
	if err != nil {
		return err
	}
	v.at(merchant)
	v.guest, v.User, v.Mode = &a, account.User{}, posta.Live // projects have no mode: their events are among the live ones
	v.client = p
	return nil
}

// clientData is what the client's page shows.
type clientData struct {
	Frame projectFrame
}

func (s *server) clientPage(v *visit) error {
	t, err := s.Projects.Template(v.ctx(), v.Merchant.ID, v.client.Template)
	if err != nil {
		return err
	}
	return v.render("client", clientData{Frame: projectFrame{Project: v.client, Words: t, Language: v.words.Lang(), Position: v.livePosition()}})
}
