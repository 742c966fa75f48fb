package mercadopago_test

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"posta/sim/mercadopago"
)

// choose pays a preference as Go code.
func (b *stand) choose(preference string, choice mercadopago.Choice) mercadopago.PaidPreference {
	b.Helper()
	out, err := b.sim.PayPreference(preference, choice)
	if err != nil {
		b.Fatal(err)
	}
	return out
}

func (b *stand) wantRefusal(preference string, choice mercadopago.Choice, want error) {
	b.Helper()
	if _, err := b.sim.PayPreference(preference, choice); !errors.Is(err, want) {
		b.Fatalf("want %v, got %v", want, err)
	}
}

func TestMPPRO09_CheckoutOffersTheSitesMethods(t *testing.T) {
	b := newStand(t)
	get := b.browser()
	page := func(body string) string {
		status, out := get("/checkout/v1/redirect?lang=en&pref_id="+b.preference(body), nil)
		if status != 200 {
			t.Fatal(status, out)
		}
		return out
	}
	wantText(t, page(preferenceBody), "Yerba 1 kg", "$\u00a01.500,50", "Rapipago", "Pago Fácil", "Visa, Mastercard", "Account money")
	without := page(with(preferenceBody, "payment_methods", `{"excluded_payment_methods":[{"id":"rapipago"}],"excluded_payment_types":[{"id":"credit_card"},{"id":"debit_card"}]}`))
	wantText(t, without, "Pago Fácil")
	if strings.Contains(without, "Rapipago") || strings.Contains(without, "Mastercard") {
		t.Fatal("an excluded method is offered")
	}
	if huge := page(with(preferenceBody, "items.unit_price", `9000000`)); strings.Contains(huge, "Rapipago") {
		t.Fatal("a method is offered above its limit")
	}
	b.account(mercadopago.Account{UserID: user, AccessToken: token, WebhookSecret: secret, Site: "MLB"})
	wantText(t, page(with(preferenceBody, "items.currency_id", `"BRL"`)), "PIX", "Boleto", "Elo")
	if status, _ := get("/checkout/v1/redirect?pref_id=nothing", nil); status != 404 {
		t.Fatal(status)
	}
}

func TestMPPRO10_CardIsPaidOnThePageAndTheBrowserGoesBack(t *testing.T) {
	b := newStand(t)
	name := b.preference(with(preferenceBody, "notification_url", `"`+b.hook.URL+`"`))
	get := b.browser()
	_, form := get("/checkout/v1/redirect?lang=en&how=card&fill=master&holder=APRO&pref_id="+name, nil)
	wantText(t, form, `value="5031755734530604"`, `value="APRO"`, `value="11/30"`)
	fields := url.Values{"pref_id": {name}, "method": {"card"}, "card_number": {"5031 7557 3453 0604"}, "expiry": {"11/30"}, "security_code": {"123"}, "holder": {"APRO"},
		"identification_type": {"DNI"}, "identification_number": {"12345678"}, "installments": {"3"}, "email": {"ana@example.com"}}
	_, page := get("/checkout/v1/pay", fields)
	wantText(t, page, "Payment approved", "Mastercard ···· 0604", "https://shop.example/ok?s=1&amp;collection_id=")
	a := b.want(b.call("GET", "/v1/payments/search?external_reference=pay1", ""), 200)
	b.equal(a, "1", "paging", "total")
	p := func(path ...any) string { return text(at(a.object, append([]any{"results", 0}, path...)...)) }
	for got, want := range map[string]string{p("status"): "approved", p("payment_method_id"): "master", p("installments"): "3", p("transaction_amount"): "1500.5", p("payer", "email"): "ana@example.com",
		p("additional_info", "items", 0, "quantity"): "2", p("additional_info", "items", 0, "unit_price"): "750.25", p("operation_type"): "regular_payment"} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	order := b.want(b.call("GET", "/merchant_orders/"+p("order", "id"), ""), 200)
	b.equal(order, "paid", "order_status")
	b.equal(order, name, "preference_id")
	b.equal(order, "pay1", "external_reference")
	b.equal(b.want(b.call("GET", "/merchant_orders/search?preference_id="+name, ""), 200), "1", "total")
	if _, again := get("/checkout/v1/pay", fields); !strings.Contains(again, "paid already") {
		t.Fatal("a second payment was let through")
	}
	b.equal(b.want(b.call("GET", "/v1/payments/search?external_reference=pay1", ""), 200), "1", "paging", "total")
}

func TestMPPRO11_EachOutcomeHasItsBackURL(t *testing.T) {
	b := newStand(t)
	for holder, want := range map[string][3]string{"APRO": {"approved", "/ok", "s=1&"}, "CONT": {"in_process", "/wait", ""}, "FUND": {"rejected", "/no", ""}} {
		name := b.preference(preferenceBody)
		out := b.choose(name, mercadopago.Choice{Holder: holder})
		if out.Status != want[0] || !strings.HasPrefix(out.ReturnURL, "https://shop.example"+want[1]+"?"+want[2]) {
			t.Fatal(out)
		}
		u, err := url.Parse(out.ReturnURL)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		for k, v := range map[string]string{"collection_id": text(out.ID), "payment_id": text(out.ID), "status": want[0], "collection_status": want[0], "external_reference": "pay1",
			"payment_type": "credit_card", "merchant_order_id": text(out.MerchantOrderID), "preference_id": name, "site_id": "MLA", "processing_mode": "aggregator", "merchant_account_id": "null"} {
			if q.Get(k) != v {
				t.Errorf("%s: %s is %q, want %q", holder, k, q.Get(k), v)
			}
		}
	}
}

func TestMPPRO12_DeclinedCardMayBeTriedAgain(t *testing.T) {
	b := newStand(t)
	name := b.preference(preferenceBody)
	first := b.choose(name, mercadopago.Choice{Holder: "FUND"})
	second := b.choose(name, mercadopago.Choice{})
	if first.MerchantOrderID != second.MerchantOrderID || first.ID == second.ID || second.Status != "approved" {
		t.Fatal(first, second)
	}
	b.equal(b.want(b.call("GET", "/merchant_orders/"+text(second.MerchantOrderID), ""), 200), "rejected", "payments", 0, "status")
	b.wantRefusal(name, mercadopago.Choice{}, mercadopago.ErrPaid)
}

func TestMPPRO13_VoucherComesBackOnThePendingURL(t *testing.T) {
	b := newStand(t)
	due := start.Add(5 * 24 * time.Hour).Format("2006-01-02T15:04:05.000-07:00")
	name := b.preference(with(preferenceBody, "date_of_expiration", strconv.Quote(due)))
	out := b.choose(name, mercadopago.Choice{Method: "rapipago"})
	if out.Status != "pending" || !strings.HasPrefix(out.ReturnURL, "https://shop.example/wait?") || !strings.Contains(out.ReturnURL, "payment_type=ticket") || out.VoucherURL == "" {
		t.Fatal(out)
	}
	p := b.want(b.call("GET", "/v1/payments/"+text(out.ID), ""), 200)
	until, err := time.Parse(time.RFC3339, text(p.object["date_of_expiration"]))
	if err != nil || !until.Equal(start.Add(5*24*time.Hour)) {
		t.Fatal(p.raw, err)
	}
	b.equal(b.want(b.call("GET", "/merchant_orders/"+text(out.MerchantOrderID), ""), 200), "payment_in_process", "order_status")
	if err := b.sim.PayVoucher(out.ID); err != nil {
		t.Fatal(err)
	}
	b.equal(b.want(b.call("GET", "/merchant_orders/"+text(out.MerchantOrderID), ""), 200), "paid", "order_status")
}

func TestMPPRO14_AccountMoneyNeedsALogin(t *testing.T) {
	b := newStand(t)
	name := b.preference(preferenceBody)
	b.wantRefusal(name, mercadopago.Choice{Method: "account_money"}, mercadopago.ErrMethod)
	get := b.browser()
	_, page := get("/checkout/v1/redirect?lang=en&how=account&pref_id="+name, nil)
	wantText(t, page, "Log in with a test account")
	_, page = get("/checkout/v1/login", url.Values{"pref_id": {name}, "email": {mercadopago.LiveBuyer}})
	wantText(t, page, mercadopago.LiveBuyer)
	_, page = get("/checkout/v1/pay", url.Values{"pref_id": {name}, "method": {"account_money"}})
	wantText(t, page, "Payment approved")
	b.equal(b.want(b.call("GET", "/v1/payments/search?external_reference=pay1", ""), 200), "account_money", "results", 0, "payment_type_id")
}

func TestMPPRO15_WalletPurchaseIsForTheLoggedInOnly(t *testing.T) {
	b := newStand(t)
	name := b.preference(with(preferenceBody, "purpose", `"wallet_purchase"`))
	b.wantRefusal(name, mercadopago.Choice{}, mercadopago.ErrLogin)
	b.wantRefusal(name, mercadopago.Choice{Method: "rapipago", Buyer: mercadopago.LiveBuyer}, mercadopago.ErrMethod)
	_, page := b.browser()("/checkout/v1/redirect?lang=en&pref_id="+name, nil)
	wantText(t, page, "Log in to pay")
	if out := b.choose(name, mercadopago.Choice{Buyer: mercadopago.LiveBuyer}); out.Status != "approved" {
		t.Fatal(out)
	}
}

func TestMPPRO16_PreferenceLivesBetweenItsDates(t *testing.T) {
	b := newStand(t)
	at := func(d time.Duration) string { return strconv.Quote(start.Add(d).Format(time.RFC3339)) }
	name := b.preference(with(preferenceBody, "expires", "true", "expiration_date_from", at(time.Hour), "expiration_date_to", at(2*time.Hour)))
	get := b.browser()
	b.wantRefusal(name, mercadopago.Choice{}, mercadopago.ErrNotYet)
	b.move(time.Hour)
	if _, page := get("/checkout/v1/redirect?lang=en&pref_id="+name, nil); !strings.Contains(page, "How do you want to pay?") {
		t.Fatal(page)
	}
	b.move(time.Hour)
	b.wantRefusal(name, mercadopago.Choice{}, mercadopago.ErrExpired)
	_, page := get("/checkout/v1/redirect?lang=en&pref_id="+name, nil)
	wantText(t, page, "This payment link has expired", "https://shop.example/no?collection_id=null&amp;")
	ends := b.preference(with(preferenceBody, "expiration_date_to", at(time.Hour))) // without expires the dates do nothing
	b.choose(ends, mercadopago.Choice{})
}

func TestMPPRO17_LeavingComesBackWithTheWordNull(t *testing.T) {
	b := newStand(t)
	name := b.preference(preferenceBody)
	_, page := b.browser()("/checkout/v1/redirect?lang=en&pref_id="+name, nil)
	wantText(t, page, "https://shop.example/no?collection_id=null&amp;collection_status=null&amp;payment_id=null&amp;status=null&amp;external_reference=pay1&amp;payment_type=null&amp;merchant_order_id=null&amp;preference_id="+name+
		"&amp;site_id=MLA&amp;processing_mode=aggregator&amp;merchant_account_id=null")
}

func TestMPPRO18_ShippingCostIsAdded(t *testing.T) {
	b := newStand(t)
	name := b.preference(with(preferenceBody, "shipments", `{"mode":"custom","cost":99.5}`))
	_, page := b.browser()("/checkout/v1/redirect?lang=en&pref_id="+name, nil)
	wantText(t, page, "$\u00a01.600,00")
	out := b.choose(name, mercadopago.Choice{})
	p := b.want(b.call("GET", "/v1/payments/"+text(out.ID), ""), 200)
	b.equal(p, "1500.5", "transaction_amount")
	b.equal(p, "99.5", "shipping_amount")
	b.equal(p, "1600", "transaction_details", "total_paid_amount")
	order := b.want(b.call("GET", "/merchant_orders/"+text(out.MerchantOrderID), ""), 200)
	b.equal(order, "1500.5", "total_amount")
	b.equal(order, "99.5", "shipping_cost")
	b.equal(order, "1600", "paid_amount")
	b.equal(order, "99.5", "payments", 0, "shipping_cost")
}

func TestMPPRO19_AutoReturnLeadsTheBrowserBack(t *testing.T) {
	b := newStand(t)
	get := b.browser()
	for auto, want := range map[string][2]bool{`""`: {}, `"approved"`: {true, false}, `"all"`: {true, true}} {
		name := b.preference(with(preferenceBody, "auto_return", auto))
		for i, holder := range []string{"FUND", "APRO"} {
			out := b.choose(name, mercadopago.Choice{Holder: holder})
			_, page := get("/checkout/v1/result?pref_id="+name+"&payment_id="+text(out.ID), nil)
			if strings.Contains(page, `http-equiv="refresh"`) != want[1-i] {
				t.Errorf("auto_return %s, %s: %t", auto, holder, want[1-i])
			}
		}
	}
}

func TestMPPRO20_BinaryModeNeverWaits(t *testing.T) {
	b := newStand(t)
	name := b.preference(with(preferenceBody, "binary_mode", `true`))
	b.wantRefusal(name, mercadopago.Choice{Method: "rapipago"}, mercadopago.ErrMethod)
	if out := b.choose(name, mercadopago.Choice{Holder: "CONT"}); out.Status != "rejected" {
		t.Fatal(out)
	}
}

func TestMPPRO21_InstallmentsHaveALimit(t *testing.T) {
	b := newStand(t)
	name := b.preference(with(preferenceBody, "payment_methods", `{"installments":3}`))
	b.wantRefusal(name, mercadopago.Choice{Installments: 6}, mercadopago.ErrMethod)
	_, page := b.browser()("/checkout/v1/redirect?lang=en&how=card&pref_id="+name, nil)
	if strings.Contains(page, `<option value="6"`) || !strings.Contains(page, `<option value="3"`) {
		t.Fatal(page)
	}
	b.choose(name, mercadopago.Choice{Installments: 3})
}

func TestMPPRO22_WhatIsTypedWrongIsSaidAndNothingIsPaid(t *testing.T) {
	b := newStand(t)
	name := b.preference(preferenceBody)
	get := b.browser()
	status, page := get("/checkout/v1/pay?lang=en", url.Values{"pref_id": {name}, "method": {"card"}, "card_number": {"4509 9535 6623 3705"}, "expiry": {"11/30"}, "security_code": {"123"}, "holder": {"APRO"}})
	if status != 422 {
		t.Fatal(status)
	}
	wantText(t, page, "The card&#39;s number is not valid.", `value="APRO"`)
	if status, page = get("/checkout/v1/pay?lang=en", url.Values{"pref_id": {name}, "method": {"card"}}); status != 422 || !strings.Contains(page, "number is missing") {
		t.Fatal(status, page)
	}
	b.equal(b.want(b.call("GET", "/v1/payments/search?external_reference=pay1", ""), 200), "0", "paging", "total")
}

func TestMPPRO23_PagesInThreeLanguagesUnder120KB(t *testing.T) {
	b := newStand(t)
	name := b.preference(preferenceBody)
	out := b.choose(name, mercadopago.Choice{Method: "rapipago"})
	get := b.browser()
	for _, lang := range []string{"es", "pt", "en"} {
		for _, path := range []string{"redirect?pref_id=" + name, "redirect?how=card&pref_id=" + name, "redirect?how=account&pref_id=" + name, "redirect?how=rapipago&pref_id=" + name,
			"redirect?pref_id=none", "result?pref_id=" + name + "&payment_id=" + text(out.ID)} {
			_, page := get("/checkout/v1/"+path+"&lang="+lang, nil)
			if len(page) > 120<<10 || strings.Contains(page, "sim.pro.") || !strings.Contains(page, `<html lang="`+lang) {
				t.Fatal(path, lang, len(page))
			}
		}
	}
}

func TestMPPRO24_MerchantOrdersCanBeMadeAndChanged(t *testing.T) {
	b := newStand(t)
	name := b.preference(preferenceBody)
	a := b.want(b.call("POST", "/merchant_orders", `{"preference_id":"`+name+`"}`), 201)
	b.equal(a, "payment_required", "order_status")
	b.equal(a, "1500.5", "total_amount")
	out := b.choose(name, mercadopago.Choice{Holder: "FUND"})
	if text(out.MerchantOrderID) != id(a) {
		t.Fatal("the preference opened another merchant order")
	}
	b.equal(b.want(b.call("PUT", "/merchant_orders/"+id(a), `{"external_reference":"pay9"}`), 200), "pay9", "external_reference")
	b.choose(name, mercadopago.Choice{})
	b.want(b.call("PUT", "/merchant_orders/"+id(a), `{"external_reference":"pay10"}`), 400)
	b.want(b.call("POST", "/merchant_orders", `{"preference_id":"none"}`), 400)
	b.want(b.call("POST", "/merchant_orders", `{"external_reference":"x"}`), 400)
	b.want(b.call("PUT", "/merchant_orders/1", `{}`), 404)
	own := b.want(b.call("POST", "/merchant_orders", `{"external_reference":"own1","items":[{"title":"Pan","quantity":1,"unit_price":10}]}`), 201)
	b.equal(own, "10", "total_amount")
}

func TestMPPRO25_RestartedItAgreesWithItself(t *testing.T) {
	file := t.TempDir() + "/sim.db"
	b := newStand(t, func(c *mercadopago.Config) { c.File = file })
	name := b.preference(preferenceBody)
	b.choose(name, mercadopago.Choice{Holder: "FUND"})
	before := b.want(b.call("GET", preferencesURL+"/"+name, ""), 200).raw
	again := newStand(t, func(c *mercadopago.Config) { c.File = file })
	if after := again.want(again.call("GET", preferencesURL+"/"+name, ""), 200).raw; after != before {
		t.Fatal(before, after)
	}
	again.choose(name, mercadopago.Choice{})
	again.wantRefusal(name, mercadopago.Choice{}, mercadopago.ErrPaid)
}

func TestMPPRO26_TheControlAPIIsABuyerToo(t *testing.T) {
	b := newStand(t)
	name := b.preference(preferenceBody)
	a := b.want(b.call("POST", "/sim/api/preference/pay", `{"preference_id":"`+name+`","choice":{"holder":"FUND"}}`), 200)
	b.equal(a, "rejected", "status")
	b.equal(b.want(b.call("POST", "/sim/api/preference/pay", `{"preference_id":"`+name+`","choice":{}}`), 200), "approved", "status")
	b.want(b.call("POST", "/sim/api/preference/pay", `{"preference_id":"`+name+`","choice":{}}`), 409)
	b.want(b.call("POST", "/sim/api/preference/pay", `{"preference_id":"none","choice":{}}`), 404)
	b.account(mercadopago.Account{UserID: user, AccessToken: token, WebhookSecret: secret, PanelURL: b.hook.URL})
	b.want(b.call("POST", "/sim/api/notice", `{"user_id":446566691,"application_id":7910800073137785,"topic":"payment","id":"123456"}`), 200)
	b.deliver()
	if n := b.hook.take(); !verify(n[len(n)-1], secret, false) {
		t.Fatal(n)
	}
}
