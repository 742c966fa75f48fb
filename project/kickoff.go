package project

import (
	"context"
	"slices"
	"time"

	"posta"
)

// KickoffPlan says when the kickoff is to be, and what the client answered.
type KickoffPlan struct {
	At          time.Time
	Development time.Time // when development is to start; zero if not known
	Gateway     bool      // processed by the gateway model
	TestUsers   bool      // test users are asked for
}

// PlanKickoff sets the kickoff's date, or another one, until it is held. Along
// with the project come warnings: what the process recommends and is not so.
// Errors: not_found; forbidden; invalid with fields at (required, past),
// development; not_allowed_in_state with Params["reason"] "not_in_design".
func (s *Service) PlanKickoff(ctx context.Context, a Actor, id posta.ProjectID, plan KickoffPlan) (Project, []Condition, error) {
	var wrong posta.Problems
	plan.At, plan.Development = instant(plan.At), instant(plan.Development)
	now := s.Clock.Now()
	wrong.Add(plan.At.IsZero(), "at", "required")
	wrong.Add(!plan.At.IsZero() && !plan.At.After(now), "at", "past")
	if err := wrong.Err(); err != nil {
		return Project{}, nil, err
	}
	p, err := s.change(ctx, a, Work, id, func(r *Record) error {
		k := &r.Project.Kickoff
		if r.Project.Stage != Design || !k.HeldAt.IsZero() {
			return refuse("not_in_design", "stage", string(r.Project.Stage))
		}
		old := *k
		if !k.PlannedAt.Equal(plan.At) {
			k.PlannedAt, k.SetAt = plan.At, now
		}
		k.DevelopmentAt, k.Gateway, k.TestUsers = plan.Development, plan.Gateway, plan.TestUsers
		if old.PlannedAt.Equal(k.PlannedAt) && old.DevelopmentAt.Equal(k.DevelopmentAt) && old.Gateway == k.Gateway && old.TestUsers == k.TestUsers {
			return nil
		}
		s.tell(r, a, "kickoff_planned", told{"old": old.PlannedAt, "new": k.PlannedAt, "development": k.DevelopmentAt, "gateway": k.Gateway, "test_users": k.TestUsers})
		return nil
	})
	if err != nil {
		return p, nil, err
	}
	l, err := s.look(ctx, p)
	return p, l.step().Warnings(), err
}

// KickoffMinutes is what a kickoff brought.
type KickoffMinutes struct {
	At         time.Time // when it was held; zero is now
	Attendees  []Attendee
	Channels   []Channel // for support, agreed there
	FollowUp   string    // how it is followed up
	Activities []Activity
	Handed     []posta.AttachmentID // documents and code examples
	Notes      string
}

// HoldKickoff counts the kickoff as held and brings the project into integration
// in the same commit. It counts when design has ended and technical people of
// both sides were present; what else the process recommends comes along as
// warnings. Errors: not_found; forbidden; not_allowed_in_state with
// Params["reason"] "not_in_design"; invalid with fields attendees (required,
// no_technical_client, no_technical_team), attendees[0].name, attendees[0].side,
// channels (required), channels[0] (unknown), activities[0].what,
// activities[0].owner, activities[0].due, handed (unknown), at (future),
// follow_up, notes, and with the key of each condition of design that is not met
// (unmet), all of them in Params["missing"].
func (s *Service) HoldKickoff(ctx context.Context, a Actor, id posta.ProjectID, k KickoffMinutes) (Project, []Condition, error) {
	if err := a.May(Work, id); err != nil {
		return Project{}, nil, err
	}
	p, err := s.Store.Project(ctx, a.Merchant, id)
	if err != nil {
		return p, nil, err
	}
	l, err := s.look(ctx, p)
	if err != nil {
		return p, nil, err
	}
	k.At = orNow(k.At, l.now)
	var wrong posta.Problems
	k.check(&wrong, l.now)
	if err := s.checkFiles(ctx, &wrong, p, "handed", k.Handed...); err != nil {
		return p, nil, err
	}
	var warnings []Condition
	p, err = s.change(ctx, a, Work, id, func(r *Record) error {
		l, err := l.again(r)
		if err != nil {
			return err
		}
		if r.Project.Stage != Design || !r.Project.Kickoff.HeldAt.IsZero() {
			return refuse("not_in_design", "stage", string(r.Project.Stage))
		}
		design := Step{From: Design, To: Integration, Conditions: l.of(Design, l.t.Rule(Design).Exit)}
		if err := kickoffRefusal(wrong, design); err != nil {
			return err
		}
		held := &r.Project.Kickoff
		held.HeldAt, held.Attendees, held.Channels, held.FollowUp = k.At, k.Attendees, k.Channels, k.FollowUp
		held.Activities, held.Handed, held.Notes = k.Activities, k.Handed, k.Notes
		s.tell(r, a, "kickoff_held", told{"at": k.At, "attendees": k.Attendees, "channels": k.Channels, "follow_up": k.FollowUp,
			"activities": k.Activities, "handed": k.Handed})
		l.p = r.Project
		step := l.step()
		warnings = step.Warnings()
		if len(step.Missing()) == 0 {
			return s.moveOn(r, a, l, Integration, Desk{})
		}
		return nil
	})
	return p, warnings, err
}

// kickoffRefusal joins what is wrong with the minutes and what design lacks.
func kickoffRefusal(wrong posta.Problems, design Step) error {
	err := &posta.Error{Code: posta.CodeInvalid, Fields: slices.Clone(wrong)}
	if lacks, ok := design.refusal().(*posta.Error); ok {
		err.Fields, err.Params = append(err.Fields, lacks.Fields...), map[string]string{"missing": lacks.Params["missing"]}
	}
	if len(err.Fields) == 0 {
		return nil
	}
	return err
}

func (k *KickoffMinutes) check(wrong *posta.Problems, now time.Time) {
	wrong.Add(k.At.After(now), "at", "future")
	wrong.Add(len(k.Attendees) == 0, "attendees", "required")
	technical := map[Side]bool{}
	for i := range k.Attendees {
		p := &k.Attendees[i]
		p.Name = checkLine(wrong, at("attendees", i)+".name", p.Name, maxName, true)
		wrong.Add(p.Side != ClientSide && p.Side != TeamSide, at("attendees", i)+".side", "unknown")
		technical[p.Side] = technical[p.Side] || p.Technical
	}
	wrong.Add(!technical[ClientSide], "attendees", "no_technical_client")
	wrong.Add(!technical[TeamSide], "attendees", "no_technical_team")
	wrong.Add(len(k.Channels) == 0, "channels", "required")
	checkList(wrong, "channels", k.Channels, channels)
	k.FollowUp = checkText(wrong, "follow_up", k.FollowUp, false)
	k.Notes = checkText(wrong, "notes", k.Notes, false)
	for i := range k.Activities {
		checkActivity(wrong, at("activities", i)+".", &k.Activities[i])
	}
}

func checkActivity(wrong *posta.Problems, before string, v *Activity) {
	v.What = checkLine(wrong, before+"what", v.What, maxLine, true)
	v.Owner = checkLine(wrong, before+"owner", v.Owner, maxName, true)
	wrong.Add(v.Due.IsZero(), before+"due", "required")
	v.Due, v.DoneAt = instant(v.Due), time.Time{}
}
