package web

import (
	"net/http"

	"posta/project"
)

// peopleRoutes registers the page of the merchant's people and their roles.
func (s *server) peopleRoutes(mux *http.ServeMux) {
	mux.Handle("GET /desk/people", s.member(s.peoplePage))
}

func (s *server) peoplePage(v *visit) error {
	if err := v.actor().May(project.See, ""); err != nil {
		return err
	}
	users, err := s.Accounts.Users(v.ctx(), v.Merchant.ID)
	if err != nil {
		return err
	}
	return v.render("people", users)
}
