package payment

import (
	"cmp"
	"context"
	"slices"
	"unicode/utf8"

	"posta"
	"posta/provider"
)

// slipAttempt is the id of an attempt that a person read off a slip.
const slipAttempt = "slip"

// operatorVersion is above all versions of a provider: what a person saw done
// is done.
const operatorVersion = 1 << 40

// SlipInput is what a named person says of a charge or refund whose answer was
// lost, with the terminal's slip in the hand.
type SlipInput struct {
	MerchantID    posta.MerchantID
	Mode          posta.Mode
	Done          bool   // the terminal charged it, or gave it back
	Terminal      string // the provider's id, as the slip has it; "" takes the only one
	Batch         string
	Coupon        string
	Authorization string
	Brand         string
	LastFour      string
	Installments  int
	Amount        int64 // minor units on the slip; 0 means what was asked
	By            string
}

func (in SlipInput) check(terminals []Terminal) error {
	var p posta.Problems
	if !in.Done {
		return nil
	}
	for _, text := range []struct {
		field, value string
		required     bool
	}{{"batch", in.Batch, true}, {"coupon", in.Coupon, true}, {"authorization", in.Authorization, true}, {"brand", in.Brand, false}} {
		p.Add(text.required && text.value == "", text.field, "required")
		p.Add(utf8.RuneCountInString(text.value) > 20, text.field, "too_long")
	}
	p.Add(in.LastFour != "" && !fourDigits(in.LastFour), "last_four", "malformed")
	p.Add(in.Amount < 0 || in.Amount > MaxAmount, "amount", "out_of_range")
	p.Add(in.Installments < 0 || in.Installments > 99, "installments", "out_of_range")
	p.Add(in.Terminal == "" && len(terminals) > 1, "terminal", "required")
	p.Add(in.Terminal != "" && !slices.ContainsFunc(terminals, func(t Terminal) bool { return t.Code == in.Terminal }), "terminal", "unknown")
	return p.Err()
}

func fourDigits(text string) bool {
	for _, c := range text {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(text) == 4
}

func (in SlipInput) slip(terminals []Terminal) provider.Slip {
	out := provider.Slip{Terminal: in.Terminal, Batch: in.Batch, Coupon: in.Coupon}
	if out.Terminal == "" && len(terminals) == 1 {
		out.Terminal = terminals[0].Code
	}
	return out
}

// awaitsWord reports whether a person said what became of a charge, and its
// provider, which knows it, may still say it too.
func (p Payment) awaitsWord() bool {
	return p.Rail == provider.RailTerminal && p.order() != "" && slices.ContainsFunc(p.Attempts(), func(a Attempt) bool { return a.ID == slipAttempt })
}

// contradicted reports whether the provider tells otherwise than the slip that
// a person read: of another amount, or of an end without money.
func contradicted(facts []provider.Fact) bool {
	var slip, own, ended bool
	var said, told int64
	for _, f := range newest(facts) {
		switch {
		case f.Kind == provider.FactAttempt && f.ID == slipAttempt:
			slip, said = true, f.Amount
		case f.Kind == provider.FactAttempt && brought(f.Status):
			own, told = true, told+f.Amount
		case f.Kind == provider.FactOrder && f.ID != ownRecord && f.ID != ownEnquiry:
			ended = ended || f.Status == provider.StatusRejected || f.Status == provider.StatusCanceled || f.Status == provider.StatusExpired
		}
	}
	return slip && (own && said != told || !own && ended)
}

// DeniedBySlip reports whether a person said that the terminal did not charge
// what nobody else can tell of: a slip that is found later corrects it.
func (p Payment) DeniedBySlip() bool {
	if p.Rail != provider.RailTerminal || p.State.Open() || p.State.Moneyed() || !slices.Contains(p.Settled, AttentionSlip) {
		return false
	}
	return slices.ContainsFunc(p.Facts, func(f provider.Fact) bool {
		return f.Kind == provider.FactOrder && (f.Status == provider.StatusStranded || f.Status == provider.StatusDoubtful)
	})
}

// SettleBySlip notes what the terminal's slip says of a payment whose answer
// was lost, or that nobody answers about: paid, with batch, coupon and
// authorization, or not charged, which a slip found later corrects. It goes the
// way of all news, as an operator's; the next batch close holds it to the
// provider's totals. Errors: not_found, invalid with fields terminal, batch, coupon, authorization, last_four, amount;
// not_allowed_in_state.
func (s *Service) SettleBySlip(ctx context.Context, id posta.PaymentID, in SlipInput) (Payment, error) {
	p, err := s.Store.Payment(ctx, in.MerchantID, in.Mode, id)
	if err != nil {
		return Payment{}, err
	}
	if err := in.check(p.Terminals); err != nil {
		return Payment{}, err
	}
	record, err := s.Store.ChangePayment(ctx, id, func(r *Record) error {
		p := &r.Payment
		found := in.Done && p.DeniedBySlip()
		if p.Rail != provider.RailTerminal || !found && p.Attention != AttentionSlip && (p.Attention != AttentionReview || !p.State.Open()) {
			return &posta.Error{Code: posta.CodeState, Params: map[string]string{"state": string(p.State)}}
		}
		now := s.Clock.Now()
		said := provider.Fact{Kind: provider.FactOperator, ID: in.By, Status: provider.StatusCanceled, At: now}
		facts := []provider.Fact{said}
		if !p.State.Open() {
			facts = nil // it has ended, and stays so
		}
		if in.Done {
			amount := in.Amount
			if amount == 0 {
				amount = p.Amount.Amount + p.Options.CashBack
			}
			said.Status, said.Explained = provider.StatusAccepted, amount-p.Amount.Amount
			facts = []provider.Fact{said}
			slip := in.slip(p.Terminals)
			slip.CashBack = p.Options.CashBack
			facts = append(facts, provider.Fact{Kind: provider.FactAttempt, ID: slipAttempt, Parent: ownRecord, Status: provider.StatusApproved,
				Detail: "operator", At: now, Amount: amount, Brand: in.Brand, LastFour: in.LastFour, Installments: in.Installments,
				Authorizes: in.Authorization, Slip: slip})
		}
		if p.Attention != AttentionNone {
			p.Settled = append(p.Settled, p.Attention)
		}
		s.apply(r, News{Source: FromOperator, Observation: provider.Observation{Facts: facts}})
		s.recompute(p)
		p.UpdatedAt = now
		r.Events = append(r.Events, s.eventBy(in.By, "payment.settled", *p, p.JSON()))
		return nil
	})
	if err != nil {
		return Payment{}, err
	}
	s.Committed()
	return record.Payment, nil
}

// SettleRefundBySlip does for a refund what SettleBySlip does for a payment.
// Errors: as there.
func (s *Service) SettleRefundBySlip(ctx context.Context, id posta.RefundID, in SlipInput) (Refund, error) {
	refund, err := s.Store.Refund(ctx, in.MerchantID, in.Mode, id)
	if err != nil {
		return Refund{}, err
	}
	if err := in.check(refund.Terminals); err != nil {
		return Refund{}, err
	}
	record, err := s.Store.ChangePayment(ctx, refund.PaymentID, func(r *Record) error {
		for i := range r.Refunds {
			mine := &r.Refunds[i]
			if mine.ID != id {
				continue
			}
			if mine.State != RefundUnknown || len(mine.Terminals) == 0 {
				return &posta.Error{Code: posta.CodeState, Params: map[string]string{"state": string(mine.State)}}
			}
			r.Events = append(r.Events, s.eventBy(in.By, "refund.settled", r.Payment, mine.JSON()))
			for j := range mine.Parts {
				part := &mine.Parts[j]
				if part.State != RefundUnknown {
					continue
				}
				if !in.Done {
					part.State, part.Detail = RefundFailed, "operator"
					continue
				}
				s.apply(r, News{Source: FromOperator, Refund: id, Part: j, Observation: provider.Observation{Facts: []provider.Fact{{
					Kind: provider.FactRefund, ID: cmp.Or(part.ProviderID, slipAttempt+"/"+part.Key), Parent: part.Attempt, Status: provider.StatusApproved,
					Version: operatorVersion, Detail: "operator", At: s.Clock.Now(), Amount: part.Amount, Refund: mine.Kind, Authorizes: in.Authorization,
					Slip: in.slip(mine.Terminals)}}}})
				mine = &r.Refunds[i] // what was applied may have grown the list
			}
			s.settle(r, mine)
		}
		return nil
	})
	if err != nil {
		return Refund{}, err
	}
	s.Committed()
	return find(record.Refunds, id), nil
}
