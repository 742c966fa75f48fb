package mercadopago

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"sync"
	"time"

	"posta/page"
	"posta/sim/fault"
	language "posta/text"
)

var (
	//go:embed html/*.html
	htmlFiles embed.FS
	//go:embed words/*.json
	wordFiles embed.FS
	//go:embed assets/*
	assetFiles embed.FS
)

// kit is parsed once, when the first page is asked for.
var kit = sync.OnceValue(func() (k struct {
	pages *page.Templates
	words *language.Catalog
}) {
	k.words = language.Must(sub(wordFiles, "words"))
	k.pages = page.Must(page.NewWith(sub(htmlFiles, "html"), nil, page.WithAssets(sub(assetFiles, "assets"))))
	return k
})

func sub(f fs.FS, name string) fs.FS {
	s, err := fs.Sub(f, name)
	if err != nil {
		panic(err)
	}
	return s
}

// own mounts what is the simulator's own: control API, pages and pictures.
// Requests that another site's page sends are refused.
func (s *Simulator) own(mux *http.ServeMux) {
	inner := http.NewServeMux()
	s.mountAPI(inner)
	for pattern, handle := range map[string]http.HandlerFunc{
		"GET /sim/{$}":   func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/sim/phone", http.StatusFound) },
		"GET /sim":       func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/sim/phone", http.StatusFound) },
		"GET /sim/phone": s.phone, "POST /sim/phone/scan": s.phoneScan, "GET /sim/phone/scan": s.phone, // a reload of the answer to a scan
		"GET /sim/phone/pay":  s.phonePay,
		"POST /sim/phone/pay": s.phonePaid, "GET /sim/phone/result": s.phoneResult, "POST /sim/phone/leave": s.phoneLeave,
		"GET /sim/point": s.points, "GET /sim/point/{terminal...}": s.pointPage, "POST /sim/point/{deed}": s.pointDone,
		"GET /sim/control": s.control, "POST /sim/control/{deed}": s.controlDeed, "GET /sim/events": s.events,
	} {
		inner.HandleFunc(pattern, handle)
	}
	for pattern, handle := range s.checkoutPages() {
		inner.HandleFunc(pattern, handle)
	}
	for pattern, handle := range s.panelPages() {
		inner.HandleFunc(pattern, handle)
	}
	for pattern, handle := range s.subscriptionPages() {
		inner.HandleFunc(pattern, handle)
	}
	guard := http.NewCrossOriginProtection().Handler(page.Secure(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if lang := r.URL.Query().Get("lang"); lang != "" {
			language.Remember(w, language.Pick(lang))
		}
		inner.ServeHTTP(w, r)
	})))
	mux.Handle("/sim/", guard)
	mux.Handle("/sim", guard)
	mux.Handle("/subscriptions/", guard)
	mux.Handle("/checkout/v1/", guard)
	mux.HandleFunc("GET /static/", func(w http.ResponseWriter, r *http.Request) { kit().pages.Static().ServeHTTP(w, r) })
	mux.HandleFunc("GET /instore/merchant/qr/{pos}/{file}", s.picture)
}

func (s *Simulator) words(r *http.Request) *language.Localizer {
	if lang := r.URL.Query().Get("lang"); lang != "" {
		return kit().words.Localizer(language.Pick(lang))
	}
	return kit().words.Localizer(language.Match(r))
}

// show renders a page of the simulator.
func (s *Simulator) show(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	ctx := page.Context{Words: s.words(r), Now: s.clock.Now(), Theme: page.Theme(r), Path: r.URL.Path}
	w.Header().Set("Cache-Control", "no-store")
	if err := kit().pages.Render(w, status, name, ctx, data); err != nil {
		s.log.Error("page failed", "page", name, "error", err)
		http.Error(w, "the page "+name+" failed", http.StatusInternalServerError)
	}
}

// sorry says an error in the reader's words.
func sorry(w *language.Localizer, err error) string {
	for _, known := range []struct {
		err error
		key string
	}{{ErrNothing, "sim.error.nothing"}, {ErrGone, "sim.error.gone"}, {ErrAmount, "sim.error.amount"}, {ErrPOS, "sim.error.pos"}, {errQR, "sim.error.qr"},
		{ErrTerminal, "sim.point.error.terminal"}, {ErrPower, "sim.point.error.power"}, {ErrMode, "sim.point.error.mode"}, {ErrBusy, "sim.point.error.busy"}} {
		if errors.Is(err, known.err) {
			return w.T(known.key)
		}
	}
	return err.Error()
}

// events tells open pages that something has changed, twice a second at most.
func (s *Simulator) events(w http.ResponseWriter, r *http.Request) {
	flush := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	for n := 0; ; n++ {
		changed := s.Changed()
		if _, err := fmt.Fprintf(w, "id: %d\nevent: change\ndata: {}\n\n", n); err != nil || flush.Flush() != nil {
			return
		}
		select {
		case <-changed:
		case <-s.closing:
			return
		case <-r.Context().Done():
			return
		}
		if !fault.Pause(r.Context(), 500*time.Millisecond) {
			return
		}
	}
}
