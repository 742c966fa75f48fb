package project

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"posta"
	"posta/mail"
)

// GetDesk is how the actor's desk works. Errors: forbidden.
func (s *Service) GetDesk(ctx context.Context, a Actor) (Desk, error) {
	if err := a.team(See, ""); err != nil {
		return Desk{}, err
	}
	return s.desk(ctx, a.Merchant)
}

// SetDesk changes how the desk works; clocks that run keep their times. Errors:
// forbidden; invalid with fields team.email, team.name, capacity, opens_at,
// closes_at (malformed, before_opening), warn_percent, silent_weeks
// (out_of_range).
func (s *Service) SetDesk(ctx context.Context, a Actor, d Desk) (Desk, error) {
	if err := a.May(Manage, ""); err != nil {
		return Desk{}, err
	}
	var wrong posta.Problems
	d.MerchantID, d.UpdatedAt = a.Merchant, s.Clock.Now()
	d.Team.Name = strings.TrimSpace(d.Team.Name)
	d.Team.Email = strings.ToLower(strings.TrimSpace(d.Team.Email))
	wrong.Add(d.Team.Email != "" && !mail.ValidEmail(d.Team.Email), "team.email", "malformed")
	wrong.Add(utf8.RuneCountInString(d.Team.Name) > maxName, "team.name", "too_long")
	wrong.Add(!clean(d.Team.Name, false), "team.name", "malformed")
	wrong.Add(d.Capacity < 0 || d.Capacity > 1000, "capacity", "out_of_range")
	opens, closes := posta.ValidHour(d.OpensAt), posta.ValidHour(d.ClosesAt)
	wrong.Add(!opens, "opens_at", "malformed")
	wrong.Add(!closes, "closes_at", "malformed")
	wrong.Add(opens && closes && d.ClosesAt <= d.OpensAt, "closes_at", "before_opening")
	wrong.Add(d.WarnPercent < 1 || d.WarnPercent > 99, "warn_percent", "out_of_range")
	wrong.Add(d.SilentWeeks < 1 || d.SilentWeeks > 52, "silent_weeks", "out_of_range")
	if err := wrong.Err(); err != nil {
		return Desk{}, err
	}
	if err := s.Store.SaveDesk(ctx, d); err != nil {
		return Desk{}, err
	}
	s.placeFreed(ctx, a.Merchant)
	return d, nil
}

// Load is what a person of the desk has to do.
type Load struct {
	Person   Person
	Active   int // projects that the person integrates
	Waiting  int // projects that wait for the person
	Capacity int
	Open     int // questions that wait for an answer
	Late     int // of them, breached
}

// Appointment is something that a day of a project brings.
type Appointment struct {
	Project Project
	Kind    string // "follow_up", "meeting", "kickoff", "golive"
	At      time.Time
}

// DeskView is the desk at a glance.
type DeskView struct {
	Desk      Desk
	People    []Load
	Late      []Clock       // breached and open
	Breached  []Clock       // breached in the last 30 days, open or not
	Responses []Response    // to what was asked in the last 30 days
	Weeks     []Week        // the last twelve, for the chart
	Silent    []Project     // one weekly check or more unanswered, the most silent first
	Week      []Appointment // from today until the end of the week, the earliest first
	Waiting   []Place
	Names     map[posta.ProjectID]string // of the projects that the clocks name
}

// View is the desk at a glance. Errors: forbidden.
func (s *Service) View(ctx context.Context, a Actor) (DeskView, error) {
	if err := a.team(See, ""); err != nil {
		return DeskView{}, err
	}
	v := DeskView{Names: map[posta.ProjectID]string{}}
	var err error
	if v.Desk, err = s.desk(ctx, a.Merchant); err != nil {
		return v, err
	}
	if v.Late, v.Breached, err = s.breaches(ctx, a.Merchant); err != nil {
		return v, err
	}
	now := s.Clock.Now()
	if v.Responses, err = s.Responses(ctx, a, now.Add(-30*24*time.Hour), now.Add(time.Microsecond)); err != nil {
		return v, err
	}
	if v.Weeks, err = s.Weeks(ctx, a, 12); err != nil {
		return v, err
	}
	if v.Waiting, err = s.places(ctx, a.Merchant); err != nil {
		return v, err
	}
	active, err := s.Store.Active(ctx, a.Merchant)
	if err != nil {
		return v, err
	}
	if v.People, err = s.loads(ctx, a.Merchant, v, active); err != nil {
		return v, err
	}
	v.Silent, v.Week, err = s.soon(ctx, a.Merchant, active)
	return v, s.nameClocks(ctx, a.Merchant, &v, active, err)
}

// nameClocks names the projects of the view's clocks.
func (s *Service) nameClocks(ctx context.Context, m posta.MerchantID, v *DeskView, active []Project, err error) error {
	for _, p := range active {
		v.Names[p.ID] = p.Name
	}
	for _, c := range slices.Concat(v.Late, v.Breached) {
		if _, known := v.Names[c.ProjectID]; err != nil || known {
			continue
		}
		var p Project
		p, err = s.Store.Project(ctx, m, c.ProjectID)
		v.Names[c.ProjectID] = p.Name
	}
	return err
}

// loads counts what each person of the team has to do; of the team, those who
// integrate or have projects.
func (s *Service) loads(ctx context.Context, m posta.MerchantID, v DeskView, active []Project) ([]Load, error) {
	team, err := s.Team(ctx, m)
	if err != nil {
		return nil, err
	}
	now := s.Clock.Now()
	open, err := s.Store.DeskClocks(ctx, m, now, now)
	if err != nil {
		return nil, err
	}
	var out []Load
	for _, person := range team {
		l := Load{Person: person, Capacity: v.Desk.Capacity}
		mine := map[posta.ProjectID]bool{}
		for _, p := range active {
			if p.People.Integrator == person.ID {
				l.Active++
				mine[p.ID] = true
			}
		}
		for _, p := range v.Waiting {
			if p.Project.People.Integrator == person.ID {
				l.Waiting++
			}
		}
		for _, c := range open {
			if c.Open() && mine[c.ProjectID] {
				l.Open++
				if c.Late(now) {
					l.Late++
				}
			}
		}
		if person.Role == posta.Integrator || l.Active+l.Waiting > 0 {
			out = append(out, l)
		}
	}
	return out, nil
}

// soon lists who is silent, and what this week brings.
func (s *Service) soon(ctx context.Context, m posta.MerchantID, active []Project) (silent []Project, appointments []Appointment, err error) {
	location, err := s.Location(ctx, m)
	if err != nil {
		return nil, nil, err
	}
	now := s.Clock.Now().In(location)
	year, month, day := now.Date()
	from, to := time.Date(year, month, day, 0, 0, 0, 0, location), monday0(now).AddDate(0, 0, 7)
	for _, p := range active {
		if p.Silence > 0 {
			silent = append(silent, p)
		}
		consider := func(at time.Time, kind string, done bool) {
			if !done && !at.Before(from) && at.Before(to) {
				appointments = append(appointments, Appointment{Project: p, Kind: kind, At: at})
			}
		}
		consider(p.DueAt, "follow_up", p.DueAt.IsZero())
		consider(p.Kickoff.PlannedAt, "kickoff", !p.Kickoff.HeldAt.IsZero())
		consider(p.Date.At, "golive", !p.Date.OpenedAt.IsZero())
		for _, meeting := range p.Meetings {
			consider(meeting.At, "meeting", !meeting.HeldAt.IsZero())
		}
	}
	slices.SortStableFunc(silent, func(a, b Project) int { return b.Silence - a.Silence })
	slices.SortStableFunc(appointments, func(a, b Appointment) int { return a.At.Compare(b.At) })
	return silent, appointments, nil
}
