package mercadopago

import (
	"bytes"
	"net/http"
	"time"
)

// refundOrder gives back an order without a body, a part of it with one
// (§4.2).
func refundOrder(c *call) reply {
	o, bad := c.ownOrder()
	if bad != nil {
		return *bad
	}
	return c.idempotent(150, func() (reply, string) {
		p := c.sim.paid(o)
		if code := c.pointNotRefundable(o, p); code != "" {
			return c.fail(http.StatusConflict, code, "The order cannot be refunded."), ""
		}
		switch {
		case o.Status == "refunded":
			return c.fail(http.StatusConflict, "order_already_refunded", "The order is refunded already."), ""
		case o.Status != "processed" || p == nil:
			return c.fail(http.StatusConflict, "cannot_refund_order", "The order cannot be refunded in its status."), ""
		case o.Point == nil && c.now.Sub(p.Approved) > refundWindow:
			return c.fail(http.StatusBadRequest, "in_store_payment_refund_order", "The time to refund the order is over."), ""
		}
		amount, bad := c.readOrderRefund(o, p)
		if bad != nil {
			return *bad, ""
		}
		r := c.sim.giveBack(p, amount, newID("REF", c.account.Test, c.now), c.now)
		return reply{status: http.StatusCreated, body: object{"id": o.ID, "status": o.Status, "status_detail": o.Detail,
			"transactions": object{"refunds": []object{orderRefundView(o, c.account.site(), r)}}}}, ""
	})
}

func (c *call) readOrderRefund(o *order, p *payment) (int64, *reply) {
	bad := func(status int, code, message string) (int64, *reply) {
		r := c.fail(status, code, message)
		return 0, &r
	}
	left := p.Amount - p.refundedTotal()
	if len(bytes.TrimSpace(c.body)) == 0 {
		return left, nil
	}
	f, err := parseObject(c.body)
	if err != nil {
		return bad(http.StatusBadRequest, "json_syntax_error", "The body is not a JSON object.")
	}
	var r refusal
	r.known(f, "", "transactions")
	list := r.list(f, "", "transactions")
	if len(list) == 0 && r.code == "" {
		return left, nil
	}
	if len(list) > 1 {
		r.say("property_value", "transactions must have one element")
	}
	if r.code != "" {
		return bad(http.StatusBadRequest, r.code, r.message)
	}
	r.known(list[0], "transactions[0].", "id", "amount")
	id := r.str(list[0], "transactions[0].", "id", true, 40)
	amount := left
	if list[0].has("amount") {
		amount = r.amount(list[0], c.account.site(), "transactions[0].", "amount")
	}
	switch {
	case r.code != "":
		return bad(http.StatusBadRequest, r.code, r.message)
	case id != o.PaymentID:
		return bad(http.StatusNotFound, "transaction_not_found", "Transaction not found.")
	case amount > left:
		return bad(http.StatusBadRequest, "refund_amount_exceeds", "The amount is higher than what is left of the payment.")
	case amount < p.Amount && p.Tip > 0:
		return bad(http.StatusForbidden, "partial_refund_forbidden_with_tips", "A payment with a tip is refunded whole.")
	case amount < p.Amount && p.Provider != "" && c.account.Site == "MLM":
		return bad(http.StatusBadRequest, "unsupported_partially_refunds", "The payment is refunded whole.")
	}
	return amount, nil
}

// orderRefunded carries a refund of its payment to the order.
func (s *Simulator) orderRefunded(o *order, p *payment, now time.Time) {
	if o.Online != nil {
		s.orderMoved(p, now)
		return
	}
	if o.Status != "processed" && o.Status != "refunded" {
		return // the terminal never told it that it was paid
	}
	if p.Status == refunded {
		s.moveOrder(o, "refunded", "refunded", "refunded", "refunded", "order.refunded", now)
		return
	}
	detail := "partially_refunded"
	if o.Point != nil {
		detail = "accredited"
	}
	s.moveOrder(o, "processed", "partially_refunded", "processed", detail, "order.refunded", now)
}

// asyncRefund is how long an asynchronous refund is processing.
const asyncRefund = 2 * time.Second

// settleRefunds ends the asynchronous refunds of a payment that are due.
func (s *Simulator) settleRefunds(p *payment, now time.Time) {
	for i := range p.Refunds {
		if r := &p.Refunds[i]; r.Status == "processing" && !now.Before(r.Created.Add(asyncRefund)) {
			r.Status = "processed"
			s.put(p)
			s.orderRefunded(s.orders[p.OrderID], p, now)
		}
	}
}

// pointRefundWindow is how long after approval an order of type point can be
// refunded (§5.4).
const pointRefundWindow = 90 * 24 * time.Hour

// pointNotRefundable gives the code of what keeps an order of type point from
// being refunded, "" if nothing does (§5.4).
func (c *call) pointNotRefundable(o *order, p *payment) string {
	switch {
	case o.Point == nil || o.Status == "refunded":
		return ""
	case o.Status == "created" || o.Status == "at_terminal" || o.Status == "action_required":
		return "action_not_allowed_for_current_state"
	case o.Status != "processed" || p == nil:
		return "cannot_refund_order"
	case c.now.Sub(p.Approved) > pointRefundWindow:
		return "refund_period_exceeded"
	case c.sim.refunding[p.ID] != nil:
		return "refund_in_progress"
	}
	return ""
}
