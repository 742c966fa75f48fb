package operators_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
	"posta/provider/prisma"
	"posta/settlement"
	"posta/store"
)

// hub is one replica: services and a connector of its own over the shop's
// database, which die together at any line and begin anew.
type hub struct {
	*life
	payments    *payment.Service
	settlements *settlement.Service
}

var errKilled = errors.New("killed")

// life is a process: each commit and each call to the provider goes through
// pass, and one of them may be its last.
type life struct {
	mu    sync.Mutex
	dead  bool
	armed bool
	left  int  // passes before the last
	after bool // the last is still done, and nobody hears of it
}

func (l *life) pass(do func() error) error {
	l.mu.Lock()
	last := l.armed && l.left == 0
	l.left--
	dead, after := l.dead, l.after
	l.dead = l.dead || last
	l.mu.Unlock()
	switch {
	case !dead && !last:
		return do()
	case !dead && after:
		_ = do()
	}
	return errKilled
}

func (l *life) gone() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dead
}

func (l *life) arm(left int, after bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.armed, l.left, l.after = true, left, after
}

func (l *life) spare() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.armed = false
}

// RoundTrip makes a life the transport of its connector.
func (l *life) RoundTrip(r *http.Request) (answer *http.Response, err error) {
	wire := &http.Transport{DisableKeepAlives: true}
	passed := l.pass(func() error { answer, err = wire.RoundTrip(r); return nil })
	if passed != nil {
		return nil, passed
	}
	return answer, err
}

// books is the shop's database as a replica reaches it.
type books struct {
	*store.DB
	*life
}

func through[T any](l *life, do func() (T, error)) (out T, err error) {
	passed := l.pass(func() error { out, err = do(); return nil })
	if passed != nil {
		var none T
		return none, passed
	}
	return out, err
}

func (b books) InsertPayment(ctx context.Context, p payment.Payment, events []posta.Event) error {
	_, err := through(b.life, func() (int, error) { return 0, b.DB.InsertPayment(ctx, p, events) })
	return err
}

func (b books) ChangePayment(ctx context.Context, id posta.PaymentID, change func(*payment.Record) error) (payment.Record, error) {
	return through(b.life, func() (payment.Record, error) { return b.DB.ChangePayment(ctx, id, change) })
}

func (b books) ClaimPayments(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]payment.Payment, error) {
	return through(b.life, func() ([]payment.Payment, error) { return b.DB.ClaimPayments(ctx, now, lease, limit) })
}

func (b books) ClaimRefunds(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]payment.Refund, error) {
	return through(b.life, func() ([]payment.Refund, error) { return b.DB.ClaimRefunds(ctx, now, lease, limit) })
}

func (b books) InsertSettlement(ctx context.Context, st settlement.Settlement, events []posta.Event) error {
	_, err := through(b.life, func() (int, error) { return 0, b.DB.InsertSettlement(ctx, st, events) })
	return err
}

func (b books) ChangeSettlement(ctx context.Context, m posta.MerchantID, id posta.SettlementID, change func(*settlement.Settlement) ([]posta.Event, error)) (settlement.Settlement, error) {
	return through(b.life, func() (settlement.Settlement, error) { return b.DB.ChangeSettlement(ctx, m, id, change) })
}

func (b books) ClaimSettlements(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]settlement.Settlement, error) {
	return through(b.life, func() ([]settlement.Settlement, error) { return b.DB.ClaimSettlements(ctx, now, lease, limit) })
}

// wrist is the clock of the hubs' machine, which may be wrong.
type wrist struct {
	posta.Clock
	mu  sync.Mutex
	off time.Duration
}

func (w *wrist) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.Clock.Now().Add(w.off)
}

func (w *wrist) set(off time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.off = off
}

// start is a replica that begins.
func (s *shop) start() *hub {
	l := &life{}
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	link, err := prisma.Description().Open(s.config, &http.Client{Timeout: 10 * time.Second, Transport: l}, s.wrist)
	must(s.t, err)
	open := func(context.Context, posta.ConnectionID) (provider.Connector, error) { return link, nil }
	return &hub{life: l,
		payments: &payment.Service{Store: books{s.db, l}, Open: open, Clock: s.wrist, Log: quiet, Committed: func() {},
			NotifyURL: func(posta.ConnectionID) string { return "" }},
		settlements: &settlement.Service{Store: books{s.db, l}, Open: open, Clock: s.wrist, Log: quiet, Committed: func() {}}}
}

// turn has another replica answer.
func (s *shop) turn() {
	for i, h := range s.hubs {
		if h.gone() {
			s.did["killed"]++
			s.hubs[i] = s.start()
			s.note("a hub was killed")
		}
	}
	s.hub = pick(s, s.hubs)
	s.payments, s.settlements = s.hub.payments, s.hub.settlements
}

// kill has a hub die a few lines on.
func (s *shop) kill() { pick(s, s.hubs).arm(s.rnd.IntN(8), s.chance(50)) }

// setClock has the hubs' clock jump by an hour, or come right again.
func (s *shop) setClock() { s.wrist.set(pick(s, []time.Duration{-time.Hour, 0, 0, time.Hour})) }

// sweep does what became due, as the replicas' loops would: one after the other,
// so that a seed replays, or at once.
func (s *shop) sweep() {
	var all sync.WaitGroup
	for i, h := range s.hubs {
		all.Go(func() {
			sweeps := []func(context.Context, func(func())) (int, error){h.payments.SweepPayments, h.payments.SweepRefunds, h.settlements.SweepSettlements}
			for j := range sweeps {
				if _, err := sweeps[(i+j)%len(sweeps)](s.ctx, func(f func()) { f() }); err != nil && !h.gone() {
					s.t.Error(err)
				}
			}
		})
		if !s.atOnce {
			all.Wait()
		}
	}
	all.Wait()
}
