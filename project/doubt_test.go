package project_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"posta"
	"posta/mail"
	"posta/project"
	"posta/sim/mailbox"
	"posta/work"
)

// Who answers a mail that is only among the desk's people, a warning of a clock
// say, does not write to the client.
func TestAnAnswerToAMemoStaysWithTheTeam(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		p := b.project(t, project.Integration)
		b.ask(t, p)
		b.later(t, 5*time.Hour)
		ana := b.address(t, b.ana)
		c := b.thread(t, p)
		note := c.Messages[slices.IndexFunc(c.Messages, func(m project.Message) bool { return m.Kind == project.Note })]
		letters := b.post.Letters(ana)
		memo := letters[slices.IndexFunc(letters, func(l mailbox.Letter) bool { return strings.Contains(l.MessageID, note.MailID) })]
		if strings.Contains(memo.ReplyTo, p.ReplyToken) {
			t.Errorf("an answer would go to the client: %s", memo.ReplyTo)
		}
		before := len(b.post.Letters(carla))
		in := b.inbound(p, ana, "Este cliente nos vuelve locos, lo veo mañana.")
		in.InReplyTo, in.References = memo.MessageID, []string{memo.MessageID}
		if m := must(b.Receive(t.Context(), in))(t); m.Kind != project.Note {
			t.Errorf("it is %s", m.Kind)
		}
		b.later(t, time.Minute)
		if n := len(b.post.Letters(carla)); n != before {
			t.Errorf("the client got %d more", n-before)
		}
		if !b.clocks(t, p)[0].Open() {
			t.Error("it answered the client's question")
		}
		if c := must(b.Thread(t.Context(), b.carla(p), p.ID))(t); len(c.Messages) != 1 {
			t.Errorf("the client sees %d messages", len(c.Messages))
		}
	})
}

// handing takes what a sweep hands out, to be done later.
func handing(t *testing.T, s *project.Service) (handles []func()) {
	t.Helper()
	must(s.SweepMail(t.Context(), func(handle func()) { handles = append(handles, handle) }))(t)
	return handles
}

// Promise 60: a mail that waited in line for longer than its lease, behind a slow
// mail server, is left to who took it meanwhile; a clock that is moved while a
// mail is on its way does not send it twice.
func TestP60_AMailThatWaitedInLineIsNotSentTwice(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		p := b.project(t, project.Integration)
		must(b.Post(t.Context(), b.ana, project.PostInput{Project: p.ID, Subject: "Cierre", Text: "Desde hoy los atiende soporte."}))(t)
		waiting := handing(t, b.Service)
		b.clock.Move(6 * time.Minute)
		for _, handle := range handing(t, b.replica(t, b.sender(t))) {
			handle()
		}
		for _, handle := range waiting {
			handle()
		}
		b.later(t, time.Hour)
		if got := b.letters(carla, "Cierre"); len(got) != 1 {
			t.Errorf("waited in line: %d mails", len(got))
		}

		must(b.Post(t.Context(), b.ana, project.PostInput{Project: p.ID, Subject: "Otro cierre", Text: "Desde hoy los atiende soporte."}))(t)
		real := b.Mail
		moved := false
		b.Mail = during(func(ctx context.Context, m mail.Message) error {
			if !moved {
				moved = true
				b.clock.Move(time.Hour)
				fine(t, work.Once(ctx, work.Sweep{Run: b.SweepMail}))
			}
			return real.Send(ctx, m)
		})
		b.later(t, 0)
		if got := b.letters(carla, "Otro cierre"); len(got) != 1 {
			t.Errorf("moved meanwhile: %d mails", len(got))
		}
	})
}

type during func(ctx context.Context, m mail.Message) error

func (d during) Send(ctx context.Context, m mail.Message) error { return d(ctx, m) }

// Promise 52: whatever a contact does on the project's page is a word of the
// client's.
func TestP52_WhatAContactDoesIsNoSilence(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		for name, do := range map[string]func(p project.Project) error{
			"a document": func(p project.Project) error {
				_, err := b.Attach(t.Context(), b.carla(p), project.Upload{Project: p.ID, File: project.File{Name: "plano.pdf", Data: []byte("x")}})
				return err
			},
			"a tick": func(p project.Project) error {
				_, err := b.Tick(t.Context(), b.carla(p), p.ID, "internet_tills", project.Tick{})
				return err
			},
			"a date": func(p project.Project) error {
				_, err := b.ProposeDate(t.Context(), b.carla(p), p.ID, b.clock.Now().Add(30*24*time.Hour))
				return err
			},
		} {
			p := b.project(t, project.Integration)
			b.later(t, week)
			b.later(t, week)
			if p := b.get(t, p.ID); p.Silence != 1 {
				t.Fatalf("%s: silence %d", name, p.Silence)
			}
			fine(t, do(p))
			if p := b.get(t, p.ID); p.Silence != 0 || !p.LastClientAt.Equal(b.clock.Now()) {
				t.Errorf("%s: silence %d, last heard %s", name, p.Silence, p.LastClientAt)
			}
			b.later(t, week)
			if p := b.get(t, p.ID); p.Stage != project.Integration {
				t.Errorf("%s: went back", name)
			}
			b.alter(t, p.ID, func(p *project.Project) { p.DueAt = time.Time{} })
		}
	})
}

// Promise 52: nobody goes back unwarned, also when the desk allows fewer silent
// weeks from now on.
func TestP52_WarnedAlsoWhenTheDeskBecomesStricter(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		b.desk(t, func(d *project.Desk) { d.SilentWeeks = 5 })
		p := b.project(t, project.Integration)
		for range 4 {
			b.later(t, week)
		}
		if p := b.get(t, p.ID); p.Silence != 3 || b.got(carla, warning) != 0 {
			t.Fatalf("silence %d, %v", p.Silence, b.subjects(carla))
		}
		b.desk(t, func(d *project.Desk) { d.SilentWeeks = 2 })
		b.later(t, week)
		if p := b.get(t, p.ID); p.Stage != project.Integration || b.got(carla, warning) != 1 {
			t.Errorf("%s, %v", p.Stage, b.subjects(carla))
		}
		b.later(t, week)
		if p := b.get(t, p.ID); p.Stage != project.Backlog || b.events(t, p, "returned") != 1 {
			t.Errorf("%s, %v", p.Stage, b.subjects(carla))
		}
	})
}

// Promise 51: an answer stops its clock also on a machine whose clock was set
// back since the question.
func TestP51_AnAnswerAfterAJumpBack(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		p := b.project(t, project.Integration)
		b.ask(t, p)
		second := b.ask(t, p)
		b.clock.Move(-time.Hour)
		must(b.Post(t.Context(), b.ana, project.PostInput{Project: p.ID, Text: "Con una reversa.", Answers: []posta.ClockID{second.Clock}}))(t)
		for _, c := range b.clocks(t, p) {
			if c.Open() == (c.ID == second.Clock) || c.Took < 0 {
				t.Errorf("named: %+v", c)
			}
		}
		b.answer(t, p)
		for _, c := range b.clocks(t, p) {
			if c.Open() || c.StoppedAt.Before(c.StartedAt) {
				t.Errorf("all: %+v", c)
			}
		}
	})
}

// Promise 59: an identifier that somebody chose finds nothing that is another
// project's, or the team's.
func TestP59_AChosenIdentifierShowsNothing(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		p, other := b.project(t, project.Integration), b.project(t, project.Integration)
		secret := must(b.Attach(t.Context(), b.ana, project.Upload{Project: other.ID, Internal: true, File: project.File{Name: "secreto.txt", Data: []byte("CANARIO")}}))(t)
		got, err := b.Attach(t.Context(), b.carla(p), project.Upload{ID: secret.ID, Project: p.ID, File: project.File{Name: "x.txt", Data: []byte("x")}})
		if posta.ErrorCode(err) != posta.CodeConflict || len(got.Data) > 0 || got.Name != "" {
			t.Errorf("%+v, %v", got, err)
		}
		own := must(b.Attach(t.Context(), b.ana, project.Upload{Project: p.ID, Internal: true, File: project.File{Name: "interno.txt", Data: []byte("CANARIO")}}))(t)
		got, err = b.Attach(t.Context(), b.carla(p), project.Upload{ID: own.ID, Project: p.ID, File: project.File{Name: "x.txt", Data: []byte("x")}})
		if posta.ErrorCode(err) != posta.CodeConflict || got.Name != "" {
			t.Errorf("%+v, %v", got, err)
		}
		again := project.Upload{ID: posta.NewID[posta.AttachmentID](b.clock.Now()), Project: p.ID, File: project.File{Name: "x.txt", Data: []byte("x")}}
		first := must(b.Attach(t.Context(), b.carla(p), again))(t)
		if repeat := must(b.Attach(t.Context(), b.carla(p), again))(t); repeat.ID != first.ID || len(repeat.Data) > 0 {
			t.Errorf("%+v", repeat)
		}
		note := must(b.Note(t.Context(), b.ana, project.NoteInput{Project: p.ID, Text: "CANARIO"}))(t)
		m, err := b.Ask(t.Context(), b.carla(p), project.AskInput{ID: note.ID, Project: p.ID, Text: "¿Qué dicen de mí?"})
		if posta.ErrorCode(err) != posta.CodeConflict || strings.Contains(m.Text, "CANARIO") {
			t.Errorf("%+v, %v", m, err)
		}
	})
}

// Promise 52: a free place is for who waits longest, not for who comes along
// before the list was looked at.
func TestP52_NobodyOvertakesTheWaitingList(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		b.desk(t, func(d *project.Desk) { d.Capacity = 1 })
		busy := b.project(t, project.Integration)
		waits := b.project(t, project.Backlog)
		must(b.Reprioritise(t.Context(), b.seller, waits.ID))(t)
		fresh := b.project(t, project.Backlog)
		lent := b.project(t, project.Integration, func(p *project.Project) { p.People.Integrator = b.luz.User })
		b.alter(t, busy.ID, func(p *project.Project) { p.Stage, p.DueAt = project.HandedOff, time.Time{} }) // and the hub is killed
		_, err := b.Move(t.Context(), b.ana, fresh.ID, project.Design, "")
		refused(t, err, posta.CodeConflict, "capacity")
		people := lent.People
		people.Integrator = b.ana.User
		_, err = b.SetPeople(t.Context(), b.manager, lent.ID, people)
		refused(t, err, posta.CodeConflict, "capacity")
		b.later(t, 0)
		if p := b.get(t, waits.ID); p.Stage != project.Design {
			t.Errorf("who waits is in %s", p.Stage)
		}
	})
}

// What the desk found good before the days of monitoring were over, it has not
// watched to their end.
func TestMonitoringIsFoundGoodAtItsEnd(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		p := b.project(t, project.GoLive, func(p *project.Project) { p.DueAt = time.Time{} })
		b.clock.Move(time.Hour)
		must(b.ProductionOpened(t.Context(), b.manager, p.ID))(t)
		stands := func() (out project.Condition) {
			b.Stands = func(context.Context, project.Project, string) (project.Standing, error) {
				return project.Standing{Met: true}, nil
			}
			for _, c := range must(b.Ready(t.Context(), b.ana, p.ID))(t).Conditions {
				if c.Key == "monitored" {
					out = c
				}
			}
			return out
		}
		must(b.ConfirmStable(t.Context(), b.ana, p.ID, "El primer día, bien."))(t)
		b.clock.Move(90 * 24 * time.Hour)
		if c := stands(); c.Met || c.Reason != "not_looked_at" {
			t.Errorf("%+v", c.Standing)
		}
		must(b.ConfirmStable(t.Context(), b.ana, p.ID, "Noventa días, bien."))(t)
		if c := stands(); !c.Met {
			t.Errorf("%+v", c.Standing)
		}
	})
}

// Promise 60: without anybody at the client to tell, nothing is handed off.
func TestP60_HandOffNeedsSomebodyToTell(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		b.Stands = func(context.Context, project.Project, string) (project.Standing, error) {
			return project.Standing{Met: true}, nil
		}
		p := b.project(t, project.GoLive, func(p *project.Project) {
			now := b.clock.Now()
			p.DueAt = time.Time{}
			p.ECR.Production = []string{"1"}
			p.Pilot = project.Pilot{StartedAt: now, EndedAt: now, Outcome: project.PilotWidened}
			p.Date = project.Date{At: now, ClientSaid: now, TeamSaid: now, OpenedAt: now.AddDate(0, 0, -91), StableConfirm: now}
		})
		fine(t, b.RemoveContact(t.Context(), b.ana, p.ID, p.Contacts[0].ID))
		_, err := b.HandOffTo(t.Context(), b.ana, p.ID, "Soporte")
		refused(t, err, posta.CodeInvalid, "contacts")
		if p := b.get(t, p.ID); p.Stage != project.GoLive {
			t.Errorf("%s", p.Stage)
		}
		must(b.AddContact(t.Context(), b.ana, p.ID, project.Contact{Name: "Eva", Email: "eva@norte.example"}))(t)
		must(b.HandOffTo(t.Context(), b.ana, p.ID, "Soporte"))(t)
		b.later(t, 0)
		if got := b.post.Letters("eva@norte.example"); len(got) != 1 {
			t.Errorf("%d mails", len(got))
		}
	})
}

// Terminals that were sent back are not there to homologate with; what stands on
// another's homologation is settled before that stage, also from the backlog.
func TestWhatIsGoneDoesNotCount(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		now := b.clock.Now()
		p := b.project(t, project.Integration, func(p *project.Project) {
			p.ECR.Requests = []project.TerminalRequest{{ID: "1", Terminals: []string{"9"}, AskedAt: now, SentAt: now, ReceivedAt: now, ReturnedAt: now}}
		})
		for _, c := range must(b.Ready(t.Context(), b.ana, p.ID))(t).Conditions {
			if c.Key == "terminals_received" && c.Met {
				t.Errorf("%+v", c)
			}
		}
		p = b.project(t, project.Backlog, func(p *project.Project) {
			p.ReturnTo, p.Preintegrated = project.GoLive, "prj_x"
		})
		_, err := b.UsePreintegrated(t.Context(), b.ana, p.ID, "")
		refused(t, err, posta.CodeState, "golive")
	})
}

// Promise 59: who signed in by the old address of a contact does not stay signed
// in as the person that the new one is of.
func TestP59_AnotherAddressIsAnotherContact(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		p := b.project(t, project.Integration)
		old := p.Contacts[0]
		named := old
		named.Name = "Carla N."
		if c := must(b.ChangeContact(t.Context(), b.ana, p.ID, named))(t); c.ID != old.ID {
			t.Errorf("another name made another contact: %+v", c)
		}
		moved := named
		moved.Email = "eva@norte.example"
		c := must(b.ChangeContact(t.Context(), b.ana, p.ID, moved))(t)
		if _, _, err := b.ContactActor(t.Context(), b.m, p.ID, old.ID); posta.ErrorCode(err) != posta.CodeNotFound {
			t.Errorf("still signed in: %v", err)
		}
		if _, _, err := b.ContactActor(t.Context(), b.m, p.ID, c.ID); err != nil || c.Email != moved.Email || c.Technical != old.Technical {
			t.Errorf("%+v, %v", c, err)
		}
		if b.events(t, p, "contact_changed") != 2 {
			t.Error("not told")
		}
		if m := must(b.Receive(t.Context(), b.inbound(p, old.Email, "¿Sigo aquí?")))(t); m.Detail != project.DetailUnknown {
			t.Errorf("the old address speaks for the client: %+v", m)
		}
	})
}

// A mail that waited for the mail server does not go to who takes part no more.
func TestAQueuedMailSparesWhoLeft(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		p := b.project(t, project.Integration)
		eva := must(b.AddContact(t.Context(), b.ana, p.ID, project.Contact{Name: "Eva", Email: "eva@norte.example"}))(t)
		must(b.Post(t.Context(), b.ana, project.PostInput{Project: p.ID, Subject: "Claves", Text: "Confidencial."}))(t)
		fine(t, b.RemoveContact(t.Context(), b.ana, p.ID, eva.ID))
		b.later(t, 0)
		if len(b.letters("eva@norte.example", "Claves")) != 0 || len(b.letters(carla, "Claves")) != 1 {
			t.Errorf("%v", b.post.Letters(""))
		}
	})
}

// What events tell goes to every program of the merchant and stays: addresses,
// phones and tax numbers of the client's people are not in it.
func TestEventsTellNobodysAddress(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		p := b.project(t, project.Integration)
		client := project.Client{Name: "Supermercado Norte", TaxID: "30-00000000-7", Country: "AR"}
		must(b.Edit(t.Context(), b.ana, p.ID, project.Changes{Client: &client}))(t)
		c := must(b.AddContact(t.Context(), b.ana, p.ID, project.Contact{Name: "Eva", Email: "eva.canario@norte.example", Phone: "+54 11 5555 0199"}))(t)
		c.Phone = "+54 11 5555 0188"
		must(b.ChangeContact(t.Context(), b.ana, p.ID, c))(t)
		fine(t, b.RemoveContact(t.Context(), b.ana, p.ID, c.ID))
		must(b.Register(t.Context(), b.ana, p.ID, project.Registration{Owner: project.ClientSide, TaxID: "30-00000000-7", LegalName: "Norte SA"}))(t)
		must(b.AskTerminals(t.Context(), b.ana, p.ID, project.TerminalRequest{Quantity: 1, Name: "Eva", Address: "Calle 1", Locality: "La Plata", Province: "Buenos Aires",
			PostalCode: "1900", Phone: "+54 11 5555 0199", Hours: "9 a 18", TaxID: "30-00000000-7"}))(t)
		must(b.Receive(t.Context(), b.inbound(p, "otra.canario@norte.example", "Hola")))(t)
		m := must(b.Post(t.Context(), b.ana, project.PostInput{Project: p.ID, Subject: "Guía", Text: "Hola."}))(t)
		b.later(t, 0)
		fine(t, b.post.Bounce(t.Context(), b.letters(carla, "Guía")[0].ID, carla, false))
		if got := must(b.db.Message(t.Context(), b.m, m.ID))(t); got.State != project.Bounced {
			t.Fatalf("%s", got.State)
		}
		for _, e := range must(b.db.ProjectEvents(t.Context(), b.m, p.ID))(t) {
			for _, personal := range []string{"eva.canario", "otra.canario", "carla@", "5555", "30000000007", "Calle 1"} {
				if strings.Contains(string(e.Data), personal) {
					t.Errorf("%s tells %s: %s", e.Type, personal, e.Data)
				}
			}
		}
	})
}
