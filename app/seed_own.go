package app

import (
	"context"

	"posta"
	"posta/project"
)

// ecr is the demo's own terminals project, ready for homologation: only its cases
// are to be run, with the provider's sheet among its documents.
func (s *story) ecr(ctx context.Context, test, live posta.ConnectionID) posta.ProjectID {
	const cuit = "30000000007"
	s.begin(ctx, 12, s.input(plan{"Terminales de La Posta", "Almacén La Posta", cuit, "prisma_ecr", false}, "cliente1.example"))
	s.integrating(ctx, 11.5, 8)
	s.tick(ctx, "internet_tills", "internet_store", "account_ready")
	by := s.integrator(ctx)
	s.step(s.desk.AskTerminals(ctx, s.client(ctx), s.id, project.TerminalRequest{Quantity: 2, Name: "Almacén La Posta", Address: "Calle Ficticia 123",
		Locality: "La Plata", Province: "Buenos Aires", PostalCode: "1900", Phone: "221 000-0000", Hours: "Lunes a viernes de 9 a 18", TaxID: cuit}))
	s.ago(ctx, 5, true)
	s.step(s.desk.Register(ctx, by, s.id, project.Registration{Owner: project.ClientSide, TaxID: cuit, LegalName: "Almacén La Posta SRL"}))
	s.step(s.desk.AddAPIs(ctx, by, s.id, project.TerminalAPIs))
	if p := s.project(ctx); s.err == nil {
		request := p.ECR.Requests[0].ID
		s.step(s.desk.SendTerminals(ctx, by, s.id, request, []string{terminalAccount.Terminals[0].ID, terminalAccount.Terminals[1].ID}, "Correo ficticio, envío 000123"))
		s.ago(ctx, 3, true)
		s.step(s.desk.ReceiveTerminals(ctx, s.client(ctx), s.id, request))
	}
	s.tick(ctx, "token", "intent_consulted", "reversal_refund", "batch_close", "lost_answer", "integration_finished")
	s.step(s.desk.AskPassage(ctx, by, s.id))
	s.ago(ctx, 1, true)
	s.step(s.desk.EndPassage(ctx, by, s.id, "INC-000001"))
	s.own(ctx, test, live)
	sheet, err := sampleSheet()
	s.step(project.Project{}, err)
	s.attach(ctx, sheet)
	s.ago(ctx, 0, true)
	return s.id
}

// qr is the demo's own QR project, in homologation.
func (s *story) qr(ctx context.Context, test, live posta.ConnectionID) posta.ProjectID {
	s.begin(ctx, 11, s.input(plan{"QR de La Posta", "Almacén La Posta", "30000000007", "mercadopago_qr", true}, "cliente1.example"))
	s.integrating(ctx, 10.5, 6)
	s.tick(ctx, "account_ready", "stores_created", "qr_shown", "notifications_url", "integration_finished")
	s.ago(ctx, 1, true)
	s.own(ctx, test, live)
	s.ago(ctx, 0, true)
	return s.id
}

// own puts the project on the demo's connections and into homologation.
func (s *story) own(ctx context.Context, test, live posta.ConnectionID) {
	s.step(s.desk.Edit(ctx, s.integrator(ctx), s.id, project.Changes{Test: &test, Live: &live}))
	s.move(ctx, project.Homologation)
}

// waiting fills the first integrator's places and leaves one project waiting for
// the next that is free.
func (s *story) waiting(ctx context.Context) {
	for _, o := range []struct {
		plan
		days float64
	}{
		{plan{"Terminales en feria", "Vivero Fantasía", "30000000104", "prisma_ecr", false}, 4},
		{plan{"QR en barra", "Café Espejismo", "30000000112", "mercadopago_qr", false}, 3},
	} {
		s.begin(ctx, o.days, s.input(o.plan, "cliente-"+o.taxID+".example"))
		s.ago(ctx, o.days-0.5, false)
		s.design(ctx, 9)
		s.ago(ctx, 0, false)
	}
	s.begin(ctx, 2, s.input(plan{"Terminales en hotel", "Hotel Ensueño", "30000000120", "prisma_ecr", false}, "cliente-30000000120.example"))
	s.ago(ctx, 1, false)
	s.try(func() error {
		_, err := s.desk.Reprioritise(ctx, s.as.commercial, s.id)
		return err
	})
	s.ago(ctx, 0, false)
}
