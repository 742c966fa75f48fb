package web_test

import (
	"encoding/csv"
	"net/http"
	"strings"
	"testing"
	"time"

	"posta"
	"posta/subscription"
)

func TestSubscriptionDeedsAskFirstNamingAmountAndBuyer(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{"provider", "hub"} {
		c := newClub(t, "AR")
		p := c.plan(engine, map[bool][]string{true: {"methods", "rapipago"}}[engine == "hub"]...)
		j := c.joiner()
		j.join(p, map[string]string{"hub": "rapipago"}[engine])
		if engine == "provider" {
			j.card("APRO")
		}
		page := subPage(j.sub())
		for _, deed := range []struct {
			name string
			want subscription.State
		}{{"pause", subscription.Paused}, {"resume", subscription.Active}, {"cancel", subscription.Canceled}} {
			before := j.sub().State
			has(t, c.office.page(page), page+"/"+deed.name)
			has(t, c.office.page(page+"/"+deed.name), "Ana Gómez", "$\u00a01.500,00 cada mes", "Ana Ruiz")
			if now := j.sub().State; now != before {
				t.Errorf("%s: asking to %s did it", engine, deed.name)
			}
			if got := c.office.post(page + "/" + deed.name); got.to != page {
				t.Fatalf("%s %s: %d %s", engine, deed.name, got.status, got.body)
			}
			if now := j.sub().State; now != deed.want {
				t.Errorf("%s: after %s it is %s", engine, deed.name, now)
			}
		}
		hasNot(t, c.office.page(page), page+"/cancel\"", page+"/pause\"")
	}
}

func TestSubscriptionAmountChangesFromTheNextPeriodOn(t *testing.T) {
	t.Parallel()
	c := newClub(t, "AR")
	j := c.joiner()
	j.join(c.plan("provider"), "")
	j.card("APRO")
	page := subPage(j.sub())
	for typed, want := range map[string]string{"0": "mayor que cero", "mucho": "importe"} {
		got := c.office.post(page+"/amount", "amount", typed)
		if got.status != http.StatusUnprocessableEntity {
			t.Errorf("%q: %d", typed, got.status)
		}
		has(t, got.body, want, `value="`+typed+`"`)
	}
	if got := c.office.post(page+"/amount", "amount", "1.800,50"); got.to != page {
		t.Fatalf("%d %s", got.status, wrongOf(got.body))
	}
	book, found := c.sim.Subscription(j.sub().Ref)
	if got := j.sub().Amount.Amount; got != 180_050 || !found || book.Amount != 180_050 {
		t.Errorf("%d, the provider says %d", got, book.Amount)
	}
	has(t, c.office.page(page), "Desde el próximo período: $\u00a01.800,50")
}

// What the provider retries is shown and never offered to be changed; periods
// that it gave up are another count.
func TestProvidersRetriesAreShownAsItsOwn(t *testing.T) {
	t.Parallel()
	c := newClub(t, "AR")
	j := c.joiner()
	j.join(c.plan("provider", "source", "provider"), "")
	j.card("APRO")
	c.later(2 * time.Hour)
	if err := c.sim.FailCard(j.sub().Ref); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < 40 && c.last(j.sub()).State != subscription.Retrying; i++ {
		c.later(24 * time.Hour)
	}
	page := c.office.page(subPage(j.sub()))
	has(t, page, "Intento 1 de 4. El tiempo entre intentos lo decide Mercado Pago; no se cambia aquí.", "0 de 3", "Al llegar a 3, Mercado Pago cancela la suscripción", "Fondos insuficientes",
		"cc_rejected_insufficient_amount", "no se pudo cobrar", "No se pudieron cobrar")
	if next := c.last(j.sub()).NextTry; !next.IsZero() {
		has(t, page, "Próximo intento")
	}
	has(t, j.page(j.path), "El último cobro no se pudo hacer", "Se intentará otra vez", "Cambiar la tarjeta")
	for i := 0; i < 15 && c.last(j.sub()).State == subscription.Retrying; i++ {
		c.later(24 * time.Hour)
	}
	has(t, c.office.page(subPage(j.sub())), "1 de 3", "Sin pagar", "Período sin pagar: no habrá más intentos")
	has(t, j.page(j.path), "no se intenta más")
	has(t, c.office.page("/subscriptions"), "Con atraso", "1 de 3 sin cobrar")
}

func TestSubscriptionsAreFoundAndDownloaded(t *testing.T) {
	t.Parallel()
	c := newClub(t, "AR")
	p := c.plan("hub", "methods", "rapipago")
	has(t, c.office.page("/subscriptions"), "Todavía nadie se suscribió", "/plans/"+string(p.ID))
	for _, name := range []string{"Luz", "=Sol"} {
		if got := c.joiner().join(p, "rapipago", "first_name", name); got.status != http.StatusSeeOther {
			t.Fatalf("%d\n%s", got.status, wrongOf(got.body))
		}
	}
	for query, want := range map[string][2]string{"?q=luz": {"Luz Gómez", "=Sol"}, "?state=active": {"Luz Gómez", "Ninguna"}, "?plan=" + string(p.ID): {"=Sol Gómez", "Ninguna"},
		"?state=paused": {"Ninguna suscripción con esos filtros", "Luz Gómez"}, "?state=nonsense": {"Luz Gómez", "Ninguna"}} {
		shown := c.office.page("/subscriptions" + query)
		has(t, shown, want[0])
		hasNot(t, shown, want[1])
	}
	got := c.office.get("/subscriptions.csv?state=active")
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(got.body, "\ufeff"))).ReadAll()
	if err != nil || len(rows) != 3 || rows[1][8] != "1500.00" || rows[1][12] != "'=Sol" && rows[2][12] != "'=Sol" {
		t.Errorf("%v: %q", err, rows)
	}
	if got := c.office.get(subPage(subscription.Subscription{ID: posta.NewID[posta.SubscriptionID](c.clock.Now())})); got.status != http.StatusNotFound {
		t.Errorf("another's: %d", got.status)
	}
}

func TestCanceledSubscriptionAsksForNothingMore(t *testing.T) {
	t.Parallel()
	c := newClub(t, "AR")
	j := c.joiner()
	j.join(c.plan("hub", "methods", "rapipago"), "rapipago")
	due := c.last(j.sub()).Attempts[0].Payment
	c.office.post(subPage(j.sub()) + "/cancel")
	if invoice := c.last(j.sub()); invoice.State != subscription.Void {
		t.Fatalf("%s", invoice.State)
	}
	has(t, c.office.page(subPage(j.sub())), "No se cobra", "/payments/"+string(due))
	hasNot(t, j.page(j.path), "Para pagar ahora")
}
