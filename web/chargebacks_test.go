package web_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
	"posta/store/storetest"
)

// court is a bank that takes evidence.
type court struct {
	provider.Connector
	files []provider.File
}

func (c *court) SendEvidence(_ context.Context, charge provider.Charge, id string, files []provider.File) (provider.Observation, error) {
	c.files = append(c.files, files...)
	return takenBack(charge.Payment, provider.StatusReview, time.Minute), nil
}

func takenBack(id posta.PaymentID, status provider.Status, after time.Duration) provider.Observation {
	return provider.Observation{ExternalReference: string(id), Facts: []provider.Fact{{Kind: provider.FactChargeback, ID: "CB1", Parent: "att-" + string(id), Status: status,
		At: storetest.Now.Add(after), Amount: 150000, Currency: "ARS", Chargeback: provider.Chargeback{Reason: "4855", Evidence: "pending", DeadlineAt: storetest.Now.Add(10*24*time.Hour - time.Hour)}}}}
}

func TestAChargebackIsSeenAnsweredAndDecided(t *testing.T) {
	t.Parallel()
	h := office(t).hub
	b := h.login("ana@tienda.example")
	has(t, b.page("/chargebacks"), "Ningún contracargo")
	p := b.paid("1500")
	h.tell(takenBack(p.ID, provider.StatusPending, 0))
	bank := &court{}
	open := h.payments.Open
	h.payments.Open = func(ctx context.Context, c posta.ConnectionID) (provider.Connector, error) {
		under, err := open(ctx, c)
		bank.Connector = under
		return bank, err
	}
	list, err := h.payments.Chargebacks(t.Context(), payment.ChargebackFilter{MerchantID: h.world.Merchant.ID, Mode: posta.Test})
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	page := "/chargebacks/" + string(list[0].ID)
	has(t, b.page("/"), "Contracargos por responder", page)
	has(t, b.page("/chargebacks"), page, "El comprador dice que no recibió", "1.500,00", "Quedan 9 días")
	has(t, b.page(page), "Envíe pruebas de la venta", "comprobante de entrega", "/payments/"+string(p.ID), "4855")

	refused := b.upload(page+"/evidence", "files", "remito.pdf", "esto no es un pdf")
	if refused.status != http.StatusUnprocessableEntity || len(bank.files) != 0 {
		t.Errorf("no pdf: %d, %d files sent", refused.status, len(bank.files))
	}
	has(t, refused.body, "Solo fotos", "Envíe pruebas de la venta")
	sent := b.upload(page+"/evidence", "files", "remito.pdf", "%PDF-1.7 entregado")
	if sent.status != http.StatusSeeOther || len(bank.files) != 1 {
		t.Fatalf("evidence: %d, %d files sent", sent.status, len(bank.files))
	}
	has(t, b.page(page), "Pruebas enviadas", "remito.pdf", "Recibido", "Ana Ruiz", "En revisión del banco")
	hasNot(t, b.page("/"), "Contracargos por responder")

	h.tell(takenBack(p.ID, provider.StatusLostCase, time.Hour))
	has(t, b.page(page), "El banco le dio la razón al comprador", "sería pagar dos veces")
	hasNot(t, b.page(page), "/evidence\"")
	has(t, b.page("/chargebacks"), "No hay contracargos por responder", "Decididos", "Perdido")
}
