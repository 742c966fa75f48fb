package checkout_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"posta"
	"posta/checkout"
	"posta/payment"
	"posta/provider"
	"posta/store"
	"posta/store/storetest"
)

// Seen red under: hold that does not look; a link that is read without a lock.
func TestStockIsNeverOversoldByBuyersInParallelOnTwoReplicas(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for round := range 3 {
			s := newShop(t, db)
			replicas := []*checkout.Service{s.Service, s.replica(db)}
			r := rand.New(rand.NewPCG(uint64(round), 7))
			l := s.link(t, func(in *checkout.LinkInput) {
				in.Stock = 7
				if round%2 == 1 {
					in.MaxUses = 4
				}
			})
			var visits []checkout.Session
			for range 20 {
				visits = append(visits, s.visit(t, l))
			}
			var wg sync.WaitGroup
			for i, v := range visits {
				quantity, outcome := 1+r.Int64N(2), []string{"appr", "appr", "decl"}[r.IntN(3)]
				wg.Go(func() {
					ctx, on := context.Background(), replicas[i%2]
					if _, err := on.SetQuantity(ctx, v.ID, quantity); err != nil && posta.ErrorCode(err) != posta.CodeSoldOut {
						t.Errorf("quantity: %v", err)
					}
					for try := range 2 { // a declined buyer tries another card
						v, err := on.Follow(ctx, v.ID)
						if err == nil {
							_, err = on.Pay(ctx, card(v, fmt.Sprintf("%s-%d-%d-%d", outcome, round, i, try)))
						}
						switch posta.ErrorCode(err) {
						case "", posta.CodeSoldOut, posta.CodeAlreadyPaid:
						default:
							t.Errorf("buyer %d: %v", i, err)
						}
						outcome = "appr"
					}
				})
			}
			wg.Wait()
			s.sweep(t)
			l = s.reload(t, l)
			var sold, uses int64
			for _, c := range s.charges {
				if c.status == provider.StatusClosed {
					sold += c.c.Amount.Amount / l.Amount
					uses++
				}
			}
			if sold != l.Sold || uses != l.Used || sold > 7 || l.MaxUses > 0 && uses > l.MaxUses || l.HeldUnits != 0 || l.HeldUses != 0 {
				t.Errorf("round %d: charged %d units to %d, the link says %d to %d, %d held", round, sold, uses, l.Sold, l.Used, l.HeldUnits)
			}
			if !l.SoldOut() && l.Left() > 1 {
				t.Errorf("round %d: %d left while buyers wanted more", round, l.Left())
			}
		}
	})
}

func TestAVoucherKeepsItsStockUntilItIsDue(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		l := s.link(t, func(in *checkout.LinkInput) { in.Stock = 1 })
		v, late := s.visit(t, l), s.visit(t, l)
		slip := s.pay(t, voucher(v, "rapipago"))
		_, err := s.Pay(t.Context(), card(late, "appr1"))
		wantCode(t, err, posta.CodeSoldOut)
		_, err = s.Visit(t.Context(), l.Token, "")
		wantCode(t, err, posta.CodeSoldOut)
		if again, err := s.Visit(t.Context(), l.Token, v.Token); err != nil || again.ID != v.ID {
			t.Errorf("who holds it is turned away: %v", err)
		}
		s.later(t, 2*time.Hour) // longer than the visit
		wantState(t, s.now(t, v.ID), checkout.Open)
		s.fake.mu.Lock()
		s.charges[slip.ID].status, s.charges[slip.ID].at = provider.StatusExpired, s.clock.Now()
		s.fake.mu.Unlock()
		s.later(t, 4*24*time.Hour)
		wantState(t, s.now(t, v.ID), checkout.Expired)
		if l = s.reload(t, l); l.Left() != 1 || l.HeldUses != 0 {
			t.Errorf("%d left", l.Left())
		}
		fresh := s.visit(t, l)
		s.pay(t, card(fresh, "appr2"))
		if e := s.events(t); e["payment_link.sold_out"] != 1 || e["checkout_session.expired"] != 1 {
			t.Errorf("events %v", e)
		}
		_, err = s.Visit(t.Context(), l.Token, "")
		wantCode(t, err, posta.CodeSoldOut)
	})
}

func TestAVisitThatOnlyLookedIsForgotten(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		l := s.link(t)
		v, touched := s.visit(t, l), s.visit(t, l)
		if _, err := s.SetBuyer(t.Context(), touched.ID, juana, nil); err != nil {
			t.Fatal(err)
		}
		s.later(t, 25*time.Hour)
		_, err := s.Session(t.Context(), v.MerchantID, v.Mode, v.ID)
		wantCode(t, err, posta.CodeNotFound)
		wantState(t, s.now(t, touched.ID), checkout.Expired)
		_, err = s.Pay(t.Context(), card(touched, "appr1"))
		wantCode(t, err, posta.CodeSessionExpired)
		if next, err := s.Visit(t.Context(), l.Token, touched.Token); err != nil || next.ID == touched.ID {
			t.Errorf("after its time the same visit: %v", err)
		}
	})
}

func TestAMerchantTakesASessionBack(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		v := s.session(t)
		slip := s.pay(t, voucher(v, "rapipago"))
		v, err := s.Cancel(t.Context(), v.MerchantID, v.Mode, v.ID, "key:test")
		if err != nil || v.State != checkout.Canceled || s.charges[slip.ID].status != provider.StatusCanceled {
			t.Fatalf("%s, %v, voucher %s", v.State, err, s.charges[slip.ID].status)
		}
		_, err = s.Pay(t.Context(), card(v, "appr1"))
		wantCode(t, err, posta.CodeState)
		s.paid(slip.ID)
		s.later(t, time.Minute)
		if v = s.now(t, v.ID); v.State != checkout.Complete || v.PaymentID != slip.ID {
			t.Errorf("paid all the same, and the session is %s", v.State)
		}

		faster := s.session(t)
		p := s.pay(t, voucher(faster, "rapipago"))
		s.paid(p.ID)
		if faster, err = s.Cancel(t.Context(), v.MerchantID, v.Mode, faster.ID, "key:test"); err != nil || faster.State != checkout.Complete {
			t.Errorf("the buyer was faster: %s, %v", faster.State, err)
		}
	})
}

// session is one made by the API.
func (s *shop) session(t testing.TB) checkout.Session {
	t.Helper()
	v, err := s.CreateSession(t.Context(), checkout.SessionInput{MerchantID: s.world.Merchant.ID, Mode: posta.Test, ConnectionID: s.world.Connection.ID,
		Items: []provider.Item{{Title: "Vuelo", Quantity: 2, UnitPrice: 5000000, Detail: &provider.ItemDetail{Category: "travels",
			Passenger: &provider.Passenger{FirstName: "Juana", LastName: "Pérez"}, Route: &provider.Route{From: "EZE", To: "MDQ"}}}},
		Reference: "order-1042", By: "key:test"})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestASessionOfTheAPICarriesItsItemsToThePayment(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		v := s.session(t)
		if v.Amount.Amount != 10000000 || v.Title != "Vuelo" {
			t.Errorf("%+v", v)
		}
		p := s.pay(t, card(v, "appr1"))
		if shown := string(p.JSON()); strings.Contains(shown, "Juana") || !strings.Contains(shown, "MDQ") {
			t.Errorf("events tell who travels: %s", shown)
		}
		if p.Items[0].Detail.Passenger.FirstName != "Juana" || p.Reference != "order-1042" || len(p.Items) != 1 || p.Items[0].Detail.Route.To != "MDQ" || p.State != payment.Paid {
			t.Errorf("%+v", p)
		}
	})
}
