package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"posta"
	"posta/account"
	"posta/page"
	"posta/project"
	"posta/text"
)

// visit is one request and who makes it. Handlers take it and return an error,
// which becomes an error page.
type visit struct {
	s        *server
	w        http.ResponseWriter
	r        *http.Request
	words    *text.Localizer
	User     account.User      // zero if nobody is logged in
	Merchant account.Merchant  // of the user
	Mode     posta.Mode        // test or live, as the person switched it
	Zone     *time.Location    // the merchant's
	Country  posta.Country     // the merchant's
	titles   *project.Template // of the project that the page is about, nil for none
	guest    *project.Actor    // a client's contact who signed in, nil for none
}

// handler is a page or an action.
type handler func(v *visit) error

// anyone serves h to whoever asks.
func (s *server) anyone(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &visit{s: s, w: w, r: r, words: s.Catalog.Match(r), Zone: time.UTC, Mode: posta.Test}
		if err := v.identify(); err != nil {
			s.fail(v, err)
			return
		}
		if err := h(v); err != nil {
			s.fail(v, err)
		}
	})
}

// member serves h to people who are logged in and sends others to the log-in.
func (s *server) member(h handler) http.Handler {
	return s.anyone(func(v *visit) error {
		if v.User.ID == "" {
			return v.askLogin()
		}
		return h(v)
	})
}

// identify finds out who is logged in.
func (v *visit) identify() error {
	ctx := v.ctx()
	id := v.s.sessions.GetString(ctx, sessionUser)
	if id == "" {
		return nil
	}
	user, err := v.s.Accounts.Store.User(ctx, posta.UserID(id))
	if err != nil && posta.ErrorCode(err) != posta.CodeNotFound {
		return err
	}
	if err != nil || v.s.sessions.GetString(ctx, sessionStamp) != user.Stamp() {
		return v.s.sessions.Destroy(ctx)
	}
	merchant, err := v.s.Accounts.Store.Merchant(ctx, user.MerchantID)
	if err != nil {
		return err
	}
	v.User = user
	if mode := posta.Mode(v.s.sessions.GetString(ctx, sessionMode)); mode.Valid() {
		v.Mode = mode
	}
	v.at(merchant)
	return nil
}

// at makes it a visit at a merchant's: its clocks and its money.
func (v *visit) at(merchant account.Merchant) {
	v.Merchant = merchant
	if zone, err := time.LoadLocation(merchant.TimeZone); err == nil {
		v.Zone = zone
	}
	v.Country, _ = posta.FindCountry(merchant.Country) // an unknown country shows plain amounts
}

// askLogin sends to the log-in page and remembers where to come back to.
func (v *visit) askLogin() error {
	if strings.Contains(v.r.Header.Get("Accept"), "text/event-stream") {
		return &posta.Error{Code: posta.CodeUnauthorized}
	}
	to := "/login"
	if v.r.Method == http.MethodGet && v.r.URL.Path != "/" {
		to += "?next=" + url.QueryEscape(v.r.URL.RequestURI())
	}
	return v.redirect(to)
}

func (v *visit) ctx() context.Context { return v.r.Context() }

// by names the person, for what keeps who did it.
func (v *visit) by() string { return "user:" + string(v.User.ID) }

// T gives the words for a key in the reader's language.
func (v *visit) T(key string, args ...any) string { return v.words.T(key, args...) }

// shown is what templates get: the frame around a page and its Data.
type shown struct {
	User     account.User
	Merchant account.Merchant
	Mode     posta.Mode
	Flash    *flash
	Demo     *Demo
	Version  string
	Now      time.Time
	Back     string // this page's address, for forms that come back to it
	Data     any
}

func (v *visit) page() page.Context {
	return page.Context{Words: v.words, Now: v.s.Clock.Now(), Zone: v.Zone, Theme: page.Theme(v.r), Path: v.r.URL.Path}
}

// render answers with html/NAME.html.
func (v *visit) render(name string, data any) error { return v.renderAs(http.StatusOK, name, data) }

// renderAs is render with another status, such as 422 for a form to mend.
func (v *visit) renderAs(status int, name string, data any) error {
	return v.s.pages.Render(v.w, status, name, v.page(), v.shown(data))
}

func (v *visit) shown(data any) *shown {
	return &shown{User: v.User, Merchant: v.Merchant, Mode: v.Mode, Flash: v.popFlash(), Demo: v.s.Demo,
		Version: v.s.Version, Now: v.s.Clock.Now(), Back: v.r.URL.RequestURI(), Data: data}
}

// fragment makes one template of a page, for an answer that is not a page.
func (v *visit) fragment(name, template string, data any) (string, error) {
	html, err := v.s.pages.Fragment(name, template, v.page(), data)
	return string(html), err
}

// redirect sends on to a page of ours, to be fetched with GET.
func (v *visit) redirect(to string) error {
	http.Redirect(v.w, v.r, to, http.StatusSeeOther)
	return nil
}

// local is an address within these pages, or otherwise fallback: a link from
// elsewhere must not be able to send people away through us.
func local(address, fallback string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "" || u.Host != "" || !strings.HasPrefix(address, "/") ||
		strings.HasPrefix(address, "//") || strings.ContainsAny(address, "\\\r\n\t") {
		return fallback
	}
	return address
}

// flash is a word about what was done, shown once on the next page.
type flash struct{ Kind, Title, Text string }

// flash keeps words for the next page: kind is ok, info, warn or error.
func (v *visit) flash(kind, title, text string) {
	v.s.sessions.Put(v.ctx(), "flash", strings.Join([]string{kind, title, text}, "\x00"))
}

func (v *visit) popFlash() *flash {
	if !v.s.sessions.Exists(v.ctx(), "flash") {
		return nil
	}
	parts := strings.SplitN(v.s.sessions.PopString(v.ctx(), "flash"), "\x00", 3)
	if len(parts) != 3 {
		return nil
	}
	return &flash{parts[0], parts[1], parts[2]}
}
