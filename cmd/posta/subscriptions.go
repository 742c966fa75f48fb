package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"posta"
	"posta/client"
)

// plansCmd works on the plans of a running hub.
type plansCmd struct {
	List   plansListCmd   `cmd:"" help:"List the plans."`
	Create plansCreateCmd `cmd:"" help:"Make a plan."`
}

type plansListCmd struct{ apiFlags }

// Help is shown by --help.
func (c *plansListCmd) Help() string {
	return `Examples:

  posta plans list`
}

// Run lists the plans.
func (c *plansListCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	list, err := api.Plans(ctx)
	if err != nil {
		return err
	}
	if t.json {
		return printJSON(t.out, list)
	}
	table := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "PLAN\tNAME\tAMOUNT\tEVERY\tENGINE\tSTATE")
	for _, p := range list {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", p.ID, p.Name, money(p.Amount, p.Currency), every(p.Period), p.Engine, p.State)
	}
	return table.Flush()
}

func every(p client.Period) string { return fmt.Sprintf("%d %s", p.Every, p.Unit) }

type plansCreateCmd struct {
	apiFlags
	Connection string   `help:"The account that charges; posta connections list shows it." placeholder:"con_…" required:""`
	Name       string   `help:"Shown to the buyer." placeholder:"TEXT" required:""`
	Amount     int64    `help:"Of a period, in minor units: 150000 is $ 1.500,00." placeholder:"N" required:""`
	Every      int      `help:"How many days or months a period has." default:"1" placeholder:"N"`
	Unit       string   `help:"days or months." enum:"days,months" default:"months"`
	Engine     string   `help:"provider: cards, charged and retried by the provider; hub: vouchers that Posta makes." enum:"provider,hub" default:"provider"`
	Methods    []string `help:"With engine hub: the vouchers that the buyer chooses from." placeholder:"ID"`
	KeyText    string   `name:"idempotency-key" help:"Repeat a call with the same key and it has one effect; a new key by default." placeholder:"KEY"`
}

// Help is shown by --help.
func (c *plansCreateCmd) Help() string {
	return `Prints the address at which buyers sign up.

Examples:

  posta plans create --connection con_… --name 'Club del vino' --amount 150000
  posta plans create --connection con_… --name 'Club del vino' --amount 150000 --engine hub --methods rapipago`
}

// Run makes the plan.
func (c *plansCreateCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	if c.KeyText == "" {
		c.KeyText = client.Key()
	}
	p, err := api.CreatePlan(ctx, c.KeyText, client.NewPlan{Connection: posta.ConnectionID(c.Connection), Name: c.Name, Amount: c.Amount,
		Period: client.Period{Every: c.Every, Unit: c.Unit}, Engine: c.Engine, Methods: c.Methods})
	if err != nil {
		return keyed{err, c.KeyText}
	}
	if t.json {
		return printJSON(t.out, p)
	}
	return t.table("plan", string(p.ID), "name", p.Name, "amount", money(p.Amount, p.Currency), "every", every(p.Period), "engine", p.Engine, "address", p.SignUpURL)
}

// subscriptionsCmd works on the subscriptions of a running hub.
type subscriptionsCmd struct {
	List    subscriptionsListCmd    `cmd:"" help:"List subscriptions, newest first."`
	Get     subscriptionsGetCmd     `cmd:"" help:"Show one subscription with its invoices."`
	Pause   subscriptionsPauseCmd   `cmd:"" help:"Pause a subscription."`
	Resume  subscriptionsResumeCmd  `cmd:"" help:"Resume a subscription."`
	Cancel  subscriptionsCancelCmd  `cmd:"" help:"Cancel a subscription for good."`
	Refresh subscriptionsRefreshCmd `cmd:"" help:"Ask the provider about a subscription now."`
}

type subscriptionsListCmd struct {
	apiFlags
	Plan   string `help:"Only those of the plan." placeholder:"pln_…"`
	State  string `help:"Only those in the state: pending, active, past_due, paused, canceled or ended." enum:",pending,active,past_due,paused,canceled,ended" default:"" placeholder:"STATE"`
	Search string `help:"By id, reference, the provider's id, the buyer's e-mail or name." placeholder:"TEXT"`
	Limit  int    `help:"How many, at most 100; ${default} if left out." default:"25" placeholder:"N"`
	After  string `help:"Continue after this one." placeholder:"sub_…"`
}

// Help is shown by --help.
func (c *subscriptionsListCmd) Help() string {
	return `Examples:

  posta subscriptions list
  posta subscriptions list --state past_due`
}

// Run lists subscriptions.
func (c *subscriptionsListCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	list, err := api.Subscriptions(ctx, client.SubscriptionFilter{Plan: posta.PlanID(c.Plan), State: c.State, Search: c.Search, Limit: c.Limit, After: c.After})
	if err != nil {
		return err
	}
	if t.json {
		return printJSON(t.out, list)
	}
	table := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "SUBSCRIPTION\tSINCE\tSTATE\tAMOUNT\tNEXT")
	for _, s := range list.Data {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", s.ID, s.CreatedAt.Local().Format(time.DateOnly), strings.TrimSpace(s.State+" "+s.Reason), money(s.Amount, s.Currency), date(s.NextAt))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if list.Next != "" {
		fmt.Fprintf(t.err, "more: --after %s\n", list.Next)
	}
	return nil
}

func date(at *time.Time) string {
	if at == nil {
		return ""
	}
	return at.Local().Format(time.DateOnly)
}

type subscriptionsGetCmd struct {
	apiFlags
	ID string `arg:"" help:"The subscription's id."`
}

// Run shows the subscription.
func (c *subscriptionsGetCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	s, err := api.Subscription(ctx, posta.SubscriptionID(c.ID))
	if err != nil {
		return err
	}
	invoices, err := api.SubscriptionInvoices(ctx, s.ID)
	if err != nil {
		return err
	}
	if t.json {
		return printJSON(t.out, map[string]any{"subscription": s, "invoices": invoices})
	}
	if err := t.showSubscription(s); err != nil {
		return err
	}
	table := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\nPERIOD\tSTATE\tAMOUNT\tTRIED\tPAYMENT")
	for _, i := range invoices {
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\n", i.PeriodFrom.Local().Format(time.DateOnly), strings.TrimSpace(i.State+" "+i.Attention), money(i.Amount, i.Currency), i.Tried, i.Payment)
	}
	return table.Flush()
}

func (t terminal) showSubscription(s client.Subscription) error {
	if t.json {
		return printJSON(t.out, s)
	}
	return t.table("subscription", string(s.ID), "plan", string(s.Plan), "state", strings.TrimSpace(s.State+" "+s.Reason), "amount", money(s.Amount, s.Currency),
		"next", date(s.NextAt), "detail", s.Detail, "sign up", s.URL, "page", s.Page)
}

// subscriptionDeed is what is done with one subscription.
type subscriptionDeed struct {
	apiFlags
	ID string `arg:"" help:"The subscription's id."`
}

func (c *subscriptionDeed) do(ctx context.Context, t terminal, deed string) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	s, err := api.DoSubscription(ctx, client.Key(), posta.SubscriptionID(c.ID), deed)
	if err != nil {
		return err
	}
	return t.showSubscription(s)
}

type subscriptionsPauseCmd struct{ subscriptionDeed }

// Run pauses it.
func (c *subscriptionsPauseCmd) Run(ctx context.Context, t terminal) error {
	return c.do(ctx, t, client.PauseSubscription)
}

type subscriptionsResumeCmd struct{ subscriptionDeed }

// Run resumes it.
func (c *subscriptionsResumeCmd) Run(ctx context.Context, t terminal) error {
	return c.do(ctx, t, client.ResumeSubscription)
}

type subscriptionsCancelCmd struct{ subscriptionDeed }

// Run cancels it.
func (c *subscriptionsCancelCmd) Run(ctx context.Context, t terminal) error {
	return c.do(ctx, t, client.CancelSubscription)
}

type subscriptionsRefreshCmd struct{ subscriptionDeed }

// Run has the provider asked.
func (c *subscriptionsRefreshCmd) Run(ctx context.Context, t terminal) error {
	return c.do(ctx, t, client.RefreshSubscription)
}
