package web

import "net/http"

// chargeRoutes registers the pages of the till's actions on its payment.
func (s *server) chargeRoutes(mux *http.ServeMux) {}
