package mercadopago

import (
	"bytes"
	"net/http"
	"time"
)

// refund is money given back of one payment.
type refund struct {
	ID      int64
	RefID   string // REF… when it was asked for through the Orders API
	Amount  int64
	Status  string // of the Orders API: processing, processed
	Created time.Time
}

// refundWindow is how long after approval a payment can be refunded.
const refundWindow = 180 * 24 * time.Hour

func (s *Simulator) refundView(p *payment, r refund) object {
	a := s.accounts[p.UserID]
	return object{"id": r.ID, "payment_id": p.ID, "amount": a.site().number(r.Amount), "metadata": object{},
		"source": object{"id": text(a.UserID), "name": "Test Test", "type": "collector"}, "date_created": classicTime(r.Created),
		"unique_sequence_number": nil, "refund_mode": "standard", "adjustment_amount": 0, "status": "approved", "reason": nil,
		"labels": []any{}, "partition_details": []any{}}
}

// createRefund gives back a payment or a part of it: never more than is left
// (docs/providers/mercadopago.md §3.7).
func createRefund(c *call) reply {
	key := c.request.Header.Get("X-Idempotency-Key")
	if key == "" {
		return c.cause(http.StatusBadRequest, 4292, "Header X-Idempotency-Key can't be null")
	}
	p, bad := c.ownPayment()
	if bad != nil {
		return *bad
	}
	id, hash, old := c.lookup(key)
	if old != nil && old.Hash != hash {
		return c.fail(http.StatusConflict, "idempotency_key_already_used", "The idempotency key was already used with another request.")
	}
	if old != nil {
		if c.sim.switches.RefundReplayBody {
			return reply{status: http.StatusOK, body: []byte(old.Body), code: "repeated"}
		}
		return reply{status: http.StatusOK, code: "repeated"}
	}
	left := p.Amount - p.refundedTotal()
	amount := left
	if len(bytes.TrimSpace(c.body)) > 0 {
		f, err := parseObject(c.body)
		if err != nil {
			return c.cause(http.StatusBadRequest, 1, "Invalid body")
		}
		if f.has("amount") {
			v, ok := f.number("amount")
			if amount, err = c.account.site().amount(v); !ok || err != nil || amount <= 0 {
				return c.cause(http.StatusBadRequest, 4037, "Invalid amount")
			}
		}
	}
	switch {
	case p.Status != approved || left <= 0:
		return c.cause(http.StatusBadRequest, 2063, "The action requested is not valid for the current payment state")
	case amount > left:
		return c.cause(http.StatusBadRequest, 2017, "The amount is higher than what is left of the payment")
	case c.now.Sub(p.Approved) > refundWindow && c.sim.switches.RefundTooOld15016:
		return c.cause(http.StatusBadRequest, 15016, "The payment is too old to be refunded")
	case c.now.Sub(p.Approved) > refundWindow:
		return c.cause(http.StatusBadRequest, 2024, "Payment too old to be refunded")
	case amount < left && len(p.Refunds) >= maxPartialRefunds:
		return c.cause(http.StatusBadRequest, 2022, "The amount of refunds for this payment was exceeded")
	case amount < p.Amount && c.account.Site == "MPE" && c.sim.switches.PeruWholeRefunds:
		return c.cause(http.StatusBadRequest, 3024, "Not valid action: partial refund unsupported for this transaction")
	case c.account.NoMoney:
		return c.cause(http.StatusBadRequest, 2030, "Collector doesn't have enough available money")
	}
	r := c.sim.giveBack(p, amount, "", c.now)
	out := reply{status: http.StatusCreated, body: c.sim.refundView(p, r)}
	c.remember(id, hash, out, "")
	return out
}

// maxPartialRefunds is from older pages (docs/providers/mercadopago-online.md §2.8).
const maxPartialRefunds = 20

// giveBack books a refund and carries it to what the payment belongs to.
func (s *Simulator) giveBack(p *payment, amount int64, refID string, now time.Time) refund {
	r := refund{ID: s.next(&s.count.Refund), RefID: refID, Amount: amount, Status: "processed", Created: now}
	if s.orders[p.OrderID] != nil {
		if r.RefID == "" {
			r.RefID = newID("REF", s.accounts[p.UserID].Test, now)
		}
		if s.switches.AsyncRefund {
			r.Status = "processing"
		}
	}
	p.Refunds = append(p.Refunds, r)
	p.Detail = "partially_refunded"
	if p.refundedTotal() >= p.Amount {
		p.Status, p.Detail = refunded, "refunded"
	}
	s.change(p, now)
	if m := s.merchant[p.MerchantID]; m != nil {
		s.refresh(m, now)
	}
	if o := s.orders[p.OrderID]; o != nil {
		s.orderRefunded(o, p, now)
	}
	return r
}

func listRefunds(c *call) reply {
	p, bad := c.ownPayment()
	if bad != nil {
		return *bad
	}
	list := []object{}
	for _, r := range p.Refunds {
		list = append(list, c.sim.refundView(p, r))
	}
	return reply{status: http.StatusOK, body: list}
}

func getRefund(c *call) reply {
	p, bad := c.ownPayment()
	if bad != nil {
		return *bad
	}
	for _, r := range p.Refunds {
		if text(r.ID) == c.path("refund") {
			return reply{status: http.StatusOK, body: c.sim.refundView(p, r)}
		}
	}
	return c.cause(http.StatusNotFound, 2000, "Refund not found")
}
