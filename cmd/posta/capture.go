package main

import (
	"context"

	"posta"
	"posta/client"
)

type paymentsCaptureCmd struct {
	apiFlags
	ID      string `arg:"" help:"The payment's id."`
	Amount  string `help:"Decimal amount to take, all of it if left out; the rest is released." placeholder:"1000.00"`
	KeyText string `name:"idempotency-key" help:"Repeat a call with the same key and it has one effect; a new key by default." placeholder:"KEY"`
}

// Run takes the money.
func (c *paymentsCaptureCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	if c.KeyText == "" {
		c.KeyText = client.Key()
	}
	p, err := api.Payment(ctx, posta.PaymentID(c.ID))
	if err != nil {
		return err
	}
	var minor int64
	if c.Amount != "" {
		m, err := amount("--amount", c.Amount, p.Currency)
		if err != nil {
			return err
		}
		minor = m.Amount
	}
	if p, err = api.CapturePayment(ctx, c.KeyText, p.ID, minor); err != nil {
		return keyed{err, c.KeyText}
	}
	return t.show(p)
}
