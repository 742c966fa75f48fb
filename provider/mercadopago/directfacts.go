package mercadopago

import (
	"time"

	"posta/provider"
)

// directStatus is the status of the order that a direct payment is, in our words
// (docs/providers/mercadopago-online.md §2.4).
var directStatus = map[string]provider.Status{
	"pending":      provider.StatusOpen,
	"in_process":   provider.StatusOpen,
	"authorized":   provider.StatusOpen,
	"approved":     provider.StatusClosed,
	"refunded":     provider.StatusClosed,
	"in_mediation": provider.StatusClosed,
	"charged_back": provider.StatusClosed,
	"rejected":     provider.StatusRejected,
	"cancelled":    provider.StatusCanceled,
}

// seeDirect reads a payment that stands for itself into facts: it is both what
// was put before the buyer and the one try to pay it.
func (c *connector) seeDirect(p payment) (provider.Observation, error) {
	seen := provider.Observation{ExternalReference: p.ExternalReference, Order: string(p.ID)}
	facts, err := p.facts(string(p.ID), "", c.clock.Now())
	if err != nil {
		return seen, err
	}
	attempt := facts[0]
	order := provider.Fact{Kind: provider.FactOrder, ID: attempt.ID, Status: read(directStatus, p.Status, provider.StatusReview),
		Detail: p.StatusDetail, At: attempt.At, Amount: attempt.Amount, Currency: attempt.Currency}
	switch {
	case p.Status == "cancelled" && p.StatusDetail == "expired":
		order.Status = provider.StatusExpired
	case p.Status == "authorized":
		order.Progress = provider.ProgressAuthorized
	}
	if order.Status == provider.StatusOpen {
		seen.Next = p.next()
	}
	seen.Facts = append([]provider.Fact{order}, facts...)
	return seen, nil
}

// next is what the buyer is to do so that a payment goes on (§2.3).
func (p payment) next() provider.Next {
	data, details := p.Interaction.Data, p.Details
	return provider.Next{
		URL:       first(p.ThreeDS.URL, details.URL, data.TicketURL),
		Challenge: p.ThreeDS.Request,
		QR:        data.QR,
		Barcode:   string(first(string(p.Barcode.Content), string(details.Barcode.Content))),
		Reference: string(details.Reference),
		Verifier:  string(details.Verifier),
		ExpiresAt: moment(time.Time{}, p.ExpiresAt),
	}
}
