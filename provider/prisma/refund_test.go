package prisma_test

import (
	"testing"

	"posta"
	"posta/payment"
	"posta/provider"
	"posta/sim/fault"
	sim "posta/sim/prisma"
)

// sold is a charge that was paid with a card.
func sold(t *testing.T, c *counter, connector provider.Connector, card sim.Card) (provider.Charge, []provider.Fact) {
	t.Helper()
	charge := c.charge(150_000)
	facts := create(t, connector, &charge)
	c.pay(t, card)
	facts = append(facts, get(t, connector, charge)...)
	wantState(t, charge, facts, payment.Paid, "")
	return charge, facts
}

func back(charge provider.Charge, kind provider.RefundKind, minor int64, key string) provider.Refund {
	return provider.Refund{Attempt: charge.Order, Amount: posta.Money{Amount: minor, Currency: "ARS"}, Whole: minor == 150_000, Kind: kind, Key: key,
		Terminals: []string{one}, Title: "Mesa 4"}
}

func ref(charge provider.Charge, kind provider.RefundKind, minor int64, key, id string) provider.RefundRef {
	return provider.RefundRef{ID: id, Attempt: charge.Order, Kind: kind, Key: key, Amount: minor}
}

// A reversal names the payment and takes it whole; a refund is of any amount.
// Both wait on the terminal until somebody does them.
func TestMoneyGivenBackAtTheTerminal(t *testing.T) {
	for _, tc := range []struct {
		kind  provider.RefundKind
		minor int64
		text  string
		state payment.State
	}{
		{provider.KindReversal, 150_000, "Anulacion $1.500,00 - Mesa 4", payment.Refunded},
		{provider.KindRefund, 150_000, "Devolucion $1.500,00 - Mesa 4", payment.Refunded},
		{provider.KindRefund, 40_050, "Devolucion $400,50 - Mesa 4", payment.PartiallyRefunded},
	} {
		c := newCounter(t)
		connector := c.open(t, nil)
		charge, facts := sold(t, c, connector, sim.Card{})
		seen, err := connector.Refund(t.Context(), charge, back(charge, tc.kind, tc.minor, "key-1"))
		did(t, err)
		facts = append(facts, seen.Facts...)
		wantState(t, charge, facts, payment.Paid, "")
		if f := seen.Facts[0]; len(seen.Facts) != 1 || f.Status != provider.StatusPending || f.Progress != provider.ProgressOffered || f.Refund != tc.kind || f.Amount != tc.minor || f.Parent != charge.Order {
			t.Errorf("%+v", seen.Facts)
		}
		if got := c.Intents(one)[0]; got.Text != tc.text || got.Reference != "key-1" {
			t.Errorf("%+v", got)
		}
		charge.Refunds = []provider.RefundRef{ref(charge, tc.kind, tc.minor, "key-1", seen.Facts[0].ID)}
		facts = append(facts, get(t, connector, charge)...)
		wantState(t, charge, facts, payment.Paid, "")
		c.giveBack(t)
		facts = append(facts, get(t, connector, charge)...)
		if sum := wantState(t, charge, facts, tc.state, ""); sum.Refunded != tc.minor {
			t.Errorf("refunded %d", sum.Refunded)
		}
		last := facts[len(facts)-1]
		if last.Slip.Terminal != one || last.Slip.Batch != "1" || last.Slip.Text == "" || tc.kind == provider.KindRefund && last.Slip.Coupon != "2" {
			t.Errorf("%+v", last.Slip)
		}
	}
}

// What ends without giving back leaves the payment as it was.
func TestMoneyNotGivenBack(t *testing.T) {
	for name, tc := range map[string]struct {
		kind   provider.RefundKind
		do     func(*testing.T, *counter)
		status provider.Status
		detail string
	}{
		"reversal canceled there": {provider.KindReversal, func(t *testing.T, c *counter) { c.take(t); did(t, c.CancelAt(one)) }, provider.StatusCanceled, "REVERSAL_UNDONE"},
		"reversal declined":       {provider.KindReversal, func(t *testing.T, c *counter) { did(t, c.SetOutcome(one, "decline")); c.giveBack(t) }, provider.StatusRejected, "REVERSAL_DECLINED"},
		"reversal failed":         {provider.KindReversal, func(t *testing.T, c *counter) { did(t, c.SetOutcome(one, "error")); c.giveBack(t) }, provider.StatusDoubtful, "REVERSAL_ERROR"},
		"batch closed":            {provider.KindReversal, func(t *testing.T, c *counter) { did(t, c.CloseBatch(one)); c.giveBack(t) }, provider.StatusRejected, "REVERSAL_DECLINED"},
		"refund canceled there":   {provider.KindRefund, func(t *testing.T, c *counter) { c.take(t); did(t, c.CancelAt(one)) }, provider.StatusCanceled, "UNDONE"},
		"refund declined":         {provider.KindRefund, func(t *testing.T, c *counter) { did(t, c.SetOutcome(one, "decline")); c.giveBack(t) }, provider.StatusRejected, "DECLINED"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t)
			connector := c.open(t, nil)
			charge, facts := sold(t, c, connector, sim.Card{})
			seen, err := connector.Refund(t.Context(), charge, back(charge, tc.kind, 150_000, "key-1"))
			did(t, err)
			charge.Refunds = []provider.RefundRef{ref(charge, tc.kind, 150_000, "key-1", seen.Facts[0].ID)}
			tc.do(t, c)
			facts = append(append(facts, seen.Facts...), get(t, connector, charge)...)
			if last := facts[len(facts)-1]; last.Status != tc.status || last.Detail != tc.detail {
				t.Errorf("%+v", last)
			}
			wantState(t, charge, facts, payment.Paid, "")
		})
	}
}

// A refund that nobody does is taken off its terminal; one that is being done
// may be faster.
func TestCancelOfARefundCrossesIt(t *testing.T) {
	for _, kind := range []provider.RefundKind{provider.KindReversal, provider.KindRefund} {
		for name, tc := range map[string]struct {
			race          string
			before, after func(*testing.T, *counter)
			progress      provider.Progress
			end           provider.Status
		}{
			"in the list":     {"", nil, nil, provider.ProgressCanceling, provider.StatusCanceled},
			"refused":         {"", func(t *testing.T, c *counter) { c.take(t) }, finish, provider.ProgressAtTerminal, provider.StatusApproved},
			"the cancel wins": {sim.RaceUndoWins, func(t *testing.T, c *counter) { c.take(t) }, nil, provider.ProgressCanceling, provider.StatusCanceled},
			"the refund wins": {sim.RacePaymentWins, func(t *testing.T, c *counter) { c.take(t) }, finish, provider.ProgressCanceling, provider.StatusApproved},
			"done before":     {"", func(t *testing.T, c *counter) { c.take(t); finish(t, c) }, nil, "", provider.StatusApproved},
		} {
			t.Run(string(kind)+" "+name, func(t *testing.T) {
				c := newCounter(t, switched(func(w *sim.Switches) { w.CancelRace = tc.race }))
				connector := c.open(t, nil)
				charge, _ := sold(t, c, connector, sim.Card{})
				seen, err := connector.Refund(t.Context(), charge, back(charge, kind, 150_000, "key-1"))
				did(t, err)
				if tc.before != nil {
					tc.before(t, c)
				}
				of := ref(charge, kind, 150_000, "key-1", seen.Facts[0].ID)
				seen, err = connector.(provider.RefundCanceler).CancelRefund(t.Context(), charge, of)
				did(t, err)
				if len(seen.Facts) != 1 || seen.Facts[0].Progress != tc.progress {
					t.Fatalf("%+v", seen.Facts)
				}
				if tc.after != nil {
					tc.after(t, c)
				}
				charge.Refunds = []provider.RefundRef{of}
				var last provider.Fact
				for range 3 {
					facts := get(t, connector, charge)
					last = facts[len(facts)-1]
				}
				if last.Status != tc.end || last.ID != of.ID {
					t.Errorf("%+v, want %s", last, tc.end)
				}
			})
		}
	}
}

// finish goes on with the refund or reversal that the terminal works on.
func finish(t *testing.T, c *counter) {
	t.Helper()
	if c.Intents(one)[0].Kind == sim.KindRefund {
		did(t, c.Present(one, sim.Card{}))
	}
	did(t, c.Confirm(one))
}

// A reversal whose answer was lost is found by its payment; a second one of the
// same payment does not take the first one's end for its own.
func TestALostReversalIsFound(t *testing.T) {
	c := newCounter(t)
	connector := c.open(t, nil)
	charge, facts := sold(t, c, connector, sim.Card{})
	charge.Refunds = []provider.RefundRef{ref(charge, provider.KindReversal, 150_000, "key-1", "")}
	if len(get(t, connector, charge)) != 2 {
		t.Error("a reversal that nobody asked for was told")
	}
	c.break_(t, fault.Rule{Operation: "reversal_create", Action: fault.CutAfter, Times: 1})
	_, err := connector.Refund(t.Context(), charge, back(charge, provider.KindReversal, 150_000, "key-1"))
	if posta.ErrorCode(err) != posta.CodeProviderUnavailable {
		t.Fatal(err)
	}
	found := get(t, connector, charge)
	if last := found[len(found)-1]; last.ID != charge.Order+"/key-1" || last.Status != provider.StatusPending {
		t.Fatalf("%+v", found)
	}
	c.take(t)
	did(t, c.CancelAt(one))

	second, alone := ref(charge, provider.KindReversal, 150_000, "key-2", ""), charge
	alone.Refunds = []provider.RefundRef{second}
	if found := get(t, connector, alone); len(found) != 2 {
		t.Fatalf("another's reversal was told: %+v", found)
	}
	charge.Refunds = append(charge.Refunds, second)
	facts = append(facts, get(t, connector, charge)...)
	if last := facts[len(facts)-1]; last.ID != charge.Order+"/key-1" || last.Status != provider.StatusCanceled {
		t.Fatalf("the first one's end was told of the second: %+v", facts)
	}
	_, err = connector.Refund(t.Context(), charge, back(charge, provider.KindReversal, 150_000, "key-2"))
	did(t, err)
	c.giveBack(t)

	// A third one meets 409: it is done already, and that is what counts.
	seen, err := connector.Refund(t.Context(), charge, back(charge, provider.KindReversal, 150_000, "key-3"))
	did(t, err)
	facts = append(facts, seen.Facts...)
	if sum := wantState(t, charge, facts, payment.Refunded, ""); sum.Refunded != 150_000 || seen.Facts[0].ID != charge.Order+"/key-2" {
		t.Errorf("%+v", seen.Facts)
	}
}

// "28. … a partial reversal is refused before it reaches the terminal." Seen
// red with Whole not looked at. What brand goes by refund is data.
func TestP28_APartialReversalReachesNoTerminal(t *testing.T) {
	c := newCounter(t)
	connector := c.open(t, nil)
	charge, _ := sold(t, c, connector, sim.Card{Brand: "AM"})
	_, err := connector.Refund(t.Context(), charge, back(charge, provider.KindReversal, 40_000, "key-1"))
	if posta.ErrorCode(err) != posta.CodeProviderRejected || c.calls()["reversal_create"] != 0 {
		t.Errorf("%v after %d calls", err, c.calls()["reversal_create"])
	}
	if can := connector.Capabilities(provider.RailTerminal).Terminal; len(can.NoReversal) != 1 || can.NoReversal[0] != "AM" || !can.Reversal {
		t.Errorf("%+v", can)
	}
	if can := connector.Capabilities(provider.RailQR); can.Offered {
		t.Error("the till's own QR is offered")
	}
}

// A batch close: asked, done at the terminal, and its totals off the slip.
func TestSettlement(t *testing.T) {
	for name, tc := range map[string]struct {
		change  func(*sim.Switches)
		outcome string
		sales   bool
		status  provider.Status
		detail  string
		totals  bool
	}{
		"closed":          {func(*sim.Switches) {}, "", true, provider.StatusApproved, "CONFIRMED", true},
		"singular":        {func(w *sim.Switches) { w.SettlementDataSingular, w.StringsAsNumbers = true, true }, "", true, provider.StatusApproved, "CONFIRMED", true},
		"another slip":    {func(w *sim.Switches) { w.SettlementReceiptFree = true }, "", true, provider.StatusApproved, "CONFIRMED", false},
		"empty":           {func(*sim.Switches) {}, "", false, provider.StatusRejected, "95", false},
		"empty, but done": {func(w *sim.Switches) { w.SettlementEmptyOK = true }, "", false, provider.StatusApproved, "CONFIRMED", true},
		"error":           {func(*sim.Switches) {}, "error", true, provider.StatusDoubtful, "91", false},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t, switched(tc.change))
			connector := c.open(t, nil)
			if tc.sales {
				charge, _ := sold(t, c, connector, sim.Card{})
				_, err := connector.Refund(t.Context(), charge, back(charge, provider.KindReversal, 150_000, "key-1"))
				did(t, err)
				c.giveBack(t)
				sold(t, c, connector, sim.Card{Brand: "EL", Kind: "DEBIT"})
				did(t, c.Plant(one, sim.Movement{Type: "refund", Amount: 40_000}))
			}
			settler := connector.(provider.Settler)
			asked := provider.Settlement{Terminal: one, Print: true, Currency: "ARS"}
			fact, err := settler.Settle(t.Context(), asked)
			did(t, err)
			if fact.Status != provider.StatusPending || fact.Progress != provider.ProgressOffered || fact.Totals != nil {
				t.Fatalf("%+v", fact)
			}
			asked.ID = fact.ID
			did(t, c.SetOutcome(one, tc.outcome))
			c.take(t)
			if fact, err = settler.Settlement(t.Context(), asked); err != nil || fact.Progress != provider.ProgressAtTerminal {
				t.Errorf("%+v, %v", fact, err)
			}
			did(t, c.Confirm(one))
			fact, err = settler.Settlement(t.Context(), asked)
			did(t, err)
			if fact.ID != asked.ID || fact.Status != tc.status || fact.Detail != tc.detail || (fact.Totals != nil) != tc.totals ||
				fact.Status == provider.StatusApproved && fact.Batch != "1" {
				t.Fatalf("%+v", fact)
			}
			if tc.totals && tc.sales {
				want := provider.BatchTotals{Sales: provider.Sum{Count: 2, Amount: 300_000}, Reversals: provider.Sum{Count: 1, Amount: 150_000},
					Refunds: provider.Sum{Count: 1, Amount: 40_000}}
				got := *fact.Totals
				brands := got.Brands
				got.Brands = nil
				if len(brands) != 2 || brands[0] != (provider.BrandSum{Brand: "VI", Sum: provider.Sum{Count: 1, Amount: 150_000}}) || brands[1].Brand != "EL" ||
					got.Sales != want.Sales || got.Reversals != want.Reversals || got.Refunds != want.Refunds || got.Net() != 110_000 {
					t.Errorf("%+v %+v", got, brands)
				}
			}
		})
	}
	c := newCounter(t)
	settler := c.open(t, nil).(provider.Settler)
	if _, err := settler.Settle(t.Context(), provider.Settlement{Terminal: "99999999"}); posta.ErrorCode(err) != posta.CodeNotFound {
		t.Errorf("an unknown terminal: %v", err)
	}
	if _, err := settler.Settlement(t.Context(), provider.Settlement{}); posta.ErrorCode(err) != posta.CodeNotFound {
		t.Errorf("no id: %v", err)
	}
}
