package web_test

import (
	"net/http"
	"testing"

	"posta"
	"posta/provider"
	"posta/subscription"
)

func TestPlanFormSaysWhatToMendAndKeepsTheRest(t *testing.T) {
	t.Parallel()
	c := newClub(t, "AR")
	for name, tc := range map[string]struct {
		engine string
		change []string
		want   string
	}{
		"no name":         {"provider", []string{"name", " "}, "falta este dato"},
		"no amount":       {"provider", []string{"amount", "gratis"}, "importe"},
		"nothing":         {"provider", []string{"amount", "0"}, "mayor que cero"},
		"no period":       {"provider", []string{"every", "0"}, "fuera de los límites"},
		"day of no month": {"provider", []string{"unit", "days", "billing_day", "5"}, "solo se usa con un período en meses"},
		"part of nothing": {"provider", []string{"proportional", "on"}, "solo se usa con un día de cobro"},
		"no voucher":      {"hub", nil, "falta este dato"},
		"a card as one":   {"hub", []string{"methods", "visa"}, "no es un comprobante"},
		"too many tries":  {"hub", []string{"methods", "rapipago", "attempt_days", "20"}, "no caben en un período"},
		"far too late":    {"provider", []string{"more_steps", "90"}, "fuera de los límites"},
		"no day":          {"provider", []string{"more_steps", "mañana"}, "número entero"},
		"plain http":      {"provider", []string{"return_url", "http://tienda.example"}, "no tiene la forma esperada"},
	} {
		got := c.office.post("/plans/new", c.planFields(tc.engine, append([]string{"trial", "5", "repetitions", "7"}, tc.change...)...)...)
		if got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", name, got.status, got.to)
		}
		has(t, got.body, tc.want, `name="trial" type="number" min="0" max="366" value="5"`, `value="7"`, `value="`+tc.engine+`" checked`)
	}
	list, err := c.subs.Plans(t.Context(), subscription.PlanFilter{MerchantID: c.world.Merchant.ID, Mode: posta.Test})
	if err != nil || len(list) != 0 {
		t.Errorf("%d plans: %v", len(list), err)
	}
}

func TestPlanCountsAsPeopleDo(t *testing.T) {
	t.Parallel()
	c := newClub(t, "AR")
	for unit, want := range map[string]struct {
		provider.Period
		words string
	}{
		"days": {provider.Period{Every: 2, Unit: "days"}, "cada 2 días"}, "weeks": {provider.Period{Every: 14, Unit: "days"}, "cada 2 semanas"},
		"months": {provider.Period{Every: 2, Unit: "months"}, "cada 2 meses"}, "years": {provider.Period{Every: 24, Unit: "months"}, "cada 2 años"},
	} {
		p := c.plan("provider", "every", "2", "unit", unit)
		if p.Period != want.Period {
			t.Errorf("%s: %+v", unit, p.Period)
		}
		has(t, c.office.page("/plans/"+string(p.ID)), want.words)
	}
}

func TestPlanTellsEachMessageInThreeLanguages(t *testing.T) {
	t.Parallel()
	c := newClub(t, "AR")
	p := c.plan("hub", "methods", "rapipago", "more_steps", "-10, 20")
	if days := p.Dunning.Days; len(days) != 5 || days[0] != -10 || days[4] != 20 {
		t.Errorf("%v", days)
	}
	shown := c.office.page("/plans/" + string(p.ID))
	for _, language := range []string{"es", "pt", "en"} {
		words := func(key string) string {
			return c.subs.Say(language, key, "plan", "Club del vino", "amount", c.subs.Amount(language, p.Amount), "date", "")
		}
		has(t, shown, `lang="`+language+`"`, words("dunning.hub.voucher.subject"), words("dunning.hub.canceled.subject"))
	}
	has(t, shown, `value="-10" checked`, `value="20" checked`, "10 días antes", c.subs.SignUpPage(p), "<svg class=\"qr\"")
	has(t, c.office.page("/plans/new"), "Con tarjeta, por Mercado Pago", "Con un comprobante para pagar, por Posta", "No es la cuenta de los intentos")
}

func TestPlanChangesReachThoseWhoPayItsPrice(t *testing.T) {
	t.Parallel()
	c := newClub(t, "AR")
	p := c.plan("hub", "methods", "rapipago")
	j := c.joiner()
	j.join(p, "rapipago")
	path := "/plans/" + string(p.ID)
	got := c.office.post(path, "name", "Club grande", "amount", "0", "methods", "rapipago", "most", "3", "attempt_days", "7", "steps", "0", "grace", "0", "final", "pause")
	has(t, got.body, "mayor que cero", `value="Club grande"`)
	if got = c.office.post(path, "name", "Club grande", "amount", "2.000", "methods", "rapipago", "most", "2", "attempt_days", "5", "steps", "0", "grace", "4", "final", "pause"); got.to != path {
		t.Fatalf("%d\n%s", got.status, wrongOf(got.body))
	}
	now, err := c.subs.Plan(t.Context(), p.MerchantID, p.Mode, p.ID)
	if err != nil || now.Name != "Club grande" || now.Attempts.Most != 2 || now.Attempts.Days != 5 || now.Dunning.Final != subscription.FinalPause || now.Dunning.GraceDays != 4 || len(now.Dunning.Days) != 1 {
		t.Errorf("%+v, %v", now, err)
	}
	if got := j.sub().Amount.Amount; got != 200_000 {
		t.Errorf("the buyer pays %d", got)
	}
}

func TestPlanNeedsAnAccountThatSellsOnline(t *testing.T) {
	t.Parallel()
	c := newClub(t, "AR")
	c.world.Connection.ID = ""
	if got := c.office.post("/plans/new", c.planFields("provider")...); got.status != http.StatusUnprocessableEntity {
		t.Errorf("%d", got.status)
	}
	if got := c.office.get("/plans/" + string(posta.NewID[posta.PlanID](c.clock.Now()))); got.status != http.StatusNotFound {
		t.Errorf("another's plan: %d", got.status)
	}
	if got := c.browser().get("/plans"); got.status != http.StatusSeeOther {
		t.Errorf("nobody's plans: %d", got.status)
	}
}
