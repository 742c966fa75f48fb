package web

import "net/http"

// ticketRoutes registers the pages of the printed ticket.
func (s *server) ticketRoutes(mux *http.ServeMux) {}
