package subscription_test

import (
	"fmt"
	"slices"
	"strconv"
	"sync"
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

const day = 24 * time.Hour

// pay pays a voucher at its provider.
func (h *hub) pay(t testing.TB, id posta.PaymentID) {
	t.Helper()
	p, err := h.payments.Get(t.Context(), h.world.Merchant.ID, posta.Test, id)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.ParseInt(p.Order, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.sim.PayVoucher(n); err != nil {
		t.Fatal(err)
	}
}

func (h *hub) days(t testing.TB, n int) {
	t.Helper()
	for range n {
		h.later(t, day)
	}
}

func expect(t testing.TB, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// Three vouchers a week apart, then what the plan says.
//
// Seen red under: a next try before the end of the one before; the final rule
// without its days of grace.
func TestAnUnpaidPeriodIsTriedThreeTimesThenTheRule(t *testing.T) {
	t.Parallel()
	for final, want := range map[subscription.FinalRule]subscription.State{subscription.FinalKeep: subscription.PastDue, subscription.FinalPause: subscription.Paused,
		subscription.FinalCancel: subscription.Canceled} {
		t.Run(string(final), func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, db *store.DB) {
				h := newHub(t, db, sim.Switches{})
				p := h.plan(t, subscription.EngineHub, func(p *subscription.NewPlan) { p.Dunning.Final, p.Dunning.GraceDays = final, 2 })
				s := h.signUp(t, p, "")
				expect(t, states(h.invoices(t, s.ID)), "open1", "scheduled0")
				h.days(t, 7)
				expect(t, states(h.invoices(t, s.ID)), "retrying2", "scheduled0")
				h.days(t, 7)
				expect(t, states(h.invoices(t, s.ID)), "retrying3", "scheduled0")
				h.days(t, 7)
				invoices := h.invoices(t, s.ID)
				if invoices[0].State != subscription.Unpaid || h.get(t, s.ID).State != subscription.PastDue {
					t.Errorf("%v, %s", states(invoices), h.get(t, s.ID).State)
				}
				h.days(t, 3)
				got := h.get(t, s.ID)
				if got.State != want || want != subscription.PastDue && got.Reason != subscription.ReasonDunning {
					t.Errorf("%s: %s %s", final, got.State, got.Reason)
				}
				h.days(t, 10)
				last := states(h.invoices(t, s.ID))
				wants := map[subscription.State][]string{subscription.PastDue: {"unpaid3", "open1", "scheduled0"}, subscription.Paused: {"unpaid3", "scheduled0"},
					subscription.Canceled: {"unpaid3", "void0"}}
				expect(t, last, wants[want]...)
			})
		})
	}
}

// A voucher that the provider refuses is refused again: there is no second one.
func TestP38_ARefusedVoucherIsNotRetried(t *testing.T) {
	t.Parallel()
	h := sqlite(t, sim.Switches{})
	p := h.plan(t, subscription.EngineHub, nil)
	bad := buyer()
	bad.Email = "ana@cliente.test" // a reserved domain, which the provider refuses
	s, err := h.SignUp(t.Context(), subscription.SignUp{ID: posta.NewID[posta.SubscriptionID](h.clock.Now()), MerchantID: p.MerchantID, Mode: p.Mode, PlanID: p.ID, Buyer: bad, By: "user:test"})
	if err != nil {
		t.Fatal(err)
	}
	h.days(t, 20)
	i := h.invoices(t, s.ID)[0]
	if i.State != subscription.Unpaid || i.Tried != 1 || i.Detail == "" {
		t.Errorf("%s tried %d, %q", i.State, i.Tried, i.Detail)
	}
}

// The provider's answer to the making of a voucher is lost, and there is one all the same.
func TestALostAnswerNeverMakesTwoVouchers(t *testing.T) {
	t.Parallel()
	for _, action := range []fault.Action{fault.CutAfter, fault.CutBefore} {
		h := sqlite(t, sim.Switches{})
		p := h.plan(t, subscription.EngineHub, nil)
		h.unplugged(t, fault.Rule{Method: "POST", Path: "/v1/payments", Action: action, Times: 1})
		s := h.signUp(t, p, "")
		for range 10 {
			h.later(t, time.Minute)
		}
		i := h.invoices(t, s.ID)[0]
		if len(i.Attempts) != 1 || i.Attempts[0].State != payment.Pending || !i.Attempts[0].Told {
			t.Errorf("%s: %+v", action, i.Attempts)
		}
		if b := h.sim.Books(string(i.Attempts[0].Payment)); b.Attempts != 1 {
			t.Errorf("%s: %d at the provider", action, b.Attempts)
		}
	}
}

// Paused periods are not charged; it goes on with the next, in its old rhythm.
func TestAPausedSubscriptionSkipsItsPeriods(t *testing.T) {
	t.Parallel()
	h := sqlite(t, sim.Switches{})
	s := h.signUp(t, h.plan(t, subscription.EngineHub, nil), "")
	h.pay(t, h.invoices(t, s.ID)[0].Attempts[0].Payment)
	h.days(t, 30) // 2 March: February's is open
	got, err := h.Pause(t.Context(), s.MerchantID, s.Mode, s.ID, "user:test")
	if err != nil || got.State != subscription.Paused {
		t.Fatal(got.State, err)
	}
	open := h.invoices(t, s.ID)[1].Attempts[0].Payment
	p, err := h.payments.Get(t.Context(), s.MerchantID, s.Mode, open)
	if err != nil || p.State != payment.Canceled {
		t.Errorf("its voucher is %s, %v", p.State, err)
	}
	h.days(t, 70) // 11 May: those of 31 March and 30 April have begun
	expect(t, states(h.invoices(t, s.ID)), "paid1", "void1", "scheduled0")
	if got, err = h.Resume(t.Context(), s.MerchantID, s.Mode, s.ID, "user:test"); err != nil || got.State != subscription.Active {
		t.Fatal(got.State, err)
	}
	expect(t, states(h.invoices(t, s.ID)), "paid1", "void1", "void0", "void0", "scheduled0")
	if want := time.Date(2027, 5, 31, 15, 0, 0, 0, time.UTC); !got.NextAt.Equal(want) {
		t.Errorf("next %s, want %s", got.NextAt, want)
	}
	h.days(t, 21)
	expect(t, states(h.invoices(t, s.ID)), "paid1", "void1", "void0", "void0", "open1", "scheduled0")
}

// A hub that was away for three months opens what it missed one after another,
// with one voucher at a time.
func TestAHubThatWasAwayCatchesUpInOrder(t *testing.T) {
	t.Parallel()
	h := sqlite(t, sim.Switches{})
	s := h.signUp(t, h.plan(t, subscription.EngineHub, nil), "")
	h.pay(t, h.invoices(t, s.ID)[0].Attempts[0].Payment)
	h.later(t, time.Hour)
	h.later(t, 92*day) // 3 May
	for n := 1; n <= 3; n++ {
		list := h.invoices(t, s.ID)
		open := 0
		for _, i := range list {
			if i.State.Asked() {
				open++
			}
		}
		if len(list) != n+2 || open != 1 || list[n].State != subscription.Open || list[n].Tried != 1 {
			t.Fatalf("after %d: %v", n, states(list))
		}
		h.pay(t, list[n].Attempts[0].Payment)
		h.days(t, 1)
	}
	expect(t, states(h.invoices(t, s.ID)), "paid1", "paid1", "paid1", "paid1", "scheduled0")
}

// A clock that jumps an hour back and forth around each due time bills nothing
// twice and ends nothing early.
func TestP48_AClockThatJumpsBillsNothingTwice(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHub(t, db, sim.Switches{})
		slips := h.signUp(t, h.plan(t, subscription.EngineHub, nil), "")
		cards := h.signUp(t, h.plan(t, subscription.EngineProvider, nil), "APRO")
		for n := range 16 * 4 {
			h.later(t, 6*time.Hour+time.Duration(n%3)*20*time.Minute)
			h.clock.Move(-time.Hour)
			h.sweep(t)
			h.clock.Move(2 * time.Hour)
			h.sweep(t)
			h.clock.Move(-time.Hour)
			h.sweep(t)
		}
		got := h.invoices(t, slips.ID)
		if got[0].Tried > 3 || got[0].Attempts[0].DueAt.Sub(got[0].Attempts[0].At) != 7*day || len(got) != 2 {
			t.Errorf("%v", states(got))
		}
		for n, a := range got[0].Attempts[1:] {
			if a.At.Before(got[0].Attempts[n].DueAt) {
				t.Errorf("try %d at %s, the one before ends %s", a.Number, a.At, got[0].Attempts[n].DueAt)
			}
		}
		paid := 0
		for _, i := range h.invoices(t, cards.ID) {
			if i.State == subscription.Paid {
				paid++
			}
		}
		b, _ := h.sim.Subscription(cards.Ref)
		if paid != 1 || len(b.Invoices) != 1 {
			t.Errorf("%d paid, %d at the provider", paid, len(b.Invoices))
		}
	})
}

// facts are what a provider tells of a voucher that was paid.
func facts(p payment.Payment, at time.Time) provider.Observation {
	return provider.Observation{ExternalReference: string(p.ID), Order: p.Order, Facts: []provider.Fact{
		{Kind: provider.FactOrder, ID: p.Order, Status: provider.StatusClosed, At: at, Amount: p.Amount.Amount, Currency: p.Amount.Currency},
		{Kind: provider.FactAttempt, ID: p.Order, Parent: p.Order, Status: provider.StatusApproved, At: at, Amount: p.Amount.Amount, Currency: p.Amount.Currency}}}
}

// Money for a voucher that had ended settles its invoice; where a second one was
// made meanwhile that is taken back, and where both were paid somebody is told.
func TestALateVoucherSettlesItsInvoice(t *testing.T) {
	t.Parallel()
	for _, both := range []bool{false, true} {
		t.Run(fmt.Sprint("both ", both), func(t *testing.T) {
			h := sqlite(t, sim.Switches{})
			s := h.signUp(t, h.plan(t, subscription.EngineHub, nil), "")
			h.days(t, 8)
			i := h.invoices(t, s.ID)[0]
			if i.State != subscription.Retrying || len(i.Attempts) != 2 {
				t.Fatalf("%v", states(h.invoices(t, s.ID)))
			}
			if both {
				h.pay(t, i.Attempts[1].Payment)
			}
			first, err := h.payments.Get(t.Context(), s.MerchantID, s.Mode, i.Attempts[0].Payment)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := h.payments.Apply(t.Context(), first.ConnectionID, payment.News{Source: payment.FromNotice, Observation: facts(first, h.clock.Now())}); err != nil {
				t.Fatal(err)
			}
			h.days(t, 1)
			i = h.invoices(t, s.ID)[0]
			second, err := h.payments.Get(t.Context(), s.MerchantID, s.Mode, i.Attempts[1].Payment)
			want, attention := payment.Canceled, subscription.AttentionNone
			if both {
				want, attention = payment.Paid, subscription.AttentionTwice
			}
			if err != nil || i.State != subscription.Paid || i.Attention != attention || second.State != want {
				t.Errorf("%s %q, the second is %s, %v", i.State, i.Attention, second.State, err)
			}
			h.days(t, 14)
			if i = h.invoices(t, s.ID)[0]; len(i.Attempts) != 2 || h.get(t, s.ID).State != subscription.Active {
				t.Errorf("%d tries, %s", len(i.Attempts), h.get(t, s.ID).State)
			}
		})
	}
}

// A new price counts from the next period, a plan's reaches those who paid the old one.
func TestANewAmountCountsFromTheNextPeriod(t *testing.T) {
	t.Parallel()
	h := sqlite(t, sim.Switches{})
	p := h.plan(t, subscription.EngineHub, nil)
	s, other := h.signUp(t, p, ""), h.signUp(t, p, "")
	if _, err := h.ChangeAmount(t.Context(), s.MerchantID, s.Mode, s.ID, 99_000, "user:test"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.ChangePlan(t.Context(), p.MerchantID, p.Mode, p.ID, subscription.PlanChange{Amount: new(int64(180_000))}, "user:test"); err != nil {
		t.Fatal(err)
	}
	for _, id := range []posta.SubscriptionID{s.ID, other.ID} {
		h.pay(t, h.invoices(t, id)[0].Attempts[0].Payment)
	}
	h.days(t, 30)
	for id, want := range map[posta.SubscriptionID][2]int64{s.ID: {150_000, 99_000}, other.ID: {150_000, 180_000}} {
		list := h.invoices(t, id)
		if list[0].Amount.Amount != want[0] || list[1].Amount.Amount != want[1] || list[1].State != subscription.Open {
			t.Errorf("%d, %d, %v", list[0].Amount.Amount, list[1].Amount.Amount, states(list))
		}
	}
}

// A trial, a number of periods, an end.
func TestATrialAndAnEnd(t *testing.T) {
	t.Parallel()
	h := sqlite(t, sim.Switches{})
	p := h.plan(t, subscription.EngineHub, func(p *subscription.NewPlan) { p.Trial, p.Repetitions = provider.Period{Every: 10, Unit: "days"}, 2 })
	s := h.signUp(t, p, "")
	if !s.Trial(h.clock.Now()) || s.State != subscription.Active {
		t.Errorf("%+v", s)
	}
	expect(t, states(h.invoices(t, s.ID)), "scheduled0")
	h.days(t, 10)
	h.pay(t, h.invoices(t, s.ID)[0].Attempts[0].Payment)
	h.days(t, 29)
	expect(t, states(h.invoices(t, s.ID)), "paid1", "open1")
	h.pay(t, h.invoices(t, s.ID)[1].Attempts[0].Payment)
	h.days(t, 60)
	expect(t, states(h.invoices(t, s.ID)), "paid1", "paid1")
	if got := h.get(t, s.ID); got.State != subscription.Ended || !got.NextAt.IsZero() {
		t.Errorf("%s, next %s", got.State, got.NextAt)
	}
}

// Two replicas that sweep at once make one voucher of each try and one payment of
// each charge.
//
// Seen red under: a try added without the row's lock; a payment adopted without
// the table that names it.
func TestTwoReplicasBillOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHub(t, db, sim.Switches{DropNotices: true})
		h.Mail = nil
		other := &subscription.Service{Store: h.Service.Store, Open: h.Service.Open, Payments: h.payments, Clock: h.clock, Log: h.Log, Committed: func() {}, Say: h.Say,
			Amount: h.Service.Amount, URL: h.URL}
		slips, cards := h.plan(t, subscription.EngineHub, nil), h.plan(t, subscription.EngineProvider, nil)
		var ids []posta.SubscriptionID
		for range 6 {
			ids = append(ids, h.signUp(t, slips, "").ID, h.signUp(t, cards, "APRO").ID)
		}
		for range 16 {
			h.clock.Move(2 * day)
			if err := h.sim.Expire(h.clock.Now()); err != nil {
				t.Fatal(err)
			}
			var both sync.WaitGroup
			for _, s := range []*subscription.Service{h.Service, other} {
				for _, id := range ids {
					both.Go(func() {
						if _, err := s.Refresh(t.Context(), h.world.Merchant.ID, posta.Test, id); err != nil {
							t.Errorf("%s: %v", id, err)
						}
					})
				}
			}
			both.Wait()
			h.sweep(t)
		}
		for _, id := range ids {
			for n, i := range h.invoices(t, id) {
				owned, err := db.OwnedPayments(t.Context(), i.MerchantID, []posta.InvoiceID{i.ID})
				want := len(i.Attempts)
				if i.Ref != "" {
					want = map[bool]int{true: 1}[i.State == subscription.Paid]
				}
				if err != nil || len(owned) != want || i.Sequence != n+1 {
					t.Errorf("%s: period %d %s has %d payments, want %d, %v", id, i.Sequence, i.State, len(owned), want, err)
				}
				for _, p := range owned {
					if b := h.sim.Books(string(p.ID)); i.Ref == "" && b.Attempts != 1 {
						t.Errorf("%s: %d vouchers of one try", id, b.Attempts)
					}
				}
			}
		}
	})
}
