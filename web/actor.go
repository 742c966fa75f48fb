package web

import (
	"strings"
	"unicode/utf8"

	"posta"
	"posta/account"
	"posta/project"
)

// actor is who asks the desk's services: a contact on the client's pages, else
// the person who is logged in.
func (v *visit) actor() project.Actor {
	if v.guest != nil {
		return *v.guest
	}
	return project.Actor{Merchant: v.Merchant.ID, User: v.User.ID, Role: v.User.Role}
}

// May reports whether the person may do something at the desk, for buttons
// that only some have: "work", "sell", "manage", "decide"…
func (v *visit) may(right project.Right) bool { return v.actor().May(right, "") == nil }

// project is the project that the address names. Errors: not_found.
func (v *visit) project() (project.Project, error) {
	id, err := v.projectID()
	if err != nil {
		return project.Project{}, err
	}
	return v.s.Projects.Get(v.ctx(), v.actor(), id)
}

func (v *visit) projectID() (posta.ProjectID, error) {
	return posta.ParseID[posta.ProjectID](v.r.PathValue("project"))
}

// projectFrame is what every tab of a project's page stands in.
type projectFrame struct {
	project.Project
	Tab      string // "overview", "thread", "meetings", "terminals", "homologation", "golive", "documents", "history"
	Words    project.Template
	Language string
	Position int64 // where the page starts to listen
	Can      map[string]bool
	Mine     bool // the reader is its commercial: who may set its priority
}

// frame loads a project with what its tabs share.
func (v *visit) frame(tab string) (projectFrame, error) {
	position := v.livePosition()
	p, err := v.project()
	if err != nil {
		return projectFrame{}, err
	}
	t, err := v.s.Projects.Template(v.ctx(), v.Merchant.ID, p.Template)
	v.titles = &t
	can := map[string]bool{}
	for _, right := range []project.Right{project.See, project.Talk, project.Begin, project.Work, project.Sell, project.Manage, project.Decide} {
		can[string(right)] = v.may(right)
	}
	return projectFrame{Project: p, Tab: tab, Words: t, Language: v.words.Lang(), Position: position, Can: can,
		Mine: v.User.ID == p.People.Commercial && v.may(project.Sell)}, err
}

// Tabs are the tabs that the project has, in order.
func (f projectFrame) Tabs() []string {
	tabs := []string{"overview", "thread", "meetings"}
	if f.Product == "prisma_ecr" {
		tabs = append(tabs, "terminals")
	}
	return append(tabs, "homologation", "golive", "documents", "history")
}

// URL is the address of the project's page.
func (f projectFrame) URL() string { return "/projects/" + string(f.ID) }

// Passed reports whether the project has left a stage behind it.
func (f projectFrame) Passed(stage string) bool {
	for _, s := range project.Stages {
		if s == f.Stage {
			return false
		}
		if string(s) == stage {
			return true
		}
	}
	return false
}

// member of the desk's team, as cards and lists show people.
type colleague struct {
	ID   posta.UserID
	Name string
	Role posta.Role
}

// Initials are two letters at most.
func (c colleague) Initials() string {
	var out strings.Builder
	words := strings.Fields(c.Name)
	for i, word := range words {
		if i == 0 || i == len(words)-1 {
			r, _ := utf8.DecodeRuneInString(word)
			out.WriteString(strings.ToUpper(string(r)))
		}
	}
	return out.String()
}

// team is who works for the merchant, by id.
type team struct {
	list []account.User
	by   map[posta.UserID]colleague
}

func (v *visit) team() (team, error) {
	users, err := v.s.Accounts.Users(v.ctx(), v.Merchant.ID)
	t := team{list: users, by: map[posta.UserID]colleague{}}
	for _, u := range users {
		t.by[u.ID] = colleague{u.ID, u.Name, u.Role}
	}
	return t, err
}

// Of finds one of the team; without a name where there is none.
func (t team) Of(id posta.UserID) colleague { return t.by[id] }

// options are those of the team who have one of the roles.
func (t team) options(v *visit, selected posta.UserID, roles ...posta.Role) (out []option) {
	for _, u := range t.list {
		for _, role := range roles {
			if u.Role == role {
				out = append(out, option{string(u.ID), u.Name + " · " + v.T("project.role."+string(u.Role)), u.ID == selected})
			}
		}
	}
	return out
}
