package prisma

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

// closeBatch closes the open batch of a terminal and begins the next one.
func (s *Simulator) closeBatch(d *device, by, settlement string, at time.Time) *Batch {
	b := &Batch{Terminal: d.ID, CUIT: s.accounts[d.Account].CUIT, Number: d.Batch, SettlementID: settlement, By: by, ClosedAt: at, Totals: s.totals(d.ID, d.Batch)}
	s.put(b)
	d.Batch++
	s.put(d)
	return b
}

// grantSettlement closes the batch, or declines an empty one
// (docs/providers/prisma.md §16.12, inferred).
func (s *Simulator) grantSettlement(i *intent, d *device, at time.Time) {
	if i.Result.Outcome != "approved" { // error_charged: closed, and nobody was told
		s.closeBatch(d, "settlement", i.ID, at)
		return
	}
	if s.totals(d.ID, d.Batch).Total.Count == 0 && !s.switches.SettlementEmptyOK {
		i.Result = &result{Outcome: "declined", Code: "95", Message: "LOTE SIN MOVIMIENTOS", At: at, BatchNumber: d.Batch}
		return
	}
	b := s.closeBatch(d, "settlement", i.ID, at)
	i.Result.Batch, i.Result.Message = b.id(), "CIERRE ACEPTADO"
	i.Result.Shop = s.closingSlip(b)
	if s.switches.SettlementReceiptFree {
		i.Result.Shop = fmt.Sprintf("CIERRE DE LOTE\nLOTE %d CERRADO CORRECTAMENTE", b.Number)
	}
}

// CloseBatch closes the batch on the device itself, behind the till's back.
func (s *Simulator) CloseBatch(terminal string) error {
	return s.at(terminal, "close_batch", func(d *device, now time.Time) error {
		switch {
		case d.Off || d.Current != "":
			return fmt.Errorf("%w: the terminal is off or busy", ErrState)
		case s.totals(d.ID, d.Batch).Total.Count == 0:
			return fmt.Errorf("%w: the batch is empty", ErrState)
		}
		s.closeOnDevice(d, "device", now)
		return nil
	})
}

func (s *Simulator) closeOnDevice(d *device, by string, at time.Time) {
	b := s.closeBatch(d, by, "", at)
	d.Message = "CIERRE ACEPTADO"
	if !d.NoPaper {
		d.Slip = s.closingSlip(b)
	}
	s.put(d)
}

// autoClose is the close that the device makes by itself at its hour.
func (s *Simulator) autoClose(d *device, at time.Time) {
	d.NextClose = d.closing(at)
	s.put(d)
	if s.totals(d.ID, d.Batch).Total.Count > 0 {
		s.closeOnDevice(d, "auto", at)
	}
}

// closeUnattended has idle terminals do the batch close that they were asked
// for, when the switch says that nobody need be there.
func (s *Simulator) closeUnattended(now time.Time) {
	for _, d := range sorted(s.devices) {
		for _, i := range s.listed(d.ID) {
			if i.Kind == KindSettlement && s.take(d, i, now) == nil {
				s.ask(i, now)
				break
			}
		}
	}
}

// Movement is made on a terminal without any intent.
type Movement struct {
	// Type is sale unless told, refund, or void, which voids the sale of Payment.
	Type    string `json:"type"`
	Payment string `json:"payment,omitempty"` // payment_id of the sale to void
	Brand   string `json:"brand"`             // VI unless told
	Kind    string `json:"kind"`              // CREDIT unless told
	Amount  int64  `json:"amount"`            // centavos
}

// Plant makes a movement on the terminal that no till asked for: the planted
// difference of a batch close.
func (s *Simulator) Plant(terminal string, m Movement) error {
	return s.at(terminal, "plant", func(d *device, now time.Time) error {
		brand, kind := cmp.Or(m.Brand, "VI"), cmp.Or(m.Kind, "CREDIT")
		switch cmp.Or(m.Type, "sale") {
		case "void":
			a := s.authOf[m.Payment]
			if a == nil || a.Reversed || a.Terminal != d.ID || a.Batch != d.Batch {
				return fmt.Errorf("%w: no such sale in the open batch", ErrNothing)
			}
			s.slipNumbers(d)
			s.void(a, "device", d.Batch, now)
		case "sale":
			if m.Amount <= 0 {
				return errors.New("sim/prisma: a movement needs an amount")
			}
			s.authorize(d, Authorization{Brand: brand, Kind: kind, Installments: 1, Amount: m.Amount, At: now})
		case "refund":
			if m.Amount <= 0 {
				return errors.New("sim/prisma: a movement needs an amount")
			}
			s.refund(d, RefundEntry{Brand: brand, Kind: kind, Amount: m.Amount, At: now})
		default:
			return fmt.Errorf("sim/prisma: no such movement %q", m.Type)
		}
		return nil
	})
}
