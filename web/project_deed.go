package web

import (
	"maps"
	"slices"
	"time"

	"posta"
	"posta/account"
	"posta/project"
)

// projectChoices fills in what the page's forms let choose.
func (v *visit) projectChoices(data *projectData) error {
	f := data.Frame
	team, err := v.team()
	if err != nil {
		return err
	}
	data.Integrator, data.Manager, data.Seller = team.Of(f.People.Integrator), team.Of(f.People.Manager), team.Of(f.People.Commercial)
	data.Integrators = team.options(v, f.People.Integrator, posta.Integrator, posta.Manager, posta.Owner)
	data.Managers = team.options(v, f.People.Manager, posta.Manager, posta.Owner)
	data.Sellers = team.options(v, f.People.Commercial, posta.Commercial, posta.Owner)
	data.Country = v.country(f.Client.Country)
	for _, c := range posta.Countries {
		data.Countries = append(data.Countries, option{c.Code, v.country(c.Code), c.Code == f.Client.Country})
	}
	for _, row := range sortedTables(f.Words) {
		data.Tables = append(data.Tables, option{row, v.tableWords(row, f.Words.Tables[row]), row == f.Table})
	}
	connections, err := v.s.Accounts.Store.Connections(v.ctx(), v.Merchant.ID)
	if err != nil {
		return err
	}
	data.Tests, data.Lives = connectionOptions(connections, f.Words.Provider, posta.Test, f.Test), connectionOptions(connections, f.Words.Provider, posta.Live, f.Live)
	for _, file := range data.Files {
		data.Documents = append(data.Documents, option{string(file.ID), file.Name, false})
	}
	if !f.WaitingAt.IsZero() {
		waiting, err := v.s.Projects.Waiting(v.ctx(), v.actor())
		if err != nil {
			return err
		}
		for _, w := range waiting {
			if w.Project.ID == f.ID {
				data.Place = w.Position
			}
		}
	}
	if f.Product == "prisma_ecr" {
		if err := v.originals(data); err != nil {
			return err
		}
	}
	newest, err := v.newestTemplates()
	for _, t := range newest {
		if t.Key == f.Template.Key && t.Version > f.Template.Version {
			data.Newer = t.Version
		}
	}
	return err
}

// sortedTables names the channel tables of a process.
func sortedTables(t project.Template) []string { return slices.Sorted(maps.Keys(t.Tables)) }

func connectionOptions(all []account.Connection, provider string, mode posta.Mode, chosen posta.ConnectionID) (out []option) {
	for _, c := range all {
		if c.Mode == mode && c.Provider == provider {
			out = append(out, option{string(c.ID), c.Name, c.ID == chosen})
		}
	}
	return out
}

// originals are the projects whose homologation this one could stand on.
func (v *visit) originals(data *projectData) error {
	f := data.Frame
	cards, err := v.s.Projects.Board(v.ctx(), v.actor(), project.Filter{Product: f.Product, Closed: true})
	for _, c := range cards {
		if c.ID == f.ID {
			continue
		}
		if c.ID == f.Preintegrated {
			data.Original = c.Client + " · " + c.Name
		}
		if slices.Index(project.Stages, c.Stage) >= slices.Index(project.Stages, project.GoLive) {
			data.Originals = append(data.Originals, option{string(c.ID), c.Client + " · " + c.Name, c.ID == f.Preintegrated})
		}
	}
	return err
}

func (s *server) moveProject(v *visit) (string, error) {
	p, err := v.project()
	if err != nil {
		return "", err
	}
	to := project.Stage(v.value("to"))
	p, err = s.Projects.Move(v.ctx(), v.actor(), p.ID, to, v.value("reason"))
	if err == nil {
		v.say("desk.moved", "stage", v.T("project.stage."+string(p.Stage)))
	}
	return v.home(""), err
}

func (s *server) reprioritise(v *visit) (string, error) {
	id, err := v.projectID()
	if err != nil {
		return "", err
	}
	place, err := s.Projects.Reprioritise(v.ctx(), v.actor(), id)
	switch {
	case err != nil:
	case place.Position > 0:
		v.flash("info", v.T("desk.waits", "place", place.Position), v.T("desk.waits.text"))
	default:
		v.say("desk.moved", "stage", v.T("project.stage."+string(place.Project.Stage)))
	}
	return v.home(""), err
}

func (s *server) withdraw(v *visit) (string, error) {
	id, err := v.projectID()
	if err == nil {
		_, err = s.Projects.Withdraw(v.ctx(), v.actor(), id)
	}
	if err == nil {
		v.say("desk.withdrawn")
	}
	return v.home(""), err
}

// tick marks an item of the checklist, with the file that proves it: a new one,
// or one of the project's.
func (s *server) tick(v *visit) (string, error) {
	p, err := v.project()
	if err != nil {
		return "", err
	}
	if err := v.actor().May(project.Work, p.ID); err != nil && v.guest == nil {
		return "", err // before a file is kept for nothing
	}
	tick := project.Tick{Note: v.value("note"), Evidence: posta.AttachmentID(v.value("evidence"))}
	files, err := v.files("file")
	if err != nil {
		return "", err
	}
	if len(files) > 0 {
		kept, err := s.Projects.Attach(v.ctx(), v.actor(), project.Upload{Project: p.ID, Kind: "evidence", Internal: true, File: files[0]})
		if err != nil {
			return "", err
		}
		tick.Evidence = kept.ID
	}
	_, err = s.Projects.Tick(v.ctx(), v.actor(), p.ID, v.r.PathValue("item"), tick)
	return v.home("#item-" + v.r.PathValue("item")), err
}

func (s *server) untick(v *visit) (string, error) {
	id, err := v.projectID()
	if err == nil {
		_, err = s.Projects.Untick(v.ctx(), v.actor(), id, v.r.PathValue("item"))
	}
	return v.home("#item-" + v.r.PathValue("item")), err
}

func (s *server) editProject(v *visit) (string, error) {
	p, err := v.project()
	if err != nil {
		return "", err
	}
	r := &reader{v: v}
	name, table := v.value("name"), v.value("table")
	client := project.Client{Name: v.value("client"), LegalName: v.value("legal_name"), TaxID: v.value("tax_id"), Country: v.value("country")}
	test, live := posta.ConnectionID(v.value("test")), posta.ConnectionID(v.value("live"))
	change := project.Changes{Name: &name, Client: &client, Table: &table, Test: &test, Live: &live}
	if day := r.when("approximate"); !sameDay(day, p.Date.Approximate, v.Zone) {
		change.Approximate = &day
	}
	if err := r.wrong.Err(); err != nil {
		return "", err
	}
	_, err = s.Projects.Edit(v.ctx(), v.actor(), p.ID, change)
	if err == nil {
		v.say("desk.saved")
	}
	return v.home(""), err
}

func sameDay(a, b time.Time, zone *time.Location) bool {
	if a.IsZero() || b.IsZero() {
		return a.IsZero() && b.IsZero()
	}
	return a.In(zone).Format(time.DateOnly) == b.In(zone).Format(time.DateOnly)
}

func (s *server) setPeople(v *visit) (string, error) {
	id, err := v.projectID()
	if err != nil {
		return "", err
	}
	_, err = s.Projects.SetPeople(v.ctx(), v.actor(), id, project.People{Integrator: posta.UserID(v.value("integrator")),
		Manager: posta.UserID(v.value("manager")), Commercial: posta.UserID(v.value("commercial"))})
	if err == nil {
		v.say("desk.saved")
	}
	return v.home("#people"), err
}

func (s *server) usePreintegrated(v *visit) (string, error) {
	id, err := v.projectID()
	if err != nil {
		return "", err
	}
	_, err = s.Projects.UsePreintegrated(v.ctx(), v.actor(), id, posta.ProjectID(v.value("from")))
	if err == nil {
		v.say("desk.saved")
	}
	return v.home(""), err
}

func (s *server) proposeDate(v *visit) (string, error) {
	p, err := v.project()
	if err != nil {
		return "", err
	}
	r := &reader{v: v}
	day := r.when("at")
	if err := r.wrong.Err(); err != nil {
		return "", err
	}
	if _, err = s.Projects.ProposeDate(v.ctx(), v.actor(), p.ID, day); err == nil {
		v.say("desk.date.proposed")
	}
	return v.home("#date"), err
}

// confirmDate confirms the date that the person saw, not the one that it may
// have become meanwhile.
func (s *server) confirmDate(v *visit) (string, error) {
	p, err := v.project()
	if err != nil {
		return "", err
	}
	at, err := time.Parse(time.RFC3339Nano, v.value("at"))
	if err != nil {
		return "", posta.Invalid("at", "malformed")
	}
	if _, err = s.Projects.ConfirmDate(v.ctx(), v.actor(), p.ID, at); err == nil {
		v.say("desk.date.confirmed")
	}
	return v.home("#date"), err
}

func (s *server) confirmStable(v *visit) (string, error) {
	id, err := v.projectID()
	if err == nil {
		_, err = s.Projects.ConfirmStable(v.ctx(), v.actor(), id, v.value("note"))
	}
	if err == nil {
		v.say("desk.saved")
	}
	return v.home("#handoff"), err
}

func (s *server) handOff(v *visit) (string, error) {
	id, err := v.projectID()
	if err != nil {
		return "", err
	}
	p, err := s.Projects.HandOffTo(v.ctx(), v.actor(), id, v.value("channel"))
	if err == nil {
		v.say("desk.handed_off", "channel", p.HandOff.Channel)
	}
	return v.home(""), err
}
