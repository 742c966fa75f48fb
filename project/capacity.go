package project

import (
	"context"
	"strconv"

	"posta"
)

// admit checks that a project may take up the desk's capacity: it has an
// integrator, and that person is free for one more, for whom nobody waits longer. Only right within
// ChangeActive. Errors: invalid with field people.integrator; conflict with
// Params["reason"] "capacity", ["active"] and ["capacity"].
func admit(r *Record, d Desk) error {
	who := r.Project.People.Integrator
	if who == "" {
		return posta.Invalid("people.integrator", "required")
	}
	first := r.First[who]
	if active := r.Load[who]; active >= d.Capacity || first != "" && first != r.Project.ID {
		return &posta.Error{Code: posta.CodeConflict, Params: map[string]string{"reason": "capacity",
			"active": strconv.Itoa(active), "capacity": strconv.Itoa(d.Capacity)}}
	}
	return nil
}

// desk is how a merchant's desk works, by default until somebody changes it.
func (s *Service) desk(ctx context.Context, m posta.MerchantID) (Desk, error) {
	d, err := s.Store.Desk(ctx, m)
	if posta.ErrorCode(err) == posta.CodeNotFound {
		return DefaultDesk(m), nil
	}
	return d, err
}

// placeFreed lets whoever waits longest into a place that became free. What
// keeps it from doing so is made good by SweepWaiting.
func (s *Service) placeFreed(ctx context.Context, m posta.MerchantID) {
	if err := s.fill(context.WithoutCancel(ctx), m); err != nil {
		s.Log.WarnContext(ctx, "waiting list", "merchant", m, "error", err)
	}
}
