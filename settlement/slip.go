package settlement

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"posta"
	"posta/provider"
)

// SlipInput is what a named person reads off the terminal's slip of a batch close.
type SlipInput struct {
	MerchantID posta.MerchantID
	Mode       posta.Mode
	Closed     bool      // the terminal closed its batch
	At         time.Time // when, as the slip says; zero means when it was asked for
	Batch      string    // ≤ 20 characters; "" keeps what is known
	Totals     *provider.BatchTotals
	Note       string // ≤ 500 characters
	By         string
}

const (
	maxNote = 500
	maxSum  = 1_000_000_000_000_00 // minor units
)

func (in *SlipInput) check(st Settlement, now time.Time) error {
	var p posta.Problems
	in.Batch, in.Note = strings.TrimSpace(in.Batch), strings.TrimSpace(in.Note)
	p.Add(utf8.RuneCountInString(in.Note) > maxNote, "note", "too_long")
	if !in.Closed {
		return p.Err()
	}
	p.Add(in.Batch == "" && st.Batch == "", "batch", "required")
	p.Add(utf8.RuneCountInString(in.Batch) > 20, "batch", "too_long")
	// A slip tells minutes.
	p.Add(!in.At.IsZero() && (in.At.Before(st.CreatedAt.Truncate(time.Minute)) || in.At.After(now)), "at", "out_of_range")
	p.Add(in.Totals == nil, "totals", "required")
	if in.Totals == nil {
		return p.Err()
	}
	bad := func(s provider.Sum) bool {
		return s.Count < 0 || s.Amount < 0 || s.Amount > maxSum || s.Count == 0 && s.Amount > 0
	}
	p.Add(bad(in.Totals.Sales), "totals.sales", "out_of_range")
	p.Add(bad(in.Totals.Reversals), "totals.reversals", "out_of_range")
	p.Add(bad(in.Totals.Refunds), "totals.refunds", "out_of_range")
	for _, b := range in.Totals.Brands {
		p.Add(bad(b.Sum) || utf8.RuneCountInString(b.Brand) > 20, "totals.brands", "out_of_range")
	}
	return p.Err()
}

// SettleBySlip notes what the slip says of a settlement of which the provider
// told no totals, or told nothing at all: the batch and its totals, which are
// held against ours, or that the terminal did not close. Errors: not_found,
// invalid with fields batch, totals, at, note; not_allowed_in_state.
func (s *Service) SettleBySlip(ctx context.Context, id posta.SettlementID, in SlipInput) (Settlement, error) {
	st, err := s.Store.Settlement(ctx, in.MerchantID, in.Mode, id)
	if err != nil {
		return Settlement{}, err
	}
	if err := in.check(st, s.Clock.Now()); err != nil {
		return Settlement{}, err
	}
	if in.Batch == "" {
		in.Batch = st.Batch
	}
	batch, err := s.slipWindow(ctx, st, in.At.UTC())
	if err != nil {
		return Settlement{}, err
	}
	was := st.State
	st, err = s.change(ctx, st, in.By, "settlement.settled", func(st *Settlement) error {
		bySlip := st.Attention == AttentionSlip || st.Attention == AttentionUnread && in.Closed
		if !bySlip || st.State != was {
			return &posta.Error{Code: posta.CodeState, Params: map[string]string{"state": string(st.State)}}
		}
		st.SettledBy, st.Note, st.Progress, st.DueAt = in.By, in.Note, "", time.Time{}
		if !in.Closed {
			st.State, st.Detail, st.Attention = Failed, "operator", AttentionNone
			return nil
		}
		st.Batch, st.Theirs = in.Batch, in.Totals
		st.close(batch)
		if st.Attention == AttentionDifference {
			st.SettledBy = "" // that is still to be explained
		}
		return nil
	})
	if err != nil {
		return Settlement{}, err
	}
	return st, s.recount(ctx, st)
}

// slipWindow is what a settlement closed that a person knows of: one that is
// confirmed has its window, another one closed at the slip's time or, if that
// was not told, when it was asked for, when nothing was under way there.
func (s *Service) slipWindow(ctx context.Context, st Settlement, at time.Time) (window, error) {
	if st.State == Confirmed {
		return s.window(ctx, st, st.FromAt, st.ToAt)
	}
	if at.Before(st.CreatedAt) {
		at = st.CreatedAt
	}
	return s.window(ctx, st, at, at)
}

// recount takes from the close after a settlement, and from those that a clock
// that was set put before it, what that one turned out to have closed already.
func (s *Service) recount(ctx context.Context, st Settlement) error {
	if st.State != Confirmed {
		return nil
	}
	near, err := s.near(ctx, st, st.ToAt)
	if err != nil {
		return err
	}
	for _, other := range near {
		from := other.FromAt
		if other.ToAt.After(st.ToAt) && from.Before(st.ToAt) {
			from = st.ToAt
		}
		batch, err := s.window(ctx, other, from, other.ToAt)
		if err != nil {
			return err
		}
		again := other
		if again.count(batch); again.FromAt.Equal(other.FromAt) && again.Others == other.Others && len(Differences(again.Ours, other.Ours)) == 0 {
			continue
		}
		_, err = s.change(ctx, other, "", "settlement.recounted", func(other *Settlement) error {
			other.count(batch)
			if other.SettledBy == "" {
				other.judge()
			}
			return nil
		})
		if err != nil {
			return err
		}
		if other.ToAt.After(st.ToAt) {
			return nil
		}
	}
	return nil
}

// Settle notes that a named person has seen and explained a difference, or that
// totals cannot be told. Errors: not_found, invalid with field note (required),
// not_allowed_in_state.
func (s *Service) Settle(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.SettlementID, note, by string) (Settlement, error) {
	var p posta.Problems
	note = strings.TrimSpace(note)
	p.Add(note == "", "note", "required")
	p.Add(utf8.RuneCountInString(note) > maxNote, "note", "too_long")
	if err := p.Err(); err != nil {
		return Settlement{}, err
	}
	st, err := s.Store.Settlement(ctx, m, mode, id)
	if err != nil {
		return Settlement{}, err
	}
	return s.change(ctx, st, by, "settlement.settled", func(st *Settlement) error {
		if st.Attention != AttentionDifference && st.Attention != AttentionUnread {
			return &posta.Error{Code: posta.CodeState, Params: map[string]string{"state": string(st.State)}}
		}
		st.Attention, st.SettledBy, st.Note = AttentionNone, by, note
		return nil
	})
}
