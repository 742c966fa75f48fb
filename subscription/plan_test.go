package subscription_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
	"posta/sim/fault"
	sim "posta/sim/mercadopago"
	"posta/store"
	"posta/store/storetest"
	"posta/subscription"
)

// wrong is what an error says of fields, as "field code".
func wrong(err error) (out []string) {
	var e *posta.Error
	if errors.As(err, &e) {
		for _, f := range e.Fields {
			out = append(out, f.Field+" "+f.Code)
		}
	}
	return out
}

// What a plan cannot be is told by field.
func TestPlansThatCannotBe(t *testing.T) {
	t.Parallel()
	h := sqlite(t, sim.Switches{})
	for want, change := range map[string]func(*subscription.NewPlan){
		"name required":                  func(p *subscription.NewPlan) { p.Name = " " },
		"amount positive":                func(p *subscription.NewPlan) { p.Amount.Amount = 0 },
		"currency not_of_account":        func(p *subscription.NewPlan) { p.Amount.Currency = "BRL" },
		"period unknown_unit":            func(p *subscription.NewPlan) { p.Period.Unit = "years" },
		"period out_of_range":            func(p *subscription.NewPlan) { p.Period.Every = 0 },
		"trial out_of_range":             func(p *subscription.NewPlan) { p.Trial = provider.Period{Every: 1, Unit: "weeks"} },
		"repetitions out_of_range":       func(p *subscription.NewPlan) { p.Repetitions = -1 },
		"billing_day out_of_range":       func(p *subscription.NewPlan) { p.BillingDay = 29 },
		"billing_day only_months":        func(p *subscription.NewPlan) { p.BillingDay, p.Period = 5, provider.Period{Every: 30, Unit: "days"} },
		"proportional needs_billing_day": func(p *subscription.NewPlan) { p.Proportional = true },
		"return_url malformed":           func(p *subscription.NewPlan) { p.ReturnURL = "http://tienda.example" },
		"methods required":               func(p *subscription.NewPlan) { p.Methods = nil },
		"methods not_of_country":         func(p *subscription.NewPlan) { p.Methods = []string{"oxxo"} },
		"methods no_voucher":             func(p *subscription.NewPlan) { p.Methods = []string{"visa"} },
		"attempts longer_than_period":    func(p *subscription.NewPlan) { p.Attempts = subscription.Attempts{Most: 3, Days: 10} },
		"attempts out_of_range":          func(p *subscription.NewPlan) { p.Attempts = subscription.Attempts{Most: 5, Days: 1} },
		"engine unknown":                 func(p *subscription.NewPlan) { p.Engine = "nobody" },
		"dunning not_sorted":             func(p *subscription.NewPlan) { p.Dunning.Days = []int{5, 0} },
		"dunning out_of_range":           func(p *subscription.NewPlan) { p.Dunning.GraceDays = 91 },
		"dunning unknown_rule":           func(p *subscription.NewPlan) { p.Dunning.Final = "beg" },
		"attempts set_by_provider": func(p *subscription.NewPlan) {
			p.Engine, p.Methods, p.Attempts.Days = subscription.EngineProvider, nil, 2
		},
		"attempts unknown_source": func(p *subscription.NewPlan) {
			p.Engine, p.Methods, p.Attempts.Source = subscription.EngineProvider, nil, "hearsay"
		},
		"methods not_with_engine": func(p *subscription.NewPlan) { p.Engine = subscription.EngineProvider },
	} {
		in := subscription.NewPlan{ID: posta.NewID[posta.PlanID](h.clock.Now()), MerchantID: h.world.Merchant.ID, Mode: posta.Test, ConnectionID: h.world.Connection.ID,
			Name: "Club", Amount: posta.Money{Amount: 150_000}, Period: provider.Period{Every: 1, Unit: "months"}, Engine: subscription.EngineHub, Methods: []string{"rapipago"}, By: "user:test"}
		change(&in)
		if _, err := h.CreatePlan(t.Context(), in); !slices.Contains(wrong(err), want) {
			t.Errorf("%s: %v", want, wrong(err))
		}
	}
	if list, err := h.Plans(t.Context(), subscription.PlanFilter{MerchantID: h.world.Merchant.ID}); err != nil || len(list) != 0 {
		t.Errorf("%d plans, %v", len(list), err)
	}
}

// What a buyer gives wrong is told by field, and nothing is made.
func TestBuyersThatCannotSubscribe(t *testing.T) {
	t.Parallel()
	h := sqlite(t, sim.Switches{})
	p := h.plan(t, subscription.EngineHub, func(p *subscription.NewPlan) { p.Methods = []string{"rapipago", "pagofacil"} })
	for want, change := range map[string]func(*subscription.SignUp){
		"buyer.email required":      func(s *subscription.SignUp) { s.Buyer.Email = "" },
		"buyer.email malformed":     func(s *subscription.SignUp) { s.Buyer.Email = "ana" },
		"buyer.first_name required": func(s *subscription.SignUp) { s.Buyer.FirstName = " " },
		"buyer.identification check_digit": func(s *subscription.SignUp) {
			s.Buyer.Identification = provider.Identification{Type: "CUIT", Number: "30-00000000-0"}
		},
		"method required":       func(s *subscription.SignUp) { s.Method = "" },
		"method not_of_plan":    func(s *subscription.SignUp) { s.Method = "pix" },
		"token not_with_engine": func(s *subscription.SignUp) { s.Token = "x" },
		"language unknown":      func(s *subscription.SignUp) { s.Language = "fr" },
	} {
		in := subscription.SignUp{ID: posta.NewID[posta.SubscriptionID](h.clock.Now()), MerchantID: p.MerchantID, Mode: p.Mode, PlanID: p.ID, Buyer: buyer(), Method: "rapipago"}
		change(&in)
		if _, err := h.SignUp(t.Context(), in); !slices.Contains(wrong(err), want) {
			t.Errorf("%s: %v", want, wrong(err))
		}
	}
	live := subscription.SignUp{ID: posta.NewID[posta.SubscriptionID](h.clock.Now()), MerchantID: p.MerchantID, Mode: posta.Live, PlanID: p.ID, Buyer: buyer(), Method: "rapipago"}
	if _, err := h.SignUp(t.Context(), live); posta.ErrorCode(err) != posta.CodeNotFound {
		t.Errorf("a test plan took a live buyer: %v", err)
	}
}

// A plan whose answer was lost is found or made later, once; nobody signs up before.
func TestALostPlanIsMadeOnce(t *testing.T) {
	t.Parallel()
	for _, action := range []fault.Action{fault.CutAfter, fault.CutBefore} {
		h := sqlite(t, sim.Switches{DropNotices: true})
		h.unplugged(t, fault.Rule{Method: "POST", Path: "/preapproval_plan", Action: action, Times: 1})
		p := h.plan(t, subscription.EngineProvider, nil)
		if p.Ref != "" || p.DueAt.IsZero() {
			t.Fatalf("%+v", p)
		}
		for range 4 {
			h.later(t, time.Minute)
		}
		p, err := h.Service.Plan(t.Context(), p.MerchantID, p.Mode, p.ID)
		if err != nil || p.Ref == "" || !p.DueAt.IsZero() {
			t.Errorf("%s: %+v, %v", action, p, err)
		}
		posts := 0
		for _, e := range h.sim.Traffic(0) {
			if e.Direction == "in" && e.Method == "POST" && e.Path == "/preapproval_plan" && e.Status/100 == 2 {
				posts++
			}
		}
		if posts != 1 {
			t.Errorf("%s: made %d times", action, posts)
		}
		if s := h.signUp(t, p, "APRO"); s.State != subscription.Active {
			t.Errorf("%s", s.State)
		}
	}
}

// The same request names the same plan and the same subscription.
func TestARepeatMakesNothingNew(t *testing.T) {
	t.Parallel()
	h := sqlite(t, sim.Switches{DropNotices: true})
	p := h.plan(t, subscription.EngineProvider, nil)
	in := subscription.SignUp{ID: posta.NewID[posta.SubscriptionID](h.clock.Now()), MerchantID: p.MerchantID, Mode: p.Mode, PlanID: p.ID, Buyer: buyer(), Token: h.card(t, "APRO")}
	for range 3 {
		if s, err := h.SignUp(t.Context(), in); err != nil || s.ID != in.ID || s.State != subscription.Active {
			t.Errorf("%s, %v", s.State, err)
		}
	}
	if n := len(h.sim.Subscriptions()); n != 1 {
		t.Errorf("%d at the provider", n)
	}
}

// A new name and price reach the provider, and by it those who pay the old price.
func TestAPlansPriceReachesItsSubscribers(t *testing.T) {
	t.Parallel()
	h := sqlite(t, sim.Switches{DropNotices: true})
	p := h.plan(t, subscription.EngineProvider, nil)
	s := h.signUp(t, p, "APRO")
	h.later(t, 2*time.Hour)
	if _, err := h.ChangePlan(t.Context(), p.MerchantID, p.Mode, p.ID, subscription.PlanChange{Amount: new(int64(180_000))}, "user:test"); err != nil {
		t.Fatal(err)
	}
	h.days(t, 32)
	b, _ := h.sim.Subscription(s.Ref)
	if got := h.get(t, s.ID); got.Amount.Amount != b.Amount || b.Amount != 180_000 {
		t.Errorf("%d, the provider says %d", got.Amount.Amount, b.Amount)
	}
}

// A live subscription is held to the gate of its connection, and so is each voucher.
//
// Seen red under: an insert that does not ask the gate.
func TestALiveSubscriptionIsHeldToTheGate(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHub(t, db, sim.Switches{DropNotices: true})
		h.world = storetest.SeedLive(t, db)
		live := func(p *subscription.NewPlan) { p.Mode = posta.Live }
		for _, p := range []subscription.Plan{h.plan(t, subscription.EngineHub, live), h.plan(t, subscription.EngineProvider, live)} {
			in := subscription.SignUp{ID: posta.NewID[posta.SubscriptionID](h.clock.Now()), MerchantID: p.MerchantID, Mode: p.Mode, PlanID: p.ID, Buyer: buyer()}
			if p.Engine == subscription.EngineProvider {
				in.Token = h.card(t, "APRO")
			}
			h.world.SetGate(t, db, payment.Gate{State: payment.GateClosed})
			if _, err := h.SignUp(t.Context(), in); posta.ErrorCode(err) != posta.CodeGateClosed {
				t.Errorf("%s: %v", p.Engine, err)
			}
			if n := len(h.sim.Subscriptions()); n != 0 {
				t.Errorf("%s: %d at the provider", p.Engine, n)
			}
			h.world.SetGate(t, db, payment.Gate{State: payment.GateOpen})
			if s, err := h.SignUp(t.Context(), in); err != nil || s.State != subscription.Active {
				t.Errorf("%s: %s, %v", p.Engine, s.State, err)
			}
		}
		list, err := h.List(t.Context(), subscription.Filter{MerchantID: h.world.Merchant.ID, Mode: posta.Live})
		if err != nil || len(list) != 2 {
			t.Fatalf("%d, %v", len(list), err)
		}
		slip := list[slices.IndexFunc(list, func(s subscription.Subscription) bool { return s.Engine == subscription.EngineHub })]
		h.world.SetGate(t, db, payment.Gate{State: payment.GateClosed})
		h.days(t, 8) // the next try is due, and held
		if i := h.invoices(t, slip.ID)[0]; i.Tried != 2 || i.Attempts[1].State != "" {
			t.Errorf("%+v", i.Attempts)
		}
		h.world.SetGate(t, db, payment.Gate{State: payment.GateOpen})
		h.later(t, 2*time.Hour)
		if i := h.invoices(t, slip.ID)[0]; i.Tried != 2 || i.Attempts[1].State != payment.Pending {
			t.Errorf("%+v", i.Attempts)
		}
	})
}
