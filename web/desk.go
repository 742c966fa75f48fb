package web

import (
	"net/http"
)

// deskRoutes registers the desk at a glance and how it works.
func (s *server) deskRoutes(mux *http.ServeMux) {
	mux.Handle("GET /desk", s.member(s.deskPage))
}

func (s *server) deskPage(v *visit) error {
	view, err := s.Projects.View(v.ctx(), v.actor())
	if err != nil {
		return err
	}
	return v.render("desk", view)
}
