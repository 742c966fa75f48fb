package web

import "net/http"

// notificationRoutes registers the pages of the notifications that providers sent.
func (s *server) notificationRoutes(mux *http.ServeMux) {}
