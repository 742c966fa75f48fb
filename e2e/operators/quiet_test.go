package operators_test

import (
	"strconv"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
	sim "posta/sim/prisma"
)

// quiet brings the shop to rest: the network works, all terminals are on, what
// waits there is called off, what only a slip can tell is told truthfully.
func (s *shop) quiet() {
	s.sim.Fault().Clear()
	s.wrist.set(0)
	for _, h := range s.hubs {
		h.spare()
	}
	s.turn()
	asked := false
	for round := 0; ; round++ {
		if round == 60 {
			s.wrong("the shop does not come to rest: %s", s.unrest())
		}
		for _, terminal := range s.codes {
			must(s.t, s.sim.CutPower(terminal, ""))
			must(s.t, s.sim.SetPower(terminal, true))
			must(s.t, s.sim.SetPaper(terminal, true))
			_ = s.sim.CancelAt(terminal)
			for _, i := range s.sim.Intents(terminal) {
				if i.Step == "" && i.Terminal == "" && s.sim.Take(terminal, i.ID) == nil {
					_ = s.sim.CancelAt(terminal)
				}
			}
		}
		for range 3 {
			s.later(time.Minute)
		}
		s.readSlips()
		switch {
		case s.unrest() != "":
		case asked:
			return
		default: // every batch is closed, so that each is held to the books
			asked = true
			for _, terminal := range s.terminals {
				s.closeAt(terminal)
			}
			for range 4 {
				for _, terminal := range s.codes {
					for _, i := range s.sim.Intents(terminal) {
						_ = s.sim.Take(terminal, i.ID)
					}
					_ = s.sim.Confirm(terminal)
				}
				s.later(5 * time.Second)
			}
		}
	}
}

// unrest names something that is not at its end, "" if all is.
func (s *shop) unrest() string {
	for _, id := range s.charged {
		if p := s.payment(id); p.State.Open() || p.Attention == payment.AttentionSlip {
			return string(id) + " is " + string(p.State)
		}
	}
	for _, id := range s.refunds {
		if r := s.refund(id); r.State == payment.RefundPending || r.State == payment.RefundUnknown {
			return string(id) + " is " + string(r.State)
		}
	}
	for _, terminal := range s.codes {
		if n := len(s.sim.Intents(terminal)); n > 0 {
			return strconv.Itoa(n) + " intents at " + terminal
		}
	}
	return s.closing()
}

// readSlips has a person say what the terminals' slips say of everything that
// the hub can learn from nobody else.
func (s *shop) readSlips() {
	books := s.sim.Books()
	for _, id := range s.charged {
		p := s.payment(id)
		if p.Attention != payment.AttentionSlip && (p.Attention != payment.AttentionReview || !p.State.Open()) || s.waits(string(id)) {
			continue
		}
		in := s.slip()
		for _, a := range books.Authorizations {
			if a.EcrTransactionID == string(id) && !technical(a) {
				in.Done, in.Terminal, in.Amount, in.Brand, in.LastFour = true, a.Terminal, a.Amount, a.Brand, "1234"
				in.Batch, in.Coupon, in.Authorization = number(a.Batch), number(a.Coupon), a.Code
			}
		}
		s.embellish(id, &in)
		if in.Done {
			s.stained[in.Terminal+"/"+in.Batch] = true
		}
		if _, err := s.payments.SettleBySlip(s.ctx, id, in); s.expected(err) {
			return
		}
		s.did["settled by slip"]++
		s.note("%s by slip: %v", id, in.Done)
	}
	for _, id := range s.refunds {
		r := s.refund(id)
		if r.State != payment.RefundUnknown || s.waits(r.Parts[0].Key) {
			continue
		}
		in := s.slip()
		for _, f := range books.Refunds {
			if f.EcrTransactionID == r.Parts[0].Key && !f.Voided {
				in.Done, in.Terminal, in.Batch, in.Coupon, in.Authorization = true, f.Terminal, number(f.Batch), number(f.Coupon), f.Code
			}
		}
		if a, ok := s.authorization(books, r.PaymentID); ok && r.Kind == provider.KindReversal && a.Reversed && !technical(a) {
			in.Done, in.Terminal, in.Batch, in.Coupon, in.Authorization = true, a.Terminal, number(a.VoidedIn), "1", "1"
		}
		if in.Done {
			s.stained[in.Terminal+"/"+in.Batch] = true
		}
		if _, err := s.payments.SettleRefundBySlip(s.ctx, id, in); s.expected(err) {
			return
		}
		s.did["refund settled by slip"]++
		s.note("%s by slip: %v", id, in.Done)
	}
	s.readClosingSlips(books)
}

func (s *shop) slip() payment.SlipInput {
	return payment.SlipInput{MerchantID: s.world.Merchant.ID, Mode: posta.Test, By: "user:manager"}
}

// waits reports whether an intent of the reference is still on a terminal: a
// person says nothing of it before it is off.
func (s *shop) waits(reference string) bool {
	for _, i := range s.sim.Intents("") {
		if i.Reference == reference {
			return true
		}
	}
	return false
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

// technical says that a sale was taken back before it was anybody's.
func technical(a sim.Authorization) bool { return a.VoidedBy == "undo" || a.VoidedBy == "power" }

func (s *shop) authorization(b sim.Books, id posta.PaymentID) (sim.Authorization, bool) {
	for _, a := range b.Authorizations {
		if a.EcrTransactionID == string(id) && !technical(a) {
			return a, true
		}
	}
	return sim.Authorization{}, false
}

// check holds the hub to the terminals' own books, at a quiet point.
func (s *shop) check() {
	s.t.Helper()
	books := s.sim.Books()
	sold, voided := map[string]int64{}, map[string]int64{}
	times := map[string]int{}
	for _, a := range books.Authorizations {
		if technical(a) || a.EcrTransactionID == "" {
			continue
		}
		times[a.EcrTransactionID]++
		sold[a.EcrTransactionID] += a.Amount
		if a.Reversed {
			voided[a.EcrTransactionID] += a.Amount
		}
	}
	given := map[string]int64{}
	for _, r := range books.Refunds {
		if !r.Voided {
			given[r.EcrTransactionID] += r.Amount
		}
	}
	back := map[posta.PaymentID]int64{}
	for _, id := range s.refunds {
		r := s.refund(id)
		key := r.Parts[0].Key
		switch {
		case r.Kind == provider.KindReversal:
			if (r.State == payment.RefundSucceeded) != (voided[string(r.PaymentID)] > 0) && r.State == payment.RefundSucceeded {
				s.wrong("%s: the hub has a reversal that no terminal made", id)
			}
		case r.State == payment.RefundSucceeded && given[key] != r.Amount.Amount, r.State == payment.RefundFailed && given[key] != 0:
			s.wrong("%s is %s of %d, the terminals gave back %d", id, r.State, r.Amount.Amount, given[key])
		}
		back[r.PaymentID] += given[key]
	}
	for _, came := range []string{"paid", "rejected", "canceled", "refunded by reversal", "partially refunded", "taken back", "batch closed"} {
		s.did[came] = 0
	}
	for _, a := range books.Authorizations {
		if technical(a) {
			s.did["taken back"]++
		}
	}
	s.did["batch closed"] = len(books.Batches)
	for _, id := range s.charged {
		p, ref := s.payment(id), string(id)
		switch {
		case voided[ref] > 0:
			s.did["refunded by reversal"]++
		case p.State == payment.PartiallyRefunded:
			s.did["partially refunded"]++
		default:
			s.did[string(p.State)]++
		}
		if times[ref] > 1 {
			s.wrong("%s was charged %d times", id, times[ref])
		}
		if _, lied := s.lies[id]; lied {
			s.checkLie(p, sold[ref], books)
		} else if p.Captured != sold[ref] {
			s.wrong("%s (%s, %s) captured %d, the terminals %d", id, p.State, p.Attention, p.Captured, sold[ref])
		}
		if p.Refunded != voided[ref]+back[id] {
			s.wrong("%s refunded %d, the terminals voided %d and gave back %d", id, p.Refunded, voided[ref], back[id])
		}
		if _, lied := s.lies[id]; p.Refunded > p.Captured && !lied {
			s.wrong("%s gave back %d of %d", id, p.Refunded, p.Captured)
		}
	}
	s.checkBatches(books)
}
