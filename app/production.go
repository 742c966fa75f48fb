package app

import (
	"context"

	"posta"
	"posta/golive"
	"posta/quality"
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
		Quality: a.Quality.Standing, Opened: a.Projects.ProductionOpened, PublicURL: a.URL, NotifyURL: a.NotifyURL,
		TLS: golive.TLSOptions{Clock: a.config.Clock, Roots: a.roots}}
	a.Projects.Gate = s.Pilot
	return s
}

// shopTLS is what the last check of the addresses of a connection's shop found;
// nil before there was one.
func (a *App) shopTLS(ctx context.Context, m posta.MerchantID, c posta.ConnectionID) (*quality.TLS, error) {
	g, err := a.Store.Gate(ctx, m, c)
	if posta.ErrorCode(err) == posta.CodeNotFound || err == nil && len(g.TLS) == 0 {
		return nil, nil // a test connection has no gate
	}
	found := &quality.TLS{}
	for _, r := range g.TLS {
		found.Failed = append(found.Failed, r.Failed()...)
	}
	return found, err
}
