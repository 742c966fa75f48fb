package payment_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
	"posta/store"
	"posta/store/storetest"
)

// newLiveDesk is a desk in live mode whose gate is closed, on a database that
// others may open too.
func newLiveDesk(t testing.TB, db *store.DB) *desk {
	d := newDesk(t, db)
	d.world = storetest.SeedLive(t, db)
	return d
}

// twoReplicas runs test with two open databases of each kind on the same data.
func twoReplicas(t *testing.T, test func(t *testing.T, dbs [2]*store.DB)) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		url := storetest.URL(t, db.Dialect())
		dbs := [2]*store.DB{storetest.OpenAt(t, url), storetest.OpenAt(t, url)}
		if err := dbs[0].Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		test(t, dbs)
	})
}

// replicas are two services on the two databases.
func replicas(d *desk, dbs [2]*store.DB) [2]*payment.Service {
	var out [2]*payment.Service
	for i, db := range dbs {
		s := &payment.Service{Store: db, Clock: d.clock, Log: d.Log, Committed: func() {}, Open: d.Open, NotifyURL: d.NotifyURL}
		out[i] = s
	}
	return out
}

func (d *desk) liveInput(till posta.TillID) payment.Input {
	in := d.input()
	in.Mode, in.TillID = posta.Live, till
	return in
}

// refusedBy is the reason with which the gate refused, "" where it did not.
func refusedBy(err error) string {
	var e *posta.Error
	if errors.As(err, &e) && e.Code == posta.CodeGateClosed {
		return e.Params["reason"]
	}
	return ""
}

// Nothing reaches the provider or the books through a closed gate; a window, a
// pilot and an open gate let pass what they say and nothing else.
// Sabotage seen red: Admit answers nil.
func TestP57_NoLiveChargePassesAClosedGate(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		now := storetest.Now
		window := func(change func(*payment.Window)) payment.Gate {
			w := payment.Window{Payments: 2, Amount: 300_000, From: now.Add(-time.Hour), To: now.Add(time.Hour)}
			change(&w)
			return payment.Gate{State: payment.GateWindow, Window: w}
		}
		for name, c := range map[string]struct {
			gate payment.Gate
			want string
		}{
			"untouched":        {payment.Gate{}, "closed"},
			"closed":           {payment.Gate{State: payment.GateClosed}, "closed"},
			"open":             {payment.Gate{State: payment.GateOpen}, ""},
			"window":           {window(func(*payment.Window) {}), ""},
			"window over":      {window(func(w *payment.Window) { w.To = now }), "window_over"},
			"window to come":   {window(func(w *payment.Window) { w.From = now.Add(time.Second) }), "window_over"},
			"window's amount":  {window(func(w *payment.Window) { w.Amount = 149_999 }), "window_amount"},
			"window's number":  {window(func(w *payment.Window) { w.Payments = 0 }), "window_payments"},
			"pilot elsewhere":  {payment.Gate{State: payment.GatePilot, PilotStore: "sto_other"}, "not_pilot_store"},
			"pilot of another": {payment.Gate{State: payment.GatePilot}, "not_pilot_store"},
		} {
			t.Run(name, func(t *testing.T) {
				d := newLiveDesk(t, db)
				if c.gate.State != "" {
					d.world.SetGate(t, db, c.gate)
				}
				in := d.liveInput(d.world.Till.ID)
				p, err := d.Create(t.Context(), in)
				if got := refusedBy(err); got != c.want || c.want == "" && (err != nil || p.State != payment.Pending) {
					t.Fatalf("%q, %s, error %v; want %q", got, p.State, err, c.want)
				}
				_, err = db.Payment(t.Context(), in.MerchantID, posta.Live, in.ID)
				if stored := err == nil; stored != (c.want == "") || (len(d.orders) > 0) != stored {
					t.Errorf("stored %v, %d orders at the provider", stored, len(d.orders))
				}
			})
		}
		t.Run("pilot at its store", func(t *testing.T) {
			d := newLiveDesk(t, db)
			d.world.SetGate(t, db, payment.Gate{State: payment.GatePilot, PilotStore: d.world.Store.ID})
			if _, err := d.Create(t.Context(), d.liveInput(d.world.Till.ID)); err != nil {
				t.Error(err)
			}
		})
		t.Run("test mode has no gate", func(t *testing.T) { newDesk(t, db).charge(t) })
	})
}

// A pilot charges on its terminals and no other, and it is the gate of the
// terminal's connection that counts, not of the till's QR.
func TestP57_APilotChargesOnItsTerminalsOnly(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		d := newLiveDesk(t, db)
		first := d.world.AddTerminal(t, db, "30000001")
		terminals := d.world
		terminals.Connection.ID = first.ConnectionID
		in := d.liveInput(d.world.Till.ID)
		in.Rail, in.Terminals = provider.RailTerminal, []posta.TerminalID{first.ID}
		d.world.SetGate(t, db, payment.Gate{State: payment.GateOpen})
		if _, err := d.Create(t.Context(), in); refusedBy(err) != "closed" {
			t.Fatalf("through the gate of the QR's connection: %v", err)
		}
		terminals.SetGate(t, db, payment.Gate{State: payment.GatePilot, PilotStore: d.world.Store.ID, PilotTerminals: []posta.TerminalID{"trm_other"}})
		if _, err := d.Create(t.Context(), in); refusedBy(err) != "not_pilot_terminal" {
			t.Fatalf("on a terminal that is not the pilot's: %v", err)
		}
		terminals.SetGate(t, db, payment.Gate{State: payment.GatePilot, PilotStore: d.world.Store.ID, PilotTerminals: []posta.TerminalID{first.ID}})
		if _, err := d.Create(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	})
}

// A repeat finds its payment, whatever the gate says by then; what is no repeat
// is refused. What was charged is canceled and refunded with the gate closed.
// Sabotage seen red: admit does not look for the payment first.
func TestP57_ARepeatFindsItsPaymentWhenTheGateHasClosed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		d := newLiveDesk(t, db)
		d.world.SetGate(t, db, payment.Gate{State: payment.GateOpen})
		in := d.liveInput(d.world.Till.ID)
		if _, err := d.Create(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		for _, state := range []payment.GateState{payment.GateClosed, payment.GateWindow, payment.GatePilot, payment.GateOpen} {
			d.world.SetGate(t, db, payment.Gate{State: state})
			if p, err := d.Create(t.Context(), in); err != nil || p.ID != in.ID {
				t.Errorf("%s: %s, error %v", state, p.ID, err)
			}
		}
		d.world.SetGate(t, db, payment.Gate{State: payment.GateClosed})
		if _, err := d.Create(t.Context(), d.liveInput(d.world.Till.ID)); refusedBy(err) != "closed" {
			t.Errorf("another charge: %v", err)
		}
		d.pay(in.ID, in.Amount.Amount)
		d.notice(t, payment.Payment{ID: in.ID, ConnectionID: d.world.Connection.ID})
		if _, err := d.Refund(t.Context(), payment.RefundInput{ID: posta.NewID[posta.RefundID](d.clock.Now()), MerchantID: in.MerchantID,
			Mode: posta.Live, PaymentID: in.ID, Amount: 1000, By: "user:test"}); err != nil {
			t.Errorf("refund with the gate closed: %v", err)
		}
	})
}

// Many at once, on two replicas: a window of three payments lets three pass, and
// one of an amount no more than fits; what ends without money gives its place back.
// Sabotage seen red: the use is read outside of the commit, the gate's row is not locked.
func TestP57_AWindowHoldsWhenManyChargeAtOnce(t *testing.T) {
	twoReplicas(t, func(t *testing.T, dbs [2]*store.DB) {
		for name, c := range map[string]struct {
			window payment.Window
			pass   int
			reason string
		}{
			"number": {payment.Window{Payments: 3, Amount: payment.MaxAmount}, 3, "window_payments"},
			"amount": {payment.Window{Payments: 20, Amount: 5*150_000 - 1}, 4, "window_amount"},
		} {
			d := newLiveDesk(t, dbs[0])
			c.window.From, c.window.To = storetest.Now.Add(-time.Minute), storetest.Now.Add(time.Hour)
			d.world.SetGate(t, dbs[0], payment.Gate{State: payment.GateWindow, Window: c.window})
			services := replicas(d, dbs)
			const n = 24
			inputs, errs := make([]payment.Input, n), make([]error, n)
			for i := range inputs {
				inputs[i] = d.liveInput(d.world.AddTill(t, dbs[0]).ID)
			}
			var wg sync.WaitGroup
			for i := range 2 * n { // each of them twice, once on each replica
				wg.Go(func() {
					_, err := services[i%2].Create(context.Background(), inputs[i/2])
					if i%2 == 0 {
						errs[i/2] = err
					}
				})
			}
			wg.Wait()
			passed, refused := 0, 0
			var stored []payment.Payment
			for i := range inputs {
				p, err := dbs[1].Payment(t.Context(), inputs[i].MerchantID, posta.Live, inputs[i].ID)
				switch {
				case err == nil:
					stored = append(stored, p)
					passed++
				case refusedBy(errs[i]) == c.reason:
					refused++
				default:
					t.Errorf("%s: not there, and %v", name, errs[i])
				}
			}
			if passed != c.pass || refused != n-c.pass || len(d.orders) != c.pass {
				t.Fatalf("%s: %d passed, %d refused, %d at the provider; want %d", name, passed, refused, len(d.orders), c.pass)
			}
			if _, err := services[1].Cancel(t.Context(), stored[0].MerchantID, posta.Live, stored[0].ID, "user:test"); err != nil {
				t.Fatal(err)
			}
			next := d.liveInput(d.world.AddTill(t, dbs[0]).ID)
			if _, err := services[0].Create(t.Context(), next); err != nil {
				t.Errorf("%s: after one was canceled: %v", name, err)
			}
			if _, err := services[1].Create(t.Context(), d.liveInput(d.world.AddTill(t, dbs[0]).ID)); refusedBy(err) != c.reason {
				t.Errorf("%s: one more: %v", name, err)
			}
		}
	})
}

// When closing has returned, nothing more passes, however many are on their way
// on whichever replica; and those of other connections are none the worse.
// Sabotage seen red: on PostgreSQL, openGates without FOR SHARE; on SQLite, the
// gate read before the commit.
func TestP57_WhenClosingReturnsNothingMorePasses(t *testing.T) {
	twoReplicas(t, func(t *testing.T, dbs [2]*store.DB) {
		d, other := newLiveDesk(t, dbs[0]), newLiveDesk(t, dbs[0])
		other.world.SetGate(t, dbs[0], payment.Gate{State: payment.GateOpen})
		for round := range 5 {
			d.world.SetGate(t, dbs[0], payment.Gate{State: payment.GateOpen})
			services, others := replicas(d, dbs), replicas(other, dbs)
			const workers, each = 12, 12
			started := make(chan struct{}, workers*each)
			var wg sync.WaitGroup
			var mu sync.Mutex
			var unexpected []string
			for w := range workers {
				var tills, theirs []posta.TillID
				for range each {
					tills, theirs = append(tills, d.world.AddTill(t, dbs[0]).ID), append(theirs, other.world.AddTill(t, dbs[0]).ID)
				}
				wg.Go(func() {
					for i := range each {
						_, err := services[w%2].Create(context.Background(), d.liveInput(tills[i]))
						_, fine := others[w%2].Create(context.Background(), other.liveInput(theirs[i]))
						started <- struct{}{}
						if reason := refusedBy(err); err != nil && reason != "closed" || fine != nil {
							mu.Lock()
							unexpected = append(unexpected, errors.Join(err, fine).Error())
							mu.Unlock()
						}
					}
				})
			}
			for range workers {
				<-started
			}
			d.world.SetGate(t, dbs[round%2], payment.Gate{State: payment.GateClosed})
			count := func() int64 {
				_, totals, err := dbs[0].ListPayments(t.Context(), payment.Filter{MerchantID: d.world.Merchant.ID, Mode: posta.Live})
				if err != nil {
					t.Fatal(err)
				}
				return totals.Count
			}
			atClose := count()
			wg.Wait()
			if after := count(); after != atClose || len(unexpected) > 0 {
				t.Fatalf("round %d: %d payments when the gate had closed, %d at the end; %s", round, atClose, after, strings.Join(unexpected, "; "))
			}
		}
	})
}
