package providertest

import (
	"testing"

	"posta"
	"posta/payment"
	"posta/provider"
)

// give refunds an amount of the attempt that brought the money; 0 is the whole.
func (s *story) give(minor int64, key string) (provider.Fact, error) {
	s.t.Helper()
	attempt := s.attempt()
	r := provider.Refund{Attempt: attempt.ID, Amount: posta.Money{Amount: minor, Currency: s.charge.Amount.Currency}, Key: key}
	if minor == 0 {
		r.Amount.Amount, r.Whole = attempt.Amount, true
	}
	seen, err := s.Connector.Refund(s.context(), s.charge, r)
	s.learn(seen)
	if err != nil {
		return provider.Fact{}, err
	}
	for _, f := range seen.Facts {
		if f.Kind == provider.FactRefund && f.Parent == attempt.ID && f.Amount == r.Amount.Amount {
			return f, nil
		}
	}
	s.t.Fatalf("no refund of %d of %s in\n%s", r.Amount.Amount, attempt.ID, lines(seen.Facts))
	return provider.Fact{}, nil
}

func (s *story) mustGive(minor int64, key string) provider.Fact {
	s.t.Helper()
	f, err := s.give(minor, key)
	if err != nil {
		s.t.Fatalf("refund: %v", err)
	}
	return f
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
// (reliability.md, 7).
func refundParts(t *testing.T, s *story) {
	if !s.can().PartialRefund {
		t.Log("this rail gives back whole payments only")
		return
	}
	s.create()
	s.pay()
	one := s.mustGive(40_000, "key-refund-1")
	again := s.mustGive(40_000, "key-refund-1")
	if one.ID != again.ID {
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
	s.create()
	s.pay()
	_, err := s.give(s.charge.Amount.Amount+100, "key-refund-1")
	s.fails("refund", err, posta.CodeProviderRejected)
	s.get()
	s.want(payment.Paid)
}

func lostRefund(t *testing.T, s *story) {
	s.create()
	s.pay()
	s.CutNext(Refund)
	_, err := s.give(0, "key-refund-1")
	s.fails("refund", err, posta.CodeProviderUnavailable)
	s.mustGive(0, "key-refund-1")
	s.get()
	s.want(payment.Refunded)
	if got := s.summary().Refunded; got != s.charge.Amount.Amount {
		t.Errorf("refunded %d", got)
	}
}
