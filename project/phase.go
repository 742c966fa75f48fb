package project

import (
	"context"
	"slices"
)

// phase is the row of the channel table that a project is in; "" once it is
// handed off. Presales last until design has ended and a kickoff is planned,
// the kickoff until it was held; homologation is supported as integration is.
func (p Project) phase(designed bool) Phase {
	switch p.Stage {
	case Integration, Homologation:
		return IntegrationPhase
	case GoLive:
		return GoLivePhase
	case HandedOff:
		return ""
	case Design:
		switch {
		case !p.Kickoff.HeldAt.IsZero():
			return IntegrationPhase
		case !p.Kickoff.PlannedAt.IsZero() && designed:
			return KickoffPhase
		}
	}
	return Presales
}

// allows reports whether a channel is one of the row's. The client's page of
// the project counts as e-mail.
func (s Support) allows(c Channel) bool {
	return slices.Contains(s.Channels, c) || c == Portal && slices.Contains(s.Channels, Email)
}

// designed reports whether design asks for nothing more.
func (s *Service) designed(ctx context.Context, p Project, t Template) (bool, error) {
	rules := t.Rule(Design).Exit
	l, err := s.look(ctx, p, rules...)
	return err == nil && !slices.ContainsFunc(l.of(Design, rules), Condition.Blocks), err
}
