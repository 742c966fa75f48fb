package payment

import (
	"context"

	"posta"
	"posta/provider"
)

// TakeNotice fetches what a notice speaks of and applies it: one of the
// inbox's owners. The notice itself is never believed. Errors: not_found where
// the provider does not know the resource or we do not know the payment, else
// as of provider.Connector.Fetch and Apply.
func (s *Service) TakeNotice(ctx context.Context, c posta.ConnectionID, n provider.Notice) (Outcome, error) {
	connector, err := s.Open(ctx, c)
	if err != nil {
		return Outcome{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	seen, err := connector.Fetch(ctx, n)
	if err != nil {
		return Outcome{}, err
	}
	var last Outcome
	for _, observation := range seen {
		outcome, err := s.Apply(context.WithoutCancel(ctx), c, News{Source: FromNotice, Observation: observation})
		if err != nil {
			return last, err
		}
		last = outcome
	}
	return last, nil
}
