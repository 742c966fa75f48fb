package mercadopago

import (
	"bytes"
	"context"
	"encoding/json"
	"net/url"
	"strings"

	"posta"
	"posta/provider"
)

// The topics that Posta acts on. Others are kept under the provider's name.
const (
	TopicMerchantOrder = "merchant_order"
	TopicPayment       = "payment"
	TopicOrder         = "order"
	TopicChargeback    = "chargeback"
	TopicSubscription  = "subscription"
	TopicPlan          = "plan"
	TopicInvoice       = "invoice"
	TopicGrant         = "grant" // an account let our application in, or put it out
)

// canonical undoes the names that one topic has on different channels,
// docs/providers/mercadopago.md §8.2, docs/providers/mercadopago-online.md §2.10.
var canonical = map[string]string{
	"topic_merchant_order_wh": TopicMerchantOrder,
	"merchant_orders":         TopicMerchantOrder,
	"payments":                TopicPayment,
	"orders":                  TopicOrder,

	"topic_chargebacks_wh":            TopicChargeback,
	"chargebacks":                     TopicChargeback,
	"subscription_preapproval":        TopicSubscription,
	"preapproval":                     TopicSubscription,
	"subscription_preapproval_plan":   TopicPlan,
	"subscription_authorized_payment": TopicInvoice,
	"authorized_payment":              TopicInvoice,
	"mp-connect":                      TopicGrant,
}

// envelope is a notice's body in all its forms, docs/providers/mercadopago.md §8.3.
type envelope struct {
	ID       text   `json:"id"`
	Type     text   `json:"type"`
	Topic    text   `json:"topic"`
	Resource text   `json:"resource"`
	Action   text   `json:"action"`
	Status   text   `json:"status"`
	Version  text   `json:"version"`
	Live     text   `json:"live_mode"`
	Data     inside `json:"data"`
}

type inside struct {
	ID      text `json:"id"`
	Status  text `json:"status"`
	Version text `json:"version"`
}

// UnmarshalJSON takes an object and lets everything else pass as nothing told.
func (i *inside) UnmarshalJSON(b []byte) error {
	type plain inside
	if bytes.HasPrefix(bytes.TrimSpace(b), []byte("{")) {
		return json.Unmarshal(b, (*plain)(i))
	}
	return nil
}

// ReadNotice understands a delivery and judges its signature. It changes
// nothing and asks nobody.
func ReadNotice(d provider.Delivery, secrets []provider.Secret) (provider.Notice, provider.Verdict) {
	unreadable := func(why string) (provider.Notice, provider.Verdict) {
		return provider.Notice{}, provider.Verdict{Judgement: provider.Unreadable, Reason: why}
	}
	query := d.Values()
	var e envelope
	if body := bytes.TrimSpace(d.Body); len(body) > 0 {
		if body[0] != '{' {
			return unreadable("the body is not a JSON object")
		}
		if err := json.Unmarshal(body, &e); err != nil {
			return unreadable("the body is not a notice")
		}
	}
	feed := isFeed(d, query, e)
	n := provider.Notice{
		Topic:    first(query.Get("type"), string(e.Type), query.Get("topic"), string(e.Topic)),
		Resource: first(query.Get("data.id"), string(e.Data.ID)),
		Action:   string(e.Action),
		Status:   first(string(e.Data.Status), string(e.Status)),
		Version:  first(string(e.Version), string(e.Data.Version)),
		Live:     e.Live == "true",
		Channel:  "webhook",
	}
	if feed {
		n.Channel = "feed"
		n.Topic = first(query.Get("topic"), string(e.Topic), n.Topic)
		n.Resource = first(query.Get("id"), lastSegment(string(e.Resource)), n.Resource)
	}
	if name, ok := canonical[n.Topic]; ok {
		n.Topic = name
	}
	if n.Resource == "" {
		n.Resource = first(query.Get("id"), lastSegment(string(e.Resource)))
	}
	if n.Resource == "" && n.Topic != TopicPayment && n.Topic != TopicOrder {
		n.Resource = string(e.ID) // of a payment or order it is the notice's own
	}
	switch {
	case n.Topic == "":
		return unreadable("no topic")
	case !plainWord(n.Topic):
		return unreadable("the topic is not a word")
	case n.Resource == "":
		return unreadable("no resource")
	case !plainWord(n.Resource):
		return unreadable("the resource is not an id")
	}
	return n, judge(d, query, n, feed, secrets)
}

// isFeed tells the older IPN channel from webhooks.
func isFeed(d provider.Delivery, query url.Values, e envelope) bool {
	if strings.HasPrefix(strings.ToLower(d.Header.Get("User-Agent")), "mercadopago feed") {
		return true
	}
	if query.Get("data.id") != "" || e.Type != "" || e.Data.ID != "" {
		return false
	}
	return query.Get("topic") != "" || e.Topic != ""
}

// lastSegment is the id of a resource that may be told as an address.
func lastSegment(resource string) string {
	resource, _, _ = strings.Cut(resource, "?")
	resource = strings.TrimRight(resource, "/")
	return resource[strings.LastIndexByte(resource, '/')+1:]
}

// plainWord holds off everything that could be more than an id in a path.
func plainWord(s string) bool {
	const most = 100
	for _, r := range s {
		if !(r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r == '-' || r == '_') {
			return false
		}
	}
	return s != "" && len(s) <= most
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// Fetch gets what a notice speaks of.
func (c *connector) Fetch(ctx context.Context, n provider.Notice) ([]provider.Observation, error) {
	if !plainWord(n.Resource) {
		return nil, &posta.Error{Code: posta.CodeNotFound}
	}
	switch n.Topic {
	case TopicMerchantOrder:
		return c.fetchMerchantOrder(ctx, n.Resource)
	case TopicPayment:
		return c.fetchPayment(ctx, n.Resource)
	case TopicChargeback:
		return c.fetchChargeback(ctx, n.Resource)
	case TopicOrder:
		o, err := c.order(ctx, n.Resource)
		if err != nil || o.ExternalReference == "" {
			return nil, err
		}
		seen, err := c.observe(o, "")
		return told(seen, err)
	}
	return nil, nil
}

func told(seen provider.Observation, err error) ([]provider.Observation, error) {
	if len(seen.Facts) == 0 {
		return nil, err
	}
	return []provider.Observation{seen}, err
}

func (c *connector) fetchMerchantOrder(ctx context.Context, id string) ([]provider.Observation, error) {
	m, err := c.merchantOrder(ctx, id)
	if err != nil || m.ExternalReference == "" {
		return nil, err
	}
	if c.flow == FlowOrders {
		known, err := c.soldOnline(ctx, m)
		if err != nil {
			return nil, err
		}
		if known == nil {
			return c.fetchOrderOf(ctx, payment{ExternalReference: m.ExternalReference})
		}
		return told(c.sell(ctx, []merchantOrder{m}, known, ""))
	}
	return told(c.sell(ctx, []merchantOrder{m}, nil, ""))
}

// soldOnline gives the first payment of a preference's merchant order; nil of
// one of the store, which with the Orders API is another name of an order.
func (c *connector) soldOnline(ctx context.Context, m merchantOrder) (map[string]payment, error) {
	for _, tried := range m.Payments {
		p, err := c.paymentOnce(ctx, string(tried.ID), nil)
		if err != nil {
			return nil, err
		}
		if p.flow() == provider.FlowRedirect {
			return map[string]payment{string(p.ID): p}, nil
		}
	}
	return nil, nil
}

// fetchPayment gets a payment, and its merchant order, without which it proves
// nothing. A payment that verifies a card tells of no charge.
func (c *connector) fetchPayment(ctx context.Context, id string) ([]provider.Observation, error) {
	p, err := c.payment(ctx, id)
	if err != nil || p.ExternalReference == "" || p.OperationType == "card_validation" {
		return nil, err
	}
	return c.fetchOf(ctx, p)
}

func (c *connector) fetchOf(ctx context.Context, p payment) ([]provider.Observation, error) {
	if seen, online, err := c.fetchOnline(ctx, p); online {
		return seen, err
	}
	if c.flow == FlowOrders || p.merchantOrder() == "" {
		return c.fetchOrderOf(ctx, p)
	}
	known := map[string]payment{string(p.ID): p}
	m, err := c.merchantOrder(ctx, p.merchantOrder())
	if err != nil && posta.ErrorCode(err) != posta.CodeNotFound {
		return nil, err
	}
	if err == nil && m.ExternalReference == p.ExternalReference {
		seen, err := c.sell(ctx, []merchantOrder{m}, known, "")
		for _, f := range seen.Facts {
			if f.Kind == provider.FactAttempt && f.ID == string(p.ID) {
				return told(seen, err)
			}
		}
		// The merchant order does not list the payment yet.
		facts, factsErr := p.facts(string(m.ID), "", c.clock.Now())
		seen.Facts = append(seen.Facts, facts...)
		return told(seen, firstOf(err, factsErr))
	}
	facts, err := p.facts(p.merchantOrder(), "", c.clock.Now())
	return told(provider.Observation{ExternalReference: p.ExternalReference, Till: p.till(), Facts: facts}, err)
}

// fetchOrderOf tells of a payment of an order. Its id is another name for one of
// the order's transactions, and facts under both would count the money twice: it
// only adds what the order does not say, which is the card, a dispute, and, with
// a QR, tries that were declined.
func (c *connector) fetchOrderOf(ctx context.Context, p payment) ([]provider.Observation, error) {
	o, err := c.orderOf(ctx, p.ExternalReference)
	if err != nil {
		return nil, err
	}
	seen := provider.Observation{ExternalReference: p.ExternalReference}
	if o.ID != "" {
		if seen, err = c.observe(o, ""); err != nil {
			return told(seen, err)
		}
	}
	own, err := p.facts(o.ID, "", c.clock.Now())
	if err != nil {
		return told(seen, err)
	}
	known := o.transactionOf(string(p.ID))
	if known == "" {
		if own[0].Status == provider.StatusRejected && c.flow == FlowOrders && o.Type != typePoint {
			seen.Facts = append(seen.Facts, own[0])
		}
		return told(seen, nil)
	}
	for i := range seen.Facts {
		if f := &seen.Facts[i]; f.Kind == provider.FactAttempt && f.ID == known {
			describe(f, own[0])
		}
	}
	for _, f := range own {
		if f.Kind == provider.FactChargeback {
			f.Parent = known
			seen.Facts = append(seen.Facts, f)
		}
	}
	return told(seen, nil)
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
