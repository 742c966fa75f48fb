package mercadopago

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"

	"posta"
	"posta/provider"
)

var _ provider.Subscriber = (*connector)(nil)

// preapproval is what we read of a subscription, docs/providers/mercadopago-online.md §3.2.
type preapproval struct {
	ID                string `json:"id"`
	Version           text   `json:"version"`
	Plan              string `json:"preapproval_plan_id"`
	ExternalReference text   `json:"external_reference"`
	Status            string `json:"status"`
	URL               string `json:"init_point"`
	Next              string `json:"next_payment_date"`
	Method            string `json:"payment_method_id"`
	Card              text   `json:"card_id"`
	Created           string `json:"date_created"`
	Updated           string `json:"last_modified"`
	Recurring         struct {
		Amount   text           `json:"transaction_amount"`
		Currency posta.Currency `json:"currency_id"`
	} `json:"auto_recurring"`
	Summary struct {
		Health string `json:"semaphore"`
	} `json:"summarized"`
}

// preapprovalStatus is a subscription's status in our words; one l is written too.
var preapprovalStatus = map[string]provider.SubscriptionStatus{
	"pending": provider.SubscriptionPending, "authorized": provider.SubscriptionActive, "paused": provider.SubscriptionPaused,
	"cancelled": provider.SubscriptionCanceled, "canceled": provider.SubscriptionCanceled, "finished": provider.SubscriptionCanceled,
}

// wireStatus is what a change writes.
var wireStatus = map[provider.SubscriptionStatus]string{
	provider.SubscriptionActive: "authorized", provider.SubscriptionPaused: "paused", provider.SubscriptionCanceled: "cancelled",
}

func (c *connector) subscriptionFact(p preapproval) (provider.SubscriptionFact, error) {
	status, known := preapprovalStatus[p.Status]
	if p.ID == "" || !known {
		return provider.SubscriptionFact{}, posta.Errorf(posta.CodeProviderUnavailable, "the answer is no subscription of a known status: %.20q", p.Status)
	}
	amount, err := readAmount(p.Recurring.Amount, p.Recurring.Currency)
	return provider.SubscriptionFact{Ref: p.ID, Reference: string(p.ExternalReference), Plan: p.Plan, Version: p.Version.number(), Status: status, URL: p.URL,
		At: moment(c.clock.Now(), p.Updated, p.Created), Amount: posta.Money{Amount: amount, Currency: p.Recurring.Currency},
		NextAt: moment(moment0, p.Next), Method: p.Method, Card: string(p.Card), Health: p.Summary.Health}, err
}

// Subscribe makes a subscription. With a token it is of the plan and begins at
// once. Without one a plan can only be signed up to at its own page, and the fact
// has no Ref; where the plan has nothing that needs it, the subscription is made
// pending, with a page of its own that knows our reference (§3.2).
func (c *connector) Subscribe(ctx context.Context, s provider.Subscription, key string) (provider.SubscriptionFact, error) {
	body := struct {
		Plan              string         `json:"preapproval_plan_id,omitempty"`
		Reason            string         `json:"reason"`
		ExternalReference string         `json:"external_reference"`
		Email             string         `json:"payer_email"`
		Token             string         `json:"card_token_id,omitempty"`
		Recurring         *recurringBody `json:"auto_recurring,omitempty"`
		BackURL           string         `json:"back_url,omitempty"`
		Status            string         `json:"status"`
	}{Reason: s.Plan.Name, ExternalReference: string(s.ID), Email: s.Buyer.Email, Token: s.Token, BackURL: s.Return, Status: "pending"}
	switch {
	case s.Token != "":
		body.Plan, body.Status = s.Plan.Ref, "authorized"
	case s.Plan.Repetitions > 0 || s.Plan.BillingDay > 0:
		return c.signUpAtPlan(ctx, s)
	default:
		terms, err := recurring(s.Plan, s.Amount)
		if err != nil {
			return provider.SubscriptionFact{}, err
		}
		body.Recurring = &terms
	}
	var made preapproval
	if err := c.must(ctx, call{method: http.MethodPost, path: path("preapproval"), key: key, body: body}, &made); err != nil {
		return provider.SubscriptionFact{}, err
	}
	return c.subscriptionFact(made)
}

// signUpAtPlan gives the page of the plan: what is signed there has no reference
// of ours and is found by plan and buyer.
func (c *connector) signUpAtPlan(ctx context.Context, s provider.Subscription) (provider.SubscriptionFact, error) {
	var p plan
	if err := c.must(ctx, call{method: http.MethodGet, path: path("preapproval_plan", s.Plan.Ref)}, &p); err != nil {
		return provider.SubscriptionFact{}, err
	}
	fact, err := c.planFact(p)
	return provider.SubscriptionFact{Plan: fact.Ref, URL: fact.URL, At: fact.At, Status: provider.SubscriptionPending, Amount: s.Amount}, err
}

// Subscription asks what became of one. Its rows in a search tell less than it
// does itself, and the search does not choose by our reference (§3.2).
func (c *connector) Subscription(ctx context.Context, s provider.Subscription) (provider.SubscriptionFact, error) {
	if s.Ref == "" {
		var err error
		if s.Ref, err = c.findPreapproval(ctx, s); err != nil {
			return provider.SubscriptionFact{}, err
		}
	}
	var p preapproval
	if err := c.must(ctx, call{method: http.MethodGet, path: path("preapproval", s.Ref)}, &p); err != nil {
		return provider.SubscriptionFact{}, err
	}
	return c.subscriptionFact(p)
}

// findPreapproval looks for one that bears our reference, else for one that the
// buyer signed at the plan's page. Errors: not_found.
func (c *connector) findPreapproval(ctx context.Context, s provider.Subscription) (string, error) {
	signed := ""
	for offset := 0; ; offset += pageSize {
		var found struct {
			Paging  paging        `json:"paging"`
			Results []preapproval `json:"results"`
		}
		if err := c.must(ctx, call{method: http.MethodGet, path: path("preapproval", "search"),
			query: pageAt(url.Values{"payer_email": {s.Buyer.Email}}, offset)}, &found); err != nil {
			return "", err
		}
		for _, p := range found.Results {
			if string(p.ExternalReference) == string(s.ID) {
				return p.ID, nil
			}
			if p.ExternalReference == "" && s.Plan.Ref != "" && p.Plan == s.Plan.Ref && p.Status != "cancelled" && !slices.Contains(s.Known, p.ID) {
				signed = cmp.Or(signed, p.ID)
			}
		}
		if found.Paging.ended(offset, len(found.Results)) {
			break
		}
	}
	if signed == "" {
		return "", &posta.Error{Code: posta.CodeNotFound}
	}
	return signed, nil
}

// ChangeSubscription changes one thing and reads back: what the provider ignores
// it answers as well as what it does (§3.2).
func (c *connector) ChangeSubscription(ctx context.Context, ref string, change provider.SubscriptionChange, key string) (provider.SubscriptionFact, error) {
	body := map[string]any{}
	switch {
	case change.Status != "":
		body["status"] = wireStatus[change.Status]
	case change.Token != "":
		body["card_token_id"] = change.Token
	case change.Amount.Amount > 0:
		amount, err := number(change.Amount)
		if err != nil {
			return provider.SubscriptionFact{}, err
		}
		body["auto_recurring"] = map[string]any{"transaction_amount": json.Number(amount), "currency_id": change.Amount.Currency}
	}
	if _, err := c.do(ctx, call{method: http.MethodPut, path: path("preapproval", ref), key: key, body: body}, nil); err != nil {
		return provider.SubscriptionFact{}, err
	}
	fact, err := c.Subscription(ctx, provider.Subscription{Ref: ref})
	if err != nil {
		return fact, undecided(err)
	}
	return fact, nil
}
