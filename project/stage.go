package project

import (
	"context"
	"slices"
	"strings"

	"posta"
)

// place is where a stage stands on the board; -1 for none.
func place(s Stage) int { return slices.Index(Stages, s) }

// following is the stage that comes next: homologation is skipped by who stands
// on that of another project.
func (p Project) following() Stage {
	next := place(p.Stage) + 1
	switch {
	case p.Stage == HandedOff:
		return HandedOff
	case Stages[next] == Homologation && p.Preintegrated != "":
		return GoLive
	}
	return Stages[next]
}

// Step is what stands between a project and its next stage.
type Step struct {
	From, To   Stage // the same once handed off
	Conditions []Condition
}

// Missing lists the keys of what blocks the step.
func (s Step) Missing() (keys []string) {
	for _, c := range s.Conditions {
		if c.Blocks() {
			keys = append(keys, c.Key)
		}
	}
	return keys
}

// Warnings lists what is not met and does not block.
func (s Step) Warnings() (out []Condition) {
	for _, c := range s.Conditions {
		if !c.Met && !c.Hard {
			out = append(out, c)
		}
	}
	return out
}

// step is the next step of the project that the look is at.
func (l look) step() Step {
	s := Step{From: l.p.Stage, To: l.p.following()}
	if s.From != s.To {
		s.Conditions = slices.Concat(l.of(s.From, l.t.Rule(s.From).Exit), l.of(s.To, l.t.Rule(s.To).Entry))
	}
	return s
}

// Ready tells what the next stage of a project asks for, and how each condition
// stands. Errors: not_found, forbidden.
func (s *Service) Ready(ctx context.Context, a Actor, id posta.ProjectID) (Step, error) {
	p, err := s.Get(ctx, a, id)
	if err != nil {
		return Step{}, err
	}
	l, err := s.look(ctx, p)
	return l.step(), err
}

// Move brings a project into another stage: forwards into the next one, when all
// its hard conditions are met; back into an earlier one with a reason, also into
// the backlog. A project that went back to the backlog is brought on again by
// Reprioritise, and handed off by HandOff. Errors: not_found; forbidden; invalid
// with fields to (unknown), reason (required); not_allowed_in_state with
// Params["reason"] "stage_jump" (and ["next"]), "conditions" (and ["missing"], the
// keys, each a field as well), "reprioritise", "hand_off", "handed_off",
// "pilot_running"; conflict with Params["reason"] "capacity".
func (s *Service) Move(ctx context.Context, a Actor, id posta.ProjectID, to Stage, reason string) (Project, error) {
	if err := a.May(Work, id); err != nil {
		return Project{}, err
	}
	var wrong posta.Problems
	wrong.Add(place(to) < 0, "to", "unknown")
	reason = checkText(&wrong, "reason", reason, false)
	if err := wrong.Err(); err != nil {
		return Project{}, err
	}
	p, err := s.Store.Project(ctx, a.Merchant, id)
	if err != nil {
		return p, err
	}
	l, err := s.look(ctx, p)
	if err != nil {
		return p, err
	}
	desk, err := s.desk(ctx, a.Merchant)
	if err != nil {
		return p, err
	}
	p, err = s.changeActive(ctx, a, Work, id, func(r *Record) error {
		l, err := l.again(r)
		if err != nil {
			return err
		}
		switch from := r.Project.Stage; {
		case from == to:
			return nil
		case from != p.Stage: // moved meanwhile
			return refuse("stage_jump", "next", string(r.Project.following()))
		case place(to) < place(from):
			return s.moveBack(r, a, l, to, reason)
		}
		return s.moveOn(r, a, l, to, desk)
	})
	if err == nil && !to.Active() {
		s.placeFreed(ctx, a.Merchant)
	}
	return p, err
}

func (s *Service) moveBack(r *Record, a Actor, l look, to Stage, reason string) error {
	switch from := r.Project.Stage; {
	case from == HandedOff:
		return refuse("handed_off")
	case r.Project.Pilot.Running():
		return refuse("pilot_running")
	case reason == "":
		return posta.Invalid("reason", "required")
	case to == Backlog:
		r.Project.back(l.t, l.now)
		s.tell(r, a, "returned", told{"from": from, "reason": reason})
	default:
		r.Project.enter(to, l.t, l.now)
		s.tell(r, a, "moved", told{"from": from, "to": to, "reason": reason})
	}
	return nil
}

func (s *Service) moveOn(r *Record, a Actor, l look, to Stage, desk Desk) error {
	from, step := r.Project.Stage, l.step()
	switch {
	case from == Backlog && r.Project.ReturnTo != "":
		return refuse("reprioritise")
	case to != step.To:
		return refuse("stage_jump", "next", string(step.To))
	case to == HandedOff:
		return refuse("hand_off")
	}
	if err := step.refusal(); err != nil {
		return err
	}
	if from == Backlog {
		if err := admit(r, desk); err != nil {
			return err
		}
	}
	r.Project.enter(to, l.t, l.now)
	s.tell(r, a, "moved", told{"from": from, "to": to, "warnings": keysOf(step.Warnings(), func(c Condition) string { return c.Key })})
	return nil
}

// refusal is nil when nothing blocks the step; otherwise an error that names all
// that does.
func (s Step) refusal() error {
	missing := s.Missing()
	if len(missing) == 0 {
		return nil
	}
	err := refuse("conditions", "missing", strings.Join(missing, ","))
	for _, c := range s.Conditions {
		if c.Blocks() {
			err.Fields = append(err.Fields, posta.FieldError{Field: c.Key, Code: "unmet", Params: map[string]string{"reason": c.Reason}})
		}
	}
	return err
}
