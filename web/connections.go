package web

import (
	"net/http"
	"strconv"
	"strings"

	"posta"
	"posta/account"
	"posta/payment"
	"posta/provider"
)

// connectionRoutes registers the pages of the connections to providers.
func (s *server) connectionRoutes(mux *http.ServeMux) {
	mux.Handle("GET /connections", s.member(s.connectionsPage))
	mux.Handle("GET /connections/new", s.member(s.newConnection))
	mux.Handle("POST /connections/new", s.member(s.createConnection))
	mux.Handle("GET /connections/{connection}", s.member(s.connectionPage))
	mux.Handle("POST /connections/{connection}", s.member(s.updateConnection))
	mux.Handle("POST /connections/{connection}/test", s.member(s.testConnection))
}

// connectionRow is one connection of the list.
type connectionRow struct {
	account.Connection
	Provider string // as people call it
	Land     string // of another country than the merchant's, in words
	Gate     string // of a live one: how far it may charge
	Look     string
}

// connectionsData is what the list shows: what is connected, and what can be.
type connectionsData struct {
	Rows     []connectionRow
	Gateways []option
}

func (s *server) connectionsPage(v *visit) error {
	list, err := v.connections()
	if err != nil {
		return err
	}
	var gates map[posta.ConnectionID]payment.GateState
	if v.Mode == posta.Live {
		if gates, err = s.GoLive.States(v.ctx(), v.Merchant.ID); err != nil {
			return err
		}
	}
	var data connectionsData
	for _, each := range s.Accounts.Providers {
		data.Gateways = append(data.Gateways, option{Value: each.Name, Label: each.Title})
	}
	for _, c := range list {
		row := connectionRow{Connection: c, Provider: s.providerTitle(c.Provider)}
		if c.Country != "" && c.Country != v.Merchant.Country {
			row.Land = v.country(c.Country)
		}
		if c.Mode == posta.Live {
			state := gates[c.ID]
			if state == "" {
				state = payment.GateClosed
			}
			row.Gate, row.Look = v.T("golive.state."+string(state)), gateLook[state]
		}
		data.Rows = append(data.Rows, row)
	}
	return v.render("connections", data)
}

// providerTitle is a provider's name as people know it.
func (s *server) providerTitle(name string) string {
	if d, err := s.Accounts.Provider(name); err == nil {
		return d.Title
	}
	return name
}

// connectionField is one field of the form, made from the provider's description.
type connectionField struct {
	account.FieldView
	Input, Label, Hint, Example, Wrong string
	Choices                            []choiceOf
}

// choiceOf is one thing that a field can be, with a sentence about it.
type choiceOf struct {
	Value, Label, Hint string
	Checked            bool
}

// connectionForm is the form of a connection.
type connectionForm struct {
	ID         posta.ConnectionID // "" for a new one
	Provider   string
	Title      string // of the provider
	Providers  []option
	Nonce      string
	Name       string
	Fields     []connectionField
	More       []connectionField // those that hardly anybody needs
	MoreWrong  bool
	RefundLate bool
	Wrong      map[string]string
	Problem    problem

	Connection account.Connection // as it is kept
	Countries  []option           // of an online account
	Granted    bool               // by OAuth
	CanGrant   bool               // Posta has an application at the provider
	Online     bool               // connected step by step
	Steps      []string           // how to find the keys, in words
	Hook       string             // the address to give to the provider
	Topics     []string
}

// plainFields are those without a secret that everybody meets; the others wait
// behind one press.
var plainFields = map[string]bool{"flow": true, "qr_mode": true, "public_key": true, "environment": true}

// fill makes the form's fields. typed are values that were sent and did not pass.
func (v *visit) fill(form *connectionForm, views []account.FieldView, typed map[string]string) {
	for _, view := range views {
		f := connectionField{FieldView: view, Input: "config." + view.Name, Wrong: form.Wrong["config."+view.Name]}
		key := "connection." + form.Provider + "." + view.Name // the provider's own words, else those of any
		if !v.words.Has(key) {
			key = "connection.field." + view.Name
		}
		if own := "connection." + form.Provider + "." + view.Name; v.words.Has(own) {
			key = own // the provider's own word for it
		}
		f.Label = strings.ReplaceAll(view.Name, "_", " ")
		if v.words.Has(key) {
			f.Label = v.T(key)
		}
		if v.words.Has(key + ".hint") {
			f.Hint = v.T(key + ".hint")
		}
		if v.words.Has(key + ".example") {
			f.Example = v.T(key + ".example")
		} else if !view.Secret {
			f.Example = view.Default
		}
		if value, sent := typed[view.Name]; sent {
			f.Value = value
		}
		for _, choice := range view.Options {
			one := choiceOf{Value: choice, Label: choice, Checked: choice == f.Value || f.Value == "" && choice == view.Default}
			if label := key + "." + choice; v.words.Has(label) {
				one.Label = v.T(label)
			}
			if hint := key + "." + choice + ".hint"; v.words.Has(hint) {
				one.Hint = v.T(hint)
			}
			f.Choices = append(f.Choices, one)
		}
		if view.Required || view.Secret || plainFields[view.Name] {
			form.Fields = append(form.Fields, f)
		} else {
			form.More, form.MoreWrong = append(form.More, f), form.MoreWrong || f.Wrong != ""
		}
	}
}

// blank are a description's fields before anything is stored.
func (s *server) blank(d provider.Description) []account.FieldView {
	views, err := s.Accounts.View(account.Connection{Provider: d.Name})
	if err == nil {
		return views
	}
	views = nil
	for _, f := range d.Fields {
		views = append(views, account.FieldView{Field: f})
	}
	return views
}

func (s *server) newForm(v *visit) (connectionForm, provider.Description, error) {
	name := v.r.FormValue("provider")
	if name == "" && len(s.Accounts.Providers) > 0 {
		name = s.Accounts.Providers[0].Name
	}
	d, err := s.Accounts.Provider(name)
	form := connectionForm{Provider: d.Name, Title: d.Title, Name: d.Title, Nonce: s.newNonce()}
	for i := 1; v.words.Has("connections.step." + d.Name + "." + strconv.Itoa(i)); i++ {
		form.Steps = append(form.Steps, v.T("connections.step."+d.Name+"."+strconv.Itoa(i)))
	}
	for _, each := range s.Accounts.Providers {
		form.Providers = append(form.Providers, option{each.Name, each.Title, each.Name == d.Name})
	}
	return form, d, err
}

func (s *server) newConnection(v *visit) error {
	form, d, err := s.newForm(v)
	if err != nil {
		return err
	}
	if online(d) {
		return s.connectPage(v, form, d, nil, http.StatusOK)
	}
	v.fill(&form, s.blank(d), nil)
	return v.render("connection", form)
}

// readConnection reads what was sent. Secrets never go back into the page.
func (v *visit) readConnection(form *connectionForm, fields []provider.Field) (in account.ConnectionInput, shown map[string]string) {
	form.Name, form.RefundLate = v.r.PostFormValue("name"), v.r.PostFormValue("refund_late") != ""
	in = account.ConnectionInput{MerchantID: v.Merchant.ID, Mode: v.Mode, Provider: form.Provider, Name: form.Name,
		RefundLate: form.RefundLate, Fields: map[string]string{}}
	shown = map[string]string{}
	for _, f := range fields {
		if !v.r.PostForm.Has("config." + f.Name) {
			continue
		}
		in.Fields[f.Name] = v.r.PostFormValue("config." + f.Name)
		if !f.Secret {
			shown[f.Name] = in.Fields[f.Name]
		}
	}
	return in, shown
}

func (s *server) createConnection(v *visit) error {
	form, d, err := s.newForm(v)
	if err != nil {
		return err
	}
	if online(d) {
		return s.connect(v, form, d)
	}
	in, shown := v.readConnection(&form, d.Fields)
	if in.ID, err = idFromNonce[posta.ConnectionID](v); err != nil {
		return err
	}
	form.Nonce = v.r.PostFormValue("nonce")
	c, err := s.Accounts.CreateConnection(v.ctx(), in)
	if err != nil {
		return v.mendConnection(form, s.blank(d), shown, err)
	}
	s.flashCheck(v, c.ID)
	return v.redirect("/connections/" + string(c.ID))
}

// mendConnection shows the form again with what is wrong beside its fields.
func (v *visit) mendConnection(form connectionForm, views []account.FieldView, shown map[string]string, err error) error {
	if form.Wrong = v.fieldErrors(err); form.Wrong == nil {
		form.Problem = v.problem(err)
	}
	v.fill(&form, views, shown)
	return v.renderAs(status(posta.ErrorCode(err)), "connection", form)
}

func (v *visit) connection() (account.Connection, error) {
	id, err := posta.ParseID[posta.ConnectionID](v.r.PathValue("connection"))
	if err != nil {
		return account.Connection{}, err
	}
	c, err := v.s.Accounts.Store.MerchantConnection(v.ctx(), v.Merchant.ID, id)
	if err == nil && c.Mode != v.Mode {
		return account.Connection{}, &posta.Error{Code: posta.CodeNotFound}
	}
	return c, err
}

// keptForm is the form of a connection as it is kept.
func (s *server) keptForm(v *visit) (connectionForm, provider.Description, []account.FieldView, error) {
	c, err := v.connection()
	if err != nil {
		return connectionForm{}, provider.Description{}, nil, err
	}
	d, err := s.Accounts.Provider(c.Provider)
	if err != nil {
		return connectionForm{}, d, nil, err
	}
	views, err := s.Accounts.View(c)
	form := connectionForm{ID: c.ID, Provider: c.Provider, Title: d.Title, Name: c.Name, RefundLate: c.RefundLate, Connection: c,
		Hook: s.PublicURL() + "/hooks/" + string(c.ID)}
	if d.Topics != nil {
		form.Topics = d.Topics(c.Config)
	}
	if form.Online = online(d); form.Online {
		country := c.Country
		if country == "" {
			country = v.Merchant.Country
		}
		form.Countries, form.Granted = v.countryOptions(country), !c.Grant.ExpiresAt.IsZero()
		_, form.CanGrant = s.Accounts.Apps[d.Name]
	}
	return form, d, views, err
}

func (s *server) connectionPage(v *visit) error {
	form, _, views, err := s.keptForm(v)
	if err != nil {
		return err
	}
	v.fill(&form, views, nil)
	return v.render("connection", form)
}

func (s *server) updateConnection(v *visit) error {
	form, d, views, err := s.keptForm(v)
	if err != nil {
		return err
	}
	in, shown := v.readConnection(&form, d.Fields)
	in.ID, in.Country = form.ID, v.r.PostFormValue("country")
	if form.Online && credentialsTyped(in, form.Connection, d.Fields) {
		c, who, err := s.Accounts.Reconnect(v.ctx(), in)
		if err != nil && posta.ErrorCode(err) != posta.CodeInternal {
			form.Wrong, form.Problem = v.refusedKeys(err, who, in)
			v.fill(&form, views, shown)
			return v.renderAs(refusedStatus(err), "connection", form)
		}
		if err != nil {
			return err
		}
		s.connected(v, c, who)
		return v.redirect("/connections/" + string(c.ID))
	}
	c, err := s.Accounts.UpdateConnection(v.ctx(), in)
	if err != nil {
		return v.mendConnection(form, views, shown, err)
	}
	if c.CheckedAt.IsZero() {
		s.flashCheck(v, c.ID)
	} else {
		v.flash("ok", v.T("places.saved", "name", c.Name), "")
	}
	return v.redirect("/connections/" + string(c.ID))
}

func (s *server) testConnection(v *visit) error {
	c, err := v.connection()
	if err != nil {
		return err
	}
	s.flashCheck(v, c.ID)
	return v.redirect("/connections/" + string(c.ID))
}

// flashCheck asks the provider who the credentials belong to and says it in words.
func (s *server) flashCheck(v *visit, id posta.ConnectionID) {
	who, err := s.Accounts.Check(v.ctx(), v.Merchant.ID, id)
	name := who.Nickname
	if name == "" {
		name = who.ID
	}
	switch code := posta.ErrorCode(err); code {
	case "":
		v.flash("ok", v.T("check.ok", "account", name), v.T("check.ok.text", "id", who.ID, "country", v.country(who.Country)))
	case posta.CodeUnauthorized, posta.CodeForbidden, posta.CodeModeMismatch, posta.CodeConflict, posta.CodeProviderUnavailable:
		v.flash("error", v.T("check."+string(code)), v.T("check."+string(code)+".text", "account", name))
	case posta.CodeInvalid:
		wrong, _ := v.refusedKeys(err, who, account.ConnectionInput{})
		for _, words := range wrong {
			v.flash("error", v.T("check.invalid"), words)
			break
		}
	default:
		p := v.problem(err)
		v.flash("error", v.T("error."+string(p.Code)+".title"), v.T("error."+string(p.Code)+".help")+" "+p.Support)
	}
}

// country names a country in the reader's language.
func (v *visit) country(code string) string {
	if key := "country." + code; v.words.Has(key) {
		return v.T(key)
	}
	return code
}
