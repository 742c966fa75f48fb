package mercadopago

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"posta/page"
)

// mountOAuth mounts the page on which a seller lets an application act for it
// (docs/providers/mercadopago-online.md §1.5).
func (s *Simulator) mountOAuth(mux *http.ServeMux) {
	guard := http.NewCrossOriginProtection()
	mux.Handle("GET /authorization", page.Secure(http.HandlerFunc(s.authorization)))
	mux.Handle("POST /authorization", guard.Handler(page.Secure(http.HandlerFunc(s.authorized))))
}

// authorization asks the seller. Which seller is chosen on the page: nobody
// logs in here.
func (s *Simulator) authorization(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	s.mu.Lock()
	k, err := s.readConsent(q)
	data := object{"self": r.URL.RequestURI(), "read": err == nil}
	list := []object{}
	for _, a := range sorted(s.accounts) {
		list = append(list, object{"value": text(a.UserID), "label": cmp.Or(a.BusinessName, a.Nickname) + " · " + a.Site + " · " + text(a.UserID)})
	}
	data["accounts"], data["account"] = list, q.Get("user_id")
	if err == nil {
		data["name"], data["site"], data["redirect"] = k.app.Name, k.app.Website, k.redirect
	}
	s.mu.Unlock()
	status := http.StatusOK
	if err != nil {
		data["wrong"], status = err.Error(), http.StatusBadRequest
	} else if u, e := url.Parse(k.redirect); e == nil { // the form's answer leads there
		h := w.Header()
		h.Set("Content-Security-Policy", strings.Replace(h.Get("Content-Security-Policy"), "form-action 'self'", "form-action 'self' "+u.Scheme+"://"+u.Host, 1))
	}
	s.show(w, r, status, "authorization", data)
}

func (s *Simulator) authorized(w http.ResponseWriter, r *http.Request) {
	user, _ := strconv.ParseInt(r.FormValue("user_id"), 10, 64)
	back, err := s.Authorize(user, r.URL.Query(), r.FormValue("answer") == "allow")
	if err != nil {
		status := http.StatusBadRequest
		if errors.Is(err, ErrNothing) {
			status = http.StatusNotFound
		}
		s.show(w, r, status, "authorization", object{"wrong": err.Error(), "self": r.URL.RequestURI()})
		return
	}
	http.Redirect(w, r, back, http.StatusFound)
}
