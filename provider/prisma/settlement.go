package prisma

import (
	"context"
	"net/http"
	"strconv"

	"posta"
	"posta/provider"
)

const settlements = terminals + "/terminal_settlements/settlements"

// settlement is what the provider tells of one, docs/providers/prisma.md §8.
type settlement struct {
	ID       text `json:"settlement_id"`
	Status   text `json:"settlement_status"`
	Batch    text `json:"batch_number"`
	Response text `json:"acquirer_response_code"`
	Message  text `json:"acquirer_additional_message"`
	Slip     text `json:"merchant_receipt_detail"`
}

// Settle asks a terminal to close its batch.
func (c *connector) Settle(ctx context.Context, s provider.Settlement) (provider.SettlementFact, error) {
	query := c.withSubnet()
	query.Set("terminal_id", s.Terminal)
	query.Set("print_receipt", strconv.FormatBool(s.Print))
	return c.settlement(ctx, call{method: http.MethodPost, path: settlements, query: query, body: struct{}{}})
}

// Settlement asks what became of a batch close.
func (c *connector) Settlement(ctx context.Context, s provider.Settlement) (provider.SettlementFact, error) {
	if s.ID == "" {
		return provider.SettlementFact{}, posta.Errorf(posta.CodeNotFound, "settlement whose id is not known")
	}
	return c.settlement(ctx, call{method: http.MethodGet, path: path(settlements, s.ID), query: c.withSubnet()})
}

func (c *connector) settlement(ctx context.Context, k call) (provider.SettlementFact, error) {
	e, err := c.do(ctx, k)
	if err != nil {
		return provider.SettlementFact{}, err
	}
	var d settlement
	if err := e.data("settlement", &d); err != nil {
		return provider.SettlementFact{}, err
	}
	if d.ID == "" {
		return provider.SettlementFact{}, posta.Errorf(posta.CodeProviderUnavailable, "%s %s: no settlement in the answer", k.method, k.path)
	}
	r := read(settlementStatus, d.Status, provider.StatusPending)
	f := provider.SettlementFact{ID: string(d.ID), Status: r.status, Progress: r.progress, Detail: string(d.Status), Batch: string(d.Batch),
		At: c.clock.Now(), Message: string(d.Message), Text: string(d.Slip)}
	if d.Response != "" && (r.status == provider.StatusRejected || r.status == provider.StatusDoubtful) {
		f.Detail = string(d.Response)
	}
	if r.status == provider.StatusApproved {
		f.Totals = totals(f.Text)
	}
	return f, nil
}
