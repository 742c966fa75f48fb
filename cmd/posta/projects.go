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

// projectsCmd looks at integration projects through the API of a running hub.
type projectsCmd struct {
	List projectsListCmd `cmd:"" help:"List projects, newest first."`
	Show projectsShowCmd `cmd:"" help:"Show one project, and what its next stage asks for."`
}

type projectsListCmd struct {
	apiFlags
	Stage   string `help:"Only those in the stage: backlog, design, integration, homologation, golive or handed_off." enum:",backlog,design,integration,homologation,golive,handed_off" default:"" placeholder:"STAGE"`
	Product string `help:"Only those of the product." placeholder:"PRODUCT"`
	Search  string `help:"Name, client, tax id, a contact's address." placeholder:"TEXT"`
	Late    bool   `help:"Only those whose client waits for longer than agreed."`
	Silent  bool   `help:"Only those whose client left a weekly check unanswered."`
	Closed  bool   `help:"Handed-off ones too, however long ago."`
	Limit   int    `help:"How many, at most 100; ${default} if left out." default:"25" placeholder:"N"`
	After   string `help:"Continue after this one." placeholder:"prj_…"`
}

// Help is shown by --help.
func (c *projectsListCmd) Help() string {
	return `Examples:

  posta projects list
  posta projects list --stage homologation
  posta projects list --late --json`
}

// Run lists projects.
func (c *projectsListCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	list, err := api.Projects(ctx, client.ProjectFilter{Stage: c.Stage, Product: c.Product, Search: c.Search, Late: c.Late, Silent: c.Silent,
		Closed: c.Closed, Limit: c.Limit, After: c.After})
	if err != nil {
		return err
	}
	if t.json {
		return printJSON(t.out, list)
	}
	table := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "PROJECT\tNAME\tCLIENT\tPRODUCT\tSTAGE\tSINCE\tQUESTIONS\tSILENT")
	for _, p := range list.Data {
		stage := p.Stage
		if p.WaitingAt != nil {
			stage += " (waiting)"
		}
		questions := strconv.Itoa(p.Questions)
		if p.LimitAt != nil {
			questions += ", until " + p.LimitAt.Local().Format(time.DateTime)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\n", p.ID, p.Name, p.Client, p.Product, stage, p.StageAt.Local().Format(time.DateOnly), questions, p.Silence)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if list.Next != "" {
		fmt.Fprintf(t.err, "more: --after %s\n", list.Next)
	}
	return nil
}

type projectsShowCmd struct {
	apiFlags
	ID string `arg:"" help:"The project's id."`
}

// Run shows the project.
func (c *projectsShowCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	p, err := api.Project(ctx, posta.ProjectID(c.ID))
	if err != nil {
		return err
	}
	if t.json {
		return printJSON(t.out, p)
	}
	rows := []string{"project", string(p.ID), "name", p.Name, "client", strings.TrimSpace(p.Client.Name + " " + p.Client.TaxID), "product", p.Product,
		"stage", p.Stage + " since " + p.StageAt.Local().Format(time.DateOnly), "test connection", string(p.Test), "live connection", string(p.Live)}
	if p.Next != nil {
		rows = append(rows, "next", p.Next.To, "missing", strings.Join(p.Next.Missing, ", "))
	}
	return t.table(rows...)
}
