package web

import (
	"net/http"
)

// templateRoutes registers the process templates and their versions.
func (s *server) templateRoutes(mux *http.ServeMux) {
	mux.Handle("GET /desk/templates", s.member(s.templatesPage))
}

func (s *server) templatesPage(v *visit) error {
	all, err := s.Projects.Templates(v.ctx(), v.actor())
	if err != nil {
		return err
	}
	return v.render("templates", all)
}
