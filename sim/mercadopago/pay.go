package mercadopago

import (
	"cmp"
	"fmt"
	"time"

	"posta/sim/fault"
)

// PayRequest pays what was scanned. Name the merchant order or the order that
// Scan gave; or leave both out and say what to scan. No parts is the whole
// amount with the zero card.
type PayRequest struct {
	ScanRequest
	MerchantOrderID int64  `json:"merchant_order_id,omitempty"`
	OrderID         string `json:"order_id,omitempty"`
	Parts           []Part `json:"parts,omitempty"`
}

// Part is one card and what it pays, in minor units; 0 is all that is left.
type Part struct {
	Card   Card  `json:"card"`
	Amount int64 `json:"amount,omitempty"`
}

// Paid is what the phone shows at the end.
type Paid struct {
	Scanned
	Payments []PaidPart `json:"payments"`
	// Status is the order's or the merchant order's, OrderStatus the latter's
	// order_status.
	Status      string `json:"status"`
	OrderStatus string `json:"order_status,omitempty"`
}

// PaidPart is one payment that was tried.
type PaidPart struct {
	ID           int64  `json:"id"`
	Status       string `json:"status"`
	StatusDetail string `json:"status_detail"`
	Amount       int64  `json:"amount"`
}

// Pay tries the parts in turn. A rejected one is no error: the order stays
// open and can be tried again (docs/providers/mercadopago.md §3.7).
func (s *Simulator) Pay(r PayRequest) (out Paid, err error) {
	if e := s.do(func() { out, err = s.pay(r, s.clock.Now()) }); e != nil {
		return out, e
	}
	return out, err
}

func (s *Simulator) pay(r PayRequest, now time.Time) (out Paid, err error) {
	m, o := s.merchant[r.MerchantOrderID], s.orders[r.OrderID]
	switch {
	case m == nil && o == nil && r.MerchantOrderID == 0 && r.OrderID == "":
		if out.Scanned, err = s.scan(r.ScanRequest, now); err != nil {
			return out, err
		}
		m, o = s.merchant[out.MerchantOrderID], s.orders[out.OrderID]
	case m == nil && o == nil:
		return out, ErrNothing
	case m != nil:
		out.Scanned = s.scannedLegacy(m)
	default:
		out.Scanned = s.scannedOrder(o)
	}
	if len(r.Parts) == 0 {
		r.Parts = []Part{{}}
	}
	if m != nil {
		err = s.payMerchant(m, r.Parts, &out, now)
		out.Status, out.OrderStatus, out.Amount = m.Status, m.OrderStatus, s.left(m)
		return out, err
	}
	err = s.payOrder(o, r.Parts, &out, now)
	out.Status = o.Status
	return out, err
}

func (s *Simulator) payMerchant(m *merchantOrder, parts []Part, out *Paid, now time.Time) error {
	for _, part := range parts {
		l := s.pendingLegacy(m.LegacyKey, now)
		if m.Status != "opened" || l == nil || l.UUID != m.UUID {
			return ErrGone
		}
		left := s.left(m)
		amount := cmp.Or(part.Amount, left)
		if amount <= 0 || amount > left {
			return ErrAmount
		}
		p := &payment{UserID: m.UserID, MerchantID: m.ID, Ref: m.Ref, Description: l.Description, NotificationURL: m.NotificationURL, Asked: amount}
		if err := s.attempt(p, part.Card, l.ExternalPOS, now); err != nil {
			return err
		}
		m.Payments = append(m.Payments, p.ID)
		s.refresh(m, now)
		out.Payments = append(out.Payments, p.part())
	}
	return nil
}

func (s *Simulator) payOrder(o *order, parts []Part, out *Paid, now time.Time) error {
	if len(parts) != 1 || (parts[0].Amount != 0 && parts[0].Amount != o.Total) {
		return fmt.Errorf("%w: an order of the Orders API is paid in one piece", ErrAmount)
	}
	if !s.payable(o, now) {
		return ErrGone
	}
	if o.Point != nil {
		return s.payPointByPhone(o, parts[0].Card, out, now)
	}
	p := &payment{UserID: o.UserID, OrderID: o.ID, Ref: o.Ref, Description: o.Description, Asked: o.Total}
	if err := s.attempt(p, parts[0].Card, o.ExternalPOS, now); err != nil {
		return err
	}
	o.Attempts = append(o.Attempts, p.ID)
	s.put(o)
	s.orderPaid(o, p, now)
	out.Payments = append(out.Payments, p.part())
	return nil
}

// payable says whether a buyer's phone can pay the order now: one of type point
// while the terminal shows its QR.
func (s *Simulator) payable(o *order, now time.Time) bool {
	if o.Online != nil {
		return false // paid on the checkout's page, not by a phone
	}
	if o.Point != nil {
		return o.Status == "at_terminal" && o.Point.Processing.IsZero() && now.Before(o.Expires)
	}
	return o.Status == "created" && now.Before(o.Expires) && !s.locked(o)
}

// orderPaid moves the order once its payment is approved; a decline leaves one
// of type qr as it was.
func (s *Simulator) orderPaid(o *order, p *payment, now time.Time) {
	if o.Online != nil {
		s.orderMoved(p, now)
		return
	}
	if o.Point != nil {
		s.pointPaid(o, p, now)
		return
	}
	if p.Status == approved {
		s.moveOrder(o, "processed", "processed", "processed", "accredited", "order.processed", now)
	}
}

// attempt makes the payment, as the card and the script will have it.
func (s *Simulator) attempt(p *payment, card Card, externalPOS string, now time.Time) error {
	t := s.accounts[p.UserID].site()
	if s.switches.HolderOnly != "" {
		card.Holder = s.switches.HolderOnly
	}
	card, outcome, err := card.filled(t)
	if err != nil {
		return err
	}
	d := s.fault.Decide(fault.Call{Operation: "pay"})
	p.Card, p.Amount, p.Created = card, max(1, p.Asked+p.Tip+d.WrongAmount), now
	p.Status, p.Detail = outcome.Status, outcome.Detail
	if till := s.posByExternal(p.UserID, externalPOS); till != nil {
		p.POSID, p.StoreID = till.ID, till.StoreID
	}
	switch {
	case p.Status == approved && d.LateApproval > 0:
		p.Status, p.Detail, p.Due = inProcess, "pending_contingency", now.Add(d.LateApproval)
	case p.Status == approved:
		p.Approved = now
	}
	p.ID = s.next(&s.count.Payment)
	s.change(p, now)
	return nil
}

func (p *payment) part() PaidPart { return PaidPart{p.ID, p.Status, p.Detail, p.Amount} }

// Settle decides a payment that is in process.
func (s *Simulator) Settle(paymentID int64, approve bool) (err error) {
	if e := s.do(func() { err = s.settle(paymentID, approve, s.clock.Now()) }); e != nil {
		return e
	}
	return err
}

func (s *Simulator) settle(id int64, approve bool, now time.Time) error {
	p := s.payments[id]
	if p == nil || p.Status != inProcess {
		return fmt.Errorf("sim/mercadopago: payment %d is not in process", id)
	}
	p.Due = time.Time{}
	p.Status, p.Detail = rejected, "cc_rejected_high_risk"
	if approve {
		s.grant(p, now)
	}
	s.change(p, now)
	if m := s.merchant[p.MerchantID]; m != nil {
		s.refresh(m, now)
	}
	if o := s.orders[p.OrderID]; o != nil {
		s.orderPaid(o, p, now)
	}
	return nil
}

// WalkAway is the buyer leaving after the scan: nothing is told to anybody,
// and the merchant order stays as it is until it expires.
func (s *Simulator) WalkAway(merchantOrderID int64, orderID string) {
	s.traffic.Add(Exchange{Direction: "phone", Operation: "walk_away", Note: "the buyer left", Path: cmp.Or(orderID, idText(merchantOrderID)), At: s.clock.Now()})
}
