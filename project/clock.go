package project

import (
	"context"
	"time"

	"posta"
)

const clockLease = time.Minute

// start places a message of the client's in the channel table of the moment and,
// if it is a question and the table has hours, starts its clock. The clock keeps
// the hours of its start.
func (s *Service) start(r *Record, w around, m *Message, question bool) {
	phase := r.Project.phase(w.designed)
	row := w.template.Support(r.Project.Table, phase)
	m.OffTable = phase != "" && !row.allows(m.Channel)
	if !question || row.Hours == 0 {
		return
	}
	limit := time.Duration(row.Hours) * time.Hour
	c := Clock{ID: posta.NewID[posta.ClockID](s.Clock.Now()), MerchantID: m.MerchantID, ProjectID: m.ProjectID, MessageID: m.ID, Phase: phase,
		Hours: row.Hours, StartedAt: m.At, LimitAt: w.calendar.After(m.At, limit),
		WarnAt: w.calendar.After(m.At, limit*time.Duration(w.desk.WarnPercent)/100)}
	c.DueAt = c.WarnAt
	m.Clock = c.ID
	r.Clocks = append(r.Clocks, c)
}

// stop stops a clock at a moment. Whether it breached by then is noted even if
// no sweep saw it; a breach that was noted stays.
func (s *Service) stop(r *Record, w around, c *Clock, a Actor, at time.Time, answer posta.MessageID, reason string) {
	if !c.Open() {
		return
	}
	if at.Before(c.StartedAt) { // the machine's clock was set back meanwhile
		at = c.StartedAt
	}
	if c.BreachedAt.IsZero() && !at.Before(c.LimitAt) {
		s.breach(r, c)
	}
	c.StoppedAt, c.StoppedBy, c.Answer, c.Reason, c.DueAt = at, a.By(), answer, reason, time.Time{}
	c.Took = w.calendar.Between(c.StartedAt, at)
	s.tell(r, a, "clock_stopped", told{"clock": c.ID, "message": c.MessageID, "answer": answer, "reason": reason,
		"took_seconds": int64(c.Took / time.Second), "late": !c.BreachedAt.IsZero()})
}

// tick does what a clock has to do by a moment: warn, breach. A clock whose both
// moments have passed breaches only.
func (s *Service) tick(r *Record, c *Clock, now time.Time) {
	switch {
	case !c.Open() || !c.BreachedAt.IsZero():
		c.DueAt = time.Time{}
	case !now.Before(c.LimitAt):
		s.breach(r, c)
	case !now.Before(c.WarnAt) && c.WarnedAt.IsZero():
		c.WarnedAt, c.DueAt = now, c.LimitAt
		s.tell(r, Actor{}, "clock_warned", told{"clock": c.ID, "message": c.MessageID, "hours": c.Hours, "limit_at": c.LimitAt})
	case c.WarnedAt.IsZero():
		c.DueAt = c.WarnAt
	default:
		c.DueAt = c.LimitAt
	}
}

func (s *Service) breach(r *Record, c *Clock) {
	c.BreachedAt, c.DueAt = c.LimitAt, time.Time{}
	s.tell(r, Actor{}, "clock_breached", told{"clock": c.ID, "message": c.MessageID, "hours": c.Hours, "limit_at": c.LimitAt})
}

// SweepClocks has clocks warn and breach, and gives how many it took. The
// integrator is told by mail of both, the manager of the breach.
func (s *Service) SweepClocks(ctx context.Context, each func(func())) (int, error) {
	due, err := s.Store.ClaimClocks(ctx, s.Clock.Now(), clockLease, 50)
	if err != nil {
		return 0, err
	}
	for _, c := range due {
		each(func() {
			if err := s.ring(ctx, c); err != nil {
				s.Log.WarnContext(ctx, "response clock", "clock", c.ID, "error", err)
			}
		})
	}
	return len(due), nil
}

func (s *Service) ring(ctx context.Context, due Clock) error {
	p, err := s.Store.Project(ctx, due.MerchantID, due.ProjectID)
	if err != nil {
		return err
	}
	w, err := s.around(ctx, p)
	if err != nil {
		return err
	}
	r, err := s.Store.ChangeProject(ctx, due.MerchantID, due.ProjectID, func(r *Record) error {
		for i := range r.Clocks {
			c := &r.Clocks[i]
			if c.ID != due.ID {
				continue
			}
			warned, breached := c.WarnedAt, c.BreachedAt
			s.tick(r, c, s.Clock.Now())
			switch {
			case !c.BreachedAt.Equal(breached):
				s.remind(r, w, *c, "clock_breached", w.integrator, w.manager)
			case !c.WarnedAt.Equal(warned):
				s.remind(r, w, *c, "clock_warned", w.integrator)
			}
		}
		return nil
	})
	if err == nil && len(r.Events) > 0 {
		s.Committed()
	}
	return err
}

// remind tells the desk's people by mail that a question waits.
func (s *Service) remind(r *Record, w around, c Clock, key string, to ...Address) {
	s.memo(r, w, to, derive[posta.MessageID](c.LimitAt, key, string(c.ID)), key, "hours", c.Hours, "limit", w.moment(r.Project, c.LimitAt))
}

// CloseQuestion stops a clock whose question needs no answer, for a reason. The
// team may, and the contact who asked. Errors: not_found, forbidden; invalid
// with field reason (required, too_long); not_allowed_in_state with
// Params["reason"] "answered".
func (s *Service) CloseQuestion(ctx context.Context, a Actor, id posta.ProjectID, clock posta.ClockID, reason string) (Clock, error) {
	if err := a.May(Talk, id); err != nil {
		return Clock{}, err
	}
	var wrong posta.Problems
	reason = checkLine(&wrong, "reason", reason, maxLine, true)
	if err := wrong.Err(); err != nil {
		return Clock{}, err
	}
	w, c, err := s.question(ctx, a, id, clock)
	if err != nil {
		return Clock{}, err
	}
	_, err = s.change(ctx, a, Talk, id, func(r *Record) error {
		for i := range r.Clocks {
			if r.Clocks[i].ID == clock {
				s.stop(r, w, &r.Clocks[i], a, s.Clock.Now(), "", reason)
				c = r.Clocks[i]
				return nil
			}
		}
		return refuse("answered")
	})
	return c, err
}

// question finds a clock that the actor may close, and what surrounds it.
func (s *Service) question(ctx context.Context, a Actor, id posta.ProjectID, clock posta.ClockID) (around, Clock, error) {
	p, err := s.Store.Project(ctx, a.Merchant, id)
	if err != nil {
		return around{}, Clock{}, err
	}
	clocks, err := s.Store.Clocks(ctx, a.Merchant, id)
	if err != nil {
		return around{}, Clock{}, err
	}
	for _, c := range clocks {
		if c.ID != clock {
			continue
		}
		if a.Contact != "" {
			m, err := s.Store.Message(ctx, a.Merchant, c.MessageID)
			if err != nil {
				return around{}, Clock{}, err
			}
			if m.By != a.By() {
				return around{}, Clock{}, &posta.Error{Code: posta.CodeForbidden, Params: map[string]string{"right": string(Talk), "reason": "not_yours"}}
			}
		}
		w, err := s.around(ctx, p)
		return w, c, err
	}
	return around{}, Clock{}, &posta.Error{Code: posta.CodeNotFound}
}
