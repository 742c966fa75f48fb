package mercadopago

import (
	"cmp"
	"net/http"
	"slices"
	"time"
)

// pointEvent is what POST /v1/orders/{id}/events ordered, until it happens.
type pointEvent struct {
	Status, Detail string
	Card           Card
	Due            time.Time
}

// eventDelay is how long a simulated event takes: up to 10 seconds
// (docs/providers/mercadopago.md §5.6).
const eventDelay = 5 * time.Second

// eventMethods are the payment_method_id that an event may name.
var eventMethods = map[string]Card{
	"amex": {Brand: "amex", Type: "credit_card"}, "master": {Brand: "master", Type: "credit_card"}, "visa": {Brand: "visa", Type: "credit_card"},
	"debmaster": {Brand: "master", Type: "debit_card"}, "debvisa": {Brand: "visa", Type: "debit_card"},
}

// eventFailures are the details that an event may name with failed.
var eventFailures = []string{"failed", "bad_filled_card_data", "high_risk", "rejected_by_issuer", "required_call_for_authorize", "max_attempts_exceeded",
	"card_disabled", "insufficient_amount", "amount_limit_exceeded", "processing_error", "invalid_installments", "in_review", "rejected_other_reason"}

// createEvent makes the virtual terminal act, for test credentials only (§5.6).
func createEvent(c *call) reply {
	o, bad := c.ownOrder()
	switch {
	case bad != nil && bad.status == http.StatusBadRequest:
		return c.fail(http.StatusBadRequest, "bad_request", "path param order id is invalid")
	case bad != nil:
		return *bad
	}
	if !c.account.Test || o.Point != nil && o.Point.Terminal != VirtualTerminal {
		return c.fail(http.StatusForbidden, "forbidden", "Only orders of test credentials on the virtual terminal can be simulated.")
	}
	e, message := c.readEvent()
	switch {
	case message != "":
	case o.Point == nil:
		message = "the order is not of type point"
	case o.Point.Event != nil || !o.Point.Processing.IsZero():
		message = "the order is being processed"
	case e.Status == "refunded" && o.Status != "processed", e.Status != "refunded" && !o.isOpenPoint():
		message = "the order cannot become " + e.Status + " from " + o.Status
	}
	if message != "" {
		return c.fail(http.StatusBadRequest, "bad_request", message)
	}
	if e.Status != "refunded" {
		c.sim.takePoint(o, c.now)
	}
	if e.Status == "action_required" {
		o.Point.Processing, o.Point.Trouble = c.now, "waiting_payment"
	} else {
		e.Due = c.now.Add(eventDelay)
		o.Point.Event = e
	}
	c.sim.put(o)
	return reply{status: http.StatusNoContent}
}

func (c *call) readEvent() (e *pointEvent, message string) {
	f, err := parseObject(c.body)
	if err != nil {
		return nil, "the body is not a JSON object"
	}
	var r refusal
	r.known(f, "", "status", "payment_method_type", "installments", "payment_method_id", "status_detail")
	e = &pointEvent{Status: r.str(f, "", "status", true, 40), Detail: r.str(f, "", "status_detail", false, 60), Card: eventMethods["visa"]}
	paid := e.Status == "processed" || e.Status == "failed"
	if !paid && !slices.Contains([]string{"canceled", "expired", "refunded", "action_required"}, e.Status) {
		r.say("bad_request", "status is unknown")
	}
	kind := r.oneOf(f, "", "payment_method_type", "", "credit_card", "debit_card")
	if kind == "debit_card" {
		e.Card = eventMethods["debvisa"]
	}
	if f.has("payment_method_id") {
		known := false
		e.Card, known = eventMethods[r.str(f, "", "payment_method_id", false, 40)]
		if !known || !paid || kind != "" && kind != e.Card.Type {
			r.say("bad_request", "payment_method_id is not valid here")
		}
	}
	if f.has("installments") {
		n, ok := whole(f, "installments")
		e.Card.Installments = n
		if _, _, err := e.Card.filled(c.account.site()); !ok || err != nil {
			r.say("bad_request", "installments is not valid here")
		}
	}
	switch {
	case e.Detail == "":
	case e.Status == "processed" && e.Detail == "accredited":
	case e.Status == "failed" && slices.Contains(eventFailures, e.Detail):
	default:
		r.say("bad_request", "status_detail is not valid here")
	}
	return e, r.message
}

// happen does what the event ordered, if the order still allows it.
func (s *Simulator) happen(o *order, now time.Time) {
	e := o.Point.Event
	o.Point.Event = nil
	s.put(o)
	switch {
	case e.Status == "refunded":
		if p := s.paid(o); p != nil && o.Status == "processed" {
			s.giveBack(p, p.Amount-p.refundedTotal(), newID("REF", true, now), now)
		}
	case !o.isOpenPoint():
	case e.Status == "canceled":
		s.endPoint(o, "canceled", "canceled_on_terminal", now)
	case e.Status == "expired":
		s.endPoint(o, "expired", "expired", now)
	default:
		e.Card.Holder = "APRO"
		if e.Status == "failed" {
			e.Card.Holder = "OTHE"
		}
		p, err := s.pointCharge(o, PointPayment{Card: e.Card}, now)
		switch {
		case err != nil:
			s.log.Error("a simulated event failed", "order", o.ID, "error", err)
		case p.Status == rejected:
			s.endPoint(o, "failed", cmp.Or(e.Detail, "failed"), now)
		default:
			s.pointPaid(o, p, now)
		}
	}
}
