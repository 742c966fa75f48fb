package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"posta"
	"posta/app"
	"posta/client"
)

// paymentsCmd works on payments through the API of a running hub.
type paymentsCmd struct {
	Create paymentsCreateCmd `cmd:"" help:"Charge at a till."`
	Get    paymentsGetCmd    `cmd:"" help:"Show one payment."`
	List   paymentsListCmd   `cmd:"" help:"List payments, newest first."`
	Watch  paymentsWatchCmd  `cmd:"" help:"Follow one payment until it ends, or all of a till until interrupted."`
	Cancel paymentsCancelCmd `cmd:"" help:"Take a payment off its till before it is paid."`
	Refund paymentsRefundCmd `cmd:"" help:"Give back all or a part of a payment."`
}

// apiFlags say which hub to speak to, and as whom.
type apiFlags struct {
	URL  string `name:"url" help:"The hub's address; that of the hub running on the data folder by default." env:"POSTA_URL" placeholder:"URL"`
	Key  string `help:"API key (psk_test_… or psk_live_…); the demo's by default." env:"POSTA_KEY" placeholder:"KEY"`
	Data string `help:"Data folder of a hub on this machine; posta-data by default, or else posta-demo." env:"POSTA_DATA" type:"path" placeholder:"DIR"`
}

// dataFolder is where a hub on this machine is looked for.
func dataFolder(given string) string {
	if given != "" {
		return given
	}
	for _, name := range []string{"posta-data", "posta-demo"} {
		if _, err := app.ReadNote(name); err == nil {
			return name
		}
	}
	return "posta-data"
}

func (f apiFlags) client() (*client.Client, error) {
	base, err := address("--url", f.URL)
	if err != nil {
		return nil, err
	}
	folder := dataFolder(f.Data)
	if base == "" {
		note, err := app.ReadNote(folder)
		if err != nil {
			return nil, posta.Errorf(posta.CodeUnavailable, "no hub runs on the folder %s: start one (posta demo, posta serve), name its folder with --data, or its address with --url", folder)
		}
		base = note.URL
	}
	if f.Key == "" && f.URL == "" {
		seed, _ := app.ReadSeed(folder)
		f.Key = seed.Key
	}
	if f.Key == "" {
		return nil, posta.Errorf(posta.CodeUnauthorized, "an API key is needed: --key or POSTA_KEY; make one on the hub's page %s/keys", base)
	}
	api := client.New(base, f.Key, nil)
	api.Language = language()
	return api, nil
}

// address checks a flag that holds a web address; "" is left as it is.
func address(flag, text string) (string, error) {
	if text == "" {
		return "", nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" {
		return "", usage("%s must be an address such as https://pagos.example", flag)
	}
	return strings.TrimRight(text, "/"), nil
}

// amount reads decimal text in exactly one form, so that nobody charges a
// thousand times what was meant.
func amount(text string, currency posta.Currency) (posta.Money, error) {
	m, err := posta.ParseDecimal(text, currency)
	if err != nil || strings.HasPrefix(text, "-") {
		form := "1500 or 1500.00"
		if currency.Decimals() == 0 {
			form = "1500"
		}
		return m, usage("--amount %q is not an amount of %s: write digits, with a point before the decimals and nothing between thousands, such as %s", text, currency, form)
	}
	return m, nil
}

type paymentsCreateCmd struct {
	apiFlags
	Till      string        `help:"The till's id; posta tills lists them." required:"" placeholder:"til_…"`
	Amount    string        `help:"Decimal amount in the till's currency: 1500 or 1500.00." required:"" placeholder:"1500.00"`
	Currency  string        `help:"The till's by default." placeholder:"ARS"`
	Reference string        `help:"Your own text." placeholder:"TEXT"`
	Describe  string        `name:"description" help:"What the buyer reads." placeholder:"TEXT"`
	ExpiresIn time.Duration `name:"expires-in" help:"30s to 3h; ${default} if left out." default:"10m" placeholder:"TIME"`
	KeyText   string        `name:"idempotency-key" help:"Repeat a call with the same key and it has one effect; a new key by default." placeholder:"KEY"`
}

// Help is shown by --help.
func (c *paymentsCreateCmd) Help() string {
	return `The QR to pay with shows on the till's page, and is printed as text. A till takes one charge at a time.

Examples:

  posta payments create --till til_… --amount 1500.00 --reference order-1
  posta payments create --till til_… --amount 1500 --idempotency-key order-1      safe to repeat
  posta payments create --till til_… --amount 1500 --json`
}

// Run creates the payment.
func (c *paymentsCreateCmd) Run(ctx context.Context, t terminal) error {
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
	m, err := amount(c.Amount, currency)
	if err != nil {
		return err
	}
	if c.KeyText == "" {
		c.KeyText = client.Key()
	}
	p, err := api.CreatePayment(ctx, c.KeyText, client.NewPayment{TillID: posta.TillID(c.Till), Amount: m.Amount, Currency: currency,
		Reference: c.Reference, Description: c.Describe, ExpiresIn: int64(c.ExpiresIn / time.Second)})
	if err != nil {
		return keyed{err, c.KeyText}
	}
	return t.show(p)
}

// show prints one payment.
func (t terminal) show(p client.Payment) error {
	if t.json {
		return printJSON(t.out, p)
	}
	table := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
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
	row("created", p.CreatedAt.Local().Format(time.RFC3339))
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
func (c *paymentsGetCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	p, err := api.Payment(ctx, posta.PaymentID(c.ID))
	if err != nil {
		return err
	}
	return t.show(p)
}

type paymentsListCmd struct {
	apiFlags
	State  string `help:"Only those in the state: ${states}." enum:",${states}" default:"" placeholder:"STATE"`
	Till   string `help:"Only those of the till." placeholder:"til_…"`
	Search string `help:"Id, reference, amount or last four digits." placeholder:"TEXT"`
	Limit  int    `help:"How many, at most 100; ${default} if left out." default:"25" placeholder:"N"`
	After  string `help:"Continue after this payment." placeholder:"pay_…"`
}

// Help is shown by --help.
func (c *paymentsListCmd) Help() string {
	return `Times are this machine's. Where there are more, the last line tells how to see them.

Examples:

  posta payments list --state paid --till til_…
  posta payments list --search order-1
  posta payments list --limit 100 --json`
}

// Run lists payments.
func (c *paymentsListCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	list, err := api.Payments(ctx, client.Filter{State: c.State, TillID: posta.TillID(c.Till), Search: c.Search, Limit: c.Limit, After: c.After})
	if err != nil {
		return err
	}
	if t.json {
		return printJSON(t.out, list)
	}
	table := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "PAYMENT\tCREATED\tSTATE\tAMOUNT\tREFERENCE")
	for _, p := range list.Data {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", p.ID, p.CreatedAt.Local().Format(time.DateTime), p.State, money(p.Amount, p.Currency), p.Reference)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if list.Next != "" {
		fmt.Fprintf(t.err, "more: --after %s\n", list.Next)
	}
	return nil
}

type paymentsWatchCmd struct {
	apiFlags
	ID string `arg:"" help:"A payment's (pay_…) or a till's (til_…) id."`
}

// Help is shown by --help.
func (c *paymentsWatchCmd) Help() string {
	return `Prints how it stands, and a line (with --json one JSON object) for each change. A lost connection is taken up
again where it broke off. Ctrl+C ends it, with exit code 0.

Examples:

  posta payments watch pay_…
  posta payments watch til_… --json`
}

// Run prints each change; a payment that ended ends it.
func (c *paymentsWatchCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	if !strings.HasPrefix(c.ID, "pay_") && !strings.HasPrefix(c.ID, "til_") {
		return usage("%q is neither a payment's id (pay_…) nor a till's (til_…)", c.ID)
	}
	if _, err := api.Me(ctx); err != nil { // the stream itself would try for ever
		return err
	}
	err = api.Watch(ctx, c.ID, func(e client.Event) error {
		p := e.Payment
		if p == nil {
			return nil
		}
		if t.json {
			if err := json.NewEncoder(t.out).Encode(p); err != nil {
				return err
			}
		} else if _, err := fmt.Fprintf(t.out, "%s  %-18s  %s  %s\n", p.UpdatedAt.Local().Format(time.TimeOnly), p.State, money(p.Amount, p.Currency), p.ID); err != nil {
			return err
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
func (c *paymentsCancelCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	p, err := api.CancelPayment(ctx, client.Key(), posta.PaymentID(c.ID)) // done twice it is still canceled
	if err != nil {
		return err
	}
	return t.show(p)
}

type paymentsRefundCmd struct {
	apiFlags
	ID      string `arg:"" help:"The payment's id."`
	Amount  string `help:"Decimal amount; all that is left by default." placeholder:"500.00"`
	Reason  string `help:"Why, for the record." placeholder:"TEXT"`
	KeyText string `name:"idempotency-key" help:"Repeat a call with the same key and it has one effect; a new key by default." placeholder:"KEY"`
}

// Help is shown by --help.
func (c *paymentsRefundCmd) Help() string {
	return `The money goes back the way it came. Several refunds may be made, never for more than is left.

Examples:

  posta payments refund pay_…
  posta payments refund pay_… --amount 500.00 --reason "one item back"`
}

// Run refunds.
func (c *paymentsRefundCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	p, err := api.Payment(ctx, posta.PaymentID(c.ID))
	if err != nil {
		return err
	}
	var part posta.Money
	if c.Amount != "" {
		if part, err = amount(c.Amount, p.Currency); err != nil {
			return err
		}
		if part.Amount == 0 { // which would be everything
			return usage("--amount must be more than zero; leave it out to refund all that is left")
		}
	}
	if c.KeyText == "" {
		c.KeyText = client.Key()
	}
	refund, err := api.Refund(ctx, c.KeyText, p.ID, part.Amount, c.Reason)
	if err != nil {
		return keyed{err, c.KeyText}
	}
	return t.print(refund, "refund    %s\nstate     %s\namount    %s\n", refund.ID, refund.State, money(refund.Amount, refund.Currency))
}
