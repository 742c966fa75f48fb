package mercadopago_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"posta/sim/mercadopago"
)

const (
	planBody = `{"reason":"Club de café","back_url":"https://shop.example.com/back","auto_recurring":{"frequency":1,"frequency_type":"months","transaction_amount":1500.5,"currency_id":"ARS"}}`
	subBody  = `{"reason":"Club de café","external_reference":"sub1","payer_email":"test_user_1@testuser.com","back_url":"https://shop.example.com/back","status":"pending",
		"auto_recurring":{"frequency":1,"frequency_type":"months","transaction_amount":1500.5,"currency_id":"ARS"}}`
	visaAR = "4509953566233704"
)

// newSeller is a stand whose account is a test seller.
func newSeller(t *testing.T, change ...func(*mercadopago.Config)) *stand {
	t.Helper()
	b := newStand(t, change...)
	b.account(mercadopago.Account{UserID: user, AccessToken: token, WebhookSecret: secret, Test: true, PublicKey: "APP_USR-public-1", BusinessName: "Almacén Sur"})
	return b
}

// atOnce lets the first instalment come at the sign-up.
func atOnce(c *mercadopago.Config) { c.Switches.FirstChargeAtOnce = true }

// cardToken makes a token of the holder's card.
func (b *stand) cardToken(holder string) string {
	b.Helper()
	a := b.want(b.call("POST", "/v1/card_tokens?public_key=APP_USR-public-1", `{"card_number":"`+visaAR+`","expiration_month":11,"expiration_year":2030,"security_code":"123",
		"cardholder":{"name":"`+holder+`","identification":{"type":"DNI","number":"12345678"}}}`), 201)
	return id(a)
}

// plan makes a plan of changed terms and gives its id.
func (b *stand) plan(pairs ...string) string {
	b.Helper()
	return id(b.want(b.call("POST", "/preapproval_plan", with(planBody, pairs...)), 201))
}

// subscribe makes an authorized subscription without plan.
func (b *stand) subscribe(pairs ...string) string {
	b.Helper()
	pairs = append([]string{"status", `"authorized"`, "card_token_id", `"` + b.cardToken("APRO") + `"`}, pairs...)
	return id(b.want(b.call("POST", "/preapproval", with(subBody, pairs...)), 201))
}

// subscribeTo makes a subscription of a plan.
func (b *stand) subscribeTo(plan string) string {
	b.Helper()
	return id(b.want(b.call("POST", "/preapproval", `{"preapproval_plan_id":"`+plan+`","payer_email":"test_user_1@testuser.com","external_reference":"sub1","card_token_id":"`+b.cardToken("APRO")+`"}`), 201))
}

func (b *stand) sub(id string) answer {
	b.Helper()
	return b.want(b.call("GET", "/preapproval/"+id, ""), 200)
}

func (b *stand) change(id, body string, status int) answer {
	b.Helper()
	return b.want(b.call("PUT", "/preapproval/"+id, body), status)
}

// wantMessage checks the envelope of the subscriptions API.
func (b *stand) wantMessage(a answer, status int, part string) {
	b.Helper()
	b.want(a, status)
	message, _ := a.object["message"].(string)
	if !strings.Contains(message, part) || fmt.Sprint(a.object["status"]) != fmt.Sprint(status) {
		b.Fatalf("%s does not say %q", a.raw, part)
	}
}

// book is the simulator's own word on a subscription.
func (b *stand) book(id string) mercadopago.SubscriptionBook {
	b.Helper()
	book, ok := b.sim.Subscription(id)
	if !ok {
		b.Fatalf("no subscription %s", id)
	}
	return book
}

// invoices are what the API tells of a subscription's.
func (b *stand) invoices(id string) []any {
	b.Helper()
	a := b.want(b.call("GET", "/authorized_payments/search?preapproval_id="+id+"&limit=1000", ""), 200)
	list, _ := a.object["results"].([]any)
	return list
}

// listen has the panel's webhooks come here.
func (b *stand) listen(topics ...string) {
	b.Helper()
	b.account(mercadopago.Account{UserID: user, AccessToken: token, WebhookSecret: secret, Test: true, PublicKey: "APP_USR-public-1", BusinessName: "Almacén Sur",
		PanelURL: b.hook.URL + "/hook", PanelTopics: topics})
}

// until moves the clock to a moment.
func (b *stand) until(at time.Time) { b.Helper(); b.move(at.Sub(b.clock.Now())) }

// day is a moment by the provider's calendar.
func day(year int, month time.Month, date, hour int) time.Time {
	return time.Date(year, month, date, hour, 0, 0, 0, time.FixedZone("", -4*3600))
}

func TestMPSUB01_APlanIsCreatedReadAndListed(t *testing.T) {
	b := newSeller(t)
	a := b.want(b.call("POST", "/preapproval_plan", planBody), 201)
	one := id(a)
	if len(one) != 32 {
		t.Fatal(one)
	}
	b.equal(a, "active", "status")
	b.equal(a, "446566691", "collector_id")
	b.equal(a, "http://sim.example/subscriptions/checkout?preapproval_plan_id="+one, "init_point")
	b.equal(a, "1500.5", "auto_recurring", "transaction_amount")
	b.equal(a, "<nil>", "auto_recurring", "free_trial")
	b.equal(b.want(b.call("GET", "/preapproval_plan/"+one, ""), 200), "Club de café", "reason")
	b.wantMessage(b.call("GET", "/preapproval_plan/2c938084726fca480172750000000000", ""), 404, "does not exist")
	b.plan("reason", `"Yoga"`)
	b.subscribeTo(one)
	found := b.want(b.call("GET", "/preapproval_plan/search?q=caf%C3%A9&status=active", ""), 200)
	b.equal(found, "1", "paging", "total")
	b.equal(found, "1", "results", 0, "subscribed")
	b.equal(b.call("GET", "/preapproval_plan/search?sort=date_created&criteria=desc&limit=1", ""), "Yoga", "results", 0, "reason")
	b.wantMessage(b.call("GET", "/preapproval_plan/search?sort=colour", ""), 400, "sort")
}

func TestMPSUB02_WhatIsWrongWithAPlanIsSaid(t *testing.T) {
	b := newSeller(t)
	for _, c := range [][3]string{
		{"auto_recurring.frequency", `0`, "frequency must be a positive integer"}, {"auto_recurring.frequency", `1.5`, "frequency"},
		{"auto_recurring.frequency_type", `"years"`, "frequency_type"}, {"auto_recurring.currency_id", `"BRL"`, "currency_id"},
		{"auto_recurring.transaction_amount", `10.123`, "transaction_amount"}, {"auto_recurring.transaction_amount", `"10"`, "transaction_amount"},
		{"auto_recurring.transaction_amount", `14.99`, "lower than $ 15.00"}, {"auto_recurring.transaction_amount", `2000000.01`, "greater than $ 2000000.00"},
		{"auto_recurring.billing_day", `29`, "billing_day"}, {"auto_recurring.billing_day_proportional", `true`, "billing_day"},
		{"auto_recurring.repetitions", `0`, "repetitions"}, {"auto_recurring.free_trial", `{"frequency":1,"frequency_type":"years"}`, "frequency_type"},
		{"reason", "", "reason"}, {"back_url", "", "back_url"}, {"back_url", `"http://shop.example.com"`, "https"}, {"auto_recurring", "", "auto_recurring"},
	} {
		b.wantMessage(b.call("POST", "/preapproval_plan", with(planBody, c[0], c[1])), 400, c[2])
	}
	b.wantMessage(b.call("POST", "/preapproval_plan", with(planBody, "auto_recurring.frequency", "2", "auto_recurring.billing_day", "10")), 400, "monthly")
	b.wantMessage(b.call("POST", "/preapproval_plan", "{"), 400, "JSON")
	b.equal(b.call("GET", "/preapproval_plan/search", ""), "0", "paging", "total")
}

func TestMPSUB03_APendingSubscriptionHasALink(t *testing.T) {
	b := newSeller(t)
	a := b.want(b.call("POST", "/preapproval", subBody), 201)
	b.equal(a, "pending", "status")
	b.equal(a, "", "payer_email")
	b.equal(a, "http://sim.example/subscriptions/checkout?preapproval_id="+id(a), "init_point")
	b.equal(a, "<nil>", "payment_method_id")
	b.equal(a, "<nil>", "summarized", "quotas")
	b.equal(a, "1", "version")
	b.move(60 * 24 * time.Hour)
	if n := len(b.invoices(id(a))); n != 0 {
		t.Fatalf("%d invoices without means of payment", n)
	}
}

func TestMPSUB04_WhatIsWrongWithASubscriptionIsSaid(t *testing.T) {
	b := newSeller(t)
	long := `"` + strings.Repeat("x", 256) + `"`
	for _, c := range [][3]string{
		{"payer_email", "", "payer_email is required"}, {"payer_email", `"nobody"`, "payer_email"}, {"payer_email", `"ana@gmail.com"`, "real or test users"},
		{"payer_email", `"test_user_446566691@testuser.com"`, "same user"}, {"reason", long, "255"}, {"external_reference", long, "255"}, {"external_reference", "", "required"},
		{"back_url", "", "back_url"}, {"status", `"paused"`, "status"}, {"status", `"authorized"`, "card_token_id is required"},
		{"auto_recurring.start_date", `"2027-01-01T00:00:00.000-04:00"`, "end_date"}, {"auto_recurring.end_date", `"2026-01-01T00:00:00.000-04:00"`, "end_date"},
		{"auto_recurring.transaction_amount", `1`, "lower than"}, {"auto_recurring.currency_id", `"USD"`, "currency_id"},
	} {
		b.wantMessage(b.call("POST", "/preapproval", with(subBody, c[0], c[1])), 400, c[2])
	}
	b.wantMessage(b.call("POST", "/preapproval", with(subBody, "auto_recurring.start_date", `"2026-01-01T00:00:00Z"`, "auto_recurring.end_date", `"2027-01-01T00:00:00Z"`)), 400, "past")
	b.wantMessage(b.call("POST", "/preapproval", with(subBody, "auto_recurring.start_date", `"2027-02-01T00:00:00Z"`, "auto_recurring.end_date", `"2027-01-01T00:00:00Z"`)), 400, "after")
	b.equal(b.call("GET", "/preapproval/search", ""), "0", "paging", "total")
}

func TestMPSUB05_ACardTokenServesOnce(t *testing.T) {
	b := newSeller(t)
	k := b.cardToken("APRO")
	body := with(subBody, "status", `"authorized"`, "card_token_id", `"`+k+`"`)
	a := b.want(b.call("POST", "/preapproval", body), 201)
	b.equal(a, "authorized", "status")
	b.equal(a, "visa", "payment_method_id")
	b.wantMessage(b.call("POST", "/preapproval", body), 400, "used")
	b.wantMessage(b.call("POST", "/preapproval", with(body, "card_token_id", `"0123456789abcdef0123456789abcdef"`)), 400, "not found")
	old := b.cardToken("APRO")
	b.move(8 * 24 * time.Hour)
	b.wantMessage(b.call("POST", "/preapproval", with(body, "card_token_id", `"`+old+`"`)), 400, "expired")
}

func TestMPSUB06_ACardThatFailsIsRefusedAtTheSignUp(t *testing.T) {
	b := newSeller(t)
	for _, holder := range []string{"FUND", "OTHE"} {
		b.wantMessage(b.call("POST", "/preapproval", with(subBody, "status", `"authorized"`, "card_token_id", `"`+b.cardToken(holder)+`"`)), 400, "CC_VAL_433")
	}
	w := b.sim.Switches()
	w.CardValidation401 = true
	if err := b.sim.SetSwitches(w); err != nil {
		t.Fatal(err)
	}
	b.wantMessage(b.call("POST", "/preapproval", with(subBody, "status", `"authorized"`, "card_token_id", `"`+b.cardToken("FUND")+`"`)), 401, "CC_VAL_433")
	b.equal(b.call("GET", "/preapproval/search", ""), "0", "paging", "total")
}

func TestMPSUB07_TheKeyOfIdempotencyIsNotHonoured(t *testing.T) {
	b := newSeller(t)
	first := id(b.want(b.call("POST", "/preapproval", subBody, "X-Idempotency-Key", "k1"), 201))
	second := id(b.want(b.call("POST", "/preapproval", subBody, "X-Idempotency-Key", "k1"), 201))
	if first == second {
		t.Fatal("the key was honoured")
	}
	b.equal(b.call("GET", "/preapproval/search", ""), "2", "paging", "total")
}

func TestMPSUB08_ASubscriptionOfAPlanTakesItsTerms(t *testing.T) {
	b := newSeller(t)
	p := b.plan()
	body := `{"preapproval_plan_id":"` + p + `","payer_email":"test_user_1@testuser.com","card_token_id":"` + b.cardToken("APRO") + `"}`
	b.wantMessage(b.call("POST", "/preapproval", with(body, "auto_recurring", `{"transaction_amount":99}`)), 400, "differs")
	b.wantMessage(b.call("POST", "/preapproval", with(body, "status", `"pending"`)), 400, "authorized")
	b.wantMessage(b.call("POST", "/preapproval", with(body, "card_token_id", "")), 400, "card_token_id is required")
	b.wantMessage(b.call("POST", "/preapproval", with(body, "preapproval_plan_id", `"nope"`)), 400, "does not exist")
	a := b.want(b.call("POST", "/preapproval", body), 201)
	b.equal(a, "authorized", "status")
	b.equal(a, "1500.5", "auto_recurring", "transaction_amount")
	b.equal(a, p, "preapproval_plan_id")
	b.equal(a, "Club de café", "reason")
	b.equal(b.want(b.call("PUT", "/preapproval_plan/"+p, `{"status":"cancelled"}`), 200), "cancelled", "status")
	b.wantMessage(b.call("POST", "/preapproval", with(body, "card_token_id", `"`+b.cardToken("APRO")+`"`)), 400, "cancelled")
	b.wantMessage(b.call("PUT", "/preapproval_plan/"+p, `{"reason":"x"}`), 400, "already cancelled")
	b.equal(b.sub(id(a)), "authorized", "status")
}

func TestMPSUB09_AnothersSubscriptionIsNotValidForTheCaller(t *testing.T) {
	b := newSeller(t)
	one := b.subscribe()
	b.account(mercadopago.Account{UserID: 2, AccessToken: "APP_USR-other", Test: true})
	b.wantMessage(b.call("GET", "/preapproval/"+one, "", "Authorization", "Bearer APP_USR-other"), 400, "not valid for callerId")
	b.wantMessage(b.call("PUT", "/preapproval/"+one, `{"status":"cancelled"}`, "Authorization", "Bearer APP_USR-other"), 400, "not valid for callerId")
	b.wantMessage(b.call("GET", "/preapproval/nope", ""), 404, "does not exist")
	b.equal(b.call("GET", "/authorized_payments/search", "", "Authorization", "Bearer APP_USR-other"), "0", "paging", "total")
}

func TestMPSUB10_PutIgnoresWhatCannotChangeAndIsHalfApplied(t *testing.T) {
	b := newSeller(t)
	one := b.subscribe()
	before := b.sub(one)
	a := b.change(one, `{"payer_email":"test_user_2@testuser.com","preapproval_plan_id":"x","auto_recurring":{"frequency":7,"frequency_type":"days","currency_id":"USD","end_date":"2030-01-01T00:00:00Z"}}`, 200)
	b.equal(a, "1", "auto_recurring", "frequency")
	b.equal(a, "months", "auto_recurring", "frequency_type")
	b.equal(a, "ARS", "auto_recurring", "currency_id")
	b.equal(a, "<nil>", "auto_recurring", "end_date")
	b.equal(a, fmt.Sprint(before.object["version"]), "version")
	b.wantMessage(b.call("PUT", "/preapproval/"+one, `{"reason":"Otro club","auto_recurring":{"transaction_amount":1}}`), 400, "lower than")
	b.equal(b.sub(one), "Otro club", "reason")
	b.equal(b.sub(one), "1500.5", "auto_recurring", "transaction_amount")
	b.wantMessage(b.call("PUT", "/preapproval/"+one, `{"status":"finished"}`), 400, "status")
}

func TestMPSUB11_APausedOneIsNotEditedAndNotCharged(t *testing.T) {
	b := newSeller(t, atOnce)
	one := b.subscribe()
	b.change(one, `{"status":"paused"}`, 200)
	b.wantMessage(b.call("PUT", "/preapproval/"+one, `{"reason":"x"}`), 400, "You can not modify a paused preapproval.")
	b.until(day(2027, 1, 25, 12))
	a := b.sub(one)
	b.equal(a, "paused", "status")
	b.equal(a, "2027-02-20T11:00:00.000-04:00", "next_payment_date")
	if n := len(b.invoices(one)); n != 1 {
		t.Fatalf("%d invoices", n)
	}
	a = b.change(one, `{"status":"authorized","reason":"x","auto_recurring":{"transaction_amount":99}}`, 200)
	b.equal(a, "authorized", "status")
	b.equal(a, "Club de café", "reason")
	b.equal(a, "1500.5", "auto_recurring", "transaction_amount")
	b.equal(a, "2027-02-20T11:00:00.000-04:00", "next_payment_date")
	b.until(day(2027, 2, 20, 11))
	if n := len(b.invoices(one)); n != 2 {
		t.Fatalf("%d invoices", n)
	}
	b.change(one, `{"status":"paused"}`, 200)
	b.change(one, `{"status":"cancelled"}`, 200)
	b.wantMessage(b.call("PUT", "/preapproval/"+one, `{"status":"authorized"}`), 400, "cancelled")
}

func TestMPSUB12_ANewAmountCountsFromTheNextChargeAndSendsNoNotice(t *testing.T) {
	b := newSeller(t, atOnce)
	b.listen()
	one := b.subscribe()
	b.deliver()
	b.hook.take()
	version := b.sub(one).object["version"].(json.Number)
	b.change(one, `{"auto_recurring":{"transaction_amount":2000}}`, 200)
	if b.deliver() != 0 {
		t.Fatal("a new amount was told")
	}
	if now := b.sub(one).object["version"].(json.Number); now <= version {
		t.Fatalf("version %s after %s", now, version)
	}
	b.until(day(2026, 12, 20, 11))
	list := b.invoices(one)
	if text(at(list[0], "transaction_amount")) != "1500.5" || text(at(list[1], "transaction_amount")) != "2000" {
		t.Fatal(list)
	}
}

func TestMPSUB13_APlansNewAmountReachesItsSubscribersItsFrequencyDoesNot(t *testing.T) {
	b := newSeller(t, atOnce)
	p := b.plan()
	one := b.subscribeTo(p)
	a := b.want(b.call("PUT", "/preapproval_plan/"+p, `{"auto_recurring":{"transaction_amount":3000,"frequency":3}}`), 200)
	b.equal(a, "3", "auto_recurring", "frequency")
	b.equal(b.sub(one), "3000", "auto_recurring", "transaction_amount")
	b.equal(b.sub(one), "1", "auto_recurring", "frequency")
	b.until(day(2026, 12, 21, 0))
	if list := b.invoices(one); len(list) != 2 || text(at(list[1], "transaction_amount")) != "3000" {
		t.Fatal(list)
	}
	b.wantMessage(b.call("PUT", "/preapproval_plan/"+p, `{"auto_recurring":{"frequency_type":"years"}}`), 400, "frequency_type")
}

func TestMPSUB14_SearchIgnoresTheReferenceAndTellsLess(t *testing.T) {
	b := newSeller(t)
	p := b.plan()
	one, two := b.subscribeTo(p), b.subscribe("payer_email", `"test_user_7@testuser.com"`, "auto_recurring.transaction_amount", "20")
	a := b.want(b.call("GET", "/preapproval/search?external_reference=nobody", ""), 200)
	b.equal(a, "2", "paging", "total")
	row := at(a.object, "results", 0).(map[string]any)
	if _, there := row["next_payment_date"]; there || len(row["summarized"].(map[string]any)) != 0 {
		t.Fatal(row)
	}
	payer := text(b.sub(two).object["payer_id"])
	for query, want := range map[string]string{"preapproval_plan_id=" + p: one, "payer_email=test_user_7@testuser.com": two, "payer_id=" + payer: two,
		"transaction_amount=20": two, "status=authorized,paused&sort=date_created:desc&limit=1": two, "offset=1": two, "q=test_user_7": two} {
		b.equal(b.want(b.call("GET", "/preapproval/search?"+query, ""), 200), want, "results", 0, "id")
	}
	b.equal(b.call("GET", "/preapproval/search?status=cancelled", ""), "0", "paging", "total")
	b.wantMessage(b.call("GET", "/preapproval/search?sort=colour:asc", ""), 400, "sort")
	export := b.want(b.call("GET", "/preapproval/export?collector_id=446566691&status=authorized", ""), 200)
	if !strings.HasPrefix(export.header.Get("Content-Type"), "text/csv") || strings.Count(export.raw, "\n") != 3 || !strings.Contains(export.raw, two) {
		t.Fatal(export.header, export.raw)
	}
	b.wantMessage(b.call("GET", "/preapproval/export?collector_id=7", ""), 400, "callerId")
}
