package mercadopago_test

import (
	"testing"

	"posta"
	"posta/provider"
)

// A payment that the provider charged for a subscription keeps the subscription's
// reference, for its owner to see; one of a store is none of it.
func TestARecurringPaymentKeepsItsReference(t *testing.T) {
	connector, _ := answering(t, nil, routes{
		"GET /v1/payments/7": `{"id":7,"status":"approved","status_detail":"accredited","operation_type":"recurring_payment","external_reference":"sub_01JQ4S4KY8HWQ6NA5PXB65B3D3",
			"transaction_amount":15,"currency_id":"ARS","date_last_updated":"2026-11-22T10:00:00.000-04:00","payment_type_id":"credit_card","order":{}}`,
		"GET /v1/payments/8": `{"id":8,"status":"approved","operation_type":"regular_payment","external_reference":"pay_01JQ4S4KY8HWQ6NA5PXB65B3D3","transaction_amount":15,"currency_id":"ARS","order":{}}`,
		"GET /v1/orders":     `{"data":[]}`,
	}.ServeHTTP)
	seen, err := connector.Fetch(t.Context(), provider.Notice{Topic: "payment", Resource: "7"})
	if err != nil || len(seen) != 1 || seen[0].ExternalReference != "sub_01JQ4S4KY8HWQ6NA5PXB65B3D3" || seen[0].Order != "7" {
		t.Fatalf("%+v, %v", seen, err)
	}
	if f := seen[0].Facts; len(f) != 2 || f[0].Kind != provider.FactOrder || f[0].Status != provider.StatusClosed || f[1].Amount != 1_500 || f[1].Parent != "7" {
		t.Errorf("%+v", f)
	}
	if seen, err := connector.Fetch(t.Context(), provider.Notice{Topic: "payment", Resource: "8"}); err != nil || len(seen) != 0 {
		t.Errorf("a payment that no order of ours knows: %+v, %v", seen, err)
	}
}

// A test seller that was let in by OAuth cannot be paid at all: no use in asking on.
func TestATestSellersOwnErrorIsForGood(t *testing.T) {
	connector, _ := answering(t, nil, says(500, `{"message":"no","error":"user_allowed_only_in_test","status":500}`))
	charge := provider.Charge{Payment: "pay_01JQ4S4KY8HWQ6NA5PXB65B3D3", Amount: posta.Money{Amount: 1_500, Currency: "BRL"}, Title: "x", Rail: provider.RailOnline,
		Online: &provider.Online{Flow: provider.FlowDirect, Method: "pix", Buyer: buyer}, CreatedAt: vectorTime, ExpiresAt: vectorTime.AddDate(0, 0, 3)}
	if _, err := connector.Create(t.Context(), charge, "k"); posta.ErrorCode(err) != posta.CodeProviderRejected {
		t.Error(err)
	}
}
