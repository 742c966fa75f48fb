package main

import (
	"context"
	"fmt"
	"text/tabwriter"

	"posta"
	"posta/client"
)

// productsCmd works on products through the API of a running hub.
type productsCmd struct {
	Create productsCreateCmd `cmd:"" help:"Add something to sell by links."`
	List   productsListCmd   `cmd:"" help:"List products, newest first."`
}

type productsCreateCmd struct {
	apiFlags
	Connection  string `help:"The account that sells it." required:"" placeholder:"con_…"`
	Name        string `help:"What it is." required:"" placeholder:"TEXT"`
	Price       string `help:"Decimal price of one: 1500 or 1500.00." required:"" placeholder:"1500.00"`
	Currency    string `help:"The account's; that of the merchant's country by default." placeholder:"ARS"`
	Description string `help:"What the buyer reads besides." placeholder:"TEXT"`
	Category    string `help:"The provider's: art, fashion, phones, services, tickets…" placeholder:"CATEGORY"`
	Picture     string `help:"https address of a picture." placeholder:"URL"`
	KeyText     string `name:"idempotency-key" help:"Repeat a call with the same key and it has one effect; a new key by default." placeholder:"KEY"`
}

// Run adds the product.
func (c *productsCreateCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	flags := sellFlags{Currency: c.Currency, KeyText: c.KeyText}
	flags.terms()
	price, err := flags.amount(ctx, api, "--price", c.Price)
	if err != nil {
		return err
	}
	p, err := api.CreateProduct(ctx, flags.KeyText, client.NewProduct{Connection: posta.ConnectionID(c.Connection), Name: c.Name, Description: c.Description,
		Category: c.Category, PictureURL: c.Picture, Price: price})
	if err != nil {
		return keyed{err, flags.KeyText}
	}
	if t.json {
		return printJSON(t.out, p)
	}
	return t.table("product", string(p.ID), "name", p.Name, "price", money(p.Price, p.Currency), "state", p.State)
}

type productsListCmd struct {
	apiFlags
	State string `help:"Only those in the state: active or archived." enum:",active,archived" default:"" placeholder:"STATE"`
	Limit int    `help:"How many, at most 100; ${default} if left out." default:"25" placeholder:"N"`
	After string `help:"Continue after this one." placeholder:"prd_…"`
}

// Run lists products.
func (c *productsListCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	list, err := api.Products(ctx, client.SalesFilter{State: c.State, Limit: c.Limit, After: c.After})
	if err != nil {
		return err
	}
	if t.json {
		return printJSON(t.out, list)
	}
	table := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "PRODUCT\tNAME\tPRICE\tSTATE")
	for _, p := range list.Data {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", p.ID, p.Name, money(p.Price, p.Currency), p.State)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	return t.more(list.Next)
}
