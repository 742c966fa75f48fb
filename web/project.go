package web

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"posta"
	"posta/project"
)

// projectRoutes registers a project's page and what is done there. Each tab of
// it has a file of its own.
func (s *server) projectRoutes(mux *http.ServeMux) {
	mux.Handle("GET /projects/{project}", s.member(func(v *visit) error { return s.projectPage(v, sent{}) }))
	mux.Handle("GET /projects/{project}/events", s.member(s.projectEvents))
	do := func(path string, what func(*visit) (string, error)) {
		s.deed(mux, s.member, "/projects/{project}/"+path, s.projectPage, what)
	}
	do("move", s.moveProject)
	do("back", s.moveProject)
	do("reprioritise", s.reprioritise)
	do("withdraw", s.withdraw)
	do("tick/{item}", s.tick)
	do("untick/{item}", s.untick)
	do("edit", s.editProject)
	do("people", s.setPeople)
	do("preintegrated", s.usePreintegrated)
	do("date", s.proposeDate)
	do("date/confirm", s.confirmDate)
	do("stable", s.confirmStable)
	do("handoff", s.handOff)
}

// projectEvents streams what happens to the project.
func (s *server) projectEvents(v *visit) error {
	p, err := v.project()
	if err != nil {
		return err
	}
	v.Mode = posta.Live // projects have no mode: their events are among the live ones
	return v.stream(func(e posta.Event) bool { return e.Subject == string(p.ID) }, nil)
}

// shownCondition is one condition of a step as the page shows it.
type shownCondition struct {
	project.Condition
	Title string
	Why   string // why it is not met
	Href  string // where it is mended
	By    string
	At    time.Time
	Tick  bool // it is ticked here
}

// Look is its class and shape.
func (c shownCondition) Look() string {
	switch {
	case c.Met:
		return "met"
	case c.Hard:
		return "missing"
	}
	return "advised"
}

// Shape is the drawing that goes with Look.
func (c shownCondition) Shape() string {
	return map[string]string{"met": "paid", "missing": "rejected", "advised": "declined"}[c.Look()]
}

// shownItem is one item of the stage's checklist.
type shownItem struct {
	shownCondition
	Note string
	File *project.Attachment
	May  bool
}

// projectData is what a project's page shows.
type projectData struct {
	Frame                          projectFrame
	Sent                           sent
	Step                           project.Step
	Conditions                     []shownCondition
	Items                          []shownItem
	Blocked                        int
	Milestones                     []milestone
	Integrator, Manager, Seller    colleague
	Integrators, Managers, Sellers []option
	Contacts                       []project.Contact
	NextAt                         time.Time
	NextKind                       string
	Earlier                        []project.Stage
	Place                          int // in the waiting list
	Countries, Tables              []option
	Tests, Lives                   []option
	Originals                      []option // projects to stand on
	Original                       string   // name of the one it stands on
	Newer                          int      // the newest version of its process, 0 if it has it
	Files                          []project.Attachment
	Documents                      []option
	DateBy                         string
	Country, Nonce                 string
}

type milestone struct {
	Title string
	At    time.Time
}

// mends says where each condition is mended, below the project's page.
var mends = map[string]string{"people_assigned": "#people", "documents_delivered": "/documents", "golive_date_approximate": "#data", "kickoff_planned": "/meetings#plan",
	"kickoff_held": "/meetings#hold", "kickoff_set_in_time": "/meetings#plan", "internet_confirmed": "#checklist", "terminals_received": "/terminals#ask",
	"tax_id_equal": "/terminals#registration", "portal_registered": "/terminals#registration", "apis_added": "/terminals#apis", "passage_done": "/terminals#passage",
	"homologation_passed": "/homologation", "date_confirmed": "#date", "gate_open": "/golive", "quality": "/golive", "pilot_done": "/golive",
	"production_terminals": "/terminals#production", "monitored": "#handoff", "new_channel": "#handoff"}

func (s *server) projectPage(v *visit, back sent) error {
	frame, err := v.frame("overview")
	if err != nil {
		return err
	}
	p, t := frame.Project, frame.Words
	data := projectData{Frame: frame, Sent: back, Nonce: v.s.newNonce()}
	if data.Step, err = s.Projects.Ready(v.ctx(), v.actor(), p.ID); err != nil {
		return err
	}
	thread, err := s.Projects.Thread(v.ctx(), v.actor(), p.ID)
	if err != nil {
		return err
	}
	data.Files = thread.Files
	who := v.peopleOf(p)
	for _, c := range data.Step.Conditions {
		again := func(o shownCondition) bool { return o.Key == c.Key } // asked on leaving one stage and on entering the next
		if at := slices.IndexFunc(data.Conditions, again); at >= 0 {
			data.Conditions[at].Hard = data.Conditions[at].Hard || c.Hard
			continue
		}
		data.Conditions = append(data.Conditions, v.shownCondition(frame, c, who))
	}
	for _, c := range data.Conditions {
		if c.Blocks() {
			data.Blocked++
		}
	}
	for _, c := range t.Checklist(p, p.Stage) {
		data.Items = append(data.Items, v.shownItem(frame, c, who, thread.Files))
	}
	for _, m := range t.Milestones {
		data.Milestones = append(data.Milestones, milestone{m.Title[frame.Language], p.Reached(m.Key)})
	}
	for _, c := range p.Contacts {
		if c.RemovedAt.IsZero() {
			data.Contacts = append(data.Contacts, c)
		}
	}
	data.NextAt, data.NextKind = p.Next()
	for _, stage := range project.Stages {
		if stage == p.Stage {
			break
		}
		data.Earlier = append([]project.Stage{stage}, data.Earlier...)
	}
	data.DateBy = who.Name(p.Date.ProposedBy)
	if err := v.projectChoices(&data); err != nil {
		return err
	}
	return v.renderAs(back.answered(), "project", data)
}

func (v *visit) shownCondition(f projectFrame, c project.Condition, who *people) shownCondition {
	out := shownCondition{Condition: c, Title: v.conditionWords(c.Key)}
	if !c.Met {
		out.Why = v.reasonWords(c.Reason, c.Params)
		out.Href = mends[c.Key]
		if strings.HasPrefix(out.Href, "/") {
			out.Href = f.URL() + out.Href
		}
	}
	if c.Item != nil {
		out.Tick = true
		if tick, done := f.Done[c.Key]; done {
			out.By, out.At = who.Name(tick.By), tick.At
		}
		if out.Href == "" {
			out.Href = "#item-" + c.Key
		}
	}
	return out
}

func (v *visit) shownItem(f projectFrame, c project.Condition, who *people, files []project.Attachment) shownItem {
	out := shownItem{shownCondition: v.shownCondition(f, c, who), May: v.actor().May(project.Work, f.ID) == nil}
	tick := f.Done[c.Key]
	out.Note = tick.Note
	for i := range files {
		if files[i].ID == tick.Evidence {
			out.File = &files[i]
		}
	}
	return out
}

// peopleOf names people as v.people does, and the project's contacts.
func (v *visit) peopleOf(p project.Project) *people {
	who := v.people()
	for _, c := range p.Contacts {
		who.known["contact:"+string(c.ID)] = c.Name
	}
	who.known[""] = "Posta"
	return who
}

// Face is the round mark of a contact.
func (d projectData) Face(name string) colleague { return colleague{Name: name} }

// Deed is the address of a form of the page.
func (d projectData) Deed(form string) string { return d.Frame.URL() + "/" + form }

// home is where a deed of the project's page leads.
func (v *visit) home(anchor string) string {
	return "/projects/" + v.r.PathValue("project") + anchor
}

// say keeps a word about what was done.
func (v *visit) say(key string, args ...any) {
	text := ""
	if v.words.Has(key + ".text") {
		text = v.T(key+".text", args...)
	}
	v.flash("ok", v.T(key, args...), text)
}
