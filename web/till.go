package web

import "net/http"

// tillRoutes registers the pages of the choice of a till and of the till itself.
func (s *server) tillRoutes(mux *http.ServeMux) {}
