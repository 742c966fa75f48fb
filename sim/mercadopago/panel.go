package mercadopago

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// ErrNoAddress is a mode without an address to send to.
var ErrNoAddress = errors.New("sim/mercadopago: that mode has no address")

// panelPages are the provider's panel for developers, step for step as a seller
// meets it (docs/providers/mercadopago-online.md §1.2).
func (s *Simulator) panelPages() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"GET /sim/panel":                    s.panelAccounts,
		"GET /sim/panel/{user}":             s.panelList,
		"GET /sim/panel/{user}/new":         func(w http.ResponseWriter, r *http.Request) { s.panelNew(w, r, nil) },
		"POST /sim/panel/{user}/new":        s.panelCreate,
		"GET /sim/panel/{user}/{app}":       func(w http.ResponseWriter, r *http.Request) { s.panelApplication(w, r, nil) },
		"POST /sim/panel/{user}/{app}/{do}": s.panelDeed,
	}
}

// wrong are the fields of a form that are, each with its words.
type wrong map[string]string

func (s *Simulator) panelAccounts(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, "panel", object{"accounts": s.Accounts()})
}

func (s *Simulator) panelUser(r *http.Request) (Account, int64, bool) {
	user, _ := strconv.ParseInt(r.PathValue("user"), 10, 64)
	app, _ := strconv.ParseInt(r.PathValue("app"), 10, 64)
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.accounts[user]; a != nil {
		return *a, app, true
	}
	return Account{}, 0, false
}

func (s *Simulator) panelMissing(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusNotFound, "panel", object{"accounts": s.Accounts(), "error": s.words(r).T("sim.panel.missing")})
}

func (s *Simulator) panelList(w http.ResponseWriter, r *http.Request) {
	a, _, ok := s.panelUser(r)
	if !ok {
		s.panelMissing(w, r)
		return
	}
	var list []Application
	if err := s.do(func() {
		for _, p := range s.applicationsOf(a.UserID) {
			list = append(list, *p)
		}
	}); err != nil {
		s.log.Error("commit failed", "error", err)
	}
	s.show(w, r, http.StatusOK, "panel", object{"account": a, "list": list, "deleted": r.FormValue("deleted") != ""})
}

func (s *Simulator) panelNew(w http.ResponseWriter, r *http.Request, bad wrong) {
	a, _, ok := s.panelUser(r)
	if !ok {
		s.panelMissing(w, r)
		return
	}
	status := http.StatusOK
	if bad != nil {
		status = http.StatusUnprocessableEntity
	}
	s.show(w, r, status, "panel_new", object{"account": a, "wrong": bad, "name": r.FormValue("name"), "product": r.FormValue("product"), "platform": r.FormValue("platform"),
		"consent": r.FormValue("consent") != "", "robot": r.FormValue("robot") != ""})
}

// panelCreate asks what the provider asks: name, kind of payments, platform,
// consent and that it is no robot.
func (s *Simulator) panelCreate(w http.ResponseWriter, r *http.Request) {
	a, _, ok := s.panelUser(r)
	words, bad := s.words(r), wrong{}
	name := strings.TrimSpace(r.FormValue("name"))
	for field, good := range map[string]bool{"name": name != "" && len([]rune(name)) <= 50, "product": slices.Contains([]string{"online", "in_store"}, r.FormValue("product")),
		"platform": slices.Contains([]string{"none", "shop"}, r.FormValue("platform")), "consent": r.FormValue("consent") != "", "robot": r.FormValue("robot") != ""} {
		if !good {
			bad[field] = words.T("sim.panel.wrong." + field)
		}
	}
	if len(bad) > 0 || !ok {
		s.panelNew(w, r, bad)
		return
	}
	p, err := s.CreateApplication(a.UserID, name)
	if err != nil {
		s.panelNew(w, r, wrong{"name": err.Error()})
		return
	}
	http.Redirect(w, r, panelAddress(p.UserID, p.ID)+"?tab=production", http.StatusSeeOther)
}

func panelAddress(user, app int64) string { return "/sim/panel/" + text(user) + "/" + text(app) }

// panelApplication shows one application: credentials, webhooks, settings.
func (s *Simulator) panelApplication(w http.ResponseWriter, r *http.Request, bad wrong) {
	a, id, ok := s.panelUser(r)
	p, err := s.changeApplication(a.UserID, id, func(*Account, *Application) error { return nil })
	if !ok || err != nil {
		s.panelMissing(w, r)
		return
	}
	tab := r.FormValue("tab")
	if !slices.Contains([]string{"test", "webhooks", "settings"}, tab) {
		tab = "production"
	}
	mode, hooks := "live", p.Live
	if r.FormValue("mode") == "test" {
		mode, hooks = "test", p.Probe
	}
	address, on := hooks.URL, ticked(hooks.Topics)
	if hooks.URL == "" {
		on = map[string]bool{}
	}
	status := http.StatusOK
	if bad != nil {
		status, address = http.StatusUnprocessableEntity, cmp.Or(r.FormValue("url"), address)
	}
	if r.Form["event"] != nil {
		on = ticked(append(topicsOf(r.Form["event"]), "-"))
	}
	var sent []Delivery
	for _, d := range s.Deliveries() {
		if d.UserID == a.UserID && hooks.URL != "" && d.URL == hooks.URL {
			sent = append(sent, d)
		}
	}
	slices.Reverse(sent)
	s.show(w, r, status, "panel_app", object{"account": a, "app": p, "self": panelAddress(a.UserID, id), "tab": tab, "mode": mode, "hooks": hooks, "address": address, "on": on,
		"events": panelEvents, "wrong": bad, "industries": panelIndustries, "industry": cmp.Or(r.FormValue("industry"), p.Industry), "website": cmp.Or(r.FormValue("website"), p.Website),
		"uris": cmp.Or(r.FormValue("redirect_uris"), strings.Join(p.RedirectURIs, "\n")), "saved": r.FormValue("saved") != "", "sent": sent[:min(5, len(sent))], "own": p.own(&a)})
}

// panelIndustries are some of the industries that the activation offers.
var panelIndustries = []string{"retail", "fashion", "food", "services", "education", "tourism", "health", "technology", "entertainment", "other"}

func (s *Simulator) panelDeed(w http.ResponseWriter, r *http.Request) {
	a, id, ok := s.panelUser(r)
	if !ok {
		s.panelMissing(w, r)
		return
	}
	tab, bad, err := s.panelDo(r, a.UserID, id)
	switch {
	case errors.Is(err, ErrApplication):
		s.panelMissing(w, r)
		return
	case errors.Is(err, ErrNoAddress):
		bad = wrong{"simulate": s.words(r).T("sim.panel.wrong.address")}
	case err != nil:
		bad = wrong{"all": err.Error()}
	}
	if len(bad) > 0 {
		r.Form.Set("tab", tab)
		s.panelApplication(w, r, bad)
		return
	}
	if r.PathValue("do") == "delete" {
		http.Redirect(w, r, "/sim/panel/"+text(a.UserID)+"?deleted=1", http.StatusSeeOther)
		return
	}
	q := url.Values{"tab": {tab}, "saved": {"1"}}
	if r.FormValue("mode") == "test" {
		q.Set("mode", "test")
	}
	http.Redirect(w, r, panelAddress(a.UserID, id)+"?"+q.Encode(), http.StatusSeeOther)
}

// panelDo does what a button of the panel asks for; bad are the fields that
// keep it from being done.
func (s *Simulator) panelDo(r *http.Request, user, id int64) (tab string, bad wrong, err error) {
	words, test := s.words(r), r.FormValue("mode") == "test"
	bad = wrong{}
	need := func(good bool, field string) {
		if !good {
			bad[field] = words.T("sim.panel.wrong." + field)
		}
	}
	switch r.PathValue("do") {
	case "activate":
		tab = "production"
		site, fault := url.Parse(strings.TrimSpace(r.FormValue("website")))
		need(slices.Contains(panelIndustries, r.FormValue("industry")), "industry")
		need(fault == nil && site.Host != "" && strings.HasPrefix(site.Scheme, "http"), "website")
		need(r.FormValue("consent") != "", "consent")
		need(r.FormValue("robot") != "", "robot")
		if len(bad) == 0 {
			_, err = s.ActivateApplication(user, id, r.FormValue("industry"), site.String())
		}
	case "renew":
		if tab = "production"; test {
			tab = "test"
		}
		_, err = s.RenewCredentials(user, id, test)
	case "revoke":
		tab = "production"
		_, err = s.RevokeCredentials(user, id)
	case "webhooks":
		tab = "webhooks"
		address := strings.TrimSpace(r.FormValue("url"))
		need(s.webhookURL(address), "url")
		need(len(topicsOf(r.Form["event"])) > 0, "event")
		if len(bad) == 0 {
			_, err = s.SetWebhooks(user, id, test, address, topicsOf(r.Form["event"]))
		}
	case "secret":
		tab = "webhooks"
		_, err = s.ResetWebhookSecret(user, id, test)
	case "simulate":
		tab = "webhooks"
		topic := topicPayment
		if list := topicsOf([]string{r.FormValue("topic")}); len(list) > 0 {
			topic = list[0]
		}
		err = s.SimulateNotice(user, id, test, topic, cmp.Or(strings.TrimSpace(r.FormValue("id")), "123456"))
	case "settings":
		tab = "settings"
		list := strings.Fields(r.FormValue("redirect_uris"))
		need(!slices.ContainsFunc(list, func(v string) bool { return !s.webhookURL(v) }), "redirect_uris")
		if len(bad) == 0 {
			_, err = s.changeApplication(user, id, func(_ *Account, p *Application) error {
				p.RedirectURIs, p.PKCE = list, r.FormValue("pkce") != ""
				return nil
			})
		}
	case "delete":
		tab = "settings"
		_, err = s.changeApplication(user, id, func(a *Account, p *Application) error {
			if p.own(a) {
				return ErrApplication
			}
			s.close(p.Production)
			s.close(p.Test)
			p.Deleted = true
			return nil
		})
	default:
		err = ErrApplication
	}
	return tab, bad, err
}
