package web

import "net/http"

// placeRoutes registers the pages of the stores and their tills.
func (s *server) placeRoutes(mux *http.ServeMux) {}
