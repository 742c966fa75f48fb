package prisma

import "posta/provider"

// payment is what the provider tells of one, docs/providers/prisma.md §5.3. The
// card's holder, document and first digits are never read.
type payment struct {
	ID           text `json:"payment_id"`
	Status       text `json:"payment_status"`
	Merchant     text `json:"merchant_id"`
	Terminal     text `json:"terminal_id"`
	Authorized   text `json:"authorized_payment_amount"`
	Change       text `json:"change_amount"`
	Original     text `json:"qr_original_amount"`
	Installments text `json:"installments_number"`
	Type         text `json:"payment_type"`
	Brand        text `json:"card_brand_product"`
	Entry        text `json:"card_type"`
	Last         text `json:"last_four_digits"`
	Acquirer     text `json:"acquirer_id"`
	Response     text `json:"acquirer_response_code"`
	Code         text `json:"authorization_code"`
	Coupon       text `json:"transaction_receipt"`
	Batch        text `json:"batch_number"`
	Slip         text `json:"client_receipt_detail"`
}

// observe reads a payment into facts. Their time is ours: the provider's dates
// have no documented form (docs/providers/prisma.md §16.1).
func (c *connector) observe(p payment, charge provider.Charge) provider.Observation {
	r, now := read(paymentStatus, p.Status, provider.StatusOpen), c.clock.Now()
	amount, told := p.Authorized.minor()
	if r.status == provider.StatusClosed && !told {
		r = unproven
	}
	order := provider.Fact{Kind: provider.FactOrder, ID: string(p.ID), Status: r.status, Detail: string(p.Status), Version: r.place, At: now,
		Amount: charge.Amount.Amount, Progress: r.progress}
	seen := provider.Observation{ExternalReference: string(charge.Payment), Order: string(p.ID), Terminal: string(p.Terminal)}
	switch {
	case r.status == provider.StatusClosed:
		order.Explained = c.explained(p, amount, charge)
		paid := c.attempt(p, r, provider.StatusApproved)
		paid.At, paid.Amount = now, amount
		seen.Facts = append(seen.Facts, paid)
	case p.Status == "DECLINED":
		declined := c.attempt(p, r, provider.StatusRejected)
		declined.At, declined.Amount = now, charge.Amount.Amount
		seen.Facts = append(seen.Facts, declined)
	}
	seen.Facts = append(seen.Facts, order)
	return seen
}

// attempt is what the customer did at the terminal.
func (c *connector) attempt(p payment, r reading, status provider.Status) provider.Fact {
	f := provider.Fact{Kind: provider.FactAttempt, ID: string(p.ID), Parent: string(p.ID), Status: status, Detail: string(p.Response), Version: r.place,
		Method: known(methods, p.Type), Brand: string(p.Brand), LastFour: string(p.Last), Installments: p.Installments.whole(),
		Authorizes: string(p.Code), Slip: provider.Slip{Terminal: string(p.Terminal), Batch: string(p.Batch), Coupon: string(p.Coupon),
			Acquirer: string(p.Acquirer), Merchant: string(p.Merchant), Entry: known(entries, p.Entry), Text: string(p.Slip)}}
	if f.Method == "" && f.Slip.Entry == "qr" {
		f.Method = "qr"
	}
	if f.Detail == "" {
		f.Detail = string(p.Status)
	}
	f.Slip.CashBack, _ = p.Change.minor()
	f.Slip.Original, _ = p.Original.minor()
	return f
}

// explained is what lawfully makes the authorised amount differ from the asked
// one: cash handed out, a tip where one may be given, the benefit of a QR that
// was for what we asked (docs/providers/prisma.md §5.3).
func (c *connector) explained(p payment, authorized int64, charge provider.Charge) int64 {
	more := authorized - charge.Amount.Amount
	cash, told := p.Change.minor()
	if !told {
		cash = charge.Options.CashBack
	}
	original, qr := p.Original.minor()
	switch {
	case more > 0 && !c.tips:
		return min(more, cash)
	case more > 0, qr && original == charge.Amount.Amount:
		return more
	}
	return 0
}
