package mercadopago

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"posta"
	"posta/provider"
)

// DefaultScript is the provider's own script that makes card tokens
// (docs/providers/mercadopago-online.md §2.6).
const DefaultScript = "https://sdk.mercadopago.com/js/v2"

// scriptOrigins are what the provider's script reaches from a page, §2.6.
var scriptOrigins = []string{"https://sdk.mercadopago.com", "https://api.mercadopago.com", "https://secure-fields.mercadopago.com",
	"https://www.mercadopago.com", "https://www.mercadolibre.com", "https://http2.mlstatic.com", "https://api.mercadolibre.com"}

// scriptOf is the script of a provider at the address: a simulator on this machine
// has one of its own, so that test cards stay on it.
func scriptOf(base string) string {
	if strings.HasPrefix(base, "http://") {
		return base + "/js/v2"
	}
	return DefaultScript
}

func browserTokens(script, key string) provider.BrowserTokens {
	out := provider.BrowserTokens{Script: script, PublicKey: key, Origins: slices.Clone(scriptOrigins)}
	if u, err := url.Parse(script); err == nil && script != DefaultScript {
		out.Origins = []string{u.Scheme + "://" + u.Host}
	}
	return out
}

// Tokens is what the buyer's browser needs to make card tokens.
func (c *connector) Tokens() provider.BrowserTokens {
	out := c.browser
	out.Origins = slices.Clone(out.Origins)
	return out
}

// Methods lists what the account offers its buyers now (§4.3).
func (c *connector) Methods(ctx context.Context) ([]provider.Method, error) {
	currency, err := c.accountCurrency(ctx)
	if err != nil {
		return nil, err
	}
	var list []struct {
		ID      string `json:"id"`
		Name    string `json:"name"`
		Type    string `json:"payment_type_id"`
		Status  string `json:"status"`
		Picture string `json:"secure_thumbnail"`
		Capture string `json:"deferred_capture"`
		Min     text   `json:"min_allowed_amount"`
		Max     text   `json:"max_allowed_amount"`
		Banks   []struct {
			ID   text   `json:"id"`
			Name string `json:"description"`
		} `json:"financial_institutions"`
	}
	if err := c.must(ctx, call{method: http.MethodGet, path: path("v1", "payment_methods")}, &list); err != nil {
		return nil, err
	}
	var out []provider.Method
	for _, m := range list {
		if m.Status != "active" || m.ID == "" {
			continue
		}
		least, err := readAmount(m.Min, currency)
		most, errMost := readAmount(m.Max, currency)
		if err := firstOf(err, errMost); err != nil {
			return nil, err
		}
		method := provider.Method{ID: m.ID, Name: m.Name, Type: m.Type, Min: least, Max: most, Picture: m.Picture, Authorize: m.Capture == "supported"}
		for _, b := range m.Banks {
			method.Banks = append(method.Banks, provider.Choice{ID: string(b.ID), Name: b.Name})
		}
		out = append(out, method)
	}
	return out, nil
}

// accountCurrency is the currency of the account's country.
func (c *connector) accountCurrency(ctx context.Context) (posta.Currency, error) {
	c.mu.Lock()
	known := c.currency
	c.mu.Unlock()
	if known != "" {
		return known, nil
	}
	me, err := c.Check(ctx)
	if err != nil {
		return "", err
	}
	currency := currencyOf(me.Country)
	c.mu.Lock()
	c.currency = currency
	c.mu.Unlock()
	return currency, nil
}

// Installments lists how an amount can be split on a card of the bin (§4.3).
func (c *connector) Installments(ctx context.Context, bin string, amount posta.Money) ([]provider.InstallmentOption, error) {
	if !digits(bin) || len(bin) < 6 || len(bin) > 8 {
		return nil, posta.Invalid("bin", "malformed")
	}
	wire, err := decimal(amount)
	if err != nil {
		return nil, err
	}
	var list []struct {
		Costs []struct {
			Installments int    `json:"installments"`
			Each         text   `json:"installment_amount"`
			Total        text   `json:"total_amount"`
			Text         string `json:"recommended_message"`
		} `json:"payer_costs"`
	}
	if err := c.must(ctx, call{method: http.MethodGet, path: path("v1", "payment_methods", "installments"),
		query: url.Values{"bin": {bin}, "amount": {wire}}}, &list); err != nil {
		return nil, err
	}
	var out []provider.InstallmentOption
	for _, of := range list[:min(len(list), 1)] { // a bin is one card's; others are other ways to process it
		for _, cost := range of.Costs {
			each, err := readAmount(cost.Each, amount.Currency)
			total, errTotal := readAmount(cost.Total, amount.Currency)
			if err := firstOf(err, errTotal); err != nil {
				return nil, err
			}
			out = append(out, provider.InstallmentOption{Installments: cost.Installments, Text: cost.Text,
				Each: posta.Money{Amount: each, Currency: amount.Currency}, Total: posta.Money{Amount: total, Currency: amount.Currency}})
		}
	}
	return out, nil
}
