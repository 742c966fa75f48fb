package payment

import (
	"context"
	"time"

	"posta"
	"posta/provider"
)

// enquiryLease is how long one enquiry may take before another may start.
const enquiryLease = 30 * time.Second

var (
	openSteps = []time.Duration{3 * time.Second, 3 * time.Second, 4 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second}
	lostSteps = []time.Duration{2 * time.Second, 3 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute}
	// Online nobody stands at a till: the buyer has minutes on a page, then days with a voucher.
	onlineSteps = []time.Duration{3 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
		time.Minute, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}
	watchSteps = []time.Duration{20 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute, 3 * time.Hour, 24 * time.Hour}
	giveSteps  = []time.Duration{5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute, 3 * time.Hour}
)

// A terminal's provider may send no notices: it is asked often while a person
// is there, and slower after (docs/providers/prisma.md §12).
const (
	terminalStep = 2500 * time.Millisecond
	terminalOver = time.Minute // after the time-out nobody is there any more
)

// nextAtTerminal is when to ask again about what waits on a terminal until end.
func nextAtTerminal(now, end time.Time) time.Time {
	switch over := now.Sub(end); {
	case over < terminalOver:
		return now.Add(terminalStep)
	case over < 5*time.Minute:
		return now.Add(10 * time.Second)
	case over < time.Hour:
		return now.Add(time.Minute)
	default:
		return now.Add(5 * time.Minute)
	}
}

func step(steps []time.Duration, n int) time.Duration { return steps[min(max(n, 0), len(steps)-1)] }

// backoff is the wait before try n+1 of a refund.
func backoff(n int) time.Duration { return step(giveSteps, max(n-1, 0)) }

// nextEnquiry is when to ask the provider again about p, zero for never: soon
// while a person waits, then slower, to the end; a while longer after an end
// without money, since money can still come, and after an end by a slip.
func nextEnquiry(p Payment, now time.Time) time.Time {
	switch {
	case p.State == Created:
		return now.Add(placeLimit)
	case p.State == Unknown && p.Attention == AttentionSlip:
		return time.Time{} // nobody can be asked: a person settles it
	case p.State == Unknown:
		return now.Add(step(lostSteps, p.Enquiries))
	case p.State == Pending && p.Rail == provider.RailTerminal:
		return nextAtTerminal(now, p.ExpiresAt)
	case p.State == Pending:
		steps := openSteps
		if p.Rail == provider.RailOnline {
			steps = onlineSteps
		}
		next := now.Add(step(steps, p.Enquiries))
		if end := p.ExpiresAt.Add(time.Second); now.Before(end) && next.After(end) {
			return end
		}
		return next
	case p.State.Moneyed() && !p.awaitsWord():
		return time.Time{}
	case p.Enquiries < len(watchSteps):
		return now.Add(watchSteps[p.Enquiries])
	}
	return time.Time{}
}

// SweepPayments asks about payments whose enquiry is due, and gives how many
// it took.
func (s *Service) SweepPayments(ctx context.Context, each func(func())) (int, error) {
	due, err := s.Store.ClaimPayments(ctx, s.Clock.Now(), enquiryLease, 50)
	if err != nil {
		return 0, err
	}
	for _, p := range due {
		each(func() {
			if _, err := s.enquire(ctx, p); err != nil {
				s.Log.WarnContext(ctx, "enquiry", "payment", p.ID, "error", err)
			}
		})
	}
	return len(due), nil
}

// SweepRefunds goes on with refunds that are due, and gives how many it took.
func (s *Service) SweepRefunds(ctx context.Context, each func(func())) (int, error) {
	due, err := s.Store.ClaimRefunds(ctx, s.Clock.Now(), refundLease, 50)
	if err != nil {
		return 0, err
	}
	for _, refund := range due {
		each(func() {
			p, err := s.Store.Payment(ctx, refund.MerchantID, refund.Mode, refund.PaymentID)
			if err == nil {
				_, err = s.give(ctx, p, refund, true)
			}
			if err != nil {
				s.Log.WarnContext(ctx, "refund", "refund", refund.ID, "error", err)
			}
		})
	}
	return len(due), nil
}

// enquire asks the provider what became of p, applies it and plans the next
// time. It is safe to repeat.
func (s *Service) enquire(ctx context.Context, p Payment) (Payment, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callLimit)
	defer cancel()
	connector, charge, err := s.reach(ctx, p)
	if err != nil {
		return s.asked(ctx, p, err)
	}
	tagged := tag(ctx, p, "enquiry")
	seen, err := s.look(tagged, connector, charge, p)
	if err == nil || len(seen.Facts) > 0 {
		seen.ExternalReference = string(p.ID)
		outcome, applyErr := s.Apply(context.WithoutCancel(ctx), p.ConnectionID, News{Source: FromEnquiry, Observation: seen})
		if applyErr != nil {
			return p, applyErr
		}
		p = outcome.Payment
		charge.Order = p.order()
	}
	switch {
	case err != nil:
	case p.State == Pending && p.CancelAt.IsZero() && s.timedOut(p, connector):
		if p, err = s.cancelRequested(context.WithoutCancel(ctx), p.ID, "timeout"); err != nil {
			return p, err
		}
		return s.takeAway(ctx, connector, charge, p, p.CancelKey)
	case p.State == Pending && p.Progress == provider.ProgressCanceling:
		// It was asked already, and says so.
	case p.State == Pending && !p.CaptureAt.IsZero() && p.Progress == provider.ProgressAuthorized:
		return s.takeReserved(ctx, connector, charge, p)
	case p.State == Pending && !p.CancelAt.IsZero():
		return s.takeAway(ctx, connector, charge, p, p.CancelKey)
	case !p.State.Open() && !p.State.Moneyed() && offers(seen):
		// It ended, and its order came back all the same: nobody is to pay it.
		return s.takeAway(ctx, connector, charge, p, p.CreateKey+"-undo")
	}
	return s.asked(ctx, p, err)
}

// timedOut reports whether the charge's time is over and its provider, which
// does not end it by itself, is to be asked to.
func (s *Service) timedOut(p Payment, c provider.Connector) bool {
	return !s.Clock.Now().Before(p.ExpiresAt) && !c.Capabilities(p.Rail).Expires
}

// offers reports whether the buyer can pay the order that was seen.
func offers(seen provider.Observation) bool {
	for _, f := range newest(seen.Facts) {
		if f.Kind == provider.FactOrder && f.Status == provider.StatusOpen {
			return true
		}
	}
	return false
}

// look asks about a charge; one whose create got no answer is recovered as the
// connector declares.
func (s *Service) look(ctx context.Context, connector provider.Connector, charge provider.Charge, p Payment) (provider.Observation, error) {
	if p.State == Created && s.Clock.Now().Sub(p.CreatedAt).Abs() < placeLimit {
		// Our call may be under way: a second one would race with it, and that
		// nothing is there says nothing.
		return connector.Get(ctx, charge)
	}
	unanswered := p.State == Created || p.State == Unknown
	recovery := connector.Capabilities(p.Rail).Recovery
	if unanswered && recovery == provider.RecoverRepeat {
		seen, err := connector.Create(ctx, charge, p.CreateKey)
		switch posta.ErrorCode(err) {
		case posta.CodeProviderRejected, posta.CodeNotFound: // what it was to be made at is not there
			seen.Facts, err = append(seen.Facts, s.createFailed(err, recovery)), nil
		}
		return seen, err
	}
	if unanswered && recovery == provider.RecoverNone && charge.Order == "" {
		// Whether our one call was made, and what it did, nobody can be asked.
		lost := posta.Errorf(posta.CodeProviderUnavailable, "no answer to the create is known")
		return provider.Observation{Facts: []provider.Fact{s.createFailed(lost, recovery)}}, nil
	}
	seen, err := connector.Get(ctx, charge)
	if !unanswered || err != nil || len(seen.Facts) > 0 || recovery != provider.RecoverSearch {
		return seen, err
	}
	// Nothing is there now; take it away all the same, in case the create
	// arrives after this look.
	seen, err = connector.Cancel(ctx, charge, p.CreateKey+"-undo")
	for i, f := range seen.Facts {
		if f.Kind == provider.FactOrder && f.Status == provider.StatusCanceled && p.CancelAt.IsZero() {
			seen.Facts[i].Status, seen.Facts[i].Detail = provider.StatusRefused, "never_arrived"
		}
	}
	return seen, err
}

// A payment that is still open so long after its end, while the provider gives
// no answer that it could end by, wants a person: the till must not stay taken.
const (
	refusedLimit    = time.Minute      // the provider refuses us: a token that was revoked
	unansweredLimit = 10 * time.Minute // it does not answer
)

// asked counts an enquiry and plans the next.
func (s *Service) asked(ctx context.Context, p Payment, cause error) (Payment, error) {
	record, err := s.Store.ChangePayment(context.WithoutCancel(ctx), p.ID, func(r *Record) error {
		now := s.Clock.Now()
		limit := unansweredLimit
		if cause != nil && !posta.Temporary(cause) && posta.ErrorCode(cause) != posta.CodeInternal {
			limit = refusedLimit
		}
		detail := "still_at_terminal" // it neither ends there nor lets itself be taken away
		if cause != nil {
			detail = providerCode(cause)
		}
		if (cause != nil || r.Payment.Rail == provider.RailTerminal) && r.Payment.State.Open() && now.After(r.Payment.ExpiresAt.Add(limit)) {
			s.apply(r, News{Source: FromEnquiry, Observation: provider.Observation{Facts: []provider.Fact{{Kind: provider.FactOrder,
				ID: ownEnquiry, Status: provider.StatusReview, Detail: detail, At: now}}}})
		}
		r.Payment.Enquiries++
		r.Payment.DueAt = nextEnquiry(r.Payment, now)
		return nil
	})
	if err != nil {
		return p, err
	}
	if len(record.Events) > 0 {
		s.Committed()
	}
	if cause != nil {
		s.Log.InfoContext(ctx, "enquiry unanswered", "payment", p.ID, "error", cause)
	}
	return record.Payment, nil
}
