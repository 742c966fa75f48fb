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
)

// Promise 52, the way back: its own commercial only, and only into a free place.
// Sabotages that turn it red: the right without the owner; a place taken without
// looking at the load; the newest of the queue first.
func TestP52_OnlyItsCommercialBringsItBackIntoFreeCapacity(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		b.desk(t, func(d *project.Desk) { d.Capacity = 1 })
		busy := b.project(t, project.Integration, func(p *project.Project) { p.DueAt = time.Time{} })
		p := b.project(t, project.Backlog, func(p *project.Project) { p.ReturnTo = project.Homologation })
		owner := b.person(t, "Olga", posta.Owner)
		program := project.Actor{Merchant: b.m, Key: posta.NewID[posta.KeyID](b.clock.Now())}
		for _, a := range []project.Actor{b.rival, b.manager, b.ana, owner, program, b.carla(p)} {
			_, err := b.Reprioritise(t.Context(), a, p.ID)
			refused(t, err, posta.CodeForbidden, "")
		}
		_, err := b.Reprioritise(t.Context(), b.seller, busy.ID)
		refused(t, err, posta.CodeState, "not_in_backlog")
		place := must(b.Reprioritise(t.Context(), b.seller, p.ID))(t)
		if place.Position != 1 || place.Project.WaitingAt.IsZero() || place.Project.Stage != project.Backlog {
			t.Fatalf("%+v", place)
		}
		b.clock.Move(time.Minute)
		fresh := b.project(t, project.Backlog)
		if place := must(b.Reprioritise(t.Context(), b.seller, fresh.ID))(t); place.Position != 2 {
			t.Fatalf("%+v", place)
		}
		if again := must(b.Reprioritise(t.Context(), b.seller, p.ID))(t); again.Position != 1 {
			t.Errorf("a repeat gives place %d", again.Position)
		}
		// The place that one leaves is the longest waiting one's, where it was.
		must(b.Move(t.Context(), b.ana, busy.ID, project.Backlog, "pidió esperar"))(t)
		if got := b.get(t, p.ID); got.Stage != project.Homologation || !got.WaitingAt.IsZero() || got.DueAt.IsZero() {
			t.Errorf("%s, waiting since %s, next check %s", got.Stage, got.WaitingAt, got.DueAt)
		}
		if got := b.get(t, fresh.ID); got.Stage != project.Backlog || got.WaitingAt.IsZero() {
			t.Errorf("overtaken: %s", got.Stage)
		}
		b.later(t, 0)
		if b.got(carla, "Retomamos la integración") != 1 {
			t.Errorf("%v", b.subjects(carla))
		}
		b.desk(t, func(d *project.Desk) { d.Capacity = 2 }) // one more enters at once
		if got := b.get(t, fresh.ID); got.Stage != project.Design {
			t.Errorf("%s", got.Stage)
		}
	})
}

// A place that freed while the hub was killed is given out later.
func TestTheWaitingListIsSweptToo(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		b.desk(t, func(d *project.Desk) { d.Capacity = 1 })
		busy := b.project(t, project.Integration)
		p := b.project(t, project.Backlog)
		must(b.Reprioritise(t.Context(), b.seller, p.ID))(t)
		b.alter(t, busy.ID, func(p *project.Project) { p.Stage, p.DueAt = project.HandedOff, time.Time{} })
		b.later(t, time.Second)
		if got := b.get(t, p.ID); got.Stage != project.Design {
			t.Errorf("%s", got.Stage)
		}
		off := b.project(t, project.Backlog)
		must(b.Reprioritise(t.Context(), b.seller, off.ID))(t)
		_, err := b.Withdraw(t.Context(), b.rival, off.ID)
		refused(t, err, posta.CodeForbidden, "not_its_commercial")
		if got := must(b.Withdraw(t.Context(), b.seller, off.ID))(t); !got.WaitingAt.IsZero() || got.Stage != project.Backlog {
			t.Errorf("%+v", got)
		}
		if places := must(b.Waiting(t.Context(), b.manager))(t); len(places) != 0 {
			t.Errorf("%+v", places)
		}
	})
}

// Whatever is done at the same time, nobody has more active projects than the
// desk's capacity, and no place stays empty while somebody waits for it.
// Sabotage that turns it red: ChangeProject where ChangeActive is.
func TestP52_NeverAboveCapacity(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBureau(t, db)
		capacity := 2
		b.desk(t, func(d *project.Desk) { d.Capacity = capacity })
		var ids []posta.ProjectID
		for i := range 12 {
			p := b.project(t, project.Backlog, func(p *project.Project) {
				if i%2 == 1 {
					p.People.Integrator = b.luz.User
				}
			})
			ids = append(ids, p.ID)
		}
		count := func(t *testing.T) map[posta.UserID]int {
			load := map[posta.UserID]int{}
			for _, p := range must(db.Active(t.Context(), b.m))(t) {
				load[p.People.Integrator]++
			}
			return load
		}
		fewer(t, db)
		rapid.Check(t, func(r *rapid.T) {
			b.clock.Move(time.Second)
			var all sync.WaitGroup
			replicas := []*project.Service{b.replica(t, nil), b.replica(t, nil)}
			for i, id := range rapid.SliceOfNDistinct(rapid.SampledFrom(ids), 1, 8, rapid.ID[posta.ProjectID]).Draw(r, "projects") {
				s := replicas[i%2]
				back := rapid.Bool().Draw(r, "back")
				all.Go(func() {
					var err error
					if back {
						_, err = s.Move(t.Context(), b.ana, id, project.Backlog, "espera")
					} else {
						_, err = s.Reprioritise(t.Context(), b.seller, id)
					}
					if code := posta.ErrorCode(err); err != nil && code != posta.CodeState {
						t.Error(err)
					}
				})
			}
			all.Wait()
			load := count(t)
			for who, n := range load {
				if n > capacity {
					r.Fatalf("%s has %d", who, n)
				}
			}
			for _, place := range must(b.Waiting(t.Context(), b.manager))(t) {
				if who := place.Project.People.Integrator; load[who] < capacity {
					r.Fatalf("%s waits for %s, who has %d", place.Project.ID, who, load[who])
				}
			}
		})
	})
}

func TestDeskSettings(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		good := must(b.GetDesk(t.Context(), b.ana))(t)
		for field, change := range map[string]func(*project.Desk){
			"team.email":   func(d *project.Desk) { d.Team.Email = "no es" },
			"team.name":    func(d *project.Desk) { d.Team.Name = "a\nb" },
			"capacity":     func(d *project.Desk) { d.Capacity = -1 },
			"opens_at":     func(d *project.Desk) { d.OpensAt = "9" },
			"closes_at":    func(d *project.Desk) { d.ClosesAt = d.OpensAt },
			"warn_percent": func(d *project.Desk) { d.WarnPercent = 100 },
			"silent_weeks": func(d *project.Desk) { d.SilentWeeks = 0 },
		} {
			d := good
			change(&d)
			_, err := b.SetDesk(t.Context(), b.manager, d)
			refused(t, err, posta.CodeInvalid, field)
		}
		for _, a := range []project.Actor{b.ana, b.seller} {
			_, err := b.SetDesk(t.Context(), a, good)
			refused(t, err, posta.CodeForbidden, "")
		}
		contact := b.carla(b.project(t, project.Integration))
		for _, try := range []func() error{
			func() error { _, err := b.GetDesk(t.Context(), contact); return err },
			func() error { _, err := b.View(t.Context(), contact); return err },
			func() error { _, err := b.Waiting(t.Context(), contact); return err },
			func() error { _, err := b.Responses(t.Context(), contact, time.Time{}, b.clock.Now()); return err },
			func() error { _, err := b.Weeks(t.Context(), contact, 3); return err },
		} {
			if err := try(); posta.ErrorCode(err) != posta.CodeNotFound {
				t.Errorf("a contact: %v", err)
			}
		}
	})
}

func TestTheDeskAtAGlance(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		b.desk(t, func(d *project.Desk) { d.Capacity = 2 })
		one := b.project(t, project.Integration, func(p *project.Project) {
			p.Name, p.Silence, p.DueAt = "Uno", 1, b.clock.Now().Add(2*24*time.Hour)
			p.Meetings = []project.Meeting{{ID: "m1", At: b.clock.Now().Add(24 * time.Hour)}, {ID: "m2", At: b.clock.Now().Add(30 * 24 * time.Hour)}}
		})
		b.project(t, project.GoLive, func(p *project.Project) { p.Name, p.DueAt = "Dos", b.clock.Now().Add(week) })
		wait := b.project(t, project.Backlog)
		must(b.Reprioritise(t.Context(), b.seller, wait.ID))(t)
		b.ask(t, one)
		b.later(t, 7*time.Hour)
		b.ask(t, one)
		v := must(b.View(t.Context(), b.manager))(t)
		i := slices.IndexFunc(v.People, func(l project.Load) bool { return l.Person.ID == b.ana.User })
		if i < 0 || v.People[i].Active != 2 || v.People[i].Waiting != 1 || v.People[i].Open != 2 || v.People[i].Late != 1 || v.People[i].Capacity != 2 {
			t.Errorf("%+v", v.People)
		}
		if len(v.Late) != 1 || len(v.Breached) != 1 || v.Names[one.ID] != "Uno" {
			t.Errorf("late %+v, breached %+v, %v", v.Late, v.Breached, v.Names)
		}
		if len(v.Silent) != 1 && b.get(t, one.ID).Silence == 1 {
			t.Errorf("silent %+v", v.Silent)
		}
		if len(v.Week) != 2 || v.Week[0].Kind != "meeting" || v.Week[1].Kind != "follow_up" {
			t.Errorf("%+v", v.Week)
		}
		if len(v.Waiting) != 1 || v.Waiting[0].Project.ID != wait.ID || len(v.Weeks) != 12 || len(v.Weeks[11].Responses) != 1 || v.Weeks[11].Responses[0].Open != 2 {
			t.Errorf("%+v, %+v", v.Waiting, v.Weeks)
		}
		b.later(t, week)
		v = must(b.View(t.Context(), b.manager))(t)
		if len(v.Late) != 2 || len(v.Weeks[10].Responses) != 1 || v.Weeks[10].Responses[0].Breached != 2 || v.Weeks[11].Responses != nil {
			t.Errorf("a week later: %+v, %+v", v.Late, v.Weeks[10:])
		}
	})
}
