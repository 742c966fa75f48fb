package mercadopago

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"posta"
	"posta/provider"
)

type directBody struct {
	Amount            json.Number       `json:"transaction_amount"`
	Method            string            `json:"payment_method_id"`
	Token             string            `json:"token,omitempty"`
	Installments      int               `json:"installments,omitempty"`
	Issuer            string            `json:"issuer_id,omitempty"`
	Capture           *bool             `json:"capture,omitempty"`
	Binary            bool              `json:"binary_mode,omitempty"`
	ThreeDS           string            `json:"three_d_secure_mode,omitempty"`
	Description       string            `json:"description,omitempty"`
	ExternalReference string            `json:"external_reference"`
	NotificationURL   string            `json:"notification_url,omitempty"`
	CallbackURL       string            `json:"callback_url,omitempty"`
	Descriptor        string            `json:"statement_descriptor,omitempty"`
	ExpiresAt         string            `json:"date_of_expiration,omitempty"`
	Payer             *buyerBody        `json:"payer,omitempty"`
	Additional        additionalInfo    `json:"additional_info"`
	Details           *detailsBody      `json:"transaction_details,omitempty"`
	Interaction       *interactionBody  `json:"point_of_interaction,omitempty"`
	Metadata          map[string]string `json:"metadata"`
}

type additionalInfo struct {
	IP        string        `json:"ip_address,omitempty"`
	Items     []item        `json:"items"`
	Payer     *buyerBody    `json:"payer,omitempty"`
	Shipments *shipmentBody `json:"shipments,omitempty"`
}

type detailsBody struct {
	Bank string `json:"financial_institution"`
}

type interactionBody struct {
	Type string `json:"type"`
	Data struct {
		Subscription string `json:"subscription_id"`
	} `json:"transaction_data"`
}

// methodOf is what is known of a method where the charge's currency is used.
func methodOf(charge provider.Charge, id string) posta.Method {
	for _, country := range posta.Countries {
		if country.Currency == charge.Amount.Currency {
			method, _ := posta.FindMethod(country.Code, id) // of one that is not listed nothing is known
			return method
		}
	}
	return posta.Method{}
}

// directRequest is the body of a create. It depends on the charge only: a repeat
// with the same key must be the same request.
func (c *connector) directRequest(charge provider.Charge) (directBody, error) {
	online := charge.Online
	amount, err := number(charge.Amount)
	if err != nil {
		return directBody{}, err
	}
	items, err := itemsOf(charge)
	if err != nil {
		return directBody{}, err
	}
	for i := range items {
		items[i].Currency = "" // the payment has one
	}
	method := methodOf(charge, online.Method)
	if method.Type == posta.AccountMoney || method.Type == posta.DigitalCurrency {
		return directBody{}, refuse("method_by_redirect", "the buyer pays so on the provider's page only")
	}
	body := directBody{Amount: amount, Method: online.Method, Token: online.Token, Issuer: online.Issuer, Binary: online.Binary,
		Description: short(first(charge.Description, charge.Title), longestText), ExternalReference: string(charge.Payment),
		NotificationURL: webhooksOnly(charge.NotificationURL), Descriptor: online.Descriptor, Payer: payerOf(online.Buyer),
		Additional: additionalInfo{IP: online.Buyer.IP, Items: items, Payer: payerInfo(online.Buyer), Shipments: shipmentOf(online.Shipment)},
		Metadata:   map[string]string{marker: string(provider.FlowDirect)}}
	if online.Token != "" {
		body.Installments = max(online.Installments, 1)
		if online.Authorize {
			body.Capture = new(bool)
		}
		if online.Challenge && !online.Binary {
			body.ThreeDS = "optional"
		}
	} else if end := voucherEnd(charge, method); !end.IsZero() {
		body.ExpiresAt = stamp(end)
	}
	if online.Bank != "" {
		body.Details = &detailsBody{online.Bank}
	}
	if online.Token == "" || online.Challenge {
		body.CallbackURL = online.Return
	}
	if online.Subscription != "" {
		body.Interaction = &interactionBody{Type: "SUBSCRIPTIONS"}
		body.Interaction.Data.Subscription = online.Subscription
	}
	return body, nil
}

// keyLife is how long a repeat with the same key surely finds the first payment.
// How long keys are kept is not documented (§2.7): later it is looked for first.
const keyLife = time.Minute

// createDirect makes the payment, or finds the one that the key made before.
func (c *connector) createDirect(ctx context.Context, charge provider.Charge, key string) (provider.Observation, error) {
	seen := provider.Observation{ExternalReference: string(charge.Payment)}
	body, err := c.directRequest(charge)
	if err != nil {
		return seen, err
	}
	sent := c.clock.Now()
	if past(sent, charge.CreatedAt.Add(keyLife)) {
		if seen, err = c.lookDirect(ctx, charge); err != nil || len(seen.Facts) > 0 {
			return seen, err
		}
		if past(sent, charge.ExpiresAt) {
			return seen, refuse("expired", "the charge ended before it reached the provider")
		}
	}
	k := call{method: http.MethodPost, path: path("v1", "payments"), key: key, body: body}
	if charge.Online.Buyer.Device != "" {
		k.header = http.Header{"X-Meli-Session-Id": {charge.Online.Buyer.Device}}
	}
	var made payment
	if err := c.must(ctx, k, &made); err != nil {
		return seen, err
	}
	return c.seenDirect(made, charge)
}

// lookDirect asks for the charge's payment; one that is not known gives no facts.
// The search may lag behind.
func (c *connector) lookDirect(ctx context.Context, charge provider.Charge) (provider.Observation, error) {
	seen := provider.Observation{ExternalReference: string(charge.Payment)}
	id := charge.Order
	if id == "" {
		found, err := c.paymentsOf(ctx, string(charge.Payment))
		if err != nil || len(found) == 0 {
			return seen, err
		}
		id = string(found[0].ID)
	}
	p, err := c.payment(ctx, id)
	if posta.ErrorCode(err) == posta.CodeNotFound {
		return seen, nil
	}
	if err != nil {
		return seen, err
	}
	return c.seenDirect(p, charge)
}

// cancelDirect takes a payment back that is not approved yet: a voucher, a review,
// an authorization. A refusal says that it is decided: it looks (§2.3).
func (c *connector) cancelDirect(ctx context.Context, charge provider.Charge, key string) (provider.Observation, error) {
	seen := provider.Observation{ExternalReference: string(charge.Payment)}
	if charge.Order == "" {
		var err error
		if seen, err = c.lookDirect(ctx, charge); err != nil {
			return seen, err
		}
		if seen.Order == "" {
			return seen, posta.Errorf(posta.CodeNotFound, "cancel of a payment that is not there")
		}
		charge.Order = seen.Order
	}
	return c.change(ctx, charge, key, map[string]any{"status": "cancelled"})
}

// Capture takes what was authorized, all of it or less; the rest is released
// (docs/providers/mercadopago-online.md §2.3).
func (c *connector) Capture(ctx context.Context, charge provider.Charge, amount posta.Money, key string) (provider.Observation, error) {
	if charge.Order == "" {
		return provider.Observation{ExternalReference: string(charge.Payment)}, posta.Errorf(posta.CodeNotFound, "capture of a payment without an id")
	}
	body := map[string]any{"capture": true}
	if amount.Amount < charge.Amount.Amount {
		taken, err := number(amount)
		if err != nil {
			return provider.Observation{ExternalReference: string(charge.Payment)}, err
		}
		body["transaction_amount"] = taken
	}
	return c.change(ctx, charge, key, body)
}

// change moves a payment on. Where that is refused it looks what the payment is:
// one that is still as it was keeps the refusal.
func (c *connector) change(ctx context.Context, charge provider.Charge, key string, body map[string]any) (provider.Observation, error) {
	seen := provider.Observation{ExternalReference: string(charge.Payment)}
	var p payment
	empty, err := c.do(ctx, call{method: http.MethodPut, path: path("v1", "payments", charge.Order), key: key, body: body}, &p)
	switch {
	case posta.ErrorCode(err) == posta.CodeProviderRejected:
		looked, lookErr := c.lookDirect(ctx, charge)
		if lookErr != nil || len(looked.Facts) == 0 {
			return seen, err
		}
		if looked.Facts[0].Status == provider.StatusOpen && looked.Facts[0].Progress == provider.ProgressAuthorized {
			return looked, err
		}
		return looked, nil
	case err != nil:
		return seen, err
	case empty || p.ID == "":
		return c.lookDirect(ctx, charge)
	}
	return c.seenDirect(p, charge)
}

// seenDirect is seeDirect for a charge: a payment of another charge is no answer.
func (c *connector) seenDirect(p payment, charge provider.Charge) (provider.Observation, error) {
	// What the provider charged by itself bears its subscription's reference.
	adopted := p.OperationType == "recurring_payment" && charge.Order == string(p.ID)
	if p.ID == "" || p.ExternalReference != "" && p.ExternalReference != string(charge.Payment) && !adopted {
		return provider.Observation{ExternalReference: string(charge.Payment)},
			posta.Errorf(posta.CodeProviderUnavailable, "the answer is no payment of the charge's")
	}
	p.ExternalReference = string(charge.Payment)
	if p.Currency == "" {
		p.Currency = string(charge.Amount.Currency)
	}
	return c.seeDirect(p)
}
