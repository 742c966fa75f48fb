package app

import (
	"context"

	"posta"
)

// phoneDeeds are those of a buyer with Mercado Pago's app.
var phoneDeeds = map[string]deed{"scan": (*play).scan, "pay": (*play).pay, "walk_away": (*play).walkAway, "decide": (*play).decide}

// scan has the buyer's phone look at the till's QR.
func (p *play) scan(ctx context.Context, _ map[string]string) error {
	looked := map[string]any{"pos": posta.Alphanumeric(p.at.Till)}
	p.scanned = nil
	var seen scanned
	if err := p.ask(ctx, "POST", "/sim/api/scan", looked, &seen); err != nil {
		return err
	}
	p.scanned = &seen
	return nil
}

// scanned is what the phone shows: the merchant order that the scan made, or the
// order that waits there.
type scanned struct {
	MerchantOrder int64  `json:"merchant_order_id"`
	Order         string `json:"order_id"`
}

// target names what was scanned.
func (p *play) target() map[string]any {
	out := map[string]any{}
	if p.scanned.MerchantOrder != 0 {
		out["merchant_order_id"] = p.scanned.MerchantOrder
	}
	if p.scanned.Order != "" {
		out["order_id"] = p.scanned.Order
	}
	return out
}

// pay pays what was scanned: brand, type, holder (the test card's name, which
// decides the outcome), installments, amount.
func (p *play) pay(ctx context.Context, params map[string]string) error {
	if p.scanned == nil {
		if err := p.scan(ctx, nil); err != nil {
			return err
		}
	}
	card := map[string]any{}
	for _, name := range []string{"brand", "type", "holder"} {
		if params[name] != "" {
			card[name] = params[name]
		}
	}
	if n := number(params, "installments", 0); n > 0 {
		card["installments"] = n
	}
	request := p.target()
	request["parts"] = []map[string]any{{"card": card, "amount": number(params, "amount", 0)}}
	var out struct {
		Payments []struct {
			ID int64 `json:"id"`
		} `json:"payments"`
	}
	if err := p.ask(ctx, "POST", "/sim/api/pay", request, &out); err != nil {
		return err
	}
	for _, one := range out.Payments {
		p.tried = one.ID
	}
	return nil
}

// walkAway is a buyer who leaves after the scan.
func (p *play) walkAway(ctx context.Context, _ map[string]string) error {
	if p.scanned == nil {
		return notNow("deed", "walk_away")
	}
	return p.ask(ctx, "POST", "/sim/api/walk-away", p.target(), nil)
}

// decide ends a payment that is in process: approve=yes or no.
func (p *play) decide(ctx context.Context, params map[string]string) error {
	return p.ask(ctx, "POST", "/sim/api/settle", map[string]any{"payment_id": p.tried, "approve": params["approve"] == "yes"}, nil)
}
