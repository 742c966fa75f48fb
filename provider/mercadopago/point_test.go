package mercadopago_test

import (
	"slices"
	"testing"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
	"posta/sim/fault"
	sim "posta/sim/mercadopago"
)

const device = "NEWLAND_N950__N950NCB801293324"

// newPoint starts a simulator with a till and a terminal, and a connector whose
// flow, which is of the QR only, is the legacy one.
func newPoint(t *testing.T, account sim.Account, switches sim.Switches) (*counter, provider.Connector) {
	t.Helper()
	c := newCounter(t, account, switches)
	connector := c.open(t, nil)
	c.setUp(t, connector)
	c.addTerminal(t, sim.PointTerminal{UserID: seller, ID: device, ExternalPOS: c.till.Code})
	return c, connector
}

func (c *counter) addTerminal(t *testing.T, p sim.PointTerminal) {
	t.Helper()
	did(t, c.AddTerminal(p))
}

func did(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// onTerminal is a charge for the terminal.
func (c *counter) onTerminal(minor int64) provider.Charge {
	charge := c.charge(posta.Money{Amount: minor, Currency: "ARS"})
	charge.Rail, charge.Terminals = provider.RailTerminal, []string{device}
	return charge
}

func cancel(t *testing.T, connector provider.Connector, charge provider.Charge) []provider.Fact {
	t.Helper()
	seen, err := connector.Cancel(t.Context(), charge, "cancel-"+string(charge.Payment))
	did(t, err)
	return seen.Facts
}

func attemptOf(t *testing.T, facts []provider.Fact) provider.Fact {
	t.Helper()
	for _, f := range slices.Backward(facts) {
		if f.Kind == provider.FactAttempt {
			return f
		}
	}
	t.Fatalf("no attempt in %+v", facts)
	return provider.Fact{}
}

// A charge is offered, at the terminal, and paid by card in installments or by
// a wallet that reads the QR on its screen.
func TestPointFromTheListToPaid(t *testing.T) {
	for name, tc := range map[string]struct {
		pay  sim.PointPayment
		want provider.Fact
	}{
		"card":   {sim.PointPayment{Card: sim.Card{Brand: "master", LastFour: "6351", Installments: 6}}, provider.Fact{Method: "credit_card", Brand: "master", LastFour: "6351", Installments: 6}},
		"debit":  {sim.PointPayment{Card: sim.Card{Brand: "visa", Type: "debit_card", LastFour: "3704"}}, provider.Fact{Method: "debit_card", Brand: "debvisa", LastFour: "3704", Installments: 1}},
		"wallet": {sim.PointPayment{Provider: "mercadopago", Card: sim.Card{Brand: "account_money", Type: "account_money"}}, provider.Fact{Method: "account_money", Brand: "account_money", Installments: 1, Slip: provider.Slip{Entry: "qr"}}},
		"other wallet": {sim.PointPayment{Provider: "external", Card: sim.Card{Brand: "account_money", Type: "account_money"}},
			provider.Fact{Method: "account_money", Brand: "account_money", Installments: 1, Slip: provider.Slip{Entry: "qr"}}},
	} {
		t.Run(name, func(t *testing.T) {
			c, connector := newPoint(t, sim.Account{}, sim.Switches{})
			charge := c.onTerminal(150_000)
			facts := create(t, connector, &charge)
			if sum := wantState(t, charge, facts, payment.Pending, ""); sum.Progress != provider.ProgressOffered {
				t.Errorf("progress %q", sum.Progress)
			}
			c.clock.Move(time.Second)
			did(t, c.TakePoint(device))
			facts = append(facts, get(t, connector, charge)...)
			if sum := wantState(t, charge, facts, payment.Pending, ""); sum.Progress != provider.ProgressAtTerminal {
				t.Errorf("progress %q", sum.Progress)
			}
			c.clock.Move(time.Second)
			did(t, c.PayPoint(device, tc.pay))
			facts = append(facts, get(t, connector, charge)...)
			if sum := wantState(t, charge, facts, payment.Paid, ""); sum.Captured != 150_000 || sum.Progress != "" {
				t.Errorf("%+v", sum)
			}
			got := attemptOf(t, facts)
			tc.want.Slip.Terminal = device
			if got.Method != tc.want.Method || got.Brand != tc.want.Brand || got.LastFour != tc.want.LastFour || got.Installments != tc.want.Installments || got.Slip != tc.want.Slip {
				t.Errorf("%+v, want %+v", got, tc.want)
			}
		})
	}
}

// What a charge asks of the terminal arrives there, whatever the QR's flow.
func TestPointOptions(t *testing.T) {
	for _, flow := range []string{"legacy", "orders"} {
		for copies, want := range map[provider.Copies]string{"": "seller_ticket", "both": "seller_ticket", "merchant": "seller_ticket", "none": "no_ticket"} {
			c, _ := newPoint(t, sim.Account{}, sim.Switches{})
			connector := c.open(t, provider.Config{"flow": flow, "integrator_id": "dev_1234"})
			charge := c.onTerminal(150_050)
			charge.Options = provider.TerminalOptions{Method: "debit_card", Copies: copies}
			charge.Items = []provider.Item{{Title: "Yerba", Quantity: 1, UnitPrice: 150_050}}
			create(t, connector, &charge)
			orders, err := c.PointOrders(device)
			did(t, err)
			if o := orders[0]; o.Print != want || o.DefaultType != "debit_card" || o.Amount != 150_050 || o.Description != "Sucursal Centro" ||
				o.ExternalReference != string(charge.Payment) || !o.Expires.Equal(charge.ExpiresAt) {
				t.Errorf("%s %q: %+v", flow, copies, o)
			}
		}
	}
	c, connector := newPoint(t, sim.Account{}, sim.Switches{})
	for code, charge := range map[posta.Code]provider.Charge{
		posta.CodeProviderRejected: {Options: provider.TerminalOptions{Copies: provider.CopiesCustomer}, Terminals: []string{device}},
		posta.CodeInvalid:          {Terminals: []string{device, "PAX_A910__1"}},
	} {
		asked := c.onTerminal(150_000)
		asked.Options, asked.Terminals = charge.Options, charge.Terminals
		if _, err := connector.Create(t.Context(), asked, "k"); posta.ErrorCode(err) != code {
			t.Errorf("%v, want %s", err, code)
		}
	}
	if orders, _ := c.PointOrders(device); len(orders) > 0 {
		t.Errorf("what cannot be done was asked for: %+v", orders)
	}
}

// "26. Terminal finished and payment rejected → not paid." Seen red with an
// order that failed read as closed.
func TestP26_PointDeclinedIsNotPaid(t *testing.T) {
	c, connector := newPoint(t, sim.Account{}, sim.Switches{})
	charge := c.onTerminal(150_000)
	facts := create(t, connector, &charge)
	did(t, c.PayPoint(device, sim.PointPayment{Card: sim.Card{Holder: "FUND"}}))
	facts = append(facts, get(t, connector, charge)...)
	if sum := wantState(t, charge, facts, payment.Rejected, ""); sum.Declined != 1 || sum.LastDetail != "insufficient_amount" || sum.Captured != 0 {
		t.Errorf("%+v", sum)
	}
}

// "27. Cancel and approval crossing → exactly one of: paid, or canceled." Seen
// red with an answer of 202 read as canceled.
func TestP27_PointCancelCrossesApproval(t *testing.T) {
	for name, tc := range map[string]struct {
		before, after func(*testing.T, *counter)
		old           bool
		progress      provider.Progress
		state         payment.State
	}{
		"in the list":          {func(*testing.T, *counter) {}, nil, false, "", payment.Canceled},
		"the terminal lets go": {take, func(t *testing.T, c *counter) { c.advance(t, 5*time.Second) }, false, provider.ProgressCanceling, payment.Canceled},
		"the terminal charges": {take, payCard, false, provider.ProgressCanceling, payment.Paid},
		"the terminal declines": {take, func(t *testing.T, c *counter) {
			did(t, c.PayPoint(device, sim.PointPayment{Card: sim.Card{Holder: "OTHE"}}))
		}, false, provider.ProgressCanceling, payment.Rejected},
		"it cannot be asked": {take, payCard, true, provider.ProgressAtTerminal, payment.Paid},
		"the red key":        {take, func(t *testing.T, c *counter) { did(t, c.CancelPoint(device)) }, true, provider.ProgressAtTerminal, payment.Canceled},
		"paid before":        {payCard, nil, false, "", payment.Paid},
	} {
		t.Run(name, func(t *testing.T) {
			c, connector := newPoint(t, sim.Account{}, sim.Switches{})
			c.addTerminal(t, sim.PointTerminal{UserID: seller, ID: device, ExternalPOS: c.till.Code, OldFirmware: tc.old})
			charge := c.onTerminal(150_000)
			facts := create(t, connector, &charge)
			c.clock.Move(time.Second)
			tc.before(t, c)
			facts = append(facts, cancel(t, connector, charge)...)
			if tc.after != nil {
				if sum := wantState(t, charge, facts, payment.Pending, ""); sum.Progress != tc.progress {
					t.Errorf("progress %q, want %q", sum.Progress, tc.progress)
				}
				tc.after(t, c)
				facts = append(facts, get(t, connector, charge)...)
			}
			sum := wantState(t, charge, facts, tc.state, "")
			if (sum.Captured > 0) != (tc.state == payment.Paid) {
				t.Errorf("%+v", sum)
			}
			again := cancel(t, connector, charge)
			wantState(t, charge, append(facts, again...), tc.state, "")
		})
	}
}

func take(t *testing.T, c *counter)    { did(t, c.TakePoint(device)) }
func payCard(t *testing.T, c *counter) { did(t, c.PayPoint(device, sim.PointPayment{})) }

// Who ended it is told.
func TestPointCanceledByWhom(t *testing.T) {
	for want, end := range map[string]func(*counter, provider.Connector, provider.Charge){
		"canceled_on_terminal": func(c *counter, _ provider.Connector, _ provider.Charge) { did(t, c.CancelPoint(device)) },
		"canceled_by_api": func(_ *counter, connector provider.Connector, charge provider.Charge) {
			cancel(t, connector, charge)
		},
		"expired": func(c *counter, _ provider.Connector, _ provider.Charge) { c.advance(t, 10*time.Minute) },
	} {
		c, connector := newPoint(t, sim.Account{}, sim.Switches{})
		charge := c.onTerminal(150_000)
		create(t, connector, &charge)
		end(c, connector, charge)
		facts := get(t, connector, charge)
		if len(facts) != 1 || facts[0].Detail != want {
			t.Errorf("%s: %+v", want, facts)
		}
	}
}

// An order that asks for action never changes: if its payment brought money,
// that is told as soon as it is known, and stays told.
func TestPointActionRequired(t *testing.T) {
	for name, tc := range map[string]struct {
		stall func(t *testing.T, c *counter)
		state payment.State
		wants payment.Attention
	}{
		"nothing charged": {func(t *testing.T, c *counter) { did(t, c.StallPoint(device)) }, payment.Pending, payment.AttentionReview},
		"declined": {func(t *testing.T, c *counter) {
			did(t, c.StallPoint(device, sim.PointPayment{Card: sim.Card{Holder: "OTHE"}}))
		}, payment.Pending, payment.AttentionReview},
		"charged": {func(t *testing.T, c *counter) {
			did(t, c.StallPoint(device, sim.PointPayment{Card: sim.Card{Brand: "master", LastFour: "6351"}}))
		}, payment.Paid, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c, connector := newPoint(t, sim.Account{}, sim.Switches{SearchLagMillis: 60_000})
			charge := c.onTerminal(150_000)
			facts := create(t, connector, &charge)
			tc.stall(t, c)
			c.advance(t, 41*time.Second)
			facts = append(facts, get(t, connector, charge)...)
			wantState(t, charge, facts, payment.Pending, payment.AttentionReview)
			c.advance(t, time.Minute)
			for range 2 {
				facts = append(facts, get(t, connector, charge)...)
				wantState(t, charge, facts, tc.state, tc.wants)
			}
			if tc.state == payment.Paid {
				if a := attemptOf(t, facts); a.LastFour != "6351" || a.Brand != "master" || a.Amount != 150_000 {
					t.Errorf("%+v", a)
				}
			}
		})
	}
}

// A tip on top is paid, booked as it is and draws nobody's attention; a part of
// such a payment cannot be given back, the whole can.
func TestPointTip(t *testing.T) {
	c, connector := newPoint(t, sim.Account{}, sim.Switches{})
	charge := c.onTerminal(150_000)
	facts := create(t, connector, &charge)
	did(t, c.PayPoint(device, sim.PointPayment{Tip: 15_000}))
	facts = append(facts, get(t, connector, charge)...)
	if sum := wantState(t, charge, facts, payment.Paid, ""); sum.Captured != 165_000 {
		t.Errorf("%+v", sum)
	}
	r := provider.Refund{Attempt: attemptOf(t, facts).ID, Amount: posta.Money{Amount: 5_000, Currency: "ARS"}, Key: "part"}
	_, err := connector.Refund(t.Context(), charge, r)
	if posta.ErrorCode(err) != posta.CodeProviderRejected || codeOf(err) != "partial_refund_forbidden_with_tips" {
		t.Error(err)
	}
	r = provider.Refund{Attempt: r.Attempt, Amount: posta.Money{Amount: 165_000, Currency: "ARS"}, Whole: true, Key: "whole"}
	seen, err := connector.Refund(t.Context(), charge, r)
	did(t, err)
	wantState(t, charge, append(facts, seen.Facts...), payment.Refunded, "")
}

// The days in which a refund is possible are those that are declared.
func TestPointRefundWindow(t *testing.T) {
	c, connector := newPoint(t, sim.Account{}, sim.Switches{})
	charge := c.onTerminal(150_000)
	facts := create(t, connector, &charge)
	payCard(t, c)
	facts = append(facts, get(t, connector, charge)...)
	refund := func(key string) error {
		_, err := connector.Refund(t.Context(), charge, provider.Refund{Attempt: attemptOf(t, facts).ID, Amount: posta.Money{Amount: 5_000, Currency: "ARS"}, Key: key})
		return err
	}
	window := connector.Capabilities(provider.RailTerminal).RefundWindow
	c.clock.Move(window - time.Hour)
	did(t, refund("in time"))
	c.clock.Move(2 * time.Hour)
	if err := refund("too late"); posta.ErrorCode(err) != posta.CodeProviderRejected || codeOf(err) != "refund_period_exceeded" {
		t.Error(err)
	}
}

// Notices of terminals lead to the same facts, also on a connection whose flow
// is the legacy one, and the money counts once.
func TestPointNotices(t *testing.T) {
	for _, flow := range []string{"legacy", "orders"} {
		for state, act := range map[payment.State]func(*counter){
			payment.Paid:     func(c *counter) { did(t, c.PayPoint(device, sim.PointPayment{Card: sim.Card{LastFour: "6351"}})) },
			payment.Rejected: func(c *counter) { did(t, c.PayPoint(device, sim.PointPayment{Card: sim.Card{Holder: "FUND"}})) },
			payment.Canceled: func(c *counter) { did(t, c.CancelPoint(device)) },
			payment.Expired:  func(c *counter) { c.advance(t, 10*time.Minute) },
		} {
			c, _ := newPoint(t, sim.Account{}, sim.Switches{})
			h, address := listen(t, c.clock)
			did(t, c.AddAccount(sim.Account{UserID: seller, AccessToken: token, WebhookSecret: secret, Site: "MLA", PanelURL: address}))
			connector := c.open(t, provider.Config{"flow": flow})
			charge := c.onTerminal(150_000)
			facts := create(t, connector, &charge)
			act(c)
			c.Deliver(t.Context(), c.clock.Now())
			for _, d := range h.take() {
				facts = append(facts, readNotice(t, connector, d, charge)...)
			}
			sum := wantState(t, charge, facts, state, "")
			if state == payment.Paid && (sum.Captured != 150_000 || attemptOf(t, facts).LastFour != "6351") {
				t.Errorf("%s: %+v", flow, sum)
			}
			if state == payment.Rejected && sum.Declined != 1 {
				t.Errorf("%s: one decline told %d times", flow, sum.Declined)
			}
		}
	}
}

// A create whose answer was lost is repeated and stays one order.
func TestPointLostCreateIsOneOrder(t *testing.T) {
	c, connector := newPoint(t, sim.Account{}, sim.Switches{})
	charge := c.onTerminal(150_000)
	c.break_(t, fault.Rule{Method: "POST", Path: "/v1/orders", Action: fault.CutAfter, Times: 1})
	_, err := connector.Create(t.Context(), charge, "create-"+string(charge.Payment))
	if posta.ErrorCode(err) != posta.CodeProviderUnavailable {
		t.Fatal(err)
	}
	did(t, c.TakePoint(device))
	facts := create(t, connector, &charge)
	if sum := wantState(t, charge, facts, payment.Pending, ""); sum.Progress != provider.ProgressAtTerminal {
		t.Errorf("%+v", sum)
	}
	if orders, _ := c.PointOrders(device); len(orders) != 1 {
		t.Errorf("%+v", orders)
	}
}
