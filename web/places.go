package web

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"posta"
	"posta/account"
	"posta/till"
)

// placeRoutes registers the pages of the stores and their tills.
func (s *server) placeRoutes(mux *http.ServeMux) {
	mux.Handle("GET /stores", s.member(s.storesPage))
	mux.Handle("GET /stores/new", s.member(s.newStore))
	mux.Handle("POST /stores/new", s.member(s.createStore))
	mux.Handle("GET /stores/{store}", s.member(s.editStore))
	mux.Handle("POST /stores/{store}", s.member(s.updateStore))
	mux.Handle("POST /stores/{store}/provision", s.member(s.provisionStore))
	mux.Handle("GET /stores/{store}/remove", s.member(s.askRemoveStore))
	mux.Handle("POST /stores/{store}/remove", s.member(s.removeStore))
	mux.Handle("GET /stores/{store}/tills/new", s.member(s.newTill))
	mux.Handle("POST /stores/{store}/tills/new", s.member(s.createTill))
	mux.Handle("GET /tills/{till}", s.member(s.editTill))
	mux.Handle("POST /tills/{till}", s.member(s.updateTill))
	mux.Handle("POST /tills/{till}/provision", s.member(s.provisionTill))
	mux.Handle("GET /tills/{till}/remove", s.member(s.askRemoveTill))
	mux.Handle("POST /tills/{till}/remove", s.member(s.removeTill))
}

// storeBranch is a store with its tills, as the tree shows them.
type storeBranch struct {
	till.Store
	Connection string
	Tills      []till.Till
}

// placeTree is what the page of stores and tills shows.
type placeTree struct {
	Stores      []storeBranch
	Connections []account.Connection
}

func (s *server) storesPage(v *visit) error {
	stores, err := s.Tills.Stores(v.ctx(), v.Merchant.ID, v.Mode)
	if err != nil {
		return err
	}
	tills, err := s.Tills.Tills(v.ctx(), v.Merchant.ID, v.Mode)
	if err != nil {
		return err
	}
	names, err := v.connectionNames()
	if err != nil {
		return err
	}
	var data placeTree
	if data.Connections, err = v.connections(); err != nil {
		return err
	}
	for _, st := range stores {
		branch := storeBranch{Store: st, Connection: names[st.ConnectionID]}
		for _, t := range tills {
			if t.StoreID == st.ID {
				branch.Tills = append(branch.Tills, t)
			}
		}
		data.Stores = append(data.Stores, branch)
	}
	return v.render("stores", data)
}

// storeForm is the form of a store.
type storeForm struct {
	ID          posta.StoreID // "" for a new one
	Nonce       string
	Name        string
	CloseAt     string // hour of the scheduled batch close, "" for none
	Closes      bool   // it has terminals, so that there is something to close
	Connection  string
	Connections []option
	Address     till.Address
	Example     till.Address // of the merchant's country
	Wrong       map[string]string
	Problem     problem
}

// exampleAddresses show what an address looks like in each country: the
// provider takes its own spelling of city and state only.
var exampleAddresses = map[string]till.Address{
	"AR": {Street: "Av. Corrientes", Number: "1234", City: "Palermo", State: "Capital Federal", Latitude: "-34.6037", Longitude: "-58.3816"},
	"BR": {Street: "Avenida Paulista", Number: "1000", City: "São Paulo", State: "São Paulo", Latitude: "-23.5614", Longitude: "-46.6559"},
	"CL": {Street: "Avenida Providencia", Number: "1234", City: "Providencia", State: "RM (Metropolitana)", Latitude: "-33.4263", Longitude: "-70.6200"},
	"CO": {Street: "Carrera 7", Number: "7132", City: "Chapinero", State: "Bogotá D.C.", Latitude: "4.6533", Longitude: "-74.0836"},
	"MX": {Street: "Avenida Juárez", Number: "50", City: "Cuauhtémoc", State: "Distrito Federal", Latitude: "19.4352", Longitude: "-99.1460"},
	"PE": {Street: "Avenida Larco", Number: "345", City: "Miraflores", State: "Lima", Latitude: "-12.1211", Longitude: "-77.0297"},
	"UY": {Street: "Avenida 18 de Julio", Number: "1234", City: "Centro", State: "Montevideo", Latitude: "-34.9058", Longitude: "-56.1913"},
}

func (v *visit) storeForm() (storeForm, error) {
	form := storeForm{Nonce: v.s.newNonce(), Example: exampleAddresses[v.Merchant.Country]}
	connections, err := v.connections()
	for _, c := range connections {
		form.Connections = append(form.Connections, option{Value: string(c.ID), Label: c.Name})
	}
	return form, err
}

func (s *server) newStore(v *visit) error {
	form, err := v.storeForm()
	if err != nil {
		return err
	}
	if len(form.Connections) == 0 {
		v.flash("info", v.T("stores.connect_first"), v.T("stores.connect_first.text"))
		return v.redirect("/connections/new")
	}
	form.Connection = form.Connections[0].Value
	return v.render("store", form)
}

// readStore fills the form with what was sent.
func (v *visit) readStore(form *storeForm) till.StoreInput {
	get := v.r.PostFormValue
	form.Name, form.Connection, form.CloseAt = get("name"), get("connection_id"), get("close_at")
	form.Address = till.Address{Street: get("street"), Number: get("number"), City: get("city"), State: get("state"),
		Latitude: get("latitude"), Longitude: get("longitude"), Reference: get("reference")}
	if nonce := get("nonce"); nonce != "" {
		form.Nonce = nonce
	}
	return till.StoreInput{ID: form.ID, MerchantID: v.Merchant.ID, Mode: v.Mode, ConnectionID: posta.ConnectionID(form.Connection), Name: form.Name, Address: form.Address, CloseAt: form.CloseAt}
}

// closesBatches reports whether the store has terminals in use.
func (v *visit) closesBatches(id posta.StoreID) (bool, error) {
	terminals, err := v.s.Tills.Terminals(v.ctx(), v.Merchant.ID, v.Mode)
	return slices.ContainsFunc(terminals, func(t till.Terminal) bool { return t.StoreID == id }), err
}

func (s *server) createStore(v *visit) error {
	form, err := v.storeForm()
	if err != nil {
		return err
	}
	in := v.readStore(&form)
	if in.ID, err = idFromNonce[posta.StoreID](v); err != nil {
		return err
	}
	made, err := s.Tills.CreateStore(v.ctx(), in)
	if err != nil && made.ID == "" {
		return v.mendStore(form, err)
	}
	v.flashProvision(err, v.T("stores.created", "name", made.Name), v.T("stores.created.text"))
	return v.redirect("/stores")
}

// mendStore shows the form again with what is wrong beside its fields.
func (v *visit) mendStore(form storeForm, err error) error {
	if form.Wrong = v.fieldErrors(err); form.Wrong == nil {
		form.Problem = v.problem(err)
	}
	return v.renderAs(status(posta.ErrorCode(err)), "store", form)
}

// flashProvision says what was done; with an error, that it is kept here but
// the provider does not have it.
func (v *visit) flashProvision(err error, title, words string) {
	if err == nil {
		v.flash("ok", title, words)
		return
	}
	p := v.problem(err)
	say := []string{v.T("error."+string(p.Code)+".title") + "."}
	var refusal *posta.Error
	if errors.As(err, &refusal) && refusal.Params["message"] != "" { // which field, and often what it may be
		say = append(say, v.T("places.kept_here.reason", "message", refusal.Params["message"], "code", refusal.Params["code"]))
	}
	say = append(say, v.T("places.kept_here.text", "button", v.T("common.retry")))
	v.flash("warn", v.T("places.kept_here"), strings.Join(say, " "))
}

func (v *visit) store() (till.Store, error) {
	id, err := posta.ParseID[posta.StoreID](v.r.PathValue("store"))
	if err != nil {
		return till.Store{}, err
	}
	st, err := v.s.Tills.Store(v.ctx(), v.Merchant.ID, v.Mode, id)
	if err == nil && !st.RemovedAt.IsZero() {
		return till.Store{}, &posta.Error{Code: posta.CodeNotFound}
	}
	return st, err
}

func (s *server) editStore(v *visit) error {
	st, err := v.store()
	if err != nil {
		return err
	}
	form, err := v.storeForm()
	form.ID, form.Name, form.Connection, form.Address, form.CloseAt = st.ID, st.Name, string(st.ConnectionID), st.Address, st.CloseAt
	if err != nil {
		return err
	}
	if form.Closes, err = v.closesBatches(st.ID); err != nil {
		return err
	}
	return v.render("store", form)
}

func (s *server) updateStore(v *visit) error {
	st, err := v.store()
	if err != nil {
		return err
	}
	form, err := v.storeForm()
	if err != nil {
		return err
	}
	form.ID = st.ID
	if form.Closes, err = v.closesBatches(st.ID); err != nil {
		return err
	}
	in := v.readStore(&form)
	if !v.r.PostForm.Has("close_at") { // a form that does not ask for it does not change it
		in.CloseAt = st.CloseAt
	}
	in.ConnectionID = st.ConnectionID
	form.Connection = string(st.ConnectionID)
	made, err := s.Tills.UpdateStore(v.ctx(), in)
	if err != nil && (made.ID == "" || posta.ErrorCode(err) == posta.CodeInvalid) {
		return v.mendStore(form, err)
	}
	v.flashProvision(err, v.T("places.saved", "name", made.Name), "")
	return v.redirect("/stores")
}

func (s *server) provisionStore(v *visit) error {
	st, err := v.store()
	if err != nil {
		return err
	}
	_, err = s.Tills.ProvisionStore(v.ctx(), v.Merchant.ID, v.Mode, st.ID)
	v.flashProvision(err, v.T("places.provisioned", "name", st.Name), "")
	return v.redirect("/stores")
}

func (s *server) askRemoveStore(v *visit) error {
	st, err := v.store()
	if err != nil {
		return err
	}
	return v.ask(ask{Title: v.T("stores.remove.title", "name", st.Name), Text: v.T("stores.remove.text"),
		Action: "/stores/" + string(st.ID) + "/remove", Button: v.T("stores.remove.button", "name", st.Name), Back: "/stores"})
}

func (s *server) removeStore(v *visit) error {
	st, err := v.store()
	if err != nil {
		return err
	}
	removed, err := s.Tills.RemoveStore(v.ctx(), v.Merchant.ID, v.Mode, st.ID)
	var used *posta.Error
	if errors.As(err, &used) && used.Code == posta.CodeStoreInUse && used.Params["tills"] == "0" {
		v.flash("error", v.T("terminal.store_has"), v.T("terminal.store_has.text"))
		return v.redirect("/stores")
	}
	if posta.ErrorCode(err) == posta.CodeStoreInUse {
		v.flash("error", v.T("stores.has_tills"), v.T("stores.has_tills.text"))
		return v.redirect("/stores")
	}
	if err != nil && removed.RemovedAt.IsZero() {
		return err
	}
	v.flashRemoved(err, st.Name)
	return v.redirect("/stores")
}

// flashRemoved says that something is out of use here; with an error, that the
// provider still has it.
func (v *visit) flashRemoved(err error, name string) {
	if err == nil {
		v.flash("ok", v.T("places.removed", "name", name), "")
		return
	}
	p := v.problem(err)
	v.flash("warn", v.T("places.removed", "name", name), v.T("error."+string(p.Code)+".title")+". "+v.T("places.removed_here"))
}
