package providertest

import (
	"slices"
	"testing"

	"posta"
	"posta/payment"
	"posta/provider"
)

// some is an example of each option of a terminal.
var some = map[string]provider.TerminalOptions{
	provider.OptionOperation:    {Operation: provider.OperationQR},
	provider.OptionMethod:       {Method: "debit_card"},
	provider.OptionInstallments: {Installments: 3},
	provider.OptionPlan:         {Plan: "13"},
	provider.OptionBrand:        {Brand: "VI"},
	provider.OptionCashBack:     {CashBack: 10_000},
	provider.OptionCopies:       {Copies: provider.CopiesNone},
	provider.OptionNote:         {Note: "Gracias"},
	provider.OptionBenefit:      {Operation: provider.OperationQR, Benefit: true},
	provider.OptionDocument:     {Document: "11222333"},
}

// optionsOffered: each option that is declared is taken. Package payment refuses
// the others before a connector is asked.
func optionsOffered(t *testing.T, s *story) {
	offered := s.can().Terminal.Options
	for name, options := range some {
		if !slices.Contains(offered, name) {
			t.Logf("%s is not offered", name)
			continue
		}
		one := &story{Rail: s.Rail, t: t, charge: s.Charge(150_000)}
		one.charge.Options = options
		one.create()
		one.want(payment.Pending)
		one.cancel()
		one.want(payment.Canceled)
	}
	for _, name := range offered {
		if _, known := some[name]; !known {
			t.Errorf("there is no option %q", name)
		}
	}
}

// severalTerminals: the first to take a charge charges, and the others cannot;
// where a charge is for one terminal, one for two is refused.
func severalTerminals(t *testing.T, s *story) {
	if s.charge.Rail != provider.RailTerminal {
		t.Log("this rail has no terminals")
		return
	}
	s.charge.Terminals = append(slices.Clone(s.charge.Terminals), s.OtherTerminal)
	if !s.can().Terminal.Several {
		_, err := s.Connector.Create(s.context(), s.charge, s.key())
		if code := posta.ErrorCode(err); code != posta.CodeInvalid && code != posta.CodeProviderRejected {
			t.Errorf("a charge for two terminals: %v", err)
		}
		s.get()
		if len(s.facts) > 0 {
			t.Errorf("and it was made:\n%s", lines(s.facts))
		}
		return
	}
	s.create()
	s.PayAt(t, s.charge, s.OtherTerminal)
	seen, err := s.Connector.Get(s.context(), s.charge)
	if err != nil {
		t.Fatal(err)
	}
	s.learn(seen)
	s.want(payment.Paid)
	if seen.Terminal != s.OtherTerminal || s.attempt().Slip.Terminal != s.OtherTerminal {
		t.Errorf("terminal %q, slip %+v", seen.Terminal, s.attempt().Slip)
	}
}

// batchClose: asked for, done at the terminal, and its totals, where the slip
// tells them, are those of what was charged there.
func batchClose(t *testing.T, s *story) {
	if !s.can().Terminal.Settlement {
		t.Log("this rail has no batches to close")
		return
	}
	s.create()
	s.pay()
	settler := s.Connector.(provider.Settler)
	asked := provider.Settlement{Terminal: s.charge.Terminals[0], Print: true, Currency: s.charge.Amount.Currency}
	first, err := settler.Settle(s.context(), asked)
	if err != nil || first.ID == "" || first.Status != provider.StatusPending {
		t.Fatalf("%+v, %v", first, err)
	}
	asked.ID = first.ID
	s.CloseBatch(t, asked.Terminal)
	closed, err := settler.Settlement(s.context(), asked)
	if err != nil || closed.ID != first.ID || closed.Status != provider.StatusApproved || closed.At.IsZero() {
		t.Fatalf("%+v, %v", closed, err)
	}
	if closed.Totals == nil {
		t.Log("the slip tells no totals")
	} else if want := (provider.Sum{Count: 1, Amount: s.charge.Amount.Amount}); closed.Totals.Sales != want || closed.Totals.Net() != want.Amount {
		t.Errorf("%+v", closed.Totals)
	}
	_, err = settler.Settlement(s.context(), provider.Settlement{ID: "nothing-of-ours"})
	s.fails("an unknown settlement", err, posta.CodeNotFound)
}
