package prisma

import (
	"context"
	"net/http"

	"posta"
	"posta/provider"
)

const refunds = terminals + "/terminal_refunds/refunds"

// refund is what the provider tells of one, docs/providers/prisma.md §7.
type refund struct {
	ID       text `json:"refund_id"`
	Status   text `json:"refund_status"`
	Merchant text `json:"merchant_id"`
	Terminal text `json:"terminal_id"`
	Brand    text `json:"card_brand_product"`
	Acquirer text `json:"acquirer_id"`
	Code     text `json:"authorization_code"`
	Coupon   text `json:"refunds_transaction_receipt"`
	Batch    text `json:"batch_number"`
	Slip     text `json:"client_receipt_detail"`
}

// Refund puts the return of money before the terminals: a reversal names the
// payment and takes it whole, a refund is of any amount and names none.
func (c *connector) Refund(ctx context.Context, charge provider.Charge, r provider.Refund) (provider.Observation, error) {
	seen := provider.Observation{ExternalReference: string(charge.Payment)}
	amount, err := centavos(r.Amount)
	if err != nil {
		return seen, err
	}
	ref := provider.RefundRef{Attempt: r.Attempt, Kind: r.Kind, Key: r.Key, Amount: r.Amount.Amount}
	if r.Kind == provider.KindReversal {
		if !r.Whole {
			return seen, rejected("reversal_is_whole", "a reversal takes the whole payment")
		}
		seen.Facts, err = c.reverse(ctx, charge, r, ref)
		return seen, err
	}
	body := struct {
		Subnet string `json:"subnet_acquirer_id"`
		Amount string `json:"refund_amount"`
		Text   string `json:"terminal_menu_text"`
		ecr
		Reference any                 `json:"ecr_transaction_id"`
		Copies    string              `json:"print_copies"`
		Terminals []map[string]string `json:"terminals_list"`
		Brand     any                 `json:"card_brand_product"`
	}{c.subnet, amount, c.menuText("Devolucion", r.Amount.Amount, charge, r.Title), c.ecr, c.reference(r.Key), "BOTH", offeredTo(r.Terminals), orNull(r.Brand)}
	seen.Facts, err = c.refund(ctx, ref, call{method: http.MethodPost, path: refunds, query: c.merchant(), body: body})
	return seen, err
}

// lookRefund asks what became of a refund or reversal.
func (c *connector) lookRefund(ctx context.Context, ref provider.RefundRef) ([]provider.Fact, error) {
	switch {
	case ref.Kind == provider.KindReversal:
		return c.reversal(ctx, ref, call{method: http.MethodGet, path: path(reversals, ref.Attempt), query: c.withSubnet()})
	case ref.ID == "":
		return nil, nil // its answer was lost, and nothing else leads to it
	}
	return c.refund(ctx, ref, call{method: http.MethodGet, path: path(refunds, ref.ID), query: c.withSubnet()})
}

// CancelRefund asks to take a refund or reversal off its terminal.
func (c *connector) CancelRefund(ctx context.Context, charge provider.Charge, ref provider.RefundRef) (provider.Observation, error) {
	seen := provider.Observation{ExternalReference: string(charge.Payment)}
	var err error
	switch {
	case ref.Kind == provider.KindReversal:
		seen.Facts, err = c.reversal(ctx, ref, call{method: http.MethodPut, path: path(reversals, ref.Attempt, "cancellations"), query: c.withSubnet()})
	case ref.ID == "":
		return seen, posta.Errorf(posta.CodeNotFound, "cancel of a refund whose id is not known")
	default:
		seen.Facts, err = c.refund(ctx, ref, call{method: http.MethodPut, path: path(refunds, ref.ID, "cancellations"), query: c.withSubnet()})
	}
	if tooLate(err) {
		seen.Facts, err = c.lookRefund(ctx, ref)
	}
	return seen, err
}

// refund makes a call that answers with a refund. No amount is in the answer:
// it is the one that was asked.
func (c *connector) refund(ctx context.Context, ref provider.RefundRef, k call) ([]provider.Fact, error) {
	e, err := c.do(ctx, k)
	if err != nil {
		return nil, err
	}
	var d refund
	if err := e.data("refund", &d); err != nil {
		return nil, err
	}
	if d.ID == "" {
		return nil, posta.Errorf(posta.CodeProviderUnavailable, "%s %s: no refund in the answer", k.method, k.path)
	}
	r := read(refundStatus, d.Status, provider.StatusPending)
	return []provider.Fact{{Kind: provider.FactRefund, ID: string(d.ID), Parent: ref.Attempt, Status: r.status, Detail: string(d.Status),
		Version: r.place, At: c.clock.Now(), Amount: ref.Amount, Brand: string(d.Brand), Authorizes: string(d.Code), Progress: r.progress,
		Refund: provider.KindRefund, Slip: provider.Slip{Terminal: string(d.Terminal), Batch: string(d.Batch), Coupon: string(d.Coupon),
			Acquirer: string(d.Acquirer), Merchant: string(d.Merchant), Text: string(d.Slip)}}}, nil
}
