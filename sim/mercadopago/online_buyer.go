package mercadopago

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

// ErrReturned is money that came when nothing was owed any more: it went back
// to who paid (docs/providers/mercadopago-online.md §2.3).
var ErrReturned = errors.New("sim/mercadopago: the voucher is no longer open, the money went back to the payer")

// ErrOpen is a payment that does not wait for that.
var ErrOpen = errors.New("sim/mercadopago: the payment does not wait for that")

// PayVoucher pays a boleto, a cash slip, a Pix code or a transfer whole. After
// the voucher's end the money goes back to the payer: ErrReturned.
func (s *Simulator) PayVoucher(paymentID int64) error {
	return s.online(paymentID, func(p *payment, now time.Time) error {
		if p.Online.Voucher == nil {
			return ErrOpen
		}
		if p.Status != pending || !now.Before(p.Online.Voucher.Until) {
			p.Online.Returned += p.Amount
			s.put(p)
			return ErrReturned
		}
		s.grant(p, now)
		s.move(p, now)
		return nil
	})
}

// Device is the fingerprint of the buyer's device that the seller sent with a
// payment: X-meli-session-id (docs/providers/mercadopago-online.md §6.2).
func (s *Simulator) Device(paymentID int64) (device string, err error) {
	err = s.online(paymentID, func(p *payment, _ time.Time) error {
		device = p.Online.Device
		return nil
	})
	return device, err
}

// RefuseTransfer is the payer's bank saying no to a transfer that waits.
func (s *Simulator) RefuseTransfer(paymentID int64) error {
	return s.online(paymentID, func(p *payment, now time.Time) error {
		if p.Online.Voucher == nil || p.Status != pending {
			return ErrOpen
		}
		p.Status, p.Detail, p.Online.Expires = rejected, "rejected_by_bank", time.Time{}
		s.move(p, now)
		return nil
	})
}

// AnswerChallenge is the buyer passing the bank's 3DS question, or failing it.
func (s *Simulator) AnswerChallenge(paymentID int64, passed bool) error {
	return s.online(paymentID, func(p *payment, now time.Time) error {
		if p.Online.Challenge == nil || p.Status != pending {
			return ErrOpen
		}
		s.answerChallenge(p, passed, now)
		return nil
	})
}

// online does something to an online payment, alone.
func (s *Simulator) online(id int64, f func(*payment, time.Time) error) (err error) {
	if e := s.do(func() {
		p := s.payments[id]
		if p == nil || p.Online == nil {
			err = fmt.Errorf("%w: there is no online payment %d", ErrNothing, id)
			return
		}
		err = f(p, s.clock.Now())
	}); e != nil {
		return e
	}
	return err
}

// CardForm is a card as a buyer types it. The zero value is the site's Visa
// test card in the name of APRO (docs/providers/mercadopago-online.md §2.11).
type CardForm struct {
	Number         string `json:"number,omitempty"`
	Month          int    `json:"month,omitempty"`
	Year           int    `json:"year,omitempty"`
	Code           string `json:"code,omitempty"`
	Holder         string `json:"holder,omitempty"`
	DocumentType   string `json:"document_type,omitempty"`
	DocumentNumber string `json:"document_number,omitempty"`
}

// Tokenize makes a card token, as the browser does with the seller's public key.
func (s *Simulator) Tokenize(userID int64, form CardForm) (token string, err error) {
	return s.tokenOf(form, func() (*Account, bool) {
		a := s.accounts[userID]
		return a, a != nil && a.testKeys()
	})
}

// TokenizeWith makes one with a public key: of an application's test mode, of
// a seller who was let in by OAuth.
func (s *Simulator) TokenizeWith(publicKey string, form CardForm) (token string, err error) {
	return s.tokenOf(form, func() (*Account, bool) {
		k := s.publicKeys[publicKey]
		return s.accounts[k.user], k.test
	})
}

func (s *Simulator) tokenOf(form CardForm, who func() (*Account, bool)) (token string, err error) {
	e := s.do(func() {
		a, test := who()
		if a == nil {
			err = ErrNothing
			return
		}
		k, faults := s.tokenise(a, test, form.filled(a.Site), s.clock.Now())
		if len(faults) > 0 {
			err = fmt.Errorf("sim/mercadopago: %s %s", faults[0].Code, faults[0].Description)
			return
		}
		token = k.ID
	})
	return token, cmp.Or(e, err)
}

// expireOnline ends vouchers, holds and challenges whose time is over.
func (s *Simulator) expireOnline(now time.Time) {
	due := map[int64]*payment{}
	for id, p := range s.awaiting {
		if !now.Before(p.Online.Expires) {
			due[id] = p
		}
	}
	for _, p := range sorted(due) {
		if p.Detail == "pending_challenge" {
			s.answerChallenge(p, false, now)
			continue
		}
		p.Status, p.Detail, p.Online.Expires = cancelled, "expired", time.Time{}
		s.move(p, now)
	}
}
