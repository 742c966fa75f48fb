package main

import (
	"context"
	"time"

	"posta"
	"posta/client"
)

type paymentsCreateCmd struct {
	apiFlags
	Till      string        `help:"The till's id; posta tills lists them." required:"" placeholder:"til_…"`
	Amount    string        `help:"Decimal amount in the till's currency: 1500 or 1500.00." required:"" placeholder:"1500.00"`
	Currency  string        `help:"The till's by default." placeholder:"ARS"`
	Reference string        `help:"Your own text." placeholder:"TEXT"`
	Describe  string        `name:"description" help:"What the buyer reads." placeholder:"TEXT"`
	ExpiresIn time.Duration `name:"expires-in" help:"30s to 3h; 10m if left out, 2m on a terminal." placeholder:"TIME"`
	KeyText   string        `name:"idempotency-key" help:"Repeat a call with the same key and it has one effect; a new key by default." placeholder:"KEY"`

	Terminal  bool     `help:"Charge on the till's card terminal, not by a QR on its page." group:"On a terminal"`
	Terminals []string `help:"Only on these; posta terminals list shows them. The first to take it charges." placeholder:"trm_…" group:"On a terminal"`
	QR        bool     `name:"qr" help:"The terminal shows a QR instead of taking a card." group:"On a terminal"`
	Benefit   bool     `help:"That QR may bring a benefit: the wallet pays less." group:"On a terminal"`

	Method       string `help:"Only such cards: credit_card or debit_card." enum:",credit_card,debit_card" default:"" placeholder:"METHOD" group:"On a terminal"`
	Brand        string `help:"Only cards of it, by the provider's code." placeholder:"VI" group:"On a terminal"`
	Installments int    `help:"1 to 99; the terminal asks if left out." placeholder:"N" group:"On a terminal"`
	Plan         string `help:"The acquirer's id of an installment plan." placeholder:"ID" group:"On a terminal"`
	CashBack     string `name:"cash-back" help:"Decimal amount to hand out with the purchase, on debit." placeholder:"5000.00" group:"On a terminal"`
	Copies       string `help:"Slips to print: both, merchant, customer or none." enum:",both,merchant,customer,none" default:"" placeholder:"COPIES" group:"On a terminal"`
	Note         string `help:"A line on the slip." placeholder:"TEXT" group:"On a terminal"`
	Document     string `help:"The customer's id number; it is not kept." placeholder:"NUMBER" group:"On a terminal"`
}

// Help is shown by --help.
func (c *paymentsCreateCmd) Help() string {
	return `The QR to pay with shows on the till's page, and is printed as text. A till takes one charge at a time.
With --terminal, or any flag of that group, the charge goes to the card terminal and waits there.

Examples:

  posta payments create --till til_… --amount 1500.00 --reference order-1
  posta payments create --till til_… --amount 1500 --idempotency-key order-1      safe to repeat
  posta payments create --till til_… --amount 1500 --json
  posta payments create --till til_… --amount 60000 --terminal --installments 6
  posta payments create --till til_… --amount 1500 --terminal --method debit_card --cash-back 5000.00
  posta payments create --till til_… --amount 1500 --terminal --qr`
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
	m, err := amount("--amount", c.Amount, currency)
	if err != nil {
		return err
	}
	in := client.NewPayment{TillID: posta.TillID(c.Till), Amount: m.Amount, Currency: currency, Reference: c.Reference,
		Description: c.Describe, ExpiresIn: int64(c.ExpiresIn / time.Second)}
	if err := c.onTerminal(&in); err != nil {
		return err
	}
	if c.KeyText == "" {
		c.KeyText = client.Key()
	}
	p, err := api.CreatePayment(ctx, c.KeyText, in)
	if err != nil {
		return keyed{err, c.KeyText}
	}
	return t.show(p)
}

// onTerminal fills in what is asked of a terminal, if anything is.
func (c *paymentsCreateCmd) onTerminal(in *client.NewPayment) error {
	options := client.Options{Method: c.Method, Brand: c.Brand, Installments: c.Installments, Plan: c.Plan, Copies: c.Copies,
		Note: c.Note, Document: c.Document, Benefit: c.Benefit}
	if c.QR {
		options.Operation = "qr"
	}
	if c.CashBack != "" {
		m, err := amount("--cash-back", c.CashBack, in.Currency)
		if err != nil {
			return err
		}
		options.CashBack = m.Amount
	}
	if in.Terminals = ids[posta.TerminalID](c.Terminals); c.Terminal || len(in.Terminals) > 0 || options != (client.Options{}) {
		in.Rail = "terminal"
	}
	if options != (client.Options{}) {
		in.Options = &options
	}
	return nil
}

func ids[T posta.ID](texts []string) (out []T) {
	for _, text := range texts {
		out = append(out, T(text))
	}
	return out
}
