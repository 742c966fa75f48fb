package subscription

import (
	"context"
	"sort"
	"time"

	"posta"
)

// Plan finds one. Errors: not_found.
func (s *Service) Plan(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.PlanID) (Plan, error) {
	return s.Store.Plan(ctx, m, mode, id)
}

// PlanByToken finds an active plan by the token of its public page. Errors: not_found.
func (s *Service) PlanByToken(ctx context.Context, token string) (Plan, error) {
	if token == "" {
		return Plan{}, &posta.Error{Code: posta.CodeNotFound}
	}
	return s.Store.PlanByToken(ctx, token)
}

// Plans lists a merchant's plans, newest first.
func (s *Service) Plans(ctx context.Context, f PlanFilter) ([]Plan, error) {
	return s.Store.ListPlans(ctx, f)
}

// Get finds a subscription. Errors: not_found.
func (s *Service) Get(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.SubscriptionID) (Subscription, error) {
	return s.Store.Subscription(ctx, m, mode, id)
}

// ByToken finds a subscription by the token of its buyer's page. Errors: not_found.
func (s *Service) ByToken(ctx context.Context, token string) (Subscription, error) {
	if token == "" {
		return Subscription{}, &posta.Error{Code: posta.CodeNotFound}
	}
	return s.Store.SubscriptionByToken(ctx, token)
}

// List lists a merchant's subscriptions, newest first.
func (s *Service) List(ctx context.Context, f Filter) ([]Subscription, error) {
	return s.Store.ListSubscriptions(ctx, f)
}

// Invoice finds one. Errors: not_found.
func (s *Service) Invoice(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.InvoiceID) (Invoice, error) {
	return s.Store.Invoice(ctx, m, mode, id)
}

// Invoices lists the invoices of a subscription, oldest first.
func (s *Service) Invoices(ctx context.Context, m posta.MerchantID, id posta.SubscriptionID) ([]Invoice, error) {
	return s.Store.InvoicesOf(ctx, m, id)
}

// ListInvoices lists a merchant's invoices, newest first.
func (s *Service) ListInvoices(ctx context.Context, f InvoiceFilter) ([]Invoice, error) {
	return s.Store.ListInvoices(ctx, f)
}

// Messages lists the messages to a subscription's buyer, oldest first.
func (s *Service) Messages(ctx context.Context, m posta.MerchantID, id posta.SubscriptionID) ([]Message, error) {
	return s.Store.MessagesOf(ctx, m, id)
}

// Happening is one line of a subscription's story: an event of it or of one of
// its invoices, or a message to its buyer.
type Happening struct {
	At      time.Time
	Event   *posta.Event
	Message *Message
}

// Story tells what happened to a subscription, oldest first.
func (s *Service) Story(ctx context.Context, m posta.MerchantID, id posta.SubscriptionID) ([]Happening, error) {
	events, err := s.Store.SubscriptionEvents(ctx, m, id)
	if err != nil {
		return nil, err
	}
	messages, err := s.Store.MessagesOf(ctx, m, id)
	if err != nil {
		return nil, err
	}
	var out []Happening
	for i := range events {
		out = append(out, Happening{At: events[i].CreatedAt, Event: &events[i]})
	}
	for i := range messages {
		out = append(out, Happening{At: messages[i].CreatedAt, Message: &messages[i]})
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].At.Before(out[j].At) })
	return out, nil
}

// SignUpPage is the address of a plan's public page, BuyerPage that of a buyer's
// own: the voucher to pay, or the card to change.
func (s *Service) SignUpPage(p Plan) string { return s.URL() + "/subscribe/" + p.Token }

// BuyerPage is the address of the page of a subscription's buyer.
func (s *Service) BuyerPage(sub Subscription) string { return s.URL() + "/subscription/" + sub.Public }
