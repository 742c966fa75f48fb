package api

import (
	"context"
	"net/http"
	"time"

	"posta"
	"posta/webhook"
)

// Endpoint is an address of the merchant's that events are sent to.
type Endpoint struct {
	ID          posta.EndpointID      `json:"id"`
	Mode        posta.Mode            `json:"mode" enum:"test,live"`
	URL         string                `json:"url"`
	Description string                `json:"description,omitempty"`
	Events      []string              `json:"events" doc:"which are sent: types, payment.* for a family, * for all"`
	State       webhook.EndpointState `json:"state" enum:"enabled,disabled"`
	Reason      webhook.Reason        `json:"reason,omitempty" doc:"why it is disabled: person, or gone where it answered 410"`
	Secret      string                `json:"secret,omitempty" doc:"what signs, told this once: an answer given again shows its beginning only"`
	CreatedAt   time.Time             `json:"created_at"`
	UpdatedAt   time.Time             `json:"updated_at"`
}

// NewEndpoint asks for an endpoint.
type NewEndpoint struct {
	URL         string   `json:"url" doc:"https; http where the operator allows private networks" example:"https://tienda.example/posta"`
	Description string   `json:"description,omitempty"`
	Events      []string `json:"events" maxItems:"50" doc:"types such as payment.paid, families such as payment.*, or * for all that is sent: payment, refund, settlement, checkout_session, subscription, invoice, chargeback"`
}

// EndpointChange changes what it names; what is left out stays.
type EndpointChange struct {
	URL         *string   `json:"url,omitempty"`
	Description *string   `json:"description,omitempty"`
	Events      *[]string `json:"events,omitempty" maxItems:"50"`
	Enabled     *bool     `json:"enabled,omitempty" doc:"false stops it, and what waits for it is dead; true starts it again with what happens from then on"`
}

// EndpointList is all endpoints of the key's mode, oldest first.
type EndpointList struct {
	Data []Endpoint `json:"data"`
}

// EndpointPath names an endpoint.
type EndpointPath struct {
	ID string `path:"id" doc:"end_…" example:"end_01JD9S3F2K8Q4ZV6W1X7Y5T0RB"`
}

type endpointAnswer struct {
	Location string `header:"Location"`
	Body     Endpoint
}

var exampleEndpoint = Endpoint{ID: posta.IDFrom[posta.EndpointID](exampleULID), Mode: posta.Test, URL: "https://tienda.example/posta", Description: "Pedidos",
	Events: []string{"payment.*", "refund.succeeded"}, State: webhook.Enabled, CreatedAt: exampleAt, UpdatedAt: exampleAt}

func (a *server) endpoints() {
	const tag = "Endpoints"
	add(a, http.MethodGet, "/v1/endpoints", about{id: "list_endpoints", tag: tag, summary: "List endpoints", answer: EndpointList{Data: []Endpoint{exampleEndpoint}}},
		func(ctx context.Context, _ *none) (*struct{ Body EndpointList }, error) {
			key := callOf(ctx).key
			all, err := a.Webhooks.List(ctx, key.MerchantID, key.Mode)
			if err != nil {
				return nil, err
			}
			out := EndpointList{Data: []Endpoint{}}
			for _, e := range all {
				out.Data = append(out.Data, endpointView(e))
			}
			return &struct{ Body EndpointList }{out}, nil
		})
	shown := exampleEndpoint
	shown.Secret = "whsec_…"
	add(a, http.MethodPost, "/v1/endpoints", about{id: "create_endpoint", tag: tag, summary: "Have events sent to an address", status: http.StatusCreated,
		text:    "Each event is sent by POST, signed after Standard Webhooks, until a 2xx comes back: docs/webhooks.md. The secret is in this answer only. At most 20 in a mode.",
		request: NewEndpoint{URL: "https://tienda.example/posta", Description: "Pedidos", Events: []string{"payment.*", "refund.succeeded"}}, answer: shown}, a.createEndpoint)
	add(a, http.MethodGet, "/v1/endpoints/{id}", about{id: "get_endpoint", tag: tag, summary: "Get an endpoint", answer: exampleEndpoint},
		func(ctx context.Context, in *EndpointPath) (*endpointAnswer, error) {
			e, err := a.endpoint(ctx, in.ID)
			return endpointShown(e, "", err)
		})
	add(a, http.MethodPatch, "/v1/endpoints/{id}", about{id: "update_endpoint", tag: tag, summary: "Change, stop or start an endpoint",
		request: EndpointChange{Events: &[]string{"payment.paid", "payment.refunded"}}, answer: exampleEndpoint},
		func(ctx context.Context, in *struct {
			EndpointPath
			Body EndpointChange
		}) (*endpointAnswer, error) {
			e, err := a.endpoint(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			e, err = a.Webhooks.Update(ctx, e.MerchantID, e.Mode, e.ID, webhook.Change{URL: in.Body.URL, Description: in.Body.Description,
				Events: in.Body.Events, Enabled: in.Body.Enabled, By: callOf(ctx).by()})
			return endpointShown(e, "", err)
		})
	add(a, http.MethodDelete, "/v1/endpoints/{id}", about{id: "delete_endpoint", tag: tag, summary: "Remove an endpoint for good", status: http.StatusNoContent,
		text: "What was to be sent to it is not, and its deliveries cannot be seen any more."},
		func(ctx context.Context, in *EndpointPath) (*none, error) {
			e, err := a.endpoint(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return nil, a.Webhooks.Remove(ctx, e.MerchantID, e.Mode, e.ID, callOf(ctx).by())
		})
	a.deliveries(tag)
}

func (a *server) createEndpoint(ctx context.Context, in *struct{ Body NewEndpoint }) (*endpointAnswer, error) {
	call := callOf(ctx)
	e, secret, err := a.Webhooks.Create(ctx, webhook.Input{ID: posta.IDFrom[posta.EndpointID](call.claim.ULID), MerchantID: call.key.MerchantID,
		Mode: call.key.Mode, URL: in.Body.URL, Description: in.Body.Description, Events: in.Body.Events, By: call.by()})
	out, err := endpointShown(e, "/v1/endpoints/"+string(e.ID), err)
	if err == nil {
		out.Body.Secret, call.secret = secret, secret
	}
	return out, err
}

// endpoint finds one of the caller's.
func (a *server) endpoint(ctx context.Context, text string) (webhook.Endpoint, error) {
	key := callOf(ctx).key
	id, err := found[posta.EndpointID](text)
	if err != nil {
		return webhook.Endpoint{}, err
	}
	return a.Webhooks.Get(ctx, key.MerchantID, key.Mode, id)
}

func endpointShown(e webhook.Endpoint, location string, err error) (*endpointAnswer, error) {
	if err != nil {
		return nil, err
	}
	return &endpointAnswer{location, endpointView(e)}, nil
}

func endpointView(e webhook.Endpoint) Endpoint {
	return Endpoint{ID: e.ID, Mode: e.Mode, URL: e.URL, Description: e.Description, Events: append([]string{}, e.Events...), State: e.State, Reason: e.Reason,
		CreatedAt: e.CreatedAt, UpdatedAt: e.UpdatedAt}
}
