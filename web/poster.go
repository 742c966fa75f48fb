package web

import (
	"net/http"
	"strings"

	"posta"
)

// posterRoutes registers the pages of the QR poster.
func (s *server) posterRoutes(mux *http.ServeMux) {
	mux.Handle("GET /tills/{till}/poster", s.member(s.posterPage))
	mux.Handle("GET /tills/{till}/poster/provider", s.member(s.providerPoster))
}

// posterData is the poster of a till's fixed QR.
type posterData struct {
	counter
	Size string // "a4" or ""
}

func (s *server) posterPage(v *visit) error {
	c, err := v.counter()
	if err != nil {
		return err
	}
	data := posterData{counter: c}
	if v.r.URL.Query().Get("size") == "a4" {
		data.Size = "a4"
	}
	return v.render("poster", data)
}

// providerPoster hands the provider's own poster on, as a file: it is not ours
// and never shown as a page of ours.
func (s *server) providerPoster(v *visit) error {
	c, err := v.counter()
	if err != nil {
		return err
	}
	kind, body, err := s.Tills.Poster(v.ctx(), v.Merchant.ID, v.Mode, c.Till.ID)
	if err != nil {
		return err
	}
	ending, known := map[string]string{"application/pdf": ".pdf", "image/png": ".png", "image/jpeg": ".jpg", "image/svg+xml": ".svg"}[strings.SplitN(kind, ";", 2)[0]]
	if !known {
		kind = "application/octet-stream"
	}
	h := v.w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", `attachment; filename="`+posta.Alphanumeric(c.Till.ID)+ending+`"`)
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	_, _ = v.w.Write(body) // a reader that left is no error of ours
	return nil
}
