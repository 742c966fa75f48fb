package subscription_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"posta"
	"posta/payment"
	sim "posta/sim/mercadopago"
	"posta/store"
	"posta/store/storetest"
	"posta/subscription"
)

// A year of subscriptions: half are the provider's, a tenth of them with a card
// that fails from some day on, half the hub's, a fifth of whose vouchers are paid
// only when a second one is there. Every invoice is accounted for, none is billed
// twice, and what we say is what the simulator's books say.
//
// Seen red under: a try added without looking whether the one before has ended; an
// invoice named by the moment of its making; facts applied in order of arrival.
func TestP37_AYearBillsEachPeriodOnce(t *testing.T) {
	t.Parallel()
	size := map[store.Dialect]int{store.SQLite: yearSizeSQLite, store.Postgres: yearSizePostgres}
	if testing.Short() {
		size[store.SQLite] = 100
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHub(t, db, sim.Switches{NoDuplicate: true, DropNotices: true})
		h.Mail = nil // what is written is only kept
		y := &year{hub: h, size: size[db.Dialect()], failing: map[int][]string{}}
		y.cards = h.plan(t, subscription.EngineProvider, nil)
		y.slips = h.plan(t, subscription.EngineHub, func(p *subscription.NewPlan) { p.Dunning.GraceDays = 2 })
		for day := 0; day < 366; day += 3 {
			y.morning(t, day)
			h.later(t, 72*time.Hour)
		}
		h.later(t, time.Hour) // what was due at the last moment
		y.audit(t)
	})
}

type year struct {
	*hub
	size         int
	cards, slips subscription.Plan
	ids          []posta.SubscriptionID
	failing      map[int][]string // the provider's ids, by the day from which the card fails
	failed, late int
}

// draw gives a number below n that a text always gives.
func draw(n uint32, text string) uint32 {
	f := fnv.New32a()
	_, _ = f.Write([]byte(text))
	return f.Sum32() % n
}

// morning is what buyers do every third day: they sign up in the first weeks, some cards
// begin to fail, and vouchers are paid.
func (y *year) morning(t *testing.T, day int) {
	for n := day * y.size / 28; day < 28 && n < min(day+3, 28)*y.size/28; n++ {
		plan := y.cards
		if n%2 == 1 {
			plan = y.slips
		}
		s := y.signUp(t, plan, "APRO")
		y.ids = append(y.ids, s.ID)
		if n%20 == 0 {
			from := day + 3*int(draw(100, string(s.ID)))
			y.failing[from] = append(y.failing[from], s.Ref)
		}
	}
	for _, ref := range y.failing[day] {
		y.failed++
		if err := y.sim.FailCard(ref); err != nil {
			t.Fatal(err)
		}
	}
	for _, state := range []subscription.InvoiceState{subscription.Open, subscription.Retrying} {
		f := subscription.InvoiceFilter{MerchantID: y.world.Merchant.ID, Mode: posta.Test, State: state, Page: posta.Page{Limit: 100}}
		for more := true; more; {
			list, err := y.ListInvoices(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range list {
				y.pay(t, i)
				f.After = string(i.ID)
			}
			more = len(list) == 100
		}
	}
}

// pay pays a voucher some days after it was made; one of five first vouchers never.
func (y *year) pay(t *testing.T, i subscription.Invoice) {
	last := i.Attempts[len(i.Attempts)-1]
	if last.State != payment.Pending {
		return // the provider's own, or one that is not there yet
	}
	if draw(5, "late "+string(i.ID)) == 0 && i.Tried == 1 {
		y.late++
		return
	}
	age := y.clock.Now().Sub(last.At)
	if age < time.Duration(1+draw(4, string(i.ID)))*24*time.Hour || draw(50, "never "+string(i.ID)) == 0 {
		return
	}
	p, err := y.payments.Get(t.Context(), i.MerchantID, i.Mode, last.Payment)
	if err != nil {
		t.Fatal(err)
	}
	id, err := strconv.ParseInt(p.Order, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	if err := y.sim.PayVoucher(id); err != nil {
		t.Fatal(err)
	}
}

// audit holds what we say against the simulator's books.
func (y *year) audit(t *testing.T) {
	if y.failed != y.size/20 || y.late < y.size/4 {
		t.Errorf("%d cards failed and %d vouchers were late: too few to tell anything", y.failed, y.late)
	}
	books := map[string]sim.SubscriptionBook{}
	for _, b := range y.sim.Subscriptions() {
		if _, twice := books[b.ExternalReference]; twice {
			t.Errorf("%s is there twice", b.ExternalReference)
		}
		books[b.ExternalReference] = b
	}
	if len(books) != y.size/2 || len(y.ids) != y.size {
		t.Fatalf("%d of ours, %d of the provider's, want %d and %d", len(y.ids), len(books), y.size, y.size/2)
	}
	var wait sync.WaitGroup
	slots := make(chan struct{}, 4)
	totals := &tally{counts: map[string]int{}}
	for _, id := range y.ids {
		wait.Add(1)
		slots <- struct{}{}
		go func() {
			defer func() { <-slots; wait.Done() }()
			s := y.get(t, id)
			invoices := y.invoices(t, id)
			if s.Engine == subscription.EngineProvider {
				y.auditCards(t, s, invoices, books[string(id)], totals)
			} else {
				y.auditSlips(t, s, invoices, totals)
			}
		}()
	}
	wait.Wait()
	t.Log(totals.counts)
	if approved := y.approved(); approved != totals.money {
		t.Errorf("the simulator took %d, our paid invoices say %d", approved, totals.money)
	}
}

// approved is what the simulator took, in minor units, validation charges of cards left out.
func (y *year) approved() (sum int64) {
	for _, b := range y.sim.AllBooks() {
		sum += b.Approved - b.Refunded
	}
	return sum
}

type tally struct {
	sync.Mutex
	counts map[string]int
	money  int64
}

func (c *tally) add(i subscription.Invoice, engine subscription.Engine) {
	c.Lock()
	defer c.Unlock()
	c.counts[string(engine)+" "+string(i.State)]++
	if i.State == subscription.Paid {
		c.money += i.Amount.Amount
	}
}

var statusOf = map[subscription.State]string{subscription.Active: "authorized", subscription.PastDue: "authorized", subscription.Canceled: "cancelled"}

func (y *year) auditCards(t *testing.T, s subscription.Subscription, invoices []subscription.Invoice, b sim.SubscriptionBook, totals *tally) {
	if statusOf[s.State] != b.Status || s.Ref != b.ID || s.Amount.Amount != b.Amount {
		t.Errorf("%s: %s %s %d, the provider says %s %s %d", s.ID, s.State, s.Ref, s.Amount.Amount, b.Status, b.ID, b.Amount)
	}
	theirs := map[string]sim.InvoiceBook{}
	for _, i := range b.Invoices {
		theirs[strconv.FormatInt(i.ID, 10)] = i
	}
	for n, i := range invoices {
		if i.Sequence != n+1 || i.Ref == "" && i.State != subscription.Scheduled && i.State != subscription.Void {
			t.Errorf("%s: invoice %d is %d %s", s.ID, n, i.Sequence, i.State)
		}
		if i.Ref == "" {
			continue
		}
		their, there := theirs[i.Ref]
		delete(theirs, i.Ref)
		totals.add(i, s.Engine)
		want := map[string]subscription.InvoiceState{"scheduled": subscription.Scheduled, "recycling": subscription.Retrying, "cancelled": subscription.Void,
			"processed approved": subscription.Paid, "processed rejected": subscription.Unpaid}
		status := their.Status
		if status == "processed" {
			status += " " + their.PaymentStatus
		}
		if !there || want[status] != i.State || their.Amount != i.Amount.Amount || their.Attempts != i.Tried || !their.Due.Equal(i.DueAt) {
			t.Errorf("%s: invoice %s is %s tried %d due %s, the provider's %s tried %d due %s", s.ID, i.Ref, i.State, i.Tried, i.DueAt, status, their.Attempts, their.Due)
		}
		if i.State == subscription.Paid {
			y.auditPaid(t, i, strconv.FormatInt(their.Payment, 10))
		}
	}
	if len(theirs) > 0 {
		t.Errorf("%s: %d invoices of the provider's are not ours: %v", s.ID, len(theirs), theirs)
	}
}

// auditPaid holds the payment of ours that stands for the provider's own.
func (y *year) auditPaid(t *testing.T, i subscription.Invoice, attempt string) {
	p, err := y.payments.Get(t.Context(), i.MerchantID, i.Mode, i.Payment)
	if err != nil || p.State != payment.Paid || p.Owner != string(i.ID) || p.Order != attempt || p.Captured != i.Amount.Amount {
		t.Errorf("invoice %s: payment %s is %s of %s, order %s, %d, %v", i.ID, p.ID, p.State, p.Owner, p.Order, p.Captured, err)
	}
}

func (y *year) auditSlips(t *testing.T, s subscription.Subscription, invoices []subscription.Invoice, totals *tally) {
	if len(invoices) != 13 && len(invoices) != 12 && len(invoices) != 14 {
		t.Errorf("%s: %d invoices in a year: %v", s.ID, len(invoices), states(invoices))
	}
	var ids []posta.InvoiceID
	for n, i := range invoices {
		totals.add(i, s.Engine)
		ids = append(ids, i.ID)
		if i.Sequence != n+1 || n > 0 && !i.PeriodFrom.Equal(invoices[n-1].PeriodTo) || !i.PeriodTo.After(i.PeriodFrom) {
			t.Errorf("%s: period %d is %s to %s", s.ID, n, i.PeriodFrom, i.PeriodTo)
		}
		if i.State == subscription.Void || i.State == subscription.Scheduled && n != len(invoices)-1 {
			t.Errorf("%s: %v", s.ID, states(invoices))
		}
	}
	owned, err := y.db.OwnedPayments(context.Background(), s.MerchantID, ids)
	if err != nil {
		t.Fatal(err)
	}
	paid := map[string]int{}
	for _, p := range owned {
		if p.State.Moneyed() {
			paid[p.Owner]++
		}
		if p.State.Open() && p.CreatedAt.Before(y.clock.Now().AddDate(0, 0, -8)) {
			t.Errorf("%s is %s since %s", p.ID, p.State, p.CreatedAt)
		}
	}
	for _, i := range invoices {
		if want := map[bool]int{true: 1}[i.State == subscription.Paid]; paid[string(i.ID)] != want || i.Tried > 3 || len(i.Attempts) != i.Tried {
			t.Errorf("%s: invoice %d is %s, paid %d times, tried %d", s.ID, i.Sequence, i.State, paid[string(i.ID)], i.Tried)
		}
		if i.State == subscription.Paid && !slices.ContainsFunc(owned, func(p payment.Payment) bool { return p.ID == i.Payment && p.State == payment.Paid }) {
			t.Error(fmt.Sprint(s.ID, " is paid by ", i.Payment, ", which is not"))
		}
	}
}
