// Posta is the payments hub: posta --help tells what it can do.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"posta/app"
	"posta/payment"
)

// cli is every command; each has a file of its own.
type cli struct {
	JSON        bool             `name:"json" help:"Print JSON; errors too, on standard error."`
	VersionFlag kong.VersionFlag `name:"version" help:"Print the version."`

	Demo          demoCmd          `cmd:"" help:"Run the hub and simulated providers together, with a shop to try. Needs no network and no other service."`
	Serve         serveCmd         `cmd:"" help:"Run the hub."`
	Sim           simCmd           `cmd:"" help:"Run a provider's simulator alone."`
	Setup         setupCmd         `cmd:"" help:"Make a merchant and its first user in a hub that does not run."`
	Migrate       migrateCmd       `cmd:"" help:"Bring the database's schema up to date. Stop the hub and back up first."`
	Backup        backupCmd        `cmd:"" help:"Write a consistent copy of the database to a file, also while the hub runs."`
	Restore       restoreCmd       `cmd:"" help:"Put a copy back as the database of a hub that does not run."`
	Doctor        doctorCmd        `cmd:"" help:"Look at the hub, its machine and its connections, and say what to do. Can write a support bundle."`
	Payments      paymentsCmd      `cmd:"" help:"Create, show, list, watch, cancel and give back payments of a running hub."`
	Refunds       refundsCmd       `cmd:"" help:"Show refunds of a running hub, and take them off their terminals."`
	Products      productsCmd      `cmd:"" help:"Add and list what a running hub sells online."`
	Links         linksCmd         `cmd:"" help:"Make, list and close payment links of a running hub."`
	Sessions      sessionsCmd      `cmd:"" help:"Send a buyer to pay, and see what became of it."`
	Plans         plansCmd         `cmd:"" help:"Make and list what buyers of a running hub subscribe to."`
	Subscriptions subscriptionsCmd `cmd:"" help:"See subscriptions of a running hub; pause, resume and cancel them."`
	Tills         tillsCmd         `cmd:"" help:"List the tills of a running hub, with the ids that payments create wants."`
	Terminals     terminalsCmd     `cmd:"" help:"List, add and remove the card terminals of a running hub."`
	Settlements   settlementsCmd   `cmd:"" help:"Close the batches of card terminals, and see how provider and hub agree."`
	Chargebacks   chargebacksCmd   `cmd:"" help:"See chargebacks of a running hub, and hand in evidence."`
	Connections   connectionsCmd   `cmd:"" help:"List the accounts at providers of a running hub, and ask whose they are."`
	Endpoints     endpointsCmd     `cmd:"" help:"Have a running hub tell other systems what happens, and see what they answered."`
	Projects      projectsCmd      `cmd:"" help:"List and show the integration projects of a running hub."`
	Homologation  homologationCmd  `cmd:"" help:"Run a project's homologation cases, and fill the provider's sheet."`
	Quality       qualityCmd       `cmd:"" help:"Measure the quality of an integration."`
	Version       versionCmd       `cmd:"" help:"Print the version."`
	Completion    completionCmd    `cmd:"" help:"Print a completion script for bash, zsh or fish."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// terminal is where a command reads and writes.
type terminal struct {
	in       io.Reader
	out, err io.Writer
	json     bool
}

func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	var commands cli
	exit := -1
	term := terminal{in: in, out: out, err: errOut, json: slices.Contains(args, "--json")}
	parser, err := kong.New(&commands, kong.Name("posta"), kong.Writers(out, errOut),
		kong.Description("Posta charges at the till and online, and says the plain truth about each payment.\n\nStart with: posta demo"),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.Exit(func(code int) { exit = code }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Vars{"version": "posta " + app.Version, "states": stateNames()})
	if err != nil {
		panic(err)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if exit >= 0 {
		return exit
	}
	if err != nil {
		return term.misused(err)
	}
	if err := parsed.Run(parser, term); errors.Is(err, failed{}) {
		return exitFailed // what failed has been told
	} else if err != nil {
		return term.report(err, parsed)
	}
	return exitDone
}

func stateNames() string {
	names := make([]string, len(payment.States))
	for i, s := range payment.States {
		names[i] = string(s)
	}
	return strings.Join(names, ",")
}

// misused tells what is wrong with the command line itself.
func (t terminal) misused(err error) int {
	words, command := strings.Replace(err.Error(), `one of "",`, "one of ", 1), "posta" // "" is the flag left out
	var parse *kong.ParseError
	if errors.As(err, &parse) {
		node := parse.Context.Model.Node
		for _, step := range parse.Context.Path {
			if step.Command != nil {
				node = step.Command
				command += " " + step.Command.Name
			}
		}
		var names []string
		for _, child := range node.Children {
			names = append(names, child.Name)
		}
		switch rest, unknown := strings.CutPrefix(words, "unexpected argument "); {
		case unknown && len(names) > 0:
			words = "there is no command " + rest
		case len(names) > 0 && strings.HasPrefix(words, "expected one of "):
			words = "say what to do: " + command + " " + strings.Join(names, " | ")
		}
	}
	if t.json {
		_ = printJSON(t.err, trouble{Code: codeUsage, Detail: words, Exit: exitUsage})
	} else {
		fmt.Fprintf(t.err, "posta: %s\n%s --help shows how.\n", words, command)
	}
	return exitUsage
}

// print writes v as JSON, or else the words.
func (t terminal) print(v any, format string, args ...any) error {
	if t.json {
		return printJSON(t.out, v)
	}
	_, err := fmt.Fprintf(t.out, format, args...)
	return err
}

// printJSON writes v indented.
func printJSON(out io.Writer, v any) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

type versionCmd struct{}

// Run prints the version.
func (c *versionCmd) Run(t terminal) error {
	return t.print(map[string]string{"version": app.Version}, "posta %s\n", app.Version)
}
