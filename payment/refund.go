package payment

import (
	"cmp"
	"context"
	"slices"
	"time"
	"unicode/utf8"

	"posta"
	"posta/provider"
)

// RefundState is where a refund, or a part of one, stands.
type RefundState string

// The states of a refund.
const (
	RefundPending   RefundState = "pending"   // to be asked, or asked and not decided
	RefundUnknown   RefundState = "unknown"   // asked, the answer was lost; asked again with the same key
	RefundSucceeded RefundState = "succeeded" // the provider gave it back
	RefundFailed    RefundState = "failed"    // the provider refused
)

// Refund gives back all or a part of a payment.
type Refund struct {
	ID         posta.RefundID
	PaymentID  posta.PaymentID
	MerchantID posta.MerchantID
	Mode       posta.Mode
	Amount     posta.Money // asked for; once it succeeded, what was given back
	Reason     string
	Kind       provider.RefundKind
	Terminals  []Terminal // those that may do it, where a refund is done on a terminal
	ExpiresAt  time.Time  // when one that waits on a terminal is taken off it; zero elsewhere
	CancelAt   time.Time  // when that was asked for; zero if never
	State      RefundState
	Parts      []Part // one for each attempt that it takes from
	Origin     string // "key:…", "user:…", "late" (given back by itself) or "provider" (made elsewhere)
	Tries      int
	DueAt      time.Time // next try; zero when none is due
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// Part is what a refund takes from one attempt: one operation at the provider.
type Part struct {
	Attempt    string      `json:"attempt"` // the provider's id
	Amount     int64       `json:"amount"`  // minor units
	Whole      bool        `json:"whole"`   // all of the attempt, nothing given back before
	Key        string      `json:"key"`     // the provider's idempotency key, the same on every try
	ProviderID string      `json:"provider_id,omitempty"`
	State      RefundState `json:"state"`
	Detail     string      `json:"detail,omitempty"` // the provider's words on a failure
	// Asked says that our call for it was begun, where it must not be made twice.
	Asked    bool              `json:"asked,omitempty"`
	Progress provider.Progress `json:"progress,omitempty"` // on its terminal
	Slip     provider.Slip     `json:"slip,omitzero"`
}

// Progress is where a pending refund stands on its terminal, "" elsewhere.
func (r Refund) Progress() provider.Progress {
	for _, part := range r.Parts {
		if r.State == RefundPending && !part.decided() {
			return part.Progress
		}
	}
	return ""
}

// RefundInput asks for a refund.
type RefundInput struct {
	ID         posta.RefundID // made from the request's idempotency key
	MerchantID posta.MerchantID
	Mode       posta.Mode
	PaymentID  posta.PaymentID
	Amount     int64               // minor units; 0 means all that is left
	Kind       provider.RefundKind // "" takes what Propose says
	Terminals  []posta.TerminalID  // where it is done on a terminal; none means the one of the sale
	Reason     string              // ≤ 150 characters
	By         string

	terminals []Terminal
	expiresAt time.Time
}

// Refund gives back money of a payment: the refund is stored, then the
// provider asked. It comes back pending, succeeded, unknown or failed; where it
// is done on a terminal, pending until somebody does it there. Called again
// with the same ID it goes on with the same refund. Errors: not_found,
// invalid with fields amount (positive, reversal_is_whole), kind (not_offered,
// brand_by_refund, by_slip), terminals; not_allowed_in_state, refund_exceeds with
// Params["left"] (minor units), terminal_busy.
func (s *Service) Refund(ctx context.Context, in RefundInput) (Refund, error) {
	var problems posta.Problems
	problems.Add(in.Amount < 0, "amount", "positive")
	problems.Add(!slices.Contains([]provider.RefundKind{"", provider.KindRefund, provider.KindReversal}, in.Kind), "kind", "unknown")
	problems.Add(utf8.RuneCountInString(in.Reason) > 150, "reason", "too_long")
	if err := problems.Err(); err != nil {
		return Refund{}, err
	}
	p, err := s.Store.Payment(ctx, in.MerchantID, in.Mode, in.PaymentID)
	if err != nil {
		return Refund{}, err
	}
	if err := s.prepare(ctx, p, &in); err != nil {
		return Refund{}, err
	}
	var repeated bool
	record, err := s.Store.ChangePayment(ctx, in.PaymentID, func(r *Record) error {
		for _, known := range r.Refunds {
			if repeated = known.ID == in.ID; repeated {
				return nil
			}
		}
		refund, err := s.plan(r, in)
		if err != nil {
			return err
		}
		r.Refunds = append(r.Refunds, refund)
		r.Events = append(r.Events, s.eventBy(in.By, "refund.created", r.Payment, refund.JSON()))
		return nil
	})
	if err != nil {
		return Refund{}, err
	}
	s.Committed()
	return s.give(ctx, record.Payment, find(record.Refunds, in.ID), repeated)
}

func find(refunds []Refund, id posta.RefundID) Refund {
	for _, r := range refunds {
		if r.ID == id {
			return r
		}
	}
	return Refund{}
}

// Refundable reports whether the payment's state lets money be given back: it
// was paid, or an end left behind what a part of it brought.
func (p Payment) Refundable() bool {
	switch p.State {
	case Paid, PartiallyRefunded, Disputed:
		return true
	}
	return !p.State.Open() && !p.State.Moneyed() && p.Captured > p.Refunded
}

// shares divides an amount (0 for all that is left) over the attempts, oldest
// first, never more than what each has left after all refunds that did not
// fail, and gives what is left in all. It has at least one part.
func (s *Service) shares(p Payment, refunds []Refund, amount int64) (parts []Part, left int64, err error) {
	if !p.Refundable() {
		return nil, 0, &posta.Error{Code: posta.CodeState, Params: map[string]string{"state": string(p.State)}}
	}
	taken := map[string]int64{}
	for _, refund := range refunds {
		for _, part := range refund.Parts {
			if part.State == RefundPending || part.State == RefundUnknown {
				taken[p.now(part.Attempt)] += part.Amount
			}
		}
	}
	for _, f := range newest(p.Facts) {
		if f.Kind == provider.FactChargeback && f.Chargeback.Covered == "yes" {
			taken[p.now(f.Parent)] += f.Amount // the buyer has it, though the merchant keeps the money
		}
	}
	attempts := p.Attempts()
	for i := range attempts {
		a := &attempts[i]
		taken[a.ID] += a.Refunded
		if a.Status == provider.StatusApproved || a.Status == provider.StatusInMediation {
			left += max(a.Amount-taken[a.ID], 0)
		}
	}
	if amount == 0 {
		amount = left
	}
	if amount > left || amount == 0 {
		return nil, left, &posta.Error{Code: posta.CodeRefundExceeds,
			Params: map[string]string{"left": posta.FormatDecimal(left, 0), "currency": string(p.Amount.Currency)}}
	}
	for _, a := range attempts {
		if a.Status != provider.StatusApproved && a.Status != provider.StatusInMediation {
			continue
		}
		take := min(amount, a.Amount-taken[a.ID])
		if take <= 0 {
			continue
		}
		amount -= take
		parts = append(parts, Part{Attempt: a.ID, Amount: take, Whole: take == a.Amount, State: RefundPending})
	}
	return parts, left, nil
}

// now is the attempt's id, or that of the one which what was read off a slip
// turned out to be.
func (p Payment) now(attempt string) string {
	attempts := p.Attempts()
	if slices.ContainsFunc(attempts, func(a Attempt) bool { return a.ID == attempt }) {
		return attempt
	}
	for _, a := range attempts {
		if attempt == slipAttempt && brought(a.Status) {
			return a.ID
		}
	}
	return attempt
}

// plan makes the refund that is asked for, from what the attempts have left.
func (s *Service) plan(r *Record, in RefundInput) (Refund, error) {
	p, now := r.Payment, s.Clock.Now()
	parts, _, err := s.shares(p, r.Refunds, in.Amount)
	if err != nil {
		return Refund{}, err
	}
	refund := Refund{ID: in.ID, PaymentID: p.ID, MerchantID: p.MerchantID, Mode: p.Mode,
		Amount: posta.Money{Currency: p.Amount.Currency}, Reason: in.Reason, State: RefundPending, Parts: parts,
		Kind: cmp.Or(in.Kind, provider.KindRefund), Terminals: in.terminals, ExpiresAt: in.expiresAt,
		Origin: in.By, DueAt: now.Add(refundLease), CreatedAt: now, UpdatedAt: now}
	for i := range parts {
		parts[i].Key = posta.NewULID(now)
		refund.Amount.Amount += parts[i].Amount
	}
	if refund.Kind == provider.KindReversal && (len(parts) != 1 || !parts[0].Whole) {
		return Refund{}, posta.Invalid("amount", "reversal_is_whole")
	}
	return refund, nil
}

// refundLate plans to give back what came after the end; the sweep does it.
func (s *Service) refundLate(r *Record) {
	refund, err := s.plan(r, RefundInput{ID: posta.NewID[posta.RefundID](s.Clock.Now()), By: "late"})
	if err != nil {
		return
	}
	refund.DueAt = s.Clock.Now()
	r.Refunds = append(r.Refunds, refund)
	r.Events = append(r.Events, s.event("refund.created", r.Payment, refund.JSON()))
}

// refundLease is how long one try may take before the sweep takes over.
const refundLease = 30 * time.Second

// give asks the provider for each part that is not yet decided. What may have
// been asked before is looked for first: the provider forgets keys after a day,
// and a refusal of the repeat says nothing of the first call.
func (s *Service) give(ctx context.Context, p Payment, refund Refund, asked bool) (Refund, error) {
	if refund.State != RefundPending && refund.State != RefundUnknown {
		return refund, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callLimit)
	defer cancel()
	connector, charge, err := s.reach(ctx, p)
	if err != nil {
		source := FromRefund
		if asked {
			source = FromEnquiry
		}
		return refund, s.gave(context.WithoutCancel(ctx), &refund, 0, source, provider.Observation{}, err)
	}
	can := connector.Capabilities(p.Rail)
	charge.Refunds = refund.refs()
	for i := range refund.Parts {
		if refund.Parts[i].decided() {
			continue
		}
		if asked {
			seen, err := connector.Get(tag(ctx, p, "enquiry"), charge)
			if err := s.gave(context.WithoutCancel(ctx), &refund, i, FromEnquiry, seen, err); err != nil {
				return refund, err
			}
			if err == nil && refund.Parts[i].ProviderID != "" && !refund.Parts[i].decided() && can.Terminal.RefundAtTerminal {
				if err := s.overdue(tag(ctx, p, "cancel"), connector, charge, &refund, i); err != nil {
					return refund, err
				}
			}
			if err != nil || refund.Parts[i].decided() || refund.Parts[i].ProviderID != "" {
				continue
			}
		}
		if can.Recovery == provider.RecoverNone {
			once, err := s.once(context.WithoutCancel(ctx), &refund, i)
			if err != nil {
				return refund, err
			}
			if !once {
				continue
			}
		}
		part := refund.Parts[i]
		seen, err := connector.Refund(tag(ctx, p, "refund"), charge, s.ask(p, refund, part))
		if err := s.gave(context.WithoutCancel(ctx), &refund, i, FromRefund, seen, err); err != nil {
			return refund, err
		}
	}
	return refund, nil
}

func (p Part) decided() bool { return p.State == RefundFailed || p.State == RefundSucceeded }

// gave records what the provider answered about part i of a refund: to our
// call for it (FromRefund), or when we looked for it (FromEnquiry).
func (s *Service) gave(ctx context.Context, refund *Refund, i int, source Source, seen provider.Observation, err error) error {
	record, changeErr := s.Store.ChangePayment(ctx, refund.PaymentID, func(r *Record) error {
		for j := range r.Refunds {
			mine := &r.Refunds[j]
			if mine.ID != refund.ID {
				continue
			}
			if err != nil || source == FromRefund {
				mine.Tries++
			}
			mine.DueAt = mine.next(s.Clock.Now())
			if err == nil || mine.Parts[i].ProviderID != "" {
				continue
			}
			mine.Parts[i].Detail = providerCode(err)
			mine.Parts[i].State = RefundFailed
			if source != FromRefund || posta.Temporary(err) || posta.ErrorCode(err) == posta.CodeInternal {
				mine.Parts[i].State = RefundUnknown
			}
			s.settle(r, mine)
		}
		if err == nil {
			seen.ExternalReference = string(refund.PaymentID)
			s.apply(r, News{Source: source, Observation: seen, Refund: refund.ID, Part: i})
		}
		return nil
	})
	if changeErr != nil {
		return changeErr
	}
	s.Committed()
	*refund = find(record.Refunds, refund.ID)
	return nil
}

// settle reads a refund's state off its parts and tells of an end.
func (s *Service) settle(r *Record, refund *Refund) {
	before := refund.State
	count := map[RefundState]int{}
	var given int64
	for _, part := range refund.Parts {
		count[part.State]++
		if part.State == RefundSucceeded {
			given += part.Amount
		}
	}
	switch {
	case count[RefundUnknown] > 0:
		refund.State = RefundUnknown
	case count[RefundPending] > 0:
		refund.State = RefundPending
	case count[RefundSucceeded] > 0:
		// What a part did not give back is not in the amount, which reports count.
		refund.State, refund.Amount.Amount = RefundSucceeded, given
	default:
		refund.State = RefundFailed
	}
	refund.UpdatedAt = s.Clock.Now()
	if refund.State == before {
		return
	}
	if refund.State == RefundSucceeded || refund.State == RefundFailed {
		refund.DueAt = time.Time{}
		r.Events = append(r.Events, s.event("refund."+string(refund.State), r.Payment, refund.JSON()))
	}
}
