package project

import (
	"cmp"
	"context"
	"slices"
	"time"

	"posta"
)

// Place is a project in the waiting list.
type Place struct {
	Project  Project
	Position int // 1 is the next of its integrator
}

// Waiting lists the waiting list, the longest waiting first; each integrator
// has an own queue. Errors: forbidden.
func (s *Service) Waiting(ctx context.Context, a Actor) ([]Place, error) {
	if err := a.May(See, ""); err != nil {
		return nil, err
	}
	return s.places(ctx, a.Merchant)
}

func (s *Service) places(ctx context.Context, m posta.MerchantID) ([]Place, error) {
	waiting, err := s.Store.Waiting(ctx, m)
	queues := map[posta.UserID]int{}
	var out []Place
	for _, p := range waiting {
		queues[p.People.Integrator]++
		out = append(out, Place{Project: p, Position: queues[p.People.Integrator]})
	}
	return out, err
}

// Reprioritise brings a project of the backlog back to the desk: into a free
// place of its integrator, where it goes on in the stage that it left, or in
// design, else into the waiting list. Only its own commercial may. Position is
// 0 once the project is in. Errors: not_found; forbidden; not_allowed_in_state
// with Params["reason"] "not_in_backlog"; invalid with field people.integrator
// (required).
func (s *Service) Reprioritise(ctx context.Context, a Actor, id posta.ProjectID) (Place, error) {
	if _, err := s.change(ctx, a, Sell, id, func(r *Record) error {
		switch {
		case a.User == "" || a.User != r.Project.People.Commercial:
			return &posta.Error{Code: posta.CodeForbidden, Params: map[string]string{"right": string(Sell), "reason": "not_its_commercial"}}
		case r.Project.Stage != Backlog:
			return refuse("not_in_backlog")
		case r.Project.People.Integrator == "":
			return posta.Invalid("people.integrator", "required")
		case !r.Project.WaitingAt.IsZero():
			return nil
		}
		r.Project.WaitingAt = s.Clock.Now()
		s.tell(r, a, "reprioritised", told{"return_to": r.Project.ReturnTo})
		return nil
	}); err != nil {
		return Place{}, err
	}
	if err := s.fill(ctx, a.Merchant); err != nil {
		return Place{}, err
	}
	places, err := s.places(ctx, a.Merchant)
	if err != nil {
		return Place{}, err
	}
	if i := slices.IndexFunc(places, func(other Place) bool { return other.Project.ID == id }); i >= 0 {
		return places[i], nil
	}
	p, err := s.Store.Project(ctx, a.Merchant, id)
	return Place{Project: p}, err
}

// Withdraw takes a project off the waiting list; it stays in the backlog. Only
// its own commercial or who manages the desk may. Errors: not_found, forbidden.
func (s *Service) Withdraw(ctx context.Context, a Actor, id posta.ProjectID) (Project, error) {
	right := Sell
	if a.May(Manage, id) == nil {
		right = Manage
	}
	return s.change(ctx, a, right, id, func(r *Record) error {
		if right == Sell && a.User != r.Project.People.Commercial {
			return &posta.Error{Code: posta.CodeForbidden, Params: map[string]string{"right": string(Sell), "reason": "not_its_commercial"}}
		}
		if r.Project.WaitingAt.IsZero() {
			return nil
		}
		s.tell(r, a, "withdrawn", told{"waiting_at": r.Project.WaitingAt})
		r.Project.WaitingAt = time.Time{}
		return nil
	})
}

// fill lets waiting projects into free places. Of each integrator's queue only
// the longest waiting one is tried, so that nobody is overtaken.
func (s *Service) fill(ctx context.Context, m posta.MerchantID) error {
	d, err := s.desk(ctx, m)
	if err != nil {
		return err
	}
	for {
		places, err := s.places(ctx, m)
		if err != nil {
			return err
		}
		entered := false
		for _, place := range places {
			if place.Position != 1 {
				continue
			}
			in, err := s.enterFrom(ctx, place.Project, d)
			if err != nil {
				return err
			}
			entered = entered || in
		}
		if !entered {
			return nil
		}
	}
}

// enterFrom lets a waiting project in if its integrator has a free place, and
// reports whether the queue moved.
func (s *Service) enterFrom(ctx context.Context, p Project, d Desk) (bool, error) {
	w, err := s.around(ctx, p)
	if err != nil {
		return false, err
	}
	r, err := s.Store.ChangeActive(ctx, p.MerchantID, p.ID, func(r *Record) error {
		waited := r.Project.WaitingAt
		if r.Project.Stage != Backlog {
			r.Project.WaitingAt = time.Time{}
		}
		if r.Project.WaitingAt.IsZero() || r.Project.People.Integrator != p.People.Integrator {
			return nil
		}
		if err := admit(r, d); err != nil {
			return err
		}
		now, again := s.Clock.Now(), r.Project.ReturnTo != ""
		r.Project.enter(cmp.Or(r.Project.ReturnTo, Design), w.template, now)
		if again {
			s.letter(r, w, derive[posta.MessageID](now, "reprioritised", string(p.ID)), "reprioritised")
		}
		s.tell(r, Actor{}, "moved", told{"from": Backlog, "to": r.Project.Stage, "waiting_at": waited})
		return nil
	})
	if code := posta.ErrorCode(err); code == posta.CodeConflict || code == posta.CodeInvalid {
		return false, nil // no free place, or nobody who would work on it
	}
	if err == nil && len(r.Events) > 0 {
		s.Committed()
	}
	return err == nil, err
}

// SweepWaiting lets waiting projects in wherever a place is free, and gives 0:
// it is no batch of due rows.
func (s *Service) SweepWaiting(ctx context.Context, _ func(func())) (int, error) {
	desks, err := s.Store.WaitingDesks(ctx)
	for _, m := range desks { // one that fails does not hold up the others
		s.placeFreed(ctx, m)
	}
	return 0, err
}
