package web

import (
	"net/http"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"

	"posta"
	"posta/account"
	"posta/page"
	"posta/project"
)

// What a session keeps.
const (
	sessionUser  = "user"
	sessionStamp = "stamp" // account.User.Stamp at log-in: a new password ends older sessions
	sessionMode  = "mode"
)

// sessionLife is how long a log-in lasts: a till stays logged in over a week.
const sessionLife = 14 * 24 * time.Hour

func newSessions(accounts *account.Service) *scs.SessionManager {
	m := scs.New()
	m.Lifetime = sessionLife
	m.Store = &account.SessionStore{Store: accounts.Store}
	m.Cookie.Name = "posta"
	m.Cookie.HttpOnly = true
	m.Cookie.SameSite = http.SameSiteLaxMode
	return m
}

// wrap puts round all pages what each of them needs: headers, the refusal of
// posts from other sites, the session.
func (s *server) wrap(next http.Handler) http.Handler {
	plain := *s.sessions
	plain.ErrorFunc = s.sessionFailed
	secure := plain
	secure.Cookie.Secure = true
	overHTTP, overHTTPS := plain.LoadAndSave(next), secure.LoadAndSave(next)
	session := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/static/"):
			next.ServeHTTP(w, r)
		case strings.HasPrefix(s.PublicURL(), "https:"):
			overHTTPS.ServeHTTP(w, r)
		default:
			overHTTP.ServeHTTP(w, r)
		}
	})
	protection := http.NewCrossOriginProtection()
	refuse := s.anyone(func(*visit) error { return &posta.Error{Code: posta.CodeForbidden} })
	protection.SetDenyHandler(s.sessions.LoadAndSave(refuse))
	return page.Secure(limitBody(protection.Handler(session)))
}

// limitBody keeps forms small, but for those that bring files.
func limitBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		most := int64(1 << 20)
		if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
			most += project.MaxAttachment
		}
		r.Body = http.MaxBytesReader(w, r.Body, most)
		next.ServeHTTP(w, r)
	})
}

// sessionFailed answers when the session cannot be read or kept.
func (s *server) sessionFailed(w http.ResponseWriter, r *http.Request, err error) {
	support := "err_" + posta.NewULID(s.Clock.Now())
	s.Log.ErrorContext(r.Context(), "session failed", "support", support, "error", err)
	w.Header().Set("Retry-After", "5")
	http.Error(w, s.Catalog.Match(r).T("error.unavailable")+"\n"+support, http.StatusServiceUnavailable)
}
