package mercadopago

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"posta"
	"posta/provider"
)

// connector speaks for one account.
type connector struct {
	*client
	clock   posta.Clock
	flow    string
	mode    string
	tills   string
	sponsor string
	browser provider.BrowserTokens

	mu       sync.Mutex
	user     string         // the account's id, asked for when it is not configured
	currency posta.Currency // of the account, once it was asked for
}

var (
	_ provider.Connector      = (*connector)(nil)
	_ provider.Provisioner    = (*connector)(nil)
	_ provider.TerminalLister = (*connector)(nil)
	_ provider.OnlineSeller   = (*connector)(nil)
	_ provider.Capturer       = (*connector)(nil)
	_ provider.Disputer       = (*connector)(nil)
)

func open(cfg provider.Config, transport *http.Client, clock posta.Clock) (*connector, error) {
	c := &connector{
		clock:   clock,
		flow:    value(cfg, "flow", FlowLegacy),
		mode:    value(cfg, "qr_mode", ModeStatic),
		tills:   value(cfg, "pos_api", TillsV1),
		sponsor: value(cfg, "sponsor_id", ""),
		user:    value(cfg, "user_id", ""),
		client: &client{
			http: transport, clock: clock,
			base:       strings.TrimRight(value(cfg, "base_url", DefaultBaseURL), "/"),
			token:      value(cfg, "access_token", ""),
			integrator: value(cfg, "integrator_id", ""),
			platform:   value(cfg, "platform_id", ""),
		},
	}
	c.browser = browserTokens(value(cfg, "script_url", scriptOf(c.base)), value(cfg, "public_key", ""))
	var p posta.Problems
	p.Add(c.token == "", "access_token", "required")
	p.Add(strings.ContainsAny(c.token, " \r\n\t"), "access_token", "malformed")
	p.Add(c.user != "" && !digits(c.user), "user_id", "malformed")
	p.Add(c.sponsor != "" && !digits(c.sponsor), "sponsor_id", "malformed")
	p.Add(strings.ContainsAny(c.integrator+c.platform, "\r\n"), "integrator_id", "malformed")
	for _, f := range Description().Fields {
		p.Add(len(f.Options) > 0 && !slices.Contains(f.Options, value(cfg, f.Name, f.Default)), f.Name, "unknown")
	}
	p.Add(!usable(c.base), "base_url", "malformed")
	p.Add(value(cfg, "script_url", "") != "" && !usable(c.browser.Script), "script_url", "malformed")
	p.Add(strings.ContainsAny(c.browser.PublicKey, " \r\n\t\"'<>"), "public_key", "malformed")
	if err := p.Err(); err != nil {
		return nil, err
	}
	return c, nil
}

// usable reports whether an address may be given the token: https, or plain
// http to this machine, where the simulator answers.
func usable(base string) bool {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	return u.Scheme == "https" || (u.Scheme == "http" && loopback(u.Hostname()))
}

// Capabilities tells what can be done on the rail: with a QR that depends on the flow.
func (c *connector) Capabilities(rail provider.Rail) provider.Capabilities {
	switch rail {
	case provider.RailTerminal:
		return pointCapabilities()
	case provider.RailOnline:
		return onlineCapabilities()
	case provider.RailQR, "":
	default:
		return provider.Capabilities{}
	}
	can := provider.Capabilities{
		Offered:       true,
		Recovery:      provider.RecoverSearch,
		PartialRefund: true,
		Expires:       true,
		RefundWindow:  180 * 24 * time.Hour, // the shortest that is documented, docs/providers/mercadopago.md §4.2
		SplitTender:   true,
		Topics:        []string{TopicMerchantOrder, TopicPayment},
	}
	if c.flow == FlowOrders {
		can.Recovery = provider.RecoverRepeat
		can.MaxExpiry = 3600 * time.Hour
		can.SplitTender = false
		can.Topics = []string{TopicOrder, TopicPayment}
	}
	return can
}

// Create puts the charge on its till or terminal, or online before its buyer.
func (c *connector) Create(ctx context.Context, charge provider.Charge, key string) (provider.Observation, error) {
	if charge.Rail == provider.RailOnline {
		return c.createOnline(ctx, charge, key)
	}
	if charge.Rail == provider.RailTerminal || c.flow == FlowOrders {
		return c.createOrder(ctx, charge, key)
	}
	return c.putSlot(ctx, charge, key)
}

// Get asks for everything known of the charge. A charge made before the
// connection's flow was changed is asked about the way in which it was made.
func (c *connector) Get(ctx context.Context, charge provider.Charge) (provider.Observation, error) {
	if charge.Rail == provider.RailOnline {
		return c.lookOnline(ctx, charge)
	}
	if c.isOrder(charge) {
		return c.lookOrder(ctx, charge)
	}
	return c.lookSlot(ctx, charge)
}

// Cancel takes the charge off its till or terminal, or away from its buyer.
func (c *connector) Cancel(ctx context.Context, charge provider.Charge, key string) (provider.Observation, error) {
	if charge.Rail == provider.RailOnline {
		return c.cancelOnline(ctx, charge, key)
	}
	if c.isOrder(charge) {
		return c.cancelOrder(ctx, charge, key)
	}
	return c.clearSlot(ctx, charge, key)
}

// Refund gives back an amount of one attempt: of a payment, whose id is a
// number, or of a transaction of an order.
func (c *connector) Refund(ctx context.Context, charge provider.Charge, r provider.Refund) (provider.Observation, error) {
	if digits(r.Attempt) {
		return c.refundPayment(ctx, charge, r)
	}
	return c.refundOrder(ctx, charge, r)
}

// isOrder reports whether the charge is an order of the Orders API. A terminal's
// always is, whatever the flow.
func (c *connector) isOrder(charge provider.Charge) bool {
	switch {
	case charge.Rail == provider.RailTerminal:
		return true
	case charge.Order == "":
		return c.flow == FlowOrders
	}
	return charge.Order != slotID
}
