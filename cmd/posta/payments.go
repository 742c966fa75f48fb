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
	Create  paymentsCreateCmd  `cmd:"" help:"Charge at a till, by QR or on a card terminal."`
	Get     paymentsGetCmd     `cmd:"" help:"Show one payment."`
	List    paymentsListCmd    `cmd:"" help:"List payments, newest first."`
	Watch   paymentsWatchCmd   `cmd:"" help:"Follow one payment until it ends, or all of a till until interrupted."`
	Cancel  paymentsCancelCmd  `cmd:"" help:"Take a payment off its till before it is paid."`
	Capture paymentsCaptureCmd `cmd:"" help:"Take money that a card reserved online."`
	Propose paymentsProposeCmd `cmd:"" help:"Tell how a payment is best given back, and why."`
	Refund  paymentsRefundCmd  `cmd:"" help:"Give back all or a part of a payment."`
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

// amount reads a flag's decimal text in exactly one form, so that nobody
// charges a thousand times what was meant.
func amount(flag, text string, currency posta.Currency) (posta.Money, error) {
	m, err := posta.ParseDecimal(text, currency)
	if err != nil || strings.HasPrefix(text, "-") {
		form := "1500 or 1500.00"
		if currency.Decimals() == 0 {
			form = "1500"
		}
		return m, usage("%s %q is not an amount of %s: write digits, with a point before the decimals and nothing between thousands, such as %s", flag, text, currency, form)
	}
	return m, nil
}

// show prints one payment.
func (t terminal) show(p client.Payment) error {
	if t.json {
		return printJSON(t.out, p)
	}
	rows := []string{"payment", string(p.ID), "state", p.State, "on terminal", p.Progress, "attention", p.Attention,
		"amount", money(p.Amount, p.Currency)}
	if p.Captured > 0 {
		rows = append(rows, "captured", money(p.Captured, p.Currency))
	}
	if p.Refunded > 0 {
		rows = append(rows, "refunded", money(p.Refunded, p.Currency))
	}
	for _, a := range p.Attempts {
		rows = append(rows, "card", strings.Join(strings.Fields(a.Brand+" "+a.LastFour+" "+a.Status), " "), "authorization", a.Authorizes)
		if a.Slip != nil {
			rows = append(rows, "batch", a.Slip.Batch, "coupon", a.Slip.Coupon)
		}
	}
	return t.table(append(rows, "reference", p.Reference, "reason", p.Reason, "till", string(p.Till),
		"created", p.CreatedAt.Local().Format(time.RFC3339), "qr", p.QR)...)
}

// table prints names, each with its value, without those that have none.
func (t terminal) table(pairs ...string) error {
	table := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			fmt.Fprintf(table, "%s\t%s\n", pairs[i], pairs[i+1])
		}
	}
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
		} else if _, err := fmt.Fprintf(t.out, "%s  %-20s  %s  %s\n", p.UpdatedAt.Local().Format(time.TimeOnly), strings.TrimSpace(p.State+" "+p.Progress), money(p.Amount, p.Currency), p.ID); err != nil {
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
