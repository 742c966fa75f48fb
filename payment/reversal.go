package payment

import (
	"context"
	"slices"

	"posta"
	"posta/provider"
)

// Proposal is how money of a payment is best given back, and why.
type Proposal struct {
	Kind   provider.RefundKind
	Reason ProposalReason
	Amount int64 // minor units that it would give back
	Left   int64 // minor units that can still be given back
	// Terminals are where a person does it; none where the provider does it by itself.
	Terminals []Terminal
}

// ProposalReason says why one kind is proposed and not the other.
type ProposalReason string

// The reasons. All but the first are for a refund.
const (
	ReasonWhole    ProposalReason = "whole_open_batch"  // the whole payment, and its batch is not known to be closed
	ReasonPart     ProposalReason = "part"              // a reversal takes the whole payment only
	ReasonBefore   ProposalReason = "given_before"      // some of it was given back already
	ReasonClosed   ProposalReason = "batch_closed"      // its batch was closed: a reversal may not reach it
	ReasonDeclined ProposalReason = "reversal_declined" // a reversal of it was declined
	ReasonBrand    ProposalReason = "brand"             // cards of this brand are given back by refund
	ReasonSlip     ProposalReason = "by_slip"           // the provider's name of the payment is not known
	ReasonAlways   ProposalReason = "no_reversal"       // the provider has refunds only
	ReasonSeveral  ProposalReason = "several_attempts"  // several tries paid it together
)

// Propose says how to give back amount (minor units, 0 for all that is left) of
// a payment: by reversal where it is the whole payment, its batch is open and
// its brand allows it, else by refund. Errors: not_found,
// not_allowed_in_state, refund_exceeds.
func (s *Service) Propose(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.PaymentID, amount int64) (Proposal, error) {
	p, err := s.Store.Payment(ctx, m, mode, id)
	if err != nil {
		return Proposal{}, err
	}
	refunds, err := s.Store.ListRefunds(ctx, id)
	if err != nil {
		return Proposal{}, err
	}
	connector, err := s.Open(ctx, p.ConnectionID)
	if err != nil {
		return Proposal{}, err
	}
	return s.propose(ctx, p, refunds, connector.Capabilities(p.Rail), amount)
}

func (s *Service) propose(ctx context.Context, p Payment, refunds []Refund, can provider.Capabilities, amount int64) (Proposal, error) {
	plan, left, err := s.shares(p, refunds, amount)
	if err != nil {
		return Proposal{}, err
	}
	out := Proposal{Kind: provider.KindRefund, Left: left}
	for _, part := range plan {
		out.Amount += part.Amount
	}
	attempt := paidAttempt(p, plan[0].Attempt)
	if can.Terminal.RefundAtTerminal {
		out.Terminals = at(p.Terminals, attempt.Slip.Terminal)
	}
	switch {
	case !can.Terminal.Reversal:
		out.Reason = ReasonAlways
	case len(plan) > 1:
		out.Reason = ReasonSeveral
	case p.order() == "" || attempt.ID == slipAttempt:
		out.Reason = ReasonSlip
	case !plan[0].Whole && attempt.Refunded > 0:
		out.Reason = ReasonBefore
	case !plan[0].Whole:
		out.Reason = ReasonPart
	case p.declinedReversal(attempt.ID):
		out.Reason = ReasonDeclined
	case slices.Contains(can.Terminal.NoReversal, attempt.Brand):
		out.Reason = ReasonBrand
	default:
		closed, err := s.Store.BatchClosed(ctx, p.MerchantID, p.ConnectionID, attempt.Slip.Terminal, p.PaidAt)
		if err != nil {
			return Proposal{}, err
		}
		out.Reason = ReasonClosed
		if !closed {
			out.Kind, out.Reason = provider.KindReversal, ReasonWhole
		}
	}
	return out, nil
}

// declinedReversal reports whether the acquirer has declined to void the attempt.
func (p Payment) declinedReversal(attempt string) bool {
	return slices.ContainsFunc(p.Facts, func(f provider.Fact) bool {
		return f.Kind == provider.FactRefund && f.Refund == provider.KindReversal && f.Parent == attempt && f.Status == provider.StatusRejected
	})
}

// at gives the terminal of the code, or all if there is none of it.
func at(terminals []Terminal, code string) []Terminal {
	for _, t := range terminals {
		if t.Code == code {
			return []Terminal{t}
		}
	}
	return terminals
}

func paidAttempt(p Payment, id string) Attempt {
	for _, a := range p.Attempts() {
		if a.ID == id {
			return a
		}
	}
	return Attempt{}
}

// prepare fills in what a refund's asker left open, and refuses what the
// connection cannot do before anything is kept or asked.
func (s *Service) prepare(ctx context.Context, p Payment, in *RefundInput) error {
	refunds, err := s.Store.ListRefunds(ctx, p.ID)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(refunds, func(r Refund) bool { return r.ID == in.ID }) {
		return nil // a repeat: it is planned
	}
	connector, err := s.Open(ctx, p.ConnectionID)
	if err != nil {
		return err
	}
	can := connector.Capabilities(p.Rail)
	best, err := s.propose(ctx, p, refunds, can, in.Amount)
	if err != nil {
		return err
	}
	if in.Kind == "" {
		in.Kind = best.Kind
	}
	if in.Kind == provider.KindReversal {
		switch best.Reason {
		case ReasonAlways:
			return posta.Invalid("kind", "not_offered")
		case ReasonBrand:
			return posta.Invalid("kind", "brand_by_refund")
		case ReasonSlip:
			return posta.Invalid("kind", "by_slip")
		case ReasonPart, ReasonBefore, ReasonSeveral:
			return posta.Invalid("amount", "reversal_is_whole")
		}
	}
	if !can.Terminal.RefundAtTerminal {
		if len(in.Terminals) > 0 {
			return posta.Invalid("terminals", "not_on_rail")
		}
		return nil
	}
	in.terminals, in.expiresAt = best.Terminals, s.Clock.Now().Add(defaultExpiry[provider.RailTerminal])
	if len(in.Terminals) > 0 {
		has, err := s.Store.TillTerminals(ctx, p.StoreID, p.TillID)
		if err == nil {
			has = slices.DeleteFunc(has, func(t Terminal) bool { return t.ConnectionID != p.ConnectionID })
			in.terminals, err = choose(in.Terminals, has)
		}
		if err != nil {
			return err
		}
	}
	for _, t := range in.terminals {
		use, err := s.Store.TerminalUse(ctx, p.MerchantID, t.ID)
		if err != nil {
			return err
		}
		if use.Settlement != "" {
			return &posta.Error{Code: posta.CodeTerminalBusy, Params: map[string]string{"settlement": string(use.Settlement)}}
		}
	}
	return nil
}
