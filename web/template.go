package web

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"posta"
	"posta/project"
)

// templateRoutes registers the pages of the process templates.
func (s *server) templateRoutes(mux *http.ServeMux) {
	mux.Handle("GET /desk/templates", s.member(s.templatesPage))
	mux.Handle("GET /desk/templates/{key}/{version}", s.member(s.templatePage))
	mux.Handle("GET /desk/templates/{key}/new", s.member(func(v *visit) error { return s.templateFormPage(v, sent{}, nil) }))
	mux.Handle("POST /desk/templates/{key}/new", s.member(s.newTemplateVersion))
	mux.Handle("GET /projects/{project}/upgrade", s.member(s.askUpgrade))
	s.deed(mux, s.member, "/projects/{project}/upgraded", s.projectPage, s.upgrade)
}

// processRow is one process with its versions, the newest first.
type processRow struct {
	project.Template
	Versions []project.Template
}

// templatesData is what the page of the templates shows.
type templatesData struct {
	Processes []processRow
	Manage    bool
	Language  string
}

func (s *server) templatesPage(v *visit) error {
	all, err := s.Projects.Templates(v.ctx(), v.actor())
	if err != nil {
		return err
	}
	data, who := templatesData{Manage: v.may(project.Manage), Language: v.words.Lang()}, v.people()
	for _, t := range all {
		t.By = who.Name(t.By)
		n := len(data.Processes)
		if n == 0 || data.Processes[n-1].Key != t.Key {
			data.Processes, n = append(data.Processes, processRow{}), n+1
		}
		row := &data.Processes[n-1]
		row.Template, row.Versions = t, append([]project.Template{t}, row.Versions...)
	}
	return v.render("templates", data)
}

// templateData is what the page of one version shows.
type templateData struct {
	project.Template
	Before      int // the version that the differences are from, 0 for none
	Differences []shownDifference
	Others      []int
	Language    string
	Manage      bool
	Newest      bool
	Tables      []tableView
}

// Words names a rule: an item by its title, otherwise by the words given.
func (d templateData) Words(key, language, otherwise string) string {
	if item, ok := d.Item(key); ok {
		return item.Title[language]
	}
	return otherwise
}

// tableView is a channel table as the page shows it.
type tableView struct {
	Name string
	Rows []project.Support
}

// shownDifference is one difference in words.
type shownDifference struct {
	project.Difference
	Place, What string
}

func (v *visit) template(number string) (project.Template, error) {
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 {
		return project.Template{}, &posta.Error{Code: posta.CodeNotFound}
	}
	return v.s.Projects.Template(v.ctx(), v.Merchant.ID, project.Ref{Key: v.r.PathValue("key"), Version: n})
}

func (s *server) templatePage(v *visit) error {
	if err := v.actor().May(project.See, ""); err != nil {
		return err
	}
	t, err := v.template(v.r.PathValue("version"))
	if err != nil {
		return err
	}
	all, err := s.Projects.Templates(v.ctx(), v.actor())
	if err != nil {
		return err
	}
	data := templateData{Template: t, Language: v.words.Lang(), Manage: v.may(project.Manage), Newest: true, Before: t.Version - 1}
	for _, other := range all {
		if other.Key == t.Key && other.Version != t.Version {
			data.Others = append(data.Others, other.Version)
			data.Newest = data.Newest && other.Version < t.Version
		}
	}
	if from, err := strconv.Atoi(v.r.URL.Query().Get("from")); err == nil {
		data.Before = from
	}
	if data.Before > 0 {
		old, err := v.template(strconv.Itoa(data.Before))
		if err != nil {
			return err
		}
		data.Differences = v.differences(project.Differences(old, t), old, t)
	}
	data.By = v.people().Name(t.By)
	for _, name := range sortedTables(t) {
		data.Tables = append(data.Tables, tableView{name, t.Tables[name]})
	}
	return v.render("template", data)
}

// differences puts what differs between two versions into words.
func (v *visit) differences(list []project.Difference, versions ...project.Template) (out []shownDifference) {
	for _, d := range list {
		shown := shownDifference{Difference: d, Place: v.differencePlace(d.Where), What: d.Key}
		for _, t := range versions {
			if item, ok := t.Item(d.Key); ok {
				shown.What = item.Title[v.words.Lang()]
			}
		}
		for _, words := range []string{"project.condition.", "desk.gate.", "project.phase."} {
			if v.words.Has(words + d.Key) {
				shown.What = v.T(words + d.Key)
			}
		}
		if strings.HasSuffix(d.Where, ".checklist") && d.Kind != "changed" || d.Where == "gate" {
			shown.Old, shown.New = "", "" // What says it
		}
		shown.Old, shown.New = v.differenceValue(d.Where, shown.Old), v.differenceValue(d.Where, shown.New)
		out = append(out, shown)
	}
	return out
}

// differenceValue puts what a version says at a place into words.
func (v *visit) differenceValue(where, value string) string {
	var t project.Thresholds
	switch {
	case value == "":
		return ""
	case v.words.Has("desk.diff." + value): // blocks, warns, true, false
		return v.T("desk.diff." + value)
	case strings.HasPrefix(where, "tables."):
		return v.supportWords(value)
	case where == "thresholds":
		if _, err := fmt.Sscanf(value, "{%d %d %d}", &t.Approval, &t.Lost, &t.Unmatched); err == nil {
			return v.T("desk.thresholds", "approval", t.Approval, "lost", t.Lost, "unmatched", t.Unmatched)
		}
	case where == "name", where == "milestones", strings.HasSuffix(where, ".checklist"):
		return v.ownWords(value)
	}
	return value
}

// supportWords puts "email, chat 6 h" into words.
func (v *visit) supportWords(value string) string {
	rest := strings.TrimSuffix(value, " h")
	end := strings.LastIndexByte(rest, ' ')
	if end < 0 {
		return value
	}
	var names []string
	for _, channel := range strings.Split(rest[:end], ", ") {
		names = append(names, v.T("project.channel."+channel))
	}
	hours := "N/A"
	if rest[end+1:] != "0" {
		hours = rest[end+1:] + " h"
	}
	return strings.Join(names, ", ") + " · " + hours
}

// itemMarks are what a difference writes behind an item's words, with the words for it.
var itemMarks = map[string]string{"+evidence": "desk.needs_file", "+client": "desk.client_ticks", "@gateway": "team.when.gateway", "@test_users": "team.when.test_users"}

// ownWords is the reader's language of "es | pt | en +evidence".
func (v *visit) ownWords(text string) string {
	var marks []string
	for cut := true; cut; {
		cut = false
		for mark, words := range itemMarks {
			if rest, found := strings.CutSuffix(text, " "+mark); found {
				text, cut = rest, true
				marks = append(marks, v.T(words))
			}
		}
	}
	parts := strings.Split(text, " | ")
	for i, language := range []string{"es", "pt", "en"} {
		if language == v.words.Lang() && i < len(parts) {
			text = parts[i]
		}
	}
	if len(marks) > 0 {
		text += " (" + strings.Join(marks, ", ") + ")"
	}
	return text
}

func (v *visit) differencePlace(where string) string {
	stage, part, _ := strings.Cut(where, ".")
	if v.words.Has("project.stage." + stage) {
		return v.T("project.stage."+stage) + " · " + v.T("desk.where."+part)
	}
	if stage == "tables" {
		return v.T("desk.table") + " " + part
	}
	if v.words.Has("desk.where." + where) {
		return v.T("desk.where." + where)
	}
	return where
}

// upgradeData is what the question before an upgrade shows.
type upgradeData struct {
	Frame       projectFrame
	To          int
	Template    project.Template
	Differences []shownDifference
}

// askUpgrade shows what would change for the project before anything does.
func (s *server) askUpgrade(v *visit) error {
	frame, err := v.frame("overview")
	if err != nil {
		return err
	}
	to, err := strconv.Atoi(v.r.URL.Query().Get("to"))
	if err != nil {
		return &posta.Error{Code: posta.CodeNotFound}
	}
	t, err := s.Projects.Template(v.ctx(), v.Merchant.ID, project.Ref{Key: frame.Template.Key, Version: to})
	if err != nil {
		return err
	}
	list, err := s.Projects.UpgradeDifferences(v.ctx(), v.actor(), frame.ID, to)
	if err != nil {
		return err
	}
	return v.render("upgrade", upgradeData{frame, to, t, v.differences(list, frame.Words, t)})
}

func (s *server) upgrade(v *visit) (string, error) {
	id, err := v.projectID()
	if err != nil {
		return "", err
	}
	r := &reader{v: v}
	to := r.number("version")
	if err := r.wrong.Err(); err != nil {
		return "", err
	}
	if _, err = s.Projects.Upgrade(v.ctx(), v.actor(), id, to); err == nil {
		v.say("desk.upgraded", "version", to)
	}
	return v.home(""), err
}
