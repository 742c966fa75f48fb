package web

import (
	"posta"
	"posta/project"
)

// actor is who asks the desk's services.
func (v *visit) actor() project.Actor {
	return project.Actor{Merchant: v.Merchant.ID, User: v.User.ID, Role: v.User.Role}
}

// May reports whether the person may do something at the desk, for buttons
// that only some have: "work", "sell", "manage", "decide"…
func (v *visit) may(right project.Right) bool { return v.actor().May(right, "") == nil }

// project is the project that the address names. Errors: not_found.
func (v *visit) project() (project.Project, error) {
	id, err := posta.ParseID[posta.ProjectID](v.r.PathValue("project"))
	if err != nil {
		return project.Project{}, err
	}
	return v.s.Projects.Get(v.ctx(), v.actor(), id)
}

// projectFrame is what every tab of a project's page stands in.
type projectFrame struct {
	project.Project
	Tab      string // "overview", "thread", "meetings", "terminals", "homologation", "golive", "documents", "history"
	Words    project.Template
	Language string
	Position int64 // where the page starts to listen
	Can      map[string]bool
}

// frame loads a project with what its tabs share.
func (v *visit) frame(tab string) (projectFrame, error) {
	position := v.livePosition()
	p, err := v.project()
	if err != nil {
		return projectFrame{}, err
	}
	t, err := v.s.Projects.Template(v.ctx(), v.Merchant.ID, p.Template)
	can := map[string]bool{}
	for _, right := range []project.Right{project.See, project.Talk, project.Begin, project.Work, project.Sell, project.Manage, project.Decide} {
		can[string(right)] = v.may(right)
	}
	return projectFrame{Project: p, Tab: tab, Words: t, Language: v.words.Lang(), Position: position, Can: can}, err
}

// Tabs are the tabs that the project has, in order.
func (f projectFrame) Tabs() []string {
	tabs := []string{"overview", "thread", "meetings"}
	if f.Product == "prisma_ecr" {
		tabs = append(tabs, "terminals")
	}
	return append(tabs, "homologation", "golive", "documents", "history")
}
