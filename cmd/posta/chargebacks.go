package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"text/tabwriter"
	"time"

	"posta"
	"posta/client"
)

// chargebacksCmd works on chargebacks through the API of a running hub.
type chargebacksCmd struct {
	List     chargebacksListCmd     `cmd:"" help:"List chargebacks: the undecided by deadline, or all."`
	Evidence chargebacksEvidenceCmd `cmd:"" help:"Hand in evidence against a chargeback."`
}

type chargebacksListCmd struct {
	apiFlags
	All bool `help:"Also those that are decided, newest first."`
}

// Help is shown by --help.
func (c *chargebacksListCmd) Help() string {
	return `Examples:

  posta chargebacks list`
}

// Run lists the chargebacks.
func (c *chargebacksListCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	list, err := api.Chargebacks(ctx, !c.All)
	if err != nil {
		return err
	}
	if t.json {
		return printJSON(t.out, list)
	}
	table := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "CHARGEBACK\tSTATE\tAMOUNT\tREASON\tDEADLINE\tFILES\tPAYMENT")
	for _, b := range list {
		deadline := ""
		if b.DeadlineAt != nil {
			deadline = b.DeadlineAt.Local().Format(time.DateTime)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", b.ID, b.State, posta.Money{Amount: b.Amount, Currency: b.Currency}, b.Reason, deadline, strconv.Itoa(len(b.Evidence)), b.Payment)
	}
	return table.Flush()
}

type chargebacksEvidenceCmd struct {
	apiFlags
	ID    string   `arg:"" help:"The chargeback's id."`
	Files []string `arg:"" help:"jpg, png or pdf files, 10 MB in all." type:"existingfile"`
}

// Help is shown by --help.
func (c *chargebacksEvidenceCmd) Help() string {
	return `Examples:

  posta chargebacks evidence cbk_… remito.pdf entrega.jpg`
}

// Run hands the files in.
func (c *chargebacksEvidenceCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	var files []client.EvidenceFile
	for _, path := range c.Files {
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files = append(files, client.EvidenceFile{Name: filepath.Base(path), Data: data})
	}
	b, err := api.SendEvidence(ctx, client.Key(), posta.ChargebackID(c.ID), files)
	if err != nil {
		return err
	}
	return t.print(b, "%s  %s\n", b.State, b.ID)
}
