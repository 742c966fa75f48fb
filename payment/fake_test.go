package payment_test

import (
	"cmp"
	"context"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
	"posta/store"
	"posta/store/storetest"
)

// fake is a provider of one order per charge, whose answers a test can lose.
type fake struct {
	mu       sync.Mutex
	clock    posta.Clock
	recovery provider.Recovery
	orders   map[posta.PaymentID]*fakeOrder
	creates  map[string]int // calls by key
	refunds  map[string]provider.Fact
	lose     string                 // operation whose next answer is lost, after it was done
	drop     string                 // operation whose next call never arrives
	refuse   string                 // operation that is refused
	code     posta.Code             // what a refusal says; provider_rejected by default
	stingy   string                 // attempt of which nothing is given back
	foreign  string                 // till that the provider names instead of ours
	before   func(operation string) // happens while a call is under way, before its work is done
	after    func(operation string) // happens when its work is done, before it is answered
}

type fakeOrder struct {
	status  provider.Status
	at      time.Time
	amount  posta.Money
	attempt []provider.Fact
}

// link is the fake as a connector.
type link struct{ *fake }

func (f link) Capabilities(provider.Rail) provider.Capabilities {
	return provider.Capabilities{Offered: true, Recovery: f.recovery, PartialRefund: true, SplitTender: true,
		Flows: []provider.Flow{provider.FlowRedirect, provider.FlowDirect}}
}

func (f link) Check(context.Context) (provider.Account, error) { return provider.Account{}, nil }

func (f *fake) fail(operation string) (before, after error) {
	lost := posta.Errorf(posta.CodeProviderUnavailable, "scripted")
	f.happen(f.before, operation)
	if f.refuse == operation {
		return &posta.Error{Code: cmp.Or(f.code, posta.CodeProviderRejected), Params: map[string]string{"code": "scripted"}}, nil
	}
	if f.drop == operation {
		f.drop = ""
		return lost, nil
	}
	if f.lose == operation {
		f.lose = ""
		return nil, lost
	}
	return nil, nil
}

// happen lets something happen without the lock.
func (f *fake) happen(what func(string), operation string) {
	if what != nil {
		f.mu.Unlock()
		defer f.mu.Lock()
		what(operation)
	}
}

func (f link) Create(_ context.Context, c provider.Charge, key string) (provider.Observation, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before, after := f.fail("create")
	if before != nil {
		return provider.Observation{}, before
	}
	f.creates[key]++
	if f.orders[c.Payment] == nil {
		f.orders[c.Payment] = &fakeOrder{status: provider.StatusOpen, at: f.clock.Now(), amount: c.Amount}
	}
	f.happen(f.after, "create")
	if after != nil {
		return provider.Observation{}, after
	}
	return f.see(c.Payment), nil
}

func (f link) Get(_ context.Context, c provider.Charge) (provider.Observation, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if before, _ := f.fail("get"); before != nil {
		return provider.Observation{}, before
	}
	return f.see(c.Payment), nil
}

func (f link) Cancel(_ context.Context, c provider.Charge, _ string) (provider.Observation, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before, after := f.fail("cancel")
	if before != nil {
		return provider.Observation{}, before
	}
	if o := f.orders[c.Payment]; o == nil {
		return provider.Observation{Facts: []provider.Fact{{Kind: provider.FactOrder, ID: "order", Status: provider.StatusCanceled, At: f.clock.Now()}}}, after
	} else if o.status == provider.StatusOpen {
		o.status, o.at = provider.StatusCanceled, f.clock.Now()
	}
	if after != nil {
		return provider.Observation{}, after
	}
	return f.see(c.Payment), nil
}

func (f link) Refund(_ context.Context, c provider.Charge, r provider.Refund) (provider.Observation, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before, after := f.fail("refund")
	if before != nil {
		return provider.Observation{}, before
	}
	if r.Attempt == f.stingy {
		return provider.Observation{}, &posta.Error{Code: posta.CodeProviderRejected, Params: map[string]string{"code": "stingy"}}
	}
	if _, known := f.refunds[r.Key]; !known {
		fact := provider.Fact{Kind: provider.FactRefund, ID: "r-" + r.Key, Parent: r.Attempt, Status: provider.StatusApproved,
			Amount: r.Amount.Amount, At: f.clock.Now()}
		f.refunds[r.Key] = fact
		f.orders[c.Payment].attempt = append(f.orders[c.Payment].attempt, fact)
	}
	f.happen(f.after, "refund")
	if after != nil {
		return provider.Observation{}, after
	}
	return provider.Observation{Facts: []provider.Fact{f.refunds[r.Key]}}, nil
}

func (f link) Fetch(_ context.Context, n provider.Notice) ([]provider.Observation, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	seen := f.see(posta.PaymentID(n.Resource))
	if len(seen.Facts) == 0 {
		return nil, &posta.Error{Code: posta.CodeNotFound}
	}
	return []provider.Observation{seen}, nil
}

// see is all that the provider says of a charge.
func (f *fake) see(id posta.PaymentID) provider.Observation {
	seen := provider.Observation{ExternalReference: string(id), Till: f.foreign}
	if o := f.orders[id]; o != nil {
		seen.Facts = append(seen.Facts, provider.Fact{Kind: provider.FactOrder, ID: "order", Status: o.status, At: o.at,
			Amount: o.amount.Amount, Currency: o.amount.Currency})
		seen.Facts = append(seen.Facts, o.attempt...)
	}
	return seen
}

// pay is the buyer: the order closes with one approved attempt per amount.
func (f *fake) pay(id posta.PaymentID, amounts ...int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := f.orders[id]
	o.status, o.at = provider.StatusClosed, f.clock.Now()
	for i, amount := range amounts {
		o.attempt = append(o.attempt, provider.Fact{Kind: provider.FactAttempt, ID: string(id) + string(rune('a'+i)), Parent: "order",
			Status: provider.StatusApproved, Amount: amount, At: f.clock.Now(), Brand: "visa", LastFour: "0004"})
	}
}

// desk is a service on a real database, with a fake provider and a clock that stands.
type desk struct {
	*payment.Service
	*fake
	db    *store.DB
	world storetest.World
	clock *posta.MovableClock
}

func newDesk(t testing.TB, db *store.DB) *desk {
	clock := posta.NewFrozenClock(storetest.Now)
	f := &fake{clock: clock, recovery: provider.RecoverRepeat, orders: map[posta.PaymentID]*fakeOrder{},
		creates: map[string]int{}, refunds: map[string]provider.Fact{}}
	return &desk{fake: f, db: db, world: storetest.Seed(t, db), clock: clock, Service: &payment.Service{Store: db, Clock: clock,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Committed: func() {},
		Open:      func(context.Context, posta.ConnectionID) (provider.Connector, error) { return link{f}, nil },
		NotifyURL: func(posta.ConnectionID) string { return "http://127.0.0.1/hooks" }}}
}

func (d *desk) input() payment.Input {
	return payment.Input{ID: posta.NewID[posta.PaymentID](d.clock.Now()), MerchantID: d.world.Merchant.ID, Mode: posta.Test,
		TillID: d.world.Till.ID, Amount: posta.Money{Amount: 150000}, By: "user:test"}
}

func (d *desk) charge(t testing.TB) payment.Payment {
	t.Helper()
	p, err := d.Create(context.Background(), d.input())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (d *desk) get(t testing.TB, id posta.PaymentID) payment.Payment {
	t.Helper()
	p, err := d.Get(context.Background(), d.world.Merchant.ID, posta.Test, id)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// later moves the clock on and sweeps what became due.
func (d *desk) later(t testing.TB, wait time.Duration) {
	t.Helper()
	d.clock.Move(wait)
	for _, sweep := range []func(context.Context, func(func())) (int, error){d.SweepPayments, d.SweepRefunds} {
		if _, err := sweep(context.Background(), func(f func()) { f() }); err != nil {
			t.Fatal(err)
		}
	}
}

func (d *desk) events(t testing.TB, id posta.PaymentID) map[string]int {
	t.Helper()
	list, err := d.db.EventsAbout(context.Background(), d.world.Merchant.ID, id)
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, e := range list {
		count[e.Type]++
	}
	return count
}

func (d *desk) refundsOf(t testing.TB, id posta.PaymentID) []payment.Refund {
	t.Helper()
	list, err := d.db.ListRefunds(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func (d *desk) notice(t testing.TB, p payment.Payment) {
	t.Helper()
	if _, err := d.TakeNotice(context.Background(), p.ConnectionID, provider.Notice{Resource: string(p.ID)}); err != nil {
		t.Error(err)
	}
}
