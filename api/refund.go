package api

import (
	"context"
	"net/http"

	"posta"
	"posta/payment"
	"posta/provider"
)

// NewRefund asks to give back money of a payment.
type NewRefund struct {
	Amount int64  `json:"amount,omitempty" exclusiveMinimum:"0" doc:"minor units; all that is left if left out" example:"50000"`
	Reason string `json:"reason,omitempty" maxLength:"150"`

	Kind      provider.RefundKind `json:"kind,omitempty" enum:"refund,reversal" doc:"a reversal voids the whole payment by name; what the proposal says if left out"`
	Terminals []string            `json:"terminals,omitempty" maxItems:"20" doc:"where it is done, if on a terminal; that of the sale if left out"`
}

// Proposal is how money of a payment is best given back, and why.
type Proposal struct {
	Kind      provider.RefundKind    `json:"kind" enum:"refund,reversal"`
	Reason    payment.ProposalReason `json:"reason" enum:"whole_open_batch,part,given_before,batch_closed,reversal_declined,brand,by_slip,no_reversal,several_attempts" doc:"why this kind and not the other"`
	Amount    int64                  `json:"amount" doc:"minor units that it would give back"`
	Left      int64                  `json:"left" doc:"minor units that can still be given back"`
	Terminals []posta.TerminalID     `json:"terminals,omitempty" doc:"where a person does it; absent where the provider does it by itself"`
}

// RefundPath names a refund.
type RefundPath struct {
	ID string `path:"id" doc:"ref_…" example:"ref_01JD9S3F2K8Q4ZV6W1X7Y5T0RB"`
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
	Mode: posta.Test, Kind: provider.KindRefund, State: payment.RefundSucceeded, Amount: 50000, Currency: "ARS", Reason: "vuelve un plato",
	Origin: "key:key_" + exampleULID, CreatedAt: exampleAt, UpdatedAt: exampleAt}

func (a *server) refunds() {
	const tag = "Refunds"
	add(a, http.MethodPost, "/v1/payments/{id}/refunds", about{id: "create_refund", tag: tag, summary: "Give back all or a part of a payment",
		status: http.StatusCreated, codes: []posta.Code{posta.CodeState, posta.CodeRefundExceeds, posta.CodeTerminalBusy},
		text: "Comes back pending, succeeded, failed or unknown; what is not decided Posta goes on asking about, with the same key at the provider. " +
			"Where it is done on a terminal it waits there, pending, until somebody does it.",
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
		func(ctx context.Context, in *RefundPath) (*refundAnswer, error) {
			key := callOf(ctx).key
			id, err := found[posta.RefundID](in.ID)
			if err != nil {
				return nil, err
			}
			r, err := a.Payments.Store.Refund(ctx, key.MerchantID, key.Mode, id)
			return refundShown(r, "", err)
		})
	add(a, http.MethodPost, "/v1/refunds/{id}/cancel", about{id: "cancel_refund", tag: tag, summary: "Take a refund off its terminal",
		text: "Only while it waits there. It may come back succeeded: the terminal was faster.", codes: []posta.Code{posta.CodeState}, answer: exampleRefund},
		func(ctx context.Context, in *RefundPath) (*refundAnswer, error) {
			call := callOf(ctx)
			id, err := found[posta.RefundID](in.ID)
			if err != nil {
				return nil, err
			}
			r, err := a.Payments.CancelRefund(ctx, call.key.MerchantID, call.key.Mode, id, call.by())
			return refundShown(r, "", err)
		})
	add(a, http.MethodGet, "/v1/payments/{id}/refund-proposal", about{id: "propose_refund", tag: tag, summary: "How to give a payment back, and why so",
		text:  "A refund without a kind is made as this says at that moment.",
		codes: []posta.Code{posta.CodeState, posta.CodeRefundExceeds},
		answer: Proposal{Kind: provider.KindReversal, Reason: payment.ReasonWhole, Amount: 150000, Left: 150000,
			Terminals: []posta.TerminalID{posta.IDFrom[posta.TerminalID](exampleULID)}}}, a.proposeRefund)
}

func (a *server) proposeRefund(ctx context.Context, in *struct {
	PaymentPath
	Amount int64 `query:"amount" minimum:"0" doc:"minor units; all that is left if left out"`
}) (*struct{ Body Proposal }, error) {
	key := callOf(ctx).key
	id, err := found[posta.PaymentID](in.ID)
	if err != nil {
		return nil, err
	}
	p, err := a.Payments.Propose(ctx, key.MerchantID, key.Mode, id, in.Amount)
	if err != nil {
		return nil, err
	}
	out := Proposal{Kind: p.Kind, Reason: p.Reason, Amount: p.Amount, Left: p.Left}
	for _, t := range p.Terminals {
		out.Terminals = append(out.Terminals, t.ID)
	}
	return &struct{ Body Proposal }{out}, nil
}

func refundShown(r payment.Refund, location string, err error) (*refundAnswer, error) {
	if err != nil {
		return nil, err
	}
	return &refundAnswer{Location: location, Body: r.View()}, nil
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
	terminals, err := terminalIDs(in.Body.Terminals)
	if err != nil {
		return nil, err
	}
	r, err := a.Payments.Refund(ctx, payment.RefundInput{ID: posta.IDFrom[posta.RefundID](call.claim.ULID),
		MerchantID: call.key.MerchantID, Mode: call.key.Mode, PaymentID: id, Amount: in.Body.Amount, Kind: in.Body.Kind,
		Terminals: terminals, Reason: in.Body.Reason, By: call.by()})
	return refundShown(r, "/v1/refunds/"+string(r.ID), err)
}
