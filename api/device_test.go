package api_test

import (
	"context"
	"net/http"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
	"posta/settlement"
	"posta/store/storetest"
	"posta/till"
)

// onTerminal is what the acquirer's terminals can do: everything but Plan.
var onTerminal = provider.Capabilities{Offered: true, Recovery: provider.RecoverNone, PartialRefund: true,
	Terminal: provider.TerminalCapabilities{Several: true, Queue: false, RefundAtTerminal: true, Reversal: true, NoReversal: []string{"AM"},
		Settlement: true, Devices: true, Options: []string{provider.OptionOperation, provider.OptionMethod, provider.OptionInstallments, provider.OptionBrand,
			provider.OptionCashBack, provider.OptionCopies, provider.OptionNote, provider.OptionBenefit, provider.OptionDocument}}}

// offer puts a refund on the terminal.
func (a *acquirer) offer(r provider.Refund) provider.Observation {
	f := provider.Fact{Kind: provider.FactRefund, ID: "ref-" + r.Key, Parent: r.Attempt, Status: provider.StatusPending, At: storetest.Now,
		Amount: r.Amount.Amount, Currency: r.Amount.Currency, Refund: r.Kind, Progress: provider.ProgressOffered}
	a.set(func() { a.refunds[f.ID] = f })
	return provider.Observation{Facts: []provider.Fact{f}}
}

// CancelRefund takes a refund off the terminal.
func (a *acquirer) CancelRefund(_ context.Context, _ provider.Charge, r provider.RefundRef) (provider.Observation, error) {
	var f provider.Fact
	a.set(func() {
		f = a.refunds[r.ID]
		f.Status, f.Progress, f.At = provider.StatusCanceled, "", f.At.Add(time.Second)
		a.refunds[r.ID] = f
	})
	return provider.Observation{Facts: []provider.Fact{f}}, a.answer()
}

// Settle puts a batch close on the terminal.
func (a *acquirer) Settle(_ context.Context, s provider.Settlement) (provider.SettlementFact, error) {
	return provider.SettlementFact{ID: "bat-" + s.Terminal, Status: provider.StatusPending, Progress: provider.ProgressOffered}, a.answer()
}

// Settlement says that the terminal closed its batch.
func (a *acquirer) Settlement(_ context.Context, s provider.Settlement) (provider.SettlementFact, error) {
	f := provider.SettlementFact{ID: s.ID, Status: provider.StatusApproved, Batch: "012", At: storetest.Now}
	a.set(func() { f.Totals = a.totals })
	return f, a.answer()
}

// Devices lists two terminals.
func (a *acquirer) Devices(context.Context) (out []provider.Device, err error) {
	a.set(func() {
		for _, id := range []string{"T-1", "T-9"} {
			out = append(out, provider.Device{ID: id, Integrated: !a.apart[id]})
		}
	})
	return out, a.answer()
}

// SetIntegrated has a terminal take its charges from us, or not.
func (a *acquirer) SetIntegrated(_ context.Context, id string, integrated bool) error {
	a.set(func() { a.apart[id] = !integrated })
	return a.answer()
}

// terminal adds a terminal to the tenant's store.
func (n *tenant) terminal(code string) posta.TerminalID {
	n.t.Helper()
	t, err := n.services.Tills.CreateTerminal(n.t.Context(), till.TerminalInput{MerchantID: n.merchant.ID, Mode: posta.Test, StoreID: n.store.ID,
		ConnectionID: n.connection.ID, Code: code, Name: code})
	if err != nil {
		n.t.Fatal(err)
	}
	return t.ID
}

// onTerminal is a charge on a terminal.
func (n *tenant) onTerminal(amount int64, options map[string]any) map[string]any {
	body := n.charge(amount)
	body["rail"] = "terminal"
	if options != nil {
		body["options"] = options
	}
	return body
}

// swiped makes a payment on a terminal and has the acquirer prove it.
func (n *tenant) swiped(key string, amount int64, brand string) posta.PaymentID {
	n.t.Helper()
	var p struct{ ID posta.PaymentID }
	n.post("/v1/payments", key, n.onTerminal(amount, nil)).want(http.StatusCreated).into(&p)
	seen := order(provider.Charge{Payment: p.ID, Amount: posta.Money{Amount: amount, Currency: "ARS"}}, provider.StatusClosed)
	at := n.clock.Now().Add(time.Second)
	seen.ExternalReference, seen.Facts[0].At = string(p.ID), at
	seen.Facts = append(seen.Facts, provider.Fact{Kind: provider.FactAttempt, ID: "att-" + string(p.ID), Parent: seen.Order,
		Status: provider.StatusApproved, At: at, Amount: amount, Currency: "ARS", Method: "credit_card", Brand: brand, LastFour: "4242",
		Authorizes: "123456", Slip: provider.Slip{Terminal: "T-1", Batch: "012", Coupon: "0345"}})
	outcome, err := n.services.Payments.Apply(n.t.Context(), n.connection.ID, payment.News{Source: payment.FromEnquiry, Observation: seen})
	if err != nil || outcome.Payment.State != payment.Paid {
		n.t.Fatalf("not paid: %v %v", outcome.Payment.State, err)
	}
	return p.ID
}

// close is a batch close of a terminal, of which the acquirer says what it says.
func (n *tenant) close(key string, terminal posta.TerminalID, says *provider.BatchTotals) settlement.View {
	n.t.Helper()
	n.clock.Move(time.Minute)
	n.acquirer.set(func() { n.acquirer.totals = says })
	var st settlement.View
	n.post("/v1/settlements", key, map[string]any{"terminal_id": terminal}).want(http.StatusCreated).into(&st)
	n.closed()
	n.do("GET", "/v1/settlements/"+string(st.ID), n.test, nil).want(http.StatusOK).into(&st)
	return st
}

// closed has the hub hear of the closes that are due.
func (n *tenant) closed() {
	n.t.Helper()
	n.clock.Move(time.Minute)
	if _, err := n.services.Settlements.SweepSettlements(n.t.Context(), func(f func()) { f() }); err != nil {
		n.t.Fatal(err)
	}
}
