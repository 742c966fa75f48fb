package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"posta"
	"posta/client"
)

// sessionsCmd works on checkout sessions through the API of a running hub.
type sessionsCmd struct {
	Create sessionsCreateCmd `cmd:"" help:"Make a page for one buyer to pay."`
	List   sessionsListCmd   `cmd:"" help:"List checkout sessions, newest first."`
	Get    sessionsGetCmd    `cmd:"" help:"Show one checkout session and its payments."`
	Cancel sessionsCancelCmd `cmd:"" help:"Take a checkout session back before it is paid."`
}

type sessionsCreateCmd struct {
	apiFlags
	sellFlags
	Title     string        `help:"What is sold." required:"" placeholder:"TEXT"`
	Amount    string        `help:"Decimal amount: 1500 or 1500.00." required:"" placeholder:"1500.00"`
	CancelURL string        `name:"cancel-url" help:"https: where a buyer that gives up goes." placeholder:"URL"`
	ExpiresIn time.Duration `name:"expires-in" help:"5m to 744h; a day if left out." placeholder:"TIME"`
}

// Help is shown by --help.
func (c *sessionsCreateCmd) Help() string {
	return `Prints the session with the address to send the buyer to. It is paid once, whatever the buyer clicks.

Examples:

  posta sessions create --connection con_… --title "Pedido 1042" --amount 1500.00 --reference 1042
  posta sessions create --connection con_… --title "Pedido 1042" --amount 1500.00 --flow redirect --success-url https://tienda.example/gracias`
}

// Run makes the session.
func (c *sessionsCreateCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	in := client.NewSession{Connection: posta.ConnectionID(c.Connection), Title: c.Title, Reference: c.Reference, CancelURL: c.CancelURL,
		ExpiresIn: int64(c.ExpiresIn / time.Second), Terms: c.terms()}
	if in.Amount, err = c.amount(ctx, api, "--amount", c.Amount); err != nil {
		return err
	}
	s, err := api.CreateSession(ctx, c.KeyText, in)
	if err != nil {
		return keyed{err, c.KeyText}
	}
	return t.showSession(s)
}

func (t terminal) showSession(s client.Session) error {
	if t.json {
		return printJSON(t.out, s)
	}
	return t.table("session", string(s.ID), "address", s.URL, "state", s.State, "attention", s.Attention, "sells", s.Title, "amount", money(s.Amount, s.Currency),
		"reference", s.Reference, "payment", string(s.Payment), "expires", s.ExpiresAt.Local().Format(time.RFC3339))
}

type sessionsListCmd struct {
	apiFlags
	State     string `help:"Only those in the state: open, complete, expired or canceled." enum:",open,complete,expired,canceled" default:"" placeholder:"STATE"`
	Link      string `help:"Only visits of the link." placeholder:"lnk_…"`
	Attention bool   `help:"Only those that a person should look at."`
	Limit     int    `help:"How many, at most 100; ${default} if left out." default:"25" placeholder:"N"`
	After     string `help:"Continue after this one." placeholder:"chk_…"`
}

// Run lists sessions.
func (c *sessionsListCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	list, err := api.Sessions(ctx, client.SalesFilter{State: c.State, Link: posta.LinkID(c.Link), Attention: c.Attention, Limit: c.Limit, After: c.After})
	if err != nil {
		return err
	}
	if t.json {
		return printJSON(t.out, list)
	}
	table := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "SESSION\tCREATED\tSELLS\tAMOUNT\tSTATE\tPAYMENT\tREFERENCE")
	for _, s := range list.Data {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", s.ID, s.CreatedAt.Local().Format(time.DateTime), s.Title, money(s.Amount, s.Currency),
			strings.TrimSpace(s.State+" "+s.Attention), s.Payment, s.Reference)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	return t.more(list.Next)
}

type sessionsGetCmd struct {
	apiFlags
	ID string `arg:"" help:"The session's id."`
}

// Run shows the session, and each of its payments on a line.
func (c *sessionsGetCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	s, err := api.Session(ctx, posta.SessionID(c.ID))
	if err != nil {
		return err
	}
	if err := t.showSession(s); err != nil || t.json {
		return err
	}
	payments, err := api.SessionPayments(ctx, s.ID)
	if err != nil {
		return err
	}
	for _, p := range payments {
		fmt.Fprintf(t.out, "%s  %s  %s\n", p.CreatedAt.Local().Format(time.DateTime), p.ID, strings.TrimSpace(p.State+" "+p.Reason))
	}
	return nil
}

type sessionsCancelCmd struct {
	apiFlags
	ID      string `arg:"" help:"The session's id."`
	KeyText string `name:"idempotency-key" help:"Repeat a call with the same key and it has one effect; a new key by default." placeholder:"KEY"`
}

// Run takes the session back.
func (c *sessionsCancelCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	if c.KeyText == "" {
		c.KeyText = client.Key()
	}
	s, err := api.CancelSession(ctx, c.KeyText, posta.SessionID(c.ID))
	if err != nil {
		return keyed{err, c.KeyText}
	}
	return t.showSession(s)
}
