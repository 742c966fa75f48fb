package web

import "net/http"

// keyRoutes registers the pages of the API keys.
func (s *server) keyRoutes(mux *http.ServeMux) {}
