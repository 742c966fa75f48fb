package operators_test

import (
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
	"posta/sim/fault"
	sim "posta/sim/prisma"
)

// deeds are what can happen next, with how often it does.
var deeds = []struct {
	name   string
	weight int
	do     func(*shop)
}{
	{"charge", 30, (*shop).charge}, {"cancel", 3, (*shop).cancel}, {"take", 40, (*shop).take}, {"present", 40, (*shop).present},
	{"confirm", 20, (*shop).confirm}, {"leave", 2, (*shop).leave}, {"give back", 12, (*shop).giveBack},
	{"cancel refund", 1, (*shop).cancelRefund}, {"power", 5, (*shop).power}, {"pull the plug", 1, (*shop).plug},
	{"network", 5, (*shop).network}, {"race", 2, (*shop).race}, {"close batch", 3, (*shop).closeBatch}, {"time", 50, (*shop).time},
	{"kill a hub", 3, (*shop).kill}, {"set the clock", 2, (*shop).setClock},
	{"read slips", 5, (*shop).readSlips}, {"sell without the till", 1, (*shop).plant}, {"close on the device", 1, (*shop).closeOnDevice},
}

func (s *shop) step() {
	total := 0
	for _, d := range deeds {
		total += d.weight
	}
	s.turn()
	n := s.rnd.IntN(total)
	for _, d := range deeds {
		if n -= d.weight; n < 0 {
			s.did[d.name]++
			d.do(s)
			return
		}
	}
}

func (s *shop) charge() {
	in := payment.Input{ID: posta.NewID[posta.PaymentID](s.clock.Now()), MerchantID: s.world.Merchant.ID, Mode: posta.Test, TillID: pick(s, s.tills),
		Amount: posta.Money{Amount: int64(1 + s.rnd.IntN(5_000_00))}, Rail: provider.RailTerminal, By: "user:cashier"}
	if s.chance(70) {
		in.Terminals = []posta.TerminalID{pick(s, s.terminals)}
	}
	switch s.rnd.IntN(6) {
	case 0:
		in.Options.Installments = 6
	case 1:
		in.Options.CashBack = int64(1 + s.rnd.IntN(1000_00))
	case 2:
		in.Options.Operation, in.Options.Benefit = provider.OperationQR, s.chance(50)
	}
	p, err := s.payments.Create(s.ctx, in)
	if s.hub.gone() {
		s.turn()
		if s.chance(50) { // whoever asked asks again
			p, err = s.payments.Create(s.ctx, in)
		} else if p, err = s.payments.Get(s.ctx, in.MerchantID, in.Mode, in.ID); posta.ErrorCode(err) == posta.CodeNotFound {
			return
		}
	}
	if s.expected(err, posta.CodeTillBusy, posta.CodeTerminalBusy) {
		if s.hub.gone() && s.there(in.ID) {
			s.charged = append(s.charged, in.ID)
		}
		return
	}
	s.charged = append(s.charged, p.ID)
	s.note("charge %s %d: %s", p.ID, p.Amount.Amount, p.State)
	if s.chance(10) { // the same request again
		again, err := s.payments.Create(s.ctx, in)
		if !s.expected(err) && again.ID != p.ID {
			s.wrong("one request made two payments")
		}
	}
}

func (s *shop) there(id posta.PaymentID) bool {
	_, err := s.db.Payment(s.ctx, s.world.Merchant.ID, posta.Test, id)
	return err == nil
}

// open picks one of the tills' open payments.
func (s *shop) open() (payment.Payment, bool) {
	p, err := s.payments.OpenAt(s.ctx, s.world.Merchant.ID, pick(s, s.tills))
	return p, err == nil
}

func (s *shop) cancel() {
	p, ok := s.open()
	if !ok {
		return
	}
	p, err := s.payments.Cancel(s.ctx, s.world.Merchant.ID, posta.Test, p.ID, "user:cashier")
	if !s.expected(err, posta.CodeState, posta.CodeProviderRejected, posta.CodeProviderUnavailable) {
		s.note("cancel %s: %s %s", p.ID, p.State, p.Progress)
	}
}

func (s *shop) take() {
	if s.deserted && !s.chance(15) {
		return
	}
	for _, terminal := range s.codes {
		if list := s.sim.Intents(terminal); len(list) > 0 {
			i := pick(s, list)
			s.note("take %s at %s: %v", i.Reference, terminal, s.sim.Take(terminal, i.ID))
		}
	}
}

var cards = []sim.Card{
	{Brand: "VI", Kind: "CREDIT", PIN: "1234"}, {Brand: "MC", Kind: "CREDIT", Entry: "CHIP_CONTACTLESS"}, {Brand: "AM", Kind: "CREDIT"},
	{Brand: "EL", Kind: "DEBIT", PIN: "1234"}, {Brand: "PD", Kind: "DEBIT", PIN: "1234"}, {Brand: "MC", Kind: "CREDIT"},
	{Brand: "VI", Kind: "CREDIT", Entry: "CHIP_CONTACTLESS"}, {Brand: "AM", Kind: "CREDIT"}, {Brand: "VI", Outcome: "decline"}, {Brand: "EL", Kind: "DEBIT", PIN: "9999"},
	{Brand: "MC", Outcome: "error"}, {Brand: "VI", Outcome: "error_charged"}, {Brand: "VI", Installments: 3},
}

// present has the customer do what the terminal waits for; a card that the
// terminal does not take is put away again.
func (s *shop) present() {
	if s.deserted && !s.chance(15) {
		return
	}
	for _, i := range s.sim.Intents("") {
		terminal := i.Terminal
		switch i.Step {
		case sim.StepCard:
			card := pick(s, cards)
			s.note("present %s for %s: %v", card.Brand+card.Outcome, i.Reference, s.sim.Present(terminal, card))
		case sim.StepQR:
			w := sim.Wallet{Brand: "VI"}
			if i.Benefit {
				w.Discount = i.Amount / 10
			}
			s.note("scan for %s: %v", i.Reference, s.sim.PayQR(i.QR, w))
		}
	}
}

func (s *shop) confirm() {
	if s.deserted && !s.chance(15) {
		return
	}
	for _, terminal := range s.codes {
		_ = s.sim.Confirm(terminal)
	}
}

func (s *shop) leave() { _ = s.sim.CancelAt(pick(s, s.codes)) }

func (s *shop) giveBack() {
	if len(s.charged) == 0 {
		return
	}
	p := s.payment(pick(s, s.charged))
	if s.chance(50) { // of late: its batch may be open
		p = s.payment(pick(s, s.charged[max(0, len(s.charged)-4):]))
	}
	if !p.Refundable() {
		return
	}
	in := payment.RefundInput{ID: posta.NewID[posta.RefundID](s.clock.Now()), MerchantID: p.MerchantID, Mode: p.Mode, PaymentID: p.ID, By: "user:cashier"}
	if s.chance(40) {
		in.Amount = 1 + s.rnd.Int64N(p.Captured)
	}
	r, err := s.payments.Refund(s.ctx, in)
	if s.hub.gone() {
		s.turn()
		if s.chance(50) {
			r, err = s.payments.Refund(s.ctx, in)
		} else if r, err = s.db.Refund(s.ctx, in.MerchantID, in.Mode, in.ID); posta.ErrorCode(err) == posta.CodeNotFound {
			return
		}
	}
	if s.expected(err, posta.CodeRefundExceeds, posta.CodeTerminalBusy, posta.CodeState) {
		if _, err := s.db.Refund(s.ctx, in.MerchantID, in.Mode, in.ID); s.hub.gone() && err == nil {
			s.refunds = append(s.refunds, in.ID)
		}
		return
	}
	s.refunds = append(s.refunds, r.ID)
	s.note("give back %s of %s by %s: %s", r.ID, p.ID, r.Kind, r.State)
}

func (s *shop) cancelRefund() {
	if len(s.refunds) == 0 {
		return
	}
	_, err := s.payments.CancelRefund(s.ctx, s.world.Merchant.ID, posta.Test, pick(s, s.refunds), "user:cashier")
	s.expected(err, posta.CodeState)
}

func (s *shop) power() {
	terminal := pick(s, s.codes)
	on := s.chance(85)
	s.note("power of %s: %v", terminal, on)
	must(s.t, s.sim.SetPower(terminal, on))
	must(s.t, s.sim.SetPaper(terminal, s.chance(80)))
}

func (s *shop) plug() {
	must(s.t, s.sim.CutPower(pick(s, s.codes), pick(s, []sim.Cut{sim.CutNow, sim.CutAfterAuthorization, sim.CutAfterAuthorizationUndo})))
}

func (s *shop) race() {
	w := s.sim.Switches()
	w.CancelRace = pick(s, []string{sim.RaceRefuse, sim.RaceUndoWins, sim.RacePaymentWins})
	must(s.t, s.sim.SetSwitches(w))
}

// network breaks the next call of some kind, before or after its work.
func (s *shop) network() {
	rule := fault.Rule{Operation: pick(s, []string{"payment_create", "payment_get", "payment_cancel", "reversal_create", "reversal_get", "refund_create",
		"refund_get", "refund_cancel", "settlement_create", "settlement_get", "token"}), Times: 1, Action: pick(s, []fault.Action{fault.CutBefore, fault.CutAfter, fault.Status})}
	if rule.Action == fault.Status {
		rule.Status, rule.After = pick(s, []int{500, 503, 401, 429}), s.chance(50)
		rule.After = rule.After && rule.Status >= 500 // what was refused was not done
	}
	s.note("network: %s %s %d", rule.Operation, rule.Action, rule.Status)
	must(s.t, s.sim.Fault().Add(rule))
}

func (s *shop) time() {
	s.later(pick(s, []time.Duration{300 * time.Millisecond, time.Second, 2500 * time.Millisecond, 5 * time.Second, 20 * time.Second, 130 * time.Second}))
}
