package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"posta"
	"posta/app"
	"posta/client"
)

// paymentsCmd works on payments through the API of a running hub.
type paymentsCmd struct {
	Create paymentsCreateCmd `cmd:"" help:"Charge at a till: posta payments create --till til_… --amount 1500.00"`
	Get    paymentsGetCmd    `cmd:"" help:"Show one payment."`
	List   paymentsListCmd   `cmd:"" help:"List payments, newest first."`
	Watch  paymentsWatchCmd  `cmd:"" help:"Follow one payment until it ends, or all of a till until interrupted."`
	Cancel paymentsCancelCmd `cmd:"" help:"Take a payment off its till before it is paid."`
	Refund paymentsRefundCmd `cmd:"" help:"Give back all or a part of a payment."`
}

// apiFlags say which hub to speak to, and as whom.
type apiFlags struct {
	URL  string `name:"url" help:"The hub's address; that of the hub running on the data folder by default." env:"POSTA_URL"`
	Key  string `help:"API key (psk_test_… or psk_live_…); the demo's by default." env:"POSTA_KEY"`
	Data string `help:"Data folder of a hub on this machine." default:"posta-data" env:"POSTA_DATA" type:"path" placeholder:"DIR"`
	JSON bool   `name:"json" help:"Print JSON."`
}

func (f apiFlags) client() (*client.Client, error) {
	if f.URL == "" {
		note, err := app.ReadNote(f.Data)
		if err != nil {
			return nil, posta.Errorf(posta.CodeUnavailable, "no hub runs on %s; start one, or name one with --url", f.Data)
		}
		f.URL = note.URL
	}
	if f.Key == "" {
		var seed app.Seed
		if b, err := os.ReadFile(filepath.Join(f.Data, "demo.json")); err == nil {
			json.Unmarshal(b, &seed)
		}
		f.Key = seed.Key
	}
	if f.Key == "" {
		return nil, posta.Errorf(posta.CodeUnauthorized, "an API key is needed: --key or POSTA_KEY; make one on the hub's page /keys")
	}
	return client.New(f.URL, f.Key, nil), nil
}

type paymentsCreateCmd struct {
	apiFlags
	Till      string        `help:"The till's id." required:"" placeholder:"til_…"`
	Amount    string        `help:"Decimal amount in the till's currency." required:"" placeholder:"1500.00"`
	Currency  string        `help:"The till's by default." default:""`
	Reference string        `help:"Your own text."`
	Describe  string        `name:"description" help:"What the buyer reads."`
	ExpiresIn time.Duration `name:"expires-in" help:"30s to 3h." default:"10m"`
	KeyText   string        `name:"idempotency-key" help:"Repeat a call with the same key and it has one effect; a new key by default."`
}

// Run creates the payment.
func (c *paymentsCreateCmd) Run(ctx context.Context, s streams) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	currency := posta.Currency(c.Currency)
	if currency == "" {
		me, err := api.Me(ctx)
		if err != nil {
			return err
		}
		country, err := posta.FindCountry(me.Country)
		if err != nil {
			return err
		}
		currency = country.Currency
	}
	amount, err := posta.ParseDecimal(c.Amount, currency)
	if err != nil {
		return posta.Invalid("amount", "decimal")
	}
	if c.KeyText == "" {
		c.KeyText = client.Key()
	}
	p, err := api.CreatePayment(ctx, c.KeyText, client.NewPayment{TillID: posta.TillID(c.Till), Amount: amount.Amount, Currency: currency,
		Reference: c.Reference, Description: c.Describe, ExpiresIn: int64(c.ExpiresIn / time.Second)})
	if err != nil {
		return err
	}
	return c.show(s.out, p)
}

func (f apiFlags) show(out io.Writer, p client.Payment) error {
	if f.JSON {
		return printJSON(out, p)
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(table, "%s\t%s\n", name, value)
		}
	}
	row("payment", string(p.ID))
	row("state", p.State)
	row("attention", p.Attention)
	row("amount", money(p.Amount, p.Currency))
	if p.Captured > 0 {
		row("captured", money(p.Captured, p.Currency))
	}
	if p.Refunded > 0 {
		row("refunded", money(p.Refunded, p.Currency))
	}
	row("reference", p.Reference)
	row("reason", p.Reason)
	row("till", string(p.Till))
	row("created", p.CreatedAt.Format(time.RFC3339))
	row("qr", p.QR)
	return table.Flush()
}

func money(amount int64, currency posta.Currency) string {
	return posta.Money{Amount: amount, Currency: currency}.String()
}

type paymentsGetCmd struct {
	apiFlags
	ID string `arg:"" help:"The payment's id."`
}

// Run shows the payment.
func (c *paymentsGetCmd) Run(ctx context.Context, s streams) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	p, err := api.Payment(ctx, posta.PaymentID(c.ID))
	if err != nil {
		return err
	}
	return c.show(s.out, p)
}

type paymentsListCmd struct {
	apiFlags
	State  string `help:"Only those in the state."`
	Till   string `help:"Only those of the till." placeholder:"til_…"`
	Search string `help:"Id, reference, amount or last four digits."`
	Limit  int    `help:"How many, at most 100." default:"25"`
	After  string `help:"Continue after this payment."`
}

// Run lists payments.
func (c *paymentsListCmd) Run(ctx context.Context, s streams) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	list, err := api.Payments(ctx, client.Filter{State: c.State, TillID: posta.TillID(c.Till), Search: c.Search, Limit: c.Limit, After: c.After})
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s.out, list)
	}
	table := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "PAYMENT\tCREATED\tSTATE\tAMOUNT\tREFERENCE")
	for _, p := range list.Data {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", p.ID, p.CreatedAt.Format(time.DateTime), p.State, money(p.Amount, p.Currency), p.Reference)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if list.Next != "" {
		fmt.Fprintf(s.err, "more: --after %s\n", list.Next)
	}
	return nil
}

type paymentsWatchCmd struct {
	apiFlags
	ID string `arg:"" help:"A payment's or a till's id."`
}

// Run prints each change; a payment that ended ends it.
func (c *paymentsWatchCmd) Run(ctx context.Context, s streams) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	err = api.Watch(ctx, c.ID, func(e client.Event) error {
		p := e.Payment
		if p == nil {
			return nil
		}
		if c.JSON {
			if err := json.NewEncoder(s.out).Encode(p); err != nil {
				return err
			}
		} else {
			fmt.Fprintf(s.out, "%s  %-18s  %s  %s\n", p.UpdatedAt.Format(time.TimeOnly), p.State, money(p.Amount, p.Currency), p.ID)
		}
		if c.ID == string(p.ID) && !p.Open() {
			return client.Done
		}
		return nil
	})
	if errors.Is(err, context.Canceled) {
		return nil // interrupted: the way to end watching a till
	}
	return err
}

type paymentsCancelCmd struct {
	apiFlags
	ID string `arg:"" help:"The payment's id."`
}

// Run cancels the payment.
func (c *paymentsCancelCmd) Run(ctx context.Context, s streams) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	p, err := api.CancelPayment(ctx, client.Key(), posta.PaymentID(c.ID))
	if err != nil {
		return err
	}
	return c.show(s.out, p)
}

type paymentsRefundCmd struct {
	apiFlags
	ID      string `arg:"" help:"The payment's id."`
	Amount  string `help:"Decimal amount; all that is left by default." placeholder:"500.00"`
	Reason  string `help:"Why, for the record."`
	KeyText string `name:"idempotency-key" help:"Repeat a call with the same key and it has one effect; a new key by default."`
}

// Run refunds.
func (c *paymentsRefundCmd) Run(ctx context.Context, s streams) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	p, err := api.Payment(ctx, posta.PaymentID(c.ID))
	if err != nil {
		return err
	}
	var amount posta.Money
	if c.Amount != "" {
		if amount, err = posta.ParseDecimal(c.Amount, p.Currency); err != nil {
			return posta.Invalid("amount", "decimal")
		}
	}
	if c.KeyText == "" {
		c.KeyText = client.Key()
	}
	refund, err := api.Refund(ctx, c.KeyText, p.ID, amount.Amount, c.Reason)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s.out, refund)
	}
	_, err = fmt.Fprintf(s.out, "refund    %s\nstate     %s\namount    %s\n", refund.ID, refund.State, money(refund.Amount, refund.Currency))
	return err
}
