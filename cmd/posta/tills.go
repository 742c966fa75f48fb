package main

import (
	"context"
	"fmt"
	"text/tabwriter"

	"posta"
)

type tillsCmd struct{ apiFlags }

// Help is shown by --help.
func (c *tillsCmd) Help() string {
	return `Examples:

  posta tills
  posta tills --url https://pagos.example --key psk_test_…`
}

// Run lists the tills.
func (c *tillsCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	tills, err := api.Tills(ctx)
	if err != nil {
		return err
	}
	if t.json {
		return printJSON(t.out, tills)
	}
	stores, err := api.Stores(ctx)
	if err != nil {
		return err
	}
	names := map[posta.StoreID]string{}
	for _, s := range stores {
		names[s.ID] = s.Name
	}
	table := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TILL\tNAME\tSTORE")
	for _, one := range tills {
		name := one.Name
		if !one.Ready {
			name += " (not made at the provider yet)"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", one.ID, name, names[one.Store])
	}
	return table.Flush()
}
