package mercadopago

import (
	"net/http"
	"time"
)

const (
	// pointPatience is how long a payment may be processed before the order
	// says action_required (docs/providers/mercadopago.md §5.5).
	pointPatience = 40 * time.Second
	// pointLetGo is how long a terminal takes to let go of an order that the
	// API wants canceled: nowhere stated.
	pointLetGo = 3 * time.Second
)

func (o *order) isOpenPoint() bool {
	return o.Point != nil && (o.Status == "created" || o.Status == "at_terminal")
}

// pointView adds to an order's view, and to its payment's, what type point has.
func (s *Simulator) pointView(o *order, v, pay object) {
	delete(v, "total_amount")
	if o.PaymentDetail == "created" {
		delete(pay, "status_detail")
	}
	p := object{"terminal_id": o.Point.Terminal, "print_on_terminal": o.Point.Print}
	if o.Point.Ticket != "" {
		p["ticket_number"] = o.Point.Ticket
	}
	config := object{"point": p}
	if o.Point.DefaultType != "" {
		config["payment_method"] = object{"default_type": o.Point.DefaultType}
	}
	v["config"] = config
}

// pointPayView adds what a payment at a terminal has: tip, card, and the wallet
// that read a QR there (§5.2).
func pointPayView(p *payment, t site, pay object) {
	if p.Tip > 0 {
		pay["tip_amount"] = t.text(p.Tip)
	}
	if p.Provider != "" {
		pay["provider"] = p.Provider
		return
	}
	if face, ok := cardFaces[p.Card.method(t)]; ok {
		pay["card"] = object{"first_digits": face.six, "last_digits": p.Card.LastFour}
	}
}

// cancelPoint cancels at once what no terminal has taken, and only asks a
// terminal that has (§5.3).
func (c *call) cancelPoint(o *order) (reply, string) {
	d := c.sim.terminals[terminalKey(o.UserID, o.Point.Terminal)]
	asks := c.request.Header.Get("x-allow-cancelable-status") == "at_terminal"
	switch {
	case o.Status == "canceled":
		return c.fail(http.StatusConflict, "order_already_canceled", "The order is canceled already."), ""
	case o.Status == "created":
		c.sim.endPoint(o, "canceled", "canceled_by_api", c.now)
		return reply{status: http.StatusOK, body: c.sim.orderView(o)}, "order:" + o.ID
	case o.Status != "at_terminal" || !asks || d == nil || d.OldFirmware:
		return c.fail(http.StatusConflict, "cannot_cancel_order", "The order cannot be canceled in its status."), ""
	}
	if o.Point.CancelAsked.IsZero() {
		o.Point.CancelAsked = c.now
		c.sim.moveOrder(o, "at_terminal", "at_terminal", "at_terminal", "cancellation_requested", "", c.now)
	}
	return reply{status: http.StatusAccepted, body: c.sim.orderView(o)}, "order:" + o.ID
}

// endPoint ends an order without money: canceled, expired, failed or
// action_required, with the payment's detail.
func (s *Simulator) endPoint(o *order, status, detail string, now time.Time) {
	o.Point.Processing, o.Point.CancelAsked = time.Time{}, time.Time{}
	s.moveOrder(o, status, status, status, detail, "order."+status, now)
}

// takePoint shows the order on its terminal.
func (s *Simulator) takePoint(o *order, now time.Time) {
	if o.Status == "created" {
		if d := s.terminals[terminalKey(o.UserID, o.Point.Terminal)]; d != nil {
			d.Last = o.ID
			s.put(d)
		}
		s.moveOrder(o, "at_terminal", "at_terminal", "at_terminal", "at_terminal", "", now)
	}
}

// pointPaid carries a payment's end to its order. Once the order has asked for
// action it never changes again (§5.5), whatever became of the money.
func (s *Simulator) pointPaid(o *order, p *payment, now time.Time) {
	open := o.Status == "at_terminal" || o.Status == "action_required" && s.switches.ActionRequiredMoves
	switch {
	case !open:
	case p.Status == approved:
		o.Point.Processing, o.Point.CancelAsked = time.Time{}, time.Time{}
		s.moveOrder(o, "processed", "processed", "processed", "accredited", "order.processed", now)
	case p.Status == rejected:
		s.endPoint(o, "failed", pointFailures[p.Card.Holder], now)
	case o.Point.Processing.IsZero():
		o.Point.Processing, o.Point.Trouble = now, "waiting_payment"
		s.put(o)
	}
}

// pointFailures are the payment details of a decline by the test card's holder
// (§5.5; which holder gives which is inferred).
var pointFailures = map[string]string{
	"FUND": "insufficient_amount", "CALL": "required_call_for_authorize", "SECU": "bad_filled_card_data", "EXPI": "bad_filled_card_data",
	"FORM": "bad_filled_card_data", "CARD": "bad_filled_card_data", "OTHE": "rejected_by_issuer", "INST": "invalid_installments", "DUPL": "processing_error",
	"LOCK": "card_disabled", "CTNA": "rejected_by_issuer", "ATTE": "max_attempts_exceeded", "BLAC": "high_risk", "CONT": "high_risk", "APRO": "high_risk",
}

// pointDue is when something happens to the order by itself.
func (s *Simulator) pointDue(o *order) time.Time {
	d := s.terminals[terminalKey(o.UserID, o.Point.Terminal)]
	due := o.Expires
	switch {
	case !o.Point.Processing.IsZero():
		due = o.Point.Processing.Add(pointPatience)
	case !o.Point.CancelAsked.IsZero() && d != nil && !d.Off:
		due = o.Point.CancelAsked.Add(pointLetGo)
	}
	if o.Point.Event != nil && (!o.isOpenPoint() || o.Point.Event.Due.Before(due)) {
		return o.Point.Event.Due
	}
	return due
}

// expirePoint does what is due by now: simulated events, an answer that did
// not come in time, a cancelation that the terminal grants, the end of an
// order's life.
func (s *Simulator) expirePoint(now time.Time) {
	for _, o := range sorted(s.openPoint) {
		if now.Before(s.pointDue(o)) {
			continue
		}
		switch {
		case o.Point.Event != nil && !now.Before(o.Point.Event.Due):
			s.happen(o, now)
		case !o.Point.Processing.IsZero():
			s.endPoint(o, "action_required", o.Point.Trouble, now)
		case !o.Point.CancelAsked.IsZero() && now.Before(o.Expires):
			s.endPoint(o, "canceled", "canceled_by_api", now)
		default:
			s.endPoint(o, "expired", "expired", now)
		}
	}
}
