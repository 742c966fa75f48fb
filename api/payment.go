package api

import (
	"context"
	"net/http"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
)

// NewPayment asks for a payment.
type NewPayment struct {
	TillID      string          `json:"till_id,omitempty" doc:"the till that charges; left out online" example:"til_01JD9S3F2K8Q4ZV6W1X7Y5T0RB"`
	Connection  string          `json:"connection_id,omitempty" doc:"online: the account that charges" example:"con_01JD9S3F2K8Q4ZV6W1X7Y5T0RB"`
	Online      *OnlineCharge   `json:"online,omitempty" doc:"online: how the buyer pays, and who it is"`
	Amount      int64           `json:"amount" doc:"minor units" example:"150000"`
	Currency    posta.Currency  `json:"currency,omitempty" doc:"ISO 4217; the till's if left out" example:"ARS"`
	Reference   string          `json:"reference,omitempty" doc:"your own text; not unique" maxLength:"100"`
	Description string          `json:"description,omitempty" doc:"shown to the buyer" maxLength:"150"`
	Items       []provider.Item `json:"items,omitempty" doc:"what is sold; their sum must be the amount" maxItems:"50"`
	ExpiresIn   int64           `json:"expires_in,omitempty" doc:"seconds, 30 to 10800, online up to 2678400; if left out 600, on a terminal 120, online 259200"`
	Rail        provider.Rail   `json:"rail,omitempty" enum:"qr,terminal,online" doc:"how the buyer pays: a QR that the till shows, a card terminal, or a web page; if left out online with connection_id, else qr"`
	Terminals   []string        `json:"terminals,omitempty" maxItems:"20" doc:"those that may take it, on rail terminal; those of the till if left out. The first to take it charges"`
	Options     *PaymentOptions `json:"options,omitempty" doc:"what is asked of the terminal, on rail terminal"`
}

// PaymentList is a page of payments.
type PaymentList struct {
	Data   []payment.View `json:"data"`
	Next   string         `json:"next,omitempty" doc:"pass as after for the next page; absent at the end"`
	Totals Totals         `json:"totals" doc:"of all that match, not of this page"`
}

// Totals sums up a list, by currency, in minor units.
type Totals struct {
	Count    int64                    `json:"count"`
	Captured map[posta.Currency]int64 `json:"captured"`
	Refunded map[posta.Currency]int64 `json:"refunded"`
}

// Settling says how a person settled what drew attention.
type Settling struct {
	Accept bool `json:"accept,omitempty" doc:"take what came as full payment"`
}

// PaymentPath names a payment.
type PaymentPath struct {
	ID string `path:"id" doc:"pay_…" example:"pay_01JD9S3F2K8Q4ZV6W1X7Y5T0RB"`
}

type paymentAnswer struct {
	Location string `header:"Location"`
	Body     payment.View
}

type paymentQuery struct {
	Limit     int       `query:"limit" minimum:"1" maximum:"100" doc:"25 if left out"`
	After     string    `query:"after" pattern:"^pay_[0-9A-HJKMNP-TV-Z]{26}$" doc:"next of the page before"`
	State     string    `query:"state" enum:"created,pending,unknown,paid,partially_refunded,refunded,disputed,charged_back,rejected,canceled,expired,failed"`
	TillID    string    `query:"till_id"`
	StoreID   string    `query:"store_id"`
	Attention bool      `query:"attention" doc:"only those that a person should look at"`
	From      time.Time `query:"from" doc:"created at or after"`
	To        time.Time `query:"to" doc:"created before"`
	Search    string    `query:"search" maxLength:"100" doc:"id, reference, provider's order or attempt id, amount or the card's last four"`
}

var (
	exampleAt   = time.Date(2026, 3, 2, 15, 4, 5, 0, time.UTC)
	exampleULID = "01JD9S3F2K8Q4ZV6W1X7Y5T0RB"
)

var examplePayment = payment.View{ID: posta.IDFrom[posta.PaymentID](exampleULID), Mode: posta.Test, State: payment.Pending,
	Amount: 150000, Currency: "ARS", Reference: "mesa 4", Till: posta.IDFrom[posta.TillID](exampleULID),
	Store: posta.IDFrom[posta.StoreID](exampleULID), Connection: posta.IDFrom[posta.ConnectionID](exampleULID),
	CreatedBy: "key:" + string(posta.IDFrom[posta.KeyID](exampleULID)), CreatedAt: exampleAt, UpdatedAt: exampleAt,
	ExpiresAt: exampleAt.Add(10 * time.Minute)}

func (a *server) payments() {
	const tag = "Payments"
	add(a, http.MethodPost, "/v1/payments", about{id: "create_payment", tag: tag, summary: "Charge at a till, or online", status: http.StatusCreated,
		text: "Stores the payment, then asks the provider, for at most ten seconds. It comes back pending (the buyer can pay), " +
			"unknown (the provider's answer was lost; Posta goes on asking: do not charge again) or failed (the provider refused). " +
			"On a terminal progress says where it stands; an unknown one with attention slip only the terminal's slip can settle. " +
			"Online it names connection_id and online in place of till_id; online.next of the answer is what the buyer does next. " +
			"A checkout session does all of this for you.",
		codes:   []posta.Code{posta.CodeNotFound, posta.CodeTillBusy, posta.CodeTerminalBusy, posta.CodeForbidden, posta.CodeModeMismatch, posta.CodeGateClosed},
		request: NewPayment{TillID: "til_" + exampleULID, Amount: 150000, Reference: "mesa 4"}, answer: examplePayment}, a.createPayment)
	add(a, http.MethodGet, "/v1/payments/{id}", about{id: "get_payment", tag: tag, summary: "Get a payment", answer: examplePayment},
		func(ctx context.Context, in *PaymentPath) (*paymentAnswer, error) {
			key := callOf(ctx).key
			id, err := found[posta.PaymentID](in.ID)
			if err != nil {
				return nil, err
			}
			p, err := a.Payments.Get(ctx, key.MerchantID, key.Mode, id)
			return shown(p, "", err)
		})
	add(a, http.MethodGet, "/v1/payments", about{id: "list_payments", tag: tag, summary: "List and search payments",
		answer: PaymentList{Data: []payment.View{examplePayment}, Totals: Totals{Count: 1, Captured: map[posta.Currency]int64{"ARS": 0}, Refunded: map[posta.Currency]int64{}}}},
		a.listPayments)
	add(a, http.MethodPost, "/v1/payments/{id}/cancel", about{id: "cancel_payment", tag: tag, summary: "Cancel a payment that is not paid",
		text:  "It may come back paid: the buyer was faster. While the provider gives no answer it comes back pending, and Posta goes on trying.",
		codes: []posta.Code{posta.CodeState}, answer: examplePayment},
		func(ctx context.Context, in *PaymentPath) (*paymentAnswer, error) {
			key := callOf(ctx).key
			id, err := found[posta.PaymentID](in.ID)
			if err != nil {
				return nil, err
			}
			p, err := a.Payments.Cancel(ctx, key.MerchantID, key.Mode, id, callOf(ctx).by())
			return shown(p, "", err)
		})
	add(a, http.MethodPost, "/v1/payments/{id}/settle", about{id: "settle_payment", tag: tag, summary: "Settle what a payment drew attention to",
		codes: []posta.Code{posta.CodeState}, request: Settling{Accept: true}, answer: examplePayment},
		func(ctx context.Context, in *struct {
			PaymentPath
			Body *Settling
		}) (*paymentAnswer, error) {
			key := callOf(ctx).key
			id, err := found[posta.PaymentID](in.ID)
			if err != nil {
				return nil, err
			}
			accept := in.Body != nil && in.Body.Accept
			p, err := a.Payments.Settle(ctx, key.MerchantID, key.Mode, id, accept, callOf(ctx).by())
			return shown(p, "", err)
		})
}

func shown(p payment.Payment, location string, err error) (*paymentAnswer, error) {
	if err != nil {
		return nil, err
	}
	return &paymentAnswer{Location: location, Body: p.View()}, nil
}

func (a *server) createPayment(ctx context.Context, in *struct{ Body NewPayment }) (*paymentAnswer, error) {
	call := callOf(ctx)
	if in.Body.Connection != "" || in.Body.Rail == provider.RailOnline {
		return a.createOnline(ctx, in.Body)
	}
	if in.Body.TillID == "" {
		return nil, posta.Invalid("till_id", "required")
	}
	if in.Body.Online != nil {
		return nil, posta.Invalid("online", "not_on_rail")
	}
	till, err := found[posta.TillID](in.Body.TillID)
	if err != nil {
		return nil, err
	}
	terminals, err := terminalIDs(in.Body.Terminals)
	if err != nil {
		return nil, err
	}
	p, err := a.Payments.Create(ctx, payment.Input{ID: posta.IDFrom[posta.PaymentID](call.claim.ULID),
		MerchantID: call.key.MerchantID, Mode: call.key.Mode, TillID: till,
		Amount:    posta.Money{Amount: in.Body.Amount, Currency: in.Body.Currency},
		Reference: in.Body.Reference, Description: in.Body.Description, Items: in.Body.Items,
		ExpiresIn: time.Duration(in.Body.ExpiresIn) * time.Second, Rail: in.Body.Rail, Terminals: terminals, Options: in.Body.Options.asked(), By: call.by()})
	return shown(p, "/v1/payments/"+string(p.ID), err)
}

func (a *server) listPayments(ctx context.Context, in *paymentQuery) (*struct{ Body PaymentList }, error) {
	key := callOf(ctx).key
	filter := payment.Filter{MerchantID: key.MerchantID, Mode: key.Mode, TillID: posta.TillID(in.TillID), StoreID: posta.StoreID(in.StoreID),
		State: payment.State(in.State), Attention: in.Attention, From: in.From, To: in.To, Search: in.Search,
		Page: posta.Page{Limit: in.Limit, After: in.After}}
	list, totals, err := a.Payments.List(ctx, filter)
	if err != nil {
		return nil, err
	}
	out := PaymentList{Data: []payment.View{}, Totals: Totals{Count: totals.Count, Captured: orEmpty(totals.Captured), Refunded: orEmpty(totals.Refunded)}}
	for _, p := range list {
		out.Data = append(out.Data, p.View())
	}
	if len(list) == filter.Size() {
		out.Next = string(list[len(list)-1].ID)
	}
	return &struct{ Body PaymentList }{out}, nil
}

func orEmpty(m map[posta.Currency]int64) map[posta.Currency]int64 {
	if m == nil {
		return map[posta.Currency]int64{}
	}
	return m
}
