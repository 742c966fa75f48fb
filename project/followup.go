package project

import (
	"context"
	"time"

	"posta"
)

const (
	week = 7 * 24 * time.Hour
	// askedFor is how long before a weekly check the client must have been asked
	// for its silence to count: a mail that waited for its server may come late.
	askedFor   = week - 24*time.Hour
	checkLease = 2 * time.Minute
)

// enter brings a project into a stage: it waits no more, and its weekly checks
// begin or end as the stage has it.
func (p *Project) enter(to Stage, t Template, now time.Time) {
	if p.Entered == nil {
		p.Entered = map[Stage]time.Time{}
	}
	p.Stage, p.StageAt, p.Entered[to] = to, now, now
	p.WaitingAt, p.ReturnTo = time.Time{}, ""
	if !to.Active() {
		p.Silence, p.CheckedAt, p.Warned = 0, time.Time{}, false
	}
	switch follow := t.Rule(to).FollowUp && to.Active(); {
	case !follow:
		p.DueAt = time.Time{}
	case p.DueAt.IsZero():
		p.DueAt = now.Add(week)
	}
}

// back sends a project to the backlog, to go on later where it was.
func (p *Project) back(t Template, now time.Time) {
	from := p.Stage
	p.enter(Backlog, t, now)
	p.ReturnTo = from
}

// heard notes that the client said something at a moment: silence counts the
// weekly checks since.
func (p *Project) heard(at time.Time) {
	if at.After(p.LastClientAt) {
		p.LastClientAt = at
	}
	p.Silence = min(p.Silence, max(int(p.CheckedAt.Sub(at)/week), 0))
}

// SweepFollowUps makes the weekly checks that are due, and gives how many it
// took: each asks the client how things stand; who was asked and said nothing
// for Desk.SilentWeeks checks in a row goes back to the backlog, warned by the
// check before.
func (s *Service) SweepFollowUps(ctx context.Context, each func(func())) (int, error) {
	due, err := s.Store.ClaimProjects(ctx, s.Clock.Now(), checkLease, 20)
	if err != nil {
		return 0, err
	}
	for _, p := range due {
		each(func() {
			if err := s.check(ctx, p); err != nil {
				s.Log.WarnContext(ctx, "weekly check", "project", p.ID, "error", err)
			}
		})
	}
	return len(due), nil
}

// check makes the weekly check of a project. It is safe to repeat: the mail is
// named after the moment, and who finds another check made leaves it.
func (s *Service) check(ctx context.Context, p Project) error {
	asked, err := s.asked(ctx, p)
	if err != nil {
		return err
	}
	w, err := s.around(ctx, p)
	if err != nil {
		return err
	}
	returned := false
	r, err := s.Store.ChangeActive(ctx, p.MerchantID, p.ID, func(r *Record) error {
		now := s.Clock.Now()
		returned = false
		if !r.Project.CheckedAt.Equal(p.CheckedAt) || r.Project.DueAt.IsZero() {
			return nil // another check was made meanwhile, or it is followed no more
		}
		if !w.template.Rule(r.Project.Stage).FollowUp || !r.Project.Stage.Active() {
			r.Project.DueAt = time.Time{}
			return nil
		}
		// A question that waits for us is no silence of the client's.
		silent := asked && r.Project.LastClientAt.Before(p.CheckedAt) && len(r.Clocks) == 0
		if silent {
			r.Project.Silence++
		}
		if silent && r.Project.Warned && r.Project.Silence >= w.desk.SilentWeeks {
			returned = true
			s.giveUp(r, w, now)
			return nil
		}
		key := "weekly"
		if r.Project.Warned = r.Project.Silence >= w.desk.SilentWeeks-1; r.Project.Warned {
			key = "warning"
		}
		r.Project.CheckedAt, r.Project.DueAt = now, now.Add(week)
		m := s.letter(r, w, derive[posta.MessageID](now, "check", string(p.ID)), key, "weeks", w.desk.SilentWeeks, "date", w.day(r.Project, r.Project.DueAt))
		s.tell(r, Actor{}, "checked", told{"message": m.ID, "silence": r.Project.Silence, "warned": key == "warning"})
		return nil
	})
	if err != nil {
		return err
	}
	if len(r.Events) > 0 {
		s.Committed()
	}
	if returned {
		s.placeFreed(ctx, p.MerchantID)
	}
	return nil
}

// giveUp sends a silent project back to the backlog and says so: to the client,
// and to the commercial who alone can bring it back.
func (s *Service) giveUp(r *Record, w around, now time.Time) {
	from, silence := r.Project.Stage, r.Project.Silence
	r.Project.back(w.template, now)
	m := s.letter(r, w, derive[posta.MessageID](now, "returned", string(r.Project.ID)), "returned", "weeks", silence)
	s.memo(r, w, []Address{w.commercial}, derive[posta.MessageID](now, "returned memo", string(r.Project.ID)), "returned_memo", "weeks", silence)
	s.tell(r, Actor{}, "returned", told{"from": from, "weeks": silence, "message": m.ID})
}

// asked reports whether the last weekly check reached somebody of the client's,
// long enough ago to answer.
func (s *Service) asked(ctx context.Context, p Project) (bool, error) {
	if p.CheckedAt.IsZero() {
		return false, nil
	}
	m, err := s.Store.Message(ctx, p.MerchantID, derive[posta.MessageID](p.CheckedAt, "check", string(p.ID)))
	if posta.ErrorCode(err) == posta.CodeNotFound {
		return false, nil
	}
	return err == nil && m.reached() && s.Clock.Now().Sub(m.SentAt) >= askedFor, err
}
