package project

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"posta"
)

// told is what an event says of what changed.
type told map[string]any

// tell adds an event to what commits with the project.
func (s *Service) tell(r *Record, a Actor, kind string, data told) {
	r.Project.UpdatedAt = s.Clock.Now()
	raw, err := json.Marshal(data)
	if err != nil {
		panic(err) // texts, times and lists of them: a type that cannot be written is a defect
	}
	r.Events = append(r.Events, s.event(a.By(), "project."+kind, r.Project, raw))
}

// change commits what do makes of a project that the actor has the right for.
func (s *Service) change(ctx context.Context, a Actor, right Right, id posta.ProjectID, do func(*Record) error) (Project, error) {
	return s.commit(ctx, a, right, id, s.Store.ChangeProject, do)
}

// changeActive is change for what may alter who takes up the desk's capacity.
func (s *Service) changeActive(ctx context.Context, a Actor, right Right, id posta.ProjectID, do func(*Record) error) (Project, error) {
	return s.commit(ctx, a, right, id, s.Store.ChangeActive, do)
}

func (s *Service) commit(ctx context.Context, a Actor, right Right, id posta.ProjectID,
	store func(context.Context, posta.MerchantID, posta.ProjectID, func(*Record) error) (Record, error), do func(*Record) error) (Project, error) {
	if err := a.May(right, id); err != nil {
		return Project{}, err
	}
	r, err := store(ctx, a.Merchant, id, func(r *Record) error {
		err := do(r)
		if err == nil && a.Contact != "" && len(r.Events) > 0 {
			r.Project.heard(s.Clock.Now()) // what a contact does is a word too
		}
		return err
	})
	if err == nil && len(r.Events) > 0 {
		s.Committed()
	}
	return r.Project, err
}

// person refuses who is no named person: a program, or Posta itself.
func (a Actor) person() error {
	if a.User == "" && a.Contact == "" {
		return &posta.Error{Code: posta.CodeForbidden, Params: map[string]string{"right": "person"}}
	}
	return nil
}

// refuse says that something is not possible as the project stands; reason has
// its words under project.reason.
func refuse(reason string, params ...string) *posta.Error {
	e := &posta.Error{Code: posta.CodeState, Params: map[string]string{"reason": reason}}
	for i := 0; i+1 < len(params); i += 2 {
		e.Params[params[i]] = params[i+1]
	}
	return e
}

// Get finds a project. Errors: not_found, forbidden.
func (s *Service) Get(ctx context.Context, a Actor, id posta.ProjectID) (Project, error) {
	if err := a.May(See, id); err != nil {
		return Project{}, err
	}
	return s.Store.Project(ctx, a.Merchant, id)
}

// Board lists the actor's merchant's projects as cards, those of a stage the
// longest in it first. Errors: forbidden; invalid with fields stage, person.
func (s *Service) Board(ctx context.Context, a Actor, f Filter) ([]Card, error) {
	if err := a.May(See, ""); err != nil {
		return nil, err
	}
	var p posta.Problems
	p.Add(f.Stage != "" && place(f.Stage) < 0, "stage", "unknown")
	_, person := posta.ParseID[posta.UserID](string(f.Person))
	p.Add(f.Person != "" && person != nil, "person", "malformed")
	if err := p.Err(); err != nil {
		return nil, err
	}
	f.MerchantID, f.Now = a.Merchant, s.Clock.Now()
	return s.Store.Cards(ctx, f)
}

// Story lists what happened to a project, oldest first: every change with who
// made it. It is the team's. Errors: not_found, forbidden.
func (s *Service) Story(ctx context.Context, a Actor, id posta.ProjectID) ([]posta.Event, error) {
	err := a.May(See, id)
	if err == nil && a.Contact != "" {
		err = &posta.Error{Code: posta.CodeForbidden, Params: map[string]string{"right": string(Work)}}
	}
	if err != nil {
		return nil, err
	}
	if _, err := s.Store.Project(ctx, a.Merchant, id); err != nil {
		return nil, err
	}
	return s.Store.ProjectEvents(ctx, a.Merchant, id)
}

// Next is the earliest of a project's dates that nothing was done about yet:
// kickoff, checkpoint meeting, the day production opens, weekly check. One that
// has passed stays until it is done or moved.
func (p Project) Next() (at time.Time, kind string) {
	if p.Stage == HandedOff {
		return at, ""
	}
	consider := func(date time.Time, name string) {
		if !date.IsZero() && (at.IsZero() || date.Before(at)) {
			at, kind = date, name
		}
	}
	if p.Kickoff.HeldAt.IsZero() {
		consider(p.Kickoff.PlannedAt, "kickoff")
	}
	for _, m := range p.Meetings {
		if m.HeldAt.IsZero() {
			consider(m.At, "meeting")
		}
	}
	if p.Date.OpenedAt.IsZero() {
		day := p.Date.At
		if day.IsZero() {
			day = p.Date.Approximate
		}
		consider(day, "golive")
	}
	consider(p.DueAt, "follow_up")
	return at, kind
}

// Reached tells when a project reached a milestone; zero while it has not.
func (p Project) Reached(milestone string) time.Time {
	switch milestone {
	case KickoffHeld:
		return p.Kickoff.HeldAt
	case Homologated:
		return p.Entered[GoLive]
	case Opened:
		return p.Date.OpenedAt
	case HandsOff:
		return p.HandOff.At
	}
	return time.Time{}
}

// instant is a time as it is kept: UTC, in microseconds.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// orNow is a time, or now where none is told.
func orNow(t, now time.Time) time.Time { return cmp.Or(instant(t), now) }
