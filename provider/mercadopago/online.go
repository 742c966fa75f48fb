package mercadopago

import (
	"context"
	"errors"
	"time"

	"posta"
	"posta/provider"
)

// marker is the metadata that every online charge bears and every payment born
// of it gives back: its flow. A payment with our reference but without it is one
// of the store.
const marker = "posta_flow"

// onlineCapabilities are what an account can do on a page, whatever its QR flow.
func onlineCapabilities() provider.Capabilities {
	return provider.Capabilities{
		Offered:       true,
		Recovery:      provider.RecoverRepeat,
		PartialRefund: true,
		Expires:       true,
		RefundWindow:  180 * 24 * time.Hour, // docs/providers/mercadopago-online.md §2.8
		Topics:        []string{TopicPayment, TopicMerchantOrder, TopicChargeback},
		Flows:         []provider.Flow{provider.FlowRedirect, provider.FlowDirect},
	}
}

// asked is what a charge asks online; one without is refused before it is sent.
func asked(charge provider.Charge) (provider.Online, error) {
	if charge.Online == nil {
		return provider.Online{}, refuse("no_online", "a charge online says nothing of how it is paid")
	}
	return *charge.Online, nil
}

// refuse is a refusal of ours, before anything reaches the provider.
func refuse(code, why string) error {
	return &posta.Error{Code: posta.CodeProviderRejected, Params: map[string]string{"code": code}, Cause: errors.New(why)}
}

// createOnline makes the preference or the payment of a charge, or finds the one
// that an earlier try made.
func (c *connector) createOnline(ctx context.Context, charge provider.Charge, key string) (provider.Observation, error) {
	online, err := asked(charge)
	if err != nil {
		return provider.Observation{ExternalReference: string(charge.Payment)}, err
	}
	if online.Flow == provider.FlowRedirect {
		return c.createPreference(ctx, charge, key)
	}
	return c.createDirect(ctx, charge, key)
}

// lookOnline asks for everything known of a charge.
func (c *connector) lookOnline(ctx context.Context, charge provider.Charge) (provider.Observation, error) {
	online, err := asked(charge)
	if err != nil {
		return provider.Observation{ExternalReference: string(charge.Payment)}, err
	}
	if online.Flow == provider.FlowRedirect {
		return c.lookPreference(ctx, charge)
	}
	return c.lookDirect(ctx, charge)
}

// cancelOnline takes the charge away from its buyer.
func (c *connector) cancelOnline(ctx context.Context, charge provider.Charge, key string) (provider.Observation, error) {
	online, err := asked(charge)
	if err != nil {
		return provider.Observation{ExternalReference: string(charge.Payment)}, err
	}
	if online.Flow == provider.FlowRedirect {
		return c.cancelPreference(ctx, charge, key)
	}
	return c.cancelDirect(ctx, charge, key)
}

// fetchOnline tells of a payment that is no store's: one of a preference with its
// merchant order, without which it proves nothing, any other by itself. One that
// the provider charged for a subscription keeps the subscription's reference. ok
// is false for a payment of a store.
func (c *connector) fetchOnline(ctx context.Context, p payment) (seen []provider.Observation, ok bool, err error) {
	switch {
	case p.flow() == provider.FlowRedirect && p.merchantOrder() != "":
		seen, err = c.fetchSale(ctx, p)
	case p.flow() == provider.FlowDirect, p.OperationType == "recurring_payment":
		seen, err = told(c.seeDirect(p))
	default:
		return nil, false, nil
	}
	return seen, true, err
}

// flow is the flow of the charge that the payment was born of, "" where it is not
// an online one of ours.
func (p payment) flow() provider.Flow { return provider.Flow(p.Metadata.Flow) }
