package web

import (
	"errors"
	"net"
	"net/http"
	"time"

	"posta"
	"posta/account"
	"posta/payment"
	"posta/text"
)

// loginRoutes registers log-in and log-out.
func (s *server) loginRoutes(mux *http.ServeMux) {
	mux.Handle("GET /login", s.anyone(s.loginPage))
	mux.Handle("POST /login", s.anyone(s.login))
	mux.Handle("POST /logout", s.anyone(s.logout))
}

// loginForm is what the log-in page shows.
type loginForm struct {
	Email string
	Next  string
	Title string // what went wrong, "" at first
	Text  string
}

func (s *server) loginPage(v *visit) error {
	next := local(v.r.URL.Query().Get("next"), "/")
	if v.User.ID != "" {
		return v.redirect(next)
	}
	form := loginForm{Next: next}
	if s.Demo != nil {
		form.Email = s.Demo.Email
	}
	return v.render("login", form)
}

// login checks e-mail and password; the service limits the tries.
func (s *server) login(v *visit) error {
	form := loginForm{Email: v.r.PostFormValue("email"), Next: local(v.r.PostFormValue("next"), "/")}
	user, err := s.Accounts.LogIn(v.ctx(), form.Email, v.r.PostFormValue("password"), remoteAddress(v.r))
	switch posta.ErrorCode(err) {
	case "":
	case posta.CodeUnauthorized:
		form.Title, form.Text = v.T("login.wrong"), v.T("login.wrong.help")
		return v.renderAs(http.StatusUnauthorized, "login", form)
	case posta.CodeRateLimited:
		var e *posta.Error
		errors.As(err, &e)
		wait := max(e.RetryAfter, time.Second).Round(time.Second)
		form.Title, form.Text = v.T("login.limited"), v.T("login.limited.help", "time", v.words.Duration(wait))
		v.w.Header().Set("Retry-After", posta.FormatDecimal(int64(wait/time.Second), 0))
		return v.renderAs(http.StatusTooManyRequests, "login", form)
	default:
		return err
	}
	ctx := v.ctx()
	if err := s.sessions.RenewToken(ctx); err != nil { // an address with a session in it is worth nothing
		return err
	}
	mode, err := s.firstMode(v, user)
	if err != nil {
		return err
	}
	s.sessions.Put(ctx, sessionUser, string(user.ID))
	s.sessions.Put(ctx, sessionStamp, user.Stamp())
	s.sessions.Put(ctx, sessionMode, string(mode))
	if _, err := v.r.Cookie(text.Cookie); err != nil && user.Language != "" {
		text.Remember(v.w, user.Language)
	}
	return v.redirect(form.Next)
}

// firstMode is live as soon as the gate of a live connection lets anything
// pass: a cashier must not charge in test by mistake, nor stand before a closed gate.
func (s *server) firstMode(v *visit, user account.User) (posta.Mode, error) {
	gates, err := s.GoLive.States(v.ctx(), user.MerchantID)
	for _, state := range gates {
		if state != payment.GateClosed {
			return posta.Live, err
		}
	}
	return posta.Test, err
}

func (s *server) logout(v *visit) error {
	if err := s.sessions.Destroy(v.ctx()); err != nil {
		return err
	}
	return v.redirect("/login")
}

// remoteAddress is who asks, without the port.
func remoteAddress(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
