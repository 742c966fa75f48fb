// Package text speaks Spanish, Portuguese of Brazil and English: the words of
// the catalogs (go-i18n), and dates, spans and relative times in each language.
//
// Catalogs are embedded JSON files named LANG.json or AREA.LANG.json
// ("error.es.json"), flat maps from key to words. Words may hold parameters
// ({{.amount}}) and plural forms ({"one": …, "other": …}, chosen by count).
package text

import (
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

//go:embed *.json
var embedded embed.FS

// The languages of Posta. Spanish answers when nothing else matches.
const (
	Spanish    = "es"
	Portuguese = "pt"
	English    = "en"
)

// Cookie is the name of the cookie that remembers a chosen language.
const Cookie = "lang"

// Languages lists the languages, the default first.
var Languages = []string{Spanish, Portuguese, English}

var matcher = language.NewMatcher([]language.Tag{language.Spanish, language.BrazilianPortuguese, language.English})

// Catalog holds the words of every language. It is safe for concurrent use.
type Catalog struct {
	words      map[string]map[string]*i18n.Message // language → key → message
	localizers map[string]*Localizer
}

// New reads the embedded catalog and then every *.json of the given file
// systems on top of it, so a simulator can bring its own words and still use
// the common ones.
func New(more ...fs.FS) (*Catalog, error) {
	c := &Catalog{words: map[string]map[string]*i18n.Message{}, localizers: map[string]*Localizer{}}
	bundle := i18n.NewBundle(language.Spanish)
	for _, lang := range Languages {
		c.words[lang] = map[string]*i18n.Message{}
	}
	for _, fsys := range append([]fs.FS{embedded}, more...) {
		if err := c.read(bundle, fsys); err != nil {
			return nil, err
		}
	}
	for _, lang := range Languages {
		c.localizers[lang] = &Localizer{lang: lang, words: i18n.NewLocalizer(bundle, lang), catalog: c}
	}
	return c, nil
}

// Must is New for catalogs that are embedded: it panics on a broken file.
func Must(more ...fs.FS) *Catalog {
	c, err := New(more...)
	if err != nil {
		panic(err)
	}
	return c
}

func (c *Catalog) read(bundle *i18n.Bundle, fsys fs.FS) error {
	return fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".json" {
			return err
		}
		raw, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		file, err := i18n.ParseMessageFileBytes(raw, name, nil)
		if err != nil {
			return fmt.Errorf("text: read %s: %w", name, err)
		}
		lang := file.Tag.String()
		if c.words[lang] == nil {
			return fmt.Errorf("text: %s: the name must end in .es.json, .pt.json or .en.json", name)
		}
		for _, m := range file.Messages {
			// Spanish and Portuguese have a form for whole millions that nobody writes.
			if m.Many == "" {
				m.Many = m.Other
			}
			if m.One == "" {
				m.One = m.Other
			}
			c.words[lang][m.ID] = m
		}
		return bundle.AddMessages(file.Tag, file.Messages...)
	})
}

// Localizer returns the words of the first of langs that we speak; each may be
// a tag ("pt-BR") or a whole Accept-Language header.
func (c *Catalog) Localizer(langs ...string) *Localizer {
	return c.localizers[Pick(langs...)]
}

// Match returns the words for a request: its cookie "lang", else its
// Accept-Language, else Spanish.
func (c *Catalog) Match(r *http.Request) *Localizer {
	return c.localizers[Match(r)]
}

// Keys returns the sorted keys that lang has words for.
func (c *Catalog) Keys(lang string) []string {
	return slices.Sorted(maps.Keys(c.words[lang]))
}

var parameter = regexp.MustCompile(`{{\s*\.(\w+)`)

// Params returns the sorted names of the parameters of a key's words in lang.
func (c *Catalog) Params(lang, key string) []string {
	m := c.words[lang][key]
	if m == nil {
		return nil
	}
	seen := map[string]bool{}
	for _, found := range parameter.FindAllStringSubmatch(m.One+m.Many+m.Other, -1) {
		seen[found[1]] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

// Check reports what differs between the languages: keys or parameters that
// one has and another lacks, empty words. An empty slice means all agree.
func (c *Catalog) Check() []string {
	var wrong []string
	for _, lang := range Languages {
		for _, other := range Languages {
			for _, key := range c.Keys(other) {
				if m := c.words[lang][key]; m == nil || strings.TrimSpace(m.Other) == "" {
					wrong = append(wrong, fmt.Sprintf("%s: %s is missing", lang, key))
				} else if got, want := c.Params(lang, key), c.Params(Spanish, key); !slices.Equal(got, want) {
					wrong = append(wrong, fmt.Sprintf("%s: %s has parameters %v, es has %v", lang, key, got, want))
				}
			}
		}
	}
	slices.Sort(wrong)
	return slices.Compact(wrong)
}

// Pick returns the first of langs that we speak, else Spanish.
func Pick(langs ...string) string {
	for _, lang := range langs {
		tags, _, err := language.ParseAcceptLanguage(lang)
		if err != nil || len(tags) == 0 {
			continue
		}
		if _, i, confidence := matcher.Match(tags...); confidence > language.Low {
			return Languages[i]
		}
	}
	return Spanish
}

// Match returns the language of a request: cookie, Accept-Language, Spanish.
func Match(r *http.Request) string {
	if cookie, err := r.Cookie(Cookie); err == nil && slices.Contains(Languages, cookie.Value) {
		return cookie.Value
	}
	return Pick(r.Header.Get("Accept-Language"))
}

// Remember sets the cookie that Match reads, for a year.
func Remember(w http.ResponseWriter, lang string) {
	http.SetCookie(w, &http.Cookie{Name: Cookie, Value: Pick(lang), Path: "/", MaxAge: 365 * 24 * 3600, SameSite: http.SameSiteLaxMode})
}
