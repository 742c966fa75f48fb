package app

import (
	"context"
	"fmt"
	"time"

	"posta"
	"posta/account"
	"posta/project"
)

// seedDesk makes the desk: its people, how it works, and projects in all stages.
// Two of them are the demo's own way to production, on its own connections.
func (d *Demo) seedDesk(ctx context.Context, seed *Seed, qr, terminals posta.ConnectionID) error {
	as, err := d.seedPeople(ctx, seed)
	if err != nil {
		return err
	}
	desk := project.DefaultDesk(seed.Merchant)
	desk.Team, desk.Capacity = project.Address{Name: "Mesa de integraciones", Email: "mesa@posta.example"}, 5
	if _, err := d.Projects.SetDesk(ctx, as.manager, desk); err != nil {
		return err
	}
	liveQR, liveTerminals, err := d.seedLive(ctx, seed.Merchant)
	if err != nil {
		return err
	}
	s := d.newStory(as)
	s.others(ctx)
	seed.ProjectECR = s.ecr(ctx, terminals, liveTerminals)
	seed.ProjectQR = s.qr(ctx, qr, liveQR)
	s.id = ""
	s.waiting(ctx)
	return s.err
}

// seedPeople makes who works at the desk. All have the demo's password.
func (d *Demo) seedPeople(ctx context.Context, seed *Seed) (as people, err error) {
	for _, who := range []struct {
		actor       *project.Actor
		email, name string
		role        posta.Role
	}{
		{&as.integrator, "integracion@posta.example", "Irene Integración", posta.Integrator},
		{&as.second, "integracion2@posta.example", "Valeria Integración", posta.Integrator},
		{&as.manager, "proyectos@posta.example", "Marta Proyectos", posta.Manager},
		{&as.commercial, "comercial@posta.example", "Carla Comercial", posta.Commercial},
	} {
		u, err := d.Accounts.CreateUser(ctx, account.UserInput{ID: posta.NewID[posta.UserID](d.clock.Now()), MerchantID: seed.Merchant,
			Email: who.email, Name: who.name, Password: demoPassword, Role: who.role})
		if err != nil {
			return as, err
		}
		*who.actor = project.Actor{Merchant: seed.Merchant, User: u.ID, Role: u.Role}
		seed.People = append(seed.People, who.email)
	}
	return as, nil
}

// plan is a project that the demo tells of.
type plan struct {
	name, client, taxID, template string
	second                        bool // the second integrator's
}

func (s *story) input(p plan, host string) project.Input {
	in := project.Input{Name: p.name, Client: project.Client{Name: p.client, LegalName: p.client + " SRL", TaxID: p.taxID, Country: "AR"},
		Template: project.Ref{Key: p.template}, People: project.People{Integrator: s.as.integrator.User, Manager: s.as.manager.User, Commercial: s.as.commercial.User},
		Contacts: []project.Contact{{Name: "Sistemas de " + p.client, Email: "sistemas@" + host, Technical: true}, {Name: "Gerencia de " + p.client, Email: "gerencia@" + host, InCopy: true}}}
	if p.second {
		in.People.Integrator = s.as.second.User
	}
	return in
}

// others are the projects of other clients: their names and hosts are made up.
func (s *story) others(ctx context.Context) {
	for i, o := range []struct {
		plan
		days float64 // since it was begun
		tell func(*story, context.Context)
	}{
		{plan{"Tienda en línea", "Librería Inventada", "30000000015", "mercadopago_online", false}, 3, func(*story, context.Context) {}},
		{plan{"QR en cajas", "Panadería Imaginaria", "30000000023", "mercadopago_qr", false}, 6, func(s *story, ctx context.Context) {
			s.ago(ctx, 5, false)
			s.design(ctx, 8)
			s.ago(ctx, 1.5, false)
			s.ask(ctx, "Recibido, gracias. Ya leímos la guía.", false)
		}},
		// Two checks without an answer: the next one sends it back.
		{plan{"Terminales en sucursales", "Ferretería Ficticia", "30000000031", "prisma_ecr", false}, 16, func(s *story, ctx context.Context) {
			s.ago(ctx, 15.5, false)
			s.design(ctx, 20)
			s.ago(ctx, 0.2, false)
		}},
		// A question that waits for longer than its hours.
		{plan{"QR y contracargos", "Óptica Supuesta", "30000000058", "mercadopago_qr", true}, 9, func(s *story, ctx context.Context) {
			s.integrating(ctx, 8.5, 4)
			s.ago(ctx, 0.6, true)
			s.ask(ctx, "¿El aviso de pago llega también cuando la orden vence? Necesitamos cerrar el desarrollo.", true)
		}},
		{plan{"Cajas con terminal", "Supermercado Hipotético", "30000000066", "prisma_ecr", true}, 12, func(s *story, ctx context.Context) {
			s.integrating(ctx, 11, 6)
			s.ago(ctx, 4, true)
			s.ask(ctx, "¿Podemos usar dos terminales por caja?", true)
			s.ago(ctx, 3.9, true)
			s.said(ctx, "Sí: al cobrar se indica una lista de terminales y la operación sale en la primera que la toma.")
			s.ago(ctx, 2, true)
			s.try(func() error {
				_, err := s.desk.ScheduleMeeting(ctx, s.integrator(ctx), s.id, "", s.now.Add(2*day))
				return err
			})
		}},
		{plan{"Pago en línea", "Turismo Quimera", "30000000074", "mercadopago_online", true}, 7, func(s *story, ctx context.Context) {
			s.integrating(ctx, 6.5, 3)
			s.ago(ctx, 0.1, true)
			s.ask(ctx, "¿Qué datos del comprador conviene enviar?", true)
		}},
		{plan{"QR en mostrador", "Farmacia Utópica", "30000000082", "mercadopago_qr", true}, 20, func(s *story, ctx context.Context) {
			s.homologated(ctx, 19.5, 13, 6)
			s.step(s.desk.ProposeDate(ctx, s.as.manager, s.id, s.now.Add(5*day).Truncate(time.Hour)))
		}},
		{plan{"QR en puestos", "Mercado Onírico", "30000000090", "mercadopago_qr", false}, 130, func(s *story, ctx context.Context) {
			s.homologated(ctx, 129, 122, 115)
			s.open(ctx, 110)
			s.clock.Move(s.now.Add(-15 * day).Sub(s.clock.Now()))
			s.step(s.desk.ConfirmStable(ctx, s.as.manager, s.id, "Noventa días sin novedades."))
			s.elsewhere(func() {
				s.step(s.desk.HandOffTo(ctx, s.as.manager, s.id, "Soporte de comercios, soporte@posta.example"))
			})
		}},
	} {
		s.begin(ctx, o.days, s.input(o.plan, fmt.Sprintf("cliente%d.example", i+2)))
		o.tell(s, ctx)
		s.sweep(ctx)
		s.ago(ctx, 0, true)
	}
}

// integrating brings a project through design and kickoff.
func (s *story) integrating(ctx context.Context, design, kickoff float64) {
	s.ago(ctx, design, true)
	s.design(ctx, design-kickoff)
	s.ago(ctx, kickoff, true)
	s.kickoff(ctx)
}

// homologated brings a project to go-live. That of another client was homologated
// before Posta knew it: a note in its thread says so.
func (s *story) homologated(ctx context.Context, design, kickoff, golive float64) {
	s.integrating(ctx, design, kickoff)
	s.ago(ctx, golive, true)
	s.tick(ctx, "integration_finished")
	s.move(ctx, project.Homologation)
	s.try(func() error {
		_, err := s.desk.Note(ctx, s.integrator(ctx), project.NoteInput{Project: s.id, Text: "La homologación de este cliente se hizo antes de usar Posta; la constancia quedó en papel."})
		return err
	})
	s.elsewhere(func() { s.move(ctx, project.GoLive) })
}

// elsewhere does something while what other packages say of the project counts as
// met: it was looked at before Posta knew the project.
func (s *story) elsewhere(do func()) {
	stands := s.desk.Stands
	s.desk.Stands = func(context.Context, project.Project, string) (project.Standing, error) {
		return project.Standing{Met: true}, nil
	}
	do()
	s.desk.Stands = stands
}

// open opens production so many days ago, on the date that both sides confirmed.
func (s *story) open(ctx context.Context, days float64) {
	s.ago(ctx, days, true)
	date := s.clock.Now().Add(day)
	s.step(s.desk.ProposeDate(ctx, s.as.manager, s.id, date))
	s.step(s.desk.ConfirmDate(ctx, s.as.manager, s.id, date))
	s.step(s.desk.ConfirmDate(ctx, s.client(ctx), s.id, date))
	s.step(s.desk.ProductionOpened(ctx, s.as.manager, s.id))
}
