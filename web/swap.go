package web

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"posta"
	"posta/account"
	"posta/project"
)

// swapRoutes registers the change of a live connection's credentials.
func (s *server) swapRoutes(mux *http.ServeMux) {
	mux.Handle("GET /connections/{connection}/swap", s.member(func(v *visit) error { return s.swapPage(v, sent{}) }))
	mux.Handle("POST /connections/{connection}/swap", s.member(s.beginSwap))
	mux.Handle("POST /connections/{connection}/swap/undo", s.member(s.undoSwap))
	mux.Handle("POST /connections/{connection}/swap/end", s.member(s.endSwap))
}

// swapData is what the page shows.
type swapData struct {
	Sent       sent
	Connection account.Connection
	Fields     []connectionField // what may be changed: secrets, and the public key that goes with them
	Previous   []previousSecret
	Running    bool
	Decide     bool
	Until      string
}

// previousSecret is an earlier secret that is still accepted, masked.
type previousSecret struct{ Label, Hint string }

// liveConnection is the connection of the address, whatever mode the person looks at.
func (v *visit) liveConnection() (account.Connection, error) {
	id, err := posta.ParseID[posta.ConnectionID](v.r.PathValue("connection"))
	if err != nil {
		return account.Connection{}, err
	}
	c, err := v.s.Accounts.Store.MerchantConnection(v.ctx(), v.Merchant.ID, id)
	if err == nil && c.Mode != posta.Live {
		err = &posta.Error{Code: posta.CodeNotFound}
	}
	return c, err
}

func swapAddress(c account.Connection) string { return "/connections/" + string(c.ID) + "/swap" }

func (s *server) swapPage(v *visit, back sent) error {
	c, err := v.liveConnection()
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	data := swapData{Sent: back, Connection: c, Running: c.Swap.Running(now), Decide: v.may(project.Decide), Until: now.AddDate(0, 0, 7).In(v.Zone).Format("2006-01-02T15:04")}
	d, err := s.Accounts.Provider(c.Provider)
	if err != nil {
		return err
	}
	views, err := s.Accounts.View(c)
	if err != nil {
		return err
	}
	form := connectionForm{ID: c.ID, Provider: d.Name, Title: d.Title, Wrong: back.Wrong}
	v.fill(&form, views, nil)
	labels := map[string]string{}
	for _, f := range append(form.Fields, form.More...) {
		if f.Secret || f.Name == "public_key" {
			data.Fields = append(data.Fields, f)
			labels[f.Name] = f.Label
		}
	}
	previous, err := s.Accounts.PreviousView(c)
	if err != nil {
		return err
	}
	for _, f := range data.Fields {
		if hint := previous[f.Name]; hint != "" {
			data.Previous = append(data.Previous, previousSecret{labels[f.Name], hint})
		}
	}
	return v.renderAs(back.answered(), "swap", data)
}

func (s *server) beginSwap(v *visit) error {
	c, err := v.liveConnection()
	if err != nil {
		return err
	}
	if err := v.readForm(); err != nil {
		return err
	}
	r := &reader{v: v}
	until := r.when("until")
	fields := map[string]string{}
	for name := range v.r.PostForm {
		if field, ok := strings.CutPrefix(name, "config."); ok && v.r.PostFormValue(name) != "" {
			fields[field] = v.r.PostFormValue(name)
		}
	}
	if err = r.wrong.Err(); err == nil {
		_, err = s.GoLive.BeginSwap(v.ctx(), v.actor(), c.ID, fields, until)
	}
	switch code := posta.ErrorCode(err); {
	case err == nil:
		v.flash("ok", v.T("swap.begun"), v.T("swap.begun.text"))
		return v.redirect(swapAddress(c))
	case code == posta.CodeNotFound || code == posta.CodeInternal:
		return err
	case code == posta.CodeForbidden && !v.may(project.Decide):
		return err
	}
	back := v.refused("swap", err)
	back.Values = url.Values{"until": {v.value("until")}} // secrets never go back into the page
	var e *posta.Error
	switch {
	case errors.As(err, &e) && e.Code == posta.CodeConflict:
		back.Why = v.T("swap.conflict")
	case v.words.Has("check." + string(posta.ErrorCode(err)) + ".text"):
		back.Why = v.T("check."+string(posta.ErrorCode(err))+".text", "account", c.Account)
	}
	return s.swapPage(v, back)
}

func (s *server) undoSwap(v *visit) error {
	return s.finishSwap(v, "undone", func(c account.Connection) error {
		_, err := s.GoLive.UndoSwap(v.ctx(), v.actor(), c.ID)
		return err
	})
}

func (s *server) endSwap(v *visit) error {
	return s.finishSwap(v, "ended", func(c account.Connection) error {
		_, err := s.GoLive.EndSwap(v.ctx(), v.actor(), c.ID)
		return err
	})
}

func (s *server) finishSwap(v *visit, kind string, do func(account.Connection) error) error {
	c, err := v.liveConnection()
	if err == nil {
		err = do(c)
	}
	if posta.ErrorCode(err) == posta.CodeState { // it ended meanwhile
		return v.redirect(swapAddress(c))
	}
	if err != nil {
		return err
	}
	v.flash("ok", v.T("event.golive.swap_"+kind), "")
	return v.redirect(swapAddress(c))
}
