package settlement

import (
	"context"
	"errors"
	"slices"
	"time"

	"posta"
	"posta/provider"
)

// enquiryLease is how long one enquiry may take before another may start.
const enquiryLease = 30 * time.Second

// A pending settlement is asked about often while people wait, slower after.
// One that stays so, or about which the provider refuses to tell, wants a person.
const (
	youngFor     = 2 * time.Minute
	stuckAfter   = 30 * time.Minute
	refusedAfter = time.Minute
)

// nextAsk is when to ask again about a settlement of that age.
func nextAsk(now, created time.Time) time.Time {
	switch age := now.Sub(created); {
	case age < youngFor:
		return now.Add(2500 * time.Millisecond)
	case age < 10*time.Minute:
		return now.Add(10 * time.Second)
	case age < time.Hour:
		return now.Add(30 * time.Second)
	default:
		return now.Add(5 * time.Minute)
	}
}

// SweepSettlements asks about settlements that are due, and gives how many it took.
func (s *Service) SweepSettlements(ctx context.Context, each func(func())) (int, error) {
	due, err := s.Store.ClaimSettlements(ctx, s.Clock.Now(), enquiryLease, 50)
	if err != nil {
		return 0, err
	}
	for _, st := range due {
		each(func() {
			if _, err := s.enquire(ctx, st); err != nil {
				s.Log.WarnContext(ctx, "settlement", "settlement", st.ID, "error", err)
			}
		})
	}
	return len(due), nil
}

// enquire asks the provider what became of a settlement. It is safe to repeat.
func (s *Service) enquire(ctx context.Context, st Settlement) (Settlement, error) {
	if st.State == Created {
		// Whether our one call was made, and what it did, nobody can be asked.
		return s.change(ctx, st, "", "", func(st *Settlement) error {
			if st.State == Created && !s.Clock.Now().Before(st.CreatedAt.Add(placeLimit)) {
				st.State, st.Attention, st.Detail, st.DueAt = Unknown, AttentionSlip, string(posta.CodeProviderUnavailable), time.Time{}
			}
			return nil
		})
	}
	settler, err := s.settler(ctx, st.ConnectionID)
	var fact provider.SettlementFact
	if err == nil {
		call, cancel := s.call(ctx, st, "settlement")
		defer cancel()
		fact, err = settler.Settlement(call, provider.Settlement{ID: st.ProviderID, Terminal: st.TerminalCode, Print: true, Currency: st.Currency})
	}
	if err == nil {
		return s.told(ctx, st, fact)
	}
	s.Log.InfoContext(ctx, "settlement unanswered", "settlement", st.ID, "error", err)
	return s.change(ctx, st, "", "", func(st *Settlement) error {
		limit := refusedAfter
		if posta.Temporary(err) || posta.ErrorCode(err) == posta.CodeInternal {
			limit = stuckAfter
		}
		s.asked(st, limit)
		return nil
	})
}

// asked counts an enquiry that brought no news and plans the next.
func (s *Service) asked(st *Settlement, limit time.Duration) {
	if st.State != Pending {
		return
	}
	now := s.Clock.Now()
	st.Tries++
	st.DueAt = nextAsk(now, st.CreatedAt)
	if now.After(st.CreatedAt.Add(limit)) {
		st.Attention = AttentionSlip
	}
}

// told takes what the provider said of a settlement. What was final stays so.
func (s *Service) told(ctx context.Context, st Settlement, fact provider.SettlementFact) (Settlement, error) {
	var batch window
	if fact.Status == provider.StatusApproved {
		var err error
		if batch, err = s.window(ctx, st, s.Clock.Now(), s.Clock.Now()); err != nil {
			return st, err
		}
	}
	return s.change(ctx, st, "", "", func(st *Settlement) error {
		if st.State.Final() {
			return nil
		}
		news := st.State != Pending || st.Progress != fact.Progress
		st.ProviderID, st.Detail, st.Message = keep(st.ProviderID, fact.ID), fact.Detail, fact.Message
		st.Batch, st.Slip = keep(st.Batch, fact.Batch), keep(st.Slip, fact.Text)
		if fact.Status == provider.StatusPending {
			st.State, st.Progress = Pending, fact.Progress
			if !news {
				s.asked(st, stuckAfter)
				return nil
			}
			st.Tries, st.Attention, st.DueAt = 0, AttentionNone, nextAsk(s.Clock.Now(), st.CreatedAt)
			return nil
		}
		st.Progress, st.Attention, st.Tries, st.DueAt = "", AttentionNone, 0, time.Time{}
		switch fact.Status {
		case provider.StatusApproved:
			st.Theirs = fact.Totals
			st.close(batch)
		case provider.StatusRejected:
			st.State = Declined
		case provider.StatusDoubtful:
			st.State, st.Attention = Unknown, AttentionSlip
		default:
			st.State = Failed
		}
		return nil
	})
}

// close confirms a settlement with what its terminal moved.
func (st *Settlement) close(batch window) {
	st.State, st.ToAt = Confirmed, batch.to
	st.count(batch)
	st.judge()
}

// count adds up what the terminal moved. What names the batch of another close
// of ours was noted after that, off a slip, or by a clock that was set; what
// names a later one is of the next close.
func (st *Settlement) count(batch window) {
	var others []Movement
	st.FromAt = batch.from
	st.Ours, others = Sum(batch.of(st.Batch), st.Batch)
	st.Others = provider.Sum{}
	for _, m := range others {
		if !m.after(st.Batch) && !slices.ContainsFunc(batch.near, m.closedIn) {
			add(&st.Others, m.Amount)
		}
	}
}

// judge says whether a person should look at a confirmed settlement.
func (st *Settlement) judge() {
	st.Attention = AttentionNone
	switch {
	case st.Theirs == nil && lines(st.Ours)[0].sum.Count > 0:
		st.Attention = AttentionUnread
	case st.Others.Count > 0, st.Theirs != nil && len(Differences(st.Ours, *st.Theirs)) > 0:
		st.Attention = AttentionDifference
	}
}

// keep gives news, or what was known where there is none.
func keep(known, news string) string {
	if news == "" {
		return known
	}
	return news
}

// providerCode is the provider's own word in an error, for the record.
func providerCode(err error) string {
	var e *posta.Error
	if errors.As(err, &e) && e.Params["code"] != "" {
		return e.Params["code"]
	}
	return string(posta.ErrorCode(err))
}
