package mercadopago_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"posta/sim/mercadopago"
)

// switches changes the simulator's choices.
func (b *stand) switches(change func(*mercadopago.Switches)) {
	b.Helper()
	w := b.sim.Switches()
	change(&w)
	if err := b.sim.SetSwitches(w); err != nil {
		b.Fatal(err)
	}
}

func (b *stand) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func TestMPSUB15_TheCardIsProvedByAChargeThatIsGivenBack(t *testing.T) {
	b := newSeller(t)
	b.subscribe()
	a := b.want(b.call("GET", "/v1/payments/search", ""), 200)
	b.equal(a, "1", "paging", "total")
	b.equal(a, "refunded", "results", 0, "status")
	b.equal(a, "1", "results", 0, "transaction_amount")
	b.equal(a, "card_validation", "results", 0, "operation_type")
	if book := b.sim.Books("sub1"); book.Attempts != 0 {
		t.Fatal(book)
	}
	b.subscribe("card_token_id", `"`+b.cardToken("CONT")+`"`) // decided later, given back then
	a = b.call("GET", "/v1/payments/search?status=in_process", "")
	b.equal(a, "card_validation", "results", 0, "operation_type")
	number, err := at(a.object, "results", 0, "id").(json.Number).Int64()
	b.must(err)
	b.must(b.sim.Settle(number, true))
	b.equal(b.call("GET", "/v1/payments/search?status=refunded", ""), "2", "paging", "total")
	b.switches(func(w *mercadopago.Switches) { w.NoValidationCharge = true })
	b.subscribe()
	b.equal(b.call("GET", "/v1/payments/search", ""), "2", "paging", "total")
}

func TestMPSUB16_TheFirstInstalmentComesAnHourLaterOrAtOnce(t *testing.T) {
	b := newSeller(t)
	one := b.subscribe()
	list := b.invoices(one)
	if len(list) != 1 || at(list[0], "status") != "scheduled" || at(list[0], "payment") != nil || at(list[0], "debit_date") != "2026-11-20T12:00:00.000-04:00" {
		t.Fatal(list)
	}
	b.move(59 * time.Minute)
	if at(b.invoices(one)[0], "status") != "scheduled" {
		t.Fatal("charged before the hour")
	}
	b.move(time.Minute)
	list = b.invoices(one)
	if len(list) != 1 || at(list[0], "status") != "processed" || at(list[0], "payment", "status") != "approved" || text(at(list[0], "retry_attempt")) != "1" {
		t.Fatal(list)
	}
	b.equal(b.sub(one), "2026-12-20T12:00:00.000-04:00", "next_payment_date")
	b.switches(func(w *mercadopago.Switches) { w.FirstChargeAtOnce = true })
	if list = b.invoices(b.subscribe()); len(list) != 1 || at(list[0], "status") != "processed" {
		t.Fatal(list)
	}
}

func TestMPSUB17_AnInstalmentIsARecurringPayment(t *testing.T) {
	b := newSeller(t, atOnce)
	one := b.subscribe()
	i := b.invoices(one)[0]
	a := b.want(b.call("GET", "/v1/payments/"+text(at(i, "payment", "id")), ""), 200)
	b.equal(a, "recurring_payment", "operation_type")
	b.equal(a, one, "point_of_interaction", "transaction_data", "subscription_id")
	b.equal(a, "1", "point_of_interaction", "transaction_data", "subscription_sequence", "number")
	b.equal(a, "sub1", "external_reference")
	b.equal(a, "1500.5", "transaction_amount")
	b.equal(a, "visa", "payment_method_id")
	b.equal(b.want(b.call("GET", "/authorized_payments/"+text(at(i, "id")), ""), 200), one, "preapproval_id")
	b.equal(b.call("GET", "/authorized_payments?payment_id="+text(at(i, "payment", "id")), ""), one, "results", 0, "preapproval_id")
	b.wantMessage(b.call("GET", "/authorized_payments/1", ""), 404, "does not exist")
	b.wantMessage(b.call("GET", "/authorized_payments/x", ""), 400, "Invalid")
}

func TestMPSUB18_ADeclinedInstalmentIsRecycledFourTimesInTenDays(t *testing.T) {
	b := newSeller(t)
	one := b.subscribe()
	b.must(b.sim.FailCard(one))
	b.move(time.Hour)
	i := b.invoices(one)[0]
	if at(i, "status") != "recycling" || at(i, "payment", "status_detail") != "cc_rejected_insufficient_amount" || at(i, "next_retry_date") != "2026-11-23T00:00:00.000-04:00" {
		t.Fatal(i)
	}
	for attempt := 2; attempt <= 3; attempt++ {
		b.move(60 * time.Hour)
		if i = b.invoices(one)[0]; at(i, "status") != "recycling" || text(at(i, "retry_attempt")) != fmt.Sprint(attempt) {
			t.Fatal(i)
		}
	}
	b.move(60 * time.Hour)
	i = b.invoices(one)[0]
	if at(i, "status") != "processed" || at(i, "payment", "status") != "rejected" || text(at(i, "retry_attempt")) != "4" || at(i, "next_retry_date") != nil {
		t.Fatal(i)
	}
	if book := b.book(one); book.Strikes != 1 || book.Status != "authorized" || len(book.Invoices[0].Payments) != 4 || b.clock.Now().Sub(start) > 10*24*time.Hour {
		t.Fatal(book)
	}
	b.must(b.sim.SetCard(one, ""))
	b.until(day(2026, 12, 20, 12))
	if book := b.book(one); len(book.Invoices) != 2 || book.Invoices[1].PaymentStatus != "approved" || book.Strikes != 0 {
		t.Fatal(book)
	}
}

func TestMPSUB19_AttemptsAndSpacingAreSettings(t *testing.T) {
	b := newSeller(t, atOnce, func(c *mercadopago.Config) {
		c.Switches.SubscriptionAttempts, c.Switches.SubscriptionRetryHours = 3, 24
	})
	one := b.subscribe()
	b.must(b.sim.SetCard(one, "CALL"))
	b.until(day(2026, 12, 20, 11))
	b.move(24 * time.Hour)
	if i := b.book(one).Invoices[1]; i.Status != "recycling" || i.Attempts != 2 {
		t.Fatal(i)
	}
	b.move(24 * time.Hour)
	if i := b.book(one).Invoices[1]; i.Status != "processed" || i.Attempts != 3 {
		t.Fatal(i)
	}
	b.move(20 * 24 * time.Hour)
	if i := b.book(one).Invoices[1]; i.Attempts != 3 {
		t.Fatal(i)
	}
}

func TestMPSUB20_TheWindowEndsWithThePeriod(t *testing.T) {
	b := newSeller(t, atOnce)
	one := b.subscribe("auto_recurring.frequency", "7", "auto_recurring.frequency_type", `"days"`)
	b.must(b.sim.FailCard(one))
	b.until(day(2026, 11, 27, 11))
	if i := b.book(one).Invoices[1]; !i.NextRetry.Equal(day(2026, 11, 29, 5)) {
		t.Fatal(i)
	}
	b.until(day(2026, 12, 4, 10))
	if book := b.book(one); len(book.Invoices) != 3 || book.Invoices[1].Status != "processed" || book.Invoices[1].Attempts != 4 || book.Invoices[2].Status != "scheduled" {
		t.Fatal(book)
	}
}

func TestMPSUB21_ThreeFailedInstalmentsCancel(t *testing.T) {
	b := newSeller(t, atOnce)
	one := b.subscribe()
	b.must(b.sim.FailCard(one))
	b.until(day(2027, 2, 10, 0)) // two failed
	b.equal(b.sub(one), "red", "summarized", "semaphore")
	b.must(b.sim.SetCard(one, ""))
	b.until(day(2027, 3, 1, 0)) // one paid: counted from nothing again
	if book := b.book(one); book.Strikes != 0 || book.Status != "authorized" {
		t.Fatal(book)
	}
	b.must(b.sim.FailCard(one))
	b.until(day(2027, 5, 27, 0))
	b.equal(b.sub(one), "authorized", "status")
	b.until(day(2027, 5, 28, 0))
	a := b.sub(one)
	b.equal(a, "cancelled", "status")
	b.equal(a, "<nil>", "next_payment_date")
	n := len(b.invoices(one))
	b.until(day(2027, 9, 1, 0))
	if len(b.invoices(one)) != n || n != 7 {
		t.Fatalf("%d invoices, then %d", n, len(b.invoices(one)))
	}

	b.switches(func(w *mercadopago.Switches) { w.StrikesInAll, w.SubscriptionStrikes = true, 2 })
	two := b.subscribe()
	for month := 10; month <= 12; month++ {
		holder := map[bool]string{true: "FUND"}[month != 11]
		b.must(b.sim.SetCard(two, holder))
		b.until(day(2027, time.Month(month), 20, 0))
	}
	if book := b.book(two); book.Status != "cancelled" || book.Strikes != 2 || book.Invoices[2].PaymentStatus != "approved" {
		t.Fatal(book)
	}
}

func TestMPSUB27_APaymentInProcessIsWaitedFor(t *testing.T) {
	b := newSeller(t, atOnce)
	one := b.subscribe()
	b.must(b.sim.SetCard(one, "CONT"))
	b.until(day(2026, 12, 20, 11))
	i := b.book(one).Invoices[1]
	if i.Status != "waiting" || i.PaymentStatus != "in_process" || at(b.invoices(one)[1], "status") != "scheduled" {
		t.Fatal(i)
	}
	b.switches(func(w *mercadopago.Switches) { w.InvoiceWaitingStatus = true })
	if got := at(b.invoices(one)[1], "status"); got != "waiting_for_gateway" {
		t.Fatal(got)
	}
	b.must(b.sim.Settle(i.Payment, true))
	if i = b.book(one).Invoices[1]; i.Status != "processed" || i.PaymentStatus != "approved" || b.book(one).Charged != 2*150050 {
		t.Fatal(i)
	}
	b.until(day(2027, 1, 20, 11))
	b.must(b.sim.Settle(b.book(one).Invoices[2].Payment, false))
	if i = b.book(one).Invoices[2]; i.Status != "recycling" || i.Attempts != 1 {
		t.Fatal(i)
	}
}

func TestMPSUB28_AnotherCardTakesOver(t *testing.T) {
	b := newSeller(t, atOnce)
	one := b.subscribe()
	card := text(b.sub(one).object["card_id"])
	b.must(b.sim.FailCard(one))
	b.until(day(2026, 12, 20, 11))
	if b.book(one).Invoices[1].Status != "recycling" {
		t.Fatal(b.book(one))
	}
	b.wantMessage(b.call("PUT", "/preapproval/"+one, `{"card_token_id":"`+b.cardToken("FUND")+`"}`), 400, "CC_VAL_433")
	a := b.change(one, `{"card_token_id":"`+b.cardToken("APRO")+`"}`, 200)
	if text(a.object["card_id"]) == card {
		t.Fatal("the card stayed")
	}
	b.move(60 * time.Hour)
	if i := b.book(one).Invoices[1]; i.Status != "processed" || i.PaymentStatus != "approved" || i.Attempts != 2 {
		t.Fatal(i)
	}
	if err := b.sim.SetCard(one, "NOBODY"); err == nil {
		t.Fatal("a holder that does not exist was taken")
	}
	two := id(b.want(b.call("POST", "/preapproval", subBody), 201))
	b.wantMessage(b.call("PUT", "/preapproval/"+two, `{"status":"authorized"}`), 400, "card_token_id")
	b.equal(b.change(two, `{"status":"authorized","card_token_id":"`+b.cardToken("APRO")+`"}`, 200), "authorized", "status")
}

func TestMPSUB29_TheSummaryAndItsSemaphore(t *testing.T) {
	b := newSeller(t)
	one := b.subscribe()
	b.equal(b.sub(one), "<nil>", "summarized", "semaphore")
	b.equal(b.sub(one), "0", "summarized", "charged_quantity")
	b.move(time.Hour)
	a := b.sub(one)
	b.equal(a, "green", "summarized", "semaphore")
	b.equal(a, "1500.5", "summarized", "charged_amount")
	b.equal(a, "2026-11-20T12:00:00.000-04:00", "summarized", "last_charged_date")
	b.must(b.sim.FailCard(one))
	b.until(day(2026, 12, 20, 12))
	b.equal(b.sub(one), "yellow", "summarized", "semaphore")
	b.equal(b.call("GET", "/preapproval/search?semaphore=yellow", ""), one, "results", 0, "id")
	b.equal(b.call("GET", "/preapproval/search?semaphore=green", ""), "0", "paging", "total")
}

func TestMPSUB30_NoticesOfPlansSubscriptionsAndInvoices(t *testing.T) {
	b := newSeller(t)
	b.listen("subscription_preapproval", "subscription_preapproval_plan", "subscription_authorized_payment")
	p := b.plan()
	one := b.subscribeTo(p)
	b.move(time.Hour)
	b.must(b.sim.FailCard(one))
	b.until(day(2026, 12, 20, 12))
	b.change(one, `{"status":"cancelled"}`, 200)
	b.deliver()
	versions, seen := map[string]int64{}, map[string]int{}
	for _, n := range b.hook.take() {
		kind, of := text(n.object["type"]), text(at(n.object, "data", "id"))
		seen[kind+" "+text(n.object["action"])]++
		version, err := n.object["version"].(json.Number).Int64()
		b.must(err)
		if version <= versions[kind+of] {
			t.Fatalf("version %d of %s after %d", version, kind, versions[kind+of])
		}
		versions[kind+of] = version
		if !verify(n, secret, false) {
			t.Fatal("a signature does not verify")
		}
		if n.query != "data.id="+of+"&type="+kind || text(n.object["live_mode"]) != "true" {
			t.Fatal(n.query, n.body)
		}
	}
	want := map[string]int{"subscription_preapproval_plan created": 1, "subscription_preapproval created": 1, "subscription_preapproval updated": 1,
		"subscription_authorized_payment created": 2, "subscription_authorized_payment updated": 3}
	if fmt.Sprint(seen) != fmt.Sprint(want) {
		t.Fatal(seen)
	}
}
