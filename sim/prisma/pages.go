package prisma

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
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

// own mounts what is the simulator's own: control API and pages. Requests that
// another site's page sends are refused.
func (s *Simulator) own(mux *http.ServeMux) {
	inner := http.NewServeMux()
	s.mountAPI(inner)
	home := func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/sim/terminals", http.StatusFound) }
	for pattern, handle := range map[string]http.HandlerFunc{
		"GET /sim": home, "GET /sim/{$}": home,
		"GET /sim/terminals": s.terminals, "GET /sim/terminal/{id}": s.terminalPage, "POST /sim/terminal/{id}/{deed}": s.terminalDeed,
		"GET /sim/phone": s.phone, "POST /sim/phone/pay": s.phonePay, "POST /sim/phone/leave": s.phoneLeave, "GET /sim/phone/result": s.phoneResult,
		"GET /sim/control": s.control, "POST /sim/control/{deed}": s.controlDeed, "GET /sim/events": s.events,
	} {
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
	mux.HandleFunc("GET /static/", func(w http.ResponseWriter, r *http.Request) { kit().pages.Static().ServeHTTP(w, r) })
}

func (s *Simulator) words(r *http.Request) *language.Localizer {
	if lang := r.URL.Query().Get("lang"); lang != "" {
		return kit().words.Localizer(language.Pick(lang))
	}
	return kit().words.Localizer(language.Match(r))
}

// local is the time zone of the terminals under the name that people know.
var local = time.FixedZone("Buenos Aires", -3*3600)

// show renders a page of the simulator, in the time of the terminals.
func (s *Simulator) show(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	ctx := page.Context{Words: s.words(r), Now: s.clock.Now(), Zone: local, Theme: page.Theme(r), Path: r.URL.Path}
	w.Header().Set("Cache-Control", "no-store")
	if err := kit().pages.Render(w, status, name, ctx, data); err != nil {
		s.log.Error("page failed", "page", name, "error", err)
		http.Error(w, "the page "+name+" failed", http.StatusInternalServerError)
	}
}

// slug names an error for the address of the page that shows it.
func slug(err error) string {
	switch {
	case errors.Is(err, ErrTerminal):
		return "terminal"
	case errors.Is(err, ErrNothing):
		return "nothing"
	}
	for _, known := range []error{ErrState, ErrCard} {
		if _, reason, ok := strings.Cut(err.Error(), known.Error()+": "); ok {
			return strings.ReplaceAll(reason, " ", "_")
		}
	}
	return "state"
}

// sorry says an error, by its slug, in the reader's words; "" is none.
func sorry(w *language.Localizer, slug string) string {
	switch key := "sim.error." + slug; {
	case slug == "":
		return ""
	case w.Has(key):
		return w.T(key)
	}
	return w.T("sim.error.state")
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
