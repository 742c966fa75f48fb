package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"

	"posta"
	"posta/client"
)

// endpointsCmd works on the addresses that a running hub sends events to.
type endpointsCmd struct {
	List       endpointsListCmd       `cmd:"" help:"List the endpoints."`
	Add        endpointsAddCmd        `cmd:"" help:"Have events sent to an address; prints the secret that signs, this once."`
	Enable     endpointsEnableCmd     `cmd:"" help:"Start sending to an endpoint again."`
	Disable    endpointsDisableCmd    `cmd:"" help:"Stop sending to an endpoint."`
	Remove     endpointsRemoveCmd     `cmd:"" help:"Remove an endpoint for good."`
	Test       endpointsTestCmd       `cmd:"" help:"Send an endpoint a test event."`
	Deliveries endpointsDeliveriesCmd `cmd:"" help:"List what was sent to an endpoint, or show one delivery with every try."`
	Send       endpointsSendCmd       `cmd:"" help:"Send a delivery again."`
}

type endpointsListCmd struct{ apiFlags }

// Help is shown by --help.
func (c *endpointsListCmd) Help() string {
	return `Examples:

  posta endpoints list`
}

// Run lists the endpoints.
func (c *endpointsListCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	list, err := api.Endpoints(ctx)
	if err != nil {
		return err
	}
	if t.json {
		return printJSON(t.out, list)
	}
	table := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ENDPOINT\tSTATE\tEVENTS\tADDRESS")
	for _, e := range list {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", e.ID, strings.TrimSpace(e.State+" "+e.Reason), strings.Join(e.Events, " "), e.URL)
	}
	return table.Flush()
}

type endpointsAddCmd struct {
	apiFlags
	URL         string   `arg:"" help:"The address: https://…"`
	Events      []string `help:"What to send: payment.paid, a family such as payment.*, or * for all." default:"*" placeholder:"EVENT"`
	Description string   `help:"What it is for." placeholder:"TEXT"`
}

// Help is shown by --help.
func (c *endpointsAddCmd) Help() string {
	return `Examples:

  posta endpoints add https://tienda.example/posta --events 'payment.*,refund.succeeded'`
}

// Run adds the endpoint.
func (c *endpointsAddCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	e, err := api.CreateEndpoint(ctx, client.Key(), client.NewEndpoint{URL: c.URL, Description: c.Description, Events: c.Events})
	if err != nil {
		return err
	}
	if t.json {
		return printJSON(t.out, e)
	}
	return t.table("endpoint", string(e.ID), "address", e.URL, "events", strings.Join(e.Events, " "), "secret", e.Secret)
}

type endpointsEnableCmd struct {
	apiFlags
	ID string `arg:"" help:"The endpoint's id."`
}

// Help is shown by --help.
func (c *endpointsEnableCmd) Help() string {
	return `It is sent what happens from then on; what it missed is listed as dead, to be sent again.

Examples:

  posta endpoints enable end_…`
}

// Run enables the endpoint.
func (c *endpointsEnableCmd) Run(ctx context.Context, t terminal) error {
	return switchEndpoint(ctx, t, c.apiFlags, c.ID, true)
}

type endpointsDisableCmd struct {
	apiFlags
	ID string `arg:"" help:"The endpoint's id."`
}

// Help is shown by --help.
func (c *endpointsDisableCmd) Help() string {
	return `What waits for it is dead, to be sent again once it is enabled.

Examples:

  posta endpoints disable end_…`
}

// Run disables the endpoint.
func (c *endpointsDisableCmd) Run(ctx context.Context, t terminal) error {
	return switchEndpoint(ctx, t, c.apiFlags, c.ID, false)
}

func switchEndpoint(ctx context.Context, t terminal, flags apiFlags, id string, on bool) error {
	api, err := flags.client()
	if err != nil {
		return err
	}
	e, err := api.UpdateEndpoint(ctx, posta.EndpointID(id), client.EndpointChange{Enabled: &on})
	if err != nil {
		return err
	}
	return t.print(e, "%s  %s\n", e.State, e.ID)
}

type endpointsRemoveCmd struct {
	apiFlags
	ID string `arg:"" help:"The endpoint's id."`
}

// Help is shown by --help.
func (c *endpointsRemoveCmd) Help() string {
	return `Its secret and its deliveries are gone with it.

Examples:

  posta endpoints remove end_…`
}

// Run removes the endpoint.
func (c *endpointsRemoveCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	if err := api.RemoveEndpoint(ctx, posta.EndpointID(c.ID)); err != nil {
		return err
	}
	return t.print(map[string]string{"removed": c.ID}, "removed  %s\n", c.ID)
}

type endpointsTestCmd struct {
	apiFlags
	ID string `arg:"" help:"The endpoint's id."`
}

// Help is shown by --help.
func (c *endpointsTestCmd) Help() string {
	return `What became of it is shown by posta endpoints deliveries.

Examples:

  posta endpoints test end_…`
}

// Run sends the test event.
func (c *endpointsTestCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	d, err := api.TestEndpoint(ctx, client.Key(), posta.EndpointID(c.ID))
	if err != nil {
		return err
	}
	return t.print(d, "on its way  %s\n", d.ID)
}

type endpointsDeliveriesCmd struct {
	apiFlags
	ID    string `arg:"" help:"The endpoint's id, or that of one delivery."`
	State string `help:"Only those that are pending, delivered or dead." enum:",pending,delivered,dead" default:""`
	Limit int    `help:"How many at most." default:"25"`
	After string `help:"Those before this one." placeholder:"dlv_…"`
}

// Help is shown by --help.
func (c *endpointsDeliveriesCmd) Help() string {
	return `Examples:

  posta endpoints deliveries end_… --state dead
  posta endpoints deliveries dlv_… --json`
}

// Run lists deliveries, or shows one.
func (c *endpointsDeliveriesCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	if strings.HasPrefix(c.ID, posta.DeliveryID("").Prefix()+"_") {
		d, err := api.Delivery(ctx, posta.DeliveryID(c.ID))
		if err != nil {
			return err
		}
		if t.json {
			return printJSON(t.out, d)
		}
		if err := t.table("delivery", string(d.ID), "event", string(d.EventID), "type", d.Type, "state", strings.TrimSpace(d.State+" "+d.Reason), "body", string(d.Body)); err != nil {
			return err
		}
		fmt.Fprintln(table, "TRY\tAT\tTOOK\tANSWER\t")
		for _, a := range d.Log {
			what := strings.TrimSpace(a.Failure + " " + a.Error)
			if a.Status > 0 {
				what = strconv.Itoa(a.Status)
			}
			fmt.Fprintf(table, "%d\t%s\t%d ms\t%s\t%.60q\n", a.Number, a.At.Format("2006-01-02 15:04:05"), a.DurationMS, what, a.Answer)
		}
		return table.Flush()
	}
	list, next, err := api.Deliveries(ctx, posta.EndpointID(c.ID), c.State, c.Limit, c.After)
	if err != nil {
		return err
	}
	if t.json {
		return printJSON(t.out, map[string]any{"data": list, "next": next})
	}
	fmt.Fprintln(table, "DELIVERY\tTYPE\tSTATE\tTRIES\tLAST ANSWER\tMADE")
	for _, d := range list {
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%d\t%s\n", d.ID, d.Type, strings.TrimSpace(d.State+" "+d.Reason), d.Attempts, d.Status, d.CreatedAt.Format("2006-01-02 15:04:05"))
	}
	if err := table.Flush(); err != nil || next == "" {
		return err
	}
	_, err = fmt.Fprintf(t.out, "more: --after %s\n", next)
	return err
}

type endpointsSendCmd struct {
	apiFlags
	ID string `arg:"" help:"The delivery's id."`
}

// Help is shown by --help.
func (c *endpointsSendCmd) Help() string {
	return `It bears the same webhook-id: a shop that took it already does nothing.

Examples:

  posta endpoints send dlv_…`
}

// Run sends the delivery again.
func (c *endpointsSendCmd) Run(ctx context.Context, t terminal) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	d, err := api.SendDelivery(ctx, client.Key(), posta.DeliveryID(c.ID))
	if err != nil {
		return err
	}
	return t.print(d, "on its way  %s\n", d.ID)
}
