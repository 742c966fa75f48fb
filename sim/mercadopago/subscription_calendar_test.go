package mercadopago_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"posta/sim/mercadopago"
)

// dues are the debit dates of a subscription's invoices, by the provider's
// calendar.
func (b *stand) dues(id string) (list []string) {
	b.Helper()
	for _, i := range b.invoices(id) {
		list = append(list, text(at(i, "debit_date"))[:10])
	}
	return list
}

func TestMPSUB22_MonthEndsAndLeapDays(t *testing.T) {
	b := newSeller(t, atOnce)
	b.until(day(2027, 1, 31, 23))
	monthly, yearly, daily := b.subscribe(), b.subscribe("auto_recurring.frequency", "12"), b.subscribe("auto_recurring.frequency", "10", "auto_recurring.frequency_type", `"days"`)
	b.until(day(2028, 2, 29, 12))
	leap := b.subscribe("auto_recurring.frequency", "12")
	b.until(day(2032, 3, 1, 0))
	want := []string{"2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"}
	if got := b.dues(monthly); fmt.Sprint(got[:5]) != fmt.Sprint(want) || got[13] != "2028-02-29" || len(got) != 62 {
		t.Fatal(got)
	}
	if got := b.dues(yearly); fmt.Sprint(got) != "[2027-01-31 2028-01-31 2029-01-31 2030-01-31 2031-01-31 2032-01-31]" {
		t.Fatal(got)
	}
	if got := b.dues(leap); fmt.Sprint(got) != "[2028-02-29 2029-02-28 2030-02-28 2031-02-28 2032-02-29]" {
		t.Fatal(got)
	}
	if got := b.dues(daily); got[3] != "2027-03-02" {
		t.Fatal(got)
	}
}

func TestMPSUB23_AFreeTrialComesFirst(t *testing.T) {
	b := newSeller(t)
	one := b.subscribe("auto_recurring.free_trial", `{"frequency":1,"frequency_type":"months"}`)
	a := b.sub(one)
	b.equal(a, "2026-12-20T11:00:00.000-04:00", "next_payment_date")
	b.equal(a, "30", "auto_recurring", "free_trial", "first_invoice_offset")
	b.equal(a, "30", "first_invoice_offset")
	b.until(day(2026, 12, 20, 9))
	if n := len(b.invoices(one)); n != 0 {
		t.Fatalf("%d invoices in the trial", n)
	}
	b.until(day(2026, 12, 20, 11))
	if got := b.book(one); len(got.Invoices) != 1 || got.Invoices[0].PaymentStatus != "approved" || !got.Next.Equal(day(2027, 1, 20, 11)) {
		t.Fatal(got)
	}
}

func TestMPSUB24_RepetitionsEndIt(t *testing.T) {
	b := newSeller(t, atOnce)
	one := b.subscribeTo(b.plan("auto_recurring.repetitions", "3"))
	b.equal(b.sub(one), "3", "summarized", "quotas")
	b.equal(b.sub(one), "2", "summarized", "pending_charge_quantity")
	b.until(day(2027, 12, 1, 0))
	book := b.book(one)
	if len(book.Invoices) != 3 || book.Status != "cancelled" || book.Charged != 3*150050 {
		t.Fatal(book)
	}
	two := b.subscribe("auto_recurring.repetitions", "3")
	b.until(day(2028, 5, 2, 0))
	if n := len(b.book(two).Invoices); n != 6 {
		t.Fatalf("%d invoices: repetitions are for plans", n)
	}
}

func TestMPSUB25_TheBillingDayAndTheProportionUntilThen(t *testing.T) {
	b := newSeller(t, atOnce)
	in := b.subscribeTo(b.plan("auto_recurring.billing_day", "5", "auto_recurring.billing_day_proportional", "true", "auto_recurring.transaction_amount", "3000"))
	out := b.subscribeTo(b.plan("auto_recurring.billing_day", "5"))
	b.until(day(2027, 1, 6, 0))
	if got := b.dues(in); fmt.Sprint(got) != "[2026-11-20 2026-12-05 2027-01-05]" {
		t.Fatal(got)
	}
	if book := b.book(in); book.Invoices[0].Amount != 150000 || book.Invoices[1].Amount != 300000 { // 15 days of 30
		t.Fatal(book)
	}
	if got := b.dues(out); fmt.Sprint(got) != "[2026-12-05 2027-01-05]" {
		t.Fatal(got)
	}
}

func TestMPSUB26_ItBeginsAndEndsWhenItSays(t *testing.T) {
	b := newSeller(t, atOnce)
	one := b.subscribe("auto_recurring.start_date", `"2026-12-01T12:00:00.000-04:00"`, "auto_recurring.end_date", `"2027-02-15T12:00:00.000-04:00"`)
	b.equal(b.sub(one), "2026-12-01T12:00:00.000-04:00", "next_payment_date")
	b.until(day(2027, 2, 15, 11))
	b.equal(b.sub(one), "authorized", "status")
	b.equal(b.sub(one), "<nil>", "next_payment_date")
	b.until(day(2027, 2, 15, 12))
	b.equal(b.sub(one), "cancelled", "status")
	if got := b.dues(one); fmt.Sprint(got) != "[2026-12-01 2027-01-01 2027-02-01]" {
		t.Fatal(got)
	}
}

func TestMPSUB31_ThousandsForAYearEachPeriodBilledOnce(t *testing.T) {
	b := newSeller(t, atOnce, func(c *mercadopago.Config) {
		c.Switches.CardFailRate, c.Switches.CardFailSeed, c.Switches.NoValidationCharge = 0.1, 7, true
	})
	p := b.plan()
	const many = 2000
	for n := range many {
		_, err := b.sim.SignUp(mercadopago.SignUpRequest{PlanID: p, ExternalReference: fmt.Sprintf("sub%d", n)})
		b.must(err)
	}
	b.until(day(2027, 11, 19, 0))
	b.must(b.sim.Expire(b.clock.Now()))
	failed, attempts := 0, 0
	for _, book := range b.sim.Subscriptions() {
		periods, paid := map[int]bool{}, int64(0)
		for _, i := range book.Invoices {
			if periods[i.Number] {
				t.Fatalf("%s was billed twice for %d", book.ID, i.Number)
			}
			periods[i.Number] = true
			attempts += i.Attempts
			if i.PaymentStatus == "approved" {
				paid += i.Amount
			} else {
				failed++
			}
		}
		if money := b.sim.Books(book.ExternalReference); money.Approved != paid || book.Charged != paid {
			t.Fatal(book, money)
		}
		if book.Status == "authorized" && len(book.Invoices) != 12 {
			t.Fatalf("%d invoices in a year", len(book.Invoices))
		}
	}
	if share := float64(attempts-many*12) / float64(many*12); share < 0.09 || share > 0.13 || failed > 40 {
		t.Fatalf("%d attempts, %d failed", attempts, failed)
	}
}

func TestMPSUB32_RestartedItAgreesWithItself(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sim.db")
	b := newSeller(t, atOnce, func(c *mercadopago.Config) { c.File = file })
	p := b.plan()
	one, two := b.subscribeTo(p), b.subscribe()
	b.must(b.sim.FailCard(two))
	b.until(day(2026, 12, 21, 0))
	before := fmt.Sprint(b.sim.Subscriptions())
	b.must(b.sim.Close())
	again, err := mercadopago.New(mercadopago.Config{Clock: b.clock, File: file, AllowLoopback: true})
	b.must(err)
	t.Cleanup(func() { _ = again.Close() })
	if after := fmt.Sprint(again.Subscriptions()); after != before {
		t.Fatalf("%s\n%s", before, after)
	}
	b.clock.Move(31 * 24 * time.Hour)
	b.must(again.Expire(b.clock.Now()))
	for _, id := range []string{one, two} {
		if book, _ := again.Subscription(id); len(book.Invoices) != 3 {
			t.Fatal(book)
		}
	}
}

func TestMPSUB43_RunChargesByItselfWhenTheClockMoves(t *testing.T) {
	b := newSeller(t)
	one := b.subscribe()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	done := make(chan error, 1)
	go func() { done <- b.sim.Run(ctx) }()
	b.clock.Move(31 * 24 * time.Hour)
	err := b.sim.Await(ctx, func() bool { book, _ := b.sim.Subscription(one); return book.Charged == 2*150050 })
	cancel()
	if stopped := <-done; err != nil || stopped != nil {
		t.Fatal(err, stopped)
	}
}
