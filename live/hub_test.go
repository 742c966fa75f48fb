package live_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"posta"
	"posta/live"
	"posta/payment"
	"posta/provider"
	"posta/store"
	"posta/store/storetest"
	"posta/till"
)

// PostgreSQL's and SQLite's pools keep a goroutine of their own until they are closed, which every test does.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// patience is how long a test waits before it calls something lost.
const patience = 30 * time.Second

// run has a hub work until the test's end, or until stop, which waits for it.
func run(t *testing.T, h *live.Hub) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { h.Run(ctx) })
	stop = func() {
		cancel()
		running.Wait()
	}
	t.Cleanup(stop)
	return stop
}

// next is the next event that a listener hears.
func next(t *testing.T, l *live.Listener) posta.Event {
	t.Helper()
	select {
	case e, open := <-l.Events():
		if !open {
			t.Fatal("closed")
		}
		return e
	case <-time.After(patience):
		t.Fatal("nothing heard")
	}
	panic("unreachable")
}

// quietly fails if the listener hears anything that has come by now.
func quietly(t *testing.T, who string, l *live.Listener) {
	t.Helper()
	select {
	case e, open := <-l.Events():
		t.Errorf("%s heard %s of %s (open: %v)", who, e.Type, e.Subject, open)
	default:
	}
}

func newPayment(t testing.TB, db *store.DB, w storetest.World, at till.Till) payment.Payment {
	t.Helper()
	p := payment.Payment{Rail: provider.RailQR, ID: posta.NewID[posta.PaymentID](storetest.Now), MerchantID: w.Merchant.ID, Mode: posta.Test,
		ConnectionID: w.Connection.ID, StoreID: w.Store.ID, TillID: at.ID, Amount: posta.Money{Amount: 1000, Currency: "ARS"},
		Summary: payment.Summary{State: payment.Created}, CreatedAt: storetest.Now, UpdatedAt: storetest.Now}
	if err := db.InsertPayment(t.Context(), p, nil); err != nil {
		t.Fatal(err)
	}
	return p
}

// happen commits one event about a payment.
func happen(db *store.DB, p payment.Payment, kind string) error {
	_, err := db.ChangePayment(context.Background(), p.ID, func(r *payment.Record) error {
		r.Events = append(r.Events, posta.Event{ID: posta.NewID[posta.EventID](storetest.Now), MerchantID: p.MerchantID, Mode: p.Mode,
			Type: kind, Subject: string(p.ID), TillID: p.TillID, Data: []byte("{}"), CreatedAt: storetest.Now})
		return nil
	})
	return err
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// ready is a hub that runs and has seen where events stand: the listener has
// heard of one.
func ready(t *testing.T, db *store.DB, h *live.Hub, p payment.Payment) (stop func()) {
	t.Helper()
	stop = run(t, h)
	l := h.Listen(p.MerchantID)
	defer l.Close()
	for i := range 100 {
		must(t, happen(db, p, fmt.Sprint("ready ", i)))
		h.Wake()
		for heard, late := "", time.After(100*time.Millisecond); ; {
			select {
			case e := <-l.Events():
				if heard = e.Type; heard == fmt.Sprint("ready ", i) {
					return stop // and nothing is under way
				}
				continue
			case <-late: // it came before the hub looked first
			}
			break
		}
	}
	t.Fatal("the hub hands out nothing")
	return nil
}

// follow calls heard with every event after the latest, as a reader does: one
// that fell behind is closed, reads what it missed from the store and listens
// anew. It ends when heard gives true, and fails on what a listener hears twice
// or out of its order.
func follow(t *testing.T, db *store.DB, h *live.Hub, m posta.MerchantID, l *live.Listener, heard func(posta.Event) bool) {
	var told, last int64 // by this listener, and at all
	take := func(e posta.Event) bool {
		if e.Position <= last {
			return false
		}
		if last != 0 && e.Position != last+1 {
			t.Errorf("%d after %d", e.Position, last)
		}
		last = e.Position
		return heard(e)
	}
	for {
		select {
		case e, open := <-l.Events():
			if open {
				if told != 0 && e.Position != told+1 {
					t.Errorf("a listener heard %d after %d", e.Position, told)
				}
				if told = e.Position; take(e) {
					return
				}
				continue
			}
			l, told = h.Listen(m), 0
			missed, err := db.MerchantEvents(context.Background(), m, posta.Test, last, 1000)
			if err != nil {
				t.Error(err)
				return
			}
			for _, e := range missed {
				if take(e) {
					return
				}
			}
		case <-time.After(patience):
			t.Errorf("nothing heard after %d", last)
			return
		}
	}
}

// Events come in order, without gaps and once, whoever writes them at the same
// time. Seen red under: last kept as it was.
func TestEventsComeInOrderWithoutGaps(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := storetest.Seed(t, db)
		h := live.NewHub(db, quiet)
		const writers, each = 8, 40
		var payments []payment.Payment
		for range writers {
			payments = append(payments, newPayment(t, db, w, w.AddTill(t, db)))
		}
		ready(t, db, h, payments[0])
		l := h.Listen(w.Merchant.ID)
		var writing sync.WaitGroup
		for i := range writers {
			writing.Go(func() {
				for n := range each {
					if err := happen(db, payments[i], fmt.Sprint(n)); err != nil {
						t.Error(err)
					}
					h.Wake()
				}
			})
		}
		defer writing.Wait()
		count, all := map[string]int{}, 0
		follow(t, db, h, w.Merchant.ID, l, func(e posta.Event) bool {
			if e.Type != fmt.Sprint(count[e.Subject]) {
				t.Errorf("%s: %s, want %d", e.Subject, e.Type, count[e.Subject])
			}
			count[e.Subject]++
			all++
			return all == writers*each
		})
	})
}

// Seen red under: send to all topics of the merchant; the till's topic without its merchant.
func TestAListenerHearsItsOwnOnly(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, other := storetest.Seed(t, db), storetest.Seed(t, db)
		here, there := newPayment(t, db, w, w.Till), newPayment(t, db, w, w.AddTill(t, db))
		foreign := newPayment(t, db, other, other.Till)
		h := live.NewHub(db, quiet)
		ready(t, db, h, foreign)
		mine, theirs := h.Listen(w.Merchant.ID), h.Listen(other.Merchant.ID)
		atHere, atThere := h.ListenTill(w.Merchant.ID, here.TillID), h.ListenTill(w.Merchant.ID, there.TillID)
		stolen := h.ListenTill(other.Merchant.ID, here.TillID) // of a till that is not theirs
		second, gone := h.Listen(w.Merchant.ID), h.Listen(w.Merchant.ID)
		gone.Close()
		gone.Close()
		for _, p := range []payment.Payment{here, there, foreign, here} {
			must(t, happen(db, p, "payment.paid"))
		}
		h.Wake()
		hears := func(who string, l *live.Listener, want ...payment.Payment) {
			t.Helper()
			for _, p := range want {
				if e := next(t, l); e.Subject != string(p.ID) || e.MerchantID != p.MerchantID || e.TillID != p.TillID {
					t.Errorf("%s heard of %s, want %s", who, e.Subject, p.ID)
				}
			}
		}
		hears("merchant", mine, here, there, here)
		hears("merchant's second", second, here, there, here)
		hears("other merchant", theirs, foreign)
		hears("till", atHere, here, here)
		hears("other till", atThere, there)
		for who, l := range map[string]*live.Listener{"merchant": mine, "second": second, "other merchant": theirs, "till": atHere,
			"other till": atThere, "thief": stolen} {
			quietly(t, who, l)
		}
		if _, open := <-gone.Events(); open {
			t.Error("closed and still hears")
		}
	})
}

// Seen red under: a send that blocks.
func TestASlowListenerIsClosedAndHoldsUpNobody(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := storetest.Seed(t, db)
		p := newPayment(t, db, w, w.Till)
		h := live.NewHub(db, quiet)
		ready(t, db, h, p)
		slow, quick := h.Listen(w.Merchant.ID), h.Listen(w.Merchant.ID)
		const many = 70
		for i := range many {
			must(t, happen(db, p, fmt.Sprint(i)))
			h.Wake()
			if e := next(t, quick); e.Type != fmt.Sprint(i) {
				t.Fatalf("heard %s, want %d", e.Type, i)
			}
		}
		heard := 0
		for range slow.Events() { // ends, since it is closed
			heard++
		}
		if heard != 64 {
			t.Errorf("the slow one heard %d before it was closed", heard)
		}
		slow.Close()
		again := h.Listen(w.Merchant.ID)
		must(t, happen(db, p, "again"))
		h.Wake()
		if e := next(t, again); e.Type != "again" {
			t.Errorf("heard %s", e.Type)
		}
	})
}

// Seen red under: Run without close; Listen that does not look whether it is closed.
func TestTheEndOfRunClosesListeners(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := storetest.Seed(t, db)
		h := live.NewHub(db, quiet)
		stop := ready(t, db, h, newPayment(t, db, w, w.Till))
		listeners := []*live.Listener{h.Listen(w.Merchant.ID), h.ListenTill(w.Merchant.ID, w.Till.ID), h.Listen("mer_other")}
		stop()
		listeners = append(listeners, h.Listen(w.Merchant.ID)) // too late
		for i, l := range listeners {
			select {
			case _, open := <-l.Events():
				if open {
					t.Errorf("%d heard something", i)
				}
			case <-time.After(patience):
				t.Errorf("%d is still open", i)
			}
			l.Close()
		}
		h.Wake()
	})
}

// Two replicas on one database: both hand out every event, once and in order.
// Seen red under: only the hub that positioned events hands them out.
func TestTwoHubsHandOutEveryEventOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := storetest.Seed(t, db)
		const writers, each = 6, 20
		var payments []payment.Payment
		for range writers {
			payments = append(payments, newPayment(t, db, w, w.AddTill(t, db)))
		}
		hubs := []*live.Hub{live.NewHub(db, quiet), live.NewHub(db, quiet)}
		var heard []*live.Listener
		for _, h := range hubs {
			ready(t, db, h, payments[0])
		}
		ctx, cancel := context.WithCancel(context.Background())
		var listening sync.WaitGroup
		defer listening.Wait()
		defer cancel()
		for _, h := range hubs {
			heard = append(heard, h.Listen(w.Merchant.ID))
			listening.Go(func() {
				db.Listen(ctx, func(topic string) {
					if topic == store.TopicEvent {
						h.Wake()
					}
				})
			})
		}
		var writing sync.WaitGroup
		defer writing.Wait()
		for i, p := range payments {
			writing.Go(func() {
				for n := range each {
					if err := happen(db, p, fmt.Sprint(n)); err != nil {
						t.Error(err)
					}
					hubs[i%2].Wake() // the one whose request it was
				}
			})
		}
		var reading sync.WaitGroup
		for i, l := range heard {
			reading.Go(func() {
				count := 0
				follow(t, db, hubs[i], w.Merchant.ID, l, func(e posta.Event) bool {
					if !strings.HasPrefix(e.Type, "ready") { // the other hub's
						count++
					}
					return count == writers*each
				})
			})
		}
		reading.Wait()
	})
}

// frail is a store that fails now and then, without a database.
type frail struct {
	live.Store
	mu        sync.Mutex
	waiting   int
	events    []posta.Event
	failing   error
	positions int
}

func (f *frail) LastPosition(context.Context) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return int64(len(f.events)), f.failing
}

func (f *frail) PositionEvents(context.Context) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.positions++
	if f.failing != nil {
		return 0, f.failing
	}
	n := min(f.waiting, 500)
	f.waiting -= n
	for range n {
		f.events = append(f.events, posta.Event{Position: int64(len(f.events)) + 1, MerchantID: "mer_1"})
	}
	return n, nil
}

func (f *frail) EventsAfter(_ context.Context, position int64, limit int) ([]posta.Event, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	after := f.events[position:]
	return append([]posta.Event{}, after[:min(len(after), limit)]...), f.failing
}

func (f *frail) set(waiting int, failing error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waiting, f.failing = f.waiting+waiting, failing
}

// A store that is gone for a while costs no event, and the hub does not run hot
// meanwhile. Seen red under: last forgotten in a failure; no tick.
func TestAStoreThatIsGoneForAWhileCostsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &frail{failing: errors.New("gone")}
		h := live.NewHub(f, quiet)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			h.Run(ctx)
			close(ended)
		}()
		<-time.After(10 * time.Second)
		f.set(0, nil)
		<-time.After(time.Second)
		synctest.Wait()
		l := h.Listen("mer_1")
		f.set(30, nil)
		_, _ = f.PositionEvents(ctx) // by another replica, before
		f.set(0, errors.New("gone again"))
		<-time.After(10 * time.Second)
		synctest.Wait()
		f.set(20, nil) // nobody wakes it
		<-time.After(time.Second)
		synctest.Wait()
		for want := range int64(50) {
			if e := <-l.Events(); e.Position != want+1 {
				t.Fatalf("%d, want %d", e.Position, want+1)
			}
		}
		if f.positions > 40 {
			t.Errorf("asked %d times in 22 s", f.positions)
		}
		// More than are taken at once come all the same.
		f.set(1500, nil)
		h.Wake()
		synctest.Wait()
		if f.waiting != 0 || len(f.events) != 1550 {
			t.Errorf("%d left", f.waiting)
		}
		cancel()
		<-ended
	})
}
