package mercadopago

import (
	"slices"
	"time"

	"posta"
	"posta/provider"
)

// observe reads an order into facts. Everything in it is as new as the order.
func (c *connector) observe(o order, otherwise posta.Currency) (provider.Observation, error) {
	seen := provider.Observation{ExternalReference: o.ExternalReference, Order: o.ID, Till: o.Config.QR.Till,
		Terminal: o.Config.Point.Terminal, Display: o.Response.QR}
	currency := posta.Currency(first(o.Currency, string(currencyOf(o.Country)), string(otherwise)))
	at := moment(c.clock.Now(), o.Updated, o.Created)
	whole, err := o.fact(currency, at)
	if err != nil {
		return seen, err
	}
	if whole.Status != provider.StatusClosed || o.provesPaid() {
		seen.Facts = append(seen.Facts, whole)
	}
	for _, t := range o.Transactions.Payments {
		if !t.tried() {
			continue
		}
		amount, err := readAmount(o.paid(t), currency)
		if err != nil {
			return seen, err
		}
		seen.Facts = append(seen.Facts, provider.Fact{Kind: provider.FactAttempt, ID: t.ID, Parent: o.ID,
			Status: read(transactionStatus, t.Status, provider.StatusPending), Detail: t.StatusDetail, At: at, Amount: amount,
			Currency: posta.Currency(o.Currency), Method: t.Method.Type, Brand: t.Method.ID,
			LastFour: string(t.Card.Last), Installments: t.Method.Installments, Slip: o.slip(t)})
	}
	for _, r := range o.Transactions.Refunds {
		amount, err := readAmount(r.Amount, currency)
		if err != nil {
			return seen, err
		}
		seen.Facts = append(seen.Facts, provider.Fact{Kind: provider.FactRefund, ID: r.ID, Parent: r.Transaction,
			Status: read(orderRefundStatus, r.Status, provider.StatusPending), At: at, Amount: amount,
			Currency: posta.Currency(o.Currency)})
	}
	return seen, nil
}

// fact is the order itself.
func (o order) fact(currency posta.Currency, at time.Time) (provider.Fact, error) {
	total, err := o.total(currency)
	if err != nil {
		return provider.Fact{}, err
	}
	f := provider.Fact{Kind: provider.FactOrder, ID: o.ID, Status: read(orderStatus, o.Status, provider.StatusReview),
		Detail: o.StatusDetail, At: at, Amount: total, Currency: posta.Currency(o.Currency)}
	if f.Status == provider.StatusClosed {
		f.Explained, err = o.explained(currency)
	}
	if o.Type == typePoint {
		f.Progress, f.Detail = o.progress(), o.detail()
	}
	return f, err
}

// total is what the order asks for. One of a terminal says it in its
// transaction only.
func (o order) total(currency posta.Currency) (int64, error) {
	if o.Total != "" {
		return readAmount(o.Total, currency)
	}
	var sum int64
	for _, t := range o.Transactions.Payments {
		amount, err := readAmount(t.Amount, currency)
		if err != nil {
			return 0, err
		}
		sum += amount
	}
	return sum, nil
}

// provesPaid reports whether the provider tells what was paid. The short
// answer to a refund has the status of a paid order and no amounts.
func (o order) provesPaid() bool {
	if o.TotalPaid != "" {
		return true
	}
	for _, t := range o.Transactions.Payments {
		if t.Paid != "" {
			return true
		}
	}
	return false
}

// paid is what a transaction brought. Where only the order tells it, that
// counts, never what was asked.
func (o order) paid(t transaction) text {
	if t.Paid == "" && o.TotalPaid != "" && len(o.Transactions.Payments) == 1 {
		return o.TotalPaid
	}
	return text(first(string(t.Paid), string(t.Amount)))
}

// tried reports whether somebody tried to pay: an order is born with a payment
// that is "created", goes with it to the terminal, and ends with it if nobody pays.
func (t transaction) tried() bool {
	return !slices.Contains([]string{"", "created", "at_terminal", "canceled", "expired"}, t.Status)
}

// explained is what lawfully makes the paid amount differ from the asked one:
// tips, and the discount of the payment method that was used.
func (o order) explained(currency posta.Currency) (int64, error) {
	var sum int64
	for _, t := range o.Transactions.Payments {
		tip, err := readAmount(t.Tip, currency)
		if err != nil {
			return 0, err
		}
		sum += tip
		for _, d := range o.Discounts.Methods {
			if t.Discounts.Type == "" || d.Type != t.Discounts.Type {
				continue
			}
			asked, err := readAmount(t.Amount, currency)
			if err != nil {
				return 0, err
			}
			reduced, err := readAmount(d.NewTotal, currency)
			if err != nil {
				return 0, err
			}
			sum += min(reduced-asked, 0)
		}
	}
	return sum, nil
}

// transactionOf is the id of the order's transaction that the payment is, "" if none.
func (o order) transactionOf(payment string) string {
	for _, t := range o.Transactions.Payments {
		if payment != "" && string(t.Reference) == payment {
			return t.ID
		}
	}
	return ""
}

// describe adds to a transaction's fact what its payment tells of it.
func describe(f *provider.Fact, p provider.Fact) {
	switch p.Status {
	case provider.StatusApproved, provider.StatusInMediation, provider.StatusChargedBack:
		f.Status, f.Detail = p.Status, p.Detail
	}
	if p.At.After(f.At) {
		f.At = p.At
	}
	f.LastFour, f.Authorizes = first(p.LastFour, f.LastFour), first(p.Authorizes, f.Authorizes)
}
