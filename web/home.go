package web

import (
	"net/http"

	"posta"
)

// homeRoutes registers the way in and the switch between test and live.
func (s *server) homeRoutes(mux *http.ServeMux) {
	mux.Handle("GET /{$}", s.member(func(v *visit) error { return v.redirect("/till") }))
	mux.Handle("POST /mode", s.member(s.switchMode))
}

// switchMode moves the person between test and live.
func (s *server) switchMode(v *visit) error {
	mode := posta.Mode(v.r.PostFormValue("mode"))
	if !mode.Valid() {
		return posta.Invalid("mode", "required")
	}
	s.sessions.Put(v.ctx(), sessionMode, string(mode))
	return v.redirect(local(v.r.PostFormValue("back"), "/"))
}
