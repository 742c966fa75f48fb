package settlement

import (
	"context"
	"slices"
	"strconv"
	"time"

	"posta"
	"posta/provider"
)

// window is what a terminal moved from one close until another.
type window struct {
	from, to  time.Time
	near      []Settlement // other closes of the terminal around that time
	movements []Movement
}

// window gives what the settlement's terminal moved until to, from the latest
// close that is not after before.
func (s *Service) window(ctx context.Context, st Settlement, before, to time.Time) (w window, err error) {
	last, err := s.Store.ClosedBefore(ctx, st.MerchantID, st.ConnectionID, st.TerminalCode, before)
	if err != nil && posta.ErrorCode(err) != posta.CodeNotFound {
		return w, err
	}
	w.from, w.to = last.ToAt, to
	if w.near, err = s.near(ctx, st, w.from); err != nil {
		return w, err
	}
	w.movements, err = s.around(ctx, st, w.from, w.to)
	return w, err
}

// strays is how far from a close's time a movement may be that names its batch:
// a clock was set by an hour, or the close was heard of late.
const strays = 2 * time.Hour

// around gives what the settlement's terminal moved from from until to, and a
// while before and after.
func (s *Service) around(ctx context.Context, st Settlement, from, to time.Time) ([]Movement, error) {
	if !from.IsZero() {
		from = from.Add(-strays)
	}
	return s.Store.Movements(ctx, st.MerchantID, st.ConnectionID, st.TerminalCode, from, to.Add(strays))
}

// near gives the terminal's other confirmed closes from a while before at on, the
// earliest first: a clock that was set may have put one before another.
func (s *Service) near(ctx context.Context, st Settlement, at time.Time) (out []Settlement, err error) {
	if !at.IsZero() {
		at = at.Add(-strays)
	}
	for range 20 { // more in so short a time are none of a shop's
		c, err := s.Store.ClosedAfter(ctx, st.MerchantID, st.ConnectionID, st.TerminalCode, at)
		if posta.ErrorCode(err) == posta.CodeNotFound {
			break
		}
		if err != nil {
			return out, err
		}
		at = c.ToAt
		if c.ID != st.ID {
			out = append(out, c)
		}
	}
	return out, nil
}

// of gives what was moved in the window, and what names the batch and is not far
// from it.
func (w window) of(batch string) []Movement {
	return slices.DeleteFunc(slices.Clone(w.movements), func(m Movement) bool {
		named := batch != "" && m.Batch != "" && m.In(batch) && !slices.ContainsFunc(w.near, m.countedIn)
		return !named && (m.At.Before(w.from) || !m.At.Before(w.to))
	})
}

// countedIn reports whether the movement is of a close by its time and its
// batch: a provider may give one number to several.
func (m Movement) countedIn(c Settlement) bool {
	return c.Batch != "" && m.In(c.Batch) && !m.At.Before(c.FromAt) && m.At.Before(c.ToAt)
}

// closedIn reports whether the close is of the batch that the movement names.
func (m Movement) closedIn(c Settlement) bool { return c.Batch != "" && m.In(c.Batch) }

// after reports whether the movement names a batch that comes after the other.
func (m Movement) after(batch string) bool {
	mine, err := strconv.Atoi(number(m.Batch))
	other, bad := strconv.Atoi(number(batch))
	return err == nil && bad == nil && mine > other
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
	of := Settlement{MerchantID: t.MerchantID, ConnectionID: t.ConnectionID, TerminalCode: t.Code}
	b.Movements, err = s.around(ctx, of, b.FromAt, b.ToAt)
	b.Movements = slices.DeleteFunc(b.Movements, func(m Movement) bool {
		switch {
		case b.Last == nil || b.Last.Batch == "" || m.Batch == "":
			return m.At.Before(b.FromAt) || m.At.After(b.ToAt)
		case m.In(b.Last.Batch):
			return true // noted after that close, off a slip: it was of that batch
		}
		return m.At.Before(b.FromAt) && !m.after(b.Last.Batch)
	})
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
	w, err := s.window(ctx, st, st.FromAt, to)
	w.from = st.FromAt // as it was counted
	var out []Counted
	for _, movement := range w.of(st.Batch) {
		out = append(out, Counted{movement, !movement.In(st.Batch)})
	}
	return out, err
}
