package prisma

import (
	"crypto/rand"
	"fmt"
	"time"
)

// Wallet is the test wallet with which a customer pays a terminal's QR.
type Wallet struct {
	Brand        string `json:"brand"` // of the card in it; VI unless told
	Kind         string `json:"kind"`  // CREDIT unless told, or DEBIT
	LastFour     string `json:"last_four"`
	Holder       string `json:"holder,omitempty"`
	Installments int64  `json:"installments"`
	Tip          int64  `json:"tip"`
	// Discount is a benefit in centavos, when the till lets one be taken.
	Discount int64  `json:"discount"`
	Outcome  string `json:"outcome"` // as a card's
}

// newQR is what a terminal shows; the provider's format is not known.
func newQR() string { return "PWQR" + rand.Text() }

// PayQR pays the QR that a terminal shows (docs/providers/prisma.md §11).
func (s *Simulator) PayQR(qr string, w Wallet) error {
	i := s.ofQR(qr)
	if i.Terminal == "" {
		return fmt.Errorf("%w: no terminal shows this QR", ErrNothing)
	}
	return s.at(i.Terminal, "pay_qr", func(d *device, now time.Time) error {
		i, err := s.working(d, StepQR)
		if err == nil && i.QR != qr {
			err = fmt.Errorf("%w: no terminal shows this QR", ErrNothing)
		}
		if err != nil {
			return err
		}
		card := Card{Brand: w.Brand, Kind: w.Kind, Entry: "QR_CODE", LastFour: w.LastFour, Holder: w.Holder, Installments: w.Installments,
			Tip: w.Tip, Discount: w.Discount, Outcome: w.Outcome}
		if err := i.accept(&card); err != nil {
			return err
		}
		s.ask(i, now)
		return nil
	})
}

// ScanQR tells a wallet what the QR that a terminal shows asks for.
func (s *Simulator) ScanQR(qr string) (Intent, error) {
	i := s.ofQR(qr)
	if i.Step != StepQR {
		return Intent{}, ErrNothing
	}
	return i, nil
}

func (s *Simulator) ofQR(qr string) (found Intent) {
	s.look(func() {
		for _, i := range s.open {
			if i.QR == qr && qr != "" {
				found = i.view()
			}
		}
	})
	return found
}
