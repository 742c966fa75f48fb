package web

import (
	"net/http"

	"posta"
	"posta/provider"
	"posta/subscription"
	"posta/webhook"
)

// planRoutes registers the pages of what buyers subscribe to.
func (s *server) planRoutes(mux *http.ServeMux) {
	mux.Handle("GET /plans", s.member(s.plansPage))
	s.deed(mux, s.member, "/plans/new", s.newPlan, s.createPlan)
	s.deed(mux, s.member, "/plans/{plan}", s.planPage, s.changePlan)
	mux.Handle("GET /plans/{plan}/archive", s.member(s.askArchive))
	mux.Handle("POST /plans/{plan}/archive", s.member(s.archivePlan))
}

// planLook is the state whose colour and shape a plan's state has.
var planLook = map[subscription.PlanState]string{subscription.PlanActive: "paid", subscription.PlanArchived: "canceled"}

// planRow is one plan of the list.
type planRow struct {
	subscription.Plan
	Shown string
	Price string // "$ 1.500,00 cada mes"
}

// planList is what the list of plans shows.
type planList struct {
	Rows   []planRow
	Manage bool
	State  string
	States []option
	Next   string
	First  string
}

func (s *server) plansPage(v *visit) error {
	query := v.r.URL.Query()
	data := planList{Manage: webhook.Manages(v.User.Role), State: query.Get("state")}
	filter := subscription.PlanFilter{MerchantID: v.Merchant.ID, Mode: v.Mode, State: subscription.PlanState(data.State), Page: posta.Page{Limit: 50}}
	if id, err := posta.ParseID[posta.PlanID](query.Get("after")); err == nil {
		filter.After = string(id)
	}
	list, err := s.Subscriptions.Plans(v.ctx(), filter)
	if err != nil {
		return err
	}
	for _, p := range list {
		data.Rows = append(data.Rows, planRow{p, planLook[p.State], v.price(p.Amount, p.Period)})
	}
	for _, state := range []subscription.PlanState{subscription.PlanActive, subscription.PlanArchived} {
		data.States = append(data.States, option{string(state), v.T("plan.state." + string(state)), data.State == string(state)})
	}
	data.Next, data.First = v.pages("/plans", filter.Page, len(list), func() string { return string(list[len(list)-1].ID) }, "state")
	return v.render("plans", data)
}

// every says how often something comes: "cada mes", "cada 15 días", "cada año".
func (v *visit) every(p provider.Period) string {
	n, unit := inUnits(p)
	return v.T("plan.every."+unit, "count", n)
}

// long says how long a period is: "15 días", "1 mes".
func (v *visit) long(p provider.Period) string {
	n, unit := inUnits(p)
	return v.T("plan.long."+unit, "count", n)
}

// price says what a period costs.
func (v *visit) price(m posta.Money, p provider.Period) string {
	return v.money(m.Amount, m.Currency) + " " + v.every(p)
}

// planUnits are the units in which people count periods, as so many of the
// provider's.
var planUnits = []struct {
	Name, Unit string
	Many       int
}{{"days", "days", 1}, {"weeks", "days", 7}, {"months", "months", 1}, {"years", "months", 12}}

// inUnits writes a period in the largest unit that it is a multiple of.
func inUnits(p provider.Period) (int, string) {
	n, name := p.Every, p.Unit
	for _, u := range planUnits {
		if u.Unit == p.Unit && p.Every > 0 && p.Every%u.Many == 0 {
			n, name = p.Every/u.Many, u.Name
		}
	}
	return n, name
}

// inPeriods turns what people count into a period of the provider's units.
func inPeriods(n int, name string) provider.Period {
	for _, u := range planUnits {
		if u.Name == name {
			return provider.Period{Every: n * u.Many, Unit: u.Unit}
		}
	}
	return provider.Period{Every: n, Unit: name}
}

// plan is the plan that the address names.
func (v *visit) plan() (subscription.Plan, error) {
	id, err := posta.ParseID[posta.PlanID](v.r.PathValue("plan"))
	if err != nil {
		return subscription.Plan{}, err
	}
	return v.s.Subscriptions.Plan(v.ctx(), v.Merchant.ID, v.Mode, id)
}

func planAddress(id posta.PlanID) string { return "/plans/" + string(id) }

// askArchive asks before nobody can sign up any more, or leads back where that
// is so already.
func (s *server) askArchive(v *visit) error {
	p, err := v.plan()
	if err == nil {
		err = v.mayManage()
	}
	if err != nil {
		return err
	}
	if p.State == subscription.PlanArchived {
		return v.redirect(planAddress(p.ID))
	}
	return v.ask(ask{Title: v.T("plan.archive.title", "plan", p.Name), Text: v.T("plan.archive.text"), Action: planAddress(p.ID) + "/archive",
		Button: v.T("plan.archive"), Back: planAddress(p.ID), Hidden: map[string]string{"archived": "true"}})
}

// archivePlan closes a plan to new subscriptions, or opens it again.
func (s *server) archivePlan(v *visit) error {
	p, err := v.plan()
	if err == nil {
		err = v.mayManage()
	}
	if err != nil {
		return err
	}
	archived := v.value("archived") == "true"
	if _, err := s.Subscriptions.ChangePlan(v.ctx(), v.Merchant.ID, v.Mode, p.ID, subscription.PlanChange{Archived: &archived}, v.by()); err != nil {
		return err
	}
	if archived {
		v.flash("ok", v.T("plan.archived"), v.T("plan.archived.text"))
	} else {
		v.flash("ok", v.T("plan.reopened"), "")
	}
	return v.redirect(planAddress(p.ID))
}
