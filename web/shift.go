package web

import "net/http"

// shiftRoutes registers the pages of the till's shifts.
func (s *server) shiftRoutes(mux *http.ServeMux) {}
