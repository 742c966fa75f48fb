package web

import "net/http"

// settingRoutes registers the pages of the merchant's and the person's settings.
func (s *server) settingRoutes(mux *http.ServeMux) {}
