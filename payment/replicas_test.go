package payment_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
	"posta/store"
	"posta/store/storetest"
)

// Two replicas on one database do everything at once, with answers lost and
// calls dropped: afterwards what the provider holds and what is shown agree.
func TestTwoReplicasDoingEverythingAtOnceKeepTheBooksRight(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for round := range 40 {
			d := newDesk(t, db)
			if round%2 == 0 {
				d.recovery = provider.RecoverSearch
			}
			other := &payment.Service{Store: db, Clock: d.clock, Log: d.Log, Committed: func() {}, Open: d.Open, NotifyURL: d.NotifyURL}
			in := d.input()
			r := rand.New(rand.NewPCG(uint64(round), 99))
			d.lose = []string{"", "create", "refund", "cancel"}[r.IntN(4)]
			d.drop = []string{"", "create", "refund", "cancel", "get"}[r.IntN(5)]
			ctx := context.Background()
			var wg sync.WaitGroup
			svc := func(i int) *payment.Service { return []*payment.Service{d.Service, other}[i%2] }
			act := func(i, kind int) {
				wg.Go(func() {
					s := svc(i)
					switch kind {
					case 0, 1:
						_, _ = s.Create(ctx, in)
					case 2:
						_, _ = s.Cancel(ctx, in.MerchantID, in.Mode, in.ID, "u")
					case 3:
						d.fake.mu.Lock()
						o := d.orders[in.ID]
						ok := o != nil && o.status == provider.StatusOpen
						d.fake.mu.Unlock()
						if ok {
							d.clock.Move(time.Millisecond)
							d.fake.mu.Lock()
							if o.status == provider.StatusOpen {
								o.status, o.at = provider.StatusClosed, d.clock.Now()
								o.attempt = append(o.attempt, provider.Fact{Kind: provider.FactAttempt, ID: "a", Parent: "order", Status: provider.StatusApproved, Amount: 150000, At: d.clock.Now()})
							}
							d.fake.mu.Unlock()
						}
					case 4:
						_, _ = s.TakeNotice(ctx, d.world.Connection.ID, provider.Notice{Resource: string(in.ID)})
					case 5:
						_, _ = s.SweepPayments(ctx, func(f func()) { f() })
						_, _ = s.SweepRefunds(ctx, func(f func()) { f() })
					case 6:
						_, _ = s.Refund(ctx, payment.RefundInput{ID: posta.NewID[posta.RefundID](d.clock.Now()), MerchantID: in.MerchantID, Mode: in.Mode, PaymentID: in.ID, Amount: 60000, By: "u"})
					case 7:
						d.clock.Move(time.Second)
					}
				})
			}
			act(0, 0)
			for i := range 40 {
				act(i, r.IntN(8))
				if i%8 == 7 {
					wg.Wait()
					d.clock.Move(4 * time.Second)
				}
			}
			wg.Wait()
			d.lose, d.drop = "", ""
			for range 40 {
				d.later(t, 31*time.Second)
			}
			for range 12 {
				d.later(t, time.Hour)
			}
			p := d.get(t, in.ID)
			o := d.orders[in.ID]
			var given int64
			for _, f := range d.refunds {
				given += f.Amount
			}
			ev := d.events(t, in.ID)
			closed := o != nil && o.status == provider.StatusClosed
			if closed != p.State.Moneyed() || given != p.Refunded || given > 150000 || ev["payment.paid"]+ev["payment.paid_late"] > 1 || (closed && ev["payment.paid"]+ev["payment.paid_late"] != 1) {
				t.Errorf("round %d: %s closed %v given %d/%d events %v", round, p.State, closed, given, p.Refunded, ev)
			}
			if o != nil && !closed && !p.State.Open() && o.status == provider.StatusOpen {
				t.Errorf("round %d: %s and still on the till", round, p.State)
			}
			n := 0
			for _, x := range d.refundsOf(t, in.ID) {
				if x.State == payment.RefundPending || x.State == payment.RefundUnknown {
					t.Errorf("round %d: refund %+v now %s pay %s facts %+v drop", round, x, d.clock.Now(), p.State, p.Facts)
				}
				if x.State == payment.RefundSucceeded {
					n++
				}
			}
			if n != ev["refund.succeeded"] || n != len(d.refunds) {
				t.Errorf("round %d: %d succeeded, %d at the provider, events %v", round, n, len(d.refunds), ev)
			}
		}
	})
}
