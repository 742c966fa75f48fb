package web

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"posta"
	"posta/account"
	"posta/provider"
	"posta/till"
)

// terminalRoutes registers the pages of the card terminals.
func (s *server) terminalRoutes(mux *http.ServeMux) {
	mux.Handle("GET /terminals", s.member(s.terminalsPage))
	mux.Handle("GET /terminals/new", s.member(s.newTerminal))
	mux.Handle("POST /terminals/new", s.member(s.createTerminal))
	mux.Handle("GET /terminals/{terminal}", s.member(s.editTerminal))
	mux.Handle("POST /terminals/{terminal}", s.member(s.updateTerminal))
	mux.Handle("GET /terminals/{terminal}/remove", s.member(s.askRemoveTerminal))
	mux.Handle("POST /terminals/{terminal}/remove", s.member(s.removeTerminal))
	mux.Handle("GET /connections/{connection}/devices", s.member(s.devicesPage))
	mux.Handle("POST /connections/{connection}/devices", s.member(s.switchDevice))
}

// terminalRow is one terminal of the list.
type terminalRow struct {
	till.Terminal
	Store, Connection string
	Tills             []string // names of those that charge on it; none for all of the store
	Look, Words, Link string   // what is under way
}

// terminalList is what the page of the terminals shows.
type terminalList struct {
	Rows     []terminalRow
	Stores   bool // there is a store to add one to
	Devices  []account.Connection
	Offering []account.Connection // connections that charge on terminals
	Position int64
}

func (s *server) terminalsPage(v *visit) error {
	data := terminalList{Position: v.livePosition()}
	where, err := v.places()
	if err != nil {
		return err
	}
	connections, err := v.connections()
	if err != nil {
		return err
	}
	names := map[posta.ConnectionID]string{}
	for _, c := range connections {
		names[c.ID] = c.Name
		can, _ := v.can(c.ID, provider.RailTerminal)
		if can.Offered {
			data.Offering = append(data.Offering, c)
		}
		if can.Terminal.Devices {
			data.Devices = append(data.Devices, c)
		}
	}
	data.Stores = slices.ContainsFunc(where.Stores, func(st till.Store) bool { return st.RemovedAt.IsZero() })
	for _, t := range where.Terminals {
		if !t.RemovedAt.IsZero() {
			continue
		}
		row := terminalRow{Terminal: t, Store: where.Store(t.StoreID), Connection: names[t.ConnectionID]}
		for _, id := range t.Tills {
			row.Tills = append(row.Tills, where.Till(id))
		}
		use, err := s.Payments.Store.TerminalUse(v.ctx(), v.Merchant.ID, t.ID)
		if err != nil {
			return err
		}
		row.Look, row.Words = "paid", v.T("terminal.free")
		switch {
		case use.Settlement != "":
			row.Look, row.Words, row.Link = "pending", v.T("terminal.use.settlement"), "/settlements/"+string(use.Settlement)
		case use.Payment != "":
			row.Look, row.Words, row.Link = "pending", v.T("terminal.use.payment"), "/payments/"+string(use.Payment)
		case use.Refund != "":
			row.Look, row.Words = "pending", v.T("terminal.use.refund")
		}
		data.Rows = append(data.Rows, row)
	}
	slices.SortStableFunc(data.Rows, func(a, b terminalRow) int { return strings.Compare(a.Store+"\x00"+a.Name, b.Store+"\x00"+b.Name) })
	return v.render("terminals", data)
}

// terminalForm is the form of a terminal.
type terminalForm struct {
	ID          posta.TerminalID // "" for a new one
	Nonce       string
	Name, Code  string
	Store       string
	Connection  string
	Stores      []option
	Connections []option
	Tills       []option // those that may charge on it
	Wrong       map[string]string
	Problem     problem
	Taken       string // what the code is taken by
}

// terminalForm gathers what can be chosen; t may be empty.
func (v *visit) terminalForm(t till.Terminal) (terminalForm, error) {
	form := terminalForm{ID: t.ID, Name: t.Name, Code: t.Code, Store: string(t.StoreID), Connection: string(t.ConnectionID), Nonce: v.s.newNonce()}
	where, err := v.places()
	if err != nil {
		return form, err
	}
	for _, st := range where.Stores {
		if st.RemovedAt.IsZero() {
			form.Stores = append(form.Stores, option{Value: string(st.ID), Label: st.Name, Selected: st.ID == t.StoreID})
		}
	}
	for _, one := range where.Tills {
		if !one.RemovedAt.IsZero() || t.ID != "" && one.StoreID != t.StoreID {
			continue
		}
		label := one.Name
		if t.ID == "" && len(form.Stores) > 1 {
			label = where.Store(one.StoreID) + " · " + one.Name
		}
		form.Tills = append(form.Tills, option{string(one.ID), label, slices.Contains(t.Tills, one.ID)})
	}
	connections, err := v.connections()
	if err != nil {
		return form, err
	}
	for _, c := range connections {
		if can, open := v.can(c.ID, provider.RailTerminal); can.Offered || !open {
			form.Connections = append(form.Connections, option{string(c.ID), c.Name, c.ID == t.ConnectionID})
		}
	}
	return form, nil
}

func (s *server) newTerminal(v *visit) error {
	q := v.r.URL.Query()
	form, err := v.terminalForm(till.Terminal{ConnectionID: posta.ConnectionID(q.Get("connection")), Code: q.Get("code")})
	if err != nil {
		return err
	}
	if len(form.Connections) == 0 {
		v.flash("info", v.T("terminal.connect_first"), v.T("terminal.connect_first.text"))
		return v.redirect("/connections/new")
	}
	return v.render("terminal", form)
}

// readTerminal fills the form with what was sent.
func (v *visit) readTerminal(form *terminalForm) till.TerminalInput {
	get := v.r.PostFormValue
	form.Name = get("name")
	if form.ID == "" {
		form.Code, form.Store, form.Connection = get("code"), get("store_id"), get("connection_id")
	}
	if nonce := get("nonce"); nonce != "" {
		form.Nonce = nonce
	}
	for _, list := range []struct {
		of     []option
		chosen string
	}{{form.Stores, form.Store}, {form.Connections, form.Connection}} {
		for i := range list.of {
			list.of[i].Selected = list.of[i].Value == list.chosen
		}
	}
	in := till.TerminalInput{ID: form.ID, MerchantID: v.Merchant.ID, Mode: v.Mode, StoreID: posta.StoreID(form.Store),
		ConnectionID: posta.ConnectionID(form.Connection), Code: form.Code, Name: form.Name}
	for i := range form.Tills {
		one := &form.Tills[i]
		if one.Selected = slices.Contains(v.r.PostForm["tills"], one.Value); one.Selected {
			in.Tills = append(in.Tills, posta.TillID(one.Value))
		}
	}
	return in
}

func (s *server) createTerminal(v *visit) error {
	form, err := v.terminalForm(till.Terminal{})
	if err != nil {
		return err
	}
	in := v.readTerminal(&form)
	if in.ID, err = idFromNonce[posta.TerminalID](v); err != nil {
		return err
	}
	made, err := s.Tills.CreateTerminal(v.ctx(), in)
	if err != nil {
		return v.mendTerminal(form, err)
	}
	v.flash("ok", v.T("terminal.created", "name", made.Name), v.T("terminal.created.text"))
	return v.redirect("/terminals")
}

// mendTerminal shows the form again with what is wrong beside its fields.
func (v *visit) mendTerminal(form terminalForm, err error) error {
	var e *posta.Error
	if errors.As(err, &e) && e.Code == posta.CodeConflict {
		name := e.Params["terminal"]
		if where, err := v.places(); err == nil && name != "" {
			name = where.Terminals.Known(posta.TerminalID(name))
		}
		form.Wrong = map[string]string{"code": v.T("terminal.taken", "name", name)}
	} else if form.Wrong = v.fieldErrors(err); form.Wrong == nil {
		form.Problem = v.problem(err)
	}
	return v.renderAs(status(posta.ErrorCode(err)), "terminal", form)
}

func (v *visit) terminal() (till.Terminal, error) {
	id, err := posta.ParseID[posta.TerminalID](v.r.PathValue("terminal"))
	if err != nil {
		return till.Terminal{}, err
	}
	t, err := v.s.Tills.Terminal(v.ctx(), v.Merchant.ID, v.Mode, id)
	if err == nil && !t.RemovedAt.IsZero() {
		return till.Terminal{}, &posta.Error{Code: posta.CodeNotFound}
	}
	return t, err
}

func (s *server) editTerminal(v *visit) error {
	t, err := v.terminal()
	if err != nil {
		return err
	}
	form, err := v.terminalForm(t)
	if err != nil {
		return err
	}
	return v.render("terminal", form)
}

func (s *server) updateTerminal(v *visit) error {
	t, err := v.terminal()
	if err != nil {
		return err
	}
	form, err := v.terminalForm(t)
	if err != nil {
		return err
	}
	made, err := s.Tills.UpdateTerminal(v.ctx(), v.readTerminal(&form))
	if err != nil {
		return v.mendTerminal(form, err)
	}
	v.flash("ok", v.T("places.saved", "name", made.Name), "")
	return v.redirect("/terminals")
}

func (s *server) askRemoveTerminal(v *visit) error {
	t, err := v.terminal()
	if err != nil {
		return err
	}
	return v.ask(ask{Title: v.T("terminal.remove.title", "name", t.Name), Text: v.T("terminal.remove.text"),
		Action: "/terminals/" + string(t.ID) + "/remove", Button: v.T("stores.remove.button", "name", t.Name), Back: "/terminals"})
}

func (s *server) removeTerminal(v *visit) error {
	t, err := v.terminal()
	if err != nil {
		return err
	}
	_, err = s.Tills.RemoveTerminal(v.ctx(), v.Merchant.ID, v.Mode, t.ID)
	if posta.ErrorCode(err) == posta.CodeTerminalBusy {
		v.flash("error", v.T("terminal.remove.busy"), v.T("terminal.remove.busy.text"))
		return v.redirect("/terminals")
	}
	if err != nil {
		return err
	}
	v.flash("ok", v.T("places.removed", "name", t.Name), "")
	return v.redirect("/terminals")
}

// deviceList is what the page of a provider's terminals shows.
type deviceList struct {
	Connection account.Connection
	Title      string
	Rows       []deviceRow
}

// deviceRow is a terminal as the provider knows it.
type deviceRow struct {
	till.Device
	Name string // ours, "" if it is none of ours
}

func (s *server) devicesPage(v *visit) error {
	c, err := v.connection()
	if err != nil {
		return err
	}
	found, err := s.Tills.Devices(v.ctx(), v.Merchant.ID, v.Mode, c.ID)
	if err != nil {
		return err
	}
	where, err := v.places()
	if err != nil {
		return err
	}
	data := deviceList{Connection: c, Title: s.providerTitle(c.Provider)}
	for _, d := range found {
		row := deviceRow{Device: d}
		if d.Terminal != "" {
			row.Name = where.Terminals.Known(d.Terminal)
		}
		data.Rows = append(data.Rows, row)
	}
	return v.render("devices", data)
}

// switchDevice has a device take its charges from Posta, or work alone.
func (s *server) switchDevice(v *visit) error {
	c, err := v.connection()
	if err != nil {
		return err
	}
	device, integrated := v.r.PostFormValue("device"), v.r.PostFormValue("integrated") == "1"
	err = s.Tills.SetIntegrated(v.ctx(), v.Merchant.ID, v.Mode, c.ID, device, integrated)
	var e *posta.Error
	switch {
	case err == nil && integrated:
		v.flash("ok", v.T("terminal.integrated.done", "device", device), v.T("terminal.integrated.done.text"))
	case err == nil:
		v.flash("ok", v.T("terminal.alone.done", "device", device), "")
	case errors.As(err, &e) && e.Code == posta.CodeProviderRejected:
		v.flash("error", v.T("terminal.integrated.refused"), v.T("places.kept_here.reason", "message", e.Params["message"], "code", e.Params["code"]))
	default:
		return err
	}
	return v.redirect("/connections/" + string(c.ID) + "/devices")
}
