package project

import (
	"context"
	"time"

	"posta"
)

// ProposeDate says when production is to open; either side may. Another date than
// before takes back what both sides confirmed. Errors: not_found; forbidden (a
// program); invalid with field at (required, past); not_allowed_in_state with
// Params["reason"] "opened", "handed_off".
func (s *Service) ProposeDate(ctx context.Context, a Actor, id posta.ProjectID, when time.Time) (Project, error) {
	when = instant(when)
	var wrong posta.Problems
	wrong.Add(when.IsZero(), "at", "required")
	wrong.Add(!when.IsZero() && !when.After(s.Clock.Now()), "at", "past")
	if err := wrong.Err(); err != nil {
		return Project{}, err
	}
	return s.date(ctx, a, Talk, id, func(r *Record, d *Date) error {
		if d.At.Equal(when) {
			return nil
		}
		s.tell(r, a, "date_proposed", told{"old": d.At, "new": when, "was_confirmed": d.Confirmed()})
		*d = Date{At: when, Approximate: d.Approximate, ProposedBy: a.By()}
		return nil
	})
}

// ConfirmDate confirms the date for the actor's side: a contact for the client,
// one of the desk's people for the team. when is the date that the person saw.
// Errors: not_found; forbidden (a program); conflict when the date is another one
// by now; not_allowed_in_state with Params["reason"] "no_date", "opened",
// "handed_off".
func (s *Service) ConfirmDate(ctx context.Context, a Actor, id posta.ProjectID, when time.Time) (Project, error) {
	return s.date(ctx, a, Talk, id, func(r *Record, d *Date) error {
		switch {
		case d.At.IsZero():
			return refuse("no_date")
		case !d.At.Equal(instant(when)):
			return &posta.Error{Code: posta.CodeConflict, Params: map[string]string{"reason": "other_date"}}
		}
		side, said, by := TeamSide, &d.TeamSaid, &d.TeamBy
		if a.Contact != "" {
			side, said, by = ClientSide, &d.ClientSaid, &d.ClientBy
		}
		if said.IsZero() {
			*said, *by = s.Clock.Now(), a.By()
			s.tell(r, a, "date_confirmed", told{"date": d.At, "side": side, "both": d.Confirmed()})
		}
		return nil
	})
}

func (s *Service) date(ctx context.Context, a Actor, right Right, id posta.ProjectID, do func(*Record, *Date) error) (Project, error) {
	if err := a.person(); err != nil {
		return Project{}, err
	}
	return s.change(ctx, a, right, id, func(r *Record) error {
		switch {
		case r.Project.Stage == HandedOff:
			return refuse("handed_off")
		case !r.Project.Date.OpenedAt.IsZero():
			return refuse("opened")
		}
		return do(r, &r.Project.Date)
	})
}

// ProductionOpened notes that production opened: the days of monitoring begin.
// The gate's own decision comes first; a repeat changes nothing. Errors:
// not_found, forbidden.
func (s *Service) ProductionOpened(ctx context.Context, a Actor, id posta.ProjectID) (Project, error) {
	p, err := s.Get(ctx, a, id)
	if err != nil {
		return p, err
	}
	t, err := s.Template(ctx, a.Merchant, p.Template)
	if err != nil {
		return p, err
	}
	return s.change(ctx, a, Decide, id, func(r *Record) error {
		d := &r.Project.Date
		if d.OpenedAt.IsZero() {
			d.OpenedAt = s.Clock.Now()
			d.MonitorUntil = d.OpenedAt.AddDate(0, 0, t.MonitorDays)
			s.tell(r, a, "opened", told{"monitor_until": d.MonitorUntil})
		}
		return nil
	})
}

// ConfirmStable notes that the desk looked at production and found it good, which
// hands-off asks for. Errors: not_found; forbidden; invalid with field note
// (required); not_allowed_in_state with Params["reason"] "not_opened".
func (s *Service) ConfirmStable(ctx context.Context, a Actor, id posta.ProjectID, note string) (Project, error) {
	var wrong posta.Problems
	note = checkText(&wrong, "note", note, true)
	if err := wrong.Err(); err != nil {
		return Project{}, err
	}
	return s.change(ctx, a, Work, id, func(r *Record) error {
		if r.Project.Date.OpenedAt.IsZero() {
			return refuse("not_opened")
		}
		r.Project.Date.StableConfirm = s.Clock.Now()
		s.tell(r, a, "stable", told{"note": note})
		return nil
	})
}
