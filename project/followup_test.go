package project_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"posta"
	"posta/project"
	"posta/sim/fault"
	"posta/work"
)

const week = 7 * 24 * time.Hour

// subjects lists what a person got by mail, by the beginning of the subjects.
func (b *bureau) subjects(to string) (out []string) {
	for _, l := range b.post.Letters(to) {
		begin, _, _ := strings.Cut(l.Subject, " · ")
		out = append(out, begin)
	}
	return out
}

func (b *bureau) got(to, subject string) (n int) {
	for _, s := range b.subjects(to) {
		if s == subject {
			n++
		}
	}
	return n
}

const (
	weekly   = "Seguimiento semanal"
	warning  = "Necesitamos su respuesta"
	returned = "El proyecto volvió al backlog"
	carla    = "carla@norte.example"
)

// Promise 52. Sabotages that turn it red: silence counted at the first check; no
// warning; a return that leaves DueAt (it returns twice); a word that does not
// reset.
func TestP52_TwoSilentWeeksGoBackToTheBacklog(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		p := b.project(t, project.Integration)
		b.later(t, week-time.Second)
		if got := b.subjects(carla); len(got) != 0 {
			t.Fatalf("before the check: %v", got)
		}
		b.later(t, time.Second)
		b.later(t, week)
		if p := b.get(t, p.ID); p.Silence != 1 || p.Stage != project.Integration || b.got(carla, weekly) != 1 || b.got(carla, warning) != 1 {
			t.Fatalf("after one silent week: silence %d, %s, %v", p.Silence, p.Stage, b.subjects(carla))
		}
		b.ask(t, p) // a word in between
		b.answer(t, p)
		if p := b.get(t, p.ID); p.Silence != 0 {
			t.Fatalf("after a word: silence %d", p.Silence)
		}
		b.later(t, week)
		b.later(t, week)
		if p := b.get(t, p.ID); p.Silence != 1 || p.Stage != project.Integration || b.got(carla, weekly) != 2 || b.got(carla, warning) != 2 {
			t.Fatalf("silence begins anew: silence %d, %s, %v", p.Silence, p.Stage, b.subjects(carla))
		}
		b.later(t, week)
		for range 3 {
			b.later(t, week)
		}
		p = b.get(t, p.ID)
		if p.Stage != project.Backlog || p.ReturnTo != project.Integration || !p.DueAt.IsZero() || b.events(t, p, "returned") != 1 || b.got(carla, returned) != 1 {
			t.Errorf("%s, return to %q, due %s, %d returns, %v", p.Stage, p.ReturnTo, p.DueAt, b.events(t, p, "returned"), b.subjects(carla))
		}
		if n := b.got(b.address(t, b.seller), "Supermercado Norte volvió al backlog"); n != 1 {
			t.Errorf("its commercial was told %d times", n)
		}
	})
}

// Two replicas at the same time, and one that is killed after it took the check:
// one mail, one return.
func TestP52_OnceWithTwoReplicasAndAKill(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		p := b.project(t, project.Integration)
		together := func() {
			t.Helper()
			b.clock.Move(week)
			due := must(b.db.ClaimProjects(t.Context(), b.clock.Now(), 2*time.Minute, 20))(t) // and is killed
			if len(due) != 1 {
				t.Fatalf("%d due", len(due))
			}
			b.clock.Move(2 * time.Minute)
			var both sync.WaitGroup
			for range 2 {
				s := b.replica(t, b.Mail)
				both.Go(func() {
					if err := work.Once(t.Context(), work.Sweep{Run: s.SweepFollowUps}); err != nil {
						t.Error(err)
					}
					if err := work.Once(t.Context(), work.Sweep{Run: s.SweepMail}); err != nil {
						t.Error(err)
					}
				})
			}
			both.Wait()
			b.later(t, 0)
		}
		for range 3 {
			together()
		}
		if p := b.get(t, p.ID); p.Stage != project.Backlog || b.events(t, p, "returned") != 1 {
			t.Errorf("%s, %d returns", p.Stage, b.events(t, p, "returned"))
		}
		if got := b.subjects(carla); len(got) != 3 {
			t.Errorf("%v", got)
		}
	})
}

// A replica that is so slow that its lease ended makes no second check.
func TestP52_ASlowReplicaChecksNothingTwice(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		p := b.project(t, project.Integration)
		for range 2 {
			b.clock.Move(week)
			var late []func()
			must(b.replica(t, b.Mail).SweepFollowUps(t.Context(), func(handle func()) { late = append(late, handle) }))(t)
			b.later(t, 3*time.Minute)
			for _, handle := range late {
				handle()
			}
			b.later(t, time.Minute)
			if len(late) != 1 {
				t.Fatalf("%d checks", len(late))
			}
		}
		if got := b.subjects(carla); len(got) != 2 || b.get(t, p.ID).Silence != 1 || b.events(t, p, "checked") != 2 {
			t.Errorf("%v, %d checks", got, b.events(t, p, "checked"))
		}
	})
}

// A hub that slept makes one check, not five, and nobody returns who was never
// asked, or asked in vain.
func TestAHubThatSleptAsksFirst(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		p := b.project(t, project.Integration)
		b.later(t, 5*week)
		if p := b.get(t, p.ID); p.Silence != 0 || b.got(carla, weekly) != 1 {
			t.Fatalf("silence %d, %v", p.Silence, b.subjects(carla))
		}
		b.later(t, 5*week) // asked, and silent for long
		if p := b.get(t, p.ID); p.Silence != 1 || p.Stage != project.Integration {
			t.Fatalf("silence %d in %s", p.Silence, p.Stage)
		}
	})
}

func TestSilenceCountsOnlyWhatWasHandedOver(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		for name, reach := range map[string]func(p *project.Project){
			"nobody to write to":      func(p *project.Project) { p.Contacts = nil },
			"the address bounces":     func(p *project.Project) { p.Contacts[0].Email = "bounce@norte.example" },
			"the server takes none":   func(p *project.Project) { p.Contacts[0].Email = "later@norte.example" },
			"a question waits for us": nil,
		} {
			p := b.project(t, project.Integration)
			if reach == nil {
				b.ask(t, p)
			} else {
				p = b.alter(t, p.ID, reach)
			}
			for range 5 {
				b.later(t, week)
			}
			if p := b.get(t, p.ID); p.Silence != 0 || p.Stage != project.Integration {
				t.Errorf("%s: silence %d in %s", name, p.Silence, p.Stage)
			}
			b.alter(t, p.ID, func(p *project.Project) { p.DueAt = time.Time{} })
		}
		p := b.project(t, project.Integration)
		mute := b.replica(t, nil)
		mute.Mail = nil
		for range 5 {
			b.clock.Move(week)
			b.sweep(t, mute)
		}
		if got := b.get(t, p.ID); got.Silence != 0 || got.Stage != project.Integration {
			t.Errorf("without a mail server: silence %d in %s", got.Silence, got.Stage)
		}
		for _, m := range must(b.db.Messages(t.Context(), b.m, p.ID))(t) {
			if m.State != project.Kept || !m.DueAt.IsZero() {
				t.Errorf("without a mail server: %s, due %s", m.State, m.DueAt)
			}
		}
		// A mail that its server took late leaves too little time to answer.
		late := b.project(t, project.Integration)
		b.clock.Move(week)
		b.post.Fault().Add(fault.Rule{ID: "down", Operation: "data", Action: fault.Status, Status: 451})
		b.sweep(t, b.Service)
		b.later(t, 36*time.Hour)
		b.post.Fault().Remove("down")
		b.later(t, 3*time.Hour)
		if got := b.got(carla, weekly); got == 0 {
			t.Fatalf("%v", b.subjects(carla))
		}
		b.later(t, week-39*time.Hour)
		if got := b.get(t, late.ID); got.Silence != 0 {
			t.Errorf("asked late: silence %d", got.Silence)
		}
		b.later(t, week)
		if got := b.get(t, late.ID); got.Silence != 1 {
			t.Errorf("asked in time: silence %d", got.Silence)
		}
	})
}

// What the client said elsewhere counts from when it was said.
func TestAWordSaidElsewhereEndsTheSilenceSince(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		b.desk(t, func(d *project.Desk) { d.SilentWeeks = 4 })
		p := b.project(t, project.Integration)
		for range 3 {
			b.later(t, week)
		}
		if got := b.get(t, p.ID).Silence; got != 2 {
			t.Fatalf("silence %d", got)
		}
		must(b.Heard(t.Context(), b.ana, project.HeardInput{Project: p.ID, Contact: p.Contacts[0].ID, Channel: project.Phone, At: b.clock.Now().Add(-week - time.Hour), Text: "Seguimos."}))(t)
		if got := b.get(t, p.ID).Silence; got != 1 {
			t.Errorf("after a call of last week: silence %d", got)
		}
		must(b.Heard(t.Context(), b.ana, project.HeardInput{Project: p.ID, Contact: p.Contacts[0].ID, Channel: project.Chat, Text: "Seguimos."}))(t)
		if got := b.get(t, p.ID); got.Silence != 0 || !got.LastClientAt.Equal(b.clock.Now()) {
			t.Errorf("after a chat: silence %d, %s", got.Silence, got.LastClientAt)
		}
	})
}

// A client of Brazil is written to in Portuguese.
func TestTheClientsLanguage(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		p := b.project(t, project.Integration, func(p *project.Project) { p.Client.Country = "BR" })
		b.later(t, week)
		if b.got(carla, "Acompanhamento semanal") != 1 {
			t.Errorf("%v", b.subjects(carla))
		}
		var first posta.MessageID
		for _, m := range must(b.db.Messages(t.Context(), b.m, p.ID))(t) {
			first = m.ID
		}
		if m := must(b.db.Message(t.Context(), b.m, first))(t); strings.Contains(m.Text, "{{") || strings.Contains(m.Text, "<no value>") {
			t.Error(m.Text)
		}
	})
}
