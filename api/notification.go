package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"posta"
	"posta/inbox"
	"posta/provider"
)

// Notification is what a provider sent, and what was made of it.
type Notification struct {
	ID           posta.NotificationID `json:"id"`
	Mode         posta.Mode           `json:"mode" enum:"test,live"`
	ConnectionID posta.ConnectionID   `json:"connection_id"`
	State        inbox.State          `json:"state" enum:"received,waiting,handled,ignored"`
	Result       inbox.Result         `json:"result,omitempty" doc:"what it led to, in a word"`
	Signature    provider.Judgement   `json:"signature,omitempty" doc:"what its signature is worth: verified, unverifiable, invalid, stale, unreadable"`
	Reason       string               `json:"reason,omitempty" doc:"why the signature is judged so"`
	Topic        string               `json:"topic,omitempty"`
	Resource     string               `json:"resource,omitempty" doc:"the provider's id of what it speaks of"`
	Action       string               `json:"action,omitempty"`
	PaymentID    posta.PaymentID      `json:"payment_id,omitempty"`
	Tries        int                  `json:"tries"`
	Replayed     bool                 `json:"replayed,omitempty"`
	ReceivedAt   time.Time            `json:"received_at"`
	HandledAt    *time.Time           `json:"handled_at,omitempty"`
}

// NotificationDetail is a Notification with what came.
type NotificationDetail struct {
	Notification
	Query  string              `json:"query"`
	Header map[string][]string `json:"header"`
	Body   []byte              `json:"body" doc:"as it came, in base64"`
	Parsed json.RawMessage     `json:"parsed,omitempty" doc:"the body, if it is JSON"`
}

// NotificationList is a page of notifications.
type NotificationList struct {
	Data []Notification `json:"data"`
	Next string         `json:"next,omitempty"`
}

// ReplayRange chooses notifications to be handled again.
type ReplayRange struct {
	From         time.Time          `json:"from"`
	To           time.Time          `json:"to"`
	ConnectionID posta.ConnectionID `json:"connection_id,omitempty"`
	State        inbox.State        `json:"state,omitempty" enum:"received,waiting,handled,ignored"`
	Topic        string             `json:"topic,omitempty"`
}

// Replayed is how many will be handled again.
type Replayed struct {
	Count int `json:"count"`
}

// NotificationPath names a notification.
type NotificationPath struct {
	ID string `path:"id" doc:"ntf_…" example:"ntf_01JD9S3F2K8Q4ZV6W1X7Y5T0RB"`
}

type notificationQuery struct {
	Limit        int       `query:"limit" minimum:"1" maximum:"100" doc:"25 if left out"`
	After        string    `query:"after" pattern:"^ntf_[0-9A-HJKMNP-TV-Z]{26}$" doc:"next of the page before"`
	ConnectionID string    `query:"connection_id"`
	PaymentID    string    `query:"payment_id"`
	State        string    `query:"state" enum:"received,waiting,handled,ignored"`
	Signature    string    `query:"signature" enum:"verified,unverifiable,invalid,stale,unreadable"`
	Topic        string    `query:"topic"`
	Resource     string    `query:"resource"`
	From         time.Time `query:"from"`
	To           time.Time `query:"to"`
}

var exampleNotification = Notification{ID: posta.IDFrom[posta.NotificationID](exampleULID), Mode: posta.Test,
	ConnectionID: posta.IDFrom[posta.ConnectionID](exampleULID), State: inbox.Handled, Result: inbox.ResultChanged,
	Signature: provider.Verified, Topic: "order", Resource: "ORD01JD9S3F2K8Q4ZV6W1X7Y5T0RB", Action: "order.processed",
	PaymentID: posta.IDFrom[posta.PaymentID](exampleULID), ReceivedAt: exampleAt, HandledAt: &exampleAt}

func (a *server) notifications() {
	const tag = "Notifications"
	add(a, http.MethodGet, "/v1/notifications", about{id: "list_notifications", tag: tag, summary: "List what providers sent",
		answer: NotificationList{Data: []Notification{exampleNotification}}}, a.listNotifications)
	add(a, http.MethodGet, "/v1/notifications/{id}", about{id: "get_notification", tag: tag, summary: "Get a notification, raw and read",
		answer: NotificationDetail{Notification: exampleNotification, Header: map[string][]string{"Content-Type": {"application/json"}},
			Body: []byte(`{"type":"order"}`), Parsed: json.RawMessage(`{"type":"order"}`)}},
		func(ctx context.Context, in *NotificationPath) (*struct{ Body NotificationDetail }, error) {
			n, err := a.notification(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			out := NotificationDetail{Notification: notificationView(n), Query: n.Delivery.Query, Header: n.Delivery.Header, Body: n.Delivery.Body}
			if json.Valid(n.Delivery.Body) {
				out.Parsed = n.Delivery.Body
			}
			if out.Header == nil {
				out.Header = map[string][]string{}
			}
			return &struct{ Body NotificationDetail }{out}, nil
		})
	add(a, http.MethodPost, "/v1/notifications/{id}/replay", about{id: "replay_notification", tag: tag, summary: "Handle a notification again",
		status: http.StatusAccepted, answer: Replayed{1}},
		func(ctx context.Context, in *NotificationPath) (*struct{ Body Replayed }, error) {
			n, err := a.notification(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			if err := a.Inbox.Replay(ctx, n.MerchantID, n.ID); err != nil {
				return nil, err
			}
			return &struct{ Body Replayed }{Replayed{1}}, nil
		})
	add(a, http.MethodPost, "/v1/notifications/replay", about{id: "replay_notifications", tag: tag, summary: "Handle a range of notifications again",
		status: http.StatusAccepted, request: ReplayRange{From: exampleAt, To: exampleAt.Add(time.Hour)}, answer: Replayed{12}},
		func(ctx context.Context, in *struct{ Body ReplayRange }) (*struct{ Body Replayed }, error) {
			key := callOf(ctx).key
			count, err := a.Inbox.ReplayRange(ctx, inbox.Filter{MerchantID: key.MerchantID, Mode: key.Mode, From: in.Body.From,
				To: in.Body.To, ConnectionID: in.Body.ConnectionID, State: in.Body.State, Topic: in.Body.Topic})
			if err != nil {
				return nil, err
			}
			return &struct{ Body Replayed }{Replayed{count}}, nil
		})
}

func (a *server) notification(ctx context.Context, text string) (inbox.Notification, error) {
	key := callOf(ctx).key
	id, err := found[posta.NotificationID](text)
	if err != nil {
		return inbox.Notification{}, err
	}
	n, err := a.Inbox.Get(ctx, key.MerchantID, id)
	if err == nil && n.Mode != key.Mode {
		err = &posta.Error{Code: posta.CodeNotFound}
	}
	return n, err
}

func (a *server) listNotifications(ctx context.Context, in *notificationQuery) (*struct{ Body NotificationList }, error) {
	key := callOf(ctx).key
	filter := inbox.Filter{MerchantID: key.MerchantID, Mode: key.Mode, ConnectionID: posta.ConnectionID(in.ConnectionID),
		Payment: posta.PaymentID(in.PaymentID), State: inbox.State(in.State), Judgement: provider.Judgement(in.Signature),
		Topic: in.Topic, Resource: in.Resource, From: in.From, To: in.To, Page: posta.Page{Limit: in.Limit, After: in.After}}
	list, err := a.Inbox.List(ctx, filter)
	if err != nil {
		return nil, err
	}
	out := NotificationList{Data: []Notification{}}
	for _, n := range list {
		out.Data = append(out.Data, notificationView(n))
	}
	if len(list) == filter.Size() {
		out.Next = string(list[len(list)-1].ID)
	}
	return &struct{ Body NotificationList }{out}, nil
}

func notificationView(n inbox.Notification) Notification {
	out := Notification{ID: n.ID, Mode: n.Mode, ConnectionID: n.ConnectionID, State: n.State, Result: n.Result,
		Signature: n.Verdict.Judgement, Reason: n.Verdict.Reason, Topic: n.Notice.Topic, Resource: n.Notice.Resource,
		Action: n.Notice.Action, PaymentID: n.Payment, Tries: n.Tries, Replayed: n.Replayed, ReceivedAt: n.Delivery.ReceivedAt}
	if !n.HandledAt.IsZero() {
		out.HandledAt = &n.HandledAt
	}
	return out
}
