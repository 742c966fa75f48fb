package main

import (
	"context"
	"fmt"
	"strconv"
	"text/tabwriter"
	"time"

	"posta"
	"posta/client"
)

// qualityCmd measures integrations through the API of a running hub.
type qualityCmd struct {
	Measure qualityMeasureCmd `cmd:"" help:"Measure the quality of an integration by one payment."`
	List    qualityListCmd    `cmd:"" help:"List a connection's measurements, newest first."`
}

// connectionFlag names the connection.
type connectionFlag struct {
	Connection string `help:"The connection, of the key's mode." placeholder:"con_…" required:""`
}

type qualityMeasureCmd struct {
	apiFlags
	connectionFlag
	Payment string `arg:"" help:"Our id of the payment, or the provider's of the payment or order."`
}

// Help is shown by --help.
func (c *qualityMeasureCmd) Help() string {
	return `With a key of live mode the result is kept; with one of test mode it tells what the payment would score. The exit code is 1
when it is not measurable or below the threshold.`
}

// Run measures.
func (c *qualityMeasureCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	key := client.Key()
	m, err := api.Measure(ctx, key, posta.ConnectionID(c.Connection), c.Payment)
	if err != nil {
		return keyed{err, key}
	}
	if t.json {
		if err := printJSON(t.out, m); err != nil {
			return err
		}
	} else {
		rows := []string{"result", m.Result, "reason", m.Reason, "payment", string(m.Payment), "score", scoreOf(m), "threshold", strconv.Itoa(m.Threshold)}
		for _, f := range m.Findings {
			if !f.Met {
				rows = append(rows, "lost", fmt.Sprintf("%d  %s (%s)", f.Points, f.Item, f.Field))
			}
		}
		if err := t.table(rows...); err != nil {
			return err
		}
	}
	if m.Score == nil || *m.Score < m.Threshold {
		return failed{}
	}
	return nil
}

func scoreOf(m client.Measurement) string {
	if m.Score == nil {
		return ""
	}
	return strconv.Itoa(*m.Score)
}

type qualityListCmd struct {
	apiFlags
	connectionFlag
	Limit int    `help:"How many, at most 100; ${default} if left out." default:"25" placeholder:"N"`
	After string `help:"Continue after this one." placeholder:"qms_…"`
}

// Run lists measurements.
func (c *qualityListCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	list, err := api.Measurements(ctx, posta.ConnectionID(c.Connection), c.Limit, c.After)
	if err != nil {
		return err
	}
	if t.json {
		return printJSON(t.out, list)
	}
	table := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "MEASUREMENT\tWHEN\tKIND\tRESULT\tSCORE\tPAYMENT")
	for _, m := range list.Data {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", m.ID, m.CreatedAt.Local().Format(time.DateTime), m.Kind, m.Result, scoreOf(m), m.Payment)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if list.Next != "" {
		fmt.Fprintf(t.err, "more: --after %s\n", list.Next)
	}
	return nil
}
