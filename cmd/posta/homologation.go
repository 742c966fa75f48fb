package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"posta"
	"posta/client"
)

// homologationCmd proves a project's cases through the API of a running hub.
type homologationCmd struct {
	Run    homologationRunCmd    `cmd:"" help:"Drive the cases against the simulator, and tell which are red."`
	Import homologationImportCmd `cmd:"" help:"Take the provider's sheet in."`
	Export homologationExportCmd `cmd:"" help:"Write the provider's sheet, filled in, to a file."`
}

// projectFlag names the project.
type projectFlag struct {
	Project string `help:"The project; posta projects list shows it." placeholder:"prj_…" required:""`
}

type homologationRunCmd struct {
	apiFlags
	projectFlag
	Case []string `help:"Only this case; may be told several times." placeholder:"KEY"`
}

// Help is shown by --help.
func (c *homologationRunCmd) Help() string {
	return `Works where the project's test connection is at a simulator, as in posta demo. A line for each case tells how it came out.
The exit code is 1 when a case that must pass is red or could not be brought about. Ctrl+C leaves the run going on.

Examples:

  posta homologation run --project prj_…
  posta homologation run --project prj_… --case credit_1 --case debit`
}

// runPoll is how often a run is looked at.
const runPoll = 500 * time.Millisecond

// Run starts a run and follows it to its end.
func (c *homologationRunCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	id, key := posta.ProjectID(c.Project), client.Key()
	o, err := api.RunHomologation(ctx, key, id, c.Case)
	if err != nil {
		return keyed{err, key}
	}
	begun := o.Run.Started
	for told := 0; ; {
		if o.Run == nil || !o.Run.Started.Equal(begun) {
			return posta.Errorf(posta.CodeConflict, "another run was begun")
		}
		if !t.json {
			for ; told < o.Run.Done && told < len(o.Run.Cases); told++ {
				if err := t.caseLine(o, o.Run.Cases[told]); err != nil {
					return err
				}
			}
		}
		if o.Run.State != "running" {
			break
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(runPoll):
		}
		if o, err = api.Homologation(ctx, id); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
	}
	if t.json {
		err = printJSON(t.out, o)
	} else {
		_, err = fmt.Fprintf(t.out, "%d pass, %d red, %d without evidence\n", o.Passed, o.Failed, o.Open)
	}
	if red(o) {
		return errors.Join(err, failed{})
	}
	return err
}

// red reports whether a case of the run that must pass did not.
func red(o client.Homologation) bool {
	if o.Run.State != "ended" || o.Run.Error != "" {
		return true
	}
	asked := map[string]bool{}
	for _, key := range o.Run.Cases {
		asked[key] = true
	}
	for _, c := range o.Cases {
		if asked[c.Key] && !c.Optional && (c.Evidence == nil || c.Evidence.Verdict != "pass") {
			return true
		}
	}
	return false
}

// caseLine tells how one case came out.
func (t terminal) caseLine(o client.Homologation, key string) error {
	for _, c := range o.Cases {
		if c.Key != key {
			continue
		}
		verdict, why := "open", o.Run.Trouble[key]
		if e := c.Evidence; e != nil && why == "" {
			verdict = e.Verdict
			for _, f := range e.Findings {
				if f.Verdict != "pass" {
					why = fmt.Sprintf("%s: %s, want %s", f.Field, f.Got, f.Want)
					break
				}
			}
		}
		_, err := fmt.Fprintln(t.out, strings.TrimSpace(fmt.Sprintf("%-10s  %-5s  %-24s  %s", verdict, c.Number, key, why)))
		return err
	}
	return nil
}

type homologationImportCmd struct {
	apiFlags
	projectFlag
	File string `arg:"" help:"The provider's sheet, .xlsx." type:"existingfile"`
}

// Run takes the sheet in and tells what was understood of it.
func (c *homologationImportCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	data, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	key := client.Key()
	o, err := api.ImportSheet(ctx, key, posta.ProjectID(c.Project), filepath.Base(c.File), data)
	if err != nil {
		return keyed{err, key}
	}
	if t.json {
		return printJSON(t.out, o.Sheet)
	}
	fmt.Fprintf(t.out, "%s: %d rows, of %d the case is known\n", o.Sheet.Name, o.Sheet.Rows, o.Sheet.Known)
	if len(o.Sheet.Unknown) == 0 {
		return nil
	}
	table := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "WORKSHEET\tROW\tCASE NOT KNOWN: choose it on the project's page")
	for _, r := range o.Sheet.Unknown {
		fmt.Fprintf(table, "%s\t%d\t%s\n", r.Worksheet, r.Row, r.Title)
	}
	return table.Flush()
}

type homologationExportCmd struct {
	apiFlags
	projectFlag
	File string `arg:"" help:"Where to write it; - for standard output."`
}

// Run writes the filled sheet.
func (c *homologationExportCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	data, err := api.ExportSheet(ctx, posta.ProjectID(c.Project))
	if err != nil {
		return err
	}
	if c.File == "-" {
		_, err = t.out.Write(data)
		return err
	}
	return os.WriteFile(c.File, data, 0o600)
}
