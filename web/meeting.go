package web

import (
	"strconv"

	"posta"
	"posta/project"
)

// scheduleMeeting sets the date of a new checkpoint meeting, or another one of
// that which the address names.
func (s *server) scheduleMeeting(v *visit) (string, error) {
	id, err := v.projectID()
	if err != nil {
		return "", err
	}
	r := &reader{v: v}
	at := r.when("at")
	if err := r.wrong.Err(); err != nil {
		return "", err
	}
	_, err = s.Projects.ScheduleMeeting(v.ctx(), v.actor(), id, v.r.PathValue("meeting"), at)
	if err == nil {
		v.say("desk.meeting.scheduled")
	}
	return v.home("/meetings"), err
}

func (s *server) holdMeeting(v *visit) (string, error) {
	id, err := v.projectID()
	if err != nil {
		return "", err
	}
	r := &reader{v: v}
	minutes := project.MeetingMinutes{At: r.when("at"), Notes: v.value("notes"), Decisions: v.value("decisions"), Activities: v.activities(), Next: r.when("next")}
	if err := r.wrong.Err(); err != nil {
		return "", err
	}
	_, err = s.Projects.HoldMeeting(v.ctx(), v.actor(), id, v.r.PathValue("meeting"), minutes)
	if err == nil {
		v.say("desk.meeting.held")
	}
	return v.home("/meetings"), err
}

func (s *server) dropMeeting(v *visit) (string, error) {
	id, err := v.projectID()
	if err == nil {
		_, err = s.Projects.DropMeeting(v.ctx(), v.actor(), id, v.r.PathValue("meeting"), v.value("reason"))
	}
	return v.home("/meetings"), err
}

func (s *server) finishActivity(v *visit) (string, error) {
	id, err := v.projectID()
	if err != nil {
		return "", err
	}
	n, err := strconv.Atoi(v.r.PathValue("activity"))
	if err != nil {
		return "", &posta.Error{Code: posta.CodeNotFound}
	}
	_, err = s.Projects.FinishActivity(v.ctx(), v.actor(), id, n, v.value("done") != "")
	return v.home("/meetings#activities"), err
}
