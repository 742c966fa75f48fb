package providertest

import (
	"testing"

	"posta"
	"posta/payment"
	"posta/provider"
)

// authorized makes a charge that only reserves the money; false where the rail has none.
func (s *story) authorized() (provider.Capturer, bool) {
	s.t.Helper()
	capturer, ok := s.Connector.(provider.Capturer)
	if s.Authorize == nil || !ok {
		s.t.Log("nothing is reserved on this rail")
		return nil, false
	}
	s.charge = s.Authorize(150_000)
	s.create()
	s.want(payment.Pending)
	if s.summary().Progress != provider.ProgressAuthorized {
		s.t.Fatalf("not authorized:\n%s", lines(s.facts))
	}
	return capturer, true
}

func (s *story) capture(c provider.Capturer, minor int64) error {
	s.t.Helper()
	seen, err := c.Capture(s.context(), s.charge, posta.Money{Amount: minor, Currency: s.charge.Amount.Currency}, "key-capture-"+string(s.charge.Payment))
	s.learn(seen)
	return err
}

// captured holds the facts to a payment of the amount that was to be captured.
func (s *story) captured(minor int64) {
	s.t.Helper()
	sum := payment.Compute(minor, s.facts)
	if sum.State != payment.Paid || sum.Captured != minor || sum.Attention != payment.AttentionNone {
		s.t.Fatalf("%+v, want %d captured:\n%s", sum, minor, lines(s.facts))
	}
}

// captureWhole: asked again with its key it has one effect (reliability.md, 7).
func captureWhole(t *testing.T, s *story) {
	c, ok := s.authorized()
	if !ok {
		return
	}
	for range 2 {
		if err := s.capture(c, s.charge.Amount.Amount); err != nil {
			t.Fatal(err)
		}
		s.captured(s.charge.Amount.Amount)
	}
	s.get()
	s.captured(s.charge.Amount.Amount)
}

func capturePart(t *testing.T, s *story) {
	c, ok := s.authorized()
	if !ok {
		return
	}
	if err := s.capture(c, 100_000); err != nil {
		t.Fatal(err)
	}
	s.get()
	s.captured(100_000)
}

func lostCapture(t *testing.T, s *story) {
	c, ok := s.authorized()
	if !ok {
		return
	}
	s.CutNext(Capture)
	s.fails("capture", s.capture(c, 100_000), posta.CodeProviderUnavailable)
	if err := s.capture(c, 100_000); err != nil {
		t.Fatal(err)
	}
	s.captured(100_000)
}

// cancelReleases: a cancel gives what was reserved free, and nothing is captured
// after it.
func cancelReleases(t *testing.T, s *story) {
	c, ok := s.authorized()
	if !ok {
		return
	}
	s.cancel()
	s.want(payment.Canceled)
	_ = s.capture(c, s.charge.Amount.Amount) // refused, or told that it is canceled
	s.get()
	s.want(payment.Canceled)
}
