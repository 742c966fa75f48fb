package main

import (
	"context"

	"posta"
	"posta/client"
)

type paymentsProposeCmd struct {
	apiFlags
	ID     string `arg:"" help:"The payment's id."`
	Amount string `help:"Decimal amount; all that is left by default." placeholder:"500.00"`
}

// Help is shown by --help.
func (c *paymentsProposeCmd) Help() string {
	return `A payment on a terminal is given back by reversal (the whole of it, voided by name while its batch is open) or by
refund (any amount). posta payments refund does what this says, unless --kind says otherwise.

Examples:

  posta payments propose pay_…
  posta payments propose pay_… --amount 500.00`
}

// whys says each reason of a proposal to a person.
var whys = map[string]string{
	"whole_open_batch": "it is the whole payment, and its batch is not known to be closed",
	"part":             "it is a part, and a reversal takes the whole payment only",
	"given_before":     "some of it was given back already",
	"batch_closed":     "its batch is closed",
	"brand":            "cards of this brand are given back by refund",
	"by_slip":          "the provider's name of the payment is not known",
	"no_reversal":      "the provider has refunds only",
	"several_attempts": "several tries paid it together",
}

// Run tells the proposal.
func (c *paymentsProposeCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	p, part, err := payback(ctx, api, c.ID, c.Amount)
	if err != nil {
		return err
	}
	proposal, err := api.ProposeRefund(ctx, p.ID, part)
	if err != nil {
		return err
	}
	why := whys[proposal.Reason]
	if why == "" {
		why = proposal.Reason
	}
	return t.print(proposal, "kind      %s\nbecause   %s\namount    %s\nleft      %s\n", proposal.Kind, why,
		money(proposal.Amount, p.Currency), money(proposal.Left, p.Currency))
}

// payback finds a payment, and reads how much of it is to be given back, in
// minor units; 0 for all that is left.
func payback(ctx context.Context, api *client.Client, id, text string) (client.Payment, int64, error) {
	p, err := api.Payment(ctx, posta.PaymentID(id))
	if err != nil || text == "" {
		return p, 0, err
	}
	part, err := amount("--amount", text, p.Currency)
	if err == nil && part.Amount == 0 { // which would be everything
		err = usage("--amount must be more than zero; leave it out to refund all that is left")
	}
	return p, part.Amount, err
}

type paymentsRefundCmd struct {
	apiFlags
	ID        string   `arg:"" help:"The payment's id."`
	Amount    string   `help:"Decimal amount; all that is left by default." placeholder:"500.00"`
	Kind      string   `help:"refund or reversal; what posta payments propose says by default." enum:",refund,reversal" default:"" placeholder:"KIND"`
	Terminals []string `help:"Where it is done on a terminal; that of the sale by default." placeholder:"trm_…"`
	Reason    string   `help:"Why, for the record." placeholder:"TEXT"`
	KeyText   string   `name:"idempotency-key" help:"Repeat a call with the same key and it has one effect; a new key by default." placeholder:"KEY"`
}

// Help is shown by --help.
func (c *paymentsRefundCmd) Help() string {
	return `The money goes back the way it came. Several refunds may be made, never for more than is left. What was charged on a
terminal is given back there: it waits, pending, until somebody does it. posta refunds get shows how it went.

Examples:

  posta payments refund pay_…
  posta payments refund pay_… --amount 500.00 --reason "one item back"
  posta payments refund pay_… --kind reversal`
}

// Run refunds.
func (c *paymentsRefundCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	p, part, err := payback(ctx, api, c.ID, c.Amount)
	if err != nil {
		return err
	}
	if c.KeyText == "" {
		c.KeyText = client.Key()
	}
	refund, err := api.Refund(ctx, c.KeyText, p.ID, client.NewRefund{Amount: part, Reason: c.Reason, Kind: c.Kind,
		Terminals: ids[posta.TerminalID](c.Terminals)})
	if err != nil {
		return keyed{err, c.KeyText}
	}
	return t.showRefund(refund)
}

// showRefund prints one refund.
func (t terminal) showRefund(r client.Refund) error {
	if t.json {
		return printJSON(t.out, r)
	}
	return t.table(
		"refund", string(r.ID), "payment", string(r.PaymentID), "kind", r.Kind, "state", r.State, "on terminal", r.Progress,
		"amount", money(r.Amount, r.Currency), "reason", r.Reason, "failure", r.Failure)
}

// refundsCmd works on refunds through the API of a running hub.
type refundsCmd struct {
	Get    refundsGetCmd    `cmd:"" help:"Show one refund."`
	Cancel refundsCancelCmd `cmd:"" help:"Take a refund off its terminal before it is done there."`
}

type refundsGetCmd struct {
	apiFlags
	ID string `arg:"" help:"The refund's id."`
}

// Run shows the refund.
func (c *refundsGetCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	r, err := api.GetRefund(ctx, posta.RefundID(c.ID))
	if err != nil {
		return err
	}
	return t.showRefund(r)
}

type refundsCancelCmd struct {
	apiFlags
	ID string `arg:"" help:"The refund's id."`
}

// Help is shown by --help.
func (c *refundsCancelCmd) Help() string {
	return `It may come back succeeded: the terminal was faster.

Examples:

  posta refunds cancel ref_…`
}

// Run cancels the refund.
func (c *refundsCancelCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	r, err := api.CancelRefund(ctx, client.Key(), posta.RefundID(c.ID)) // done twice it is still canceled
	if err != nil {
		return err
	}
	return t.showRefund(r)
}
