package web

import "net/http"

// posterRoutes registers the pages of the QR poster.
func (s *server) posterRoutes(mux *http.ServeMux) {}
