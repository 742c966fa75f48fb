package app

import (
	"context"

	"posta"
	"posta/golive"
	"posta/homologation"
	"posta/project"
	"posta/quality"
	"posta/seal"
)

// newQuality wires the measuring of integrations. What the last check of
// certificates found is the gate's to tell.
func (a *App) newQuality() *quality.Service {
	return &quality.Service{Store: a.Store, Clock: a.config.Clock, Log: a.config.Log, Committed: a.Hub.Wake, TLS: a.shopTLS}
}

// shopTLS tells what the last check of a shop's addresses found; nil where none
// was made.
func (a *App) shopTLS(ctx context.Context, m posta.MerchantID, c posta.ConnectionID) (*quality.TLS, error) {
	g, err := a.Store.Gate(ctx, m, c)
	if posta.ErrorCode(err) == posta.CodeNotFound { // of test mode
		return nil, nil
	}
	if err != nil || len(g.TLS) == 0 {
		return nil, err
	}
	out := &quality.TLS{}
	for _, r := range g.TLS {
		out.Failed = append(out.Failed, r.Failed()...)
	}
	return out, nil
}

// newGoLive wires the gate of production to what it asks, and the desk to the gate.
func (a *App) newGoLive() *golive.Service {
	s := &golive.Service{Store: a.Store, Accounts: a.Accounts, Clock: a.config.Clock, Committed: a.Hub.Wake, Template: a.Projects.Template,
		Homologated: a.Homologation.Passed, Quality: a.Quality.Standing, Opened: a.Projects.ProductionOpened, PublicURL: a.URL, NotifyURL: a.NotifyURL,
		TLS: golive.TLSOptions{Clock: a.config.Clock, Roots: a.roots}}
	a.Projects.Gate, a.Projects.Stands = s.Pilot, a.stands
	return s
}

// newHomologation wires what proves an integration. Cases are driven where the
// providers' sides are a demo's simulators.
func (a *App) newHomologation(box *seal.Box) *homologation.Service {
	c := a.config
	s := &homologation.Service{Store: a.Store, Payments: a.Payments, Settlements: a.Settlements, Open: a.Accounts.Open, Box: box,
		Clock: c.Clock, Log: c.Log, Committed: a.Hub.Wake, Say: a.Projects.Say,
		Send: func(ctx context.Context, actor project.Actor, l homologation.Letter) error {
			_, err := a.Projects.Post(ctx, actor, project.PostInput{ID: l.ID, Project: l.Project, Subject: l.Subject, Text: l.Text,
				Enclose: l.Attachments, KeepOpen: true})
			return err
		}}
	if c.Phone == "" {
		return s
	}
	driver := &Driver{Store: a.Store, Accounts: a.Accounts, Tills: a.Tills, Payments: a.Payments, Settlements: a.Settlements, Clock: c.Clock,
		Simulators: map[string]string{"mercadopago": c.Phone, "prisma": c.Terminals}}
	if shared, ok := c.Clock.(*posta.MovableClock); ok {
		driver.Move = shared.Move
	}
	s.Driver = driver
	return s
}

// stands says how a condition stands that homologation, gate or quality know.
func (a *App) stands(ctx context.Context, p project.Project, condition string) (project.Standing, error) {
	switch condition {
	case "homologation_passed":
		return a.Homologation.Passed(ctx, p)
	case "gate_open":
		return a.GoLive.GateOpen(ctx, p)
	case "quality":
		return a.qualityStands(ctx, p)
	}
	return project.Standing{}, posta.Errorf(posta.CodeInternal, "nobody says how %q stands", condition)
}

// qualityStands is the gate's item of quality as a condition.
func (a *App) qualityStands(ctx context.Context, p project.Project) (project.Standing, error) {
	if p.Live == "" {
		return project.Standing{Reason: "no_live_connection"}, nil
	}
	items, err := a.GoLive.Items(ctx, p.MerchantID, p.Live)
	for _, i := range items {
		if i.Key == golive.ItemQuality {
			return project.Standing{Met: i.Status != golive.Unmet, Reason: i.Reason, Params: i.Params, Evidence: i.Evidence}, err
		}
	}
	return project.Standing{Reason: "not_known"}, err
}
