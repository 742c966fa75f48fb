package providertest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
)

func lines(facts []provider.Fact) string {
	var b strings.Builder
	for _, f := range facts {
		fmt.Fprintf(&b, "  %+v\n", f)
	}
	return b.String()
}

func capabilities(t *testing.T, s *story) {
	can := s.can()
	if !slices.Contains([]provider.Recovery{provider.RecoverRepeat, provider.RecoverSearch, provider.RecoverNone}, can.Recovery) {
		t.Errorf("recovery %q", can.Recovery)
	}
	if len(can.Topics) == 0 {
		t.Error("no topics")
	}
	account, err := s.Connector.Check(s.context())
	if err != nil || account.ID == "" || len(account.Country) != 2 {
		t.Errorf("check: %+v, %v", account, err)
	}
}

func createOpens(t *testing.T, s *story) {
	s.create()
	s.want(payment.Pending)
	asked := false
	for _, f := range s.facts {
		asked = asked || f.Kind == provider.FactOrder && f.Status == provider.StatusOpen && f.Amount == s.charge.Amount.Amount
	}
	if !asked {
		t.Errorf("no open order of the amount asked:\n%s", lines(s.facts))
	}
	s.get()
	s.want(payment.Pending)
}

func createAgain(t *testing.T, s *story) {
	s.create()
	order := s.charge.Order
	s.create()
	if s.charge.Order != order {
		t.Errorf("order %q, then %q", order, s.charge.Order)
	}
	s.want(payment.Pending)
	s.pay()
	if got := s.summary().Captured; got != s.charge.Amount.Amount {
		t.Errorf("captured %d", got)
	}
}

func getUnknown(t *testing.T, s *story) {
	seen, err := s.Connector.Get(s.context(), s.charge)
	if err != nil || len(seen.Facts) > 0 {
		t.Errorf("%+v, %v", seen, err)
	}
}

func payCloses(t *testing.T, s *story) {
	s.create()
	s.pay()
	sum := s.summary()
	if sum.Captured != s.charge.Amount.Amount || sum.Refunded != 0 || sum.PaidAt.IsZero() {
		t.Errorf("%+v", sum)
	}
	if a := s.attempt(); a.Method == "" || a.Parent == "" {
		t.Errorf("attempt without method or parent: %+v", a)
	}
	before := len(s.facts)
	s.get()
	for _, f := range s.facts[before:] {
		if !slices.ContainsFunc(s.facts[:before], f.Same) {
			t.Errorf("nothing happened, but this is new: %+v", f)
		}
	}
}

func declined(t *testing.T, s *story) {
	if s.Decline == nil {
		t.Log("this rail has no try that leaves the charge open")
		return
	}
	s.create()
	s.Decline(t, s.charge)
	s.get()
	s.want(payment.Pending)
	if s.summary().Captured != 0 {
		t.Errorf("a declined try brought money: %+v", s.summary())
	}
	s.pay()
}

func cancelTakesAway(t *testing.T, s *story) {
	s.create()
	s.cancel()
	s.want(payment.Canceled)
	s.cancel()
	s.want(payment.Canceled)
	s.get()
	s.want(payment.Canceled)
}

func cancelAfterPay(t *testing.T, s *story) {
	s.create()
	s.Pay(t, s.charge)
	s.cancel()
	s.want(payment.Paid)
	s.get()
	s.want(payment.Paid)
}

// cancelLeavesOthers: a till's other order is not taken away with ours
// (reliability.md, 29).
func cancelLeavesOthers(t *testing.T, s *story) {
	s.create()
	other := &story{Rail: s.Rail, t: t, charge: s.Charge(99_900)}
	seen, err := s.Connector.Create(s.context(), other.charge, "key-create-2")
	if err != nil {
		if posta.ErrorCode(err) != posta.CodeTerminalBusy {
			s.fails("second order at a till", err, posta.CodeProviderRejected)
		}
		s.pay()
		return
	}
	other.learn(seen)
	if _, err := s.Connector.Cancel(s.context(), s.charge, "key-cancel-1"); err != nil {
		t.Fatal(err)
	}
	other.get()
	other.want(payment.Pending)
	other.pay()
}

// recover does for a lost create what Capabilities.Recovery says.
func (s *story) recover() {
	s.t.Helper()
	if s.can().Recovery == provider.RecoverRepeat {
		s.create()
	} else {
		s.get()
	}
}

func lostCreate(t *testing.T, s *story) {
	if s.can().Recovery == provider.RecoverNone {
		t.Log("only a person can settle a lost create on this rail")
		return
	}
	s.CutNext(Create)
	_, err := s.Connector.Create(s.context(), s.charge, "key-create-1")
	s.fails("create", err, posta.CodeProviderUnavailable)
	s.recover()
	s.want(payment.Pending)
	s.pay()
	if got := s.summary().Captured; got != s.charge.Amount.Amount {
		t.Errorf("captured %d", got)
	}
}

func lostCreatePaid(t *testing.T, s *story) {
	if s.can().Recovery != provider.RecoverSearch {
		t.Log("the buyer of this rail cannot pay what nobody has shown")
		return
	}
	s.CutNext(Create)
	_, err := s.Connector.Create(s.context(), s.charge, "key-create-1")
	s.fails("create", err, posta.CodeProviderUnavailable)
	s.Pay(t, s.charge)
	s.recover()
	s.want(payment.Paid)
}

func lostCancel(t *testing.T, s *story) {
	s.create()
	s.CutNext(Cancel)
	seen, err := s.Connector.Cancel(s.context(), s.charge, "key-cancel-1")
	s.fails("cancel", err, posta.CodeProviderUnavailable)
	s.learn(seen)
	s.cancel()
	s.want(payment.Canceled)
}

func credentialsRefused(t *testing.T, s *story) {
	_, err := s.Refused.Check(s.context())
	s.fails("check", err, posta.CodeUnauthorized)
	_, err = s.Refused.Create(s.context(), s.charge, "key-create-1")
	s.fails("create", err, posta.CodeUnauthorized)
	_, err = s.Refused.Get(s.context(), s.Charge(100_00))
	if err != nil {
		s.fails("get", err, posta.CodeUnauthorized)
	}
	s.get()
	if len(s.facts) > 0 {
		t.Errorf("a refused create left something:\n%s", lines(s.facts))
	}
}

func fetchUnknown(t *testing.T, s *story) {
	_, err := s.Connector.Fetch(s.context(), s.Unknown)
	s.fails("fetch", err, posta.CodeNotFound)
	seen, err := s.Connector.Fetch(s.context(), provider.Notice{Topic: "nothing-of-ours", Resource: "1"})
	if err != nil || len(seen) > 0 {
		t.Errorf("a topic that is not ours: %+v, %v", seen, err)
	}
	for _, hostile := range []string{"..", "../../users/me", "1?x=1", "%2e%2e", ""} {
		seen, err = s.Connector.Fetch(s.context(), provider.Notice{Topic: s.Unknown.Topic, Resource: hostile})
		s.fails("fetch "+hostile, err, posta.CodeNotFound)
		if len(seen) > 0 {
			t.Errorf("%q told %+v", hostile, seen)
		}
	}
}

func expires(t *testing.T, s *story) {
	if !s.can().Expires {
		t.Log("this rail's charges do not end by themselves")
		return
	}
	s.create()
	s.Advance(s.charge.ExpiresAt.Sub(s.charge.CreatedAt) - time.Second)
	s.get()
	s.want(payment.Pending)
	s.Advance(2 * time.Second)
	s.get()
	s.want(payment.Expired)
}

func noAnswer(t *testing.T, s *story) {
	ctx, cancel := context.WithCancel(s.context())
	cancel()
	_, err := s.Connector.Create(ctx, s.charge, "key-create-1")
	s.fails("create", err, posta.CodeProviderUnavailable)
	_, err = s.Connector.Check(ctx)
	s.fails("check", err, posta.CodeProviderUnavailable)
}
