package payment_test

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"posta"
	"posta/outbound"
	"posta/payment"
	"posta/provider"
	"posta/store"
	"posta/store/storetest"
	"posta/till"
)

// pos is a provider of card terminals that keeps no keys: each create puts
// another intent in the terminal's list, and a lost answer cannot be asked for.
type pos struct {
	mu       sync.Mutex
	clock    posta.Clock
	can      provider.TerminalCapabilities
	intents  []*intent
	returns  []*back
	creates  map[posta.PaymentID]int
	asked    map[string]int // refunds by key
	gets     int
	made     []string // what each call of a refund, and each question, was made for
	document string   // that came with the latest create
	lose     string   // operation whose next answer is lost, after it was done
	drop     string   // operation whose next call never arrives
	refuse   posta.Code
	stubborn bool // a cancellation waits for the terminal
}

type intent struct {
	id      string
	payment posta.PaymentID
	order   provider.Fact
	attempt *provider.Fact
}

type back struct {
	ask     provider.Refund
	payment posta.PaymentID
	fact    provider.Fact
}

// linkPOS is the pos as a connector.
type linkPOS struct{ *pos }

func (f linkPOS) Capabilities(rail provider.Rail) provider.Capabilities {
	if rail != provider.RailTerminal {
		return provider.Capabilities{}
	}
	return provider.Capabilities{Offered: true, Recovery: provider.RecoverNone, PartialRefund: true, Terminal: f.can}
}

func (f linkPOS) Check(context.Context) (provider.Account, error) { return provider.Account{}, nil }

// fails gives the script's errors of an operation, before and after its work.
func (f *pos) fails(operation string) (before, after error) {
	lost := posta.Errorf(posta.CodeProviderUnavailable, "scripted")
	switch {
	case f.refuse != "":
		return &posta.Error{Code: f.refuse, Params: map[string]string{"code": "scripted"}}, nil
	case f.drop == operation:
		f.drop = ""
		return lost, nil
	case f.lose == operation:
		f.lose = ""
		return nil, lost
	}
	return nil, nil
}

func (f linkPOS) Create(_ context.Context, c provider.Charge, _ string) (provider.Observation, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.creates[c.Payment]++
	f.document = c.Options.Document
	before, after := f.fails("create")
	if before != nil {
		return provider.Observation{}, before
	}
	i := &intent{id: "i" + strconv.Itoa(len(f.intents)+1), payment: c.Payment}
	i.order = provider.Fact{Kind: provider.FactOrder, ID: i.id, Amount: c.Amount.Amount}
	f.intents = append(f.intents, i)
	f.move(&i.order, provider.StatusOpen, provider.ProgressOffered)
	if after != nil {
		return provider.Observation{}, after
	}
	return i.see(), nil
}

func (f linkPOS) Get(ctx context.Context, c provider.Charge) (out provider.Observation, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gets++
	f.made = append(f.made, outbound.TagOf(ctx).Operation)
	if before, _ := f.fails("get"); before != nil {
		return out, before
	}
	for _, i := range f.intents {
		if i.id == c.Order {
			out = i.see()
		}
	}
	for _, ref := range c.Refunds {
		for _, b := range f.returns {
			if b.fact.ID == ref.ID || ref.ID == "" && ref.Kind == provider.KindReversal && b.ask.Kind == ref.Kind && b.payment == c.Payment {
				out.Facts = append(out.Facts, b.fact)
			}
		}
	}
	return out, nil
}

func (f linkPOS) Cancel(_ context.Context, c provider.Charge, _ string) (provider.Observation, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before, after := f.fails("cancel")
	if before != nil {
		return provider.Observation{}, before
	}
	for _, i := range f.intents {
		if i.id != c.Order {
			continue
		}
		switch {
		case i.order.Status != provider.StatusOpen:
		case f.stubborn || i.order.Progress != provider.ProgressOffered:
			f.move(&i.order, provider.StatusOpen, provider.ProgressCanceling)
		default:
			f.move(&i.order, provider.StatusCanceled, "")
		}
		return i.see(), after
	}
	return provider.Observation{}, after
}

func (f linkPOS) Refund(ctx context.Context, c provider.Charge, r provider.Refund) (provider.Observation, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked[r.Key]++
	f.made = append(f.made, outbound.TagOf(ctx).Operation)
	before, after := f.fails("refund")
	if before != nil {
		return provider.Observation{}, before
	}
	b := &back{ask: r, payment: c.Payment, fact: provider.Fact{Kind: provider.FactRefund, ID: "r" + strconv.Itoa(len(f.returns)+1), Parent: r.Attempt,
		Amount: r.Amount.Amount, Refund: r.Kind}}
	f.returns = append(f.returns, b)
	f.move(&b.fact, provider.StatusPending, provider.ProgressOffered)
	return provider.Observation{Facts: []provider.Fact{b.fact}}, after
}

func (f linkPOS) CancelRefund(ctx context.Context, _ provider.Charge, ref provider.RefundRef) (out provider.Observation, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.made = append(f.made, outbound.TagOf(ctx).Operation)
	for _, b := range f.returns {
		if b.fact.ID == ref.ID {
			if b.fact.Status == provider.StatusPending && !f.stubborn {
				f.move(&b.fact, provider.StatusCanceled, "")
			}
			out.Facts = []provider.Fact{b.fact}
		}
	}
	return out, nil
}

func (f linkPOS) Fetch(context.Context, provider.Notice) ([]provider.Observation, error) {
	return nil, nil
}

func (i *intent) see() provider.Observation {
	out := provider.Observation{Order: i.id, Facts: []provider.Fact{i.order}}
	if i.attempt != nil {
		out.Terminal = i.attempt.Slip.Terminal
		out.Facts = append(out.Facts, *i.attempt)
	}
	return out
}

func (f *pos) move(fact *provider.Fact, status provider.Status, progress provider.Progress) {
	fact.Version++
	fact.Status, fact.Progress, fact.At = status, progress, f.clock.Now()
}

// at gives the latest intent of a payment to act on it at the terminal.
func (f *pos) at(id posta.PaymentID, act func(*intent)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, i := range slices.Backward(f.intents) {
		if i.payment == id {
			act(i)
			return
		}
	}
	panic("no intent of " + id)
}

// take is the customer at the terminal.
func (f *pos) take(id posta.PaymentID) {
	f.at(id, func(i *intent) { f.move(&i.order, provider.StatusOpen, provider.ProgressAtTerminal) })
}

const code = "12345678" // of the shop's first terminal

func (f *pos) approve(id posta.PaymentID, amount, explained int64, brand string) {
	f.at(id, func(i *intent) {
		i.order.Explained = explained
		f.move(&i.order, provider.StatusClosed, "")
		i.attempt = &provider.Fact{Kind: provider.FactAttempt, ID: i.id, Parent: i.id, Version: 1, Status: provider.StatusApproved, Amount: amount,
			At: f.clock.Now(), Method: "credit_card", Brand: brand, LastFour: "0004", Authorizes: "123456", Slip: provider.Slip{Terminal: code, Batch: "7", Coupon: "41"}}
	})
}

func (f *pos) decline(id posta.PaymentID) {
	f.at(id, func(i *intent) {
		f.move(&i.order, provider.StatusRejected, "")
		i.attempt = &provider.Fact{Kind: provider.FactAttempt, ID: i.id, Parent: i.id, Version: 1, Status: provider.StatusRejected, Detail: "51", At: f.clock.Now()}
	})
}

func (f *pos) cancel(id posta.PaymentID) {
	f.at(id, func(i *intent) { f.move(&i.order, provider.StatusCanceled, "") })
}

// finish is the person who does the latest refund at the terminal, or not.
func (f *pos) finish(status provider.Status) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := f.returns[len(f.returns)-1]
	f.move(&b.fact, status, "")
	b.fact.Slip = provider.Slip{Terminal: code, Batch: "7", Coupon: "42"}
}

// shop is a desk with a terminal.
type shop struct {
	*desk
	pos      *pos
	terminal till.Terminal
}

func newShop(t testing.TB, db *store.DB) *shop {
	d := newDesk(t, db)
	s := &shop{desk: d, terminal: d.world.AddTerminal(t, db, code), pos: &pos{clock: d.clock, creates: map[posta.PaymentID]int{}, asked: map[string]int{},
		can: provider.TerminalCapabilities{Options: []string{provider.OptionDocument, provider.OptionCashBack, provider.OptionInstallments, provider.OptionOperation, provider.OptionBenefit},
			Several: true, Queue: true, RefundAtTerminal: true, Reversal: true, NoReversal: []string{"AM"}}}}
	s.Service.Open = func(_ context.Context, id posta.ConnectionID) (provider.Connector, error) {
		if id == d.world.Connection.ID {
			return link{d.fake}, nil
		}
		return linkPOS{s.pos}, nil
	}
	return s
}

func inShop(t *testing.T, test func(t *testing.T, s *shop)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB) { test(t, newShop(t, db)) })
}

func (s *shop) input() payment.Input {
	in := s.desk.input()
	in.Rail = provider.RailTerminal
	return in
}

func (s *shop) charge(t testing.TB) payment.Payment {
	t.Helper()
	return must[payment.Payment](t)(s.Create(t.Context(), s.input()))
}

func (s *shop) paid(t testing.TB, brand string) payment.Payment {
	t.Helper()
	p := s.charge(t)
	s.pos.take(p.ID)
	s.pos.approve(p.ID, p.Amount.Amount, 0, brand)
	s.later(t, 3*time.Second)
	p = s.get(t, p.ID)
	want(t, p, payment.Paid)
	return p
}

func (s *shop) intentsOf(id posta.PaymentID) (n int) {
	s.pos.mu.Lock()
	defer s.pos.mu.Unlock()
	return s.pos.creates[id]
}

func (s *shop) slip(done bool) payment.SlipInput {
	return payment.SlipInput{MerchantID: s.world.Merchant.ID, Mode: posta.Test, Done: done, Batch: "7", Coupon: "41", Authorization: "123456",
		Brand: "VI", LastFour: "0004", By: "user:ana"}
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func wantCode(t testing.TB, err error, code posta.Code) *posta.Error {
	t.Helper()
	e, _ := err.(*posta.Error)
	if posta.ErrorCode(err) != code {
		t.Fatalf("error %v, want %s", err, code)
	}
	return e
}
