package web_test

import (
	"net/http"
	"strings"
	"testing"

	"posta"
	"posta/inbox"
	"posta/payment"
	"posta/provider"
	"posta/store/storetest"
)

func TestRefundAsksNamingAmountAndPerson(t *testing.T) {
	t.Parallel()
	o := office(t)
	b := o.login("ana@tienda.example")
	p := b.paid("1500")
	form := b.page(story(p.ID) + "/refund")
	has(t, form, `value="1500,00"`)
	nonce := nonceOf(t, form)
	for typed, want := range map[string]string{"2000": "hasta $\u00a01.500,00", "abc": "importe", "0": "mayor que cero"} {
		got := b.post(story(p.ID)+"/refund", "nonce", nonce, "amount", typed, "reason", "Vino roto", "sure", "1")
		if got.status != http.StatusUnprocessableEntity {
			t.Errorf("%q: %d", typed, got.status)
		}
		has(t, got.body, want, `value="`+typed+`"`, `value="Vino roto"`, nonce)
	}
	asked := b.post(story(p.ID)+"/refund", "nonce", nonce, "amount", "500", "reason", "Vino roto")
	has(t, asked.body, "¿Reembolsar $\u00a0500,00 a Visa ···· 4242?", "Ana Ruiz", `name="sure"`)
	if o.bank.refunds != 0 {
		t.Error("refunded before it was confirmed")
	}
	for range 2 { // a double click
		if got := b.post(story(p.ID)+"/refund", "nonce", nonce, "amount", "500", "reason", "Vino roto", "sure", "1"); got.to != story(p.ID) {
			t.Fatalf("refund: %d %s", got.status, got.body)
		}
	}
	if now := o.payment(p.ID); now.State != payment.PartiallyRefunded || now.Refunded != 50000 || o.bank.refunds != 1 {
		t.Errorf("%s %d, asked %d times", now.State, now.Refunded, o.bank.refunds)
	}
	has(t, b.page(story(p.ID)), "Reembolsado en parte", "«Vino roto»", "$\u00a01.000,00")
	has(t, b.page(story(p.ID)+"/refund"), `value="1000,00"`)
	o.bank.set(true)
	b.post(story(p.ID)+"/refund", "nonce", posta.NewULID(storetest.Now), "amount", "100", "sure", "1")
	has(t, b.page(story(p.ID)), "Sin respuesta", "no lo hará dos veces")
}

func TestCancelAsksFirst(t *testing.T) {
	t.Parallel()
	o := office(t)
	b := o.login("ana@tienda.example")
	p := b.charge("1500")
	has(t, b.page(story(p.ID)+"/cancel"), "¿Cancelar el cobro de $\u00a01.500,00?", "Ana Ruiz")
	if got := o.payment(p.ID); !got.State.Open() {
		t.Errorf("asking canceled it: %s", got.State)
	}
	if got := b.post(story(p.ID) + "/cancel"); got.to != story(p.ID) {
		t.Fatalf("%d %s", got.status, got.body)
	}
	has(t, b.page(story(p.ID)), "Cobro cancelado", "Se pidió cancelar")
	if got := o.payment(p.ID); got.State != payment.Canceled {
		t.Errorf("%s", got.State)
	}
	if got := b.get(story(p.ID) + "/cancel"); got.to != story(p.ID) {
		t.Errorf("asked to cancel what has ended: %d", got.status)
	}
}

func TestAShortfallIsAcceptedByAPerson(t *testing.T) {
	t.Parallel()
	o := office(t)
	b := o.login("ana@tienda.example")
	p := b.charge("1500")
	seen := attempt(p.ID, 90000, provider.StatusApproved, "accredited", "138")
	o.tell(seen)
	page := b.page(story(p.ID))
	has(t, page, "Entró menos de lo que se pidió", "faltan $\u00a0600,00", "Aceptar $\u00a0900,00", "/settle?accept=1")
	has(t, b.page("/payments?attention=1"), story(p.ID), "Falta dinero")
	has(t, b.page("/"), "Para revisar", "Entró menos")
	has(t, b.page(story(p.ID)+"/settle?accept=1"), "¿Aceptar $\u00a0900,00 como pago completo de $\u00a01.500,00?", "Ana Ruiz")
	b.post(story(p.ID)+"/settle", "attention", "overpaid", "accept", "1")
	if got := o.payment(p.ID); got.State.Moneyed() {
		t.Error("an answer to another question was taken")
	}
	b.post(story(p.ID)+"/settle", "attention", "shortfall", "accept", "1")
	if got := o.payment(p.ID); got.State != payment.Paid || got.Attention != "" {
		t.Errorf("%s %s", got.State, got.Attention)
	}
	has(t, b.page(story(p.ID)), "Se aceptó lo que entró", "Ana Ruiz")
}

func TestAttentionIsSettled(t *testing.T) {
	t.Parallel()
	o := office(t)
	b := o.login("ana@tienda.example")
	p := b.paid("1500")
	twice := attempt(p.ID, 150000, provider.StatusApproved, "accredited", "139")
	o.tell(twice)
	has(t, b.page(story(p.ID)), "Entró más de lo que se pidió", "sobran $\u00a01.500,00")
	has(t, b.page(story(p.ID)+"/refund"), `value="1500,00"`)
	has(t, b.page(story(p.ID)+"/settle"), "¿Marcar como resuelto")
	b.post(story(p.ID)+"/settle", "attention", "overpaid")
	if got := o.payment(p.ID); got.Attention != "" {
		t.Errorf("%s", got.Attention)
	}
	hasNot(t, b.page("/payments?attention=1"), `href="`+story(p.ID))
}

func TestNotificationsAreReplayed(t *testing.T) {
	t.Parallel()
	o := office(t)
	b := o.login("ana@tienda.example")
	p := b.charge("1500")
	n := o.notify(p.ID, "opened")
	path := "/notifications/" + string(n.ID)
	list := b.page("/notifications?topic=merchant_order&verdict=unverifiable&state=handled&connection=" + string(o.world.Connection.ID))
	has(t, list, path, `class="muted"`, "no cuenta como pago")
	hasNot(t, b.page("/notifications?state=ignored"), path)
	hasNot(t, b.page("/notifications?to=2026-11-22"), path)
	get := func() inbox.Notification {
		n, err := o.inbox.Get(t.Context(), o.world.Merchant.ID, n.ID)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if got := b.post(path + "/replay"); got.to != path || get().State != inbox.Received {
		t.Errorf("replay: %d %s", got.status, get().State)
	}
	o.work()
	if got := get(); got.State != inbox.Handled || !got.Replayed {
		t.Errorf("%+v", got)
	}
	got := b.post("/notifications/replay", "from", "2026-11-24", "to", "2026-11-23")
	if got.status != http.StatusUnprocessableEntity {
		t.Errorf("to before from: %d", got.status)
	}
	has(t, got.body, `value="2026-11-24"`, `aria-invalid="true"`)
	got = b.post("/notifications/replay", "from", "2026-11-23", "to", "2026-11-23")
	has(t, got.body, "¿Procesar de nuevo 1 notificación?")
	if get().State != inbox.Handled {
		t.Error("replayed before it was confirmed")
	}
	got = b.post("/notifications/replay", "from", "2026-11-23", "to", "2026-11-23", "sure", "1")
	if got.status != http.StatusSeeOther || get().State == inbox.Handled {
		t.Errorf("range: %d %s", got.status, get().State)
	}
	if !strings.HasPrefix(got.to, "/notifications?") {
		t.Errorf("to %s", got.to)
	}
}
