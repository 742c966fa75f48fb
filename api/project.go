package api

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"posta"
	"posta/project"
)

// Project is one integration of one client, from its first meeting to production.
type Project struct {
	ID        posta.ProjectID    `json:"id"`
	Name      string             `json:"name"`
	Client    ProjectClient      `json:"client"`
	Template  project.Ref        `json:"template"`
	Product   string             `json:"product" enum:"mercadopago_online,mercadopago_qr,prisma_ecr"`
	Table     string             `json:"table" doc:"the template's channel table"`
	Stage     project.Stage      `json:"stage" enum:"backlog,design,integration,homologation,golive,handed_off"`
	StageAt   time.Time          `json:"stage_at"`
	WaitingAt *time.Time         `json:"waiting_at,omitempty" doc:"in the waiting list since"`
	People    ProjectPeople      `json:"people"`
	Contacts  []ProjectContact   `json:"contacts"`
	Test      posta.ConnectionID `json:"test_connection_id,omitempty"`
	Live      posta.ConnectionID `json:"live_connection_id,omitempty"`
	GoLiveAt  *time.Time         `json:"golive_at,omitempty" doc:"proposed date of production"`
	Confirmed bool               `json:"golive_confirmed" doc:"by both sides"`
	OpenedAt  *time.Time         `json:"opened_at,omitempty"`
	Silence   int                `json:"silence" doc:"weekly checks in a row without a word from the client"`
	CreatedAt time.Time          `json:"created_at"`
	UpdatedAt time.Time          `json:"updated_at"`
	Next      *ProjectStep       `json:"next,omitempty" doc:"what stands before the next stage; not in lists"`
}

// ProjectClient is who integrates.
type ProjectClient struct {
	Name      string `json:"name" example:"Almacén"`
	LegalName string `json:"legal_name,omitempty"`
	TaxID     string `json:"tax_id,omitempty" doc:"digits only" example:"30000000007"`
	Country   string `json:"country,omitempty" doc:"the merchant's if left out" example:"AR"`
}

// ProjectPeople are the desk's people of a project.
type ProjectPeople struct {
	Integrator posta.UserID `json:"integrator,omitempty"`
	Manager    posta.UserID `json:"manager,omitempty"`
	Commercial posta.UserID `json:"commercial,omitempty"`
}

// ProjectContact is a person on the client's side.
type ProjectContact struct {
	ID        posta.ContactID `json:"id,omitempty" readOnly:"true"`
	Name      string          `json:"name"`
	Email     string          `json:"email" example:"sistemas@cliente.example"`
	Phone     string          `json:"phone,omitempty"`
	Technical bool            `json:"technical,omitempty"`
	InCopy    bool            `json:"in_copy,omitempty"`
}

// ProjectStep is what the next stage asks for.
type ProjectStep struct {
	To         project.Stage      `json:"to"`
	Missing    []string           `json:"missing" doc:"keys of what blocks it"`
	Conditions []ProjectCondition `json:"conditions"`
}

// ProjectCondition is how one condition stands.
type ProjectCondition struct {
	Key      string            `json:"key" example:"homologation_passed"`
	Hard     bool              `json:"hard" doc:"false: it warns and does not block"`
	Met      bool              `json:"met"`
	Reason   string            `json:"reason,omitempty" doc:"code of why not"`
	Params   map[string]string `json:"params,omitempty"`
	Evidence string            `json:"evidence,omitempty"`
}

// NewProject asks for a project.
type NewProject struct {
	Name     string           `json:"name"`
	Client   ProjectClient    `json:"client"`
	Template string           `json:"template" enum:"mercadopago_online,mercadopago_qr,prisma_ecr" doc:"its newest version"`
	Table    string           `json:"table,omitempty" doc:"A if left out"`
	People   ProjectPeople    `json:"people,omitzero"`
	Contacts []ProjectContact `json:"contacts,omitempty"`
	GoLive   *time.Time       `json:"golive_approximate,omitempty" doc:"when production may open"`
}

// ProjectCard is a project in a list.
type ProjectCard struct {
	ID        posta.ProjectID `json:"id"`
	Name      string          `json:"name"`
	Client    string          `json:"client"`
	Product   string          `json:"product"`
	Stage     project.Stage   `json:"stage"`
	StageAt   time.Time       `json:"stage_at"`
	People    ProjectPeople   `json:"people"`
	NextAt    *time.Time      `json:"next_at,omitempty" doc:"the nearest date to come"`
	NextKind  string          `json:"next_kind,omitempty" enum:"kickoff,meeting,golive,follow_up"`
	LimitAt   *time.Time      `json:"limit_at,omitempty" doc:"when the earliest open clock breaches, or did"`
	Questions int             `json:"questions" doc:"open ones"`
	Silence   int             `json:"silence"`
	WaitingAt *time.Time      `json:"waiting_at,omitempty"`
}

// ProjectList is a page of projects.
type ProjectList struct {
	Data []ProjectCard `json:"data"`
	Next string        `json:"next,omitempty" doc:"pass as after for the next page; absent at the end"`
}

// ProjectPath names a project.
type ProjectPath struct {
	ID string `path:"id" doc:"prj_…" example:"prj_01JD9S3F2K8Q4ZV6W1X7Y5T0RB"`
}

type projectAnswer struct {
	Location string `header:"Location"`
	Body     Project
}

var exampleProject = Project{ID: posta.IDFrom[posta.ProjectID](exampleULID), Name: "Terminales", Client: ProjectClient{Name: "Almacén", TaxID: "30000000007", Country: "AR"},
	Template: project.Ref{Key: "prisma_ecr", Version: 1}, Product: "prisma_ecr", Table: "A", Stage: project.Homologation, StageAt: exampleAt,
	Contacts: []ProjectContact{{Name: "Sistemas", Email: "sistemas@cliente.example", Technical: true}}, CreatedAt: exampleAt, UpdatedAt: exampleAt,
	Next: &ProjectStep{To: project.GoLive, Missing: []string{"homologation_passed"}, Conditions: []ProjectCondition{{Key: "homologation_passed", Hard: true, Reason: "cases_missing"}}}}

const projectsTag = "Projects"

// byHand says what no key may do.
const byHand = "What a person must decide by name (kickoff, waivers, window, pilot, opening production, priority, the reviewer's answer) is done on the pages only."

func (a *server) projects() {
	add(a, http.MethodGet, "/v1/projects", about{id: "list_projects", tag: projectsTag, summary: "List projects", codes: []posta.Code{posta.CodeForbidden},
		text:   "Projects are the merchant's and have no mode: keys of both modes see them. Handed-off ones are left out after 30 days unless closed is set. " + byHand,
		answer: ProjectList{Data: []ProjectCard{{ID: exampleProject.ID, Name: "Terminales", Client: "Almacén", Product: "prisma_ecr", Stage: project.Homologation, StageAt: exampleAt}}}}, a.listProjects)
	add(a, http.MethodPost, "/v1/projects", about{id: "create_project", tag: projectsTag, summary: "Create a project, in the backlog", status: http.StatusCreated,
		codes: []posta.Code{posta.CodeForbidden}, request: NewProject{Name: "Terminales", Client: ProjectClient{Name: "Almacén", TaxID: "30000000007"}, Template: "prisma_ecr",
			Contacts: []ProjectContact{{Name: "Sistemas", Email: "sistemas@cliente.example", Technical: true}}}, answer: exampleProject}, a.createProject)
	add(a, http.MethodGet, "/v1/projects/{id}", about{id: "get_project", tag: projectsTag, summary: "Get a project, and what its next stage asks for",
		codes: []posta.Code{posta.CodeForbidden}, answer: exampleProject}, func(ctx context.Context, in *ProjectPath) (*projectAnswer, error) {
		p, err := a.project(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return a.projectShown(ctx, p, "")
	})
}

// actor is the key as the desk knows it.
func (c *call) actor() project.Actor {
	return project.Actor{Merchant: c.key.MerchantID, Key: c.key.ID}
}

// project finds one of the caller's.
func (a *server) project(ctx context.Context, text string) (project.Project, error) {
	id, err := found[posta.ProjectID](text)
	if err != nil {
		return project.Project{}, err
	}
	return a.Projects.Get(ctx, callOf(ctx).actor(), id)
}

func (a *server) projectShown(ctx context.Context, p project.Project, location string) (*projectAnswer, error) {
	step, err := a.Projects.Ready(ctx, callOf(ctx).actor(), p.ID)
	if err != nil {
		return nil, err
	}
	out := projectView(p)
	if step.From != step.To {
		out.Next = &ProjectStep{To: step.To, Missing: slices.Compact(append([]string{}, step.Missing()...)), Conditions: []ProjectCondition{}}
		for _, c := range step.Conditions {
			out.Next.Conditions = append(out.Next.Conditions, ProjectCondition{c.Key, c.Hard, c.Met, c.Reason, c.Params, c.Evidence})
		}
	}
	return &projectAnswer{location, out}, nil
}

func projectView(p project.Project) Project {
	out := Project{ID: p.ID, Name: p.Name, Client: ProjectClient(p.Client), Template: p.Template, Product: p.Product, Table: p.Table, Stage: p.Stage,
		StageAt: p.StageAt, WaitingAt: unlessZero(p.WaitingAt), People: ProjectPeople(p.People), Contacts: []ProjectContact{}, Test: p.Test, Live: p.Live,
		GoLiveAt: unlessZero(p.Date.At), Confirmed: p.Date.Confirmed(), OpenedAt: unlessZero(p.Date.OpenedAt), Silence: p.Silence, CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt}
	for _, c := range p.Contacts {
		if c.RemovedAt.IsZero() {
			out.Contacts = append(out.Contacts, ProjectContact{c.ID, c.Name, c.Email, c.Phone, c.Technical, c.InCopy})
		}
	}
	return out
}

func (a *server) createProject(ctx context.Context, in *struct{ Body NewProject }) (*projectAnswer, error) {
	call, b := callOf(ctx), in.Body
	asked := project.Input{ID: posta.IDFrom[posta.ProjectID](call.claim.ULID), Name: b.Name, Client: project.Client(b.Client),
		Template: project.Ref{Key: b.Template}, Table: b.Table, People: project.People(b.People)}
	if b.GoLive != nil {
		asked.Approximate = *b.GoLive
	}
	for _, c := range b.Contacts {
		asked.Contacts = append(asked.Contacts, project.Contact{Name: c.Name, Email: c.Email, Phone: c.Phone, Technical: c.Technical, InCopy: c.InCopy})
	}
	p, err := a.Projects.Create(ctx, call.actor(), asked)
	if err != nil {
		return nil, err
	}
	return a.projectShown(ctx, p, "/v1/projects/"+string(p.ID))
}

func (a *server) listProjects(ctx context.Context, in *struct {
	Limit   int    `query:"limit" minimum:"1" maximum:"100" doc:"25 if left out"`
	After   string `query:"after" pattern:"^prj_[0-9A-HJKMNP-TV-Z]{26}$" doc:"next of the page before"`
	Stage   string `query:"stage" enum:"backlog,design,integration,homologation,golive,handed_off"`
	Product string `query:"product"`
	Person  string `query:"user_id" doc:"whose, in any role"`
	Search  string `query:"search" doc:"name, client, tax id, a contact's address, id"`
	Late    bool   `query:"late" doc:"only those whose client waits for longer than agreed"`
	Silent  bool   `query:"silent" doc:"only those whose client left a weekly check unanswered"`
	Closed  bool   `query:"closed" doc:"handed-off ones too, however long ago"`
}) (*struct{ Body ProjectList }, error) {
	cards, err := a.Projects.Board(ctx, callOf(ctx).actor(), project.Filter{Stage: project.Stage(in.Stage), Person: posta.UserID(in.Person), Product: in.Product,
		Late: in.Late, Silent: in.Silent, Search: in.Search, Closed: in.Closed})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(cards, func(x, y project.Card) int { return cmp.Compare(y.ID, x.ID) })
	size := posta.Page{Limit: in.Limit}.Size()
	out := ProjectList{Data: []ProjectCard{}}
	for _, c := range cards {
		if in.After != "" && string(c.ID) >= in.After {
			continue
		}
		if len(out.Data) == size {
			out.Next = string(out.Data[size-1].ID)
			break
		}
		out.Data = append(out.Data, ProjectCard{ID: c.ID, Name: c.Name, Client: c.Client, Product: c.Product, Stage: c.Stage, StageAt: c.StageAt,
			People: ProjectPeople(c.People), NextAt: unlessZero(c.NextAt), NextKind: c.NextKind, LimitAt: unlessZero(c.LimitAt), Questions: c.Questions,
			Silence: c.Silence, WaitingAt: unlessZero(c.WaitingAt)})
	}
	return &struct{ Body ProjectList }{out}, nil
}
