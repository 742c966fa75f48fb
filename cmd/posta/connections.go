package main

import (
	"context"
	"fmt"
	"text/tabwriter"

	"posta"
	"posta/client"
)

// connectionsCmd looks at the accounts at providers that a running hub charges with.
type connectionsCmd struct {
	List  connectionsListCmd  `cmd:"" help:"List the connections: account, country, and whether the credentials still work."`
	Check connectionsCheckCmd `cmd:"" help:"Ask the provider whose a connection's credentials are."`
}

type connectionsListCmd struct{ apiFlags }

// Help is shown by --help.
func (c *connectionsListCmd) Help() string {
	return `Examples:

  posta connections list`
}

// Run lists the connections.
func (c *connectionsListCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	list, err := api.Connections(ctx)
	if err != nil {
		return err
	}
	if t.json {
		return printJSON(t.out, list)
	}
	table := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "CONNECTION\tPROVIDER\tCOUNTRY\tACCOUNT\tSTATE\tNAME")
	for _, each := range list {
		state := "checked"
		switch {
		case each.LostAt != nil:
			state = "disconnected"
		case each.CheckedAt == nil:
			state = "not checked"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", each.ID, each.Provider, each.Country, each.Account, state, each.Name)
	}
	return table.Flush()
}

type connectionsCheckCmd struct {
	apiFlags
	ID string `arg:"" help:"The connection's id."`
}

// Help is shown by --help.
func (c *connectionsCheckCmd) Help() string {
	return `Refused are a revoked token, keys of two applications, an account of another country and test keys in live mode or the reverse.

Examples:

  posta connections check con_…`
}

// Run asks.
func (c *connectionsCheckCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	who, err := api.CheckConnection(ctx, client.Key(), posta.ConnectionID(c.ID))
	if err != nil {
		return err
	}
	if t.json {
		return printJSON(t.out, who)
	}
	kind := "real"
	if who.Test {
		kind = "test"
	}
	return t.table("account", who.Account, "name", who.Nickname, "country", who.Country, "kind", kind, "keys", who.Pair)
}
