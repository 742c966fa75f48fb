package api

import (
	"context"
	"net/http"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
)

// OnlineCharge is how a buyer pays a charge online.
type OnlineCharge struct {
	Flow         provider.Flow      `json:"flow" enum:"redirect,direct" doc:"on the provider's own page, or by one method"`
	Method       string             `json:"method,omitempty" doc:"with direct: the provider's id of the method" example:"pix"`
	Token        string             `json:"token,omitempty" maxLength:"100" doc:"stands for a card; made in the buyer's browser by the provider's script, single use"`
	Installments int                `json:"installments,omitempty" minimum:"0" maximum:"36" doc:"with a card; with redirect the most that are offered"`
	Issuer       string             `json:"issuer,omitempty" doc:"the provider's id of the card's bank"`
	Bank         string             `json:"bank,omitempty" doc:"the provider's id of the buyer's bank, where the method asks for one"`
	Authorize    bool               `json:"authorize,omitempty" doc:"cards only reserve the money: capture takes it"`
	Binary       bool               `json:"binary,omitempty" doc:"approved or rejected at once, no review"`
	Challenge    bool               `json:"challenge,omitempty" doc:"3DS where the card's bank asks for it"`
	Descriptor   string             `json:"descriptor,omitempty" maxLength:"13" doc:"on the card's statement"`
	Exclude      []string           `json:"exclude,omitempty" maxItems:"50" doc:"methods and types that the provider's page does not offer"`
	VoucherTo    *time.Time         `json:"voucher_to,omitempty" doc:"until when a voucher can be paid; the method's own time if left out"`
	Return       string             `json:"return_url,omitempty" maxLength:"500" doc:"https: where the provider's page sends the buyer back to. What its address says is not proof: get the payment"`
	Buyer        provider.Buyer     `json:"buyer"`
	Shipment     *provider.Shipment `json:"shipment,omitempty"`
}

func (o *OnlineCharge) asked() *provider.Online {
	if o == nil {
		return nil
	}
	out := &provider.Online{Flow: o.Flow, Method: o.Method, Token: o.Token, Installments: o.Installments, Issuer: o.Issuer, Bank: o.Bank,
		Authorize: o.Authorize, Binary: o.Binary, Challenge: o.Challenge, Descriptor: o.Descriptor, Exclude: o.Exclude, Return: o.Return,
		Buyer: o.Buyer, Shipment: o.Shipment}
	if o.VoucherTo != nil {
		out.VoucherTo = *o.VoucherTo
	}
	return out
}

// createOnline charges an account's buyer.
func (a *server) createOnline(ctx context.Context, body NewPayment) (*paymentAnswer, error) {
	call := callOf(ctx)
	var problems posta.Problems
	problems.Add(body.TillID != "", "till_id", "not_on_rail")
	problems.Add(len(body.Terminals) > 0, "terminals", "not_on_rail")
	problems.Add(body.Options != nil, "options", "not_on_rail")
	problems.Add(body.Online == nil, "online", "required")
	connection, err := found[posta.ConnectionID](body.Connection)
	problems.Add(err != nil, "connection_id", "unknown")
	if err := problems.Err(); err != nil {
		return nil, err
	}
	p, err := a.Payments.Create(ctx, payment.Input{ID: posta.IDFrom[posta.PaymentID](call.claim.ULID), MerchantID: call.key.MerchantID,
		Mode: call.key.Mode, ConnectionID: connection, Amount: posta.Money{Amount: body.Amount, Currency: body.Currency}, Reference: body.Reference,
		Description: body.Description, Items: body.Items, ExpiresIn: time.Duration(body.ExpiresIn) * time.Second, Rail: provider.RailOnline,
		Online: body.Online.asked(), By: call.by()})
	return shown(p, "/v1/payments/"+string(p.ID), err)
}

// NewCapture asks to take reserved money.
type NewCapture struct {
	Amount int64 `json:"amount,omitempty" minimum:"1" doc:"minor units, at most what was asked; all of it if left out. The rest is released"`
}

func (a *server) captures() {
	add(a, http.MethodPost, "/v1/payments/{id}/capture", about{id: "capture_payment", tag: "Payments", summary: "Take money that a card reserved",
		text:  "For a payment with progress authorized. While the provider gives no answer it comes back pending, and Posta goes on trying. Cancel releases the money.",
		codes: []posta.Code{posta.CodeState, posta.CodeProviderRejected}, request: NewCapture{Amount: 100000}, answer: examplePayment},
		func(ctx context.Context, in *struct {
			PaymentPath
			Body *NewCapture
		}) (*paymentAnswer, error) {
			call := callOf(ctx)
			id, err := found[posta.PaymentID](in.ID)
			if err != nil {
				return nil, err
			}
			var amount int64
			if in.Body != nil {
				amount = in.Body.Amount
			}
			p, err := a.Payments.Capture(ctx, call.key.MerchantID, call.key.Mode, id, amount, call.by())
			return shown(p, "", err)
		})
}
