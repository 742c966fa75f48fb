package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"posta"
	"posta/webhook"
)

// Delivery is an event on its way to an endpoint.
type Delivery struct {
	ID         posta.DeliveryID      `json:"id"`
	Mode       posta.Mode            `json:"mode" enum:"test,live"`
	EndpointID posta.EndpointID      `json:"endpoint_id"`
	EventID    posta.EventID         `json:"event_id" doc:"webhook-id, the same on every try"`
	Type       string                `json:"type"`
	Test       bool                  `json:"test,omitempty" doc:"somebody asked for it, nothing happened"`
	State      webhook.DeliveryState `json:"state" enum:"pending,delivered,dead"`
	Reason     webhook.Reason        `json:"reason,omitempty" doc:"why it is dead: refused, exhausted, gone, disabled"`
	Attempts   int                   `json:"attempts"`
	Status     int                   `json:"status,omitempty" doc:"HTTP status of the last answer"`
	DueAt      *time.Time            `json:"due_at,omitempty" doc:"when it is tried next"`
	CreatedAt  time.Time             `json:"created_at"`
	EndedAt    *time.Time            `json:"ended_at,omitempty"`
}

// DeliveryAttempt is one try.
type DeliveryAttempt struct {
	Number     int             `json:"number"`
	At         time.Time       `json:"at"`
	DurationMS int64           `json:"duration_ms"`
	Status     int             `json:"status,omitempty" doc:"absent if there was no answer"`
	Answer     string          `json:"answer,omitempty" doc:"its first bytes"`
	Failure    webhook.Failure `json:"failure,omitempty" doc:"why there was no answer: timeout, address (not of a network that may be sent to), unreachable"`
	Error      string          `json:"error,omitempty"`
}

// DeliveryDetail is a Delivery with what is sent, and its tries.
type DeliveryDetail struct {
	Delivery
	Body json.RawMessage   `json:"body" doc:"as it is sent"`
	Log  []DeliveryAttempt `json:"log" doc:"oldest first"`
}

// DeliveryList is a page of deliveries.
type DeliveryList struct {
	Data []Delivery `json:"data"`
	Next string     `json:"next,omitempty" doc:"pass as after for the next page; absent at the end"`
}

// DeliveryPath names a delivery.
type DeliveryPath struct {
	ID string `path:"id" doc:"dlv_…" example:"dlv_01JD9S3F2K8Q4ZV6W1X7Y5T0RB"`
}

var exampleDelivery = Delivery{ID: posta.IDFrom[posta.DeliveryID](exampleULID), Mode: posta.Test, EndpointID: posta.IDFrom[posta.EndpointID](exampleULID),
	EventID: posta.IDFrom[posta.EventID](exampleULID), Type: "payment.paid", State: webhook.Delivered, Attempts: 2, Status: 204, CreatedAt: exampleAt, EndedAt: &exampleAt}

func (a *server) deliveries(tag string) {
	add(a, http.MethodPost, "/v1/endpoints/{id}/test", about{id: "test_endpoint", tag: tag, summary: "Send an endpoint a test event", status: http.StatusAccepted,
		text: "Of type " + webhook.TestType + ", whatever the endpoint's events.", codes: []posta.Code{posta.CodeState}, answer: exampleDelivery},
		func(ctx context.Context, in *EndpointPath) (*struct{ Body Delivery }, error) {
			e, err := a.endpoint(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			d, err := a.Webhooks.Test(ctx, e.MerchantID, e.Mode, e.ID, posta.IDFrom[posta.DeliveryID](callOf(ctx).claim.ULID))
			if err != nil {
				return nil, err
			}
			return &struct{ Body Delivery }{deliveryView(d)}, nil
		})
	add(a, http.MethodGet, "/v1/endpoints/{id}/deliveries", about{id: "list_deliveries", tag: tag, summary: "List what was sent to an endpoint",
		answer: DeliveryList{Data: []Delivery{exampleDelivery}}},
		func(ctx context.Context, in *struct {
			EndpointPath
			Limit int    `query:"limit" minimum:"1" maximum:"100" doc:"25 if left out"`
			After string `query:"after" pattern:"^dlv_[0-9A-HJKMNP-TV-Z]{26}$" doc:"next of the page before"`
			State string `query:"state" enum:"pending,delivered,dead"`
		}) (*struct{ Body DeliveryList }, error) {
			e, err := a.endpoint(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			f := webhook.DeliveryFilter{MerchantID: e.MerchantID, Mode: e.Mode, EndpointID: e.ID, State: webhook.DeliveryState(in.State),
				Page: posta.Page{Limit: in.Limit, After: in.After}}
			list, err := a.Webhooks.Deliveries(ctx, f)
			if err != nil {
				return nil, err
			}
			out := DeliveryList{Data: []Delivery{}}
			for _, d := range list {
				out.Data = append(out.Data, deliveryView(d))
			}
			if len(list) == f.Size() {
				out.Next = string(list[len(list)-1].ID)
			}
			return &struct{ Body DeliveryList }{out}, nil
		})
	add(a, http.MethodGet, "/v1/deliveries/{id}", about{id: "get_delivery", tag: tag, summary: "Get a delivery with what is sent and every try",
		answer: DeliveryDetail{Delivery: exampleDelivery, Body: json.RawMessage(`{"type":"payment.paid"}`),
			Log: []DeliveryAttempt{{Number: 1, At: exampleAt, DurationMS: 120, Status: 503}, {Number: 2, At: exampleAt.Add(5 * time.Second), DurationMS: 80, Status: 204}}}},
		func(ctx context.Context, in *DeliveryPath) (*struct{ Body DeliveryDetail }, error) {
			key := callOf(ctx).key
			id, err := found[posta.DeliveryID](in.ID)
			if err != nil {
				return nil, err
			}
			d, attempts, err := a.Webhooks.Delivery(ctx, key.MerchantID, key.Mode, id)
			if err != nil {
				return nil, err
			}
			out := DeliveryDetail{Delivery: deliveryView(d), Body: d.Body, Log: []DeliveryAttempt{}}
			for _, one := range attempts {
				out.Log = append(out.Log, DeliveryAttempt{Number: one.Number, At: one.At, DurationMS: one.Duration.Milliseconds(), Status: one.Status,
					Answer: strings.ToValidUTF8(string(one.Answer), "\uFFFD"), Failure: one.Failure, Error: one.Error})
			}
			return &struct{ Body DeliveryDetail }{out}, nil
		})
	add(a, http.MethodPost, "/v1/deliveries/{id}/send", about{id: "send_delivery", tag: tag, summary: "Send a delivery again", status: http.StatusAccepted,
		text: "Whatever became of it, with the same webhook-id: an endpoint that took it already does nothing.", codes: []posta.Code{posta.CodeState}, answer: exampleDelivery},
		func(ctx context.Context, in *DeliveryPath) (*struct{ Body Delivery }, error) {
			key := callOf(ctx).key
			id, err := found[posta.DeliveryID](in.ID)
			if err != nil {
				return nil, err
			}
			if err := a.Webhooks.SendAgain(ctx, key.MerchantID, key.Mode, id); err != nil {
				return nil, err
			}
			d, _, err := a.Webhooks.Delivery(ctx, key.MerchantID, key.Mode, id)
			if err != nil {
				return nil, err
			}
			return &struct{ Body Delivery }{deliveryView(d)}, nil
		})
}

func deliveryView(d webhook.Delivery) Delivery {
	return Delivery{ID: d.ID, Mode: d.Mode, EndpointID: d.EndpointID, EventID: d.EventID, Type: d.Type, Test: d.Test, State: d.State, Reason: d.Reason,
		Attempts: d.Attempts, Status: d.Status, DueAt: unlessZero(d.DueAt), CreatedAt: d.CreatedAt, EndedAt: unlessZero(d.EndedAt)}
}
