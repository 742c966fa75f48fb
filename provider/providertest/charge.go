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
	if (len(can.Topics) == 0) != (s.Unknown.Topic == "") {
		t.Errorf("topics %v of a provider whose notices are of %q", can.Topics, s.Unknown.Topic)
	}
	_, settles := s.Connector.(provider.Settler)
	_, lists := s.Connector.(provider.TerminalLister)
	_, cancels := s.Connector.(provider.RefundCanceler)
	for ability, missing := range map[string]bool{"settlement": can.Terminal.Settlement && !settles, "devices": can.Terminal.Devices && !lists,
		"refund at the terminal": can.Terminal.RefundAtTerminal && !cancels,
		"brands without one":     len(can.Terminal.NoReversal) > 0 && !can.Terminal.Reversal,
		"offered":                !can.Offered || s.Connector.Capabilities("nothing").Offered,
		"on a terminal":          s.charge.Rail != provider.RailTerminal && (len(can.Terminal.Options) > 0 || can.Terminal.RefundAtTerminal || can.Terminal.Reversal)} {
		if missing {
			t.Errorf("%s: declared, and not so: %+v", ability, can)
		}
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
	if s.can().Recovery == provider.RecoverNone {
		t.Log("nothing tells a second create of this rail from the first: it is asked once only, see LostCreateIsRecovered")
		return
	}
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
		t.Fatal("no way to decline a card: what a decline does to a charge is not known")
	}
	s.create()
	s.Decline(t, s.charge)
	s.get()
	if s.DeclineEnds { // reliability.md, 26
		s.want(payment.Rejected)
	} else {
		s.want(payment.Pending)
	}
	if sum := s.summary(); sum.Captured != 0 || s.DeclineEnds && sum.Declined != 1 {
		t.Errorf("a declined try brought money or was not told: %+v", sum)
	}
	if !s.DeclineEnds {
		s.pay()
	}
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

// cancelOutrun: a cancel that is asked for while the buyer pays ends in exactly
// one of paid and canceled, and is nothing before (reliability.md, 27).
func cancelOutrun(t *testing.T, s *story) {
	if s.Begin == nil {
		t.Log("nothing is between offered and paid on this rail: see CancelAfterPayIsPaid")
		return
	}
	s.create()
	s.Begin(t, s.charge)
	seen, err := s.Connector.Cancel(s.context(), s.charge, s.cancelKey())
	if err != nil {
		t.Fatalf("cancel: %v", err)
	}
	s.learn(seen)
	s.want(payment.Pending)
	if s.summary().Progress == "" {
		t.Errorf("neither at the terminal nor being canceled:\n%s", lines(s.facts))
	}
	s.Pay(t, s.charge)
	s.get()
	s.settle()
	s.want(payment.Paid)
	if got := s.summary().Captured; got != s.charge.Amount.Amount {
		t.Errorf("captured %d", got)
	}
}

// cancelLeavesOthers: a till's other order is not taken away with ours
// (reliability.md, 29).
func cancelLeavesOthers(t *testing.T, s *story) {
	s.create()
	other := &story{Rail: s.Rail, t: t, charge: s.Charge(99_900)}
	seen, err := s.Connector.Create(s.context(), other.charge, other.key())
	if s.charge.Rail == provider.RailTerminal && (err == nil) != s.can().Terminal.Queue {
		t.Fatalf("a second charge on the terminal: %v, with queue %t", err, s.can().Terminal.Queue)
	}
	if err != nil {
		if posta.ErrorCode(err) != posta.CodeTerminalBusy {
			s.fails("second order at a till", err, posta.CodeProviderRejected)
		}
		s.pay()
		return
	}
	other.learn(seen)
	s.cancel()
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
	s.CutNext(Create)
	_, err := s.Connector.Create(s.context(), s.charge, s.key())
	s.fails("create", err, posta.CodeProviderUnavailable)
	if s.can().Recovery == provider.RecoverNone {
		// It is neither found nor denied: only a person can settle it (reliability.md, 25).
		s.get()
		if len(s.facts) > 0 || s.charge.Order != "" {
			t.Errorf("order %q, facts:\n%s", s.charge.Order, lines(s.facts))
		}
		return
	}
	s.recover()
	s.want(payment.Pending)
	s.pay()
	if got := s.summary().Captured; got != s.charge.Amount.Amount {
		t.Errorf("captured %d", got)
	}
}

func lostCreatePaid(t *testing.T, s *story) {
	if s.can().Recovery != provider.RecoverSearch {
		t.Log("a lost create of this rail is not searched for: see LostCreateIsRecovered")
		return
	}
	s.CutNext(Create)
	_, err := s.Connector.Create(s.context(), s.charge, s.key())
	s.fails("create", err, posta.CodeProviderUnavailable)
	s.Pay(t, s.charge)
	s.recover()
	s.want(payment.Paid)
}

func lostCancel(t *testing.T, s *story) {
	s.create()
	s.CutNext(Cancel)
	seen, err := s.Connector.Cancel(s.context(), s.charge, s.cancelKey())
	s.fails("cancel", err, posta.CodeProviderUnavailable)
	s.learn(seen)
	s.cancel()
	s.want(payment.Canceled)
}

func credentialsRefused(t *testing.T, s *story) {
	_, err := s.Refused.Check(s.context())
	s.fails("check", err, posta.CodeUnauthorized)
	_, err = s.Refused.Create(s.context(), s.charge, s.key())
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
	if s.Unknown.Topic == "" { // it sends none
		for _, n := range []provider.Notice{{}, {Topic: "payment", Resource: "1"}, {Topic: "order", Resource: ".."}} {
			if seen, err := s.Connector.Fetch(s.context(), n); err != nil || len(seen) > 0 {
				t.Errorf("%+v: %+v, %v", n, seen, err)
			}
		}
		return
	}
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
	s.create()
	s.Advance(s.charge.ExpiresAt.Sub(s.charge.CreatedAt) - time.Second)
	s.get()
	s.want(payment.Pending)
	s.Advance(2 * time.Second)
	s.get()
	if s.can().Expires {
		s.want(payment.Expired)
		return
	}
	s.want(payment.Pending) // it does not end by itself: it is taken away
	s.cancel()
	s.want(payment.Canceled)
}

// errorsOfTheirs: what is refused for good, for now, and what is not known.
func errorsOfTheirs(t *testing.T, s *story) {
	if s.FailNext == nil {
		t.Fatal("no way to have the provider answer with an error")
	}
	for status, code := range map[int]posta.Code{400: posta.CodeProviderRejected, 429: posta.CodeRateLimited, 503: posta.CodeProviderUnavailable} {
		charge := s.Charge(99_900)
		s.FailNext(Create, status)
		_, err := s.Connector.Create(s.context(), charge, "key-create-"+string(charge.Payment))
		s.fails("create", err, code)
		if posta.Temporary(err) == (status == 400) {
			t.Errorf("%d: %v", status, err)
		}
	}
	s.create()
	s.FailNext(Cancel, 503)
	seen, err := s.Connector.Cancel(s.context(), s.charge, s.cancelKey())
	s.fails("cancel", err, posta.CodeProviderUnavailable)
	s.learn(seen)
	s.want(payment.Pending)
	s.pay()
}

func noAnswer(t *testing.T, s *story) {
	ctx, cancel := context.WithCancel(s.context())
	cancel()
	_, err := s.Connector.Create(ctx, s.charge, s.key())
	// Whoever cannot look for it may say for sure that it was never sent.
	if s.can().Recovery != provider.RecoverNone || posta.ErrorCode(err) != posta.CodeProviderRejected {
		s.fails("create", err, posta.CodeProviderUnavailable)
	}
	_, err = s.Connector.Check(ctx)
	s.fails("check", err, posta.CodeProviderUnavailable)
}
