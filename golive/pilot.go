package golive

import (
	"context"
	"slices"
	"strconv"
	"time"

	"posta"
	"posta/payment"
	"posta/project"
)

// Pilot lets a pilot through the gate, all of production after it, or nothing;
// it is a project.Service's Gate, called before the project keeps the step, and
// again when that is repeated. Errors: not_found; forbidden, also for whoever is
// no person; invalid with fields store_id (unknown), terminals[0] (unknown: not
// in use in that store on the project's live connection); not_allowed_in_state
// with Params["missing"], with Params["gate"] when the gate is open already or no
// pilot runs, with Params["reason"] "no_live_connection".
func (s *Service) Pilot(ctx context.Context, a project.Actor, p project.Project, step project.PilotStep) error {
	if p.Live == "" {
		return &posta.Error{Code: posta.CodeState, Params: map[string]string{"reason": "no_live_connection"}}
	}
	v, err := s.decide(ctx, a, p.Live)
	if err == nil {
		err = named(a, p.ID)
	}
	if err != nil {
		return err
	}
	v.Project = &p
	switch step {
	case project.PilotStart:
		return s.startPilot(ctx, a, v)
	case project.PilotWiden:
		return s.widenPilot(ctx, a, v)
	case project.PilotStop:
		return s.stopPilot(ctx, a, v)
	}
	return posta.Errorf(posta.CodeInternal, "no step of a pilot: %q", step)
}

func (s *Service) startPilot(ctx context.Context, a project.Actor, v View) error {
	v, err := s.judged(ctx, v)
	if err == nil {
		err = lacking(v.ForPilot)
	}
	if err == nil {
		err = s.checkPlace(ctx, v)
	}
	if err != nil {
		return err
	}
	place := v.Project.Pilot
	_, err = s.change(ctx, a, v, func(g *Gate) (string, told, error) {
		switch {
		case g.State == payment.GateOpen:
			return "", nil, standing(g.Gate)
		case g.State == payment.GatePilot && g.PilotStore == place.StoreID && slices.Equal(g.PilotTerminals, place.Terminals):
			return "", nil, nil
		}
		g.turn(payment.GatePilot, a, s.Clock.Now())
		g.PilotStore, g.PilotTerminals = place.StoreID, slices.Clone(place.Terminals)
		return "pilot_started", told{"store_id": place.StoreID, "terminals": place.Terminals}, nil
	})
	return err
}

// checkPlace refuses a pilot elsewhere than where the live connection charges.
func (s *Service) checkPlace(ctx context.Context, v View) error {
	place := v.Project.Pilot
	has, err := s.Store.StoreTerminals(ctx, v.Gate.MerchantID, posta.Live, place.StoreID)
	var wrong posta.Problems
	if posta.ErrorCode(err) == posta.CodeNotFound {
		wrong.Add(true, "store_id", "unknown")
		return wrong.Err()
	}
	if err != nil {
		return err
	}
	wrong.Add(len(place.Terminals) > project.MaxPilotTerminals, "terminals", "too_many")
	for i, id := range place.Terminals {
		there := false
		for _, t := range has {
			there = there || t.ID == id && t.ConnectionID == v.Gate.ConnectionID
		}
		wrong.Add(!there, "terminals["+strconv.Itoa(i)+"]", "unknown")
	}
	return wrong.Err()
}

func (s *Service) widenPilot(ctx context.Context, a project.Actor, v View) error {
	switch v.Gate.State {
	case payment.GateOpen: // a repeat
	case payment.GatePilot:
		var err error
		if v, err = s.judged(ctx, v); err != nil {
			return err
		}
		// That the pilot ends well is what is being decided.
		if err := lacking(slices.DeleteFunc(v.ForOpen, func(key string) bool { return key == ItemPilot })); err != nil {
			return err
		}
	default:
		return standing(v.Gate.Gate)
	}
	_, err := s.open(ctx, a, v, "pilot_widened")
	return err
}

func (s *Service) stopPilot(ctx context.Context, a project.Actor, v View) error {
	_, err := s.change(ctx, a, v, func(g *Gate) (string, told, error) {
		switch g.State {
		case payment.GateOpen:
			return "", nil, standing(g.Gate)
		case payment.GatePilot:
			g.turn(payment.GateClosed, a, s.Clock.Now())
			return "pilot_stopped", told{}, nil
		}
		return "", nil, nil
	})
	return err
}

// Watch is how a pilot goes, held against its thresholds.
type Watch struct {
	Traffic
	Since, Until time.Time // Until is zero while it runs
	Approval     int       // approved of those that ended, per cent, rounded down; -1 while none ended
	Thresholds   project.Thresholds
	// What holds its threshold; approval does while none ended.
	ApprovalOK, LostOK, UnmatchedOK bool
}

// Well reports whether all thresholds hold.
func (w Watch) Well() bool { return w.ApprovalOK && w.LostOK && w.UnmatchedOK }

// PilotWatch counts what a project's pilot charged since its start. Errors:
// forbidden; not_found when no pilot was started.
func (s *Service) PilotWatch(ctx context.Context, a project.Actor, p project.Project) (Watch, error) {
	if err := a.May(project.See, p.ID); err != nil {
		return Watch{}, err
	}
	if p.Pilot.StartedAt.IsZero() || p.Live == "" {
		return Watch{}, &posta.Error{Code: posta.CodeNotFound}
	}
	w := Watch{Since: p.Pilot.StartedAt, Until: p.Pilot.EndedAt, Thresholds: p.Pilot.Thresholds, Approval: -1}
	var err error
	if w.Traffic, err = s.Store.Traffic(ctx, p.MerchantID, p.Live, p.Pilot.StoreID, w.Since, w.Until); err != nil {
		return Watch{}, err
	}
	if ended := w.Approved + w.Declined; ended > 0 {
		w.Approval = w.Approved * 100 / ended
	}
	w.ApprovalOK = w.Approval < 0 || w.Approval >= w.Thresholds.Approval
	w.LostOK, w.UnmatchedOK = w.Lost <= w.Thresholds.Lost, w.Unmatched <= w.Thresholds.Unmatched
	return w, nil
}
