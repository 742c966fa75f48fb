package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"posta"
	"posta/client"
)

// terminalsCmd works on card terminals through the API of a running hub.
type terminalsCmd struct {
	List    terminalsListCmd    `cmd:"" help:"List the terminals, with the ids that the other commands want."`
	Add     terminalsAddCmd     `cmd:"" help:"Add a terminal to a store."`
	Remove  terminalsRemoveCmd  `cmd:"" help:"Take a terminal out of use."`
	Devices terminalsDevicesCmd `cmd:"" help:"Ask a provider which terminals it knows, or have one take its charges from the hub."`
}

type terminalsListCmd struct{ apiFlags }

// Help is shown by --help.
func (c *terminalsListCmd) Help() string {
	return `Examples:

  posta terminals list
  posta terminals list --json`
}

// Run lists the terminals.
func (c *terminalsListCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	list, err := api.Terminals(ctx)
	if err != nil {
		return err
	}
	if t.json {
		return printJSON(t.out, list)
	}
	stores, err := api.Stores(ctx)
	if err != nil {
		return err
	}
	tills, err := api.Tills(ctx)
	if err != nil {
		return err
	}
	names := map[string]string{}
	for _, s := range stores {
		names[string(s.ID)] = s.Name
	}
	for _, one := range tills {
		names[string(one.ID)] = one.Name
	}
	table := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TERMINAL\tNAME\tCODE\tSTORE\tTILLS")
	for _, one := range list {
		at := "all"
		if len(one.Tills) > 0 {
			var some []string
			for _, id := range one.Tills {
				some = append(some, names[string(id)])
			}
			at = strings.Join(some, ", ")
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", one.ID, one.Name, one.Code, names[string(one.Store)], at)
	}
	return table.Flush()
}

type terminalsAddCmd struct {
	apiFlags
	Code       string   `help:"The provider's own id: on the terminal's label or in its menu; posta terminals devices lists those that a provider tells." required:"" placeholder:"38010101"`
	Name       string   `help:"What people call it." required:"" placeholder:"NAME"`
	Store      string   `help:"The store's id; may be left out where there is one." placeholder:"sto_…"`
	Connection string   `help:"The connection whose charges it takes; may be left out where there is one." placeholder:"con_…"`
	Tills      []string `help:"Those that charge on it; every till of the store by default." placeholder:"til_…"`
	KeyText    string   `name:"idempotency-key" help:"Repeat a call with the same key and it has one effect; a new key by default." placeholder:"KEY"`
}

// Help is shown by --help.
func (c *terminalsAddCmd) Help() string {
	return `Examples:

  posta terminals add --code 38010101 --name Counter
  posta terminals add --code 38010101 --name Counter --store sto_… --connection con_… --tills til_…,til_…`
}

// Run adds the terminal.
func (c *terminalsAddCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	if c.Store == "" {
		stores, err := api.Stores(ctx)
		if err != nil {
			return err
		}
		var known []choice
		for _, s := range stores {
			known = append(known, choice{string(s.ID), s.Name})
		}
		if c.Store, err = only("--store", known); err != nil {
			return err
		}
	}
	if c.Connection, err = connection(ctx, api, c.Connection); err != nil {
		return err
	}
	if c.KeyText == "" {
		c.KeyText = client.Key()
	}
	one, err := api.CreateTerminal(ctx, c.KeyText, client.NewTerminal{StoreID: posta.StoreID(c.Store), ConnectionID: posta.ConnectionID(c.Connection),
		Code: c.Code, Name: c.Name, Tills: ids[posta.TillID](c.Tills)})
	if err != nil {
		return keyed{err, c.KeyText}
	}
	if t.json {
		return printJSON(t.out, one)
	}
	return t.table("terminal", string(one.ID), "name", one.Name, "code", one.Code, "store", string(one.Store), "connection", string(one.Connection))
}

// choice is one of several things that a flag may name.
type choice struct{ id, name string }

// only gives the one choice there is.
func only(flag string, known []choice) (string, error) {
	switch len(known) {
	case 0:
		return "", usage("there is nothing yet that %s could name: make one on the hub's pages", flag)
	case 1:
		return known[0].id, nil
	}
	var all []string
	for _, c := range known {
		all = append(all, c.id+" ("+c.name+")")
	}
	return "", usage("say which with %s: %s", flag, strings.Join(all, ", "))
}

// connection is the one that is named, or the only one.
func connection(ctx context.Context, api *client.Client, named string) (string, error) {
	if named != "" {
		return named, nil
	}
	all, err := api.Connections(ctx)
	if err != nil {
		return "", err
	}
	var known []choice
	for _, c := range all {
		known = append(known, choice{string(c.ID), c.Name})
	}
	return only("--connection", known)
}

type terminalsRemoveCmd struct {
	apiFlags
	ID string `arg:"" help:"The terminal's id."`
}

// Help is shown by --help.
func (c *terminalsRemoveCmd) Help() string {
	return `Not while something is under way on it. What it charged stays.

Examples:

  posta terminals remove trm_…`
}

// Run removes the terminal.
func (c *terminalsRemoveCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	if err := api.RemoveTerminal(ctx, posta.TerminalID(c.ID)); err != nil {
		return err
	}
	return t.print(map[string]string{"removed": c.ID}, "removed  %s\n", c.ID)
}

type terminalsDevicesCmd struct {
	apiFlags
	Connection string `help:"The connection's id; may be left out where there is one." placeholder:"con_…"`
	Integrate  string `help:"Have this device take its charges from the hub." placeholder:"DEVICE" xor:"mode"`
	Apart      string `help:"Have this device work alone." placeholder:"DEVICE" xor:"mode"`
}

// Help is shown by --help.
func (c *terminalsDevicesCmd) Help() string {
	return `Not every provider keeps such a list: Mercado Pago does, Prisma does not.

Examples:

  posta terminals devices --connection con_…
  posta terminals devices --connection con_… --integrate NEWLAND_N950__N950NCB801293324`
}

// Run lists the devices.
func (c *terminalsDevicesCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	named, err := connection(ctx, api, c.Connection)
	if err != nil {
		return err
	}
	id := posta.ConnectionID(named)
	if device := c.Integrate + c.Apart; device != "" {
		if err := api.SetIntegrated(ctx, client.Key(), id, device, c.Integrate != ""); err != nil { // done twice it is the same
			return err
		}
	}
	devices, err := api.Devices(ctx, id)
	if err != nil {
		return err
	}
	if t.json {
		return printJSON(t.out, devices)
	}
	table := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "DEVICE\tCHARGES FROM\tTERMINAL")
	for _, d := range devices {
		from := "itself"
		if d.Integrated {
			from = "the hub"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", d.ID, from, d.Terminal)
	}
	return table.Flush()
}
