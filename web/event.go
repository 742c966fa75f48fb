package web

import "net/http"

// eventRoutes registers the pages of the till's event stream.
func (s *server) eventRoutes(mux *http.ServeMux) {}
