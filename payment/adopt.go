package payment

import (
	"context"
	"time"

	"posta"
	"posta/provider"
)

// Adoption is a payment that the provider charged by itself: one period of a
// subscription that it runs.
type Adoption struct {
	MerchantID   posta.MerchantID
	Mode         posta.Mode
	ConnectionID posta.ConnectionID
	Attempt      string // the provider's own id of the payment
	Owner        string // the invoice that it pays
	Amount       posta.Money
	Description  string
	Reference    string
	Buyer        provider.Buyer
	Subscription string // the provider's id of the subscription
	At           time.Time
	Observation  provider.Observation // what the provider says of it, as of a charge on RailOnline
}

// Adopt makes the payment that stands for what the provider charged by itself,
// with the facts it tells; or brings the one that is there up to date, however
// often it is called. Such a payment is looked after, refunded and disputed like
// any other; the gate is not asked, since the money has moved. Errors: the store's.
func (s *Service) Adopt(ctx context.Context, a Adoption) (Payment, error) {
	news := News{Source: FromEnquiry, Observation: a.Observation}
	id, err := s.Store.Adopted(ctx, a.ConnectionID, a.Attempt)
	if posta.ErrorCode(err) == posta.CodeNotFound {
		fresh := s.adopted(a)
		news.Observation.ExternalReference = string(fresh.Payment.ID)
		if id, err = s.Store.AdoptPayment(ctx, fresh.Payment, a.Attempt, fresh.Events); err == nil && id == fresh.Payment.ID {
			s.Committed()
			return fresh.Payment, nil
		}
	}
	if err != nil {
		return Payment{}, err
	}
	news.Observation.ExternalReference = string(id)
	outcome, err := s.Apply(ctx, a.ConnectionID, news)
	return outcome.Payment, err
}

// adopted is the payment with its facts already in it: one that was stored
// without them would look like a charge that never reached its provider.
func (s *Service) adopted(a Adoption) Record {
	now := s.Clock.Now()
	p := Payment{ID: posta.NewID[posta.PaymentID](a.At), MerchantID: a.MerchantID, Mode: a.Mode, ConnectionID: a.ConnectionID, Rail: provider.RailOnline,
		Online: &provider.Online{Flow: provider.FlowDirect, Buyer: a.Buyer, Subscription: a.Subscription}, Owner: a.Owner, Amount: a.Amount,
		Reference: a.Reference, Description: a.Description, CreatedBy: "provider", Order: a.Attempt, CreateKey: posta.NewULID(now), ExpiresAt: a.At,
		CreatedAt: a.At, UpdatedAt: now, Summary: Compute(a.Amount.Amount, nil)}
	r := Record{Payment: p}
	r.Events = append(r.Events, s.event("payment.created", p, p.JSON()))
	s.apply(&r, News{Source: FromEnquiry, Observation: a.Observation})
	return r
}

// adoptedBy finds the payment of ours that an observation without our reference
// is about: one that the provider charged by itself. Errors: not_found.
func (s *Service) adoptedBy(ctx context.Context, c posta.ConnectionID, seen provider.Observation) (posta.PaymentID, error) {
	for _, f := range seen.Facts {
		attempt := f.ID
		if f.Kind == provider.FactChargeback || f.Kind == provider.FactRefund {
			attempt = f.Parent
		}
		id, err := s.Store.Adopted(ctx, c, attempt)
		if posta.ErrorCode(err) != posta.CodeNotFound {
			return id, err
		}
	}
	return "", &posta.Error{Code: posta.CodeNotFound}
}
