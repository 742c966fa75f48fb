package web

import (
	"posta"
	"posta/till"
)

// tillForm is the form of a till.
type tillForm struct {
	ID      posta.TillID // "" for a new one
	Store   till.Store
	Nonce   string
	Name    string
	Till    till.Till // as it is kept
	Wrong   map[string]string
	Problem problem
}

func (s *server) newTill(v *visit) error {
	st, err := v.store()
	if err != nil {
		return err
	}
	return v.render("till-form", tillForm{Store: st, Nonce: s.newNonce()})
}

func (s *server) createTill(v *visit) error {
	st, err := v.store()
	if err != nil {
		return err
	}
	id, err := idFromNonce[posta.TillID](v)
	if err != nil {
		return err
	}
	form := tillForm{Store: st, Nonce: v.r.PostFormValue("nonce"), Name: v.r.PostFormValue("name")}
	made, err := s.Tills.CreateTill(v.ctx(), till.Input{ID: id, MerchantID: v.Merchant.ID, Mode: v.Mode, StoreID: st.ID, Name: form.Name})
	if err != nil && made.ID == "" {
		return v.mendTill(form, err)
	}
	v.flashProvision(err, v.T("tills.created", "name", made.Name), v.T("tills.created.text"))
	return v.redirect("/stores")
}

// mendTill shows the form again with what is wrong beside its field.
func (v *visit) mendTill(form tillForm, err error) error {
	if form.Wrong = v.fieldErrors(err); form.Wrong == nil {
		form.Problem = v.problem(err)
	}
	return v.renderAs(status(posta.ErrorCode(err)), "till-form", form)
}

// placedTill is the till in use that the address names, with its store.
func (v *visit) placedTill() (counter, error) {
	c, err := v.counter()
	if err == nil && !c.Till.RemovedAt.IsZero() {
		return counter{}, &posta.Error{Code: posta.CodeNotFound}
	}
	return c, err
}

func (s *server) editTill(v *visit) error {
	c, err := v.placedTill()
	if err != nil {
		return err
	}
	return v.render("till-form", tillForm{ID: c.Till.ID, Store: c.Store, Name: c.Till.Name, Till: c.Till})
}

func (s *server) updateTill(v *visit) error {
	c, err := v.placedTill()
	if err != nil {
		return err
	}
	form := tillForm{ID: c.Till.ID, Store: c.Store, Name: v.r.PostFormValue("name"), Till: c.Till}
	made, err := s.Tills.UpdateTill(v.ctx(), till.Input{ID: c.Till.ID, MerchantID: v.Merchant.ID, Mode: v.Mode, StoreID: c.Store.ID, Name: form.Name})
	if err != nil && (made.ID == "" || posta.ErrorCode(err) == posta.CodeInvalid) {
		return v.mendTill(form, err)
	}
	v.flashProvision(err, v.T("places.saved", "name", made.Name), "")
	return v.redirect("/stores")
}

func (s *server) provisionTill(v *visit) error {
	c, err := v.placedTill()
	if err != nil {
		return err
	}
	_, err = s.Tills.ProvisionTill(v.ctx(), v.Merchant.ID, v.Mode, c.Till.ID)
	v.flashProvision(err, v.T("places.provisioned", "name", c.Till.Name), "")
	return v.redirect("/stores")
}

func (s *server) askRemoveTill(v *visit) error {
	c, err := v.placedTill()
	if err != nil {
		return err
	}
	return v.ask(ask{Title: v.T("tills.remove.title", "name", c.Till.Name, "store", c.Store.Name), Text: v.T("tills.remove.text"),
		Action: "/tills/" + string(c.Till.ID) + "/remove", Button: v.T("stores.remove.button", "name", c.Till.Name), Back: "/stores"})
}

func (s *server) removeTill(v *visit) error {
	c, err := v.placedTill()
	if err != nil {
		return err
	}
	removed, err := s.Tills.RemoveTill(v.ctx(), v.Merchant.ID, v.Mode, c.Till.ID)
	if posta.ErrorCode(err) == posta.CodeTillBusy {
		v.flash("error", v.T("tills.busy"), v.T("tills.busy.text"))
		return v.redirect("/stores")
	}
	if err != nil && removed.RemovedAt.IsZero() {
		return err
	}
	v.flashRemoved(err, c.Till.Name)
	return v.redirect("/stores")
}
