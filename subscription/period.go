package subscription

import (
	"time"

	"posta"
	"posta/provider"
)

// Periods are counted on the calendar of the account's country: each begins at
// the hour of its first one, whatever summer time does, and on its day, or the
// last of a month that is shorter. They are counted from the first, not from one
// another: 31 January, 28 February, 31 March.

// after is the n-th period's beginning counted from first, n = 0 for first itself.
func after(first time.Time, p provider.Period, n int, zone *time.Location) time.Time {
	local := first.In(zone)
	year, month, day := local.Date()
	if p.Unit == "days" {
		day += n * p.Every
	} else {
		month += time.Month(n * p.Every)
		day = min(day, lastDay(year, month))
	}
	return time.Date(year, month, day, local.Hour(), local.Minute(), local.Second(), local.Nanosecond(), zone).UTC()
}

// lastDay is how many days a month has; months beyond December are the next year's.
func lastDay(year int, month time.Month) int {
	return time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// billing is the first billing day that is not before at, at its hour.
func billing(at time.Time, day int, zone *time.Location) time.Time {
	local := at.In(zone)
	year, month, today := local.Date()
	if today > day {
		month++
	}
	return time.Date(year, month, day, local.Hour(), local.Minute(), local.Second(), local.Nanosecond(), zone).UTC()
}

// start is when the first period of who signs up at signed begins: after the
// trial, and on the billing day, unless the days until then are charged in proportion.
func (p Plan) start(signed time.Time, zone *time.Location) time.Time {
	begin := signed
	if p.Trial.Every > 0 {
		begin = after(signed, p.Trial, 1, zone)
	}
	if p.BillingDay > 0 && !p.Proportional {
		return billing(begin, p.BillingDay, zone)
	}
	return begin
}

// First is when the first period of who signs up at signed is charged, and what
// it costs; country is the account's.
func (p Plan) First(signed time.Time, country string) (at time.Time, price posta.Money) {
	zone := zoneOf(country)
	at = p.start(signed, zone)
	return at, p.price(p.Amount, at, 1, zone)
}

// period is the n-th period of a subscription, n = 1, 2, 3…: it ends where the next begins.
func (p Plan) period(start time.Time, n int, zone *time.Location) (from, to time.Time) {
	if p.BillingDay == 0 {
		return after(start, p.Period, n-1, zone), after(start, p.Period, n, zone)
	}
	first := billing(start, p.BillingDay, zone)
	if first.Equal(start) {
		return after(first, p.Period, n-1, zone), after(first, p.Period, n, zone)
	}
	if n == 1 {
		return start, first
	}
	return after(first, p.Period, n-2, zone), after(first, p.Period, n-1, zone)
}

// price is what the n-th period costs: the days until the first billing day in
// proportion to a month of 30 days (docs/providers/mercadopago-online.md §3.1), at
// least the smallest amount that the country's providers take.
func (p Plan) price(amount posta.Money, start time.Time, n int, zone *time.Location) posta.Money {
	if p.BillingDay == 0 || n != 1 || billing(start, p.BillingDay, zone).Equal(start) {
		return amount
	}
	from, to := p.period(start, 1, zone)
	days := int64(to.Sub(from).Round(24*time.Hour) / (24 * time.Hour))
	unit := smallest(amount.Currency)
	part := (amount.Amount*days/30 + unit/2) / unit * unit
	return posta.Money{Amount: max(part, unit), Currency: amount.Currency}
}

// smallest is the least step of amounts that providers take in a currency, in
// minor units: whole pesos of COP.
func smallest(currency posta.Currency) int64 {
	for _, c := range posta.Countries {
		if c.Currency == currency {
			step := int64(1)
			for d := c.WireDecimals; d < currency.Decimals(); d++ {
				step *= 10
			}
			return step
		}
	}
	return 1
}

// shortest is how many days a period has at least.
func shortest(p provider.Period) int {
	if p.Unit == "days" {
		return p.Every
	}
	return 28 * p.Every
}
