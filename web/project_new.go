package web

import (
	"net/http"
	"slices"
	"strings"

	"posta"
	"posta/project"
)

// newProjectRoutes registers the form of a new project.
func (s *server) newProjectRoutes(mux *http.ServeMux) {
	mux.Handle("GET /projects/new", s.member(func(v *visit) error { return s.newProjectPage(v, sent{}) }))
	mux.Handle("POST /projects/new", s.member(s.createProject))
}

// newProjectData is what the form of a new project shows.
type newProjectData struct {
	Sent                           sent
	Nonce                          string
	Countries, Templates, Tables   []option
	Integrators, Managers, Sellers []option
	Country                        string
}

func (s *server) newProjectPage(v *visit, back sent) error {
	if err := v.actor().May(project.Begin, ""); err != nil {
		return err
	}
	data := newProjectData{Sent: back, Nonce: s.newNonce(), Country: v.Merchant.Country}
	if back.Values != nil {
		data.Nonce, data.Country = back.Values.Get("nonce"), back.Values.Get("country")
	}
	newest, err := v.newestTemplates()
	if err != nil {
		return err
	}
	for _, t := range newest {
		data.Templates = append(data.Templates, option{t.Key, t.Name[v.words.Lang()] + " · v" + posta.FormatDecimal(int64(t.Version), 0), t.Key == back.Values.Get("template")})
		for _, name := range sortedTables(t) {
			if !slices.ContainsFunc(data.Tables, func(o option) bool { return o.Value == name }) {
				data.Tables = append(data.Tables, option{name, v.tableWords(name, t.Tables[name]), name == back.Values.Get("table")})
			}
		}
	}
	for _, c := range posta.Countries {
		data.Countries = append(data.Countries, option{c.Code, v.country(c.Code), c.Code == data.Country})
	}
	team, err := v.team()
	if err != nil {
		return err
	}
	chosen := func(field string) posta.UserID { return posta.UserID(back.Values.Get(field)) }
	data.Integrators = team.options(v, chosen("integrator"), posta.Integrator, posta.Manager, posta.Owner)
	data.Managers = team.options(v, chosen("manager"), posta.Manager, posta.Owner)
	data.Sellers = team.options(v, chosen("commercial"), posta.Commercial, posta.Owner)
	return v.renderAs(back.answered(), "project-new", data)
}

// newestTemplates are the newest version of each process.
func (v *visit) newestTemplates() ([]project.Template, error) {
	all, err := v.s.Projects.Templates(v.ctx(), v.actor())
	var newest []project.Template
	for _, t := range all { // by key and version
		if n := len(newest); n > 0 && newest[n-1].Key == t.Key {
			newest[n-1] = t
		} else {
			newest = append(newest, t)
		}
	}
	return newest, err
}

// tableWords says what a channel table promises: "A · Integración 6 h · Go Live 4 h".
func (v *visit) tableWords(name string, rows []project.Support) string {
	words := []string{name}
	for _, row := range rows {
		if row.Hours > 0 {
			words = append(words, v.T("project.phase."+string(row.Phase))+" "+posta.FormatDecimal(int64(row.Hours), 0)+" h")
		}
	}
	return strings.Join(words, " · ")
}

func (s *server) createProject(v *visit) error {
	if err := v.readForm(); err != nil {
		return err
	}
	id, err := idFromNonce[posta.ProjectID](v)
	if err != nil {
		return err
	}
	r := &reader{v: v}
	in := project.Input{ID: id, Name: v.value("name"), Template: project.Ref{Key: v.value("template")}, Table: v.value("table"),
		Client:      project.Client{Name: v.value("client"), LegalName: v.value("legal_name"), TaxID: v.value("tax_id"), Country: v.value("country")},
		People:      project.People{Integrator: posta.UserID(v.value("integrator")), Manager: posta.UserID(v.value("manager")), Commercial: posta.UserID(v.value("commercial"))},
		Approximate: r.when("approximate")}
	if in.Name == "" {
		in.Name = in.Client.Name
	}
	if v.value("contact_name") != "" || v.value("contact_email") != "" {
		in.Contacts = []project.Contact{{Name: v.value("contact_name"), Email: v.value("contact_email"), Phone: v.value("contact_phone"),
			Technical: v.ticked("contact_technical"), InCopy: true}}
	}
	err = r.wrong.Err()
	var p project.Project
	if err == nil {
		p, err = s.Projects.Create(v.ctx(), v.actor(), in)
	}
	if posta.ErrorCode(err) == posta.CodeInvalid {
		return s.newProjectPage(v, v.refused("new", err))
	}
	if err != nil {
		return err
	}
	v.flash("ok", v.T("desk.created", "name", p.Name), v.T("desk.created.text"))
	return v.redirect("/projects/" + string(p.ID))
}
