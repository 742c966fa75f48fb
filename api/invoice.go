package api

import (
	"context"
	"net/http"

	"posta"
	"posta/payment"
	"posta/subscription"
)

// InvoiceList is a page of invoices.
type InvoiceList struct {
	Data []subscription.InvoiceView `json:"data"`
	Next string                     `json:"next,omitempty" doc:"pass as after for the next page; absent at the end"`
}

// InvoicePath names an invoice.
type InvoicePath struct {
	ID string `path:"id" doc:"inv_…" example:"inv_01JD9S3F2K8Q4ZV6W1X7Y5T0RB"`
}

var exampleInvoice = subscription.InvoiceView{ID: posta.IDFrom[posta.InvoiceID](exampleULID), Mode: posta.Test, Subscription: posta.IDFrom[posta.SubscriptionID](exampleULID),
	Sequence: 1, State: subscription.Paid, Amount: 150000, Currency: "ARS", PeriodFrom: exampleAt, PeriodTo: exampleAt.AddDate(0, 1, 0), Tried: 1,
	Attempts: []subscription.Attempt{{Number: 1, At: exampleAt, Payment: examplePayment.ID, State: payment.Paid}}, Payment: examplePayment.ID, PaidAt: &exampleAt,
	EndedAt: &exampleAt, CreatedAt: exampleAt, UpdatedAt: exampleAt}

func (a *server) invoices() {
	const tag = "Invoices"
	add(a, http.MethodGet, "/v1/invoices", about{id: "list_invoices", tag: tag, summary: "List invoices of subscriptions",
		answer: InvoiceList{Data: []subscription.InvoiceView{exampleInvoice}}}, a.listInvoices)
	add(a, http.MethodGet, "/v1/invoices/{id}", about{id: "get_invoice", tag: tag, summary: "Get an invoice", answer: exampleInvoice},
		func(ctx context.Context, in *InvoicePath) (*struct{ Body subscription.InvoiceView }, error) {
			key := callOf(ctx).key
			id, err := found[posta.InvoiceID](in.ID)
			if err != nil {
				return nil, err
			}
			i, err := a.Subscriptions.Invoice(ctx, key.MerchantID, key.Mode, id)
			return &struct{ Body subscription.InvoiceView }{i.View()}, err
		})
}

func (a *server) listInvoices(ctx context.Context, in *struct {
	Limit        int    `query:"limit" minimum:"1" maximum:"100" doc:"25 if left out"`
	After        string `query:"after" pattern:"^inv_[0-9A-HJKMNP-TV-Z]{26}$" doc:"next of the page before"`
	State        string `query:"state" enum:"scheduled,open,retrying,paid,unpaid,void"`
	Subscription string `query:"subscription_id"`
	Attention    bool   `query:"attention" doc:"only those that a person should look at"`
}) (*struct{ Body InvoiceList }, error) {
	key := callOf(ctx).key
	filter := subscription.InvoiceFilter{MerchantID: key.MerchantID, Mode: key.Mode, State: subscription.InvoiceState(in.State),
		SubscriptionID: posta.SubscriptionID(in.Subscription), Attention: in.Attention, Page: posta.Page{Limit: in.Limit, After: in.After}}
	list, err := a.Subscriptions.ListInvoices(ctx, filter)
	if err != nil {
		return nil, err
	}
	out := InvoiceList{Data: []subscription.InvoiceView{}}
	for _, i := range list {
		out.Data = append(out.Data, i.View())
	}
	if len(list) == filter.Size() {
		out.Next = string(list[len(list)-1].ID)
	}
	return &struct{ Body InvoiceList }{out}, nil
}
