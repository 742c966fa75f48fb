package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"posta"
	"posta/project"
)

// boardRoutes registers the board of all projects.
func (s *server) boardRoutes(mux *http.ServeMux) {
	mux.Handle("GET /projects", s.member(s.boardPage))
	mux.Handle("GET /projects/events", s.member(func(v *visit) error {
		v.Mode = posta.Live // projects have no mode: their events are among the live ones
		return v.stream(func(e posta.Event) bool { return strings.HasPrefix(e.Type, "project.") }, nil)
	}))
}

// boardFold is how many cards a column shows before it is folded: with six full
// columns the page stays under 120 KB.
const boardFold = 18

// boardQuery is the board's filter as its address holds it.
type boardQuery struct {
	Person, Product, Search string
	Late, Silent            bool
	All                     string // the column to show whole
	Stage                   string // the column that a phone shows
}

func readBoardQuery(r *http.Request) boardQuery {
	get := func(name string) string { return strings.TrimSpace(r.URL.Query().Get(name)) }
	q := boardQuery{Person: get("person"), Product: get("product"), Search: get("q"), Late: get("late") != "", Silent: get("silent") != "", All: get("all"), Stage: get("stage")}
	if !slices.Contains(project.Stages, project.Stage(q.Stage)) {
		q.Stage = ""
	}
	if _, known := project.Products[q.Product]; !known {
		q.Product = ""
	}
	if _, err := posta.ParseID[posta.UserID](q.Person); err != nil {
		q.Person = ""
	}
	return q
}

// Values is the query as an address holds it.
func (q boardQuery) Values() url.Values {
	values := url.Values{}
	for name, value := range map[string]string{"person": q.Person, "product": q.Product, "q": q.Search, "all": q.All, "stage": q.Stage} {
		if value != "" {
			values.Set(name, value)
		}
	}
	if q.Late {
		values.Set("late", "1")
	}
	if q.Silent {
		values.Set("silent", "1")
	}
	return values
}

// Chosen reports whether the board is filtered.
func (q boardQuery) Chosen() bool {
	q.All, q.Stage = "", ""
	return len(q.Values()) > 0
}

// boardCard is a project as the board shows it.
type boardCard struct {
	project.Card
	Owner    colleague
	Days     int
	Position int  // in the waiting list, 0 for none
	Soon     bool // the clock is about to breach
	Due      bool // the next date has passed
}

// boardColumn is one stage of the board.
type boardColumn struct {
	Stage project.Stage
	Cards []boardCard
	Count int
	Late  int
	Shown bool   // on a phone
	More  string // the address that shows all, "" if it does
	Here  string // the address that shows this column on a phone
}

// boardData is what the board shows.
type boardData struct {
	Query    boardQuery
	Columns  []boardColumn
	People   []option
	Products []option
	Count    int
	Begin    bool
	Position int64
}

// soon is how long before its limit a clock is shown as about to breach.
const soon = 90 * time.Minute

func (s *server) boardPage(v *visit) error {
	q := readBoardQuery(v.r)
	data := boardData{Query: q, Begin: v.may(project.Begin), Position: v.livePosition()}
	cards, err := s.Projects.Board(v.ctx(), v.actor(), project.Filter{Person: posta.UserID(q.Person), Product: q.Product, Late: q.Late, Silent: q.Silent, Search: q.Search})
	if err != nil {
		return err
	}
	team, err := v.team()
	if err != nil {
		return err
	}
	waiting, err := s.Projects.Waiting(v.ctx(), v.actor())
	if err != nil {
		return err
	}
	places := map[posta.ProjectID]int{}
	for _, w := range waiting {
		places[w.Project.ID] = w.Position
	}
	data.Count = len(cards)
	data.Columns = v.columns(q, cards, team, places)
	data.People = team.options(v, posta.UserID(q.Person), posta.Roles...)
	for _, key := range []string{"mercadopago_online", "mercadopago_qr", "prisma_ecr"} {
		data.Products = append(data.Products, option{key, v.T("project.product." + key), key == q.Product})
	}
	return v.render("projects", data)
}

// columns lays the cards out by stage.
func (v *visit) columns(q boardQuery, cards []project.Card, team team, places map[posta.ProjectID]int) []boardColumn {
	now := v.s.Clock.Now()
	by := map[project.Stage]*boardColumn{}
	columns := make([]boardColumn, len(project.Stages))
	for i, stage := range project.Stages {
		here := q
		here.Stage, here.All = string(stage), ""
		columns[i] = boardColumn{Stage: stage, Here: address("/projects", here.Values())}
		by[stage] = &columns[i]
	}
	for _, c := range cards {
		column := by[c.Stage]
		if column == nil {
			continue
		}
		column.Count++
		late := !c.LimitAt.IsZero() && c.LimitAt.Before(now)
		if late {
			column.Late++
		}
		if len(column.Cards) < boardFold || q.All == string(c.Stage) {
			column.Cards = append(column.Cards, boardCard{Card: c, Owner: team.Of(c.People.Integrator), Days: int(now.Sub(c.StageAt).Hours() / 24), Position: places[c.ID],
				Soon: !late && !c.LimitAt.IsZero() && c.LimitAt.Sub(now) < soon, Due: !c.NextAt.IsZero() && c.NextAt.Before(now)})
		}
	}
	shown := q.Stage
	for i := range columns {
		c := &columns[i]
		if shown == "" && c.Count > 0 {
			shown = string(c.Stage)
		}
		c.Shown = shown == string(c.Stage)
		if len(c.Cards) < c.Count {
			all := q
			all.All = string(c.Stage)
			c.More = address("/projects", all.Values())
		}
	}
	return columns
}
