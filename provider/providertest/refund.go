package providertest

import (
	"testing"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
)

// ask is a refund of an amount of the attempt that brought the money; 0 is the
// whole.
func (s *story) ask(kind provider.RefundKind, minor int64, key string) provider.Refund {
	s.t.Helper()
	attempt := s.attempt()
	r := provider.Refund{Attempt: attempt.ID, Amount: posta.Money{Amount: minor, Currency: s.charge.Amount.Currency}, Key: key, Kind: kind,
		Terminals: s.charge.Terminals, Brand: attempt.Brand, Title: s.charge.Title}
	if minor == 0 {
		r.Amount.Amount, r.Whole = attempt.Amount, true
	}
	return r
}

// give asks for a refund. Where a person does it at a terminal it comes back
// pending, and nothing is given back yet.
func (s *story) give(r provider.Refund) (provider.Fact, error) {
	s.t.Helper()
	seen, err := s.Connector.Refund(s.context(), s.charge, r)
	s.learn(seen)
	if err != nil {
		return provider.Fact{}, err
	}
	for _, f := range seen.Facts {
		if f.Kind == provider.FactRefund && f.Parent == r.Attempt && f.Amount == r.Amount.Amount {
			waits := f.Status == provider.StatusPending && f.Progress != ""
			if at := s.can().Terminal.RefundAtTerminal; waits != at {
				s.t.Errorf("refund at a terminal: %t, but %+v", at, f)
			}
			s.charge.Refunds = append(s.charge.Refunds, provider.RefundRef{ID: f.ID, Attempt: r.Attempt, Kind: r.Kind, Key: r.Key, Amount: f.Amount})
			return f, nil
		}
	}
	s.t.Fatalf("no refund of %d of %s in\n%s", r.Amount.Amount, r.Attempt, lines(seen.Facts))
	return provider.Fact{}, nil
}

// mustGive asks for a refund and has it done.
func (s *story) mustGive(minor int64, key string) provider.Fact {
	s.t.Helper()
	f, err := s.give(s.ask("", minor, key))
	if err != nil {
		s.t.Fatalf("refund: %v", err)
	}
	s.done()
	return f
}

// done has the refund done that waits on a terminal, if they do.
func (s *story) done() {
	if s.can().Terminal.RefundAtTerminal {
		s.GiveBack(s.t, s.charge)
	}
}

func refundWhole(t *testing.T, s *story) {
	s.create()
	s.pay()
	s.mustGive(0, "key-refund-1")
	s.get()
	s.want(payment.Refunded)
	if got := s.summary().Refunded; got != s.charge.Amount.Amount {
		t.Errorf("refunded %d", got)
	}
}

// refundParts: each key has one effect, whatever the number of calls
// (reliability.md, 7). Where the provider keeps no keys the call is made once.
func refundParts(t *testing.T, s *story) {
	s.create()
	s.pay()
	if !s.can().PartialRefund {
		_, err := s.give(s.ask("", 40_000, "key-refund-1"))
		s.fails("a part of a rail that gives back whole payments only", err, posta.CodeProviderRejected)
		return
	}
	one := s.mustGive(40_000, "key-refund-1")
	if s.can().Recovery == provider.RecoverNone {
		t.Log("this rail keeps no keys: a refund is asked for once only")
	} else if again := s.mustGive(40_000, "key-refund-1"); one.ID != again.ID {
		t.Errorf("one key made refunds %s and %s", one.ID, again.ID)
	}
	s.get()
	s.want(payment.PartiallyRefunded)
	if got := s.summary().Refunded; got != 40_000 {
		t.Errorf("refunded %d after one refund of 40000", got)
	}
	s.mustGive(s.charge.Amount.Amount-40_000, "key-refund-2")
	s.get()
	s.want(payment.Refunded)
}

func refundTooMuch(t *testing.T, s *story) {
	if s.Untied {
		t.Log("the provider does not know what a refund is of: package payment holds it to the sale")
		return
	}
	s.create()
	s.pay()
	_, err := s.give(s.ask("", s.charge.Amount.Amount+100, "key-refund-1"))
	s.fails("refund", err, posta.CodeProviderRejected)
	s.get()
	s.want(payment.Paid)
}

// refundCanceled: what waits on a terminal is taken off it, and leaves the
// payment as it was.
func refundCanceled(t *testing.T, s *story) {
	if !s.can().Terminal.RefundAtTerminal {
		t.Log("refunds of this rail are done by the provider: nothing waits to be canceled")
		return
	}
	s.create()
	s.pay()
	f, err := s.give(s.ask("", 0, "key-refund-1"))
	if err != nil {
		t.Fatal(err)
	}
	s.want(payment.Paid)
	canceler := s.Connector.(provider.RefundCanceler)
	for range 10 {
		seen, err := canceler.CancelRefund(s.context(), s.charge, s.charge.Refunds[0])
		if err != nil {
			t.Fatal(err)
		}
		s.learn(seen)
		for _, now := range seen.Facts {
			if now.ID != f.ID {
				t.Errorf("cancel of %s told of %s", f.ID, now.ID)
			}
			f = now
		}
		if f.Status != provider.StatusPending {
			break
		}
		s.Advance(time.Second)
	}
	if f.Status != provider.StatusCanceled {
		t.Errorf("%+v", f)
	}
	s.get()
	s.want(payment.Paid)
}

// reversalWhole: a reversal takes the whole payment, and a part of one does not
// reach the provider (reliability.md, 28).
func reversalWhole(t *testing.T, s *story) {
	s.create()
	s.pay()
	if !s.can().Terminal.Reversal {
		t.Log("this rail has refunds only")
		return
	}
	_, err := s.give(s.ask(provider.KindReversal, 40_000, "key-refund-1"))
	s.fails("a part as reversal", err, posta.CodeProviderRejected)
	s.get()
	s.want(payment.Paid)
	f, err := s.give(s.ask(provider.KindReversal, 0, "key-refund-2"))
	if err != nil || f.Refund != provider.KindReversal {
		t.Fatalf("%+v, %v", f, err)
	}
	s.done()
	s.get()
	s.want(payment.Refunded)
	if got := s.summary().Refunded; got != s.charge.Amount.Amount {
		t.Errorf("refunded %d", got)
	}
}

// lostRefund: asked again with its key it has one effect. Where there are no
// keys nothing is asked again: a reversal is found by its payment, a refund
// tells nothing more.
func lostRefund(t *testing.T, s *story) {
	s.create()
	s.pay()
	lose := func(kind provider.RefundKind) provider.Refund {
		s.CutNext(Refund)
		r := s.ask(kind, 0, "key-refund-1")
		_, err := s.give(r)
		s.fails("refund", err, posta.CodeProviderUnavailable)
		return r
	}
	switch can := s.can(); {
	case can.Recovery != provider.RecoverNone:
		lose("")
		s.mustGive(0, "key-refund-1")
	case can.Terminal.Reversal:
		r := lose(provider.KindReversal)
		s.charge.Refunds = []provider.RefundRef{{Attempt: r.Attempt, Kind: r.Kind, Key: r.Key, Amount: r.Amount.Amount}}
		before := len(s.facts)
		s.get()
		if found := s.facts[before:]; len(found) == 0 || found[len(found)-1].Kind != provider.FactRefund || found[len(found)-1].Status != provider.StatusPending {
			t.Fatalf("a reversal whose answer was lost is not found:\n%s", lines(found))
		}
		s.done()
	default:
		r := lose("")
		s.charge.Refunds = []provider.RefundRef{{Attempt: r.Attempt, Key: r.Key, Amount: r.Amount.Amount}}
		s.get()
		s.want(payment.Paid)
		return
	}
	s.get()
	s.want(payment.Refunded)
	if got := s.summary().Refunded; got != s.charge.Amount.Amount {
		t.Errorf("refunded %d", got)
	}
}
