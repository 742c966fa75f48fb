package mercadopago

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// plan is a preapproval_plan (docs/providers/mercadopago-online.md §3.1).
type plan struct {
	ID      string
	Seq     int64
	UserID  int64
	Test    bool   // of test credentials
	Via     via    // whose credentials made it
	Status  string // active, cancelled
	Reason  string
	BackURL string
	Ref     string
	Terms   terms
	Allowed json.RawMessage `json:",omitempty"` // payment_methods_allowed, as it came
	Created time.Time
	Updated time.Time
	Version int
}

func (p *plan) key() (string, string) { return "plan", p.ID }
func (p *plan) index(st *state)       { st.plans[p.ID] = p }

var planOperations = []operation{
	{"plan_create", "POST /preapproval_plan", classic, createPlan},
	{"plan_search", "GET /preapproval_plan/search", classic, searchPlans},
	{"plan_get", "GET /preapproval_plan/{id}", classic, getPlan},
	{"plan_update", "PUT /preapproval_plan/{id}", classic, updatePlan},
}

// newSubscriptionID is 32 hexadecimal digits, as plans and subscriptions have.
func newSubscriptionID() string { return strings.ReplaceAll(newUUID(), "-", "") }

func createPlan(c *call) reply {
	f, bad := c.subscriptionBody()
	if bad != nil {
		return *bad
	}
	p := &plan{ID: newSubscriptionID(), UserID: c.account.UserID, Test: c.test(), Via: c.via(), Status: "active", Created: c.now}
	if wrong := c.fillPlan(p, f); wrong != "" {
		return c.refuse(http.StatusBadRequest, "%s", wrong)
	}
	p.Seq = c.sim.next(&c.sim.count.Subscription)
	c.sim.changePlan(p, c.now)
	return reply{status: c.createdSubscription(), body: c.sim.planView(p)}
}

// created is what a plan's and a subscription's creation answers.
func (c *call) createdSubscription() int {
	if c.sim.switches.SubscriptionCreated200 {
		return http.StatusOK
	}
	return http.StatusCreated
}

// fillPlan reads all of a plan.
func (c *call) fillPlan(p *plan, f fields) (wrong string) {
	recurring, ok := f.object("auto_recurring")
	if !ok || recurring == nil {
		return "auto_recurring is required"
	}
	if p.Terms, wrong = c.readTerms(recurring); wrong != "" {
		return wrong
	}
	if wrong = readPlanTerms(recurring, &p.Terms); wrong != "" {
		return wrong
	}
	if !f.has("reason") || !f.has("back_url") {
		return "reason and back_url are required"
	}
	return c.planWords(p, f)
}

// planWords reads what is not auto_recurring, where it is given.
func (c *call) planWords(p *plan, f fields) (wrong string) {
	for name, to := range map[string]*string{"reason": &p.Reason, "external_reference": &p.Ref} {
		if v, ok := f.text(name); !ok || len(v) > 255 || f.has(name) && v == "" {
			return name + " must be a text of up to 255 characters"
		} else if f.has(name) {
			*to = v
		}
	}
	if f.has("back_url") {
		v, _ := f.text("back_url")
		if !c.sim.backURL(v) {
			return "back_url must be a valid https url"
		}
		p.BackURL = v
	}
	if allowed, ok := f.object("payment_methods_allowed"); !ok {
		return "Invalid payment_methods_allowed"
	} else if allowed != nil {
		p.Allowed = rawOrNull(allowed)
	}
	return ""
}

// updatePlan is PUT: what is given replaces what was. A new amount reaches the
// plan's subscribers, a new frequency does not (§3.2).
func updatePlan(c *call) reply {
	f, bad := c.subscriptionBody()
	if bad != nil {
		return *bad
	}
	p, bad := c.ownPlan()
	if bad != nil {
		return *bad
	}
	if p.Status == cancelled {
		return c.refuse(http.StatusBadRequest, "The plan is already cancelled.")
	}
	changed := *p
	if wrong := c.planWords(&changed, f); wrong != "" {
		return c.refuse(http.StatusBadRequest, "%s", wrong)
	}
	recurring, ok := f.object("auto_recurring")
	if !ok {
		return c.refuse(http.StatusBadRequest, "Invalid auto_recurring")
	}
	if recurring != nil {
		all := fields(changed.Terms.view(c.account.site()))
		for name, v := range all { // as the request would have said it
			if n, ok := v.(int); ok {
				all[name] = json.Number(strconv.Itoa(n))
			}
		}
		delete(all, "free_trial")
		for name, v := range recurring {
			all[name] = v
		}
		kept := changed.Terms.Trial
		var wrong string
		if changed.Terms, wrong = c.readTerms(all); wrong == "" {
			wrong = readPlanTerms(all, &changed.Terms)
		}
		if wrong != "" {
			return c.refuse(http.StatusBadRequest, "%s", wrong)
		}
		if _, given := recurring["free_trial"]; !given {
			changed.Terms.Trial = kept
		}
	}
	switch v, _ := f.text("status"); v {
	case "", "active":
	case cancelled, "canceled":
		changed.Status = cancelled
	default:
		return c.refuse(http.StatusBadRequest, "Invalid status")
	}
	*p = changed
	for _, v := range c.sim.subscribers[p.ID] {
		if v.Terms.Amount != p.Terms.Amount && v.Status != cancelled {
			v.Terms.Amount, v.Updated = p.Terms.Amount, c.now
			v.Version++
			c.sim.put(v)
		}
	}
	c.sim.changePlan(p, c.now)
	return reply{status: http.StatusOK, body: c.sim.planView(p)}
}

// changePlan files a plan and tells the seller.
func (s *Simulator) changePlan(p *plan, now time.Time) {
	p.Version++
	p.Updated = now
	s.put(p)
	s.announceSubscription(topicPlan, "preapproval_plan", p.ID, p.UserID, p.Via, p.Version, now)
}

func (c *call) ownPlan() (*plan, *reply) {
	p := c.sim.plans[c.path("id")]
	if p == nil || p.UserID != c.account.UserID {
		r := c.refuse(http.StatusNotFound, "The template with id %s does not exist", c.path("id"))
		return nil, &r
	}
	return p, nil
}

func getPlan(c *call) reply {
	p, bad := c.ownPlan()
	if bad != nil {
		return *bad
	}
	return reply{status: http.StatusOK, body: c.sim.planView(p)}
}

func (s *Simulator) planView(p *plan) object {
	a := s.accounts[p.UserID]
	o := object{"id": p.ID, "application_id": p.Via.of(a), "collector_id": a.UserID, "status": p.Status, "reason": p.Reason,
		"external_reference": orNull(p.Ref), "back_url": p.BackURL, "init_point": s.signUpURL(a, "preapproval_plan_id", p.ID),
		"auto_recurring": p.Terms.view(a.site()), "date_created": classicTime(p.Created), "last_modified": classicTime(p.Updated)}
	if p.Allowed != nil {
		o["payment_methods_allowed"] = p.Allowed
	}
	return o
}

// signUpURL is where a buyer subscribes: the provider's path, here if the
// simulator knows where it is reached.
func (s *Simulator) signUpURL(a *Account, name, id string) string {
	return cmp.Or(s.cfg.PublicURL, "https://"+a.site().Host) + "/subscriptions/checkout?" + name + "=" + id
}

// subscriptionPaging reads limit and offset.
func (c *call) subscriptionPaging(usual int) (offset, limit int, bad *reply) {
	offset, err := strconv.Atoi(cmp.Or(c.query("offset"), "0"))
	limit, err2 := strconv.Atoi(cmp.Or(c.query("limit"), strconv.Itoa(usual)))
	if err != nil || err2 != nil || offset < 0 || limit < 0 || limit > 1000 {
		r := c.refuse(http.StatusBadRequest, "Invalid limit or offset")
		return 0, 0, &r
	}
	return offset, limit, nil
}

func searchPlans(c *call) reply {
	offset, limit, bad := c.subscriptionPaging(10)
	if bad != nil {
		return *bad
	}
	var found []*plan
	for _, p := range c.sim.plans {
		if p.UserID == c.account.UserID && c.sim.settled(p.Created, c.now) && matches(c, map[string]string{"status": p.Status}) &&
			strings.Contains(strings.ToLower(p.Reason), strings.ToLower(c.query("q"))) {
			found = append(found, p)
		}
	}
	by := map[string]func(a, b *plan) int{
		"": func(a, b *plan) int { return cmp.Compare(a.Seq, b.Seq) }, "date_created": func(a, b *plan) int { return cmp.Compare(a.Seq, b.Seq) },
		"last_modified": func(a, b *plan) int { return cmp.Or(a.Updated.Compare(b.Updated), cmp.Compare(a.Seq, b.Seq)) },
		"reason":        func(a, b *plan) int { return cmp.Or(strings.Compare(a.Reason, b.Reason), cmp.Compare(a.Seq, b.Seq)) },
		"status":        func(a, b *plan) int { return cmp.Or(strings.Compare(a.Status, b.Status), cmp.Compare(a.Seq, b.Seq)) }}
	order := by[c.query("sort")]
	if order == nil {
		return c.refuse(http.StatusBadRequest, "Invalid sort")
	}
	slices.SortFunc(found, order)
	if c.query("criteria") == "desc" {
		slices.Reverse(found)
	}
	rows := []object{}
	for _, p := range window(found, offset, limit) {
		row := c.sim.planView(p)
		subscribed := 0
		for _, v := range c.sim.subscribers[p.ID] {
			if v.Status == authorized || v.Status == paused {
				subscribed++
			}
		}
		row["subscribed"] = subscribed
		rows = append(rows, row)
	}
	return reply{status: http.StatusOK, body: object{"paging": object{"offset": offset, "limit": limit, "total": len(found)}, "results": rows}}
}
