package mercadopago

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"posta"
	"posta/provider"
)

// preference is what we read of /checkout/preferences/{id}: what Checkout Pro
// puts before a buyer, docs/providers/mercadopago-online.md §2.1.
type preference struct {
	ID                string `json:"id"`
	ExternalReference string `json:"external_reference"`
	InitPoint         string `json:"init_point"`
	Expires           bool   `json:"expires"`
	ExpiresTo         string `json:"expiration_date_to"`
}

type preferenceBody struct {
	Items             []item            `json:"items"`
	Payer             *buyerBody        `json:"payer,omitempty"`
	Shipments         *shipmentBody     `json:"shipments,omitempty"`
	BackURLs          *backURLs         `json:"back_urls,omitempty"`
	AutoReturn        string            `json:"auto_return,omitempty"`
	NotificationURL   string            `json:"notification_url,omitempty"`
	ExternalReference string            `json:"external_reference"`
	Descriptor        string            `json:"statement_descriptor,omitempty"`
	Methods           *methodChoice     `json:"payment_methods,omitempty"`
	Expires           bool              `json:"expires,omitempty"`
	ExpiresTo         string            `json:"expiration_date_to,omitempty"`
	VoucherTo         string            `json:"date_of_expiration,omitempty"`
	Binary            bool              `json:"binary_mode,omitempty"`
	Metadata          map[string]string `json:"metadata"`
}

type backURLs struct {
	Success string `json:"success"`
	Pending string `json:"pending"`
	Failure string `json:"failure"`
}

type methodChoice struct {
	ExcludedMethods []named `json:"excluded_payment_methods,omitempty"`
	ExcludedTypes   []named `json:"excluded_payment_types,omitempty"`
	Installments    int     `json:"installments,omitempty"`
}

type named struct {
	ID string `json:"id"`
}

// typesOfMethods are what an exclusion can name besides methods; account money
// cannot be excluded (§2.1).
var typesOfMethods = []string{provider.TypeCredit, provider.TypeDebit, provider.TypePrepaid, provider.TypeTicket, provider.TypeATM,
	provider.TypeBank, "digital_currency", "digital_wallet", "voucher_card", "crypto_transfer"}

// preferenceRequest is the body of a create. It depends on the charge only.
func (c *connector) preferenceRequest(charge provider.Charge) (preferenceBody, error) {
	online := charge.Online
	items, err := itemsOf(charge)
	if err != nil {
		return preferenceBody{}, err
	}
	body := preferenceBody{Items: items, Payer: payerOfPreference(online.Buyer), Shipments: shipmentOf(online.Shipment),
		NotificationURL: webhooksOnly(charge.NotificationURL), ExternalReference: string(charge.Payment),
		Descriptor: online.Descriptor, Binary: online.Binary, Metadata: map[string]string{marker: string(provider.FlowRedirect)}}
	if online.Return != "" {
		body.BackURLs = &backURLs{Success: online.Return, Pending: online.Return, Failure: online.Return}
		// The provider drops an address that is not https, and then refuses
		// auto_return; the simulator keeps one of its own machine.
		if strings.HasPrefix(online.Return, "https://") || strings.HasPrefix(c.base, "http://") && usable(online.Return) {
			body.AutoReturn = "approved"
		}
	}
	choice := methodChoice{Installments: online.Installments}
	for _, id := range online.Exclude {
		switch {
		case id == provider.TypeWallet:
		case slices.Contains(typesOfMethods, id):
			choice.ExcludedTypes = append(choice.ExcludedTypes, named{id})
		default:
			choice.ExcludedMethods = append(choice.ExcludedMethods, named{id})
		}
	}
	if len(choice.ExcludedMethods)+len(choice.ExcludedTypes)+choice.Installments > 0 {
		body.Methods = &choice
	}
	if !charge.ExpiresAt.IsZero() {
		body.Expires, body.ExpiresTo = true, stamp(charge.ExpiresAt)
	}
	if !online.VoucherTo.IsZero() {
		body.VoucherTo = stamp(online.VoucherTo)
	}
	return body, nil
}

// createPreference makes the preference. It looks for one first: keys are not
// documented to be kept for preferences, and two of one charge could both be paid.
func (c *connector) createPreference(ctx context.Context, charge provider.Charge, key string) (provider.Observation, error) {
	seen := provider.Observation{ExternalReference: string(charge.Payment)}
	body, err := c.preferenceRequest(charge)
	if err != nil {
		return seen, err
	}
	there, err := c.preferenceOf(ctx, string(charge.Payment))
	if err != nil {
		return seen, err
	}
	if there.ID != "" {
		charge.Order = there.ID
		return c.lookPreference(ctx, charge)
	}
	sent := c.clock.Now()
	if past(sent, charge.ExpiresAt) {
		return seen, refuse("expired", "the charge ended before it reached the provider")
	}
	var made preference
	if err := c.must(ctx, call{method: http.MethodPost, path: path("checkout", "preferences"), key: key, body: body}, &made); err != nil {
		return seen, err
	}
	if made.ID == "" || made.InitPoint == "" {
		return seen, posta.Errorf(posta.CodeProviderUnavailable, "POST /checkout/preferences: no id or no address")
	}
	seen.Order, seen.Next.URL = made.ID, made.InitPoint
	seen.Facts = []provider.Fact{offer(charge, made.ID, provider.StatusOpen, sent)}
	return seen, nil
}

// offer is the preference as a fact.
func offer(charge provider.Charge, id string, status provider.Status, at time.Time) provider.Fact {
	return provider.Fact{Kind: provider.FactOrder, ID: id, Status: status, At: at, Amount: charge.Amount.Amount}
}

// preferenceOf searches a charge's preference; an empty one where there is none.
func (c *connector) preferenceOf(ctx context.Context, reference string) (preference, error) {
	var found struct {
		Elements []preference `json:"elements"`
	}
	err := c.must(ctx, call{method: http.MethodGet, path: path("checkout", "preferences", "search"),
		query: url.Values{"external_reference": {reference}}}, &found)
	if err != nil {
		return preference{}, err
	}
	for _, p := range found.Elements {
		if p.ExternalReference == reference && p.ID != "" {
			return c.preference(ctx, p.ID)
		}
	}
	return preference{}, nil
}

func (c *connector) preference(ctx context.Context, id string) (preference, error) {
	var p preference
	err := c.must(ctx, call{method: http.MethodGet, path: path("checkout", "preferences", id)}, &p)
	return p, err
}

// lookPreference asks for the preference first and for sales after: one that is
// paid between the two is then seen as paid, never as gone. A preference that was
// ended before the charge's own end was taken away by us.
func (c *connector) lookPreference(ctx context.Context, charge provider.Charge) (provider.Observation, error) {
	seen := provider.Observation{ExternalReference: string(charge.Payment)}
	var p preference
	var err error
	if charge.Order != "" {
		p, err = c.preference(ctx, charge.Order)
	} else {
		p, err = c.preferenceOf(ctx, string(charge.Payment))
	}
	if err != nil && posta.ErrorCode(err) != posta.CodeNotFound {
		return seen, err
	}
	if p.ExternalReference != "" && p.ExternalReference != string(charge.Payment) {
		return seen, posta.Errorf(posta.CodeProviderUnavailable, "the answer is another charge's preference")
	}
	sent := c.clock.Now()
	seen, err = c.sales(ctx, charge, true)
	if p.ID == "" {
		return seen, err
	}
	seen.Order, seen.Next.URL = p.ID, p.InitPoint
	end := moment(time.Time{}, p.ExpiresTo)
	switch {
	case !p.Expires || !past(sent, end):
		seen.Facts = append(seen.Facts, offer(charge, p.ID, provider.StatusOpen, sent))
	case err != nil || paying(seen.Facts, true, !past(sent, end.Add(closing))): // a voucher may outlive its page
		seen.Facts = append(seen.Facts, offer(charge, p.ID, provider.StatusOpen, sent))
	case end.Before(charge.ExpiresAt.Truncate(time.Millisecond)):
		seen.Facts = append(seen.Facts, offer(charge, p.ID, provider.StatusCanceled, sent))
	default:
		seen.Facts = append(seen.Facts, offer(charge, p.ID, provider.StatusExpired, sent))
	}
	return seen, err
}

// cancelPreference ends the preference now and takes back what waits to be paid
// by a voucher. It looks after that: a buyer may have been faster.
func (c *connector) cancelPreference(ctx context.Context, charge provider.Charge, key string) (provider.Observation, error) {
	seen := provider.Observation{ExternalReference: string(charge.Payment)}
	if charge.Order == "" {
		there, err := c.preferenceOf(ctx, string(charge.Payment))
		if err != nil {
			return seen, err
		}
		if there.ID == "" {
			return seen, posta.Errorf(posta.CodeNotFound, "cancel of a preference that is not there")
		}
		charge.Order = there.ID
	}
	p, err := c.preference(ctx, charge.Order)
	if err != nil {
		return seen, err
	}
	if !p.Expires || !past(c.clock.Now(), moment(time.Time{}, p.ExpiresTo)) {
		_, err = c.do(ctx, call{method: http.MethodPut, path: path("checkout", "preferences", charge.Order), key: key,
			body: map[string]any{"expires": true, "expiration_date_to": stamp(c.clock.Now())}}, nil)
		if err != nil {
			return seen, err
		}
	}
	seen, err = c.lookPreference(ctx, charge)
	if err != nil {
		return seen, err
	}
	waiting := 0
	for _, f := range seen.Facts {
		if f.Kind == provider.FactAttempt && f.Status == provider.StatusPending {
			waiting++
			if err := c.cancelPayment(ctx, f.ID, key+"-"+f.ID); err != nil && posta.ErrorCode(err) != posta.CodeProviderRejected {
				return seen, err
			}
		}
	}
	if waiting > 0 {
		return c.lookPreference(ctx, charge)
	}
	return seen, nil
}

// cancelPayment takes back a payment that is not approved yet (§2.3). One that is
// decided meanwhile is provider_rejected.
func (c *connector) cancelPayment(ctx context.Context, id, key string) error {
	_, err := c.do(ctx, call{method: http.MethodPut, path: path("v1", "payments", id), key: key,
		body: map[string]string{"status": "cancelled"}}, nil)
	return err
}

// fetchSale tells of a preference's payment together with its merchant order.
func (c *connector) fetchSale(ctx context.Context, p payment) ([]provider.Observation, error) {
	m, err := c.merchantOrder(ctx, p.merchantOrder())
	if err != nil && posta.ErrorCode(err) != posta.CodeNotFound {
		return nil, err
	}
	var seen provider.Observation
	if err == nil && m.ExternalReference == p.ExternalReference {
		seen, err = c.sell(ctx, []merchantOrder{m}, map[string]payment{string(p.ID): p}, "")
	}
	if posta.ErrorCode(err) == posta.CodeNotFound {
		err = nil
	}
	seen.ExternalReference = p.ExternalReference
	if !slices.ContainsFunc(seen.Facts, func(f provider.Fact) bool { return f.Kind == provider.FactAttempt && f.ID == string(p.ID) }) {
		facts, factsErr := p.facts(p.merchantOrder(), "", c.clock.Now()) // the merchant order does not list it yet
		seen.Facts, err = append(seen.Facts, facts...), firstOf(err, factsErr)
	}
	return told(seen, err)
}

// price writes an amount of the charge's currency as the provider takes it.
func price(minor int64, currency posta.Currency) (json.Number, error) {
	return number(posta.Money{Amount: minor, Currency: currency})
}
