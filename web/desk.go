package web

import (
	"net/http"
	"slices"
	"time"

	"posta"
	"posta/project"
)

// deskRoutes registers the desk at a glance and how it works.
func (s *server) deskRoutes(mux *http.ServeMux) {
	mux.Handle("GET /desk", s.member(s.deskPage))
	s.deed(mux, s.member, "/desk/settings", s.deskSettingsPage, s.saveDesk)
}

// deskData is what the desk's page shows.
type deskData struct {
	project.DeskView
	Chart    weeksChart
	Owners   map[posta.UserID]colleague
	Days     []deskDay
	Manage   bool
	Position int64
}

// deskDay is a day of this week with what it brings.
type deskDay struct {
	Date time.Time
	List []project.Appointment
}

// weeksChart is the mean response time by week, drawn as columns.
type weeksChart struct {
	Phases  []project.Phase // those with any question, as the colours go
	Weeks   []chartWeek     // the oldest first
	Highest time.Duration
}

// chartWeek is a week of the chart and of its table.
type chartWeek struct {
	From  time.Time
	Label string      // day and month
	Cells []chartCell // one for each phase of the chart
}

// chartCell is a phase's week; X, Y and Height are in the drawing's units.
type chartCell struct {
	project.Response
	X, Y, Width, Height int
}

// The drawing of the weeks: so wide is one, so high the highest column.
const (
	chartWeekWidth = 24
	chartHeight    = 100
)

func (s *server) deskPage(v *visit) error {
	data := deskData{Position: v.livePosition(), Manage: v.may(project.Manage)}
	var err error
	if data.DeskView, err = s.Projects.View(v.ctx(), v.actor()); err != nil {
		return err
	}
	team, err := v.team()
	if err != nil {
		return err
	}
	data.Owners, data.Chart = team.by, chartOf(data.Weeks, v.Zone)
	slices.SortStableFunc(data.Late, func(a, b project.Clock) int { return a.LimitAt.Compare(b.LimitAt) })
	slices.SortStableFunc(data.Breached, func(a, b project.Clock) int { return b.LimitAt.Compare(a.LimitAt) })
	for _, a := range data.Week {
		year, month, day := a.At.In(v.Zone).Date()
		date := time.Date(year, month, day, 0, 0, 0, 0, v.Zone)
		if n := len(data.Days); n == 0 || !data.Days[n-1].Date.Equal(date) {
			data.Days = append(data.Days, deskDay{Date: date})
		}
		last := &data.Days[len(data.Days)-1]
		last.List = append(last.List, a)
	}
	return v.render("desk", data)
}

// chartOf draws the weeks; phases without a question are left out.
func chartOf(weeks []project.Week, zone *time.Location) weeksChart {
	var c weeksChart
	for _, phase := range project.Phases {
		if slices.ContainsFunc(weeks, func(w project.Week) bool { _, ok := responseOf(w, phase); return ok }) {
			c.Phases = append(c.Phases, phase)
		}
	}
	for _, w := range weeks {
		for _, r := range w.Responses {
			c.Highest = max(c.Highest, r.Mean)
		}
	}
	for i, w := range weeks {
		week := chartWeek{From: w.From, Label: w.From.In(zone).Format("02/01")}
		for j, phase := range c.Phases {
			r, _ := responseOf(w, phase)
			cell := chartCell{Response: r, Width: (chartWeekWidth - 6) / len(c.Phases)}
			cell.X = i*chartWeekWidth + 3 + j*cell.Width
			if r.Answered > 0 && c.Highest > 0 {
				cell.Height = max(1, int(int64(r.Mean)*chartHeight/int64(c.Highest)))
			}
			cell.Y = chartHeight - cell.Height
			week.Cells = append(week.Cells, cell)
		}
		c.Weeks = append(c.Weeks, week)
	}
	return c
}

func responseOf(w project.Week, phase project.Phase) (project.Response, bool) {
	for _, r := range w.Responses {
		if r.Phase == phase {
			return r, true
		}
	}
	return project.Response{Phase: phase}, false
}

// Width is the drawing's.
func (c weeksChart) Width() int { return len(c.Weeks) * chartWeekWidth }

// Owner is the colleague of an id; without a name where there is none.
func (d deskData) Owner(id posta.UserID) colleague { return d.Owners[id] }

// Warned reports whether a project's next weekly check sends it back to the
// backlog.
func (d deskData) Warned(p project.Project) bool { return p.Silence+1 >= d.Desk.SilentWeeks }
