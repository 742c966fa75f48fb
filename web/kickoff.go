package web

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"posta"
	"posta/project"
)

// meetingRoutes registers the kickoff and the checkpoint meetings of a project.
func (s *server) meetingRoutes(mux *http.ServeMux) {
	mux.Handle("GET /projects/{project}/meetings", s.member(func(v *visit) error { return s.meetingsPage(v, sent{}) }))
	do := func(path string, what func(*visit) (string, error)) {
		s.deed(mux, s.member, "/projects/{project}/"+path, s.meetingsPage, what)
	}
	do("kickoff/plan", s.planKickoff)
	do("kickoff/hold", s.holdKickoff)
	do("meetings/new", s.scheduleMeeting)
	do("meetings/{meeting}/move", s.scheduleMeeting)
	do("meetings/{meeting}/hold", s.holdMeeting)
	do("meetings/{meeting}/drop", s.dropMeeting)
	do("activities/{activity}", s.finishActivity)
}

// meetingsData is what the page of the meetings shows.
type meetingsData struct {
	Frame      projectFrame
	Sent       sent
	Advised    []shownCondition // what the process recommends and is not so
	Lacks      []shownCondition // what design lacks before the kickoff can count
	Attendees  []attendeeRow
	Activities []activityRow
	Agreed     []activityRow // of the project
	Files      []project.Attachment
	Channels   []option
	Planned    []project.Meeting // not held
	Held       []project.Meeting
	Zone       string
}

type attendeeRow struct {
	Index     int
	Name      string
	Side      string
	Technical bool
	Wrong     string
}

type activityRow struct {
	Index            int
	What, Owner, Due string
	At               time.Time
	Done             bool
	Wrong            string
}

func (s *server) meetingsPage(v *visit, back sent) error {
	frame, err := v.frame("meetings")
	if err != nil {
		return err
	}
	data := meetingsData{Frame: frame, Sent: back, Zone: v.Zone.String()}
	p := frame.Project
	if p.Kickoff.HeldAt.IsZero() {
		step, err := s.Projects.Ready(v.ctx(), v.actor(), p.ID)
		if err != nil {
			return err
		}
		who := v.peopleOf(p)
		for _, c := range step.Conditions {
			shown := v.shownCondition(frame, c, who)
			switch {
			case c.Met || c.Key == "kickoff_held":
			case c.Hard:
				data.Lacks = append(data.Lacks, shown)
			default:
				data.Advised = append(data.Advised, shown)
			}
		}
	}
	thread, err := s.Projects.Thread(v.ctx(), v.actor(), p.ID)
	if err != nil {
		return err
	}
	data.Files = ownFiles(thread.Files)
	for _, c := range []project.Channel{project.Email, project.Chat, project.Checkpoint, project.Video, project.InPerson} {
		data.Channels = append(data.Channels, option{string(c), v.T("project.channel." + string(c)), false})
	}
	for _, m := range p.Meetings {
		if m.HeldAt.IsZero() {
			data.Planned = append(data.Planned, m)
		} else {
			data.Held = append([]project.Meeting{m}, data.Held...)
		}
	}
	for i, a := range p.Kickoff.Activities {
		data.Agreed = append(data.Agreed, activityRow{Index: i, What: a.What, Owner: a.Owner, At: a.Due, Done: !a.DoneAt.IsZero()})
	}
	if err := v.kickoffRows(&data); err != nil {
		return err
	}
	return v.renderAs(back.answered(), "meetings", data)
}

// kickoffRows are the rows of the form: what was typed, otherwise the people
// that the project knows; some empty ones follow.
func (v *visit) kickoffRows(data *meetingsData) error {
	f, back := data.Frame, data.Sent
	if back.Is("kickoff/hold") {
		names := back.Values["attendee"]
		for i, name := range names {
			row := attendeeRow{Index: i, Name: name, Side: nth(back.Values["side"], i), Technical: has(back.Values["technical"], i)}
			data.Attendees = append(data.Attendees, row)
		}
		for i, what := range back.Values["what"] {
			data.Activities = append(data.Activities, activityRow{Index: i, What: what, Owner: nth(back.Values["owner"], i), Due: nth(back.Values["due"], i)})
		}
		v.rowErrors(data)
	} else {
		team, err := v.team()
		if err != nil {
			return err
		}
		for _, id := range []posta.UserID{f.People.Integrator, f.People.Manager} {
			if c := team.Of(id); c.Name != "" && (len(data.Attendees) == 0 || data.Attendees[0].Name != c.Name) {
				data.Attendees = append(data.Attendees, attendeeRow{Name: c.Name, Side: "team", Technical: c.Role == posta.Integrator})
			}
		}
		for _, c := range f.Contacts {
			if c.RemovedAt.IsZero() {
				data.Attendees = append(data.Attendees, attendeeRow{Name: c.Name, Side: "client", Technical: c.Technical})
			}
		}
	}
	for range 2 {
		data.Attendees = append(data.Attendees, attendeeRow{Side: "client"})
	}
	for len(data.Activities) < 3 {
		data.Activities = append(data.Activities, activityRow{})
	}
	for i := range data.Attendees {
		data.Attendees[i].Index = i
	}
	for i := range data.Activities {
		data.Activities[i].Index = i
	}
	return nil
}

// rowErrors puts what is wrong with a row beside it. The service counts the rows
// that are filled.
func (v *visit) rowErrors(data *meetingsData) {
	wrong, n := data.Sent.Wrong, 0
	for i := range data.Attendees {
		if data.Attendees[i].Name != "" {
			data.Attendees[i].Wrong = first(wrong[fmt.Sprintf("attendees[%d].name", n)], wrong[fmt.Sprintf("attendees[%d].side", n)])
			n++
		}
	}
	n = 0
	for i := range data.Activities {
		if a := &data.Activities[i]; a.What+a.Owner+a.Due != "" {
			at := fmt.Sprintf("activities[%d].", n)
			a.Wrong = first(wrong[at+"what"], wrong[at+"owner"], wrong[at+"due"])
			n++
		}
	}
}

func first(words ...string) string {
	for _, w := range words {
		if w != "" {
			return w
		}
	}
	return ""
}

func nth(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return ""
}

// has reports whether the box of row i was ticked: boxes tell their row.
func has(list []string, i int) bool {
	for _, v := range list {
		if v == strconv.Itoa(i) {
			return true
		}
	}
	return false
}

func (s *server) planKickoff(v *visit) (string, error) {
	id, err := v.projectID()
	if err != nil {
		return "", err
	}
	r := &reader{v: v}
	plan := project.KickoffPlan{At: r.when("at"), Development: r.when("development"), Gateway: v.ticked("gateway"), TestUsers: v.ticked("test_users")}
	if err := r.wrong.Err(); err != nil {
		return "", err
	}
	_, warnings, err := s.Projects.PlanKickoff(v.ctx(), v.actor(), id, plan)
	if err == nil {
		v.warned("desk.kickoff.planned", warnings)
	}
	return v.home("/meetings"), err
}

// warned says what was done, and calmly what the process recommends besides.
func (v *visit) warned(key string, warnings []project.Condition) {
	if len(warnings) == 0 {
		v.say(key)
		return
	}
	var words []string
	for _, c := range warnings {
		words = append(words, v.conditionWords(c.Key)+": "+v.reasonWords(c.Reason, c.Params))
	}
	v.flash("info", v.T(key), v.T("desk.advised")+" "+strings.Join(words, ". ")+".")
}

func (s *server) holdKickoff(v *visit) (string, error) {
	frame, err := v.frame("meetings") // the titles of its items
	if err != nil {
		return "", err
	}
	r := &reader{v: v}
	k := project.KickoffMinutes{At: r.when("at"), FollowUp: v.value("follow_up"), Notes: v.value("notes")}
	form := v.r.PostForm
	for i, name := range form["attendee"] {
		if name = strings.TrimSpace(name); name != "" {
			k.Attendees = append(k.Attendees, project.Attendee{Name: name, Side: project.Side(nth(form["side"], i)), Technical: has(form["technical"], i)})
		}
	}
	for _, c := range form["channels"] {
		k.Channels = append(k.Channels, project.Channel(c))
	}
	k.Activities = v.activities()
	for _, f := range form["handed"] {
		k.Handed = append(k.Handed, posta.AttachmentID(f))
	}
	if err := r.wrong.Err(); err != nil {
		return "", err
	}
	_, warnings, err := s.Projects.HoldKickoff(v.ctx(), v.actor(), frame.ID, k)
	if err == nil {
		v.warned("desk.kickoff.held", warnings)
	}
	return v.home(""), err
}

// activities are the filled rows of the form's activities.
func (v *visit) activities() (out []project.Activity) {
	form := v.r.PostForm
	for i, what := range form["what"] {
		owner, due := strings.TrimSpace(nth(form["owner"], i)), nth(form["due"], i)
		if what = strings.TrimSpace(what); what+owner+due == "" {
			continue
		}
		out = append(out, project.Activity{What: what, Owner: owner, Due: v.day(due)})
	}
	return out
}
