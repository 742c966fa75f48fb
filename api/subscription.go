package api

import (
	"context"
	"net/http"
	"slices"

	"posta"
	"posta/provider"
	"posta/subscription"
)

// NewSubscription asks for a subscription.
type NewSubscription struct {
	Plan      string         `json:"plan_id" example:"pln_01JD9S3F2K8Q4ZV6W1X7Y5T0RB"`
	Buyer     provider.Buyer `json:"buyer"`
	Method    string         `json:"method,omitempty" doc:"engine hub: one of the plan's vouchers; may be left out where it has one" example:"rapipago"`
	Token     string         `json:"token,omitempty" maxLength:"100" doc:"engine provider: stands for a card, made in the buyer's browser by the provider's script, single use; left out, the buyer signs up at url"`
	Language  string         `json:"language,omitempty" enum:"es,pt,en" doc:"of what the buyer is written; the country's if left out"`
	Reference string         `json:"reference,omitempty" maxLength:"100" doc:"your own text, on each payment"`
}

// SubscriptionChange changes one thing.
type SubscriptionChange struct {
	Amount *int64  `json:"amount,omitempty" doc:"what a period costs from the next one on, in minor units"`
	Method *string `json:"method,omitempty" doc:"engine hub: another of the plan's vouchers, from the next one on"`
}

// NewCard is a card in the place of another.
type NewCard struct {
	Token string `json:"token" maxLength:"100" doc:"made in the buyer's browser by the provider's script, single use"`
}

// SubscriptionShown is a subscription with its buyer and the address of the buyer's page.
type SubscriptionShown struct {
	subscription.View
	Buyer provider.Buyer `json:"buyer"`
	Page  string         `json:"buyer_url" doc:"the buyer's own page: the voucher to pay, or the card to change"`
}

// SubscriptionList is a page of subscriptions.
type SubscriptionList struct {
	Data []SubscriptionShown `json:"data"`
	Next string              `json:"next,omitempty" doc:"pass as after for the next page; absent at the end"`
}

// SubscriptionInvoices are the invoices of a subscription, oldest first.
type SubscriptionInvoices struct {
	Data []subscription.InvoiceView `json:"data"`
}

// SubscriptionMessages are the messages to a subscription's buyer, oldest first.
type SubscriptionMessages struct {
	Data []subscription.MessageView `json:"data"`
}

// SubscriptionPath names a subscription.
type SubscriptionPath struct {
	ID string `path:"id" doc:"sub_…" example:"sub_01JD9S3F2K8Q4ZV6W1X7Y5T0RB"`
}

type subscriptionAnswer struct {
	Location string `header:"Location"`
	Body     SubscriptionShown
}

var exampleSubscription = SubscriptionShown{View: subscription.View{ID: posta.IDFrom[posta.SubscriptionID](exampleULID), Mode: posta.Test,
	Connection: exampleConnection.ID, Plan: examplePlan.ID, Engine: subscription.EngineHub, State: subscription.Active, Amount: 150000, Currency: "ARS",
	Method: "rapipago", StartAt: &exampleAt, NextAt: &exampleAt, CreatedBy: "key:key_" + exampleULID, CreatedAt: exampleAt, UpdatedAt: exampleAt},
	Buyer: exampleSubscriber, Page: "https://posta.example/subscription/6n4s7c2m5q3v6b4k7x2r5w3p6t"}

var exampleSubscriber = provider.Buyer{Email: "ana@cliente.example", FirstName: "Ana", LastName: "Prueba",
	Identification: provider.Identification{Type: "DNI", Number: "12345678"}}

// change is one of the things that are done with a subscription.
type change func(context.Context, posta.MerchantID, posta.Mode, posta.SubscriptionID, string) (subscription.Subscription, error)

func (a *server) subscriptions() {
	const tag = "Subscriptions"
	refusals := []posta.Code{posta.CodeState, posta.CodeProviderRejected, posta.CodeProviderUnavailable}
	add(a, http.MethodPost, "/v1/subscriptions", about{id: "create_subscription", tag: tag, summary: "Subscribe a buyer", status: http.StatusCreated,
		text: "Engine hub: active at once. Engine provider with a token: active, or pending while the provider's answer is lost; " +
			"without one pending, and the buyer signs up at url. Posta never adds a retry to the provider's own.",
		codes: append(slices.Clone(refusals), posta.CodeGateClosed), request: NewSubscription{Plan: string(examplePlan.ID), Buyer: exampleSubscriber, Method: "rapipago"}, answer: exampleSubscription},
		a.createSubscription)
	add(a, http.MethodGet, "/v1/subscriptions", about{id: "list_subscriptions", tag: tag, summary: "List subscriptions",
		answer: SubscriptionList{Data: []SubscriptionShown{exampleSubscription}}}, a.listSubscriptions)
	add(a, http.MethodGet, "/v1/subscriptions/{id}", about{id: "get_subscription", tag: tag, summary: "Get a subscription", answer: exampleSubscription},
		func(ctx context.Context, in *SubscriptionPath) (*subscriptionAnswer, error) {
			s, err := a.subscription(ctx, in.ID)
			return a.subscriptionShown(s, "", err)
		})
	add(a, http.MethodPatch, "/v1/subscriptions/{id}", about{id: "update_subscription", tag: tag, summary: "Change a subscription's amount or voucher",
		text:  "One thing a call. What the provider ignores is provider_rejected with the code ignored: the answer is what is true.",
		codes: refusals, request: SubscriptionChange{Amount: new(int64(180000))}, answer: exampleSubscription}, a.updateSubscription)
	for _, deed := range []struct {
		name, summary, text string
		do                  change
	}{
		{"pause", "Pause a subscription", "An open voucher is taken back; periods that begin meanwhile are not charged.", a.Subscriptions.Pause},
		{"resume", "Resume a subscription", "It is charged again from its next period on.", a.Subscriptions.Resume},
		{"cancel", "Cancel a subscription for good", "An open voucher is taken back.", a.Subscriptions.Cancel},
		{"refresh", "Ask the provider about a subscription now", "", func(ctx context.Context, m posta.MerchantID, mode posta.Mode, id posta.SubscriptionID, _ string) (subscription.Subscription, error) {
			return a.Subscriptions.Refresh(ctx, m, mode, id)
		}},
	} {
		text := deed.text
		if deed.name != "refresh" {
			text += " Where the provider's answer is lost, changing says what was asked for, and Posta goes on asking."
		}
		add(a, http.MethodPost, "/v1/subscriptions/{id}/"+deed.name, about{id: deed.name + "_subscription", tag: tag, summary: deed.summary, text: text,
			codes: refusals, answer: exampleSubscription}, func(ctx context.Context, in *SubscriptionPath) (*subscriptionAnswer, error) {
			call := callOf(ctx)
			id, err := found[posta.SubscriptionID](in.ID)
			if err != nil {
				return nil, err
			}
			s, err := deed.do(ctx, call.key.MerchantID, call.key.Mode, id, call.by())
			return a.subscriptionShown(s, "", err)
		})
	}
	add(a, http.MethodPost, "/v1/subscriptions/{id}/card", about{id: "change_subscription_card", tag: tag, summary: "Charge another card",
		text: "Engine provider. A subscription that is pending gets its first one.", codes: refusals,
		request: NewCard{"f5b4a0b1c2d3e4f5a6b7c8d9e0f1a2b3"}, answer: exampleSubscription},
		func(ctx context.Context, in *struct {
			SubscriptionPath
			Body NewCard
		}) (*subscriptionAnswer, error) {
			call := callOf(ctx)
			id, err := found[posta.SubscriptionID](in.ID)
			if err != nil {
				return nil, err
			}
			s, err := a.Subscriptions.ChangeCard(ctx, call.key.MerchantID, call.key.Mode, id, in.Body.Token, call.by())
			return a.subscriptionShown(s, "", err)
		})
	a.subscriptionParts(tag)
}

// subscriptionParts are what belongs to a subscription.
func (a *server) subscriptionParts(tag string) {
	add(a, http.MethodGet, "/v1/subscriptions/{id}/invoices", about{id: "list_subscription_invoices", tag: tag, summary: "List a subscription's invoices",
		text: "Oldest first: one for each period.", answer: SubscriptionInvoices{Data: []subscription.InvoiceView{exampleInvoice}}},
		func(ctx context.Context, in *SubscriptionPath) (*struct{ Body SubscriptionInvoices }, error) {
			s, err := a.subscription(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			list, err := a.Subscriptions.Invoices(ctx, s.MerchantID, s.ID)
			out := SubscriptionInvoices{Data: []subscription.InvoiceView{}}
			for _, i := range list {
				out.Data = append(out.Data, i.View())
			}
			return &struct{ Body SubscriptionInvoices }{out}, err
		})
	add(a, http.MethodGet, "/v1/subscriptions/{id}/messages", about{id: "list_subscription_messages", tag: tag, summary: "List the messages to a subscription's buyer",
		answer: SubscriptionMessages{Data: []subscription.MessageView{{ID: posta.IDFrom[posta.MessageID](exampleULID), Invoice: exampleInvoice.ID, Kind: subscription.KindVoucher,
			To: "ana@cliente.example", Subject: "Club del vino: su comprobante", Text: "…", State: subscription.MessageSent, CreatedAt: exampleAt, SentAt: &exampleAt}}}},
		func(ctx context.Context, in *SubscriptionPath) (*struct{ Body SubscriptionMessages }, error) {
			s, err := a.subscription(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			list, err := a.Subscriptions.Messages(ctx, s.MerchantID, s.ID)
			out := SubscriptionMessages{Data: []subscription.MessageView{}}
			for _, m := range list {
				out.Data = append(out.Data, m.View())
			}
			return &struct{ Body SubscriptionMessages }{out}, err
		})
}

func (a *server) createSubscription(ctx context.Context, in *struct{ Body NewSubscription }) (*subscriptionAnswer, error) {
	call, b := callOf(ctx), in.Body
	plan, err := found[posta.PlanID](b.Plan)
	if err != nil {
		return nil, posta.Invalid("plan_id", "unknown")
	}
	s, err := a.Subscriptions.SignUp(ctx, subscription.SignUp{ID: posta.IDFrom[posta.SubscriptionID](call.claim.ULID), MerchantID: call.key.MerchantID,
		Mode: call.key.Mode, PlanID: plan, Buyer: b.Buyer, Language: b.Language, Method: b.Method, Token: b.Token, Reference: b.Reference, By: call.by()})
	if posta.ErrorCode(err) == posta.CodeNotFound {
		err = posta.Invalid("plan_id", "unknown")
	}
	return a.subscriptionShown(s, "/v1/subscriptions/"+string(s.ID), err)
}

func (a *server) updateSubscription(ctx context.Context, in *struct {
	SubscriptionPath
	Body SubscriptionChange
}) (*subscriptionAnswer, error) {
	call, b := callOf(ctx), in.Body
	s, err := a.subscription(ctx, in.ID)
	switch {
	case err != nil:
		return nil, err
	case (b.Amount == nil) == (b.Method == nil):
		return nil, posta.Invalid("amount", "one_change")
	case b.Amount != nil:
		s, err = a.Subscriptions.ChangeAmount(ctx, s.MerchantID, s.Mode, s.ID, *b.Amount, call.by())
	default:
		s, err = a.Subscriptions.ChangeMethod(ctx, s.MerchantID, s.Mode, s.ID, *b.Method, call.by())
	}
	return a.subscriptionShown(s, "", err)
}

func (a *server) listSubscriptions(ctx context.Context, in *struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"100" doc:"25 if left out"`
	After  string `query:"after" pattern:"^sub_[0-9A-HJKMNP-TV-Z]{26}$" doc:"next of the page before"`
	State  string `query:"state" enum:"pending,active,past_due,paused,canceled,ended"`
	Plan   string `query:"plan_id"`
	Search string `query:"search" maxLength:"100" doc:"by id, reference, the provider's id, the buyer's e-mail or name"`
}) (*struct{ Body SubscriptionList }, error) {
	key := callOf(ctx).key
	filter := subscription.Filter{MerchantID: key.MerchantID, Mode: key.Mode, State: subscription.State(in.State), PlanID: posta.PlanID(in.Plan), Search: in.Search,
		Page: posta.Page{Limit: in.Limit, After: in.After}}
	list, err := a.Subscriptions.List(ctx, filter)
	if err != nil {
		return nil, err
	}
	out := SubscriptionList{Data: []SubscriptionShown{}}
	for _, s := range list {
		out.Data = append(out.Data, a.wholeSubscription(s))
	}
	if len(list) == filter.Size() {
		out.Next = string(list[len(list)-1].ID)
	}
	return &struct{ Body SubscriptionList }{out}, nil
}

// subscription finds one of the caller's.
func (a *server) subscription(ctx context.Context, text string) (subscription.Subscription, error) {
	key := callOf(ctx).key
	id, err := found[posta.SubscriptionID](text)
	if err != nil {
		return subscription.Subscription{}, err
	}
	return a.Subscriptions.Get(ctx, key.MerchantID, key.Mode, id)
}

func (a *server) wholeSubscription(s subscription.Subscription) SubscriptionShown {
	return SubscriptionShown{s.View(a.Clock.Now()), s.Buyer, a.Subscriptions.BuyerPage(s)}
}

func (a *server) subscriptionShown(s subscription.Subscription, location string, err error) (*subscriptionAnswer, error) {
	if err != nil {
		return nil, err
	}
	return &subscriptionAnswer{location, a.wholeSubscription(s)}, nil
}
