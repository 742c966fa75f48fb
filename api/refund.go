package api

import (
	"context"
	"net/http"

	"posta"
	"posta/payment"
)

// NewRefund asks to give back money of a payment.
type NewRefund struct {
	Amount int64  `json:"amount,omitempty" exclusiveMinimum:"0" doc:"minor units; all that is left if left out" example:"50000"`
	Reason string `json:"reason,omitempty" maxLength:"150"`
}

// RefundList is all refunds of a payment, oldest first.
type RefundList struct {
	Data []payment.RefundView `json:"data"`
}

type refundAnswer struct {
	Location string `header:"Location"`
	Body     payment.RefundView
}

var exampleRefund = payment.RefundView{ID: posta.IDFrom[posta.RefundID](exampleULID), PaymentID: posta.IDFrom[posta.PaymentID](exampleULID),
	Mode: posta.Test, State: payment.RefundSucceeded, Amount: 50000, Currency: "ARS", Reason: "vuelve un plato",
	Origin: "key:key_" + exampleULID, CreatedAt: exampleAt, UpdatedAt: exampleAt}

func (a *server) refunds() {
	const tag = "Refunds"
	add(a, http.MethodPost, "/v1/payments/{id}/refunds", about{id: "create_refund", tag: tag, summary: "Give back all or a part of a payment",
		status: http.StatusCreated, codes: []posta.Code{posta.CodeState, posta.CodeRefundExceeds},
		text:    "Comes back pending, succeeded, failed or unknown; what is not decided Posta goes on asking about, with the same key at the provider.",
		request: NewRefund{Amount: 50000, Reason: "vuelve un plato"}, answer: exampleRefund}, a.createRefund)
	add(a, http.MethodGet, "/v1/payments/{id}/refunds", about{id: "list_refunds", tag: tag, summary: "List the refunds of a payment",
		answer: RefundList{Data: []payment.RefundView{exampleRefund}}},
		func(ctx context.Context, in *PaymentPath) (*struct{ Body RefundList }, error) {
			key := callOf(ctx).key
			id, err := found[posta.PaymentID](in.ID)
			if err != nil {
				return nil, err
			}
			if _, err := a.Payments.Get(ctx, key.MerchantID, key.Mode, id); err != nil {
				return nil, err
			}
			list, err := a.Payments.Store.ListRefunds(ctx, id)
			if err != nil {
				return nil, err
			}
			out := RefundList{Data: []payment.RefundView{}}
			for _, r := range list {
				out.Data = append(out.Data, r.View())
			}
			return &struct{ Body RefundList }{out}, nil
		})
	add(a, http.MethodGet, "/v1/refunds/{id}", about{id: "get_refund", tag: tag, summary: "Get a refund", answer: exampleRefund},
		func(ctx context.Context, in *struct {
			ID string `path:"id" doc:"ref_…"`
		}) (*refundAnswer, error) {
			key := callOf(ctx).key
			id, err := found[posta.RefundID](in.ID)
			if err != nil {
				return nil, err
			}
			r, err := a.Payments.Store.Refund(ctx, key.MerchantID, key.Mode, id)
			if err != nil {
				return nil, err
			}
			return &refundAnswer{Body: r.View()}, nil
		})
}

func (a *server) createRefund(ctx context.Context, in *struct {
	PaymentPath
	Body *NewRefund
}) (*refundAnswer, error) {
	call := callOf(ctx)
	id, err := found[posta.PaymentID](in.ID)
	if err != nil {
		return nil, err
	}
	if in.Body == nil {
		in.Body = &NewRefund{}
	}
	r, err := a.Payments.Refund(ctx, payment.RefundInput{ID: posta.IDFrom[posta.RefundID](call.claim.ULID),
		MerchantID: call.key.MerchantID, Mode: call.key.Mode, PaymentID: id, Amount: in.Body.Amount, Reason: in.Body.Reason, By: call.by()})
	if err != nil {
		return nil, err
	}
	return &refundAnswer{Location: "/v1/refunds/" + string(r.ID), Body: r.View()}, nil
}
