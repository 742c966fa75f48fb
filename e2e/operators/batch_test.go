package operators_test

import (
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
	"posta/settlement"
	sim "posta/sim/prisma"
)

// closeBatch asks a terminal to close its batch.
func (s *shop) closeBatch() { s.closeAt(pick(s, s.terminals)) }

func (s *shop) closeAt(terminal posta.TerminalID) {
	id := posta.NewID[posta.SettlementID](s.clock.Now())
	st, err := s.settlements.Create(s.ctx, settlement.Input{ID: id, MerchantID: s.world.Merchant.ID,
		Mode: posta.Test, TerminalID: terminal, By: "user:cashier"})
	if _, missing := s.db.Settlement(s.ctx, s.world.Merchant.ID, posta.Test, id); missing == nil {
		s.closes = append(s.closes, id)
		s.askedAt[id] = s.clock.Now()
	}
	if !s.expected(err, posta.CodeTerminalBusy) {
		s.note("close %s: %s", st.ID, st.State)
	}
}

// plant is a sale that no till asked for.
func (s *shop) plant() {
	t := pick(s, s.sim.Terminals())
	if s.sim.Plant(t.ID, sim.Movement{Brand: "VI", Amount: 1000}) == nil {
		s.stained[t.ID+"/"+number(t.Batch)] = true
	}
}

// closeOnDevice closes a batch behind the till's back.
func (s *shop) closeOnDevice() {
	code := pick(s, s.codes)
	if s.sim.CloseBatch(code) == nil {
		s.onDevice[code] = true
	}
}

func (s *shop) settlement(id posta.SettlementID) settlement.Settlement {
	st, err := s.settlements.Get(s.ctx, s.world.Merchant.ID, posta.Test, id)
	must(s.t, err)
	return st
}

// closing names a settlement that is not at its end, "" if none.
func (s *shop) closing() string {
	for _, id := range s.closes {
		if st := s.settlement(id); !st.State.Final() || st.Attention == settlement.AttentionSlip {
			return string(id) + " is " + string(st.State)
		}
	}
	return ""
}

// readClosingSlips has a person say what the slips of batch closes say whose
// answers were lost.
func (s *shop) readClosingSlips(books sim.Books) {
	known := map[string]bool{}
	for _, id := range s.closes {
		if st := s.settlement(id); st.ProviderID != "" {
			known[st.ProviderID] = true
		}
	}
	for _, id := range s.closes {
		st := s.settlement(id)
		if st.Attention != settlement.AttentionSlip || len(s.sim.Intents(st.TerminalCode)) > 0 {
			continue
		}
		if s.wrist.Now().Before(st.CreatedAt) {
			continue // the clock is to come right first
		}
		in := settlement.SlipInput{MerchantID: st.MerchantID, Mode: st.Mode, By: "user:manager"}
		for _, b := range books.Batches {
			if b.Terminal == st.TerminalCode && !known[b.SettlementID] && !b.ClosedAt.Before(s.askedAt[id]) && !in.Closed {
				known[b.SettlementID] = true
				in.Closed, in.Batch, in.Totals = true, number(b.Number), totals(b.Totals)
				s.slipOf[id] = b.SettlementID
				if at := b.ClosedAt.Truncate(time.Minute); !at.Before(st.CreatedAt.Truncate(time.Minute)) && !at.After(s.wrist.Now()) {
					in.At = at // a slip tells minutes
				}
			}
		}
		if !in.Closed {
			s.onDevice[st.TerminalCode] = true // it may yet
		}
		if _, err := s.settlements.SettleBySlip(s.ctx, id, in); s.expected(err) {
			return
		}
		s.did["close settled by slip"]++
	}
}

func totals(t sim.Totals) *provider.BatchTotals {
	sum := func(x sim.Sum) provider.Sum { return provider.Sum{Count: int64(x.Count), Amount: x.Amount} }
	out := &provider.BatchTotals{Sales: sum(t.Sales), Reversals: sum(t.Reversals), Refunds: sum(t.Refunds)}
	for _, b := range t.Brands {
		out.Brands = append(out.Brands, provider.BrandSum{Brand: b.Brand, Sum: sum(b.Sum)})
	}
	return out
}

func (s *shop) lied(b sim.Batch) bool {
	for _, l := range s.lies {
		if l == (lie{b.Terminal, number(b.Number)}) {
			return true
		}
	}
	return false
}

// checkBatches holds every batch that was closed to the ledger of intents, and
// every settlement to the batch that it closed: equal, or with an exception.
func (s *shop) checkBatches(books sim.Books) {
	for _, l := range s.lies {
		s.stained[l.terminal+"/"+l.batch] = true
	}
	ledger := map[string]map[string]provider.BatchTotals{}
	add := func(terminal, batch string, f func(*provider.BatchTotals)) {
		if ledger[terminal] == nil {
			ledger[terminal] = map[string]provider.BatchTotals{}
		}
		t := ledger[terminal][batch]
		f(&t)
		ledger[terminal][batch] = t
	}
	plus := func(to *provider.Sum, amount int64) { to.Count, to.Amount = to.Count+1, to.Amount+amount }
	for _, id := range s.charged {
		for _, a := range s.payment(id).Attempts() {
			if a.Status == provider.StatusApproved {
				add(a.Slip.Terminal, a.Slip.Batch, func(t *provider.BatchTotals) { plus(&t.Sales, a.Amount) })
			}
		}
	}
	for _, id := range s.refunds {
		r := s.refund(id)
		if r.State != payment.RefundSucceeded {
			continue
		}
		part := r.Parts[0]
		add(part.Slip.Terminal, part.Slip.Batch, func(t *provider.BatchTotals) {
			if r.Kind == provider.KindReversal {
				plus(&t.Reversals, part.Amount)
			} else {
				plus(&t.Refunds, part.Amount)
			}
		})
	}
	for _, a := range books.Authorizations {
		if a.EcrTransactionID == "" {
			add(a.Terminal, number(a.Batch), func(t *provider.BatchTotals) { plus(&t.Sales, a.Amount) })
		}
	}
	for _, b := range books.Batches {
		ours, theirs := ledger[b.Terminal][number(b.Number)], totals(b.Totals)
		if s.lied(b) {
			continue
		}
		if ours.Sales != theirs.Sales || ours.Reversals != theirs.Reversals || ours.Refunds != theirs.Refunds {
			s.wrong("batch %d of %s: the ledger of intents, and what was sold without one, has %+v, the terminal closed %+v", b.Number, b.Terminal, ours, *theirs)
		}
	}
	for _, id := range s.closes {
		st := s.settlement(id)
		if st.State != settlement.Confirmed || st.Theirs == nil {
			continue
		}
		ours := ledger[st.TerminalCode][st.Batch]
		s.checkWolf(st, ours.Sales == st.Theirs.Sales && ours.Reversals == st.Theirs.Reversals && ours.Refunds == st.Theirs.Refunds)
		if len(settlement.Differences(st.Ours, *st.Theirs)) > 0 && st.Attention != settlement.AttentionDifference {
			s.wrong("%s closed with %+v where we have %+v, and nobody was told", id, *st.Theirs, st.Ours)
		}
		if st.Attention == settlement.AttentionDifference {
			s.did["difference"]++
		}
	}
}
