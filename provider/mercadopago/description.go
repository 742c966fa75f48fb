// Package mercadopago is the connector of Mercado Pago. In the store: QR by the
// legacy attended order with its merchant_order or by the Orders API of type qr,
// and Point terminals by the Orders API of type point. Online: Checkout Pro by
// preferences, and the Payments API. What the provider documents is in
// docs/providers/mercadopago.md and docs/providers/mercadopago-online.md;
// comments name their sections.
package mercadopago

import (
	"net/http"
	"strings"

	"posta"
	"posta/provider"
)

// DefaultBaseURL is where Mercado Pago answers, for test accounts too.
const DefaultBaseURL = "https://api.mercadopago.com"

// The values of the fields that are choices.
const (
	FlowLegacy = "legacy" // the attended order, docs/providers/mercadopago.md §3
	FlowOrders = "orders" // the Orders API, docs/providers/mercadopago.md §4

	ModeStatic  = "static"  // the till's printed QR
	ModeDynamic = "dynamic" // a QR for each order
	ModeHybrid  = "hybrid"  // both

	TillsV1 = "v1" // /pos
	TillsV2 = "v2" // /v2/pos
)

// Description introduces the connector.
func Description() provider.Description {
	return provider.Description{
		Name:  "mercadopago",
		Title: "Mercado Pago",
		Fields: []provider.Field{
			{Name: "access_token", Secret: true, Required: true},
			{Name: "public_key"},
			{Name: "webhook_secret", Secret: true},
			{Name: "user_id"},
			{Name: "flow", Options: []string{FlowLegacy, FlowOrders}, Default: FlowLegacy},
			{Name: "qr_mode", Options: []string{ModeStatic, ModeDynamic, ModeHybrid}, Default: ModeStatic},
			{Name: "pos_api", Options: []string{TillsV1, TillsV2}, Default: TillsV1},
			{Name: "base_url", Default: DefaultBaseURL},
			{Name: "script_url"},
			{Name: "sponsor_id"},
			{Name: "integrator_id"},
			{Name: "platform_id"},
		},
		Topics: func(provider.Config) []string { return topics() },
		Open: func(cfg provider.Config, transport *http.Client, clock posta.Clock) (provider.Connector, error) {
			return open(cfg, transport, clock)
		},
		ReadNotice: ReadNotice,
		Grant:      grantor(),
	}
}

// topics are the panel topics of a connection, docs/providers/mercadopago.md
// §8.2, docs/providers/mercadopago-online.md §2.10: those of every rail.
func topics() []string {
	return []string{TopicMerchantOrder, TopicOrder, TopicPayment, TopicChargeback}
}

func value(cfg provider.Config, name, otherwise string) string {
	if v := strings.TrimSpace(cfg[name]); v != "" {
		return v
	}
	return otherwise
}
