package project_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"posta"
	"posta/project"
	"posta/store"
	"posta/store/storetest"
	"posta/work"
)

// Promise 51. Sabotages that turn it red: a breach one microsecond early; the
// default table for every project; the go-live row for homologation.
func TestP51_AQuestionBreachesByItsOwnTableAndNotBefore(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		for _, c := range []struct {
			table string
			stage project.Stage
			hours time.Duration
		}{
			{"A", project.Backlog, 0}, {"A", project.Design, 0}, {"A", project.Integration, 6}, {"A", project.Homologation, 6}, {"A", project.GoLive, 4}, {"A", project.HandedOff, 0},
			{"B", project.Backlog, 0}, {"B", project.Design, 0}, {"B", project.Integration, 8}, {"B", project.Homologation, 8}, {"B", project.GoLive, 6}, {"B", project.HandedOff, 0},
		} {
			p := b.project(t, c.stage, func(p *project.Project) { p.Table, p.DueAt = c.table, time.Time{} })
			m := b.ask(t, p)
			if c.hours == 0 {
				if got := b.clocks(t, p); len(got) != 0 || m.Clock != "" {
					t.Errorf("%s %s: %+v", c.table, c.stage, got)
				}
				continue
			}
			limit := b.clock.Now().Add(c.hours * time.Hour)
			b.later(t, c.hours*time.Hour-time.Microsecond)
			if got := b.clocks(t, p); len(got) != 1 || !got[0].BreachedAt.IsZero() || !got[0].LimitAt.Equal(limit) || got[0].ID != m.Clock {
				t.Errorf("%s %s before the hour: %+v", c.table, c.stage, got)
			}
			b.later(t, time.Microsecond)
			if got := b.clocks(t, p)[0]; !got.BreachedAt.Equal(limit) || !got.Open() {
				t.Errorf("%s %s at the hour: %+v", c.table, c.stage, got)
			}
			b.later(t, time.Hour)
			if w, n := b.events(t, p, "clock_warned"), b.events(t, p, "clock_breached"); w != 1 || n != 1 {
				t.Errorf("%s %s: warned %d times, breached %d times", c.table, c.stage, w, n)
			}
			b.answer(t, p)
			if got := b.clocks(t, p)[0]; got.Open() || got.Took != c.hours*time.Hour+time.Hour || got.Answer == "" || !got.BreachedAt.Equal(limit) {
				t.Errorf("%s %s answered: %+v", c.table, c.stage, got)
			}
		}
	})
}

// A clock warns before it breaches, keeps what it began with, and what was
// noted stays when somebody sets the machine's clock back.
func TestAClockKeepsItsBeginning(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		p := b.project(t, project.Integration)
		b.ask(t, p)
		start := b.clock.Now()
		b.alter(t, p.ID, func(p *project.Project) { p.Stage, p.Table = project.GoLive, "B" })
		b.later(t, 4*time.Hour+30*time.Minute)
		c := b.clocks(t, p)[0]
		if !c.WarnAt.Equal(start.Add(4*time.Hour+30*time.Minute)) || !c.WarnedAt.Equal(c.WarnAt) || c.Hours != 6 || c.Phase != project.IntegrationPhase {
			t.Fatalf("%+v", c)
		}
		if got := b.post.Letters(b.address(t, b.ana)); len(got) != 2 { // the question's copy and the warning
			t.Errorf("%d mails to the integrator", len(got))
		}
		b.later(t, 2*time.Hour)
		breached := b.clocks(t, p)[0]
		b.later(t, -5*time.Hour)
		b.later(t, 0)
		if got := b.clocks(t, p)[0]; got != breached || got.BreachedAt.IsZero() {
			t.Errorf("after a jump back %+v, was %+v", got, breached)
		}
		b.answer(t, p)
		if got := b.clocks(t, p)[0]; got.BreachedAt.IsZero() || got.Took < 0 || got.Open() {
			t.Errorf("answered after a jump back: %+v", got)
		}
	})
}

// A hub that slept over both moments says that it is late, once, and two
// replicas say so once.
func TestTwoReplicasBreachOnce(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		p := b.project(t, project.Integration)
		for range 5 {
			b.ask(t, p)
		}
		b.clock.Move(9 * time.Hour)
		var both sync.WaitGroup
		for range 2 {
			s := b.replica(t, nil)
			both.Go(func() {
				if err := work.Once(t.Context(), work.Sweep{Run: s.SweepClocks}); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		if w, n := b.events(t, p, "clock_warned"), b.events(t, p, "clock_breached"); w != 0 || n != 5 {
			t.Errorf("warned %d times, breached %d times", w, n)
		}
	})
}

func TestWhoMayCloseAQuestion(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		p := b.project(t, project.Integration, func(p *project.Project) {
			p.Contacts = append(p.Contacts, project.Contact{ID: posta.NewID[posta.ContactID](b.clock.Now()), Name: "Diego", Email: "diego@norte.example"})
		})
		m := b.ask(t, p)
		other := b.project(t, project.Integration)
		diego := project.Actor{Merchant: b.m, Project: p.ID, Contact: p.Contacts[1].ID}
		_, err := b.CloseQuestion(t.Context(), diego, p.ID, m.Clock, "da igual")
		refused(t, err, posta.CodeForbidden, "not_yours")
		_, err = b.CloseQuestion(t.Context(), b.carla(other), p.ID, m.Clock, "da igual")
		refused(t, err, posta.CodeNotFound, "")
		_, err = b.CloseQuestion(t.Context(), b.ana, other.ID, m.Clock, "da igual")
		refused(t, err, posta.CodeNotFound, "")
		_, err = b.CloseQuestion(t.Context(), b.ana, p.ID, m.Clock, " ")
		refused(t, err, posta.CodeInvalid, "reason")
		c := must(b.CloseQuestion(t.Context(), b.carla(p), p.ID, m.Clock, "ya lo encontré"))(t)
		if c.Open() || c.Answer != "" || c.Reason != "ya lo encontré" || c.StoppedBy != "contact:"+string(p.Contacts[0].ID) {
			t.Errorf("%+v", c)
		}
		_, err = b.CloseQuestion(t.Context(), b.ana, p.ID, m.Clock, "tarde")
		refused(t, err, posta.CodeState, "answered")
		second := b.ask(t, p)
		must(b.CloseQuestion(t.Context(), b.luz, p.ID, second.Clock, "era un saludo"))(t)
	})
}

// Promise 51, the mean: against a model that keeps its own list of questions and
// adds up by hand. Sabotages that turn it red: open questions in the mean; those
// closed without an answer in it; a backdated answer that stops later questions.
func TestP51_TheMeanIsTheOneComputedByHand(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		type question struct {
			clock posta.ClockID
			phase project.Phase
			asked time.Time
			limit time.Duration
			took  time.Duration
			state string // "", "answered", "closed"
		}
		b := newBureau(t, db)
		fewer(t, db)
		rapid.Check(t, func(r *rapid.T) {
			begin := b.clock.Now()
			stages := []project.Stage{project.Design, project.Integration, project.Homologation, project.GoLive}
			table := rapid.SampledFrom([]string{"A", "B"}).Draw(r, "table")
			hours := map[string]map[project.Stage]time.Duration{"A": {project.Integration: 6, project.Homologation: 6, project.GoLive: 4}, "B": {project.Integration: 8, project.Homologation: 8, project.GoLive: 6}}[table]
			stage := project.Integration
			p := b.project(t, stage, func(p *project.Project) { p.Table = table })
			var all []*question
			for range rapid.IntRange(1, 12).Draw(r, "steps") {
				b.clock.Move(time.Duration(rapid.IntRange(1, 300).Draw(r, "minutes")) * time.Minute)
				now := b.clock.Now()
				switch rapid.SampledFrom([]string{"ask", "ask", "answer", "close", "stage", "sweep", "one"}).Draw(r, "step") {
				case "ask":
					m := b.ask(t, p)
					if limit := hours[stage] * time.Hour; limit > 0 {
						phase := project.IntegrationPhase
						if stage == project.GoLive {
							phase = project.GoLivePhase
						}
						all = append(all, &question{clock: m.Clock, phase: phase, asked: now, limit: limit})
					}
				case "answer":
					b.answer(t, p)
					for _, q := range all {
						if q.state == "" {
							q.state, q.took = "answered", now.Sub(q.asked)
						}
					}
				case "one": // answers the oldest open one only, by phone
					if i := slices.IndexFunc(all, func(q *question) bool { return q.state == "" }); i >= 0 {
						must(b.Post(t.Context(), b.ana, project.PostInput{Project: p.ID, Text: "Sí.", SaidElsewhere: true, Channel: project.Phone, Answers: []posta.ClockID{all[i].clock}}))(t)
						all[i].state, all[i].took = "answered", now.Sub(all[i].asked)
					}
				case "close":
					if i := slices.IndexFunc(all, func(q *question) bool { return q.state == "" }); i >= 0 {
						must(b.CloseQuestion(t.Context(), b.ana, p.ID, all[i].clock, "era un saludo"))(t)
						all[i].state, all[i].took = "closed", now.Sub(all[i].asked)
					}
				case "stage":
					stage = rapid.SampledFrom(stages).Draw(r, "stage")
					b.alter(t, p.ID, func(p *project.Project) { p.Stage = stage })
				case "sweep":
					fine(t, work.Once(t.Context(), work.Sweep{Run: b.SweepClocks}))
				}
			}
			now := b.clock.Now()
			got := must(b.Responses(t.Context(), b.manager, begin, now.Add(time.Second)))(t)
			for _, phase := range project.Phases {
				want := project.Response{Phase: phase}
				var sum time.Duration
				seen := false
				for _, q := range all {
					if q.phase != phase {
						continue
					}
					seen = true
					late := now.Sub(q.asked) >= q.limit
					if q.state != "" {
						late = q.took >= q.limit
					}
					if late {
						want.Breached++
					}
					switch q.state {
					case "":
						want.Open++
					case "answered":
						want.Answered++
						sum += q.took
					}
				}
				if want.Answered > 0 {
					want.Mean = sum / time.Duration(want.Answered)
				}
				i := slices.IndexFunc(got, func(r project.Response) bool { return r.Phase == phase })
				if !seen && i >= 0 || seen && (i < 0 || got[i] != want) {
					r.Fatalf("%s: got %+v, by hand %+v (seen %t)", phase, got, want, seen)
				}
			}
			b.answer(t, p) // leaves nothing open behind
			b.clock.Move(100 * time.Hour)
		})
	})
}

// Working time is what a desk of working hours measures, over a weekend and a
// holiday.
func TestP51_WorkingHoursAreMeasuredAsSuch(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		b.desk(t, func(d *project.Desk) { d.BusinessHours = true })
		friday := time.Date(2026, 11, 27, 20, 0, 0, 0, time.UTC) // 17:00 there
		b.clock.Move(friday.Sub(b.clock.Now()))
		p := b.project(t, project.Integration)
		b.ask(t, p)
		if c := b.clocks(t, p)[0]; !c.LimitAt.Equal(time.Date(2026, 11, 30, 17, 0, 0, 0, time.UTC)) {
			t.Fatalf("limit %s", c.LimitAt)
		}
		b.later(t, 66*time.Hour) // Monday, 11:00 there
		b.answer(t, p)
		if c := b.clocks(t, p)[0]; c.Took != 3*time.Hour || !c.BreachedAt.IsZero() {
			t.Errorf("%+v", c)
		}
	})
}
