package web_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"

	"posta"
	"posta/account"
	"posta/payment"
	"posta/provider"
	"posta/store/storetest"
	"posta/till"
)

func shiftOf(w storetest.World) till.ShiftInput {
	return till.ShiftInput{MerchantID: w.Merchant.ID, Mode: posta.Test, TillID: w.Till.ID, By: "Ana Ruiz"}
}

// brokenMerchants fails to give merchants.
type brokenMerchants struct{ account.Store }

func (brokenMerchants) Merchant(context.Context, posta.MerchantID) (account.Merchant, error) {
	return account.Merchant{}, errors.New("boom")
}

func TestChooseTill(t *testing.T) {
	t.Parallel()
	h := start(t)
	b := h.login("ana@tienda.example")
	has(t, b.page("/till"), `href="`+h.till()+`"`)
	b.page(h.till())
	if got := b.get("/till"); got.to != h.till() {
		t.Errorf("the device's till: %q", got.to)
	}
	has(t, b.page("/till?choose=1"), `aria-current="true"`)
}

// A double click, or a repeat after a lost answer, charges once.
func TestDoubleClickChargesOnce(t *testing.T) {
	t.Parallel()
	h := start(t)
	b := h.login("ana@tienda.example")
	nonce := posta.NewULID(storetest.Now)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			got := b.script(h.till()+"/charge", "nonce", nonce, "amount", "$ 1.500,50")
			if got.status != http.StatusOK || !strings.Contains(got.body, "pay_"+nonce) {
				t.Errorf("charge: %d %.200s", got.status, got.body)
			}
		})
	}
	wg.Wait()
	if n := h.bank.charges(); n != 1 {
		t.Errorf("%d charges at the provider, want 1", n)
	}
	if p := h.payment(posta.IDFrom[posta.PaymentID](nonce)); p.Amount.Amount != 150050 || p.CreatedBy[:5] != "user:" {
		t.Errorf("charged %v by %s", p.Amount, p.CreatedBy)
	}
}

// The page of an old charge, sent again with another amount, must not show the
// old one as if it were this.
func TestOldPageDoesNotPassForANewCharge(t *testing.T) {
	t.Parallel()
	h := start(t)
	b := h.login("ana@tienda.example")
	p := b.paid("1500")
	nonce := strings.TrimPrefix(string(p.ID), "pay_")
	got := b.post(h.till()+"/charge", "nonce", nonce, "amount", "9000")
	if got.status != http.StatusConflict {
		t.Errorf("old page: %d", got.status)
	}
	hasNot(t, got.body, `data-state="paid"`)
	if h.bank.charges() != 1 {
		t.Error("charged again")
	}
}

func TestChargeSaysWhatToMend(t *testing.T) {
	t.Parallel()
	h := start(t)
	b := h.login("ana@tienda.example")
	for _, tc := range []struct {
		fields []string
		want   string
	}{
		{[]string{"amount", "0"}, "mayor que cero"},
		{[]string{"amount", "doce"}, "1500,50"},
		{[]string{"amount", ""}, "mayor que cero"},
		{[]string{"amount", "100", "reference", strings.Repeat("x", 101)}, "demasiado largo"},
		{[]string{"amount", "100", "item_title", "Pan", "item_quantity", "1", "item_price", "90"}, "no suman"},
		{[]string{"amount", "", "item_title", "Pan", "item_quantity", "uno", "item_price", "90"}, "cantidad o un precio"},
	} {
		fields := append([]string{"nonce", posta.NewULID(storetest.Now)}, tc.fields...)
		got := b.post(h.till()+"/charge", fields...)
		if got.status != http.StatusUnprocessableEntity {
			t.Errorf("%v: %d", tc.fields, got.status)
		}
		has(t, got.body, tc.want)
		if said := b.script(h.till()+"/charge", fields...); said.status != http.StatusUnprocessableEntity || !strings.Contains(said.body, tc.want) {
			t.Errorf("%v to the script: %d %s", tc.fields, said.status, said.body)
		}
	}
	if h.bank.charges() != 0 {
		t.Error("something was charged")
	}
	got := b.post(h.till()+"/charge", "nonce", posta.NewULID(storetest.Now), "amount", "", "reference", "Mesa 4",
		"item_title", "Café", "item_quantity", "2", "item_price", "1.250", "item_title", "", "item_quantity", "", "item_price", "")
	_, id, _ := strings.Cut(got.to, "?payment=")
	if p := h.payment(posta.PaymentID(id)); p.Amount.Amount != 250000 || len(p.Items) != 1 || p.Reference != "Mesa 4" {
		t.Errorf("charged %v, items %v, reference %q", p.Amount, p.Items, p.Reference)
	}
}

func TestBusyTillShowsWhatItIsBusyWith(t *testing.T) {
	t.Parallel()
	h := start(t)
	b := h.login("ana@tienda.example")
	open := b.charge("1500")
	got := b.post(h.till()+"/charge", "nonce", posta.NewULID(storetest.Now), "amount", "20")
	if got.to != h.till()+"?payment="+string(open.ID) {
		t.Errorf("busy: %d %s", got.status, got.to)
	}
	has(t, b.page(got.to), "ya tiene este cobro abierto", "1.500,00", `data-state="pending"`, `id="cancel"`)
	var m struct{ Payment, State, Wrong, HTML string }
	said := b.script(h.till()+"/charge", "nonce", posta.NewULID(storetest.Now), "amount", "20")
	if err := json.Unmarshal([]byte(said.body), &m); err != nil {
		t.Fatal(err)
	}
	if m.Payment != string(open.ID) || m.State != "pending" || m.Wrong != "till_busy" || !strings.Contains(m.HTML, "1.500,00") {
		t.Errorf("busy to the script: %d %+v", said.status, m)
	}
	has(t, b.page(h.till()), string(open.ID), `data-state="pending"`) // and so after a reload
	if h.bank.charges() != 1 {
		t.Error("charged twice")
	}
}

func TestStates(t *testing.T) {
	t.Parallel()
	h := start(t)
	b := h.login("ana@tienda.example")

	p := b.charge("1500")
	h.tell(attempt(p.ID, 150000, provider.StatusRejected, "cc_rejected_insufficient_amount", "137"))
	has(t, b.page(h.till()), `id="declined"`, "Fondos insuficientes", "cc_rejected_insufficient_amount", "sigue abierto", `data-declines="1"`)

	h.tell(attempt(p.ID, 150000, provider.StatusApproved, "accredited", "138"))
	body := b.page(h.till() + "?payment=" + string(p.ID))
	has(t, body, `data-state="paid"`, "Pagado", "Visa", "4242", `id="new-charge"`, `data-ticket="`+h.till()+"/ticket/"+string(p.ID))
	hasNot(t, body, `id="declined"`, `id="cancel"`)
	has(t, b.page(h.till()), `class="last"`, `id="charge"`) // without naming it: the next one

	h.bank.set(true)
	p = b.charge("20")
	has(t, b.page(h.till()), `data-state="unknown"`, "No entregue ni cobre de nuevo", `id="cancel"`)
	h.bank.set(false)
	if got := b.post(h.till() + "/payments/" + string(p.ID) + "/cancel"); got.to != h.till()+"?payment="+string(p.ID) {
		t.Errorf("cancel: %d %s", got.status, got.to)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	h := start(t)
	b := h.login("ana@tienda.example")
	p := b.charge("1500")
	got := b.post(h.till() + "/payments/" + string(p.ID) + "/cancel")
	has(t, b.page(got.to), `data-state="canceled"`, "No se cobró nada")
	got = b.post(h.till() + "/payments/" + string(p.ID) + "/cancel") // again: it stays so
	has(t, b.page(got.to), `data-state="canceled"`)

	// The buyer was faster.
	p = b.charge("1600")
	h.bank.onCancel = func(c provider.Charge) provider.Observation {
		return attempt(c.Payment, c.Amount.Amount, provider.StatusApproved, "accredited", "140")
	}
	said := b.script(h.till() + "/payments/" + string(p.ID) + "/cancel")
	has(t, said.body, `"state":"paid"`, "pagó antes de la cancelación")
	said = b.script(h.till() + "/payments/" + string(p.ID) + "/cancel") // too late now, and it says so by showing it
	if said.status != http.StatusOK {
		t.Errorf("cancel of what is paid: %d", said.status)
	}
	has(t, said.body, `"state":"paid"`)
}

func TestTicketOnlyWhenPaid(t *testing.T) {
	t.Parallel()
	h := start(t)
	b := h.login("ana@tienda.example")
	p := b.charge("1500")
	if got := b.get(h.till() + "/ticket/" + string(p.ID)); got.status != http.StatusConflict {
		t.Errorf("ticket of a pending payment: %d", got.status)
	}
	hasNot(t, b.page(h.till()), "/ticket/")
	h.tell(attempt(p.ID, 150000, provider.StatusApproved, "accredited", "138"))
	got := b.get(h.till() + "/ticket/" + string(p.ID))
	has(t, got.body, "Almacén Don Pedro", "Centro", "Caja 1", "23 nov 2026, 12:04", "1.500,00", "Visa", "4242", string(p.ID), "138",
		"Comprobante no válido como factura", `class="ticket `)
	has(t, got.header.Get("Content-Security-Policy"), "frame-ancestors 'self'")
	has(t, b.page(h.till()+"/ticket/"+string(p.ID)+"?w=58"), "w58")
	b.post(h.till()+"/sales/"+string(p.ID)+"/refund", "nonce", posta.NewULID(storetest.Now), "amount", "500")
	has(t, b.page(h.till()+"/ticket/"+string(p.ID)), "Reembolsos", "500,00")
}

func TestRefundNeverMoreThanIsLeft(t *testing.T) {
	t.Parallel()
	h := start(t)
	b := h.login("ana@tienda.example")
	p := b.paid("1500")
	sale := h.till() + "/sales/" + string(p.ID)
	has(t, b.page(h.till()+"/sales"), sale, "Pagado", "4242")
	has(t, b.page(sale), `value="1.500,00"`, "Como máximo")

	for _, amount := range []string{"1500,01", "9000", "0", "-1", "", "todo"} {
		got := b.post(sale+"/refund", "nonce", posta.NewULID(storetest.Now), "amount", amount)
		if got.status != http.StatusUnprocessableEntity {
			t.Errorf("refund of %q: %d", amount, got.status)
		}
	}
	if h.bank.refunds != 0 {
		t.Fatal("the provider was asked for a refund")
	}
	nonce := posta.NewULID(storetest.Now)
	for range 2 { // sent twice, given back once
		if got := b.post(sale+"/refund", "nonce", nonce, "amount", "500", "reason", "No lo quiere"); got.to != sale {
			t.Errorf("refund: %d %s", got.status, got.to)
		}
	}
	body := b.page(sale)
	has(t, body, "Se reembolsaron", `value="1.000,00"`, `data-state="partially_refunded"`)
	got := b.post(sale+"/refund", "nonce", posta.NewULID(storetest.Now), "amount", "1000,01")
	has(t, got.body, "1.000,00 o menos", `value="1000,01"`)
	b.post(sale+"/refund", "nonce", posta.NewULID(storetest.Now), "amount", "1.000,00")
	if now := h.payment(p.ID); now.State != payment.Refunded || h.bank.refunds != 2 {
		t.Errorf("%s after %d refunds at the provider", now.State, h.bank.refunds)
	}
	hasNot(t, b.page(sale), `id="refund-form"`)
}

func TestShift(t *testing.T) {
	t.Parallel()
	h := start(t)
	b := h.login("ana@tienda.example")
	has(t, b.page(h.till()+"/shift"), "Abrir turno")
	nonce := posta.NewULID(storetest.Now)
	for range 2 {
		if got := b.post(h.till()+"/shift/open", "nonce", nonce); got.to != h.till() {
			t.Errorf("open: %d %s", got.status, got.to)
		}
	}
	p := b.paid("1500")
	b.post(h.till()+"/sales/"+string(p.ID)+"/refund", "nonce", posta.NewULID(storetest.Now), "amount", "300")
	h.clock.Move(1e9)
	body := b.page(h.till() + "/shift")
	has(t, body, "Turno de Ana Ruiz", "1.500,00", "1.200,00", "Visa")
	got := b.post(h.till()+"/shift/close", "shift", string(posta.IDFrom[posta.ShiftID](nonce)))
	if !strings.HasSuffix(got.to, "?print=1") {
		t.Fatalf("close: %d %s", got.status, got.to)
	}
	has(t, b.page(got.to), `id="report" data-print-now`, "Cierre de turno", "1.200,00")
	has(t, b.page(h.till()+"/shift"), "Turnos anteriores", "Abrir turno")
}

func TestPoster(t *testing.T) {
	t.Parallel()
	h := start(t)
	b := h.login("ana@tienda.example")
	path := "/tills/" + string(h.world.Till.ID) + "/poster"
	has(t, b.page(path), "Escanea para pagar", `class="poster `, `<svg class="qr"`, path+"/provider")
	has(t, b.page(path+"?size=a4"), `class="poster a4"`)
	got := b.get(path + "/provider")
	if got.body != "%PDF-1.7" || got.header.Get("Content-Type") != "application/pdf" {
		t.Errorf("provider's poster: %d %s", got.status, got.header.Get("Content-Type"))
	}
	has(t, got.header.Get("Content-Disposition"), "attachment", ".pdf")
}

// The stream says first how the till stands, then what changes, and a reader
// that comes back catches up.
func TestStream(t *testing.T) {
	t.Parallel()
	h := start(t)
	b := h.login("ana@tienda.example")
	listen := func() (next func() map[string]any, stop func()) {
		ctx, cancel := context.WithCancel(t.Context())
		r, err := http.NewRequestWithContext(ctx, "GET", h.server.URL+h.till()+"/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := b.client.Do(r)
		if err != nil || got.StatusCode != http.StatusOK {
			t.Fatalf("stream: %v %v", got, err)
		}
		lines := bufio.NewScanner(got.Body)
		lines.Buffer(nil, 1<<20)
		return func() map[string]any {
			for lines.Scan() {
				if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
					var m map[string]any
					if err := json.Unmarshal([]byte(data), &m); err != nil {
						t.Fatal(err)
					}
					return m
				}
			}
			t.Fatal("the stream ended")
			return nil
		}, func() { cancel(); got.Body.Close() }
	}
	next, stop := listen()
	if m := next(); m["type"] != "hello" || m["payment"] != nil {
		t.Errorf("first: %v", m)
	}
	p := b.charge("1500")
	if m := next(); m["payment"] != string(p.ID) || m["open"] != true {
		t.Errorf("after charging: %v", m)
	}
	stop()

	h.tell(attempt(p.ID, 150000, provider.StatusApproved, "accredited", "138")) // while nobody listened
	next, stop = listen()
	defer stop()
	m := next()
	if m["type"] != "hello" || m["state"] != "paid" || m["ticket"] == "" || !strings.Contains(m["html"].(string), `data-state="paid"`) {
		t.Errorf("back again: %v", m)
	}
	p = b.charge("20")
	for m["payment"] != string(p.ID) || m["state"] != "pending" { // news of the first one may still be on its way
		m = next()
	}
	if strings.Contains(m["html"].(string), "/ticket/") {
		t.Error("a ticket before it is paid")
	}
}
