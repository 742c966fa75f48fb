package api

import (
	"context"
	"net/http"

	"posta"
	"posta/payment"
)

// SlipSays is what the terminal's slip says of a charge or a refund whose
// answer was lost.
type SlipSays struct {
	Done          bool   `json:"done" doc:"the terminal charged it, or gave it back; false: it did not"`
	Terminal      string `json:"terminal,omitempty" doc:"the provider's id of the terminal, as the slip has it; may be left out where there is one"`
	Batch         string `json:"batch,omitempty" doc:"required when done"`
	Coupon        string `json:"coupon,omitempty" doc:"required when done"`
	Authorization string `json:"authorization,omitempty" doc:"required when done"`
	Brand         string `json:"brand,omitempty"`
	LastFour      string `json:"last_four,omitempty" doc:"of the card: four digits, never more" example:"4242"`
	Installments  int    `json:"installments,omitempty"`
	Amount        int64  `json:"amount,omitempty" doc:"minor units on the slip of a charge; what was asked if left out"`
}

var exampleSlip = SlipSays{Done: true, Batch: "012", Coupon: "0345", Authorization: "123456", Brand: "VI", LastFour: "4242", Amount: 150000}

func (s SlipSays) input(c *call) payment.SlipInput {
	return payment.SlipInput{MerchantID: c.key.MerchantID, Mode: c.key.Mode, Done: s.Done, Terminal: s.Terminal, Batch: s.Batch, Coupon: s.Coupon,
		Authorization: s.Authorization, Brand: s.Brand, LastFour: s.LastFour, Installments: s.Installments, Amount: s.Amount, By: c.by()}
}

func (a *server) slips() {
	add(a, http.MethodPost, "/v1/payments/{id}/settle-by-slip", about{id: "settle_payment_by_slip", tag: "Payments",
		summary: "Say what the terminal's slip tells of a payment",
		text: "For a payment with attention slip or review: its answer was lost, and only the terminal's paper or its list of operations can tell. " +
			"The next close of the batch holds it against the provider's totals.",
		codes: []posta.Code{posta.CodeState}, request: exampleSlip, answer: examplePayment},
		func(ctx context.Context, in *struct {
			PaymentPath
			Body SlipSays
		}) (*paymentAnswer, error) {
			id, err := found[posta.PaymentID](in.ID)
			if err != nil {
				return nil, err
			}
			p, err := a.Payments.SettleBySlip(ctx, id, in.Body.input(callOf(ctx)))
			return shown(p, "", err)
		})
	add(a, http.MethodPost, "/v1/refunds/{id}/settle-by-slip", about{id: "settle_refund_by_slip", tag: "Refunds",
		summary: "Say what the terminal's slip tells of a refund",
		text:    "For a refund that is unknown: only the terminal's paper or its list of operations can tell whether the money went back.",
		codes:   []posta.Code{posta.CodeState}, request: exampleSlip, answer: exampleRefund},
		func(ctx context.Context, in *struct {
			RefundPath
			Body SlipSays
		}) (*refundAnswer, error) {
			id, err := found[posta.RefundID](in.ID)
			if err != nil {
				return nil, err
			}
			r, err := a.Payments.SettleRefundBySlip(ctx, id, in.Body.input(callOf(ctx)))
			return refundShown(r, "", err)
		})
}
