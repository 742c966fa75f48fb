package payment

import (
	"context"
	"errors"
	"slices"
	"time"

	"posta"
	"posta/provider"
)

// Source says what brought a piece of news.
type Source string

// The sources.
const (
	FromCreate   Source = "create"
	FromCancel   Source = "cancel"
	FromRefund   Source = "refund"
	FromNotice   Source = "notice"
	FromEnquiry  Source = "enquiry"
	FromOperator Source = "operator"
)

// News is an observation and what brought it.
type News struct {
	Source      Source
	Observation provider.Observation
	// Refund and Part name the refund whose answer this is, with FromRefund, or
	// that was looked for.
	Refund posta.RefundID
	Part   int
}

// Outcome is what became of a piece of news.
type Outcome struct {
	Payment Payment
	Before  State
	New     bool // it told something that was not known
}

// Changed reports whether the payment's state moved.
func (o Outcome) Changed() bool { return o.Before != o.Payment.State }

// Apply is the only way in which a payment changes state. The news' facts join
// the set of those known; the state is computed from the set. News of a
// payment that another connection charged is not_found: nothing changes.
// Errors: not_found, or the store's.
func (s *Service) Apply(ctx context.Context, connection posta.ConnectionID, n News) (Outcome, error) {
	id, err := posta.ParseID[posta.PaymentID](n.Observation.ExternalReference)
	if err != nil {
		return Outcome{}, err
	}
	var out Outcome
	record, err := s.Store.ChangePayment(ctx, id, func(r *Record) error {
		if r.Payment.ConnectionID != connection {
			return &posta.Error{Code: posta.CodeNotFound, Cause: errors.New("payment of another connection")}
		}
		out = s.apply(r, n)
		return nil
	})
	if err != nil {
		return Outcome{}, err
	}
	out.Payment = record.Payment
	if len(record.Events) > 0 {
		s.Committed()
	}
	return out, nil
}

func (s *Service) apply(r *Record, n News) Outcome {
	p, seen, now := &r.Payment, n.Observation, s.Clock.Now()
	out := Outcome{Before: p.State}
	if misfit := s.misfit(*p, r, seen); misfit != "" {
		seen.Facts = []provider.Fact{{Kind: provider.FactForeign, ID: misfit, Detail: misfit}}
		seen.Order, seen.Display, seen.Next = "", "", provider.Next{}
	}
	moved := false
	for _, f := range seen.Facts {
		news, later := learn(&p.Facts, f)
		if news && p.Rail == provider.RailTerminal && f.Kind == provider.FactOrder && f.Status == provider.StatusOpen && f.Progress == "" {
			s.Log.Warn("a status of the provider that is not known counts as pending", "payment", p.ID, "status", f.Detail)
		}
		out.New, moved = out.New || news, moved || later
	}
	if p.Order == "" && seen.Order != "" {
		p.Order, out.New = seen.Order, true
	}
	if seen.Display != "" && seen.Display != p.QR {
		p.QR, out.New = seen.Display, true
	}
	if seen.Next != (provider.Next{}) && seen.Next != p.Next {
		p.Next, out.New = seen.Next, true
	}
	before := p.Summary
	if moved {
		s.recompute(p)
	}
	if !out.New && p.Summary == before {
		// The refunds may still have waited for this: the notice of one can
		// come before the answer to our own call.
		s.bindRefunds(r, n)
		s.bindChargebacks(r)
		return out
	}
	out.New = true
	s.bindRefunds(r, n)
	s.bindChargebacks(r)
	p.forgetToken()
	p.Enquiries = 0 // something moves: ask soon again
	if !p.State.Open() && p.EndedAt.IsZero() {
		p.EndedAt = now
	}
	p.UpdatedAt = now
	p.DueAt = nextEnquiry(*p, now)
	s.tell(r, before)
	return out
}

// learn adds f to the set. What was known already, said again later, keeps the
// later time only: the newest of each object stays the same, and a provider
// that is asked often does not make the set grow. An approval keeps its first
// time too, which is when it was paid.
func learn(facts *[]provider.Fact, f provider.Fact) (news, moved bool) {
	f.At = f.At.UTC().Truncate(time.Microsecond)
	var known []int
	for i := range *facts {
		if (*facts)[i].Same(f) {
			known = append(known, i)
		}
	}
	if len(known) == 0 {
		*facts = append(*facts, f)
		return true, true
	}
	first, last := &(*facts)[known[0]].At, &(*facts)[known[len(known)-1]].At
	if last.Before(*first) {
		first, last = last, first
	}
	both := len(known) > 1
	switch {
	case both && f.At.Before(*first):
		*first = f.At
	case !both && f.Status == provider.StatusApproved && !f.At.Equal(*first):
		*facts = append(*facts, f)
	case f.At.After(*last):
		*last = f.At
	default:
		return false, false
	}
	return false, true
}

// recompute reads the summary off the facts, leaving out what a person settled.
func (s *Service) recompute(p *Payment) {
	p.Summary = Compute(p.due(), p.Facts)
	if slices.Contains(p.Settled, p.Attention) {
		p.Attention = AttentionNone
	}
}

// misfit names what about an observation does not belong to the payment.
func (s *Service) misfit(p Payment, r *Record, seen provider.Observation) string {
	if p.Rail != provider.RailTerminal && seen.Till != "" && r.TillCode != "" && seen.Till != r.TillCode {
		return "till"
	}
	for _, f := range seen.Facts {
		if f.Currency != "" && f.Currency != p.Amount.Currency {
			return "currency"
		}
	}
	if seen.Terminal != "" && !slices.ContainsFunc(p.Terminals, func(t Terminal) bool { return t.Code == seen.Terminal }) {
		return "terminal"
	}
	return ""
}

// tell adds the events of what changed since before.
func (s *Service) tell(r *Record, before Summary) {
	p := r.Payment
	add := func(kind string) { r.Events = append(r.Events, s.event(kind, p, p.JSON())) }
	if p.Declined > before.Declined {
		add("payment.attempt_declined")
	}
	late := !before.State.Moneyed() && (p.Attention == AttentionPaidLate || p.State == Refunded && !before.State.Open())
	switch {
	case late:
		add("payment.paid_late")
		if p.State != Paid {
			add("payment." + string(p.State))
		}
	case p.State != before.State, p.State == PartiallyRefunded && p.Refunded != before.Refunded:
		add("payment." + string(p.State))
	}
	if p.Attention != before.Attention && p.Attention != AttentionNone && !late {
		add("payment.attention")
	}
	if p.State == before.State && p.Progress != before.Progress && p.Progress != "" {
		add("payment.progressed")
	}
	// On a terminal somebody would have to be there.
	if late && r.RefundLate && p.Rail != provider.RailTerminal {
		s.refundLate(r)
	}
}

// providerCode is the provider's own word in an error, for the record.
func providerCode(err error) string {
	var e *posta.Error
	if errors.As(err, &e) {
		if code := e.Params["code"]; code != "" {
			return code
		}
		return string(e.Code)
	}
	return string(posta.CodeInternal)
}
