package settlement

import (
	"context"
	"time"

	"posta"
)

const (
	closeLease = 2 * time.Minute // how long closing a store's terminals may take before another may start
	closeAgain = 5 * time.Minute // when to try again while a terminal is busy
)

// SweepCloses closes the batches of stores whose hour has come, and gives how
// many stores it took.
func (s *Service) SweepCloses(ctx context.Context, each func(func())) (int, error) {
	due, err := s.Store.ClaimCloses(ctx, s.Clock.Now(), closeLease, 20)
	if err != nil {
		return 0, err
	}
	for _, c := range due {
		each(func() {
			if err := s.closeStore(ctx, c); err != nil {
				s.Log.WarnContext(ctx, "scheduled close", "store", c.StoreID, "error", err)
			}
		})
	}
	return len(due), nil
}

// closeStore asks the terminals of a store that moved something since their
// last close to close. Its settlements are named after the hour: whoever repeats
// it finds what was done, and each terminal closes once.
func (s *Service) closeStore(ctx context.Context, c Close) error {
	loc, err := time.LoadLocation(c.TimeZone)
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	due, next := posta.LastHour(c.At, loc, now), posta.NextHour(c.At, loc, now)
	key := derive(due, string(c.StoreID))
	outcomes, err := s.createAll(ctx, AllInput{Key: string(key)[len(key.Prefix())+1:], MerchantID: c.MerchantID, Mode: c.Mode, StoreID: c.StoreID, By: "schedule"},
		func(t Terminal, id posta.SettlementID) (bool, error) { return s.hasMoved(ctx, t, id) })
	again := err != nil && posta.ErrorCode(err) != posta.CodeNotFound
	for _, o := range outcomes {
		switch {
		case o.Err == nil:
		case posta.ErrorCode(o.Err) == posta.CodeTerminalBusy, posta.Temporary(o.Err):
			again = true
			s.Log.InfoContext(ctx, "scheduled close waits", "terminal", o.Terminal.ID, "error", o.Err)
		default:
			s.Log.WarnContext(ctx, "scheduled close", "terminal", o.Terminal.ID, "error", o.Err)
		}
	}
	if soon := s.Clock.Now().Add(closeAgain); again && soon.Before(next) {
		next = soon
	}
	if planned := s.Store.PlanClose(ctx, c, next); planned != nil {
		return planned
	}
	return err
}

// hasMoved reports whether a terminal is to be closed: it moved something since
// its last close, and was not closed for this hour yet.
func (s *Service) hasMoved(ctx context.Context, t Terminal, id posta.SettlementID) (bool, error) {
	_, err := s.Store.Settlement(ctx, t.MerchantID, t.Mode, id)
	if posta.ErrorCode(err) != posta.CodeNotFound {
		return false, err
	}
	b, err := s.open(ctx, t)
	return len(b.Movements) > 0, err
}
