package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"posta"
	"posta/webhook"
)

// endpointRoutes registers the pages of the addresses that events are sent to.
func (s *server) endpointRoutes(mux *http.ServeMux) {
	mux.Handle("GET /endpoints", s.member(s.endpointsPage))
	mux.Handle("GET /endpoints/new", s.member(s.newEndpoint))
	mux.Handle("POST /endpoints/new", s.member(s.createEndpoint))
	mux.Handle("GET /endpoints/{endpoint}", s.member(s.endpointPage))
	mux.Handle("POST /endpoints/{endpoint}", s.member(s.updateEndpoint))
	mux.Handle("POST /endpoints/{endpoint}/test", s.member(s.testEndpoint))
	mux.Handle("POST /endpoints/{endpoint}/switch", s.member(s.switchEndpoint))
	mux.Handle("GET /endpoints/{endpoint}/remove", s.member(s.askRemoveEndpoint))
	mux.Handle("POST /endpoints/{endpoint}/remove", s.member(s.removeEndpoint))
	mux.Handle("GET /deliveries/{delivery}", s.member(s.deliveryPage))
	mux.Handle("POST /deliveries/{delivery}/send", s.member(s.sendDelivery))
}

var endpointLook = map[webhook.EndpointState]string{webhook.Enabled: "paid", webhook.Disabled: "canceled"}

var deliveryLook = map[webhook.DeliveryState]string{webhook.Pending: "pending", webhook.Delivered: "paid", webhook.Dead: "rejected"}

// endpointRow is one endpoint of the list.
type endpointRow struct {
	webhook.Endpoint
	Shown string
	Last  *webhook.Delivery // nil before the first
	Look  string            // of Last
}

// endpointList is what the list of endpoints shows.
type endpointList struct {
	Rows   []endpointRow
	Manage bool
}

func (s *server) endpointsPage(v *visit) error {
	all, err := s.Webhooks.List(v.ctx(), v.Merchant.ID, v.Mode)
	if err != nil {
		return err
	}
	data := endpointList{Manage: webhook.Manages(v.User.Role)}
	for _, e := range all {
		row := endpointRow{Endpoint: e, Shown: endpointLook[e.State]}
		last, err := s.Webhooks.Deliveries(v.ctx(), webhook.DeliveryFilter{MerchantID: e.MerchantID, Mode: e.Mode, EndpointID: e.ID, Page: posta.Page{Limit: 1}})
		if err != nil {
			return err
		}
		if len(last) > 0 {
			row.Last, row.Look = &last[0], deliveryLook[last[0].State]
		}
		data.Rows = append(data.Rows, row)
	}
	return v.render("endpoints", data)
}

// endpointFamily is a kind of event with a box for all of it, and one for each type.
type endpointFamily struct {
	Name  string
	Whole choiceOf
	Types []choiceOf
	Open  bool // some of its types are chosen one by one
}

// endpointData is what the page of one endpoint shows, or of a new one.
type endpointData struct {
	ID          posta.EndpointID // "" for a new one
	Endpoint    webhook.Endpoint
	Shown       string
	Nonce       string
	URL         string
	Description string
	All         bool
	Families    []endpointFamily
	Others      []choiceOf // chosen by other means
	Wrong       map[string]string
	Problem     problem
	Manage      bool
	Hint        string // key of the words about addresses
	Secret      string // of one just made, shown this once
	Again       bool   // it was made before: its secret is shown no more
	Counts      webhook.Counts
	States      []option
	State       string
	Deliveries  []deliveryRow
	Next, First string
}

// deliveryRow is one delivery as pages show it.
type deliveryRow struct {
	webhook.Delivery
	Shown string
	Words string // what it tells of
}

func (v *visit) deliveryRow(d webhook.Delivery) deliveryRow {
	words := d.Type
	if key := "event." + d.Type; v.words.Has(key) {
		words = v.T(key)
	}
	return deliveryRow{Delivery: d, Shown: deliveryLook[d.State], Words: words}
}

// choose fills in what can be ticked.
func (d *endpointData) choose(v *visit, chosen []string) {
	offered := []string{"*"}
	d.All = slices.Contains(chosen, "*")
	for _, f := range webhook.Families {
		whole := f.Name + ".*"
		family := endpointFamily{Name: f.Name, Whole: choiceOf{Value: whole, Label: v.T("endpoint.family." + f.Name), Hint: whole, Checked: slices.Contains(chosen, whole)}}
		offered = append(offered, whole)
		for _, t := range f.Types {
			family.Types = append(family.Types, choiceOf{Value: t, Label: v.T("event." + t), Hint: t, Checked: slices.Contains(chosen, t)})
			family.Open = family.Open || slices.Contains(chosen, t)
			offered = append(offered, t)
		}
		d.Families = append(d.Families, family)
	}
	for _, pattern := range chosen {
		if !slices.Contains(offered, pattern) {
			d.Others = append(d.Others, choiceOf{Value: pattern, Label: pattern, Checked: true})
		}
	}
}

// endpointHint is the key of the words about which addresses are taken.
func (s *server) endpointHint() string {
	if len(s.Webhooks.Networks) > 0 {
		return "endpoint.url.hint.http"
	}
	return "endpoint.url.hint"
}

// mayManage refuses whoever may only look.
func (v *visit) mayManage() error {
	if !webhook.Manages(v.User.Role) {
		return &posta.Error{Code: posta.CodeForbidden}
	}
	return nil
}

func (s *server) newEndpoint(v *visit) error {
	if err := v.mayManage(); err != nil {
		return err
	}
	data := endpointData{Nonce: s.newNonce(), Manage: true, Hint: s.endpointHint()}
	data.choose(v, []string{"payment.*", "refund.*"})
	return v.render("endpoint-new", data)
}

// createEndpoint answers with the page itself and not with a redirect: the
// secret is told once.
func (s *server) createEndpoint(v *visit) error {
	if err := v.mayManage(); err != nil {
		return err
	}
	id, err := idFromNonce[posta.EndpointID](v)
	if err != nil {
		return err
	}
	in := webhook.Input{ID: id, MerchantID: v.Merchant.ID, Mode: v.Mode, URL: v.r.PostFormValue("url"), Description: v.r.PostFormValue("description"),
		Events: v.r.PostForm["events"], By: v.by()}
	e, secret, err := s.Webhooks.Create(v.ctx(), in)
	if err != nil {
		data := endpointData{Nonce: v.r.PostFormValue("nonce"), Manage: true, Hint: s.endpointHint(), URL: in.URL, Description: in.Description}
		return v.mendEndpoint("endpoint-new", data, in.Events, err)
	}
	data, err := s.endpointData(v, e)
	if err != nil {
		return err
	}
	data.Secret, data.Again = secret, secret == ""
	return v.render("endpoint", data)
}

// mendEndpoint shows the form again with what is wrong beside its fields.
func (v *visit) mendEndpoint(page string, data endpointData, chosen []string, err error) error {
	if data.Wrong = v.fieldErrors(err); data.Wrong == nil {
		data.Problem = v.problem(err)
	}
	data.All, data.Families, data.Others = false, nil, nil
	data.choose(v, chosen)
	return v.renderAs(status(posta.ErrorCode(err)), page, data)
}

func (v *visit) endpoint() (webhook.Endpoint, error) {
	id, err := posta.ParseID[posta.EndpointID](v.r.PathValue("endpoint"))
	if err != nil {
		return webhook.Endpoint{}, err
	}
	return v.s.Webhooks.Get(v.ctx(), v.Merchant.ID, v.Mode, id)
}

func (s *server) endpointData(v *visit, e webhook.Endpoint) (endpointData, error) {
	query := v.r.URL.Query()
	data := endpointData{ID: e.ID, Endpoint: e, Shown: endpointLook[e.State], Nonce: s.newNonce(), URL: e.URL, Description: e.Description,
		Manage: webhook.Manages(v.User.Role), Hint: s.endpointHint(), State: query.Get("state")}
	data.choose(v, e.Events)
	chosen := func() url.Values {
		if data.State == "" {
			return url.Values{}
		}
		return url.Values{"state": {data.State}}
	}
	filter := webhook.DeliveryFilter{MerchantID: e.MerchantID, Mode: e.Mode, EndpointID: e.ID, State: webhook.DeliveryState(data.State), Page: posta.Page{Limit: 25}}
	if id, err := posta.ParseID[posta.DeliveryID](query.Get("after")); err == nil {
		filter.After = string(id)
		data.First = address("/endpoints/"+string(e.ID), chosen())
	}
	list, err := s.Webhooks.Deliveries(v.ctx(), filter)
	if err != nil {
		return data, err
	}
	for _, d := range list {
		data.Deliveries = append(data.Deliveries, v.deliveryRow(d))
	}
	if len(list) == filter.Size() {
		data.Next = address("/endpoints/"+string(e.ID), chosen(), "after", string(list[len(list)-1].ID))
	}
	for _, state := range []webhook.DeliveryState{webhook.Pending, webhook.Delivered, webhook.Dead} {
		data.States = append(data.States, option{string(state), v.T("endpoint.delivery." + string(state)), data.State == string(state)})
	}
	data.Counts, err = s.Webhooks.Store.CountDeliveries(v.ctx(), e.MerchantID, e.ID)
	return data, err
}

func (s *server) endpointPage(v *visit) error {
	e, err := v.endpoint()
	if err != nil {
		return err
	}
	data, err := s.endpointData(v, e)
	if err != nil {
		return err
	}
	return v.render("endpoint", data)
}

func (s *server) updateEndpoint(v *visit) error {
	e, err := v.endpoint()
	if err == nil {
		err = v.mayManage()
	}
	if err != nil {
		return err
	}
	to, description := v.r.PostFormValue("url"), v.r.PostFormValue("description")
	events := append([]string{}, v.r.PostForm["events"]...)
	_, err = s.Webhooks.Update(v.ctx(), e.MerchantID, e.Mode, e.ID, webhook.Change{URL: &to, Description: &description, Events: &events, By: v.by()})
	if err != nil {
		data, dataErr := s.endpointData(v, e)
		if dataErr != nil {
			return dataErr
		}
		data.URL, data.Description = to, description
		return v.mendEndpoint("endpoint", data, events, err)
	}
	v.flash("ok", v.T("settings.saved"), "")
	return v.redirect("/endpoints/" + string(e.ID))
}

func (s *server) testEndpoint(v *visit) error {
	e, err := v.endpoint()
	if err == nil {
		err = v.mayManage()
	}
	if err != nil {
		return err
	}
	id, err := idFromNonce[posta.DeliveryID](v)
	if err != nil {
		return err
	}
	d, err := s.Webhooks.Test(v.ctx(), e.MerchantID, e.Mode, e.ID, id)
	if err != nil {
		return err
	}
	v.flash("ok", v.T("endpoint.test.sent"), v.T("endpoint.sent.text"))
	return v.redirect("/deliveries/" + string(d.ID))
}

func (s *server) switchEndpoint(v *visit) error {
	e, err := v.endpoint()
	if err == nil {
		err = v.mayManage()
	}
	if err != nil {
		return err
	}
	on, err := strconv.ParseBool(v.r.PostFormValue("on"))
	if err != nil {
		return posta.Invalid("on", "boolean")
	}
	if _, err := s.Webhooks.Update(v.ctx(), e.MerchantID, e.Mode, e.ID, webhook.Change{Enabled: &on, By: v.by()}); err != nil {
		return err
	}
	if on {
		v.flash("ok", v.T("endpoint.enabled.done"), v.T("endpoint.enabled.done.text"))
	} else {
		v.flash("ok", v.T("endpoint.disabled.done"), v.T("endpoint.disabled.done.text"))
	}
	return v.redirect("/endpoints/" + string(e.ID))
}

func (s *server) askRemoveEndpoint(v *visit) error {
	e, err := v.endpoint()
	if err == nil {
		err = v.mayManage()
	}
	if err != nil {
		return err
	}
	return v.ask(ask{Title: v.T("endpoint.remove.title"), Text: v.T("endpoint.remove.text", "url", e.URL), Action: "/endpoints/" + string(e.ID) + "/remove",
		Button: v.T("endpoint.remove"), Back: "/endpoints/" + string(e.ID)})
}

func (s *server) removeEndpoint(v *visit) error {
	e, err := v.endpoint()
	if err == nil {
		err = v.mayManage()
	}
	if err == nil {
		err = s.Webhooks.Remove(v.ctx(), e.MerchantID, e.Mode, e.ID, v.by())
	}
	if err != nil {
		return err
	}
	v.flash("ok", v.T("endpoint.removed"), "")
	return v.redirect("/endpoints")
}
