package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"posta"
	"posta/account"
	"posta/payment"
)

// EventList is what happened after a position, oldest first.
type EventList struct {
	Data []posta.Event `json:"data"`
	Next int64         `json:"next" doc:"pass as after; it stays where it is while nothing happened"`
}

// TillState is what is open at a till.
type TillState struct {
	TillID  posta.TillID  `json:"till_id"`
	Payment *payment.View `json:"payment" doc:"null when the till is free"`
}

// PaymentState is how a payment stands.
type PaymentState struct {
	Payment payment.View `json:"payment"`
}

// Me is whose a key is.
type Me struct {
	Key      posta.KeyID      `json:"key_id"`
	Name     string           `json:"key_name"`
	Prefix   string           `json:"key_prefix"`
	Mode     posta.Mode       `json:"mode" enum:"test,live"`
	Merchant posta.MerchantID `json:"merchant_id"`
	Title    string           `json:"merchant_name"`
	Country  string           `json:"country"`
	TimeZone string           `json:"time_zone"`
}

// Resume is where a stream goes on.
type Resume struct {
	LastEventID string `header:"Last-Event-ID" doc:"position of the last event seen; what came after it is sent first"`
}

var exampleEvent = posta.Event{ID: posta.IDFrom[posta.EventID](exampleULID), Position: 42, Mode: posta.Test, Type: "payment.paid",
	Subject: "pay_" + exampleULID, TillID: posta.IDFrom[posta.TillID](exampleULID), Data: encode(examplePayment), CreatedAt: exampleAt}

func (a *server) events() {
	const tag = "Events"
	add(a, http.MethodGet, "/v1/events", about{id: "list_events", tag: tag, summary: "Read events after a position",
		text:   "Positions are given after commit, without gaps: who reads on from next misses nothing. Oldest first.",
		answer: EventList{Data: []posta.Event{exampleEvent}, Next: 42}},
		func(ctx context.Context, in *struct {
			After int64 `query:"after" minimum:"0" doc:"position; 0 is the beginning"`
			Limit int   `query:"limit" minimum:"1" maximum:"100" doc:"25 if left out"`
		}) (*struct{ Body EventList }, error) {
			key := callOf(ctx).key
			list, err := a.Events.MerchantEvents(ctx, key.MerchantID, key.Mode, in.After, posta.Page{Limit: in.Limit}.Size())
			if err != nil {
				return nil, err
			}
			out := EventList{Data: append([]posta.Event{}, list...), Next: in.After}
			if len(list) > 0 {
				out.Next = list[len(list)-1].Position
			}
			return &struct{ Body EventList }{out}, nil
		})
	add(a, http.MethodGet, "/v1/events/stream", about{id: "stream_events", tag: tag, summary: "Follow all events (Server-Sent Events)", media: streamed, answer: exampleStream,
		text: "One event a message: id is its position, event its type, data the event as JSON. Without Last-Event-ID it starts now. " + resuming},
		func(ctx context.Context, in *Resume) (*huma.StreamResponse, error) {
			return a.stream(ctx, in.LastEventID, "", func(posta.Event) bool { return true }, nil)
		})
	add(a, http.MethodGet, "/v1/payments/{id}/events", about{id: "stream_payment", tag: tag, summary: "Follow a payment (Server-Sent Events)", media: streamed, answer: exampleStream,
		text: "The first message, state, is the payment as it stands; then each event of it and its refunds. " + resuming},
		func(ctx context.Context, in *struct {
			PaymentPath
			Resume
		}) (*huma.StreamResponse, error) {
			key := callOf(ctx).key
			id, err := found[posta.PaymentID](in.ID)
			if err != nil {
				return nil, err
			}
			p, err := a.Payments.Get(ctx, key.MerchantID, key.Mode, id)
			if err != nil {
				return nil, err
			}
			return a.stream(ctx, in.LastEventID, p.TillID, func(e posta.Event) bool { return e.Subject == string(id) },
				func(ctx context.Context) (any, error) {
					p, err := a.Payments.Get(ctx, key.MerchantID, key.Mode, id)
					return PaymentState{p.View()}, err
				})
		})
	add(a, http.MethodGet, "/v1/tills/{id}/events", about{id: "stream_till", tag: tag, summary: "Follow a till (Server-Sent Events)", media: streamed, answer: exampleStream,
		text: "The first message, state, is what is open at the till; then each event at it. " + resuming},
		func(ctx context.Context, in *struct {
			TillPath
			Resume
		}) (*huma.StreamResponse, error) {
			key := callOf(ctx).key
			id, err := a.ownTill(ctx, key, in.ID)
			if err != nil {
				return nil, err
			}
			return a.stream(ctx, in.LastEventID, id, func(e posta.Event) bool { return e.TillID == id },
				func(ctx context.Context) (any, error) { return a.tillState(ctx, key, id) })
		})
}

const (
	streamed      = "text/event-stream"
	exampleStream = "id: 42\nevent: payment.paid\ndata: {…}\n\n"
)

const resuming = "A comment comes every 15 seconds. After a lost line send Last-Event-ID: what was missed comes first."

// tillState is what is open at a till, nothing included.
func (a *server) tillState(ctx context.Context, key account.Key, id posta.TillID) (TillState, error) {
	out := TillState{TillID: id}
	p, err := a.Payments.OpenAt(ctx, key.MerchantID, id)
	switch {
	case posta.ErrorCode(err) == posta.CodeNotFound:
		return out, nil
	case err != nil:
		return out, err
	}
	view := p.View()
	out.Payment = &view
	return out, nil
}

func (a *server) me() {
	add(a, http.MethodGet, "/v1/me", about{id: "get_me", tag: "Account", summary: "Whose key this is",
		answer: Me{Key: "key_" + posta.KeyID(exampleULID), Name: "caja", Prefix: "psk_test_8Zk2", Mode: posta.Test,
			Merchant: posta.IDFrom[posta.MerchantID](exampleULID), Title: "Almacén Don Pepe", Country: "AR", TimeZone: "America/Argentina/Buenos_Aires"}},
		func(ctx context.Context, _ *none) (*struct{ Body Me }, error) {
			key := callOf(ctx).key
			m, err := a.Accounts.Store.Merchant(ctx, key.MerchantID)
			if err != nil {
				return nil, err
			}
			return &struct{ Body Me }{Me{Key: key.ID, Name: key.Name, Prefix: key.Prefix, Mode: key.Mode, Merchant: m.ID,
				Title: m.Name, Country: m.Country, TimeZone: m.TimeZone}}, nil
		})
}
