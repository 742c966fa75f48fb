package payment

import (
	"context"

	"posta"
	"posta/provider"
)

// TakeNotice fetches what a notice speaks of and applies it: one of the
// inbox's owners. The notice itself is never believed. What bears no reference
// of ours gives no payment and no error. Errors: not_found where the provider
// does not know the resource or we do not know the payment (yet), else as of
// provider.Connector.Fetch and Apply.
func (s *Service) TakeNotice(ctx context.Context, c posta.ConnectionID, n provider.Notice) (Outcome, error) {
	connector, err := s.Open(ctx, c)
	if err != nil {
		return Outcome{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	seen, err := connector.Fetch(ctx, n)
	var last Outcome
	for _, observation := range seen {
		if _, notOurs := posta.ParseID[posta.PaymentID](observation.ExternalReference); notOurs != nil {
			adopted, unknown := s.adoptedBy(ctx, c, observation)
			if posta.ErrorCode(unknown) == posta.CodeNotFound {
				continue // the account sells elsewhere too
			}
			if unknown != nil {
				return last, unknown
			}
			observation.ExternalReference = string(adopted)
		}
		outcome, applyErr := s.Apply(context.WithoutCancel(ctx), c, News{Source: FromNotice, Observation: observation})
		if applyErr != nil {
			return last, applyErr
		}
		last = outcome
	}
	return last, err
}
