package api_test

import (
	"net/http"
	"testing"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
	"posta/store"
	"posta/store/storetest"
)

// takenBack has the buyer's bank take a payment back.
func (n *tenant) takenBack(id posta.PaymentID) posta.ChargebackID {
	n.t.Helper()
	seen := provider.Observation{ExternalReference: string(id), Facts: []provider.Fact{{Kind: provider.FactChargeback, ID: "CB-" + string(id), Parent: "att-" + string(id),
		Status: provider.StatusPending, At: storetest.Now.Add(time.Minute), Amount: 1500, Currency: "ARS",
		Chargeback: provider.Chargeback{Reason: "4853", Evidence: "pending", DeadlineAt: storetest.Now.Add(240 * time.Hour)}}}}
	if _, err := n.services.Payments.Apply(n.t.Context(), n.connection.ID, payment.News{Source: payment.FromNotice, Observation: seen}); err != nil {
		n.t.Fatal(err)
	}
	list, err := n.services.Payments.Chargebacks(n.t.Context(), payment.ChargebackFilter{MerchantID: n.merchant.ID, Mode: posta.Test, PaymentID: id})
	if err != nil || len(list) != 1 {
		n.t.Fatal(list, err)
	}
	return list[0].ID
}

func TestAChargebackIsListedAndBadEvidenceIsTold(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := start(t, db).tenant()
		id := n.takenBack(n.paid("k1", 1500))
		var list struct{ Data []payment.ChargebackView }
		n.do("GET", "/v1/chargebacks?undecided=true", n.test, nil).want(http.StatusOK).into(&list)
		if len(list.Data) != 1 || list.Data[0].ID != id || list.Data[0].DeadlineAt == nil || list.Data[0].Amount != 1500 {
			t.Fatalf("%+v", list.Data)
		}
		path := "/v1/chargebacks/" + string(id) + "/evidence"
		n.post(path, "k2", map[string]any{"files": []any{map[string]any{"name": "a.pdf", "data": []byte("no pdf")}}}).refused(http.StatusUnprocessableEntity, posta.CodeInvalid)
		n.post(path, "k3", map[string]any{"files": []any{}}).refused(http.StatusUnprocessableEntity, posta.CodeInvalid)
		var after payment.ChargebackView
		n.do("GET", "/v1/chargebacks/"+string(id), n.test, nil).want(http.StatusOK).into(&after)
		if after.State != payment.ChargebackOpen || len(after.Evidence) != 0 {
			t.Errorf("bad evidence changed it: %+v", after)
		}
	})
}
