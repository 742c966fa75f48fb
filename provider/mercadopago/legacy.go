package mercadopago

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"posta"
	"posta/provider"
)

// The legacy attended order has no id and no status: a till has one slot, and
// the order is in it or not. Its fact is called slotID.
const slotID = "qr"

type slotBody struct {
	ExternalReference string      `json:"external_reference"`
	Title             string      `json:"title"`
	Description       string      `json:"description"`
	NotificationURL   string      `json:"notification_url,omitempty"`
	ExpirationDate    string      `json:"expiration_date,omitempty"`
	TotalAmount       json.Number `json:"total_amount"`
	Items             []slotItem  `json:"items"`
	Sponsor           *sponsor    `json:"sponsor,omitempty"`
}

type slotItem struct {
	SKU         string      `json:"sku_number,omitempty"`
	Title       string      `json:"title"`
	UnitPrice   json.Number `json:"unit_price"`
	Quantity    int64       `json:"quantity"`
	UnitMeasure string      `json:"unit_measure"`
	TotalAmount json.Number `json:"total_amount"`
}

type sponsor struct {
	ID json.Number `json:"id"`
}

// slotRequest is the body of a create. It depends on the charge only, so that
// every try sends the same.
func (c *connector) slotRequest(charge provider.Charge) (slotBody, error) {
	total, err := number(charge.Amount)
	if err != nil {
		return slotBody{}, err
	}
	body := slotBody{ExternalReference: string(charge.Payment), Title: charge.Title, Description: charge.Description,
		NotificationURL: webhooksOnly(charge.NotificationURL), TotalAmount: total}
	if body.Description == "" {
		body.Description = charge.Title // required
	}
	if !charge.ExpiresAt.IsZero() {
		body.ExpirationDate = stamp(charge.ExpiresAt)
	}
	if c.sponsor != "" {
		body.Sponsor = &sponsor{ID: json.Number(c.sponsor)}
	}
	items := charge.Items
	if len(items) == 0 {
		items = []provider.Item{{Title: charge.Title, Quantity: 1, UnitPrice: charge.Amount.Amount}}
	}
	for _, i := range items {
		price, err := number(posta.Money{Amount: i.UnitPrice, Currency: charge.Amount.Currency})
		if err != nil {
			return body, err
		}
		line, err := number(posta.Money{Amount: i.UnitPrice * i.Quantity, Currency: charge.Amount.Currency})
		if err != nil {
			return body, err
		}
		body.Items = append(body.Items, slotItem{SKU: i.SKU, Title: i.Title, UnitPrice: price, Quantity: i.Quantity,
			UnitMeasure: "unit", TotalAmount: line})
	}
	return body, nil
}

// putSlot creates the order: docs/providers/mercadopago.md §3.1.
func (c *connector) putSlot(ctx context.Context, charge provider.Charge, key string) (provider.Observation, error) {
	seen := provider.Observation{ExternalReference: string(charge.Payment)}
	body, err := c.slotRequest(charge)
	if err != nil {
		return seen, err
	}
	user, err := c.userID(ctx)
	if err != nil {
		return seen, err
	}
	sent := c.clock.Now()
	_, err = c.do(ctx, call{method: http.MethodPut, key: key, body: body, path: path("instore", "qr", "seller",
		"collectors", user, "stores", charge.Store, "pos", charge.Till, "orders")}, nil)
	if err == nil {
		seen.Facts = []provider.Fact{slot(charge, provider.StatusOpen, sent)}
	}
	return seen, err
}

func slot(charge provider.Charge, status provider.Status, at time.Time) provider.Fact {
	return provider.Fact{Kind: provider.FactOrder, ID: slotID, Status: status, At: at, Amount: charge.Amount.Amount}
}

func (c *connector) slotPath(ctx context.Context, charge provider.Charge) (string, error) {
	user, err := c.userID(ctx)
	return path("instore", "qr", "seller", "collectors", user, "pos", charge.Till, "orders"), err
}

// waiting reports whether the order in the till's slot is the charge's:
// docs/providers/mercadopago.md §3.2. The answer may be an object or an array.
func (c *connector) waiting(ctx context.Context, charge provider.Charge) (bool, error) {
	where, err := c.slotPath(ctx, charge)
	if err != nil {
		return false, err
	}
	var raw json.RawMessage
	_, err = c.do(ctx, call{method: http.MethodGet, path: where}, &raw)
	if posta.ErrorCode(err) == posta.CodeNotFound {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if !bytes.HasPrefix(bytes.TrimSpace(raw), []byte("[")) {
		raw = slices.Concat([]byte("["), raw, []byte("]"))
	}
	var list []struct {
		ExternalReference string `json:"external_reference"`
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		return false, posta.Errorf(posta.CodeProviderUnavailable, "GET %s: unreadable answer: %w", where, err)
	}
	for _, o := range list {
		if o.ExternalReference == string(charge.Payment) {
			return true, nil
		}
	}
	return false, nil
}

// sales finds what buyers' scans made of the charge. deep also asks the
// payments, for when the search of merchant orders lags behind them.
func (c *connector) sales(ctx context.Context, charge provider.Charge, deep bool) (provider.Observation, error) {
	reference := string(charge.Payment)
	list, err := c.merchantOrdersOf(ctx, reference)
	if err != nil {
		return provider.Observation{ExternalReference: reference}, err
	}
	if len(list) == 0 && deep {
		if list, err = c.merchantOrdersOfPayments(ctx, reference); err != nil {
			return provider.Observation{ExternalReference: reference}, err
		}
	}
	seen, err := c.sell(ctx, list, nil, charge.Amount.Currency)
	seen.ExternalReference = reference
	return seen, err
}

func (c *connector) merchantOrdersOfPayments(ctx context.Context, reference string) (list []merchantOrder, err error) {
	payments, err := c.paymentsOf(ctx, reference)
	if err != nil {
		return nil, err
	}
	asked := map[string]bool{"": true}
	for _, p := range payments {
		id := p.merchantOrder()
		if asked[id] {
			continue
		}
		asked[id] = true
		m, err := c.merchantOrder(ctx, id)
		if err != nil {
			return nil, err
		}
		if m.ExternalReference == reference {
			list = append(list, m)
		}
	}
	return list, nil
}

// lookSlot asks for the till's slot first and for sales after: an order that
// is paid between the two is then seen as paid, never as gone.
func (c *connector) lookSlot(ctx context.Context, charge provider.Charge) (provider.Observation, error) {
	sent := c.clock.Now()
	here, err := c.waiting(ctx, charge)
	if err != nil {
		return provider.Observation{ExternalReference: string(charge.Payment)}, err
	}
	seen, err := c.sales(ctx, charge, !here)
	switch {
	case here:
		seen.Facts = append(seen.Facts, slot(charge, provider.StatusOpen, sent))
	case err == nil && past(sent, charge.ExpiresAt) && !paying(seen.Facts, true, !past(sent, charge.ExpiresAt.Add(closing))):
		seen.Facts = append(seen.Facts, slot(charge, provider.StatusExpired, sent))
	}
	return seen, err
}

// clearSlot takes the order off the till: docs/providers/mercadopago.md §3.3.
// It looks first, since the slot may hold another payment's order, and after a
// 500, which is also the answer when there is nothing to delete: the order may
// just have been paid. After the order's end a payment in process, which may
// take days, does not hold the till against somebody who cancels.
func (c *connector) clearSlot(ctx context.Context, charge provider.Charge, key string) (provider.Observation, error) {
	seen := provider.Observation{ExternalReference: string(charge.Payment)}
	here, err := c.waiting(ctx, charge)
	if err != nil {
		return seen, err
	}
	sent := c.clock.Now()
	var refused error
	if here {
		where, err := c.slotPath(ctx, charge)
		if err != nil {
			return seen, err
		}
		_, refused = c.do(ctx, call{method: http.MethodDelete, path: where, key: key}, nil)
		if refused == nil {
			seen.Facts = []provider.Fact{slot(charge, provider.StatusCanceled, sent)}
			return seen, nil
		}
		if statusOf(refused) != http.StatusInternalServerError {
			return seen, refused
		}
		if here, err = c.waiting(ctx, charge); err != nil {
			return seen, err
		}
	}
	seen, err = c.sales(ctx, charge, true)
	switch {
	case here:
		seen.Facts = append(seen.Facts, slot(charge, provider.StatusOpen, sent))
		return seen, refused
	case err != nil:
		return seen, err
	case !paying(seen.Facts, !past(sent, charge.ExpiresAt), !past(sent, charge.ExpiresAt.Add(closing))):
		seen.Facts = append(seen.Facts, slot(charge, provider.StatusCanceled, sent))
	}
	return seen, nil
}

// closing is how long after the order's end a sale may take to close that has
// money in it: what is still open then was left half paid.
const closing = 5 * time.Minute

// webhooksOnly asks for one form of each notice instead of two, the one that is
// not to be discontinued (docs/providers/mercadopago.md §8.1).
func webhooksOnly(address string) string {
	if address == "" || strings.Contains(address, "?") {
		return address
	}
	return address + "?source_news=webhooks"
}
