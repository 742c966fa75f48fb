package mailbox

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"net/url"
	"slices"
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

// Handler serves the pages and the control API below /sim/mail, and their
// assets. Requests that another site's page sends are refused.
func (s *Simulator) Handler() http.Handler {
	inner := http.NewServeMux()
	s.mountAPI(inner)
	inner.HandleFunc("GET /sim/mail", s.inboxPage)
	inner.HandleFunc("GET /sim/mail/letter/{id}", s.letterPage)
	inner.HandleFunc("GET /sim/mail/letter/{id}/file/{n}", s.download)
	inner.HandleFunc("POST /sim/mail/letter/{id}/{deed}", s.deed)
	inner.HandleFunc("GET /sim/mail/events", s.events)
	guard := http.NewCrossOriginProtection().Handler(page.Secure(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if lang := r.URL.Query().Get("lang"); lang != "" {
			language.Remember(w, language.Pick(lang))
		}
		inner.ServeHTTP(w, r)
	})))
	mux := http.NewServeMux()
	mux.Handle("/sim/mail/", guard)
	mux.Handle("/sim/mail", guard)
	mux.HandleFunc("GET /static/", func(w http.ResponseWriter, r *http.Request) { kit().pages.Static().ServeHTTP(w, r) })
	return mux
}

func (s *Simulator) words(r *http.Request) *language.Localizer {
	if lang := r.URL.Query().Get("lang"); lang != "" {
		return kit().words.Localizer(language.Pick(lang))
	}
	return kit().words.Localizer(language.Match(r))
}

func (s *Simulator) show(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	ctx := page.Context{Words: s.words(r), Now: s.clock.Now(), Theme: page.Theme(r), Path: r.URL.Path}
	w.Header().Set("Cache-Control", "no-store")
	if err := kit().pages.Render(w, status, name, ctx, data); err != nil {
		s.log.Error("page failed", "page", name, "error", err)
		http.Error(w, "the page "+name+" failed", http.StatusInternalServerError)
	}
}

// lettersShown keeps the page light.
const lettersShown = 60

func (s *Simulator) inboxPage(w http.ResponseWriter, r *http.Request) {
	to := r.URL.Query().Get("to")
	letters := s.Letters(to)
	slices.Reverse(letters)
	hidden := max(0, len(letters)-lettersShown)
	s.show(w, r, http.StatusOK, "inbox", map[string]any{"to": to, "inboxes": s.Inboxes(), "letters": letters[:len(letters)-hidden], "hidden": hidden,
		"smtp": s.SMTPAddress(), "now": s.clock.Now()})
}

func (s *Simulator) letterPage(w http.ResponseWriter, r *http.Request) { s.open(w, r, "", Reply{}) }

// open shows a letter; with a problem, what was typed stays.
func (s *Simulator) open(w http.ResponseWriter, r *http.Request, problem string, typed Reply) {
	l, err := s.Letter(number(r, "id"))
	if err != nil {
		s.show(w, r, http.StatusNotFound, "missing", nil)
		return
	}
	as := typed.From
	if as == "" {
		as = r.URL.Query().Get("to")
	}
	if !slices.Contains(l.To, as) {
		as = l.To[0]
	}
	status := http.StatusOK
	if problem != "" {
		status = http.StatusBadRequest
	}
	s.show(w, r, status, "letter", map[string]any{"l": l, "as": as, "text": typed.Text, "error": problem, "hook": s.Hook() != "", "now": s.clock.Now()})
}

// deed is what a person does with a letter: reply, away, bounce, late.
func (s *Simulator) deed(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, bodyLimit)
	reply := Reply{From: r.FormValue("as"), Text: r.FormValue("text")} // FormValue reads multipart forms too
	id := number(r, "id")
	var err error
	switch words := s.words(r); r.PathValue("deed") {
	case "reply":
		if reply.Files, err = uploads(r); err == nil {
			err = s.Answer(r.Context(), id, reply)
		}
	case "away":
		err = s.Answer(r.Context(), id, Reply{From: reply.From, Text: words.T("sim.mail.away.text"), Away: true})
	case "bounce":
		err = s.Bounce(r.Context(), id, reply.From, false)
	case "late":
		err = s.Bounce(r.Context(), id, reply.From, true)
	default:
		http.NotFound(w, r)
		return
	}
	if err != nil {
		s.open(w, r, s.sorry(r, err), reply)
		return
	}
	http.Redirect(w, r, fmt.Sprintf("/sim/mail/letter/%d?to=%s", id, url.QueryEscape(reply.From)), http.StatusSeeOther)
}

// uploads reads the files of a form; none is no error.
func uploads(r *http.Request) (list []Upload, err error) {
	if r.MultipartForm == nil {
		return nil, nil
	}
	for _, head := range r.MultipartForm.File["file"] {
		if head.Filename == "" {
			continue
		}
		f, err := head.Open()
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(f)
		_ = f.Close()
		if err != nil {
			return nil, err
		}
		kind, _, err := mime.ParseMediaType(head.Header.Get("Content-Type"))
		if err != nil {
			kind = ""
		}
		list = append(list, Upload{Name: head.Filename, Type: kind, Data: data})
	}
	return list, nil
}

// sorry says an error in the reader's words.
func (s *Simulator) sorry(r *http.Request, err error) string {
	words := s.words(r)
	switch {
	case errors.Is(err, ErrNothing):
		return words.T("sim.mail.error.nothing")
	case errors.Is(err, ErrHook):
		return words.T("sim.mail.error.hook")
	case errors.Is(err, ErrRefused):
		return words.T("sim.mail.error.refused")
	}
	return err.Error()
}

func (s *Simulator) download(w http.ResponseWriter, r *http.Request) {
	f, data, err := s.Attachment(number(r, "id"), int(number(r, "n")))
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.Name}))
	_, _ = w.Write(data)
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
		case <-s.closing.Done():
			return
		case <-r.Context().Done():
			return
		}
		if !fault.Pause(r.Context(), 500*time.Millisecond) {
			return
		}
	}
}
