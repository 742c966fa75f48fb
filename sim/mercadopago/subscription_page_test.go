package mercadopago_test

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mercadopago/sdk-go/pkg/invoice"
	"github.com/mercadopago/sdk-go/pkg/preapproval"
	"github.com/mercadopago/sdk-go/pkg/preapprovalplan"

	"posta/sim/mercadopago"
)

// signUpForm is what the page's form sends.
func signUpForm(holder string, pairs ...string) url.Values {
	v := url.Values{"method": {"card"}, "card_number": {"4509 9535 6623 3704"}, "expiry": {"11/30"}, "security_code": {"123"}, "holder": {holder},
		"identification_type": {"DNI"}, "identification_number": {"12.345.678"}, "email": {"test_user_9@testuser.com"}}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

func TestMPSUB33_TheSignUpPageOfAPlan(t *testing.T) {
	b := newSeller(t)
	p := b.plan("auto_recurring.free_trial", `{"frequency":7,"frequency_type":"days"}`, "auto_recurring.repetitions", "12")
	get := b.browser()
	path := "/subscriptions/checkout?preapproval_plan_id=" + p
	status, body := get(path, nil)
	if status != 200 {
		t.Fatal(status)
	}
	wantText(t, body, "Almacén Sur", "Club de café", "$\u00a01.500,50", "por mes", "7 días de prueba sin cobro", "12 cobros en total", "Confirmar suscripción")
	_, body = get(path+"&fill=master&holder=FUND", nil)
	wantText(t, body, `value="5031755734530604"`, `value="FUND"`)
	status, body = get("/subscriptions/sign-up", signUpForm("FUND", "preapproval_plan_id", p))
	if status != 422 {
		t.Fatal(status)
	}
	wantText(t, body, "No pudimos validar la tarjeta")
	for _, wrong := range [][2]string{{"card_number", "4509953566233705"}, {"security_code", ""}, {"email", "ana@gmail.com"}, {"email", ""}} {
		if status, body = get("/subscriptions/sign-up", signUpForm("APRO", "preapproval_plan_id", p, wrong[0], wrong[1])); status != 422 || !strings.Contains(body, `role="alert"`) {
			t.Fatal(wrong, status)
		}
	}
	if n := len(b.sim.Subscriptions()); n != 0 {
		t.Fatalf("%d subscriptions of what was refused", n)
	}
	status, body = get("/subscriptions/sign-up", signUpForm("APRO", "preapproval_plan_id", p))
	book := b.sim.Subscriptions()[0]
	if status != 200 || book.Status != "authorized" || book.Email != "test_user_9@testuser.com" || book.PlanID != p {
		t.Fatal(status, book)
	}
	wantText(t, body, "Suscripción confirmada", "https://shop.example.com/back?preapproval_id="+book.ID, "27 nov")
	b.equal(b.sub(book.ID), "visa", "payment_method_id")
}

func TestMPSUB34_TheSignUpPageOfAPendingOneAndOfWhatIsOver(t *testing.T) {
	b := newSeller(t)
	one := id(b.want(b.call("POST", "/preapproval", subBody), 201))
	get := b.browser()
	path := "/subscriptions/checkout?preapproval_id=" + one
	_, body := get(path, nil)
	wantText(t, body, "test_user_1@testuser.com")
	if status, body := get("/subscriptions/sign-up", signUpForm("APRO", "preapproval_id", one)); status != 422 { // another buyer
		t.Fatal(status, body)
	}
	get("/subscriptions/sign-up", signUpForm("APRO", "preapproval_id", one, "email", "test_user_1@testuser.com"))
	b.equal(b.sub(one), "authorized", "status")
	_, body = get(path, nil)
	wantText(t, body, "ya está confirmada", "Volver a la tienda")
	if status, _ := get("/subscriptions/sign-up", signUpForm("APRO", "preapproval_id", one, "email", "test_user_1@testuser.com")); status != 200 || len(b.sim.Subscriptions()) != 1 {
		t.Fatal("signed twice", status)
	}
	b.change(one, `{"status":"cancelled"}`, 200)
	_, body = get(path, nil)
	wantText(t, body, "ya no está disponible")
	p := b.plan()
	b.want(b.call("PUT", "/preapproval_plan/"+p, `{"status":"cancelled"}`), 200)
	_, body = get("/subscriptions/checkout?preapproval_plan_id="+p, nil)
	wantText(t, body, "ya no está disponible")
	if status, _ := get("/subscriptions/checkout?preapproval_plan_id=nope", nil); status != 404 {
		t.Fatal(status)
	}
}

func TestMPSUB35_TheListChargesAndFailsAndHeals(t *testing.T) {
	b := newSeller(t, atOnce)
	get := b.browser()
	_, body := get("/sim/subscriptions", nil)
	wantText(t, body, "No hay suscripciones")
	one := b.subscribeTo(b.plan())
	b.move(24 * time.Hour)
	press := func(deed string) (int, string) {
		return get("/sim/subscriptions", url.Values{"deed": {deed}, "preapproval_id": {one}})
	}
	_, body = press("charge")
	wantText(t, body, "Club de café", "activa", "2 pagadas, 0 fallidas", "Que falle", "20 ene 2027") // the dates that follow stay
	_, body = press("fail")
	wantText(t, body, "la tarjeta falla", "Que vuelva a andar")
	_, body = press("charge")
	wantText(t, body, "se va a reintentar")
	press("heal")
	_, body = press("charge")
	wantText(t, body, "3 pagadas, 0 fallidas")
	if book := b.book(one); len(book.Invoices) != 3 || book.Invoices[2].Attempts != 2 || !book.Invoices[1].Due.Equal(b.clock.Now()) {
		t.Fatal(book)
	}
	b.change(one, `{"status":"cancelled"}`, 200)
	if status, _ := press("charge"); status != 409 {
		t.Fatal(status)
	}
}

func TestMPSUB36_TheControlAPIDrivesSubscriptions(t *testing.T) {
	b := newSeller(t, atOnce)
	p := b.plan()
	a := b.want(b.call("POST", "/sim/api/subscriptions/sign-up", `{"preapproval_plan_id":"`+p+`","email":"test_user_3@testuser.com","card":{"holder":"APRO"},"external_reference":"r1"}`), 200)
	one := text(a.object["preapproval_id"])
	b.equal(a, "https://shop.example.com/back?preapproval_id="+one, "back_url")
	b.equal(b.want(b.call("POST", "/sim/api/subscriptions/card", `{"preapproval_id":"`+one+`","holder":"CALL"}`), 200), "CALL", "acts")
	a = b.want(b.call("POST", "/sim/api/subscriptions/charge", `{"preapproval_id":"`+one+`"}`), 200)
	b.equal(a, "recycling", "invoices", 1, "status")
	b.equal(a, "1", "invoices", 1, "attempts")
	b.equal(a, "rejected", "invoices", 1, "payment_status")
	b.equal(b.want(b.call("GET", "/sim/api/subscriptions/"+one, ""), 200), "r1", "external_reference")
	if list := b.want(b.call("GET", "/sim/api/subscriptions", ""), 200).list; len(list) != 1 {
		t.Fatal(list)
	}
	b.want(b.call("POST", "/sim/api/subscriptions/charge", `{"preapproval_id":"nope"}`), 404)
	b.want(b.call("GET", "/sim/api/subscriptions/nope", ""), 404)
	b.change(one, `{"status":"paused"}`, 200)
	b.want(b.call("POST", "/sim/api/subscriptions/charge", `{"preapproval_id":"`+one+`"}`), 409)
	b.want(b.call("POST", "/sim/api/subscriptions/sign-up", `{"preapproval_plan_id":"`+p+`","card":{"holder":"FUND"}}`), 400)
}

func TestMPSUB37_PagesOfSubscriptionsInEveryLanguage(t *testing.T) {
	b := newSeller(t, atOnce)
	p := b.plan("auto_recurring.billing_day", "5", "auto_recurring.billing_day_proportional", "true")
	one := b.subscribeTo(p)
	b.must(b.sim.FailCard(one))
	b.must(b.sim.ChargeNow(one))
	open := id(b.want(b.call("POST", "/preapproval", subBody), 201))
	for _, lang := range []string{"es", "pt", "en"} {
		get := b.browser()
		for _, path := range []string{"/subscriptions/checkout?preapproval_plan_id=" + p, "/subscriptions/checkout?preapproval_id=" + open + "&how=account", "/subscriptions/checkout?preapproval_id=" + one,
			"/subscriptions/result?preapproval_id=" + one + "&x=1", "/subscriptions/checkout?x=1", "/sim/subscriptions?x=1", "/sim/control?x=1"} {
			_, body := get(path+"&lang="+lang, nil)
			if missing := regexp.MustCompile(`sim\.(sub|pro|switch)\.[a-z._]+`).FindString(body); missing != "" {
				t.Fatalf("%s in %s shows %s", path, lang, missing)
			}
			if len(body) > 120<<10 || !strings.Contains(body, `<html lang="`+lang) {
				t.Fatalf("%s in %s: %d bytes", path, lang, len(body))
			}
		}
	}
}

func TestMPSUB38_CreatedWith200BySwitch(t *testing.T) {
	b := newSeller(t, func(c *mercadopago.Config) { c.Switches.SubscriptionCreated200 = true })
	b.want(b.call("POST", "/preapproval_plan", planBody), 200)
	b.want(b.call("POST", "/preapproval", subBody), 200)
}

func TestMPSUB39_APlanTakesTheMethodsItAllows(t *testing.T) {
	b := newSeller(t)
	p := b.plan("payment_methods_allowed", `{"payment_types":[{"id":"credit_card"}],"payment_methods":[{"id":"master"}]}`)
	b.equal(b.call("GET", "/preapproval_plan/"+p, ""), "master", "payment_methods_allowed", "payment_methods", 0, "id")
	b.wantMessage(b.call("POST", "/preapproval", `{"preapproval_plan_id":"`+p+`","payer_email":"test_user_1@testuser.com","card_token_id":"`+b.cardToken("APRO")+`"}`), 400, "not allowed")
	if _, err := b.sim.SignUp(mercadopago.SignUpRequest{PlanID: p, AccountMoney: true}); err == nil {
		t.Fatal("account money was taken")
	}
	if _, err := b.sim.SignUp(mercadopago.SignUpRequest{PlanID: p, Card: mercadopago.CardForm{Number: "5031755734530604"}}); err != nil {
		t.Fatal(err)
	}
}

func TestMPSUB40_AccountMoneyIsChargedToo(t *testing.T) {
	b := newSeller(t, atOnce)
	out, err := b.sim.SignUp(mercadopago.SignUpRequest{PlanID: b.plan(), AccountMoney: true})
	if err != nil {
		t.Fatal(err)
	}
	b.equal(b.sub(out.SubscriptionID), "account_money", "payment_method_id")
	b.equal(b.sub(out.SubscriptionID), "<nil>", "card_id")
	i := b.invoices(out.SubscriptionID)[0]
	if at(i, "payment", "status") != "approved" || at(i, "payment_method_id") != "account_money" {
		t.Fatal(i)
	}
}

func TestMPSUB41_ChileAndColombiaTakeWholeNumbers(t *testing.T) {
	for siteID, currency := range map[string]string{"MLC": "CLP", "MCO": "COP"} {
		b := newStand(t, atOnce)
		b.account(mercadopago.Account{UserID: user, AccessToken: token, Site: siteID, Test: true})
		b.wantMessage(b.call("POST", "/preapproval_plan", with(planBody, "auto_recurring.currency_id", `"`+currency+`"`)), 400, "transaction_amount")
		p := b.plan("auto_recurring.currency_id", `"`+currency+`"`, "auto_recurring.transaction_amount", "9990", "auto_recurring.billing_day", "3", "auto_recurring.billing_day_proportional", "true")
		out, err := b.sim.SignUp(mercadopago.SignUpRequest{PlanID: p})
		if err != nil {
			t.Fatal(err)
		}
		if got := text(at(b.invoices(out.SubscriptionID)[0], "transaction_amount")); got != "4329" { // 13 days of 30
			t.Fatal(siteID, got)
		}
	}
}

func TestMPSUB42_TheOfficialSDKDrivesPlansSubscriptionsAndInvoices(t *testing.T) {
	b := newSeller(t, atOnce)
	cfg, ctx := b.sdk(), context.Background()
	plans, subs, invoices := preapprovalplan.NewClient(cfg), preapproval.NewClient(cfg), invoice.NewClient(cfg)
	p, err := plans.Create(ctx, preapprovalplan.Request{Reason: "Yoga", BackURL: "https://shop.example.com/back", AutoRecurring: &preapprovalplan.AutoRecurringRequest{
		Frequency: 1, FrequencyType: "months", TransactionAmount: 50.25, CurrencyID: "ARS", Repetitions: 12, FreeTrial: &preapprovalplan.FreeTrialRequest{Frequency: 1, FrequencyType: "days"}}})
	if err != nil || p.Status != "active" || p.AutoRecurring.Repetitions != 12 || p.AutoRecurring.FreeTrial.FirstInvoiceOffset != 1 {
		t.Fatal(p, err)
	}
	if p, err = plans.Update(ctx, p.ID, preapprovalplan.Request{Reason: "Yoga y más", AutoRecurring: &preapprovalplan.AutoRecurringRequest{TransactionAmount: 60}}); err != nil ||
		p.Reason != "Yoga y más" || p.AutoRecurring.TransactionAmount != 60 || p.AutoRecurring.FreeTrial.Frequency != 1 {
		t.Fatal(p, err)
	}
	if got, err := plans.Get(ctx, p.ID); err != nil || got.InitPoint == "" {
		t.Fatal(got, err)
	}
	if found, err := plans.Search(ctx, preapprovalplan.SearchRequest{Filters: map[string]string{"q": "yoga"}}); err != nil || found.Paging.Total != 1 {
		t.Fatal(found, err)
	}
	v, err := subs.Create(ctx, preapproval.Request{PreapprovalPlanID: p.ID, PayerEmail: "test_user_1@testuser.com", CardTokenID: b.cardToken("APRO"), ExternalReference: "s1"})
	if err != nil || v.Status != "authorized" || !v.NextPaymentDate.Equal(start.Add(24*time.Hour)) {
		t.Fatal(v, err)
	}
	if v, err = subs.Update(ctx, v.ID, preapproval.UpdateRequest{AutoRecurring: &preapproval.AutoRecurringUpdateRequest{TransactionAmount: 75.5}}); err != nil || v.AutoRecurring.TransactionAmount != 75.5 {
		t.Fatal(v, err)
	}
	b.move(24 * time.Hour)
	if v, err = subs.Get(ctx, v.ID); err != nil || v.Summarized.ChargedQuantity != 1 || v.Summarized.LastChargedAmount != 75.5 || v.Summarized.Quotas != 12 {
		t.Fatal(v, err)
	}
	if found, err := subs.Search(ctx, preapproval.SearchRequest{Filters: map[string]string{"preapproval_plan_id": p.ID}}); err != nil || found.Paging.Total != 1 || found.Results[0].ID != v.ID {
		t.Fatal(found, err)
	}
	found, err := invoices.Search(ctx, invoice.SearchRequest{Filters: map[string]string{"preapproval_id": v.ID}})
	if err != nil || found.Paging.Total != 1 || found.Results[0].Payment.Status != "approved" {
		t.Fatal(found, err)
	}
	if one, err := invoices.Get(ctx, fmt.Sprint(found.Results[0].ID)); err != nil || one.PreapprovalID != v.ID || one.TransactionAmount != 75.5 || one.RetryAttempt != 1 {
		t.Fatal(one, err)
	}
	if v, err = subs.Update(ctx, v.ID, preapproval.UpdateRequest{Status: "cancelled"}); err != nil || v.Status != "cancelled" {
		t.Fatal(v, err)
	}
	n := 0
	for _, err := range subs.SearchAll(ctx, preapproval.SearchRequest{}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 1 {
		t.Fatalf("%d subscriptions", n)
	}
}
