package app

import (
	"context"
	"time"

	"posta"
	"posta/mail"
	"posta/project"
)

// day is how far back things lie that the demo tells of.
const day = 24 * time.Hour

// story tells the past of the demo's projects: through the desk's own service,
// on a clock of its own that lags behind, whose mails count as delivered. The
// first error ends it.
type story struct {
	desk  *project.Service
	clock *posta.MovableClock
	now   time.Time
	as    people
	id    posta.ProjectID // of the project that is told of
	err   error
}

// people are the demo's desk.
type people struct{ integrator, second, manager, commercial project.Actor }

// delivered sends nothing: what it is given was sent long ago.
type delivered struct{}

func (delivered) Send(context.Context, mail.Message) error { return nil }

// newStory begins at the desk as it is.
func (d *Demo) newStory(as people) *story {
	now, desk := d.clock.Now(), d.Projects
	s := &story{now: now, as: as, clock: posta.NewFrozenClock(now)}
	s.desk = &project.Service{Store: desk.Store, Clock: s.clock, Log: desk.Log, Committed: desk.Committed, Person: desk.Person, Team: desk.Team,
		Connection: desk.Connection, Location: desk.Location, Country: desk.Country, Say: desk.Say, Mail: delivered{}, MailFrom: desk.MailFrom,
		URL: desk.URL, Stands: desk.Stands, Gate: desk.Gate}
	return s
}

// ago goes to a moment so many days back; weekly checks that fall before it are
// made, and the client answers them where answers says so.
func (s *story) ago(ctx context.Context, days float64, answers bool) {
	to := s.now.Add(-time.Duration(days * float64(day)))
	for s.err == nil && s.id != "" {
		p := s.project(ctx)
		if p.DueAt.IsZero() || p.DueAt.After(to) {
			break
		}
		if answers {
			s.clock.Move(p.DueAt.Add(-2 * time.Hour).Sub(s.clock.Now()))
			s.ask(ctx, "Seguimos avanzando según lo previsto.", false)
		}
		s.clock.Move(p.DueAt.Sub(s.clock.Now()))
		s.sweep(ctx)
	}
	if s.err == nil {
		s.clock.Move(to.Sub(s.clock.Now()))
	}
}

// sweep makes what is due at the story's moment.
func (s *story) sweep(ctx context.Context) {
	for _, due := range []func(context.Context, func(func())) (int, error){s.desk.SweepClocks, s.desk.SweepFollowUps, s.desk.SweepMail} {
		s.try(func() error {
			_, err := due(ctx, func(do func()) { do() })
			return err
		})
	}
}

func (s *story) try(do func() error) {
	if s.err == nil {
		s.err = do()
	}
}

// step is try for what gives the project back.
func (s *story) step(_ project.Project, err error) {
	if s.err == nil {
		s.err = err
	}
}

func (s *story) project(ctx context.Context) (p project.Project) {
	s.try(func() (err error) {
		p, err = s.desk.Get(ctx, s.as.manager, s.id)
		return err
	})
	return p
}

// begin creates a project, so many days ago.
func (s *story) begin(ctx context.Context, days float64, in project.Input) {
	s.id = ""
	s.ago(ctx, days, false)
	s.try(func() error {
		p, err := s.desk.Create(ctx, s.as.commercial, in)
		s.id = p.ID
		return err
	})
}

// said is a message of the integrator's.
func (s *story) said(ctx context.Context, text string) {
	s.try(func() error {
		_, err := s.desk.Post(ctx, s.integrator(ctx), project.PostInput{Project: s.id, Text: text})
		return err
	})
	s.sweep(ctx)
}

// ask is a message of the client's first contact.
func (s *story) ask(ctx context.Context, text string, question bool) {
	s.try(func() error {
		_, err := s.desk.Ask(ctx, s.client(ctx), project.AskInput{Project: s.id, Text: text, NoAnswer: !question})
		return err
	})
	s.sweep(ctx)
}

// client is the project's first contact.
func (s *story) client(ctx context.Context) project.Actor {
	p := s.project(ctx)
	if s.err != nil {
		return project.Actor{}
	}
	return project.Actor{Merchant: p.MerchantID, Project: p.ID, Contact: p.Contacts[0].ID}
}

// integrator is who integrates the project.
func (s *story) integrator(ctx context.Context) project.Actor {
	if s.project(ctx).People.Integrator == s.as.second.User {
		return s.as.second
	}
	return s.as.integrator
}

func (s *story) tick(ctx context.Context, keys ...string) {
	for _, key := range keys {
		if s.err == nil {
			s.step(s.desk.Tick(ctx, s.integrator(ctx), s.id, key, project.Tick{}))
		}
	}
}

func (s *story) move(ctx context.Context, to project.Stage) {
	if s.err == nil {
		s.step(s.desk.Move(ctx, s.integrator(ctx), s.id, to, ""))
	}
}

// attach hands a document over.
func (s *story) attach(ctx context.Context, f project.File) {
	s.try(func() error {
		_, err := s.desk.Attach(ctx, s.integrator(ctx), project.Upload{Project: s.id, File: f})
		return err
	})
}

// design does all of design but the kickoff, which is to be in so many days.
func (s *story) design(ctx context.Context, kickoff float64) {
	s.move(ctx, project.Design)
	s.said(ctx, "Buenos días. Les damos la bienvenida al proyecto. ¿Nos confirman que recibieron este correo?")
	s.tick(ctx, "business_model_understood", "solution_chosen")
	s.attach(ctx, project.File{Name: "guia-de-integracion.txt", Type: "text/plain", Data: []byte("Guía de integración (documento ficticio de la demostración).\n")})
	opening := s.clock.Now().Add(45 * day)
	s.try(func() error {
		_, err := s.desk.Edit(ctx, s.integrator(ctx), s.id, project.Changes{Approximate: &opening})
		return err
	})
	at := s.clock.Now().Add(time.Duration(kickoff * float64(day)))
	s.try(func() error {
		_, _, err := s.desk.PlanKickoff(ctx, s.integrator(ctx), s.id, project.KickoffPlan{At: at, Development: at.Add(3 * day)})
		return err
	})
}

// kickoff holds the kickoff now, which brings the project into integration.
func (s *story) kickoff(ctx context.Context) {
	p := s.project(ctx)
	s.try(func() error {
		_, _, err := s.desk.HoldKickoff(ctx, s.integrator(ctx), s.id, project.KickoffMinutes{
			Attendees: []project.Attendee{{Name: p.Contacts[0].Name, Side: project.ClientSide, Technical: true}, {Name: "Integración", Side: project.TeamSide, Technical: true}},
			Channels:  []project.Channel{project.Email, project.Checkpoint}, FollowUp: "Reunión de seguimiento cada semana",
			Activities: []project.Activity{{What: "Primer cobro de prueba", Owner: p.Contacts[0].Name, Due: s.clock.Now().Add(7 * day)}}})
		return err
	})
}
