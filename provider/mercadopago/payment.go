package mercadopago

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"posta"
	"posta/provider"
)

// payment is what we read of /v1/payments/{id}.
type payment struct {
	ID                text   `json:"id"`
	Status            string `json:"status"`
	StatusDetail      string `json:"status_detail"`
	OperationType     string `json:"operation_type"`
	ExternalReference string `json:"external_reference"`
	Amount            text   `json:"transaction_amount"`
	Refunded          text   `json:"transaction_amount_refunded"`
	Currency          string `json:"currency_id"`
	Created           string `json:"date_created"`
	Updated           string `json:"date_last_updated"`
	Method            string `json:"payment_type_id"`
	Brand             string `json:"payment_method_id"`
	Installments      int    `json:"installments"`
	Authorization     text   `json:"authorization_code"`
	PosID             text   `json:"pos_id"`
	ExternalPosID     text   `json:"external_pos_id"`
	Card              struct {
		LastFour text `json:"last_four_digits"`
	} `json:"card"`
	Order struct {
		ID   text   `json:"id"`
		Type string `json:"type"`
	} `json:"order"`
	Refunds   []refund `json:"refunds"`
	ExpiresAt string   `json:"date_of_expiration"`
	Metadata  struct {
		Flow text `json:"posta_flow"`
	} `json:"metadata"`
	ThreeDS struct {
		URL     string `json:"external_resource_url"`
		Request string `json:"creq"`
	} `json:"three_ds_info"`
	Interaction struct {
		Data struct {
			QR           string `json:"qr_code"`
			TicketURL    string `json:"ticket_url"`
			Subscription string `json:"subscription_id"`
		} `json:"transaction_data"`
	} `json:"point_of_interaction"`
	Barcode barcode `json:"barcode"`
	Details struct {
		URL       string  `json:"external_resource_url"`
		Reference text    `json:"payment_method_reference_id"`
		Verifier  text    `json:"verification_code"`
		Barcode   barcode `json:"barcode"`
	} `json:"transaction_details"`

	chargebacks []chargeback // asked for where it is charged back
}

type barcode struct {
	Content text `json:"content"`
}

// refund is what we read of a payment's refund.
type refund struct {
	ID      text   `json:"id"`
	Payment text   `json:"payment_id"`
	Amount  text   `json:"amount"`
	Status  string `json:"status"`
	Reason  text   `json:"reason"`
	Created string `json:"date_created"`
}

// merchantOrder is the merchant_order that the payment belongs to, "" if none.
func (p payment) merchantOrder() string {
	if p.Order.Type == "" || p.Order.Type == "mercadopago" {
		return string(p.Order.ID)
	}
	return ""
}

// till is the code of the till, where the payment truly tells it: pos_id may
// also be the provider's own number.
func (p payment) till() string {
	if p.ExternalPosID != "" {
		return string(p.ExternalPosID)
	}
	if !digits(string(p.PosID)) {
		return string(p.PosID)
	}
	return ""
}

// payment fetches one, with its refunds and, where it is charged back, its chargebacks.
func (c *connector) payment(ctx context.Context, id string) (payment, error) {
	var p payment
	if err := c.must(ctx, call{method: http.MethodGet, path: path("v1", "payments", id)}, &p); err != nil {
		return p, err
	}
	var err error
	if p.Status == "charged_back" {
		if p.chargebacks, err = c.chargebacksOf(ctx, p); err != nil {
			return p, err
		}
	}
	nothingBack := strings.Trim(string(p.Refunded), "0.") == "" && p.Status != "refunded"
	if len(p.Refunds) > 0 || nothingBack {
		return p, nil
	}
	p.Refunds, err = c.refunds(ctx, id)
	return p, err
}

// refunds lists what was given back of a payment.
func (c *connector) refunds(ctx context.Context, id string) ([]refund, error) {
	var list []refund
	err := c.must(ctx, call{method: http.MethodGet, path: path("v1", "payments", id, "refunds")}, &list)
	return list, err
}

// paymentsOf searches the payments of a charge. The search may lag behind.
func (c *connector) paymentsOf(ctx context.Context, reference string) ([]payment, error) {
	var found struct {
		Results []payment `json:"results"`
	}
	err := c.must(ctx, call{method: http.MethodGet, path: path("v1", "payments", "search"),
		query: url.Values{"external_reference": {reference}, "limit": {"50"}}}, &found)
	var ours []payment
	for _, p := range found.Results {
		if p.ExternalReference == reference {
			ours = append(ours, p)
		}
	}
	return ours, err
}

// facts are the attempt that the payment is, below its merchant order, and its
// refunds.
func (p payment) facts(parent string, currency posta.Currency, told time.Time) ([]provider.Fact, error) {
	if p.Currency != "" {
		currency = posta.Currency(p.Currency)
	}
	amount, err := readAmount(p.Amount, currency)
	if err != nil {
		return nil, err
	}
	facts := []provider.Fact{{
		Kind: provider.FactAttempt, ID: string(p.ID), Parent: parent, Status: attemptStatus(p.Status, p.StatusDetail),
		Detail: p.StatusDetail, At: moment(told, p.Updated, p.Created), Amount: amount, Currency: posta.Currency(p.Currency),
		Method: p.Method, Brand: p.Brand, LastFour: string(p.Card.LastFour), Installments: p.Installments,
		Authorizes: string(p.Authorization),
	}}
	for _, r := range p.Refunds {
		f, err := r.fact(string(p.ID), currency, told)
		if err != nil {
			return nil, err
		}
		facts = append(facts, f)
	}
	for _, b := range p.chargebacks {
		f, err := b.fact(p, currency, told)
		if err != nil {
			return nil, err
		}
		facts = append(facts, f)
	}
	return facts, nil
}

func (r refund) fact(attempt string, currency posta.Currency, told time.Time) (provider.Fact, error) {
	amount, err := readAmount(r.Amount, currency)
	if err != nil {
		return provider.Fact{}, err
	}
	return provider.Fact{Kind: provider.FactRefund, ID: string(r.ID), Parent: attempt,
		Status: read(refundStatus, r.Status, provider.StatusPending), Detail: string(r.Reason),
		At: moment(told, r.Created), Amount: amount, Currency: currency}, nil
}

// attemptStatus reads a payment's status; a charge-back that the merchant won
// is approved again.
func attemptStatus(status, detail string) provider.Status {
	if status == "charged_back" && detail == "reimbursed" {
		return provider.StatusApproved
	}
	return read(paymentStatus, status, provider.StatusPending)
}

// readAmount reads an amount whose currency must be known.
func readAmount(amount text, currency posta.Currency) (int64, error) {
	if amount != "" && !currency.Valid() {
		return 0, posta.Errorf(posta.CodeProviderUnavailable, "amount of an unknown currency %.8q", currency)
	}
	return amount.minor(currency)
}

// refundPayment gives back through the Payments API, docs/providers/mercadopago.md §3.7.
func (c *connector) refundPayment(ctx context.Context, charge provider.Charge, r provider.Refund) (provider.Observation, error) {
	seen := provider.Observation{ExternalReference: string(charge.Payment)}
	told := c.clock.Now()
	k := call{method: http.MethodPost, path: path("v1", "payments", r.Attempt, "refunds"), key: r.Key}
	if !r.Whole {
		amount, err := number(r.Amount)
		if err != nil {
			return seen, err
		}
		k.body = map[string]any{"amount": amount}
	}
	var made refund
	empty, err := c.do(ctx, k, &made)
	if err != nil {
		return seen, err
	}
	if !empty && made.ID != "" {
		f, err := made.fact(r.Attempt, r.Amount.Currency, told)
		seen.Facts = append(seen.Facts, f)
		return seen, err
	}
	// A repeat with the same key may be answered with nothing at all.
	list, err := c.refunds(ctx, r.Attempt)
	if err != nil {
		return seen, undecided(err)
	}
	for _, made := range list {
		f, err := made.fact(r.Attempt, r.Amount.Currency, told)
		if err != nil {
			return seen, err
		}
		if f.Amount == r.Amount.Amount {
			seen.Facts = append(seen.Facts, f)
		}
	}
	if len(seen.Facts) == 0 {
		return seen, posta.Errorf(posta.CodeProviderUnavailable, "refund answered, but not to be found")
	}
	return seen, nil
}
