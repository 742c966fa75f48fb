package mercadopago

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"posta"
	"posta/provider"
)

// merchantOrder is what we read of /merchant_orders/{id}: what a buyer's scan
// made of the till's order. Each scan makes one.
type merchantOrder struct {
	ID                text   `json:"id"`
	Status            string `json:"status"`
	OrderStatus       string `json:"order_status"`
	ExternalReference string `json:"external_reference"`
	Site              string `json:"site_id"`
	Total             text   `json:"total_amount"`
	Created           string `json:"date_created"`
	Updated           string `json:"last_updated"`
	Cancelled         bool   `json:"cancelled"`
	Payments          []struct {
		ID           text   `json:"id"`
		Status       string `json:"status"`
		StatusDetail string `json:"status_detail"`
		Amount       text   `json:"transaction_amount"`
		Currency     string `json:"currency_id"`
		Created      string `json:"date_created"`
		Modified     string `json:"last_modified"`
	} `json:"payments"`
	Items []struct {
		Currency string `json:"currency_id"`
	} `json:"items"`
}

// status is the merchant order's in our words: closed only when the provider
// says that payments cover the total.
func (m merchantOrder) status() provider.Status {
	s := read(merchantOrderStatus, m.Status, provider.StatusOpen)
	if m.Cancelled && s != provider.StatusClosed {
		return provider.StatusCanceled
	}
	return s
}

// currency is what the merchant order is told to be in; told is false where
// only its site says so.
func (m merchantOrder) currency(otherwise posta.Currency) (currency posta.Currency, told bool) {
	for _, p := range m.Payments {
		if p.Currency != "" {
			return posta.Currency(p.Currency), true
		}
	}
	for _, i := range m.Items {
		if i.Currency != "" {
			return posta.Currency(i.Currency), true
		}
	}
	if c := currencyOf(m.Site); c != "" {
		return c, false
	}
	return otherwise, false
}

// merchantOrder fetches one.
func (c *connector) merchantOrder(ctx context.Context, id string) (merchantOrder, error) {
	var m merchantOrder
	err := c.must(ctx, call{method: http.MethodGet, path: path("merchant_orders", id)}, &m)
	return m, err
}

// merchantOrdersOf searches those of a charge, docs/providers/mercadopago.md §7.
func (c *connector) merchantOrdersOf(ctx context.Context, reference string) ([]merchantOrder, error) {
	const size, pages = 50, 5
	var ours []merchantOrder
	for offset := 0; offset < size*pages; offset += size {
		var found struct {
			Elements []merchantOrder `json:"elements"`
		}
		err := c.must(ctx, call{method: http.MethodGet, path: path("merchant_orders", "search"), query: url.Values{
			"external_reference": {reference}, "limit": {strconv.Itoa(size)}, "offset": {strconv.Itoa(offset)}}}, &found)
		if err != nil {
			return nil, err
		}
		for _, m := range found.Elements {
			if m.ExternalReference == reference {
				ours = append(ours, m)
			}
		}
		if len(found.Elements) < size {
			break
		}
	}
	return ours, nil
}

// moved reports whether a payment brought money, so that its details and
// refunds are worth a call.
func moved(status string) bool {
	switch status {
	case "approved", "refunded", "in_mediation", "charged_back":
		return true
	}
	return false
}

// sell reads merchant orders into facts. known are payments that were fetched
// already. A payment that cannot be fetched leaves what its merchant order
// says of it, and the error.
func (c *connector) sell(ctx context.Context, list []merchantOrder, known map[string]payment, currency posta.Currency) (provider.Observation, error) {
	var seen provider.Observation
	var missing error
	told := c.clock.Now()
	for _, m := range list {
		seen.ExternalReference = m.ExternalReference
		currency, isTold := m.currency(currency)
		total, err := readAmount(m.Total, currency)
		if err != nil {
			return seen, err
		}
		sale := provider.Fact{Kind: provider.FactSale, ID: string(m.ID), Status: m.status(), Detail: m.OrderStatus,
			At: moment(told, m.Updated, m.Created), Amount: total}
		if isTold {
			sale.Currency = currency
		}
		seen.Facts = append(seen.Facts, sale)
		for _, tried := range m.Payments {
			p := payment{ID: tried.ID, Status: tried.Status, StatusDetail: tried.StatusDetail, Amount: tried.Amount,
				Currency: tried.Currency, Created: tried.Created, Updated: tried.Modified}
			if moved(p.Status) {
				whole, err := c.paymentOnce(ctx, string(p.ID), known)
				missing = errors.Join(missing, err)
				if err == nil && whole.ID != "" {
					p = whole
				}
			}
			facts, err := p.facts(string(m.ID), currency, told)
			if err != nil {
				return seen, err
			}
			seen.Facts = append(seen.Facts, facts...)
			if seen.Till == "" {
				seen.Till = p.till()
			}
		}
	}
	return seen, firstError(missing)
}

// paymentOnce is payment, out of known where it is there; one that the
// provider does not know is empty.
func (c *connector) paymentOnce(ctx context.Context, id string, known map[string]payment) (payment, error) {
	if p, ok := known[id]; ok {
		return p, nil
	}
	p, err := c.payment(ctx, id)
	if posta.ErrorCode(err) == posta.CodeNotFound {
		return payment{}, nil
	}
	return p, err
}

// firstError keeps the first of joined errors, so that it stays a *posta.Error.
func firstError(err error) error {
	var e *posta.Error
	if errors.As(err, &e) {
		return e
	}
	return err
}

// paying reports whether facts show that a sale is paid; with pending or
// approved, also if some attempt is.
func paying(facts []provider.Fact, pending, approved bool) bool {
	for _, f := range facts {
		if f.Kind == provider.FactSale && f.Status == provider.StatusClosed {
			return true
		}
		if f.Kind == provider.FactAttempt && (pending && f.Status == provider.StatusPending || approved && f.Status == provider.StatusApproved) {
			return true
		}
	}
	return false
}

func past(at, end time.Time) bool { return !end.IsZero() && !at.Before(end) }
