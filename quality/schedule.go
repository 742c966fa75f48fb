package quality

import (
	"context"
	"hash/fnv"
	"time"

	"posta"
)

const (
	// Automatic measurements are made on one of the first days of a month and
	// shown on a later one (docs/providers/mercadopago-online.md §5.1).
	lastMeasureDay = 7
	publishDay     = 10
	measureLease   = 2 * time.Minute
	monthFormat    = "2006-01"
)

// SweepQuality makes the automatic measurements whose day has come and
// publishes those of which it has, and gives how many it took. Each live
// connection of a provider with rules is measured once a month, over its newest
// live payment.
func (s *Service) SweepQuality(ctx context.Context, each func(func())) (int, error) {
	now := s.Clock.Now()
	if err := s.Store.EnrolConnections(ctx, Providers, now); err != nil {
		return 0, err
	}
	slots, err := s.Store.ClaimSlots(ctx, now, measureLease, 50)
	if err != nil {
		return 0, err
	}
	for _, slot := range slots {
		each(func() {
			if err := s.measureSlot(ctx, slot); err != nil {
				s.Log.WarnContext(ctx, "automatic quality measurement", "connection", slot.ConnectionID, "error", err)
			}
		})
	}
	unpublished, err := s.Store.ClaimUnpublished(ctx, now, measureLease, 50)
	if err != nil {
		return len(slots), err
	}
	for _, m := range unpublished {
		each(func() {
			if err := s.Store.Publish(ctx, m, []posta.Event{s.measured(m, posta.Live)}); err != nil {
				s.Log.WarnContext(ctx, "publish quality measurement", "measurement", m.ID, "error", err)
				return
			}
			s.Committed()
		})
	}
	return len(slots) + len(unpublished), nil
}

// measureSlot makes the measurement of a month. A month whose slot went by
// unused until the next one is recorded as missed.
func (s *Service) measureSlot(ctx context.Context, slot Slot) error {
	now, loc := s.Clock.Now(), location(slot.TimeZone)
	if slot.At.IsZero() {
		return s.Store.PlanSlot(ctx, slot, nextSlot(slot.ConnectionID, loc, now))
	}
	if slot.At.After(now) { // the clock was set back
		return s.Store.PlanSlot(ctx, slot, slot.At)
	}
	next := nextSlot(slot.ConnectionID, loc, slot.At)
	m := Measurement{Result: NotMeasurable, Reason: ReasonMissed}
	if next.After(now) {
		var err error
		if m, err = s.newest(ctx, slot); err != nil {
			return err
		}
	}
	local := slot.At.In(loc)
	m.ID, m.MerchantID, m.ConnectionID, m.Kind = posta.NewID[MeasurementID](now), slot.MerchantID, slot.ConnectionID, Automatic
	m.Month, m.CreatedAt = local.Format(monthFormat), now
	m.VisibleAt = time.Date(local.Year(), local.Month(), publishDay, 0, 0, 0, 0, loc).UTC()
	var events []posta.Event
	if !m.VisibleAt.After(now) {
		m.VisibleAt, events = now, []posta.Event{s.measured(m, posta.Live)}
	}
	if err := s.Store.FinishSlot(ctx, slot, next, m, events); err != nil {
		return err
	}
	s.Committed()
	return nil
}

// newest measures the newest live payment of a connection.
func (s *Service) newest(ctx context.Context, slot Slot) (Measurement, error) {
	conn, err := s.Store.QualityConnection(ctx, slot.MerchantID, slot.ConnectionID)
	if err != nil {
		return Measurement{}, err
	}
	found, err := s.Store.QualityPayments(ctx, Filter{MerchantID: slot.MerchantID, Mode: posta.Live, ConnectionID: slot.ConnectionID, Moneyed: true, Limit: 1})
	if err != nil {
		return Measurement{}, err
	}
	if len(found) == 0 {
		return Measurement{Result: NotMeasurable, Reason: ReasonNoPayment, Threshold: s.enough(conn, 0)}, nil
	}
	return s.live(ctx, conn, found[0])
}

// nextSlot is the first moment after after at which the connection is measured:
// a day from 1 to 7 and a minute of it that are its own.
func nextSlot(c posta.ConnectionID, loc *time.Location, after time.Time) time.Time {
	h := fnv.New32a()
	_, _ = h.Write([]byte(c))
	sum := int(h.Sum32() >> 1)
	day, minute := 1+sum%lastMeasureDay, sum/lastMeasureDay%(24*60)
	year, month, _ := after.In(loc).Date()
	for {
		if at := time.Date(year, month, day, 0, minute, 0, 0, loc).UTC(); at.After(after) {
			return at
		}
		month++
	}
}
