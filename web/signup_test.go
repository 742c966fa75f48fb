package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"posta/payment"
	"posta/subscription"
)

func TestSignUpByVoucherShowsWhatIsToBePaid(t *testing.T) {
	t.Parallel()
	c := newClub(t, "AR")
	p := c.plan("hub", "methods", "rapipago")
	j := c.joiner()
	has(t, j.page("/subscribe/"+p.Token), "Club del vino", "$\u00a01.500,00", "cada mes", "Hasta que usted la cancele", "Cómo cancelar", "Rapipago")
	if got := j.join(p, "rapipago"); got.status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", got.status, wrongOf(got.body))
	}
	sub := j.sub()
	if sub.State != subscription.Active || sub.Buyer.Email == "" || sub.CreatedBy != "buyer" {
		t.Fatalf("%s by %q", sub.State, sub.CreatedBy)
	}
	invoice := c.last(sub)
	due := c.payment(invoice.Attempts[0].Payment)
	mine := j.page(j.path)
	has(t, mine, "Para pagar ahora", "Rapipago", "Esperando el pago", "Cancelar la suscripción")
	if due.Next.Barcode+due.Next.Reference == "" || !strings.Contains(mine, due.Next.Barcode) || !strings.Contains(mine, due.Next.Reference) {
		t.Errorf("the voucher %+v is not on the page", due.Next)
	}
	story := c.office.page(subPage(sub))
	has(t, story, "Ana Gómez", "Club del vino", "Intento 1 de 3", "Comprobante 1 de 3", "/payments/"+string(due.ID), "su comprobante para pagar", "Ya puede pagar Club del vino", "Guardado: no hay servidor de correo", c.public+j.path)
	hasNot(t, story, "lo decide Mercado Pago")
	has(t, c.office.page("/subscriptions"), "Ana Gómez", "Activa", "Club del vino", subPage(sub))
}

func TestSignUpAgainWithOneFormIsOneSubscription(t *testing.T) {
	t.Parallel()
	c := newClub(t, "AR")
	p := c.plan("hub", "methods", "rapipago")
	b, path := c.browser(), "/subscribe/"+p.Token
	nonce := nonceOf(t, b.page(path))
	to := map[string]bool{}
	for range 3 {
		got := b.post(path, "nonce", nonce, "method", "rapipago", "email", "ana@cliente.example", "first_name", "Ana", "last_name", "Gómez", "identification_type", "DNI", "identification", "12.345.678")
		to[got.to] = got.status == http.StatusSeeOther
	}
	list, err := c.subs.List(t.Context(), subscription.Filter{MerchantID: p.MerchantID, Mode: p.Mode})
	if err != nil || len(list) != 1 || len(to) != 1 {
		t.Errorf("%d subscriptions at %v: %v", len(list), to, err)
	}
}

func TestSignUpSaysWhatToMendAndKeepsTheRest(t *testing.T) {
	t.Parallel()
	c := newClub(t, "AR")
	p := c.plan("hub", "methods", "rapipago", "methods", "pagofacil")
	for name, tc := range map[string]struct {
		method string
		change []string
		want   string
	}{
		"no method": {"", nil, "falta este dato"},
		"no e-mail": {"rapipago", []string{"email", ""}, "falta"},
		"a card's":  {"rapipago", []string{"first_name", "4509 9535 6623 3704"}, "No escriba aquí el número de su tarjeta"},
	} {
		got := c.joiner().join(p, tc.method, tc.change...)
		if got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", name, got.status)
		}
		has(t, got.body, tc.want)
		if strings.Contains(got.body, "4509") {
			t.Errorf("%s: the number is shown again", name)
		}
		if name != "a card's" {
			has(t, got.body, `value="Gómez"`)
		}
	}
	list, err := c.subs.List(t.Context(), subscription.Filter{MerchantID: p.MerchantID, Mode: p.Mode})
	if err != nil || len(list) != 0 {
		t.Errorf("%d subscriptions: %v", len(list), err)
	}
}

func TestSignUpWithACardHasARouteOfItsOwn(t *testing.T) {
	t.Parallel()
	c := newClub(t, "AR")
	p := c.plan("provider")
	j := c.joiner()
	form := j.get("/subscribe/" + p.Token)
	if got := j.join(p, ""); !strings.HasSuffix(got.to, "/card") {
		t.Fatalf("%d %s %s", got.status, got.to, wrongOf(got.body))
	}
	if sub := j.sub(); sub.State != subscription.Pending {
		t.Errorf("%s before there is a card", sub.State)
	}
	card := j.get(j.path + "/card")
	script := "script-src 'self' "
	for path, policy := range map[string]http.Header{"sign-up": form.header, "own page": j.get(j.path).header} {
		if strings.Contains(policy.Get("Content-Security-Policy"), script) {
			t.Errorf("the %s lets another's script in", path)
		}
	}
	if !strings.Contains(card.header.Get("Content-Security-Policy"), script) {
		t.Errorf("the card's page has %q", card.header.Get("Content-Security-Policy"))
	}
	has(t, card.body, "data-card=", "Primer cobro", "Suscribirme")
	if got := j.card("APRO"); got.to != j.path {
		t.Fatalf("card: %d %s %s", got.status, got.to, got.body)
	}
	if sub := j.sub(); sub.State != subscription.Active || sub.Ref == "" {
		t.Fatalf("%s %q", sub.State, sub.Ref)
	}
	has(t, j.page(j.path), "Listo: está suscrito", "Cambiar la tarjeta", "Próximo cobro")
	first := j.sub().CardRef
	if got := j.card("APRO"); got.to != j.path {
		t.Fatalf("another card: %d %s", got.status, got.to)
	}
	has(t, j.page(j.path), "Tarjeta cambiada")
	if now := j.sub().CardRef; now == first {
		t.Errorf("still the card %q", now)
	}
}

func TestRefusedCardCanBeTriedAgain(t *testing.T) {
	t.Parallel()
	c := newClub(t, "AR")
	p := c.plan("provider")
	j := c.joiner()
	j.join(p, "")
	got := j.card("FUND")
	has(t, got.body, "La tarjeta no se aceptó. No se cobró nada.", "data-card=")
	if sub := j.sub(); got.status != http.StatusUnprocessableEntity || sub.State != subscription.Pending {
		t.Fatalf("%d, %s", got.status, sub.State)
	}
	if j.card("APRO"); j.sub().State != subscription.Active {
		t.Errorf("%s after a good card", j.sub().State)
	}
	if books := c.sim.Subscriptions(); len(books) != 1 {
		t.Errorf("%d at the provider", len(books))
	}
}

func TestBuyerCancelsOnTheOwnPage(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{"provider", "hub"} {
		c := newClub(t, "AR")
		p := c.plan(engine, map[bool][]string{true: {"methods", "rapipago"}}[engine == "hub"]...)
		j := c.joiner()
		j.join(p, map[string]string{"hub": "rapipago"}[engine])
		if engine == "provider" {
			j.card("APRO")
		}
		has(t, j.page(j.path+"/cancel"), "¿Cancelar Club del vino?", "$\u00a01.500,00 cada mes")
		if j.sub().State != subscription.Active {
			t.Errorf("%s: asking did it: %s", engine, j.sub().State)
		}
		if got := j.post(j.path + "/cancel"); got.to != j.path {
			t.Fatalf("%s: %d %s", engine, got.status, got.body)
		}
		if sub := j.sub(); sub.State != subscription.Canceled || sub.Reason != subscription.ReasonBuyer {
			t.Errorf("%s: %s %s", engine, sub.State, sub.Reason)
		}
		has(t, j.page(j.path), "no se cobrará nada más", "Suscribirme otra vez")
		has(t, c.office.page(subPage(j.sub())), "Lo pidió quien paga, en su página")
	}
}

func TestTrialAndBillingDayAreSaidBefore(t *testing.T) {
	t.Parallel()
	c := newClub(t, "AR")
	p := c.plan("hub", "methods", "rapipago", "trial", "2", "trial_unit", "weeks", "repetitions", "12", "billing_day", "10", "proportional", "on")
	if p.Trial.Every != 14 || p.Trial.Unit != "days" || p.Repetitions != 12 || p.BillingDay != 10 || !p.Proportional {
		t.Fatalf("%+v", p)
	}
	at, first := p.First(c.clock.Now(), "AR")
	j := c.joiner()
	shown := j.page("/subscribe/" + p.Token)
	has(t, shown, "2 semanas gratis", "Hoy no se cobra nada", "Se cobra 12 veces y termina", "solo los días hasta el primer día de cobro")
	j.join(p, "rapipago")
	if sub := j.sub(); !sub.StartAt.Equal(at) || !sub.Trial(c.clock.Now()) {
		t.Errorf("starts %s, said %s", sub.StartAt, at)
	}
	c.later(15 * 24 * time.Hour)
	if i := c.last(j.sub()); i.Amount != first || i.State != subscription.Open {
		t.Errorf("%s of %v, said %v", i.State, i.Amount, first)
	}
}

func TestArchivedPlanSaysSo(t *testing.T) {
	t.Parallel()
	c := newClub(t, "AR")
	p := c.plan("hub", "methods", "rapipago")
	has(t, c.office.page("/plans/"+string(p.ID)+"/archive"), "¿Archivar Club del vino?", "siguen cobrándose")
	nonce := nonceOf(t, c.browser().page("/subscribe/"+p.Token))
	if got := c.office.post("/plans/"+string(p.ID)+"/archive", "archived", "true"); got.status != http.StatusSeeOther {
		t.Fatalf("%d", got.status)
	}
	b := c.browser()
	for _, got := range []answer{b.get("/subscribe/" + p.Token), b.post("/subscribe/"+p.Token, "nonce", nonce, "method", "rapipago"), b.get("/subscribe/nobody"), b.get("/subscription/nobody")} {
		if got.status != http.StatusNotFound {
			t.Errorf("%d", got.status)
		}
		has(t, got.body, "ya no se puede suscribir", "No se cobró nada")
	}
	c.office.post("/plans/"+string(p.ID)+"/archive", "archived", "false")
	if got := b.get("/subscribe/" + p.Token); got.status != http.StatusOK {
		t.Errorf("opened again: %d", got.status)
	}
}

func TestPaidVoucherIsPaidEverywhere(t *testing.T) {
	t.Parallel()
	c := newClub(t, "AR")
	j := c.joiner()
	j.join(c.plan("hub", "methods", "rapipago"), "rapipago")
	due := c.last(j.sub()).Attempts[0].Payment
	c.paySlip(due)
	if p := c.payment(due); p.State != payment.Paid {
		t.Fatalf("%s", p.State)
	}
	c.sweep()
	has(t, j.page(j.path), "Pagado", "No hay nada para pagar ahora")
	has(t, c.office.page(subPage(j.sub())), "Período pagado", "/payments/"+string(due)+"/refund", "Reembolsar")
	has(t, c.office.page("/invoices"), "Pagado", "1 de 3")
}

func TestPixAndBoletoOfASubscription(t *testing.T) {
	t.Parallel()
	c := newClub(t, "BR")
	p := c.plan("hub", "methods", "pix", "methods", "bolbradesco", "amount", "49,90")
	j := c.joiner()
	j.header.Set("Accept-Language", "en") // the country's language comes first, until one is chosen
	has(t, j.page("/subscribe/"+p.Token), "R$\u00a049,90", "todo mês", `data-needs="address"`)
	got := j.join(p, "bolbradesco")
	if got.status != http.StatusUnprocessableEntity {
		t.Fatalf("a boleto without an address: %d %s", got.status, got.to)
	}
	has(t, got.body, `value="bolbradesco" required data-needs="address" checked`)
	j.join(p, "pix")
	due := c.payment(c.last(j.sub()).Attempts[0].Payment)
	mine := j.page(j.path)
	if due.Next.QR == "" {
		t.Fatalf("%+v", due.Next)
	}
	has(t, mine, due.Next.QR, `class="qr"`, "Pix")
	hasNot(t, mine, `id="ref"`)
	if sub := j.sub(); sub.Language != "pt" {
		t.Errorf("it is written in %q", sub.Language)
	}
}
