package project

import (
	"context"
	"slices"

	"posta"
)

// PilotStep is what is done about a pilot.
type PilotStep string

// The steps.
const (
	PilotStart PilotStep = "start"
	PilotWiden PilotStep = "widen"
	PilotStop  PilotStep = "stop"
)

// The outcomes of a pilot.
const (
	PilotWidened = "widened"
	PilotStopped = "stopped"
)

// PilotInput asks for a pilot.
type PilotInput struct {
	StoreID    posta.StoreID
	Terminals  []posta.TerminalID // MaxPilotTerminals at most; with a Prisma ECR project one at least
	Thresholds *Thresholds        // nil takes the template's
}

// StartPilot begins production in one store: first the gate lets it through,
// then the project keeps it. A repeat with the same pilot finishes what was begun.
// Errors: not_found; forbidden; invalid with fields store_id (required,
// malformed), terminals (required, too_many), terminals[0] (malformed, twice),
// thresholds.approval, thresholds.lost, thresholds.unmatched; the gate's;
// not_allowed_in_state with Params["reason"] "not_in_golive", "no_live_connection",
// "pilot_running", "pilot_done".
func (s *Service) StartPilot(ctx context.Context, a Actor, id posta.ProjectID, in PilotInput) (Project, error) {
	p, t, err := s.pilot(ctx, a, id)
	if err != nil {
		return p, err
	}
	thresholds := t.Thresholds
	if in.Thresholds != nil {
		thresholds = *in.Thresholds
	}
	var wrong posta.Problems
	_, store := posta.ParseID[posta.StoreID](string(in.StoreID))
	wrong.Add(in.StoreID == "", "store_id", "required")
	wrong.Add(in.StoreID != "" && store != nil, "store_id", "malformed")
	wrong.Add(p.Product == prismaECR && len(in.Terminals) == 0, "terminals", "required")
	wrong.Add(len(in.Terminals) > MaxPilotTerminals, "terminals", "too_many")
	for i, terminal := range in.Terminals {
		_, err := posta.ParseID[posta.TerminalID](string(terminal))
		wrong.Add(err != nil, at("terminals", i), "malformed")
		wrong.Add(slices.Contains(in.Terminals[:i], terminal), at("terminals", i), "twice")
	}
	thresholds.check(&wrong)
	if err := wrong.Err(); err != nil {
		return p, err
	}
	pilot := Pilot{StoreID: in.StoreID, Terminals: in.Terminals, StartedAt: s.Clock.Now(), StartedBy: a.By(), Thresholds: thresholds}
	if p.Pilot.Running() && p.Pilot.same(pilot) {
		pilot = p.Pilot
	}
	if err := p.mayStart(pilot); err != nil {
		return p, err
	}
	p.Pilot = pilot
	if err := s.gate(ctx, a, p, PilotStart); err != nil {
		return p, err
	}
	var running Project // another one, that began meanwhile
	p, err = s.change(ctx, a, Decide, id, func(r *Record) error {
		if running = (Project{}); r.Project.Pilot.Running() && !r.Project.Pilot.same(pilot) {
			running = r.Project
		}
		if err := r.Project.mayStart(pilot); err != nil || r.Project.Pilot.Running() {
			return err
		}
		r.Project.Pilot = pilot
		s.tell(r, a, "pilot_started", told{"store_id": pilot.StoreID, "terminals": pilot.Terminals, "thresholds": pilot.Thresholds})
		return nil
	})
	if running.ID != "" { // the gate goes back to the one that is kept
		if refused := s.gate(ctx, a, running, PilotStart); refused != nil {
			return p, refused
		}
	}
	return p, err
}

func (p Project) mayStart(pilot Pilot) error {
	switch {
	case p.Stage != GoLive:
		return refuse("not_in_golive")
	case p.Live == "":
		return refuse("no_live_connection")
	case p.Pilot.Running() && !p.Pilot.same(pilot):
		return refuse("pilot_running")
	case p.Pilot.Outcome == PilotWidened:
		return refuse("pilot_done")
	}
	return nil
}

func (p Pilot) same(other Pilot) bool {
	return p.StoreID == other.StoreID && slices.Equal(p.Terminals, other.Terminals) && p.Thresholds == other.Thresholds
}

// EndPilot widens the pilot to all of production, or stops it. The gate goes
// first: that other items of it are met is its own to say. A repeat finishes what
// was begun. Errors: not_found; forbidden; invalid with fields outcome (unknown),
// note (required when it stops); the gate's; not_allowed_in_state with
// Params["reason"] "pilot_not_started", "pilot_done".
func (s *Service) EndPilot(ctx context.Context, a Actor, id posta.ProjectID, outcome, note string) (Project, error) {
	p, _, err := s.pilot(ctx, a, id)
	if err != nil {
		return p, err
	}
	step, known := map[string]PilotStep{PilotWidened: PilotWiden, PilotStopped: PilotStop}[outcome]
	var wrong posta.Problems
	wrong.Add(!known, "outcome", "unknown")
	note = checkText(&wrong, "note", note, outcome == PilotStopped)
	if err := wrong.Err(); err != nil {
		return p, err
	}
	if done, err := p.mayEnd(outcome); done || err != nil {
		return p, err
	}
	if err := s.gate(ctx, a, p, step); err != nil {
		return p, err
	}
	return s.change(ctx, a, Decide, id, func(r *Record) error {
		if done, err := r.Project.mayEnd(outcome); done || err != nil {
			return err
		}
		pilot := &r.Project.Pilot
		pilot.EndedAt, pilot.EndedBy, pilot.Outcome, pilot.Note = s.Clock.Now(), a.By(), outcome, note
		s.tell(r, a, "pilot_"+outcome, told{"note": note, "started_at": pilot.StartedAt})
		return nil
	})
}

// mayEnd reports whether the pilot has ended so already.
func (p Project) mayEnd(outcome string) (done bool, err error) {
	switch {
	case p.Pilot.StartedAt.IsZero():
		return false, refuse("pilot_not_started")
	case p.Pilot.Running():
		return false, nil
	case p.Pilot.Outcome == outcome:
		return true, nil
	}
	return false, refuse("pilot_done")
}

// pilot loads what a decision about a pilot needs; a person decides.
func (s *Service) pilot(ctx context.Context, a Actor, id posta.ProjectID) (Project, Template, error) {
	if err := a.May(Decide, id); err != nil {
		return Project{}, Template{}, err
	}
	p, err := s.Store.Project(ctx, a.Merchant, id)
	if err != nil {
		return p, Template{}, err
	}
	t, err := s.Template(ctx, a.Merchant, p.Template)
	return p, t, err
}

// gate tells the gate of production, where there is one.
func (s *Service) gate(ctx context.Context, a Actor, p Project, step PilotStep) error {
	if s.Gate == nil {
		return nil
	}
	return s.Gate(ctx, a, p, step)
}
