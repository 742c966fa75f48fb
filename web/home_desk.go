package web

import (
	"slices"
	"time"

	"posta/project"
)

// homeProjects is how many projects the home page names.
const homeProjects = 5

// homeDesk are the projects that want somebody: a question that waits, or an
// account that does not answer.
type homeDesk struct {
	Rows  []project.Card
	Count int
	Now   time.Time
}

// homeDesk lists the person's own projects, all of them for who manages the
// desk: the clocks that end first before what has none.
func (v *visit) homeDesk() (homeDesk, error) {
	filter := project.Filter{Person: v.User.ID}
	if v.may(project.Manage) {
		filter.Person = ""
	}
	cards, err := v.s.Projects.Board(v.ctx(), v.actor(), filter)
	if err != nil {
		return homeDesk{}, err
	}
	cards = slices.DeleteFunc(cards, func(c project.Card) bool { return c.Questions == 0 && c.Silence == 0 })
	slices.SortStableFunc(cards, func(a, b project.Card) int {
		if a.LimitAt.IsZero() != b.LimitAt.IsZero() {
			if a.LimitAt.IsZero() {
				return 1
			}
			return -1
		}
		return a.LimitAt.Compare(b.LimitAt)
	})
	return homeDesk{Rows: cards[:min(len(cards), homeProjects)], Count: len(cards), Now: v.s.Clock.Now()}, nil
}
