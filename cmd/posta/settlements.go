package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"posta"
	"posta/client"
)

// settlementsCmd works on batch closes through the API of a running hub.
type settlementsCmd struct {
	Create settlementsCreateCmd `cmd:"" help:"Close the batch of a terminal, or of all terminals of a store."`
	List   settlementsListCmd   `cmd:"" help:"List batch closes, newest first."`
	Get    settlementsGetCmd    `cmd:"" help:"Show one batch close: what Posta knows beside what the provider says."`
	Watch  settlementsWatchCmd  `cmd:"" help:"Follow one batch close until it ends."`
}

type settlementsCreateCmd struct {
	apiFlags
	Terminal string `help:"The terminal's id; posta terminals list shows it." placeholder:"trm_…" xor:"what" required:""`
	Store    string `help:"All terminals of this store." placeholder:"sto_…" xor:"what" required:""`
	KeyText  string `name:"idempotency-key" help:"Repeat a call with the same key and it has one effect; a new key by default." placeholder:"KEY"`
}

// Help is shown by --help.
func (c *settlementsCreateCmd) Help() string {
	return `The terminal closes its batch; nobody can cancel that. posta settlements watch tells how it ends.

Examples:

  posta settlements create --terminal trm_…
  posta settlements create --store sto_…`
}

// Run closes. Where one terminal of a store cannot, it tells the others all the same.
func (c *settlementsCreateCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	if c.KeyText == "" {
		c.KeyText = client.Key()
	}
	if c.Terminal != "" {
		s, err := api.CreateSettlement(ctx, c.KeyText, posta.TerminalID(c.Terminal))
		if err != nil {
			return keyed{err, c.KeyText}
		}
		return t.showSettlement(s)
	}
	all, err := api.CloseStore(ctx, c.KeyText, posta.StoreID(c.Store))
	if err != nil {
		return keyed{err, c.KeyText}
	}
	var failed error
	table := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TERMINAL\tSETTLEMENT\tSTATE")
	for _, one := range all {
		if one.Failure != nil {
			fmt.Fprintf(table, "%s\t\tnot closed: %s\n", one.Terminal, one.Failure.Code)
			if failed == nil {
				failed = &posta.Error{Code: one.Failure.Code, Params: one.Failure.Params}
			}
			continue
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", one.Terminal, one.Settlement.ID, one.Settlement.State)
	}
	if t.json {
		return errors.Join(printJSON(t.out, all), failed)
	}
	return errors.Join(table.Flush(), failed)
}

// showSettlement prints one settlement.
func (t terminal) showSettlement(s client.Settlement) error {
	if t.json {
		return printJSON(t.out, s)
	}
	rows := []string{"settlement", string(s.ID), "terminal", string(s.Terminal) + " (" + s.TerminalCode + ")", "state", s.State,
		"on terminal", s.Progress, "attention", s.Attention, "batch", s.Batch, "message", s.Message, "detail", s.Detail}
	for _, side := range []struct {
		name string
		sums *client.Totals
	}{{"posta", s.Ours}, {"provider", s.Theirs}} {
		if side.sums != nil {
			rows = append(rows, side.name, fmt.Sprintf("%s: %s; %s; %s", money(side.sums.Net, s.Currency), several(side.sums.Sales, "sales", s.Currency),
				several(side.sums.Reversals, "reversals", s.Currency), several(side.sums.Refunds, "refunds", s.Currency)))
		}
	}
	for _, d := range s.Differences {
		rows = append(rows, "differs", fmt.Sprintf("%s: posta %d, %s; provider %d, %s", strings.TrimSpace(d.Line+" "+d.Brand), d.Ours.Count, money(d.Ours.Amount, s.Currency),
			d.Theirs.Count, money(d.Theirs.Amount, s.Currency)))
	}
	return t.table(append(rows, "settled by", s.SettledBy, "note", s.Note, "created", s.CreatedAt.Local().Format(time.RFC3339))...)
}

func several(s client.Sum, what string, currency posta.Currency) string {
	return fmt.Sprintf("%s %d, %s", what, s.Count, money(s.Amount, currency))
}

type settlementsListCmd struct {
	apiFlags
	Terminal  string `help:"Only those of the terminal." placeholder:"trm_…"`
	State     string `help:"Only those in the state: created, pending, unknown, confirmed, declined or failed." enum:",created,pending,unknown,confirmed,declined,failed" default:"" placeholder:"STATE"`
	Attention bool   `help:"Only those that a person should look at."`
	Limit     int    `help:"How many, at most 100; ${default} if left out." default:"25" placeholder:"N"`
	After     string `help:"Continue after this one." placeholder:"stl_…"`
}

// Help is shown by --help.
func (c *settlementsListCmd) Help() string {
	return `Examples:

  posta settlements list
  posta settlements list --attention
  posta settlements list --terminal trm_… --json`
}

// Run lists settlements.
func (c *settlementsListCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	list, err := api.Settlements(ctx, client.SettlementFilter{State: c.State, TerminalID: posta.TerminalID(c.Terminal), Attention: c.Attention,
		Limit: c.Limit, After: c.After})
	if err != nil {
		return err
	}
	if t.json {
		return printJSON(t.out, list)
	}
	table := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "SETTLEMENT\tCREATED\tTERMINAL\tBATCH\tSTATE\tNET")
	for _, s := range list.Data {
		net := ""
		if s.Ours != nil {
			net = money(s.Ours.Net, s.Currency)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", s.ID, s.CreatedAt.Local().Format(time.DateTime), s.TerminalCode, s.Batch,
			strings.TrimSpace(s.State+" "+s.Attention), net)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if list.Next != "" {
		fmt.Fprintf(t.err, "more: --after %s\n", list.Next)
	}
	return nil
}

type settlementsGetCmd struct {
	apiFlags
	ID string `arg:"" help:"The settlement's id."`
}

// Run shows the settlement.
func (c *settlementsGetCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	s, err := api.Settlement(ctx, posta.SettlementID(c.ID))
	if err != nil {
		return err
	}
	return t.showSettlement(s)
}

type settlementsWatchCmd struct {
	apiFlags
	ID string `arg:"" help:"The settlement's id."`
}

// Help is shown by --help.
func (c *settlementsWatchCmd) Help() string {
	return `Prints how it stands, and a line (with --json one JSON object) for each change, until it ends. Ctrl+C ends it too,
with exit code 0.

Examples:

  posta settlements watch stl_…`
}

// Run prints each change.
func (c *settlementsWatchCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	if !strings.HasPrefix(c.ID, "stl_") {
		return usage("%q is no settlement's id (stl_…)", c.ID)
	}
	if _, err := api.Settlement(ctx, posta.SettlementID(c.ID)); err != nil { // the stream itself would try for ever
		return err
	}
	err = api.Watch(ctx, c.ID, func(e client.Event) error {
		s := e.Settlement
		if s == nil {
			return nil
		}
		if t.json {
			if err := json.NewEncoder(t.out).Encode(s); err != nil {
				return err
			}
		} else if _, err := fmt.Fprintf(t.out, "%s  %s\n", s.UpdatedAt.Local().Format(time.TimeOnly),
			strings.Join(strings.Fields(s.State+" "+s.Progress+" "+s.Attention), " ")); err != nil {
			return err
		}
		if s.Final() {
			return client.Done
		}
		return nil
	})
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
