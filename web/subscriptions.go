package web

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"posta"
	"posta/subscription"
)

// subscriptionRoutes registers the pages of subscriptions.
func (s *server) subscriptionRoutes(mux *http.ServeMux) {
	const one = "/subscriptions/{subscription}"
	mux.Handle("GET /subscriptions", s.member(s.subscriptionsPage))
	mux.Handle("GET /subscriptions.csv", s.member(s.subscriptionsCSV))
	mux.Handle("GET "+one, s.member(func(v *visit) error { return s.subscriptionPage(v, sent{}) }))
	mux.Handle("GET "+one+"/events", s.member(s.subscriptionEvents))
	s.deed(mux, s.member, one+"/amount", s.subscriptionPage, s.changeSubscriptionAmount)
	s.deed(mux, s.member, one+"/method", s.subscriptionPage, s.changeSubscriptionMethod)
	mux.Handle("POST "+one+"/refresh", s.member(s.refreshSubscription))
	for _, deed := range []string{"pause", "resume", "cancel"} {
		mux.Handle("GET "+one+"/"+deed, s.member(func(v *visit) error { return s.askSubscription(v, deed) }))
		mux.Handle("POST "+one+"/"+deed, s.member(func(v *visit) error { return s.doSubscription(v, deed) }))
	}
}

// subscriptionLook is the state whose colour and shape a subscription's state has.
var subscriptionLook = map[subscription.State]string{subscription.Pending: "pending", subscription.Active: "paid", subscription.PastDue: "declined",
	subscription.Paused: "canceled", subscription.Canceled: "canceled", subscription.Ended: "expired"}

func subscriptionAddress(id posta.SubscriptionID) string { return "/subscriptions/" + string(id) }

// subscriptionQuery is the list's filter as its address holds it.
type subscriptionQuery struct{ Search, State, Plan, After string }

func readSubscriptionQuery(r *http.Request) subscriptionQuery {
	get := func(name string) string { return strings.TrimSpace(r.URL.Query().Get(name)) }
	q := subscriptionQuery{get("q"), get("state"), get("plan"), get("after")}
	if !slices.Contains(subscription.States, subscription.State(q.State)) {
		q.State = ""
	}
	return q
}

// Values is the query as an address holds it, without the place in the list.
func (q subscriptionQuery) Values() url.Values {
	values := url.Values{}
	for name, value := range map[string]string{"q": q.Search, "state": q.State, "plan": q.Plan} {
		if value != "" {
			values.Set(name, value)
		}
	}
	return values
}

// Chosen reports whether anything but the place in the list is asked for.
func (q subscriptionQuery) Chosen() bool { return len(q.Values()) > 0 }

func (v *visit) subscriptionFilter(q subscriptionQuery) subscription.Filter {
	f := subscription.Filter{MerchantID: v.Merchant.ID, Mode: v.Mode, State: subscription.State(q.State), Search: q.Search, Page: posta.Page{Limit: 50}}
	if id, err := posta.ParseID[posta.PlanID](q.Plan); err == nil {
		f.PlanID = id
	}
	if id, err := posta.ParseID[posta.SubscriptionID](q.After); err == nil {
		f.After = string(id)
	}
	return f
}

// plansByID are all plans of the merchant in the visit's mode, newest first.
func (v *visit) plansByID() ([]subscription.Plan, map[posta.PlanID]subscription.Plan, error) {
	filter := subscription.PlanFilter{MerchantID: v.Merchant.ID, Mode: v.Mode, Page: posta.Page{Limit: 100}}
	var all []subscription.Plan
	for {
		list, err := v.s.Subscriptions.Plans(v.ctx(), filter)
		if err != nil {
			return nil, nil, err
		}
		if all = append(all, list...); len(list) < filter.Size() {
			break
		}
		filter.After = string(list[len(list)-1].ID)
	}
	byID := make(map[posta.PlanID]subscription.Plan, len(all))
	for _, p := range all {
		byID[p.ID] = p
	}
	return all, byID, nil
}

// health is how a subscription does: a look and words.
type health struct{ Shown, Key, Words string }

// healthOf is the provider's own word where it gives one, otherwise what the
// state tells; the periods that were given up are counted beside it.
func (v *visit) healthOf(sub subscription.Subscription) health {
	if sub.State.Final() || sub.State == subscription.Pending {
		return health{}
	}
	h := health{Shown: "paid", Key: "sub.health.green"}
	switch {
	case sub.Health == "red" || sub.Strikes > 1:
		h = health{Shown: "rejected", Key: "sub.health.red"}
	case sub.Health == "yellow" || sub.State == subscription.PastDue || sub.Strikes > 0:
		h = health{Shown: "declined", Key: "sub.health.yellow"}
	}
	h.Words = v.T(h.Key)
	if sub.Strikes > 0 {
		h.Words += " · " + v.T("sub.strikes.short", "count", sub.Strikes, "most", subscription.Strikes)
	}
	return h
}

// subscriptionRow is one subscription of a list.
type subscriptionRow struct {
	subscription.Subscription
	Title  string // the buyer's name, else the e-mail
	Plan   string
	Shown  string
	Price  string
	Health health
	Trial  bool
}

func (v *visit) subscriptionRows(list []subscription.Subscription, plans map[posta.PlanID]subscription.Plan) []subscriptionRow {
	rows := make([]subscriptionRow, 0, len(list))
	for _, sub := range list {
		rows = append(rows, subscriptionRow{Subscription: sub, Title: buyerName(sub), Plan: plans[sub.PlanID].Name, Shown: subscriptionLook[sub.State],
			Price: v.price(sub.Amount, plans[sub.PlanID].Period), Health: v.healthOf(sub), Trial: sub.Trial(v.s.Clock.Now())})
	}
	return rows
}

// buyerName is what a subscription's buyer is called: the name, else the e-mail.
func buyerName(sub subscription.Subscription) string {
	if name := strings.TrimSpace(sub.Buyer.FirstName + " " + sub.Buyer.LastName); name != "" {
		return name
	}
	return sub.Buyer.Email
}

// subscriptionList is what the page of subscriptions shows.
type subscriptionList struct {
	Query            subscriptionQuery
	Rows             []subscriptionRow
	States, Plans    []option
	Next, First, CSV string
	ToLookAt         int // invoices that a person should look at, at most 100
	Position         int64
	SignUp           string // the page to share of the newest plan that is open, "" for none
}

func (s *server) subscriptionsPage(v *visit) error {
	q := readSubscriptionQuery(v.r)
	data := subscriptionList{Query: q, Position: v.livePosition(), CSV: address("/subscriptions.csv", q.Values())}
	plans, byID, err := v.plansByID()
	if err != nil {
		return err
	}
	filter := v.subscriptionFilter(q)
	list, err := s.Subscriptions.List(v.ctx(), filter)
	if err != nil {
		return err
	}
	look, err := s.Subscriptions.ListInvoices(v.ctx(), subscription.InvoiceFilter{MerchantID: v.Merchant.ID, Mode: v.Mode, Attention: true, Page: posta.Page{Limit: 100}})
	if err != nil {
		return err
	}
	data.Rows, data.ToLookAt = v.subscriptionRows(list, byID), len(look)
	for _, state := range subscription.States {
		data.States = append(data.States, option{string(state), v.T("sub.state." + string(state)), string(state) == q.State})
	}
	for _, p := range plans {
		data.Plans = append(data.Plans, option{string(p.ID), p.Name, string(p.ID) == q.Plan})
		if data.SignUp == "" && p.State == subscription.PlanActive {
			data.SignUp = planAddress(p.ID)
		}
	}
	if len(list) > 0 && len(list) == filter.Size() {
		data.Next = address("/subscriptions", q.Values(), "after", string(list[len(list)-1].ID))
	}
	if q.After != "" {
		data.First = address("/subscriptions", q.Values())
	}
	return v.render("subscriptions", data)
}

// subscriptionsCSV answers the filtered list for a spreadsheet, as paymentsCSV does.
func (s *server) subscriptionsCSV(v *visit) error {
	_, plans, err := v.plansByID()
	if err != nil {
		return err
	}
	filter := v.subscriptionFilter(readSubscriptionQuery(v.r))
	filter.Page = posta.Page{Limit: 100}
	list, err := s.Subscriptions.List(v.ctx(), filter) // before the first byte: an error is still a page
	if err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="posta-subscriptions-`+string(v.Mode)+"-"+s.Clock.Now().In(v.Zone).Format("20060102-1504")+`.csv"`)
	h.Set("Cache-Control", "no-store")
	_, _ = v.w.Write([]byte("\ufeff"))
	out, zone := csv.NewWriter(v.w), " ("+v.Zone.String()+")"
	_ = out.Write([]string{"id", "created_at" + zone, "mode", "state", "reason", "plan", "engine", "currency", "amount (decimal point)", "every", "unit",
		"email", "first_name", "last_name", "method", "reference", "starts_at" + zone, "next_charge_at" + zone, "given_up", "provider_health", "provider_id", "ended_at" + zone})
	for len(list) > 0 {
		for _, sub := range list {
			p := plans[sub.PlanID]
			row := []string{string(sub.ID), v.csvTime(sub.CreatedAt), string(sub.Mode), string(sub.State), string(sub.Reason), p.Name, string(sub.Engine),
				string(sub.Amount.Currency), sub.Amount.Decimal(), unlessNought(p.Period.Every), p.Period.Unit, sub.Buyer.Email, sub.Buyer.FirstName, sub.Buyer.LastName,
				sub.Method, sub.Reference, v.csvTime(sub.StartAt), v.csvTime(sub.NextAt), posta.FormatDecimal(int64(sub.Strikes), 0), sub.Health, sub.Ref, v.csvTime(sub.EndedAt)}
			for i, cell := range row {
				row[i] = plainCell(cell)
			}
			_ = out.Write(row) // the error comes at the flush
		}
		if out.Flush(); out.Error() != nil || len(list) < filter.Size() {
			return nil
		}
		filter.After = string(list[len(list)-1].ID)
		if list, err = s.Subscriptions.List(v.ctx(), filter); err != nil {
			s.Log.ErrorContext(v.ctx(), "csv cut short", "error", err)
			panic(http.ErrAbortHandler) // a download that fails is better than one that lacks rows
		}
	}
	out.Flush()
	return nil
}
