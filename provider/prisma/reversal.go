package prisma

import (
	"cmp"
	"context"
	"net/http"

	"posta"
	"posta/provider"
)

const reversals = terminals + "/terminal_reversals/reversals"

// reversal is what the provider tells of one, docs/providers/prisma.md §6.
type reversal struct {
	Payment text  `json:"payment_id"`
	Status  text  `json:"reversal_status"`
	Data    place `json:"payment_data"`
}

// place is where a reversal was done. Its coupon and authorization may be those
// of the sale (§6) and are not told on.
type place struct {
	Merchant text `json:"merchant_id"`
	Terminal text `json:"terminal_id"`
	Acquirer text `json:"acquirer_id"`
	Batch    text `json:"batch_number"`
	Slip     text `json:"client_receipt_detail"`
}

// reverse asks for a reversal. Where that is refused it may have been done
// already, which is what counts.
func (c *connector) reverse(ctx context.Context, charge provider.Charge, r provider.Refund, ref provider.RefundRef) ([]provider.Fact, error) {
	body := map[string]any{"reversal_request_data": map[string]any{"subnet_acquirer_id": c.subnet, "payment_id": r.Attempt,
		"terminal_menu_text": c.menuText("Anulacion", r.Amount.Amount, charge, r.Title), "ecr_transaction_id": c.reference(r.Key),
		"print_copies": "BOTH", "terminals_list": offeredTo(r.Terminals)}}
	given, err := c.reversal(ctx, ref, call{method: http.MethodPost, path: reversals, query: c.merchant(), body: body})
	if posta.ErrorCode(err) != posta.CodeProviderRejected {
		return given, err
	}
	if there, lookErr := c.lookRefund(ctx, ref); lookErr == nil && len(there) > 0 {
		return there, nil
	}
	return nil, err
}

// reversal makes a call that answers with a payment's reversal. There is one
// path for all of a payment's, so the echo tells whose it is: another's is told
// only when it gave the money back.
func (c *connector) reversal(ctx context.Context, ref provider.RefundRef, k call) ([]provider.Fact, error) {
	e, err := c.do(ctx, k)
	if err != nil {
		return nil, err
	}
	var d reversal
	if err := e.data("reversal", &d); err != nil {
		return nil, err
	}
	if string(d.Payment) != ref.Attempt {
		return nil, posta.Errorf(posta.CodeProviderUnavailable, "%s %s: no reversal of the payment in the answer", k.method, k.path)
	}
	r, key := read(reversalStatus, d.Status, provider.StatusPending), cmp.Or(e.reference("reversal_request_data"), ref.Key)
	if key != ref.Key && r.status != provider.StatusApproved {
		return nil, nil
	}
	f := provider.Fact{Kind: provider.FactRefund, ID: ref.Attempt + "/" + key, Parent: ref.Attempt, Status: r.status, Detail: string(d.Status),
		Version: r.place, At: c.clock.Now(), Amount: ref.Amount, Progress: r.progress, Refund: provider.KindReversal}
	if r.status == provider.StatusApproved {
		f.Slip = provider.Slip{Terminal: string(d.Data.Terminal), Batch: string(d.Data.Batch), Acquirer: string(d.Data.Acquirer),
			Merchant: string(d.Data.Merchant), Text: string(d.Data.Slip)}
	}
	return []provider.Fact{f}, nil
}
