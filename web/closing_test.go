package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"posta"
	"posta/provider"
	"posta/settlement"
	"posta/store/storetest"
)

// asked closes the first terminal's batch at the till; the provider answers so.
func (c *counter) asked(b *browser, answer provider.SettlementFact) settlement.Settlement {
	c.t.Helper()
	c.pos.settled = answer
	c.clock.Move(time.Minute)
	nonce := posta.NewULID(c.clock.Now())
	got := b.post(c.till()+"/close", "nonce", nonce, "terminal", string(c.terminals[0].ID))
	if got.to != c.till()+"/close" {
		c.t.Fatalf("close: %d %s", got.status, got.body)
	}
	return c.settlement(posta.IDFrom[posta.SettlementID](nonce))
}

func (c *counter) settlement(id posta.SettlementID) settlement.Settlement {
	c.t.Helper()
	st, err := c.closes.Get(c.t.Context(), c.world.Merchant.ID, posta.Test, id)
	if err != nil {
		c.t.Fatal(err)
	}
	return st
}

// sums are the totals of a batch of sales.
func sums(count, amount int64) *provider.BatchTotals {
	return &provider.BatchTotals{Sales: provider.Sum{Count: count, Amount: amount}, Brands: []provider.BrandSum{{Brand: "VI", Sum: provider.Sum{Count: count, Amount: amount}}}}
}

func closed(totals *provider.BatchTotals) provider.SettlementFact {
	return provider.SettlementFact{ID: "cierre-1", Status: provider.StatusApproved, Batch: "3", At: storetest.Now.Add(time.Minute), Text: "CIERRE DE LOTE", Totals: totals}
}

func TestP30_TheTillClosesItsBatchAndSeesWhetherItAgrees(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := terminals(t, h)
	b := h.login("ana@tienda.example")
	has(t, b.page(h.till()), "/close")
	c.sold(b, "1500")
	p := c.sold(b, "900")
	body := b.page(h.till() + "/close")
	has(t, body, "Mostrador", "Salón", "2.400,00", "Visa", "¿Cerrar el lote de Mostrador?", "Queda a nombre de Ana Ruiz")
	st := c.asked(b, closed(sums(2, 240000)))
	if st.State != settlement.Confirmed || st.Attention != "" {
		t.Fatalf("%s %s", st.State, st.Attention)
	}
	has(t, b.page(h.till()+"/close"), "Último cierre", "Coincide", "/settlements/"+string(st.ID))
	body = b.page("/settlements/" + string(st.ID))
	has(t, body, "Lote 3", "Los totales del proveedor coinciden", "CIERRE DE LOTE", "2.400,00", `href="/payments/pay_`, `<span class="by">Ana Ruiz</span>`, "Lote cerrado")
	hasNot(t, body, `id="task"`)
	again := b.post(h.till()+"/close", "nonce", strings.TrimPrefix(string(st.ID), "stl_"), "terminal", string(c.terminals[0].ID))
	if again.status != http.StatusSeeOther || c.pos.settles != 1 {
		t.Errorf("sent twice: %d, %d closes", again.status, c.pos.settles)
	}
	has(t, b.page("/settlements"), "Mostrador", "Cerrado", "Cerrar todas")
	has(t, b.page("/settlements.csv"), "2400.00", "Mostrador,10000001,3,ARS,2,2400.00")
	sale := h.till() + "/sales/" + string(p.ID)
	has(t, b.page(sale), "el lote de la venta ya se cerró", `id="refund-form"`, `id="void-instead"`)
}

// A difference is marked, put in words, and explained by a named person.
func TestADifferenceIsExplainedByAPerson(t *testing.T) {
	t.Parallel()
	h := office(t).hub
	c := terminals(t, h)
	b := h.login("ana@tienda.example")
	c.sold(b, "1500")
	st := c.asked(b, closed(sums(2, 200000)))
	if st.Attention != settlement.AttentionDifference {
		t.Fatalf("%s %q", st.State, st.Attention)
	}
	has(t, b.page("/"), "Los totales no coinciden", "/settlements/"+string(st.ID))
	page := "/settlements/" + string(st.ID)
	has(t, b.page(page), "Los totales no coinciden", "Ventas: el proveedor tiene", "500,00", "Visa: el proveedor tiene", "differs", "Lo afirma Ana Ruiz")
	has(t, b.page("/settlements?attention=1"), page)
	got := b.post(page+"/settle", "note", " ")
	if got.status != http.StatusUnprocessableEntity {
		t.Errorf("no note: %d", got.status)
	}
	has(t, got.body, `id="f-note-error"`)
	b.post(page+"/settle", "note", "Venta sin la caja")
	body := b.page(page)
	has(t, body, "«Venta sin la caja»", "Ana Ruiz", "Ventas: el proveedor tiene")
	hasNot(t, body, `id="task"`)
	hasNot(t, b.page("/"), "Los totales no coinciden")
}

func TestTotalsAreTypedOffTheSlip(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := terminals(t, h)
	b := h.login("ana@tienda.example")
	c.sold(b, "1500")
	st := c.asked(b, closed(nil))
	page := "/settlements/" + string(st.ID)
	has(t, b.page(page), "El proveedor no dijo los totales", `name="sales_count"`, `value="3"`)
	got := b.post(page+"/slip", "closed", "yes", "batch", "3", "sales_count", "uno", "sales", "1500")
	if got.status != http.StatusUnprocessableEntity {
		t.Errorf("no number: %d", got.status)
	}
	has(t, got.body, `value="uno"`)
	if got = b.post(page+"/slip", "closed", "yes", "batch", "3", "sales_count", "1", "sales", "1.500,00"); got.to != page {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if st = c.settlement(st.ID); st.Attention != "" || st.Theirs == nil || st.Theirs.Sales.Amount != 150000 {
		t.Errorf("%q %+v", st.Attention, st.Theirs)
	}

	c.sold(b, "20")
	c.pos.lost = true
	st = c.asked(b, provider.SettlementFact{})
	page = "/settlements/" + string(st.ID)
	has(t, b.page(page), "No se sabe si el lote se cerró", `name="closed"`, `name="at"`)
	b.post(page+"/slip", "closed", "no")
	if st = c.settlement(st.ID); st.State != settlement.Failed {
		t.Errorf("not closed: %s", st.State)
	}
	has(t, b.page(page), "El lote no se cerró")
}

// A close under way is shown where it stands, and keeps charges away.
func TestACloseUnderWayIsFollowed(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := terminals(t, h)
	b := h.login("ana@tienda.example")
	st := c.asked(b, provider.SettlementFact{ID: "cierre-1", Status: provider.StatusPending, Progress: provider.ProgressAtTerminal})
	has(t, b.page(h.till()+"/close"), "Un cierre no se puede cancelar", "Confírmelo en la terminal", "device-confirming")
	has(t, b.page("/settlements/"+string(st.ID)), "En curso", "Un cierre no se puede cancelar")
	has(t, b.page("/terminals"), "Cerrando lote", "/settlements/"+string(st.ID))
	got := b.post(h.till()+"/charge", "nonce", posta.NewULID(c.clock.Now()), "amount", "20", "rail", "terminal", "terminal", string(c.terminals[0].ID))
	if got.status != http.StatusConflict {
		t.Errorf("charge while it closes: %d", got.status)
	}
	has(t, got.body, "está cerrando su lote")
	got = b.post("/stores/"+string(h.world.Store.ID)+"/close", "nonce", posta.NewULID(c.clock.Now()))
	has(t, b.page(got.to), "Se pidió el cierre de 1 terminal", "Mostrador: La terminal está cerrando su lote")
}
