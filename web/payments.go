package web

import "net/http"

// paymentRoutes registers the pages of the list of payments.
func (s *server) paymentRoutes(mux *http.ServeMux) {}
