package api_test

import (
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"posta"
	"posta/account"
	"posta/golive"
	"posta/payment"
	"posta/store"
	"posta/store/storetest"
	"posta/till"
)

// liveShop is a tenant's connection, store and n tills in live mode.
func (n *tenant) liveShop(tills int) (posta.ConnectionID, []posta.TillID) {
	n.t.Helper()
	ctx, s := n.t.Context(), n.services
	c, err := s.Accounts.CreateConnection(ctx, account.ConnectionInput{MerchantID: n.merchant.ID, Mode: posta.Live, Provider: "acquirer", Name: "Real",
		Fields: map[string]string{"access_token": "APP_USR-verysecret-1234", "user_id": "446566692"}})
	if err != nil {
		n.t.Fatal(err)
	}
	in, err := s.Tills.CreateStore(ctx, till.StoreInput{MerchantID: n.merchant.ID, Mode: posta.Live, ConnectionID: c.ID, Name: "Centro", Address: address})
	if err != nil {
		n.t.Fatal(err)
	}
	var out []posta.TillID
	for i := range tills {
		made, err := s.Tills.CreateTill(ctx, till.Input{MerchantID: n.merchant.ID, Mode: posta.Live, StoreID: in.ID, Name: "Caja " + strconv.Itoa(i+1)})
		if err != nil {
			n.t.Fatal(err)
		}
		out = append(out, made.ID)
	}
	return c.ID, out
}

func (n *tenant) setGate(c posta.ConnectionID, g payment.Gate) {
	n.t.Helper()
	g.ConnectionID = c
	if _, err := n.db.ChangeGate(n.t.Context(), n.merchant.ID, c, func(there *golive.Gate) ([]posta.Event, error) {
		there.Gate = g
		return nil, nil
	}); err != nil {
		n.t.Fatal(err)
	}
}

// Through the API, which the command line uses too, no live charge passes a
// closed gate; a replayed key finds what it made whatever the gate says by then,
// and a window of two lets two of many pass, on two instances at once.
func TestP57_TheAPIChargesNothingThroughAClosedGate(t *testing.T) {
	each(t, func(t *testing.T, url string, db *store.DB) {
		h := start(t, db)
		n := h.tenant()
		c, tills := n.liveShop(12)
		other := h.beside(storetest.OpenAt(t, url))
		post := func(at *hub, key string, id posta.TillID) answer {
			return at.do(http.MethodPost, "/v1/payments", n.live, map[string]any{"till_id": id, "amount": 150000}, "Idempotency-Key", key)
		}
		p := post(h, "first", tills[0]).refused(http.StatusForbidden, posta.CodeGateClosed)
		if p.Params["reason"] != "closed" || p.Title != "Production is not open for this charge" || h.acquirer.charges() != 0 {
			t.Errorf("%+v, %d charges", p, h.acquirer.charges())
		}
		n.setGate(c, payment.Gate{State: payment.GateOpen})
		var made, again struct{ ID posta.PaymentID }
		post(h, "second", tills[0]).want(http.StatusCreated).into(&made)
		n.setGate(c, payment.Gate{State: payment.GateClosed})
		post(other, "second", tills[0]).want(http.StatusCreated).into(&again)
		post(other, "third", tills[1]).refused(http.StatusForbidden, posta.CodeGateClosed)
		if again != made || h.acquirer.charges() != 1 {
			t.Errorf("%s again %s, %d charges", made.ID, again.ID, h.acquirer.charges())
		}
		h.do(http.MethodPost, "/v1/payments/"+string(made.ID)+"/cancel", n.live, nil, "Idempotency-Key", "fourth").want(http.StatusOK)

		now := h.clock.Now().Add(time.Second) // the one before does not count
		h.clock.Move(time.Second)
		n.setGate(c, payment.Gate{State: payment.GateWindow, Window: payment.Window{Payments: 2, Amount: payment.MaxAmount, From: now, To: now.Add(time.Hour)}})
		var wg sync.WaitGroup
		var mu sync.Mutex
		count := map[int]int{}
		for i, id := range tills {
			for j, at := range []*hub{h, other} {
				wg.Go(func() {
					got := post(at, "many"+strconv.Itoa(i)+strconv.Itoa(j), id)
					mu.Lock()
					defer mu.Unlock()
					count[got.status]++
				})
			}
		}
		wg.Wait()
		if count[http.StatusCreated] != 2 || h.acquirer.charges() != 3 || count[http.StatusForbidden]+count[http.StatusConflict] != 22 {
			t.Errorf("answers %v, %d charges", count, h.acquirer.charges())
		}
	})
}
