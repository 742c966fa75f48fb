package settlement_test

import (
	"context"
	"io"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
	"posta/settlement"
	"posta/store"
	"posta/store/storetest"
	"posta/till"
)

// host is a provider with one terminal, which keeps books of its own.
type host struct {
	mu       sync.Mutex
	settles  int
	batch    int
	books    []settlement.Movement // of all batches, by the host's own numbers
	jobs     []*job
	lose     bool       // the next answer to Settle is lost, after it was done
	drop     bool       // the next Settle never arrives
	refuse   posta.Code // of every call
	mute     bool       // slips tell no totals
	nameless bool       // slips tell no batch number
	planted  int64      // goes into the next slip's sales
	offers   bool
}

// link is the host as a connector.
type link struct {
	provider.Connector
	*host
}

type job struct{ fact provider.SettlementFact }

func (h link) Capabilities(rail provider.Rail) provider.Capabilities {
	return provider.Capabilities{Offered: rail == provider.RailTerminal, Recovery: provider.RecoverNone,
		Terminal: provider.TerminalCapabilities{Settlement: h.offers}}
}

func (h link) Settle(_ context.Context, s provider.Settlement) (provider.SettlementFact, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.settles++
	if h.refuse != "" {
		return provider.SettlementFact{}, &posta.Error{Code: h.refuse, Params: map[string]string{"code": "409"}}
	}
	lost := posta.Errorf(posta.CodeProviderUnavailable, "scripted")
	if h.drop {
		h.drop = false
		return provider.SettlementFact{}, lost
	}
	j := &job{fact: provider.SettlementFact{ID: "s" + strconv.Itoa(len(h.jobs)+1), Status: provider.StatusPending, Progress: provider.ProgressOffered, Detail: "REQUEST"}}
	h.jobs = append(h.jobs, j)
	if h.lose {
		h.lose = false
		return provider.SettlementFact{}, lost
	}
	return j.fact, nil
}

func (h link) Settlement(_ context.Context, s provider.Settlement) (provider.SettlementFact, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.refuse != "" {
		return provider.SettlementFact{}, &posta.Error{Code: h.refuse}
	}
	for _, j := range h.jobs {
		if j.fact.ID == s.ID {
			return j.fact, nil
		}
	}
	return provider.SettlementFact{}, &posta.Error{Code: posta.CodeNotFound}
}

// finish is the terminal: the latest settlement ends as status.
func (h *host) finish(status provider.Status) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := &h.jobs[len(h.jobs)-1].fact
	f.Status, f.Progress = status, ""
	if status != provider.StatusApproved {
		f.Message = "RECHAZADO"
		return
	}
	if !h.nameless {
		f.Batch = "00" + strconv.Itoa(h.batch)
	}
	f.Text = "CIERRE DE LOTE"
	totals := h.total(h.batch)
	totals.Sales.Amount += h.planted
	h.planted = 0
	if !h.mute {
		f.Totals = &totals
	}
	h.batch++
}

// total adds up the host's own books.
func (h *host) total(batch int) (t provider.BatchTotals) {
	for _, m := range h.books {
		if m.Batch != strconv.Itoa(batch) {
			continue
		}
		to := map[settlement.MovementKind]*provider.Sum{settlement.Sale: &t.Sales, settlement.Reversal: &t.Reversals, settlement.Refund: &t.Refunds}[m.Kind]
		to.Count++
		to.Amount += m.Amount
	}
	return t
}

// desk is a service on a real database, with a host and a clock that stands.
type desk struct {
	*settlement.Service
	*host
	db       *store.DB
	world    storetest.World
	terminal till.Terminal
	clock    *posta.MovableClock
}

func each(t *testing.T, test func(t *testing.T, d *desk)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB) { test(t, newDesk(t, db)) })
}

func newDesk(t testing.TB, db *store.DB) *desk {
	clock := posta.NewFrozenClock(storetest.Now)
	h := &host{batch: 7, offers: true}
	w := storetest.Seed(t, db)
	return &desk{host: h, db: db, world: w, terminal: w.AddTerminal(t, db, "12345678"), clock: clock,
		Service: &settlement.Service{Store: db, Clock: clock, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Committed: func() {},
			Open: func(context.Context, posta.ConnectionID) (provider.Connector, error) { return link{host: h}, nil }}}
}

func (d *desk) input() settlement.Input {
	return settlement.Input{ID: posta.NewID[posta.SettlementID](d.clock.Now()), MerchantID: d.world.Merchant.ID, Mode: posta.Test,
		TerminalID: d.terminal.ID, By: "user:test"}
}

func (d *desk) ask(t testing.TB) settlement.Settlement {
	t.Helper()
	d.clock.Move(time.Second)
	return must[settlement.Settlement](t)(d.Create(t.Context(), d.input()))
}

// closed asks, has the terminal finish, and gives what the hub made of it.
func (d *desk) closed(t testing.TB, status provider.Status) settlement.Settlement {
	t.Helper()
	st := d.ask(t)
	d.finish(status)
	d.later(t, 3*time.Second)
	return d.get(t, st.ID)
}

func (d *desk) get(t testing.TB, id posta.SettlementID) settlement.Settlement {
	t.Helper()
	return must[settlement.Settlement](t)(d.Get(t.Context(), d.world.Merchant.ID, posta.Test, id))
}

// later moves the clock on and sweeps what became due.
func (d *desk) later(t testing.TB, wait time.Duration) {
	t.Helper()
	d.clock.Move(wait)
	for _, sweep := range []func(context.Context, func(func())) (int, error){d.SweepCloses, d.SweepSettlements} {
		if _, err := sweep(t.Context(), func(f func()) { f() }); err != nil {
			t.Fatal(err)
		}
	}
}

// note keeps a movement in the hub's books only.
func (d *desk) note(t testing.TB, kind settlement.MovementKind, brand string, amount int64, batch string) payment.Payment {
	t.Helper()
	d.clock.Move(time.Second)
	now := d.clock.Now()
	slip := provider.Slip{Terminal: d.terminal.Code, Batch: batch}
	at := d.world.AddTill(t, d.db)
	p := payment.Payment{ID: posta.NewID[posta.PaymentID](now), MerchantID: d.world.Merchant.ID, Mode: posta.Test, ConnectionID: d.terminal.ConnectionID,
		StoreID: d.world.Store.ID, TillID: at.ID, Amount: posta.Money{Amount: amount, Currency: "ARS"}, Rail: provider.RailTerminal,
		Terminals: []payment.Terminal{{ID: d.terminal.ID, Code: d.terminal.Code, ConnectionID: d.terminal.ConnectionID}}, CreatedAt: now, UpdatedAt: now, EndedAt: now}
	sold := slip
	if kind != settlement.Sale {
		sold = provider.Slip{} // the sale was another terminal's
	}
	p.Facts = []provider.Fact{{Kind: provider.FactOrder, ID: "o", Status: provider.StatusClosed, At: now},
		{Kind: provider.FactAttempt, ID: "a", Parent: "o", Status: provider.StatusApproved, Amount: amount, Brand: brand, At: now, Slip: sold}}
	p.Summary = payment.Compute(amount, p.Facts)
	if err := d.db.InsertPayment(t.Context(), p, nil); err != nil {
		t.Fatal(err)
	}
	if kind == settlement.Sale {
		return p
	}
	_, err := d.db.ChangePayment(t.Context(), p.ID, func(r *payment.Record) error {
		how := provider.KindRefund
		if kind == settlement.Reversal {
			how = provider.KindReversal
		}
		r.Refunds = append(r.Refunds, payment.Refund{ID: posta.NewID[posta.RefundID](now), PaymentID: p.ID, MerchantID: p.MerchantID, Mode: p.Mode,
			Amount: p.Amount, Kind: how, State: payment.RefundSucceeded, CreatedAt: now, UpdatedAt: now,
			Parts: []payment.Part{{Attempt: "a", Amount: amount, State: payment.RefundSucceeded, Slip: slip}}})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// move is what both books know of.
func (d *desk) move(t testing.TB, kind settlement.MovementKind, brand string, amount int64) {
	t.Helper()
	batch := strconv.Itoa(d.batch)
	told := batch
	if d.nameless {
		told = ""
	}
	d.note(t, kind, brand, amount, told)
	d.host.books = append(d.host.books, settlement.Movement{Kind: kind, Amount: amount, Batch: batch})
}

func (d *desk) events(t testing.TB, id posta.SettlementID) map[string]int {
	t.Helper()
	count := map[string]int{}
	for _, e := range must[[]posta.Event](t)(d.db.SettlementEvents(t.Context(), d.world.Merchant.ID, id)) {
		count[e.Type]++
	}
	return count
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

func want(t testing.TB, st settlement.Settlement, state settlement.State, attention settlement.Attention) {
	t.Helper()
	if st.State != state || st.Attention != attention {
		t.Fatalf("%s %q, want %s %q: %+v", st.State, st.Attention, state, attention, st)
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
