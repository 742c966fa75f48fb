package settlement

import (
	"context"
	"slices"
	"time"

	"posta"
	"posta/provider"
)

// window is what a terminal moved from one close until another.
type window struct {
	from, to  time.Time
	last      string // the batch that was closed at from, "" if not known
	movements []Movement
}

// window gives what the settlement's terminal moved until to, from the latest
// close that is not after before.
func (s *Service) window(ctx context.Context, st Settlement, before, to time.Time) (w window, err error) {
	last, err := s.Store.ClosedBefore(ctx, st.MerchantID, st.ConnectionID, st.TerminalCode, before)
	if err != nil && posta.ErrorCode(err) != posta.CodeNotFound {
		return w, err
	}
	w.from, w.to, w.last = last.ToAt, to, last.Batch
	w.movements, err = s.Store.Movements(ctx, st.MerchantID, st.ConnectionID, st.TerminalCode, w.from, w.to)
	return w, err
}

// Batch is the open batch of a terminal, as far as we know it.
type Batch struct {
	Terminal  Terminal
	FromAt    time.Time // when the one before was closed; zero if none was
	ToAt      time.Time // now
	Ours      provider.BatchTotals
	Movements []Movement  // that Ours counts, oldest first
	Last      *Settlement // that closed the one before
	Open      *Settlement // that is under way, or unknown
}

// Current gives what a terminal moved since its last close. Errors: not_found.
func (s *Service) Current(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.TerminalID) (Batch, error) {
	t, err := s.Store.SettlementTerminal(ctx, m, mode, id)
	if err != nil {
		return Batch{}, err
	}
	b, err := s.open(ctx, t)
	if err != nil {
		return Batch{}, err
	}
	b.Ours, _ = Sum(b.Movements, "")
	latest, err := s.Store.ListSettlements(ctx, Filter{MerchantID: m, TerminalID: id, Page: posta.Page{Limit: 10}})
	for _, st := range latest {
		if !st.State.Final() {
			b.Open = &st
			break
		}
	}
	return b, err
}

// open is what a terminal moved since its last close.
func (s *Service) open(ctx context.Context, t Terminal) (Batch, error) {
	b := Batch{Terminal: t, ToAt: s.Clock.Now()}
	last, err := s.Store.ClosedBefore(ctx, t.MerchantID, t.ConnectionID, t.Code, b.ToAt)
	switch posta.ErrorCode(err) {
	case "":
		b.FromAt, b.Last = last.ToAt, &last
	case posta.CodeNotFound:
	default:
		return b, err
	}
	b.Movements, err = s.Store.Movements(ctx, t.MerchantID, t.ConnectionID, t.Code, b.FromAt, b.ToAt.Add(time.Microsecond))
	if b.Last != nil && b.Last.Batch != "" {
		// Noted after that close, off a slip: it was of that batch.
		b.Movements = slices.DeleteFunc(b.Movements, func(m Movement) bool { return m.Batch != "" && m.In(b.Last.Batch) })
	}
	return b, err
}

// Counted is a movement in the time of a settlement. One that names another
// batch is not in its totals, and may explain a difference.
type Counted struct {
	Movement
	Other bool
}

// Movements lists what a settlement's terminal moved in its time, oldest first;
// of one that is not confirmed, up to now. Errors: not_found.
func (s *Service) Movements(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.SettlementID) ([]Counted, error) {
	st, err := s.Store.Settlement(ctx, m, mode, id)
	if err != nil {
		return nil, err
	}
	to := st.ToAt
	if to.IsZero() {
		to = s.Clock.Now().Add(time.Microsecond)
	}
	found, err := s.Store.Movements(ctx, m, st.ConnectionID, st.TerminalCode, st.FromAt, to)
	var out []Counted
	for _, movement := range found {
		out = append(out, Counted{movement, !movement.In(st.Batch)})
	}
	return out, err
}
