package subscription_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"posta"
	"posta/provider"
	"posta/subscription"
)

// naive steps through the calendar one day at a time: a period begins on the
// day of the first one, or on the last day of a month that has no such day.
func naive(first time.Time, p provider.Period, n int, zone *time.Location) time.Time {
	local := first.In(zone)
	year, month, day := local.Date()
	if p.Unit == "days" {
		for range n * p.Every {
			next := time.Date(year, month, day, 12, 0, 0, 0, time.UTC).Add(24 * time.Hour)
			year, month, day = next.Date()
		}
	} else {
		for range n * p.Every {
			if month++; month > time.December {
				year, month = year+1, time.January
			}
		}
		for time.Date(year, month, day, 12, 0, 0, 0, time.UTC).Month() != month {
			day--
		}
	}
	return time.Date(year, month, day, local.Hour(), local.Minute(), local.Second(), 0, zone)
}

// Seen red under: each period counted from the one before (31 January, 28
// February, 28 March); 24 hours in place of a day; years without leap days.
func TestP37_PeriodsAreThoseOfTheCalendar(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		country := rapid.SampledFrom(posta.Countries).Draw(t, "country")
		zone, err := time.LoadLocation(country.TimeZone)
		if err != nil {
			t.Fatal(err)
		}
		first := time.Unix(rapid.Int64Range(1_700_000_000, 2_200_000_000).Draw(t, "first"), 0).UTC()
		plan := subscription.Plan{Amount: posta.Money{Amount: 150_000, Currency: country.Currency}, Period: provider.Period{
			Every: rapid.IntRange(1, 14).Draw(t, "every"), Unit: rapid.SampledFrom([]string{"days", "months"}).Draw(t, "unit")}}
		if plan.Period.Unit == "months" && rapid.Bool().Draw(t, "on a day") {
			plan.BillingDay = rapid.IntRange(1, 28).Draw(t, "billing day")
			plan.Proportional = rapid.Bool().Draw(t, "proportional")
		}
		begin := subscription.StartOf(plan, first, zone)
		if plan.BillingDay == 0 && !begin.Equal(first) || begin.Before(first) {
			t.Fatalf("signed %s, begins %s", first, begin)
		}
		last := begin
		for n := 1; n <= 30; n++ {
			from, to := subscription.PeriodOf(plan, begin, n, zone)
			if !from.Equal(last) || !to.After(from) {
				t.Fatalf("period %d is %s to %s, the one before ends %s", n, from, to, last)
			}
			last = to
			if plan.BillingDay > 0 {
				if n > 1 && from.In(zone).Day() != plan.BillingDay {
					t.Fatalf("period %d begins %s, the billing day is %d", n, from.In(zone), plan.BillingDay)
				}
				continue
			}
			if want := naive(begin, plan.Period, n-1, zone); !from.Equal(want) {
				t.Fatalf("period %d of %+v begins %s, want %s", n, plan.Period, from.In(zone), want)
			}
		}
		price := subscription.PriceOf(plan, plan.Amount, begin, 1, zone)
		if price.Amount <= 0 || price.Amount > plan.Amount.Amount*31/30 || price != plan.Amount && !plan.Proportional {
			t.Fatalf("the first period costs %s", price)
		}
	})
}

func TestP37_MonthEndsAndLeapDays(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("America/Sao_Paulo")
	if err != nil {
		t.Fatal(err)
	}
	plan := subscription.Plan{Period: provider.Period{Every: 1, Unit: "months"}}
	first := time.Date(2028, 1, 31, 23, 30, 0, 0, zone) // in UTC it is February
	for n, want := range []string{"2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30", "2028-05-31"} {
		from, _ := subscription.PeriodOf(plan, first, n+1, zone)
		if got := from.In(zone).Format(time.DateOnly); got != want {
			t.Errorf("period %d begins %s, want %s", n+1, got, want)
		}
	}
	plan.Period = provider.Period{Every: 12, Unit: "months"}
	leap := time.Date(2028, 2, 29, 10, 0, 0, 0, zone)
	for n, want := range []string{"2028-02-29", "2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"} {
		from, _ := subscription.PeriodOf(plan, leap, n+1, zone)
		if got := from.In(zone).Format(time.DateOnly); got != want {
			t.Errorf("year %d begins %s, want %s", n+1, got, want)
		}
	}
}

// In Chile the clocks change twice a year: a period begins at the same hour by the
// wall, and days are no multiples of 24 hours.
func TestP37_SummerTimeMovesNoHour(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("America/Santiago")
	if err != nil {
		t.Fatal(err)
	}
	plan := subscription.Plan{Period: provider.Period{Every: 1, Unit: "days"}}
	first := time.Date(2026, 8, 1, 9, 15, 0, 0, zone)
	changes := 0
	for n := 1; n <= 400; n++ {
		from, to := subscription.PeriodOf(plan, first, n, zone)
		if local := from.In(zone); local.Hour() != 9 || local.Minute() != 15 {
			t.Errorf("period %d begins at %s", n, local)
		}
		if to.Sub(from) != 24*time.Hour {
			changes++
		}
	}
	if changes != 3 {
		t.Errorf("%d days were longer or shorter, want 3", changes)
	}
}

func TestTheFirstDaysInProportion(t *testing.T) {
	t.Parallel()
	plan := subscription.Plan{Amount: posta.Money{Amount: 30_000_00, Currency: "COP"}, Period: provider.Period{Every: 1, Unit: "months"}, BillingDay: 10, Proportional: true}
	zone, err := time.LoadLocation("America/Bogota")
	if err != nil {
		t.Fatal(err)
	}
	for day, want := range map[int]int64{10: 30_000_00, 9: 1_000_00, 11: 30_000_00, 25: 16_000_00} {
		signed := time.Date(2026, 1, day, 8, 0, 0, 0, zone)
		got := subscription.PriceOf(plan, plan.Amount, subscription.StartOf(plan, signed, zone), 1, zone)
		if got.Amount != want {
			t.Errorf("signed on the %d: %s, want %d", day, got, want)
		}
		if got.Amount%100 != 0 {
			t.Errorf("signed on the %d: %s has centavos that the provider does not take", day, got)
		}
	}
}
