package web

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"posta"
	"posta/provider"
	"posta/subscription"
	"posta/webhook"
)

// planAccount is an account that can charge subscriptions.
type planAccount struct {
	ID       posta.ConnectionID
	Name     string
	Country  string
	Currency posta.Currency
	Provider bool // its provider runs subscriptions by itself
	Vouchers []posta.Method
}

// planAccounts are the merchant's accounts that sell online. One whose
// credentials cannot be opened is left out.
func (v *visit) planAccounts() ([]planAccount, error) {
	all, err := v.connections()
	if err != nil {
		return nil, err
	}
	var out []planAccount
	for _, c := range all {
		connector, err := v.s.Subscriptions.Open(v.ctx(), c.ID)
		if err != nil || !connector.Capabilities(provider.RailOnline).Offered {
			continue
		}
		channel, err := v.s.Subscriptions.Store.Account(v.ctx(), v.Merchant.ID, v.Mode, c.ID)
		if err != nil {
			return nil, err
		}
		_, runs := connector.(provider.Subscriber)
		out = append(out, planAccount{ID: c.ID, Name: c.Name, Country: channel.Country, Currency: channel.Currency, Provider: runs,
			Vouchers: subscription.Vouchers(channel.Country)})
	}
	return out, nil
}

// dunningDays are the days of the timeline that one ticks, counted from when an
// invoice is due.
var dunningDays = []int{-7, -5, -3, -1, 0, 1, 3, 5, 7, 10, 15}

// dunningStep is one day of the timeline.
type dunningStep struct {
	Day     int
	Words   string // "3 días antes"
	Kind    subscription.Kind
	Checked bool
}

// planData is what the page of one plan shows, or of a new one.
type planData struct {
	sent
	Plan     subscription.Plan // the zero one is new
	Shown    string
	Nonce    string
	Accounts []planAccount
	Account  planAccount // of the plan, or the chosen one
	Units    []option
	Steps    []dunningStep
	Previews []messagePreview
	Manage   bool
	Price    string
	Trial    string
	SignUp   string // address of the public page
	Count    int    // subscriptions of the plan, at most 100
	Known    planTyped
}

// planTyped is a plan as a form shows it.
type planTyped struct {
	Amount, Every, Unit, Trial, TrialUnit, Repetitions, BillingDay, Most, Days, Grace string
}

// typed writes a plan's numbers as a form shows them.
func typed(p subscription.Plan) planTyped {
	amount := ""
	if p.Amount.Amount > 0 {
		amount = decimalOf(p.Amount)
	}
	n, unit := inUnits(p.Period)
	t, trial := inUnits(p.Trial)
	return planTyped{Amount: amount, Every: strconv.Itoa(n), Unit: unit, Trial: unlessNought(t), TrialUnit: trial, Repetitions: unlessNought(p.Repetitions),
		BillingDay: unlessNought(p.BillingDay), Most: strconv.Itoa(p.Attempts.Most), Days: strconv.Itoa(p.Attempts.Days), Grace: strconv.Itoa(p.Dunning.GraceDays)}
}

// decimalOf writes an amount for an input, with the currency's own mark.
func decimalOf(m posta.Money) string {
	st := styleOf(m.Currency)
	return strings.Replace(m.Decimal(), ".", st.Point, 1)
}

// Voucher reports whether a voucher of an account is ticked.
func (d planData) Voucher(id string) bool {
	return d.Has(d.Form, "methods", id, slices.Contains(d.Plan.Methods, id))
}

// Old is what is known of the plan, or what was typed.
func (d planData) Old(name string, known any) any { return d.Get(d.Form, name, known) }

// Bad says what is wrong with a field.
func (d planData) Bad(name string) string { return d.Err(d.Form, name) }

// fresh is the plan that a new form begins with.
var fresh = subscription.Plan{Period: provider.Period{Every: 1, Unit: "months"}, Trial: provider.Period{Unit: "days"}, Engine: subscription.EngineProvider,
	Attempts: subscription.Attempts{Most: 3, Days: 7, Source: subscription.SourceIntegrator},
	Dunning:  subscription.Dunning{Days: []int{-3, 0, 5}, Final: subscription.FinalKeep}}

func (s *server) newPlan(v *visit, f sent) error {
	if err := v.mayManage(); err != nil {
		return err
	}
	data := planData{sent: f, Plan: fresh, Manage: true, Nonce: s.newNonce()}
	if f.Values != nil {
		data.Nonce = f.Values.Get("nonce")
	}
	if err := v.fillPlan(&data); err != nil {
		return err
	}
	return v.renderAs(f.answered(), "plan-new", data)
}

// fillPlan adds what both pages of a plan need.
func (v *visit) fillPlan(d *planData) error {
	var err error
	if d.Accounts, err = v.planAccounts(); err != nil {
		return err
	}
	chosen := string(d.Plan.ConnectionID)
	if chosen == "" {
		chosen = fmt.Sprint(d.Old("connection_id", ""))
	}
	at := slices.IndexFunc(d.Accounts, func(a planAccount) bool { return string(a.ID) == chosen })
	if at < 0 && len(d.Accounts) > 0 && d.Plan.ID == "" {
		at = 0
	}
	if at >= 0 {
		d.Account = d.Accounts[at]
	} else if d.Plan.ID != "" { // its credentials cannot be opened now
		channel, err := v.s.Subscriptions.Store.Account(v.ctx(), v.Merchant.ID, v.Mode, d.Plan.ConnectionID)
		if err != nil {
			return err
		}
		d.Account = planAccount{ID: d.Plan.ConnectionID, Country: channel.Country, Currency: channel.Currency, Vouchers: subscription.Vouchers(channel.Country)}
	}
	d.Known = typed(d.Plan)
	for _, u := range planUnits {
		d.Units = append(d.Units, option{Value: u.Name, Label: v.T("plan.unit." + u.Name)})
	}
	days := slices.Clone(dunningDays)
	for _, day := range d.Plan.Dunning.Days {
		if !slices.Contains(days, day) {
			days = append(days, day)
		}
	}
	slices.Sort(days)
	for _, day := range days {
		d.Steps = append(d.Steps, dunningStep{Day: day, Words: v.stepWords(day), Kind: stepKind(day),
			Checked: d.Has(d.Form, "steps", strconv.Itoa(day), slices.Contains(d.Plan.Dunning.Days, day))})
	}
	d.Previews = v.previews(d.Plan, d.Account)
	return nil
}

// createPlan makes a plan of the form.
func (s *server) createPlan(v *visit) (string, error) {
	if err := v.mayManage(); err != nil {
		return "", err
	}
	id, err := idFromNonce[posta.PlanID](v)
	if err != nil {
		return "", err
	}
	read := reader{v: v}
	in := subscription.NewPlan{ID: id, MerchantID: v.Merchant.ID, Mode: v.Mode, Name: v.value("name"), Engine: subscription.Engine(v.value("engine")),
		Period: inPeriods(read.number("every"), v.value("unit")), Trial: inPeriods(read.number("trial"), v.value("trial_unit")),
		Repetitions: read.number("repetitions"), BillingDay: read.number("billing_day"), Proportional: v.ticked("proportional"),
		Attempts: v.readAttempts(&read, subscription.Engine(v.value("engine"))), Dunning: v.readDunning(&read), ReturnURL: v.value("return_url"), By: v.by()}
	if in.Trial.Every == 0 {
		in.Trial = provider.Period{}
	}
	if in.Engine == subscription.EngineHub {
		in.Methods = v.r.PostForm["methods"]
	}
	connection, err := posta.ParseID[posta.ConnectionID](v.value("connection_id"))
	if err != nil {
		return "", posta.Invalid("connection_id", "required")
	}
	channel, err := s.Subscriptions.Store.Account(v.ctx(), v.Merchant.ID, v.Mode, connection)
	if err != nil {
		return "", posta.Invalid("connection_id", "unknown")
	}
	in.ConnectionID = connection
	in.Amount.Amount, err = parseAmount(v.value("amount"), channel.Currency)
	read.wrong.Add(err != nil, "amount", "amount")
	if err := read.wrong.Err(); err != nil {
		return "", err
	}
	p, err := s.Subscriptions.CreatePlan(v.ctx(), in)
	if err != nil {
		return "", err
	}
	v.flash("ok", v.T("plan.created"), v.T("plan.created.text"))
	return planAddress(p.ID), nil
}

// readAttempts reads how often a period is tried.
func (v *visit) readAttempts(read *reader, engine subscription.Engine) subscription.Attempts {
	if engine == subscription.EngineHub {
		return subscription.Attempts{Most: read.number("most"), Days: read.number("attempt_days")}
	}
	a := subscription.Attempts{Most: 3, Source: subscription.SourceIntegrator}
	if v.value("source") == subscription.SourceProvider {
		a = subscription.Attempts{Most: 4, Source: subscription.SourceProvider}
	}
	return a
}

// readDunning reads the timeline: the days that are ticked and one more.
func (v *visit) readDunning(read *reader) subscription.Dunning {
	out := subscription.Dunning{Days: []int{}, GraceDays: read.number("grace"), Final: subscription.FinalRule(v.value("final"))}
	for _, text := range append(slices.Clone(v.r.PostForm["steps"]), strings.Fields(strings.NewReplacer(",", " ", ";", " ").Replace(v.value("more_steps")))...) {
		day, err := strconv.Atoi(text)
		read.wrong.Add(err != nil, "dunning", "integer")
		if err == nil && !slices.Contains(out.Days, day) {
			out.Days = append(out.Days, day)
		}
	}
	slices.Sort(out.Days)
	return out
}

func (s *server) planPage(v *visit, f sent) error {
	p, err := v.plan()
	if err != nil {
		return err
	}
	data := planData{sent: f, Plan: p, Shown: planLook[p.State], Manage: webhook.Manages(v.User.Role), Price: v.price(p.Amount, p.Period),
		SignUp: s.Subscriptions.SignUpPage(p)}
	if p.Trial.Every > 0 {
		data.Trial = v.long(p.Trial)
	}
	if err := v.fillPlan(&data); err != nil {
		return err
	}
	list, err := s.Subscriptions.List(v.ctx(), subscription.Filter{MerchantID: v.Merchant.ID, Mode: v.Mode, PlanID: p.ID, Page: posta.Page{Limit: 100}})
	if err != nil {
		return err
	}
	data.Count = len(list)
	return v.renderAs(f.answered(), "plan", data)
}

// changePlan changes what of a plan can be changed.
func (s *server) changePlan(v *visit) (string, error) {
	p, err := v.plan()
	if err == nil {
		err = v.mayManage()
	}
	if err != nil {
		return "", err
	}
	read := reader{v: v}
	name, back := v.value("name"), v.value("return_url")
	amount, err := parseAmount(v.value("amount"), p.Amount.Currency)
	read.wrong.Add(err != nil, "amount", "amount")
	attempts, dunning := v.readAttempts(&read, p.Engine), v.readDunning(&read)
	if err := read.wrong.Err(); err != nil {
		return "", err
	}
	change := subscription.PlanChange{Name: &name, Amount: &amount, Attempts: &attempts, Dunning: &dunning, ReturnURL: &back}
	if p.Engine == subscription.EngineHub {
		methods := append([]string{}, v.r.PostForm["methods"]...)
		change.Methods = &methods
	}
	if _, err := s.Subscriptions.ChangePlan(v.ctx(), v.Merchant.ID, v.Mode, p.ID, change, v.by()); err != nil {
		return "", err
	}
	v.flash("ok", v.T("settings.saved"), "")
	return planAddress(p.ID), nil
}
