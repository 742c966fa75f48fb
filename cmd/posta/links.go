package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"posta"
	"posta/client"
)

// linksCmd works on payment links through the API of a running hub.
type linksCmd struct {
	Create linksCreateCmd `cmd:"" help:"Make a payment link, to be shared with whoever is to pay."`
	List   linksListCmd   `cmd:"" help:"List payment links, newest first."`
	Get    linksGetCmd    `cmd:"" help:"Show one payment link."`
	Close  linksCloseCmd  `cmd:"" help:"Let nobody pay by a link any more, or with --open again."`
}

// sellFlags say who sells, and how it is paid.
type sellFlags struct {
	Connection      string   `help:"The account that sells; the hub's page of connections shows its id." placeholder:"con_…"`
	Currency        string   `help:"The account's; that of the merchant's country by default." placeholder:"ARS"`
	Flow            string   `help:"Where the buyer pays: on the provider's page (redirect), on the hub's (direct), or either (both)." enum:",redirect,direct,both" default:"" placeholder:"FLOW"`
	Methods         []string `help:"Only these of the provider's methods or types, such as visa,pix or ticket." placeholder:"METHOD"`
	MaxInstallments int      `name:"max-installments" help:"With a card; no limit if left out." placeholder:"N"`
	SuccessURL      string   `name:"success-url" help:"https: where the paid buyer goes on to." placeholder:"URL"`
	SuccessText     string   `name:"success-text" help:"What the paid buyer reads." placeholder:"TEXT"`
	Reference       string   `help:"Your own text, on each payment." placeholder:"TEXT"`
	KeyText         string   `name:"idempotency-key" help:"Repeat a call with the same key and it has one effect; a new key by default." placeholder:"KEY"`
}

func (f *sellFlags) terms() client.Terms {
	if f.KeyText == "" {
		f.KeyText = client.Key()
	}
	return client.Terms{Flow: f.Flow, Methods: f.Methods, MaxInstallments: f.MaxInstallments, SuccessURL: f.SuccessURL, SuccessText: f.SuccessText}
}

// amount reads a flag in the account's currency; 0 for an empty one.
func (f *sellFlags) amount(ctx context.Context, api *client.Client, flag, text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	if f.Currency == "" {
		me, err := api.Me(ctx)
		if err != nil {
			return 0, err
		}
		country, err := posta.FindCountry(me.Country)
		if err != nil {
			return 0, err
		}
		f.Currency = string(country.Currency)
	}
	m, err := amount(flag, text, posta.Currency(f.Currency))
	return m.Amount, err
}

type linksCreateCmd struct {
	apiFlags
	sellFlags
	Product   string        `help:"What is sold and for how much, in place of --title and --amount." placeholder:"prd_…"`
	Title     string        `help:"What is sold." placeholder:"TEXT"`
	Amount    string        `help:"Decimal amount of one: 1500 or 1500.00." placeholder:"1500.00"`
	Between   string        `help:"The buyer chooses an amount between two." placeholder:"100.00,5000.00"`
	Quantity  int64         `name:"max-quantity" help:"How many one buyer may take; 1 if left out." placeholder:"N"`
	ExpiresIn time.Duration `name:"expires-in" help:"How long it takes payments, such as 72h; for ever if left out." placeholder:"TIME"`
	MaxUses   int64         `name:"max-uses" help:"How many buyers may pay; no limit if left out." placeholder:"N"`
	Stock     int64         `help:"How many units are sold in all; -1 for no limit." default:"-1" placeholder:"N"`
}

// Help is shown by --help.
func (c *linksCreateCmd) Help() string {
	return `Prints the link with the address to share. Nothing is sold twice: what a buyer is paying for is held meanwhile.

Examples:

  posta links create --connection con_… --title Taza --amount 1500.00 --stock 40 --max-quantity 3
  posta links create --connection con_… --title Donación --between 100.00,50000.00
  posta links create --product prd_… --expires-in 72h --max-uses 1`
}

// Run makes the link.
func (c *linksCreateCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	in := client.NewLink{Connection: posta.ConnectionID(c.Connection), Product: posta.ProductID(c.Product), Title: c.Title, MaxQuantity: c.Quantity,
		Reference: c.Reference, MaxUses: c.MaxUses, Terms: c.terms()}
	if in.Amount, err = c.amount(ctx, api, "--amount", c.Amount); err != nil {
		return err
	}
	if c.Between != "" {
		low, high, two := strings.Cut(c.Between, ",")
		if !two {
			return usage("--between wants two amounts with a comma between them, such as 100.00,5000.00")
		}
		in.Open = &client.OpenAmount{}
		if in.Open.Min, err = c.amount(ctx, api, "--between", low); err != nil {
			return err
		}
		if in.Open.Max, err = c.amount(ctx, api, "--between", high); err != nil {
			return err
		}
	}
	if c.ExpiresIn > 0 {
		in.ExpiresAt = new(posta.SystemClock{}.Now().Add(c.ExpiresIn))
	}
	if c.Stock >= 0 {
		in.Stock = &c.Stock
	}
	l, err := api.CreateLink(ctx, c.KeyText, in)
	if err != nil {
		return keyed{err, c.KeyText}
	}
	return t.showLink(l)
}

func (t terminal) showLink(l client.Link) error {
	if t.json {
		return printJSON(t.out, l)
	}
	left := ""
	if l.Stock != nil {
		left = strconv.FormatInt(max(*l.Stock-l.Sold-l.Held, 0), 10)
	}
	return t.table("link", string(l.ID), "address", l.URL, "state", linkState(l), "sells", l.Title+string(l.Product), "amount", linkAmount(l),
		"buyers", strconv.FormatInt(l.Used, 10), "sold", strconv.FormatInt(l.Sold, 10), "left", left)
}

func linkState(l client.Link) string {
	if l.SoldOut {
		return strings.TrimSpace(l.State + " sold_out")
	}
	return l.State
}

func linkAmount(l client.Link) string {
	switch {
	case l.Open != nil:
		return money(l.Open.Min, l.Currency) + " to " + money(l.Open.Max, l.Currency)
	case l.Amount > 0:
		return money(l.Amount, l.Currency)
	}
	return ""
}

type linksListCmd struct {
	apiFlags
	State string `help:"Only those in the state: active or disabled." enum:",active,disabled" default:"" placeholder:"STATE"`
	Limit int    `help:"How many, at most 100; ${default} if left out." default:"25" placeholder:"N"`
	After string `help:"Continue after this one." placeholder:"lnk_…"`
}

// Run lists links.
func (c *linksListCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	list, err := api.Links(ctx, client.SalesFilter{State: c.State, Limit: c.Limit, After: c.After})
	if err != nil {
		return err
	}
	if t.json {
		return printJSON(t.out, list)
	}
	table := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "LINK\tCREATED\tSELLS\tAMOUNT\tBUYERS\tSOLD\tSTATE\tADDRESS")
	for _, l := range list.Data {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%d\t%s\t%s\n", l.ID, l.CreatedAt.Local().Format(time.DateTime), l.Title+string(l.Product), linkAmount(l), l.Used, l.Sold, linkState(l), l.URL)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	return t.more(list.Next)
}

// more says how the list goes on.
func (t terminal) more(next string) error {
	if next == "" {
		return nil
	}
	_, err := fmt.Fprintf(t.err, "more: --after %s\n", next)
	return err
}

type linksGetCmd struct {
	apiFlags
	ID string `arg:"" help:"The link's id."`
}

// Run shows the link.
func (c *linksGetCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	l, err := api.Link(ctx, posta.LinkID(c.ID))
	if err != nil {
		return err
	}
	return t.showLink(l)
}

type linksCloseCmd struct {
	apiFlags
	ID   string `arg:"" help:"The link's id."`
	Open bool   `help:"Open it again."`
}

// Run closes or opens the link.
func (c *linksCloseCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	state := "disabled"
	if c.Open {
		state = "active"
	}
	l, err := api.SetLinkState(ctx, posta.LinkID(c.ID), state)
	if err != nil {
		return err
	}
	return t.showLink(l)
}
