package api

import (
	"context"
	"net/http"
	"time"

	"posta"
	"posta/checkout"
	"posta/payment"
	"posta/provider"
)

// NewSession asks for a checkout session.
type NewSession struct {
	Connection  string               `json:"connection_id" doc:"the account that sells" example:"con_01JD9S3F2K8Q4ZV6W1X7Y5T0RB"`
	Title       string               `json:"title,omitempty" maxLength:"150" doc:"what is sold in a few words; the first item's title if left out"`
	Description string               `json:"description,omitempty" maxLength:"256"`
	Amount      int64                `json:"amount,omitempty" doc:"minor units; the items' sum if left out" example:"150000"`
	Open        *checkout.OpenAmount `json:"open_amount,omitempty" doc:"in place of amount and items: the buyer chooses"`
	Items       []provider.Item      `json:"items,omitempty" maxItems:"50" doc:"what is sold; detail tells what an industry adds and raises approval"`
	Reference   string               `json:"reference,omitempty" maxLength:"100" doc:"your own text, such as the order's number; on each payment"`
	CancelURL   string               `json:"cancel_url,omitempty" doc:"https: where a buyer that gives up goes"`
	Buyer       *provider.Buyer      `json:"buyer,omitempty" doc:"what is known already; the page asks for the rest"`
	Shipment    *provider.Shipment   `json:"shipment,omitempty"`
	ExpiresIn   int64                `json:"expires_in,omitempty" doc:"seconds, 300 to 2678400; a day if left out"`
	checkout.Terms
}

// SessionList is a page of checkout sessions.
type SessionList struct {
	Data []checkout.SessionView `json:"data"`
	Next string                 `json:"next,omitempty" doc:"pass as after for the next page; absent at the end"`
}

// SessionPayments are the payments of a session, oldest first.
type SessionPayments struct {
	Data []payment.View `json:"data"`
}

// SessionPath names a checkout session.
type SessionPath struct {
	ID string `path:"id" doc:"chk_…" example:"chk_01JD9S3F2K8Q4ZV6W1X7Y5T0RB"`
}

type sessionAnswer struct {
	Location string `header:"Location"`
	Body     checkout.SessionView
}

var (
	exampleItem    = provider.Item{Title: "Taza", Quantity: 1, UnitPrice: 150000, SKU: "taza-1", Detail: &provider.ItemDetail{Category: "home"}}
	exampleSession = checkout.SessionView{ID: posta.IDFrom[posta.SessionID](exampleULID), Mode: posta.Test, State: checkout.Open,
		URL: "https://posta.example/pay/6n4s7c2m5q3v6b4k7x2r5w3p6t", Connection: exampleConnection.ID, Title: "Taza", Amount: 150000, Currency: "ARS",
		Items: []provider.Item{exampleItem}, Quantity: 1, Reference: "pedido 1042", Terms: checkout.Terms{Flow: checkout.FlowBoth},
		CreatedAt: exampleAt, UpdatedAt: exampleAt, ExpiresAt: exampleAt.Add(24 * time.Hour)}
)

func (a *server) sessions() {
	const tag = "Checkout sessions"
	add(a, http.MethodPost, "/v1/checkout_sessions", about{id: "create_checkout_session", tag: tag, summary: "Send a buyer to pay", status: http.StatusCreated,
		text: "Send the buyer to its url. It never has two payments under way; a declined one frees it for another card or method. " +
			"Complete means that the provider proved the money: hear it by checkout_session.completed, or get it.",
		codes:   []posta.Code{posta.CodeModeMismatch},
		request: NewSession{Connection: string(exampleConnection.ID), Items: []provider.Item{exampleItem}, Reference: "pedido 1042"}, answer: exampleSession},
		a.createSession)
	add(a, http.MethodGet, "/v1/checkout_sessions", about{id: "list_checkout_sessions", tag: tag, summary: "List checkout sessions",
		answer: SessionList{Data: []checkout.SessionView{exampleSession}}}, a.listSessions)
	add(a, http.MethodGet, "/v1/checkout_sessions/{id}", about{id: "get_checkout_session", tag: tag, summary: "Get a checkout session", answer: exampleSession},
		func(ctx context.Context, in *SessionPath) (*sessionAnswer, error) {
			v, err := a.session(ctx, in.ID)
			return a.sessionShown(v, "", err)
		})
	add(a, http.MethodPost, "/v1/checkout_sessions/{id}/cancel", about{id: "cancel_checkout_session", tag: tag, summary: "Take a checkout session back",
		text:  "A payment under way is canceled first. It may come back complete: the buyer was faster.",
		codes: []posta.Code{posta.CodeState, posta.CodeUnderWay}, answer: exampleSession},
		func(ctx context.Context, in *SessionPath) (*sessionAnswer, error) {
			v, err := a.session(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			v, err = a.Checkout.Cancel(ctx, v.MerchantID, v.Mode, v.ID, callOf(ctx).by())
			return a.sessionShown(v, "", err)
		})
	add(a, http.MethodGet, "/v1/checkout_sessions/{id}/payments", about{id: "list_checkout_session_payments", tag: tag, summary: "List the payments of a checkout session",
		answer: SessionPayments{[]payment.View{examplePayment}}},
		func(ctx context.Context, in *SessionPath) (*struct{ Body SessionPayments }, error) {
			v, err := a.session(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			list, err := a.Checkout.SessionPayments(ctx, v.ID)
			if err != nil {
				return nil, err
			}
			out := SessionPayments{Data: []payment.View{}}
			for _, p := range list {
				out.Data = append(out.Data, p.View())
			}
			return &struct{ Body SessionPayments }{out}, nil
		})
}

func (a *server) createSession(ctx context.Context, in *struct{ Body NewSession }) (*sessionAnswer, error) {
	call, b := callOf(ctx), in.Body
	to := checkout.SessionInput{ID: posta.IDFrom[posta.SessionID](call.claim.ULID), MerchantID: call.key.MerchantID, Mode: call.key.Mode,
		ConnectionID: posta.ConnectionID(b.Connection), Title: b.Title, Description: b.Description, Amount: b.Amount, Open: b.Open, Items: b.Items,
		Reference: b.Reference, Terms: b.Terms, CancelURL: b.CancelURL, Shipment: b.Shipment, ExpiresIn: time.Duration(b.ExpiresIn) * time.Second, By: call.by()}
	put(&to.Buyer, b.Buyer)
	v, err := a.Checkout.CreateSession(ctx, to)
	return a.sessionShown(v, "/v1/checkout_sessions/"+string(v.ID), err)
}

func (a *server) listSessions(ctx context.Context, in *struct {
	Limit     int    `query:"limit" minimum:"1" maximum:"100" doc:"25 if left out"`
	After     string `query:"after" pattern:"^chk_[0-9A-HJKMNP-TV-Z]{26}$" doc:"next of the page before"`
	State     string `query:"state" enum:"open,complete,expired,canceled"`
	Link      string `query:"link_id"`
	Attention bool   `query:"attention" doc:"only those that a person should look at"`
}) (*struct{ Body SessionList }, error) {
	key := callOf(ctx).key
	filter := checkout.SessionFilter{MerchantID: key.MerchantID, Mode: key.Mode, State: checkout.State(in.State), LinkID: posta.LinkID(in.Link),
		Attention: in.Attention, Page: posta.Page{Limit: in.Limit, After: in.After}}
	list, err := a.Checkout.Sessions(ctx, filter)
	if err != nil {
		return nil, err
	}
	out := SessionList{Data: []checkout.SessionView{}}
	for _, v := range list {
		out.Data = append(out.Data, a.Checkout.SessionView(v))
	}
	if len(list) == filter.Size() {
		out.Next = string(list[len(list)-1].ID)
	}
	return &struct{ Body SessionList }{out}, nil
}

// session finds one of the caller's.
func (a *server) session(ctx context.Context, text string) (checkout.Session, error) {
	key := callOf(ctx).key
	id, err := found[posta.SessionID](text)
	if err != nil {
		return checkout.Session{}, err
	}
	return a.Checkout.Session(ctx, key.MerchantID, key.Mode, id)
}

func (a *server) sessionShown(v checkout.Session, location string, err error) (*sessionAnswer, error) {
	if err != nil {
		return nil, err
	}
	return &sessionAnswer{location, a.Checkout.SessionView(v)}, nil
}
