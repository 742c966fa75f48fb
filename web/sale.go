package web

import "net/http"

// saleRoutes registers the pages of the sales of the day at a till.
func (s *server) saleRoutes(mux *http.ServeMux) {}
