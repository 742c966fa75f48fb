package mercadopago

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// PointOrder is an order as its terminal shows it.
type PointOrder struct {
	ID                string    `json:"id"`
	ExternalReference string    `json:"external_reference"`
	Description       string    `json:"description,omitempty"`
	Ticket            string    `json:"ticket_number,omitempty"`
	Amount            int64     `json:"amount"` // minor units
	Currency          string    `json:"currency"`
	Status            string    `json:"status"`
	Detail            string    `json:"status_detail"` // of the payment
	DefaultType       string    `json:"default_type,omitempty"`
	Print             string    `json:"print_on_terminal"`
	Processing        bool      `json:"processing"`
	Expires           time.Time `json:"expires"`
}

func (s *Simulator) pointOrder(o *order) PointOrder {
	return PointOrder{ID: o.ID, ExternalReference: o.Ref, Description: o.Description, Ticket: o.Point.Ticket, Amount: o.Total,
		Currency: s.accounts[o.UserID].site().Currency, Status: o.Status, Detail: o.PaymentDetail, DefaultType: o.Point.DefaultType, Print: o.Point.Print,
		Processing: !o.Point.Processing.IsZero(), Expires: o.Expires}
}

// PointOrders lists all orders of a terminal, oldest first; at most one of them
// is open. A terminal is named by its id, or by user id, slash and id.
func (s *Simulator) PointOrders(name string) ([]PointOrder, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.terminal(name)
	if err != nil {
		return nil, err
	}
	list := []PointOrder{}
	for _, o := range s.ordersOf(d) {
		list = append(list, s.pointOrder(o))
	}
	return list, nil
}

func (s *Simulator) ordersOf(d *terminal) []*order {
	var list []*order
	for _, o := range s.orders {
		if o.Point != nil && o.UserID == d.UserID && o.Point.Terminal == d.ID {
			list = append(list, o)
		}
	}
	slices.SortFunc(list, func(a, b *order) int { return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID)) })
	return list
}

// PointPayment is what a person does at the terminal.
type PointPayment struct {
	// Card decides the outcome by its holder's name, as everywhere.
	Card Card `json:"card"`
	// Tip is added on the terminal, in minor units.
	Tip int64 `json:"tip,omitempty"`
	// Provider is whose wallet reads the QR on the terminal: mercadopago or
	// external. "" is a card that is tapped, inserted or swiped.
	Provider string `json:"provider,omitempty"`
}

// deed does something with the order that the terminal has.
func (s *Simulator) pointDeed(name, operation string, do func(d *terminal, o *order, now time.Time) error) (err error) {
	e := s.do(func() {
		now := s.clock.Now()
		var d *terminal
		if d, err = s.terminal(name); err != nil {
			return
		}
		o := s.waiting(d)
		switch {
		case d.Off:
			err = ErrPower
		case d.Running != modePDV:
			err = ErrMode
		case o == nil || o.Point.Processing.IsZero() && !now.Before(o.Expires):
			err = ErrNothing
		case !o.Point.Processing.IsZero():
			err = ErrBusy
		default:
			err = do(d, o, now)
		}
	})
	if e != nil {
		err = e
	}
	s.deedDone(operation, name, err)
	return err
}

// TakePoint shows the waiting order on the terminal: at_terminal.
func (s *Simulator) TakePoint(name string) error {
	return s.pointDeed(name, "take", func(_ *terminal, o *order, now time.Time) error {
		s.takePoint(o, now)
		return nil
	})
}

// PayPoint pays the order of the terminal, which takes it first if it has not.
// A decline is no error: the order is failed then. With the holder CONT, or the
// late_approval fault, the payment stays in process, and after 40 seconds the
// order says action_required.
func (s *Simulator) PayPoint(name string, pay PointPayment) error {
	return s.pointDeed(name, "pay", func(_ *terminal, o *order, now time.Time) error { return s.pointAttempt(o, pay, now) })
}

// CancelPoint is the red key of the terminal.
func (s *Simulator) CancelPoint(name string) error {
	return s.pointDeed(name, "cancel", func(_ *terminal, o *order, now time.Time) error {
		s.takePoint(o, now)
		s.endPoint(o, "canceled", "canceled_on_terminal", now)
		return nil
	})
}

// StallPoint begins a payment whose end the terminal never tells: after 40
// seconds the order says action_required. With a payment the money was taken
// all the same if the card is one that is approved; without one it was not.
func (s *Simulator) StallPoint(name string, pay ...PointPayment) error {
	return s.pointDeed(name, "stall", func(_ *terminal, o *order, now time.Time) error {
		s.takePoint(o, now)
		for _, p := range pay {
			if _, err := s.pointCharge(o, p, now); err != nil {
				return err
			}
		}
		o.Point.Processing, o.Point.Trouble = now, "check_on_terminal"
		s.put(o)
		return nil
	})
}

// SetPointPower switches the terminal on or off. Off, it lets its order wait;
// on again, it runs in the mode that was set meanwhile. A payment that was
// being processed goes on without it.
func (s *Simulator) SetPointPower(name string, on bool) (err error) {
	e := s.do(func() {
		d, missing := s.terminal(name)
		if err = missing; err != nil {
			return
		}
		if d.Off && on {
			d.Running = d.OperatingMode
		}
		d.Off = !on
		s.put(d)
	})
	return cmp.Or(e, err)
}

// pointAttempt pays an order at its terminal and carries the outcome to it.
func (s *Simulator) pointAttempt(o *order, pay PointPayment, now time.Time) error {
	s.takePoint(o, now)
	p, err := s.pointCharge(o, pay, now)
	if err == nil {
		s.pointPaid(o, p, now)
	}
	return err
}

// pointCharge makes the payment without a word to the order.
func (s *Simulator) pointCharge(o *order, pay PointPayment, now time.Time) (*payment, error) {
	switch pay.Provider {
	case "", "mercadopago":
	case "external":
		pay.Card.Brand = cmp.Or(pay.Card.Brand, "account_money")
	default:
		return nil, fmt.Errorf("sim/mercadopago: there is no wallet provider %q", pay.Provider)
	}
	if pay.Tip < 0 {
		return nil, ErrAmount
	}
	if pay.Card.Brand == "account_money" && pay.Provider == "" {
		return nil, fmt.Errorf("sim/mercadopago: account money is paid by reading the QR, not with a card")
	}
	if o.Point.DefaultType == "debit_card" && pay.Card.Type == "" && pay.Provider == "" {
		pay.Card.Type = o.Point.DefaultType
	}
	d := s.terminals[terminalKey(o.UserID, o.Point.Terminal)]
	p := &payment{UserID: o.UserID, OrderID: o.ID, Ref: o.Ref, Description: o.Description, Asked: o.Total, Tip: pay.Tip, Provider: pay.Provider}
	if err := s.attempt(p, pay.Card, d.ExternalPOS, now); err != nil {
		return nil, err
	}
	o.Attempts = append(o.Attempts, p.ID)
	s.put(o)
	return p, nil
}

// payPointByPhone is a wallet that read the QR on the terminal's screen.
func (s *Simulator) payPointByPhone(o *order, card Card, out *Paid, now time.Time) error {
	p, err := s.pointCharge(o, PointPayment{Card: card, Provider: "mercadopago"}, now)
	if err != nil {
		return err
	}
	s.pointPaid(o, p, now)
	out.Payments = append(out.Payments, p.part())
	return nil
}

// deedDone lists what the operator did.
func (s *Simulator) deedDone(operation, terminal string, err error) {
	e := Exchange{Direction: "terminal", Operation: operation, Path: terminal, At: s.clock.Now()}
	if err != nil {
		e.Note = err.Error()
	}
	s.traffic.Add(e)
}

// SignInPoint signs the terminal in to a POS of its account, by the seller's
// code, as is done on the device itself (docs/providers/mercadopago.md §5.7).
func (s *Simulator) SignInPoint(name, externalPOS string) (err error) {
	e := s.do(func() {
		d, missing := s.terminal(name)
		switch {
		case missing != nil:
			err = missing
		case s.posByExternal(d.UserID, externalPOS) == nil:
			err = ErrPOS
		default:
			d.ExternalPOS = externalPOS
			s.put(d)
		}
	})
	return cmp.Or(e, err)
}
