package operators_test

import (
	"posta"
	"posta/payment"
	"posta/settlement"
	sim "posta/sim/prisma"
)

// lie is where a person said of a payment what its slip does not say.
type lie struct {
	terminal, batch string
}

// embellish has a person now and then say something else than the slip.
func (s *shop) embellish(id posta.PaymentID, in *payment.SlipInput) {
	if !s.lying || !s.chance(8) {
		return
	}
	switch {
	case in.Done && s.chance(50):
		s.lies[id] = lie{in.Terminal, in.Batch}
		in.Done = false
	case in.Done:
		s.lies[id] = lie{in.Terminal, in.Batch}
		in.Amount += 100 + s.rnd.Int64N(100)
	default:
		t := pick(s, s.sim.Terminals())
		for _, mine := range s.payment(id).Terminals {
			if mine.Code == t.ID {
				s.lies[id] = lie{t.ID, number(t.Batch)}
				in.Done, in.Terminal, in.Batch, in.Coupon, in.Authorization, in.Brand, in.Amount = true, t.ID, number(t.Batch), "9999", "999999", "VI", 1+s.rnd.Int64N(1_000_00)
			}
		}
	}
	s.note("a lie about %s: %+v", id, *in)
}

// checkLie holds the hub to this: what a person said wrongly is mended by the
// provider's word, or a task, or the close of its batch, differs.
func (s *shop) checkLie(p payment.Payment, sold int64, books sim.Books) {
	l := s.lies[p.ID]
	if p.Captured == sold || p.Attention != "" {
		return
	}
	for _, id := range s.closes {
		st := s.settlement(id)
		if st.TerminalCode == l.terminal && st.Batch == l.batch && st.State == settlement.Confirmed && st.Attention == settlement.AttentionDifference {
			s.did["lie found"]++
			return
		}
	}
	open := true // a terminal declines to close a batch in which nothing moved
	for _, b := range books.Batches {
		if b.Terminal == l.terminal && number(b.Number) == l.batch {
			if open = false; !s.closedByUs(b.SettlementID) {
				return // closed on the device: its slip was never typed
			}
		}
	}
	if open {
		return
	}
	for _, id := range s.closes {
		if c := s.settlement(id); c.TerminalCode == l.terminal {
			s.note("%s %s %s batch %q %q asked by us %s closed %s ours %+v theirs %+v others %+v", id, c.State, c.Attention, c.Batch, c.Detail, s.askedAt[id], c.ToAt, c.Ours.Sales, c.Theirs, c.Others)
		}
	}
	s.wrong("%s captured %d where the terminals have %d, by a lie about %+v, and nothing shows it", p.ID, p.Captured, sold, l)
}

func (s *shop) closedByUs(provider string) bool {
	for _, id := range s.closes {
		if st := s.settlement(id); provider != "" && st.State == settlement.Confirmed && (st.ProviderID == provider || s.slipOf[id] == provider) {
			return true
		}
	}
	return false
}

// checkWolf holds closes to this: where nothing was planted, said by a person or
// closed on the device, and the ledger is what the terminal closed, nobody is called.
func (s *shop) checkWolf(st settlement.Settlement, equal bool) {
	switch {
	case !equal, s.stained[st.TerminalCode+"/"+st.Batch], st.Attention != settlement.AttentionDifference:
	case st.Others.Count > 0 && s.onDevice[st.TerminalCode]:
	default:
		s.wrong("%s of %s batch %s calls for a person and nothing is wrong: %+v, %+v, others %+v", st.ID, st.TerminalCode, st.Batch, st.Ours, *st.Theirs, st.Others)
	}
}
