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
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"posta"
	"posta/app"
)

// cli is every command; each has a file of its own.
type cli struct {
	Demo       demoCmd       `cmd:"" help:"Run the hub and a simulated provider together, with a shop to try. Needs no network and no other service."`
	Serve      serveCmd      `cmd:"" help:"Run the hub."`
	Sim        simCmd        `cmd:"" help:"Run the Mercado Pago simulator alone."`
	Setup      setupCmd      `cmd:"" help:"Make a merchant and its first user in a hub that does not run."`
	Migrate    migrateCmd    `cmd:"" help:"Bring the database's schema up to date. Stop the hub and back up first."`
	Backup     backupCmd     `cmd:"" help:"Write a consistent copy of the database to a file, also while the hub runs."`
	Restore    restoreCmd    `cmd:"" help:"Put a copy back as the database of a hub that does not run."`
	Payments   paymentsCmd   `cmd:"" help:"Create, show, list and watch payments of a running hub."`
	Version    versionCmd    `cmd:"" help:"Print the version."`
	Completion completionCmd `cmd:"" help:"Print a completion script: source <(posta completion bash)."`
}

// Exit codes; docs/operations.md lists them.
const (
	exitDone     = 0
	exitFailed   = 1 // anything else
	exitUsage    = 2 // a flag or argument is wrong
	exitInput    = 3 // the hub refused the input
	exitNotFound = 4
	exitDenied   = 5 // no key, a wrong key, or not allowed
	exitBusy     = 6 // conflict: till busy, key reused, not possible in this state
	exitRetry    = 7 // try again: hub or provider not reachable, too many requests
)

var exitOf = map[posta.Code]int{
	posta.CodeInvalid: exitInput, posta.CodeCardNumber: exitInput, posta.CodeTooLarge: exitInput,
	posta.CodeNotFound: exitNotFound, posta.CodeUnauthorized: exitDenied, posta.CodeForbidden: exitDenied,
	posta.CodeModeMismatch: exitDenied, posta.CodeConflict: exitBusy, posta.CodeTillBusy: exitBusy,
	posta.CodeIdempotencyReused: exitBusy, posta.CodeState: exitBusy, posta.CodeRefundExceeds: exitBusy,
	posta.CodeRateLimited: exitRetry, posta.CodeUnavailable: exitRetry, posta.CodeInFlight: exitRetry,
	posta.CodeProviderUnavailable: exitRetry,
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// streams are where a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	var commands cli
	exit := -1
	parser, err := kong.New(&commands, kong.Name("posta"), kong.Writers(out, errOut),
		kong.Description("Posta charges at the till and online, and says the plain truth about each payment.\n\nStart with: posta demo"),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, Summary: true}),
		kong.Exit(func(code int) { exit = code }),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(streams{in, out, errOut}),
		kong.Vars{"version": app.Version})
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
		fmt.Fprintf(errOut, "posta: %s\nposta %s--help shows how.\n", err, firstWords(args))
		return exitUsage
	}
	if err := parsed.Run(parser); err != nil {
		return report(err, errOut)
	}
	return exitDone
}

func firstWords(args []string) string {
	var words string
	for _, arg := range args {
		if strings.HasPrefix(arg, "-") {
			break
		}
		words += arg + " "
		if strings.Count(words, " ") == 2 {
			break
		}
	}
	return words
}

// report tells an error and gives its exit code.
func report(err error, out io.Writer) int {
	var e *posta.Error
	if !errors.As(err, &e) {
		fmt.Fprintf(out, "posta: %s\n", err)
		return exitFailed
	}
	fmt.Fprintf(out, "posta: %s\n", e)
	for name, value := range e.Params {
		fmt.Fprintf(out, "  %s: %s\n", name, value)
	}
	if code, ok := exitOf[e.Code]; ok {
		return code
	}
	return exitFailed
}

// printJSON writes v indented.
func printJSON(out io.Writer, v any) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

type versionCmd struct {
	JSON bool `name:"json" help:"As JSON."`
}

// Run prints the version.
func (c *versionCmd) Run(s streams) error {
	if c.JSON {
		return printJSON(s.out, map[string]string{"version": app.Version})
	}
	_, err := fmt.Fprintln(s.out, "posta", app.Version)
	return err
}
