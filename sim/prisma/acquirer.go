package prisma

import (
	"fmt"
	"time"

	"posta/sim/fault"
)

// refusals are the acquirer's answers by outcome.
var refusals = map[string]result{
	"decline":       {Outcome: "declined", Code: "51", Message: "FONDOS INSUFICIENTES"},
	"wrong_pin":     {Outcome: "declined", Code: "55", Message: "PIN INCORRECTO"},
	"expired_card":  {Outcome: "declined", Code: "54", Message: "TARJETA VENCIDA"},
	"error":         {Outcome: "failed", Code: "91", Message: "EMISOR FUERA DE LINEA"},
	"error_charged": {Outcome: "failed", Code: "96", Message: "ERROR DE COMUNICACION"},
}

// lateness is what the script adds to the acquirer's answer.
func (s *Simulator) lateness() time.Duration {
	d := s.fault.Decide(fault.Call{Operation: "ask"})
	return d.Delay + d.LateApproval
}

// answer is what the acquirer says and does: what it grants stands in the
// books from here on, whether the till hears of it or not.
func (s *Simulator) answer(i *intent, at time.Time) {
	d := s.devices[i.Terminal]
	outcome := d.Outcome
	if outcome != "" {
		d.Outcome = ""
		s.put(d)
	} else if i.Card != nil {
		if outcome = i.Card.Outcome; i.Card.PIN != "" && i.Card.PIN != "1234" {
			outcome = "wrong_pin"
		}
	}
	if bad, ok := refusals[outcome]; ok {
		bad.At = at
		i.Result = &bad
		if outcome != "error_charged" {
			s.put(i)
			return
		}
	} else {
		i.Result = &result{Outcome: "approved", Code: "00", At: at}
	}
	i.Result.BatchNumber = d.Batch
	switch i.Kind {
	case KindPayment:
		s.grantPayment(i, d, at)
	case KindReversal:
		s.grantReversal(i, d, at)
	case KindRefund:
		s.grantRefund(i, d, at)
	case KindSettlement:
		s.grantSettlement(i, d, at)
	}
	s.put(i)
}

// slipNumbers gives the next coupon and authorization code.
func (s *Simulator) slipNumbers(d *device) (coupon int64, code string) {
	d.Coupon++
	s.put(d)
	return d.Coupon, fmt.Sprintf("%06d", (s.next(&s.count.Authorization)*7919+123_457)%1_000_000)
}

func (s *Simulator) grantPayment(i *intent, d *device, at time.Time) {
	wrong := s.fault.Decide(fault.Call{Operation: "authorize"}).WrongAmount
	a := s.authorize(d, Authorization{PaymentID: i.ID, EcrTransactionID: i.Reference, Brand: i.Card.Brand, Kind: i.Card.Kind, Installments: i.Card.Installments,
		Amount: i.Amount + i.Change + i.Card.Tip - i.Card.Discount + wrong, Change: i.Change, Tip: i.Card.Tip, Discount: i.Card.Discount, At: at})
	i.Result.Authorization, i.Result.Coupon, i.Result.Auth = a.Number, a.Coupon, a.Code
	i.Result.Client, i.Result.Shop = s.slips(i, d, "VENTA", a.Amount)
}

// authorize writes a sale into the open batch.
func (s *Simulator) authorize(d *device, a Authorization) *Authorization {
	a.Coupon, a.Code = s.slipNumbers(d)
	a.Number, a.Terminal, a.CUIT, a.Batch = s.count.Authorization, d.ID, s.accounts[d.Account].CUIT, d.Batch
	s.put(&a)
	return &a
}

// grantReversal voids a sale. The terminal refuses one that is settled, was
// made on another terminal or by American Express, unless the switches say
// otherwise (docs/providers/prisma.md §6, §16.10).
func (s *Simulator) grantReversal(i *intent, d *device, at time.Time) {
	a, w := s.authOf[i.PaymentID], s.switches
	refuse := ""
	switch {
	case a.Reversed:
		refuse = "OPERACION YA ANULADA"
	case a.Terminal != d.ID && !w.ReversalAnyTerminal:
		refuse = "CUPON DE OTRA TERMINAL"
	case a.Batch != s.devices[a.Terminal].Batch && !w.ReversalAfterClose:
		refuse = "LOTE CERRADO"
	case a.Brand == "AM" && !w.ReversalAmex:
		refuse = "TARJETA NO ADMITE ANULACION"
	}
	if refuse != "" {
		i.Result = &result{Outcome: "declined", Code: "12", Message: refuse, At: at, BatchNumber: d.Batch}
		return
	}
	i.Result.Coupon, i.Result.Auth = s.slipNumbers(d)
	i.Result.Authorization = a.Number
	s.void(a, "reversal", d.Batch, at)
	i.Result.Client, i.Result.Shop = s.slips(i, d, "ANULACION", a.Amount)
}

func (s *Simulator) void(a *Authorization, by string, batch int64, at time.Time) {
	a.Reversed, a.VoidedBy, a.VoidedIn, a.VoidedAt = true, by, batch, at
	s.put(a)
}

func (s *Simulator) grantRefund(i *intent, d *device, at time.Time) {
	r := s.refund(d, RefundEntry{RefundID: i.ID, EcrTransactionID: i.Reference, Brand: i.Card.Brand, Kind: i.Card.Kind, Amount: i.Amount, At: at})
	i.Result.Refund, i.Result.Coupon, i.Result.Auth = r.Number, r.Coupon, r.Code
	i.Result.Client, i.Result.Shop = s.slips(i, d, "DEVOLUCION", r.Amount)
}

func (s *Simulator) refund(d *device, r RefundEntry) *RefundEntry {
	r.Coupon, r.Code = s.slipNumbers(d)
	r.Number, r.Terminal, r.CUIT, r.Batch = s.next(&s.count.Refund), d.ID, s.accounts[d.Account].CUIT, d.Batch
	s.put(&r)
	return &r
}

// takeBack undoes technically what the acquirer granted to an intent.
func (s *Simulator) takeBack(i *intent, by string, at time.Time) {
	if i.Result == nil || i.Result.Outcome == "declined" {
		return
	}
	switch a := s.auths[i.Result.Authorization]; {
	case i.Kind == KindPayment && a != nil:
		s.void(a, by, 0, at)
	case i.Kind == KindReversal && a != nil:
		a.Reversed, a.VoidedBy, a.VoidedIn, a.VoidedAt = false, "", 0, time.Time{}
		s.put(a)
	case i.Kind == KindRefund && i.Result.Refund != 0:
		r := s.refunds[i.Result.Refund]
		r.Voided = true
		s.put(r)
	}
}
