// Package page is the kit that every page of Posta is made with, the hub's and
// the simulators': base layout and partials, one style sheet for counter and
// office, small scripts, money, QR codes, security headers.
package page

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
)

//go:embed html/*.html
var kit embed.FS

// Words is what a page needs of a language; *text.Localizer is one.
type Words interface {
	Lang() string
	T(key string, args ...any) string
	Has(key string) bool
	Date(t time.Time, zone *time.Location) string
	DateTime(t time.Time, zone *time.Location) string
	Exact(t time.Time, zone *time.Location) string
	Relative(t, now time.Time) string
	Duration(d time.Duration) string
}

// Context is what a page needs to know of the request besides its data.
type Context struct {
	Words Words          // the reader's language; required
	Now   time.Time      // the clock's time, for relative times; required where a page shows one
	Zone  *time.Location // the merchant's time zone; UTC if nil
	Theme string         // "light", "dark" or "" for the system's (see Theme)
	Path  string         // the request's path, for the marked entry of a menu
}

// Theme returns the theme that the reader has chosen, "" for the system's.
func Theme(r *http.Request) string {
	if cookie, err := r.Cookie("theme"); err == nil && (cookie.Value == "light" || cookie.Value == "dark") {
		return cookie.Value
	}
	return ""
}

// Templates is a checked set of pages. It is safe for concurrent use.
type Templates struct {
	pages  map[string]*set
	assets *Assets
	funcs  template.FuncMap
}

// Option changes what New makes.
type Option func(*Templates)

// WithFuncs adds template functions of the caller's own.
func WithFuncs(funcs template.FuncMap) Option {
	return func(t *Templates) { maps.Copy(t.funcs, funcs) }
}

// WithAssets adds the caller's own style sheets, scripts and pictures: all
// files of fsys, under /static/ beside the kit's.
func WithAssets(fsys fs.FS) Option {
	return func(t *Templates) { t.assets = newAssets(fsys, t.assets) }
}

// New parses the kit and the caller's templates. Files whose base name starts
// with "_" are shared by all pages (partials, a menu); every other file that
// matches one of patterns is a page, known by its base name without ".html",
// in a clone of its own, so that blocks of two pages never meet. Without
// patterns all *.html files of fsys's root are taken.
func New(fsys fs.FS, patterns ...string) (*Templates, error) {
	return NewWith(fsys, patterns)
}

// Must panics if New or NewWith failed; for the start of a program.
func Must(t *Templates, err error) *Templates {
	if err != nil {
		panic(err)
	}
	return t
}

// NewWith is New with options.
func NewWith(fsys fs.FS, patterns []string, options ...Option) (*Templates, error) {
	t := &Templates{pages: map[string]*set{}, assets: kitAssets(), funcs: template.FuncMap{}}
	for _, option := range options {
		option(t)
	}
	if len(patterns) == 0 {
		patterns = []string{"*.html"}
	}
	var shared, pages []string
	for _, pattern := range patterns {
		names, err := fs.Glob(fsys, pattern)
		if err != nil {
			return nil, fmt.Errorf("page: pattern %q: %w", pattern, err)
		}
		for _, name := range names {
			if strings.HasPrefix(path.Base(name), "_") {
				shared = append(shared, name)
			} else {
				pages = append(pages, name)
			}
		}
	}
	if len(pages) == 0 {
		return nil, fmt.Errorf("page: no page matches %q", patterns)
	}
	funcs := (&state{}).funcs(t)
	base, err := template.New("layout.html").Funcs(funcs).ParseFS(kit, "html/*.html")
	if err != nil {
		return nil, fmt.Errorf("page: parse the kit: %w", err)
	}
	if err := parseFiles(base, fsys, shared); err != nil {
		return nil, err
	}
	var wrong []error
	for _, name := range pages {
		parse := func() (*template.Template, error) {
			own, err := base.Clone()
			if err == nil {
				err = parseFiles(own, fsys, []string{name})
			}
			return own, err
		}
		own, err := parse()
		if err == nil {
			err = check(own)
		}
		if err != nil {
			wrong = append(wrong, fmt.Errorf("page: %s: %w", name, err))
			continue
		}
		id := strings.TrimSuffix(path.Base(name), path.Ext(name))
		if t.pages[id] != nil {
			wrong = append(wrong, fmt.Errorf("page: two pages are called %q", id))
		}
		t.pages[id] = &set{parse: parse, kit: t, free: make(chan *copied, 8)}
	}
	if err := errors.Join(wrong...); err != nil {
		return nil, err
	}
	return t, nil
}

func parseFiles(into *template.Template, fsys fs.FS, names []string) error {
	for _, name := range names {
		raw, err := fs.ReadFile(fsys, name)
		if err != nil {
			return fmt.Errorf("page: read %s: %w", name, err)
		}
		if _, err := into.New(name).Parse(string(raw)); err != nil {
			return fmt.Errorf("page: parse %s: %w", name, err)
		}
	}
	return nil
}

// Names returns the sorted names of the pages.
func (t *Templates) Names() []string { return slices.Sorted(maps.Keys(t.pages)) }

// Asset returns the address of a file of the kit or of WithAssets.
func (t *Templates) Asset(name string) (string, error) { return t.assets.url(name) }

// Static serves the kit's files and the caller's, for "/static/".
func (t *Templates) Static() http.Handler { return t.assets }

// Execute writes the page name into a buffer of its own.
func (t *Templates) Execute(name string, ctx Context, data any) ([]byte, error) {
	return t.execute(name, "layout.html", ctx, data)
}

// Fragment writes one template of a page only, for live pages that fetch a
// part of themselves.
func (t *Templates) Fragment(name, template string, ctx Context, data any) ([]byte, error) {
	return t.execute(name, template, ctx, data)
}

func (t *Templates) execute(name, entry string, ctx Context, data any) ([]byte, error) {
	page := t.pages[name]
	if page == nil {
		return nil, fmt.Errorf("page: there is no page %q", name)
	}
	if ctx.Words == nil {
		return nil, fmt.Errorf("page: %s: Context.Words is nil", name)
	}
	if ctx.Zone == nil {
		ctx.Zone = time.UTC
	}
	one, err := page.take()
	if err != nil {
		return nil, err
	}
	defer page.give(one)
	one.state.Context = ctx
	var out bytes.Buffer
	if err := one.tree.ExecuteTemplate(&out, entry, data); err != nil {
		return nil, fmt.Errorf("page: %s: %w", name, err)
	}
	return out.Bytes(), nil
}

// Render writes the page name as an HTML answer. Nothing is sent if it fails:
// the caller still holds w and can answer with an error page. That the reader
// left meanwhile is no failure.
func (t *Templates) Render(w http.ResponseWriter, status int, name string, ctx Context, data any) error {
	body, err := t.Execute(name, ctx, data)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", ctx.Words.Lang())
	if w.Header().Get("Cache-Control") == "" {
		w.Header().Set("Cache-Control", "no-store")
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
	return nil
}
