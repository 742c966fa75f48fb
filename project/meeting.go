package project

import (
	"context"
	"slices"
	"time"

	"posta"
)

// ScheduleMeeting sets the date of a checkpoint meeting: of a new one, or of the
// one that id names while it is not held. Errors: not_found; forbidden; invalid
// with field at (required, past); not_allowed_in_state with Params["reason"]
// "before_kickoff", "handed_off", "held".
func (s *Service) ScheduleMeeting(ctx context.Context, a Actor, id posta.ProjectID, meeting string, when time.Time) (Project, error) {
	now := s.Clock.Now()
	when = instant(when)
	var wrong posta.Problems
	wrong.Add(when.IsZero(), "at", "required")
	wrong.Add(!when.IsZero() && !when.After(now), "at", "past")
	if err := wrong.Err(); err != nil {
		return Project{}, err
	}
	return s.change(ctx, a, Work, id, func(r *Record) error {
		switch p := r.Project; {
		case p.Stage == HandedOff:
			return refuse("handed_off")
		case p.Kickoff.HeldAt.IsZero():
			return refuse("before_kickoff")
		}
		m := r.Project.meeting(meeting)
		switch {
		case m == nil:
			if meeting == "" {
				meeting = posta.NewULID(now)
			}
			r.Project.Meetings = append(r.Project.Meetings, Meeting{ID: meeting, At: when})
			s.tell(r, a, "meeting_scheduled", told{"meeting": meeting, "new": when})
		case !m.HeldAt.IsZero():
			return refuse("held")
		case !m.At.Equal(when):
			s.tell(r, a, "meeting_scheduled", told{"meeting": meeting, "old": m.At, "new": when})
			m.At = when
		}
		return nil
	})
}

// MeetingMinutes is what a checkpoint meeting brought.
type MeetingMinutes struct {
	At         time.Time // when it was held; zero is now
	Notes      string
	Decisions  string
	Activities []Activity // agreed there, besides those of the kickoff
	Next       time.Time  // of the next one; zero for none
}

// HoldMeeting counts a checkpoint meeting as held and schedules the next one in
// the same commit. Errors: not_found (also the meeting); forbidden; invalid with
// fields at (future), notes (required), decisions, activities[0].what …, next
// (past); not_allowed_in_state with Params["reason"] "held".
func (s *Service) HoldMeeting(ctx context.Context, a Actor, id posta.ProjectID, meeting string, v MeetingMinutes) (Project, error) {
	now := s.Clock.Now()
	v.At, v.Next = orNow(v.At, now), instant(v.Next)
	var wrong posta.Problems
	wrong.Add(v.At.After(now), "at", "future")
	v.Notes = checkText(&wrong, "notes", v.Notes, true)
	v.Decisions = checkText(&wrong, "decisions", v.Decisions, false)
	for i := range v.Activities {
		checkActivity(&wrong, at("activities", i)+".", &v.Activities[i])
	}
	wrong.Add(!v.Next.IsZero() && !v.Next.After(now), "next", "past")
	if err := wrong.Err(); err != nil {
		return Project{}, err
	}
	return s.change(ctx, a, Work, id, func(r *Record) error {
		m := r.Project.meeting(meeting)
		switch {
		case m == nil:
			return &posta.Error{Code: posta.CodeNotFound}
		case !m.HeldAt.IsZero():
			return refuse("held")
		}
		m.HeldAt, m.Notes, m.Decisions = v.At, v.Notes, v.Decisions
		r.Project.Kickoff.Activities = append(r.Project.Kickoff.Activities, v.Activities...)
		data := told{"meeting": meeting, "at": v.At, "notes": v.Notes, "decisions": v.Decisions, "activities": v.Activities}
		if !v.Next.IsZero() {
			next := Meeting{ID: posta.NewULID(now), At: v.Next}
			r.Project.Meetings = append(r.Project.Meetings, next)
			data["next"], data["next_at"] = next.ID, next.At
		}
		s.tell(r, a, "meeting_held", data)
		return nil
	})
}

// DropMeeting takes back a meeting that will not be held. Errors: not_found;
// forbidden; invalid with field reason (required); not_allowed_in_state with
// Params["reason"] "held".
func (s *Service) DropMeeting(ctx context.Context, a Actor, id posta.ProjectID, meeting, reason string) (Project, error) {
	var wrong posta.Problems
	reason = checkText(&wrong, "reason", reason, true)
	if err := wrong.Err(); err != nil {
		return Project{}, err
	}
	return s.change(ctx, a, Work, id, func(r *Record) error {
		m := r.Project.meeting(meeting)
		switch {
		case m == nil:
			return &posta.Error{Code: posta.CodeNotFound}
		case !m.HeldAt.IsZero():
			return refuse("held")
		}
		s.tell(r, a, "meeting_dropped", told{"meeting": meeting, "at": m.At, "reason": reason})
		r.Project.Meetings = slices.DeleteFunc(r.Project.Meetings, func(m Meeting) bool { return m.ID == meeting })
		return nil
	})
}

// FinishActivity ticks what was agreed, by its place among Kickoff.Activities,
// or takes the tick back. Errors: not_found (also the activity), forbidden.
func (s *Service) FinishActivity(ctx context.Context, a Actor, id posta.ProjectID, activity int, done bool) (Project, error) {
	return s.change(ctx, a, Work, id, func(r *Record) error {
		if activity < 0 || activity >= len(r.Project.Kickoff.Activities) {
			return &posta.Error{Code: posta.CodeNotFound}
		}
		v := &r.Project.Kickoff.Activities[activity]
		if done != v.DoneAt.IsZero() {
			return nil
		}
		v.DoneAt = time.Time{}
		if done {
			v.DoneAt = s.Clock.Now()
		}
		s.tell(r, a, "activity", told{"what": v.What, "owner": v.Owner, "done": done})
		return nil
	})
}

func (p *Project) meeting(id string) *Meeting {
	for i := range p.Meetings {
		if p.Meetings[i].ID == id {
			return &p.Meetings[i]
		}
	}
	return nil
}
