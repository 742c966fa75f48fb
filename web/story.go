package web

import "net/http"

// storyRoutes registers the pages of the story of one payment.
func (s *server) storyRoutes(mux *http.ServeMux) {}
