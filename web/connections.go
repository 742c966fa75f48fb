package web

import "net/http"

// connectionRoutes registers the pages of the connections to providers.
func (s *server) connectionRoutes(mux *http.ServeMux) {}
