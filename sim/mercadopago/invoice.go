package mercadopago

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// invoice is one instalment of a subscription, an authorized_payment
// (docs/providers/mercadopago-online.md §3.3).
type invoice struct {
	ID             int64
	SubscriptionID string
	UserID         int64
	Number         int    // of the instalment, from 1
	Status         string // scheduled, waiting, processed, recycling, cancelled
	Amount         int64
	Due            time.Time // debit_date
	Until          time.Time // no further attempt from then on
	Attempt        int
	NextRetry      time.Time
	Payment        int64   // of the latest attempt
	Payments       []int64 // of all
	Version        int
	Created        time.Time
	Updated        time.Time
}

const (
	scheduled = "scheduled"
	waiting   = "waiting" // for a payment in process; written scheduled, or waiting_for_gateway by switch
	processed = "processed"
	recycling = "recycling"
)

func (i *invoice) key() (string, string) { return "invoice", text(i.ID) }

func (i *invoice) index(st *state) {
	if st.invoices[i.ID] == nil {
		st.invoicesOf[i.SubscriptionID] = append(st.invoicesOf[i.SubscriptionID], i)
	}
	st.invoices[i.ID] = i
	if i.Payment != 0 {
		st.invoiceOf[i.Payment] = i
	}
}

// changeInvoice files an invoice that was changed and tells the seller.
func (s *Simulator) changeInvoice(i *invoice, now time.Time) {
	i.Version++
	i.Updated = now
	s.put(i)
	s.announceSubscription(topicInvoice, "authorized_payment", text(i.ID), i.UserID, s.subscriptions[i.SubscriptionID].Via, i.Version, now)
}

func (s *Simulator) invoiceView(i *invoice) object {
	v, t := s.subscriptions[i.SubscriptionID], s.accounts[i.UserID].site()
	status, summary := i.Status, "pending"
	if status == waiting {
		status = scheduled
		if s.switches.InvoiceWaitingStatus {
			status = "waiting_for_gateway"
		}
	}
	if i.Status == processed {
		summary = "done"
	}
	o := object{"id": i.ID, "preapproval_id": v.ID, "type": "recurring", "status": status, "date_created": classicTime(i.Created), "last_modified": classicTime(i.Updated),
		"reason": v.Reason, "external_reference": orNull(v.Ref), "currency_id": t.Currency, "transaction_amount": t.number(i.Amount), "debit_date": classicTime(i.Due),
		"retry_attempt": i.Attempt, "next_retry_date": classicOrNull(i.NextRetry), "payment_method_id": orNull(v.Method), "summarized": summary}
	if p := s.payments[i.Payment]; p != nil {
		o["payment"] = object{"id": p.ID, "status": p.Status, "status_detail": p.Detail}
		if p.Online != nil {
			o["payment_method_id"] = p.Online.Method
		}
	}
	return o
}

func getInvoice(c *call) reply {
	id, err := strconv.ParseInt(c.path("id"), 10, 64)
	if err != nil {
		return c.refuse(http.StatusBadRequest, "Invalid authorized payment id")
	}
	i := c.sim.invoices[id]
	if i == nil || i.UserID != c.account.UserID {
		return c.refuse(http.StatusNotFound, "The authorized payment with id %d does not exist", id)
	}
	return reply{status: http.StatusOK, body: c.sim.invoiceView(i)}
}

// searchInvoices lists invoices by subscription, payment, payer or status,
// oldest first.
func searchInvoices(c *call) reply {
	offset, limit, bad := c.subscriptionPaging(12)
	if bad != nil {
		return *bad
	}
	var list []*invoice
	if id := c.query("preapproval_id"); id != "" {
		list = c.sim.invoicesOf[id]
	} else {
		for _, i := range c.sim.invoices {
			list = append(list, i)
		}
		slices.SortFunc(list, func(a, b *invoice) int { return cmp.Compare(a.ID, b.ID) })
	}
	payment, err := strconv.ParseInt(cmp.Or(c.query("payment_id"), "0"), 10, 64)
	if err != nil {
		return c.refuse(http.StatusBadRequest, "Invalid payment_id")
	}
	rows := []*invoice{}
	for _, i := range list {
		v := c.sim.subscriptions[i.SubscriptionID]
		if i.UserID == c.account.UserID && c.sim.settled(i.Created, c.now) && (payment == 0 || slices.Contains(i.Payments, payment)) &&
			matches(c, map[string]string{"status": i.Status, "payer_id": idText(v.Payer.ID)}) {
			rows = append(rows, i)
		}
	}
	results := []object{}
	for _, i := range window(rows, offset, limit) {
		results = append(results, c.sim.invoiceView(i))
	}
	return reply{status: http.StatusOK, body: object{"paging": object{"offset": offset, "limit": limit, "total": len(rows)}, "results": results}}
}
