package mercadopago

import (
	"context"
	"time"

	"posta"
	"posta/provider"
)

type pointConfig struct {
	Terminal string `json:"terminal_id"`
	Print    string `json:"print_on_terminal,omitempty"`
}

type methodConfig struct {
	Default string `json:"default_type"`
}

// pointCapabilities are what Point terminals can do, docs/providers/mercadopago.md §5.
func pointCapabilities() provider.Capabilities {
	return provider.Capabilities{
		Offered:       true,
		Recovery:      provider.RecoverRepeat,
		PartialRefund: true,
		Expires:       true,
		MaxExpiry:     3 * time.Hour,
		RefundWindow:  90 * 24 * time.Hour,
		Topics:        []string{TopicOrder, TopicPayment},
		Terminal: provider.TerminalCapabilities{
			Options: []string{provider.OptionMethod, provider.OptionCopies},
			Devices: true,
		},
	}
}

// printing is what a terminal prints, docs/providers/mercadopago.md §5.1: the
// seller's slip or nothing. What is not asked for is left to the provider.
var printing = map[provider.Copies]string{
	"":                      "",
	provider.CopiesBoth:     "seller_ticket",
	provider.CopiesMerchant: "seller_ticket",
	provider.CopiesNone:     "no_ticket",
}

// toTerminal makes of a body the one of an order of type point,
// docs/providers/mercadopago.md §5.1.
func (b *orderBody) toTerminal(charge provider.Charge) error {
	if len(charge.Terminals) != 1 {
		return posta.Invalid("terminals", "one")
	}
	slips, known := printing[charge.Options.Copies]
	if !known {
		return &posta.Error{Code: posta.CodeProviderRejected, Params: map[string]string{"code": "unsupported_copies"},
			Cause: posta.Errorf(posta.CodeInvalid, "Point does not print copies %q", charge.Options.Copies)}
	}
	b.Type, b.Config.Point = typePoint, &pointConfig{Terminal: charge.Terminals[0], Print: slips}
	if charge.Options.Method != "" {
		b.Config.Method = &methodConfig{Default: charge.Options.Method}
	}
	return nil
}

// progress is where an open order stands on its terminal.
func (o order) progress() provider.Progress {
	p := progressOf[o.Status]
	for _, t := range o.Transactions.Payments {
		if p != "" && t.StatusDetail == "cancellation_requested" {
			return provider.ProgressCanceling
		}
	}
	return p
}

// detail is the provider's word on the order: how it ended its transaction
// says, the order only repeats its status.
func (o order) detail() string {
	if len(o.Transactions.Payments) == 1 && orderStatus[o.Status] != provider.StatusClosed {
		return first(o.Transactions.Payments[0].StatusDetail, o.StatusDetail)
	}
	return o.StatusDetail
}

// slip is what is told of the terminal on which t was paid.
func (o order) slip(t transaction) provider.Slip {
	s := provider.Slip{Terminal: o.Config.Point.Terminal}
	if s.Terminal != "" && t.Provider != "" {
		s.Entry = "qr"
	}
	return s
}

// clarify looks for the payment of an order that asks for action: such an order
// never changes again, whatever became of the money
// (docs/providers/mercadopago.md §5.5). Where none brought money, or the search
// is refused, the order stays as it is.
func (c *connector) clarify(ctx context.Context, o *order) error {
	if len(o.Transactions.Payments) != 1 || o.ExternalReference == "" {
		return nil
	}
	found, err := c.paymentsOf(ctx, o.ExternalReference)
	if err != nil {
		if posta.Temporary(err) {
			return err
		}
		return nil
	}
	t := &o.Transactions.Payments[0]
	for _, p := range found {
		switch attemptStatus(p.Status, p.StatusDetail) {
		case provider.StatusApproved:
			t.Status = "processed"
		case provider.StatusInMediation, provider.StatusChargedBack:
			t.Status = p.Status
		default:
			continue
		}
		o.Status, o.clarified = "processed", true
		if since := moment(time.Time{}, p.Updated); since.After(moment(time.Time{}, o.Updated)) {
			o.Updated = p.Updated
		}
		t.StatusDetail, t.Reference, t.Paid, t.Card.Last = p.StatusDetail, p.ID, p.Amount, p.Card.LastFour
		t.Method.ID, t.Method.Type, t.Method.Installments = p.Brand, p.Method, p.Installments
		return c.refundsOf(ctx, o, p)
	}
	return nil
}

// refundsOf adds to the order what was given back of its payment.
func (c *connector) refundsOf(ctx context.Context, o *order, p payment) error {
	whole, err := c.payment(ctx, string(p.ID))
	for _, r := range whole.Refunds {
		o.Transactions.Refunds = append(o.Transactions.Refunds, orderRefund{ID: string(r.ID), Amount: r.Amount,
			Transaction: o.Transactions.Payments[0].ID, Status: refundWords[read(refundStatus, r.Status, provider.StatusPending)]})
	}
	return err
}

// refundWords say of a payment's refund what an order would.
var refundWords = map[provider.Status]string{
	provider.StatusApproved: "processed", provider.StatusPending: "processing",
	provider.StatusRejected: "failed", provider.StatusCanceled: "canceled",
}

// refundClarified gives back of an order of a terminal whose refund was
// refused: one that asks for action is not refundable, and its payment is
// (docs/providers/mercadopago.md §5.4, §5.5). Any other stays refused.
func (c *connector) refundClarified(ctx context.Context, charge provider.Charge, r provider.Refund, refused error) (provider.Observation, error) {
	none := provider.Observation{ExternalReference: string(charge.Payment)}
	o, err := c.order(ctx, charge.Order)
	if err != nil && posta.Temporary(err) {
		return none, err
	}
	if err != nil || !o.clarified || o.Transactions.Payments[0].ID != r.Attempt {
		return none, refused
	}
	attempt := r.Attempt
	r.Attempt = string(o.Transactions.Payments[0].Reference)
	seen, err := c.refundPayment(ctx, charge, r)
	for i := range seen.Facts {
		seen.Facts[i].Parent = attempt
	}
	return seen, err
}
