package account

import (
	"log/slog"
	"net/http"
	"sync"
	"unicode"
	"unicode/utf8"

	"posta"
	"posta/provider"
	"posta/seal"
)

// Service keeps accounts in order: it validates, seals, opens and lets in.
// It must not be copied after first use.
type Service struct {
	Store Store
	Box   *seal.Box
	Clock posta.Clock
	// Providers are the connectors that connections can be made of.
	Providers []provider.Description
	// Client gives the HTTP client that a connection's connector calls with.
	Client func(posta.ConnectionID) *http.Client
	// Defaults override the fields' own defaults, by provider and field name:
	// the demo's base_url is the simulator's. They are not stored.
	Defaults map[string]map[string]string
	// Apps are Posta's own applications, by provider, which merchants let in.
	Apps map[string]provider.App
	Log  *slog.Logger // nil means slog.Default

	changing sync.Mutex // one change of a connection at a time
	opened   opened
	keys     keyCache
	limits   limits
	doubts   doubts
}

func (s *Service) log() *slog.Logger {
	if s.Log == nil {
		return slog.Default()
	}
	return s.Log
}

// client is the connection's HTTP client; nil where the program opens none.
func (s *Service) client(id posta.ConnectionID) *http.Client {
	if s.Client == nil {
		return nil
	}
	return s.Client(id)
}

// Provider finds the description of a provider by its name. Errors: not_found.
func (s *Service) Provider(name string) (provider.Description, error) {
	for _, d := range s.Providers {
		if d.Name == name {
			return d, nil
		}
	}
	return provider.Description{}, &posta.Error{Code: posta.CodeNotFound}
}

// maxName is the longest name of anything here, in characters.
const maxName = 100

// checkText notes what is wrong with a required line of text.
func checkText(p *posta.Problems, field, text string, most int) {
	p.Add(text == "", field, "required")
	p.Add(utf8.RuneCountInString(text) > most, field, "too_long")
	p.Add(!printable(text), field, "malformed")
}

// printable reports whether text is valid and without control characters.
func printable(text string) bool {
	if !utf8.ValidString(text) {
		return false
	}
	for _, r := range text {
		if unicode.IsControl(r) {
			return false
		}
	}
	return true
}
