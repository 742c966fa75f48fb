package mercadopago

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"posta"
	"posta/provider"
)

// moment0 is what a time that is not told reads as.
var moment0 time.Time

// authorizedPayment is what we read of a subscription's invoice,
// docs/providers/mercadopago-online.md §3.3.
type authorizedPayment struct {
	ID           text           `json:"id"`
	Subscription string         `json:"preapproval_id"`
	Status       string         `json:"status"`
	Amount       text           `json:"transaction_amount"`
	Currency     posta.Currency `json:"currency_id"`
	Due          string         `json:"debit_date"`
	Attempt      text           `json:"retry_attempt"`
	NextTry      string         `json:"next_retry_date"`
	Created      string         `json:"date_created"`
	Updated      string         `json:"last_modified"`
	Payment      struct {
		ID     text   `json:"id"`
		Status string `json:"status"`
		Detail string `json:"status_detail"`
	} `json:"payment"`
}

// number is a whole number, 0 for what is none.
func (t text) number() int64 {
	n, _ := strconv.ParseInt(string(t), 10, 64)
	return n
}

// invoiceStatus is an invoice's status in our words.
var invoiceStatus = map[string]provider.InvoiceStatus{
	"scheduled": provider.InvoiceScheduled, "waiting for gateway": provider.InvoiceScheduled, "processed": provider.InvoiceProcessed,
	"recycling": provider.InvoiceRetrying, "cancelled": provider.InvoiceCanceled, "canceled": provider.InvoiceCanceled,
}

func (c *connector) invoiceFact(a authorizedPayment) (provider.InvoiceFact, error) {
	status, known := invoiceStatus[a.Status]
	if !known {
		return provider.InvoiceFact{}, posta.Errorf(posta.CodeProviderUnavailable, "invoice of an unknown status: %.20q", a.Status)
	}
	amount, err := readAmount(a.Amount, a.Currency)
	f := provider.InvoiceFact{Ref: string(a.ID), Status: status, Amount: posta.Money{Amount: amount, Currency: a.Currency},
		DueAt: moment(moment(moment0, a.Created), a.Due), Attempts: int(a.Attempt.number()), NextAt: moment(moment0, a.NextTry), Payment: string(a.Payment.ID),
		Detail: a.Payment.Detail, At: moment(c.clock.Now(), a.Updated, a.Created)}
	if f.Payment != "" {
		f.Attempts = max(f.Attempts, 1)
	}
	switch attemptStatus(a.Payment.Status, a.Payment.Detail) {
	case provider.StatusApproved, provider.StatusInMediation, provider.StatusChargedBack:
		f.Paid = f.Payment != "" && status == provider.InvoiceProcessed
	}
	if status != provider.InvoiceRetrying {
		f.NextAt = moment0
	}
	return f, err
}

// Invoices lists a subscription's, oldest first.
func (c *connector) Invoices(ctx context.Context, ref string) ([]provider.InvoiceFact, error) {
	var out []provider.InvoiceFact
	for offset := 0; ; offset += pageSize {
		var found struct {
			Paging  paging              `json:"paging"`
			Results []authorizedPayment `json:"results"`
		}
		if err := c.must(ctx, call{method: http.MethodGet, path: path("authorized_payments", "search"),
			query: pageAt(url.Values{"preapproval_id": {ref}}, offset)}, &found); err != nil {
			return nil, err
		}
		for _, a := range found.Results {
			if a.Subscription != ref {
				continue
			}
			f, err := c.invoiceFact(a)
			if err != nil {
				return nil, err
			}
			if !slices.ContainsFunc(out, func(o provider.InvoiceFact) bool { return o.Ref == f.Ref }) { // rows move between pages
				out = append(out, f)
			}
		}
		if found.Paging.ended(offset, len(found.Results)) {
			break
		}
	}
	slices.SortStableFunc(out, func(a, b provider.InvoiceFact) int { return a.DueAt.Compare(b.DueAt) })
	return out, nil
}

// FetchSubscription finds the subscription that a notice speaks of.
func (c *connector) FetchSubscription(ctx context.Context, n provider.Notice) (string, error) {
	if !plainWord(n.Resource) {
		return "", &posta.Error{Code: posta.CodeNotFound}
	}
	switch n.Topic {
	case TopicSubscription:
		return n.Resource, nil
	case TopicInvoice:
		var a authorizedPayment
		err := c.must(ctx, call{method: http.MethodGet, path: path("authorized_payments", n.Resource)}, &a)
		return a.Subscription, err
	case TopicPayment:
		p, err := c.payment(ctx, n.Resource)
		if err != nil || p.OperationType != "recurring_payment" {
			return "", err
		}
		return first(p.Interaction.Data.Subscription, p.ExternalReference), nil
	}
	return "", nil
}

// Charged asks for the payment of an invoice.
func (c *connector) Charged(ctx context.Context, id string) (provider.Observation, error) {
	if !digits(id) {
		return provider.Observation{}, &posta.Error{Code: posta.CodeNotFound}
	}
	p, err := c.payment(ctx, id)
	if err != nil {
		return provider.Observation{}, err
	}
	return c.seeDirect(p)
}
