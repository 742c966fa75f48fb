package inbox_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"posta"
	"posta/inbox"
	"posta/payment"
	"posta/provider"
	"posta/store"
	"posta/store/storetest"
	"posta/till"
)

// booth is an inbox whose owner is the payment service, over a provider that
// is nothing but a history of each charge.
type booth struct {
	*desk
	payments *payment.Service
	mu       sync.Mutex
	now      map[string]int // how much of its history a charge has behind it
}

// history is what the provider says of a charge, step by step.
func history(at time.Time) [][]provider.Fact {
	order := func(status provider.Status, minute int) provider.Fact {
		return provider.Fact{Kind: provider.FactOrder, ID: "o", Status: status, At: at.Add(time.Duration(minute) * time.Minute), Amount: 1000, Currency: "ARS"}
	}
	attempt := func(id string, status provider.Status, minute int) provider.Fact {
		return provider.Fact{Kind: provider.FactAttempt, ID: id, Parent: "o", Status: status, Amount: 1000, At: at.Add(time.Duration(minute) * time.Minute)}
	}
	refund := provider.Fact{Kind: provider.FactRefund, ID: "r", Parent: "b", Status: provider.StatusApproved, Amount: 400, At: at.Add(4 * time.Minute)}
	return [][]provider.Fact{
		{order(provider.StatusOpen, 0)},
		{order(provider.StatusOpen, 0), attempt("a", provider.StatusRejected, 1)},
		{order(provider.StatusClosed, 2), attempt("a", provider.StatusRejected, 1), attempt("b", provider.StatusApproved, 2)},
		{order(provider.StatusClosed, 2), attempt("a", provider.StatusRejected, 1), attempt("b", provider.StatusApproved, 2), refund},
	}
}

func (b *booth) Capabilities(provider.Rail) provider.Capabilities {
	return provider.Capabilities{Offered: true}
}
func (b *booth) Check(context.Context) (provider.Account, error) {
	return provider.Account{}, nil
}

func (b *booth) see(reference string, step int) provider.Observation {
	return provider.Observation{ExternalReference: reference, Facts: history(storetest.Now)[step]}
}

func (b *booth) Create(_ context.Context, c provider.Charge, _ string) (provider.Observation, error) {
	return b.see(string(c.Payment), 0), nil
}

func (b *booth) Get(_ context.Context, c provider.Charge) (provider.Observation, error) {
	return b.see(string(c.Payment), b.step(string(c.Payment))), nil
}

func (b *booth) Cancel(ctx context.Context, c provider.Charge, _ string) (provider.Observation, error) {
	return b.Get(ctx, c)
}

func (b *booth) Refund(ctx context.Context, c provider.Charge, _ provider.Refund) (provider.Observation, error) {
	return b.Get(ctx, c)
}

// Fetch gives what the provider's machine that is asked knows: with an action
// of "lagging" one that stands where the notice's version says.
func (b *booth) Fetch(_ context.Context, n provider.Notice) ([]provider.Observation, error) {
	step := b.step(n.Resource)
	if n.Action == "lagging" {
		_, _ = fmt.Sscan(n.Version, &step)
	}
	return []provider.Observation{b.see(n.Resource, step)}, nil
}

func (b *booth) step(id string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now[id]
}

func (b *booth) move(id posta.PaymentID, step int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now[string(id)] = step
}

func newBooth(t testing.TB, db *store.DB) *booth {
	b := &booth{desk: newDesk(t, db), now: map[string]int{}}
	b.payments = &payment.Service{Store: db, Clock: b.clock, Log: quiet, Committed: func() {},
		Open:      func(context.Context, posta.ConnectionID) (provider.Connector, error) { return b, nil },
		NotifyURL: func(posta.ConnectionID) string { return "http://127.0.0.1/hooks" }}
	b.Owners = map[string]inbox.Owner{"order": func(ctx context.Context, c posta.ConnectionID, n provider.Notice) (inbox.Handling, error) {
		outcome, err := b.payments.TakeNotice(ctx, c, n) // as app does
		return inbox.Handling{Payment: outcome.Payment.ID, Changed: outcome.Payment.ID != "" && outcome.Changed(),
			New: outcome.New, Open: outcome.Payment.State.Open()}, err
	}}
	return b
}

func (b *booth) charge(at till.Till) payment.Payment {
	b.t.Helper()
	p, err := b.payments.Create(b.t.Context(), payment.Input{ID: posta.NewID[posta.PaymentID](b.clock.Now()), MerchantID: b.world.Merchant.ID,
		Mode: posta.Test, TillID: at.ID, Amount: posta.Money{Amount: 1000}, By: "user:test"})
	if err != nil {
		b.t.Fatal(err)
	}
	return p
}

func (b *booth) payment(id posta.PaymentID) payment.Payment {
	b.t.Helper()
	p, err := b.payments.Get(b.t.Context(), b.world.Merchant.ID, posta.Test, id)
	if err != nil {
		b.t.Fatal(err)
	}
	return p
}

func (b *booth) events(id posta.PaymentID) int {
	b.t.Helper()
	list, err := b.db.EventsAbout(b.t.Context(), b.world.Merchant.ID, id)
	if err != nil {
		b.t.Fatal(err)
	}
	return len(list)
}

func eachBooth(t *testing.T, test func(t *testing.T, b *booth)) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) { test(t, newBooth(t, db)) })
}

// Promise 11. Seen red under: an owner that believes the notice's status.
func TestP11_ANoticeAloneChangesNothing(t *testing.T) {
	eachBooth(t, func(t *testing.T, b *booth) {
		p := b.charge(b.world.Till)
		events := b.events(p.ID)
		for i, verdict := range []provider.Judgement{provider.Unverifiable, provider.BadSignature, provider.Stale, provider.Verified} {
			id := b.accept(told{Resource: string(p.ID), Action: "order.processed", Status: "closed", Version: fmt.Sprint(7 + i), Verdict: verdict})
			b.sweep()
			if n := b.want(id, inbox.Handled, inbox.ResultOpened); n.Payment != p.ID || n.Verdict.Judgement != verdict {
				t.Errorf("%q, %q", n.Payment, n.Verdict.Judgement)
			}
			b.clock.Move(time.Minute)
		}
		if got := b.payment(p.ID); got.State != payment.Pending || b.events(p.ID) != events {
			t.Fatalf("%s with %d events", got.State, b.events(p.ID)-events)
		}
		b.move(p.ID, 2)
		id := b.accept(told{Resource: string(p.ID), Action: "order.created", Status: "opened", Version: "1", Verdict: provider.Unverifiable})
		b.sweep()
		b.want(id, inbox.Handled, inbox.ResultChanged)
		if got := b.payment(p.ID); got.State != payment.Paid {
			t.Fatalf("fetched and %s", got.State)
		}
	})
}

// permutations of 0…n-1.
func permutations(n int) [][]int {
	if n == 0 {
		return [][]int{{}}
	}
	var out [][]int
	for _, p := range permutations(n - 1) {
		for i := range n {
			out = append(out, append(append(append([]int{}, p[:i]...), n-1), p[i:]...))
		}
	}
	return out
}

// Promise 13: all orders of arrival, each notice told twice, and each fetch
// answered by a machine of the provider's that is as far behind as the notice.
// Seen red under: the last observation's facts only.
func TestP13_NoticesInAnyOrderEndEqual(t *testing.T) {
	eachBooth(t, func(t *testing.T, b *booth) {
		var want payment.Summary
		for i, order := range permutations(4) {
			p := b.charge(b.world.AddTill(t, b.db))
			for _, step := range order {
				for range 2 {
					if err := b.Accept(t.Context(), b.world.Connection.ID, "", nil, told{Resource: string(p.ID), Action: "lagging",
						Status: "s", Version: fmt.Sprint(step)}.body()); err != nil {
						t.Fatal(err)
					}
				}
				b.later(time.Second)
			}
			got := b.payment(p.ID)
			if i == 0 {
				want = got.Summary
				if want.State != payment.PartiallyRefunded || want.Refunded != 400 || want.Declined != 1 {
					t.Fatalf("%+v", want)
				}
			}
			if diff := cmp.Diff(want, got.Summary); diff != "" {
				t.Errorf("%v:\n%s", order, diff)
			}
		}
	})
}

// The same with all of them handled at the same time.
func TestP13_NoticesAtTheSameTimeEndEqual(t *testing.T) {
	eachBooth(t, func(t *testing.T, b *booth) {
		for range 5 {
			p := b.charge(b.world.AddTill(t, b.db))
			for step := range 4 {
				for i := range 3 {
					if err := b.Accept(t.Context(), b.world.Connection.ID, "", nil, told{Resource: string(p.ID), Action: "lagging",
						Status: fmt.Sprint(i), Version: fmt.Sprint(step)}.body()); err != nil {
						t.Fatal(err)
					}
				}
			}
			all(b.claim())
			if got := b.payment(p.ID); got.State != payment.PartiallyRefunded || got.Refunded != 400 || got.Declined != 1 {
				t.Errorf("%+v", got.Summary)
			}
		}
	})
}

// Promise 14, with the real owner: the provider is faster than our own commit.
func TestP14_ANoticeFasterThanOurOwnCommit(t *testing.T) {
	eachBooth(t, func(t *testing.T, b *booth) {
		id := posta.NewID[posta.PaymentID](b.clock.Now())
		b.move(id, 2)
		early := b.accept(told{Resource: string(id), Version: "1"})
		b.sweep()
		b.want(early, inbox.Waiting, inbox.ResultUnknown)
		if _, err := b.payments.Create(t.Context(), payment.Input{ID: id, MerchantID: b.world.Merchant.ID, Mode: posta.Test,
			TillID: b.world.Till.ID, Amount: posta.Money{Amount: 1000}, By: "user:test"}); err != nil {
			t.Fatal(err)
		}
		b.later(2 * time.Second)
		b.want(early, inbox.Handled, inbox.ResultChanged)
		if got := b.payment(id); got.State != payment.Paid {
			t.Errorf("%s", got.State)
		}
	})
}
