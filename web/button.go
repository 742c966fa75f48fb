package web

import (
	"bytes"
	"net/http"
	"time"
)

// buttonRoutes registers the script that shops put on their own pages:
// docs/drop-in-button.md.
func (s *server) buttonRoutes(mux *http.ServeMux) {
	script, err := assetFiles.ReadFile("assets/button.js")
	if err != nil {
		panic(err)
	}
	mux.HandleFunc("GET /button.js", func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/javascript; charset=utf-8")
		h.Set("Cache-Control", "public, max-age=3600")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin") // pages that isolate themselves load it too
		h.Set("Access-Control-Allow-Origin", "*")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(script))
	})
}
