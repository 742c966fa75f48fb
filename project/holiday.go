package project

import (
	"slices"
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/br"
)

// Holiday reports whether a day, as its own time zone shows it, is a national
// holiday of a country (ISO 3166-1 alpha-2). A country that is not known has
// none. One-off holidays and bridges that governments decree each year are not
// among them.
func Holiday(country string, day time.Time) bool {
	year, month, date := day.Date()
	return slices.ContainsFunc(holidays[country], func(h *cal.Holiday) bool {
		_, observed := h.Calc(year)
		y, m, d := observed.Date()
		return !observed.IsZero() && y == year && m == month && d == date
	})
}

// holidays are the national holidays by country. Brazil's are the library's; its
// tables of Argentina and Mexico put Good Friday and the movable Mondays on
// other days, and it has none of the others.
var holidays = map[string][]*cal.Holiday{
	// Law 27.399: movable ones go to the Monday before or after.
	"AR": {fixed(1, 1), easter(-48), easter(-47), fixed(3, 24), fixed(4, 2), easter(-2), fixed(5, 1), fixed(5, 25), toMonday(6, 17), fixed(6, 20),
		fixed(7, 9), toMonday(8, 17), toMonday(10, 12), toMonday(11, 20), fixed(12, 8), fixed(12, 25)},
	"BR": append([]*cal.Holiday{easter(-48)}, br.Holidays...),
	// Laws 19.668, 20.215, 20.299, 20.983 and 21.357; regional ones left out.
	"CL": {fixed(1, 1), bridge(1, 2, time.Monday), easter(-2), easter(-1), fixed(5, 1), fixed(5, 21), solstice(), sameWeek(6, 29), fixed(7, 16), fixed(8, 15),
		bridge(9, 17, time.Monday), bridge(9, 17, time.Friday), fixed(9, 18), fixed(9, 19), bridge(9, 20, time.Friday), sameWeek(10, 12), reformation(), fixed(11, 1), fixed(12, 8), fixed(12, 25)},
	// Law 51 of 1983: most go to the next Monday.
	"CO": {fixed(1, 1), nextMonday(1, 6), nextMonday(3, 19), easter(-3), easter(-2), fixed(5, 1), easter(43), easter(64), easter(71), nextMonday(6, 29),
		fixed(7, 20), fixed(8, 7), nextMonday(8, 15), nextMonday(10, 12), nextMonday(11, 1), nextMonday(11, 11), fixed(12, 8), fixed(12, 25)},
	// Federal labour law, article 74.
	"MX": {fixed(1, 1), monday(2, 1), monday(3, 3), fixed(5, 1), fixed(9, 16), inauguration(), monday(11, 3), fixed(12, 25)},
	// Legislative decree 713 and the laws that added to it.
	"PE": {fixed(1, 1), easter(-3), easter(-2), fixed(5, 1), fixed(6, 7), fixed(6, 29), fixed(7, 23), fixed(7, 28), fixed(7, 29), fixed(8, 6),
		fixed(8, 30), fixed(10, 8), fixed(11, 1), fixed(12, 8), fixed(12, 9), fixed(12, 25)},
	// Law 16.805: some go to a Monday. Carnival and tourism week are kept by offices.
	"UY": {fixed(1, 1), fixed(1, 6), easter(-48), easter(-47), easter(-3), easter(-2), toMonday(4, 19), fixed(5, 1), toMonday(5, 18), fixed(6, 19),
		fixed(7, 18), fixed(8, 25), toMonday(10, 12), fixed(11, 2), fixed(12, 25)},
}

func fixed(month time.Month, day int) *cal.Holiday {
	return &cal.Holiday{Month: month, Day: day, Func: cal.CalcDayOfMonth}
}

// easter is so many days after Easter Sunday.
func easter(days int) *cal.Holiday { return &cal.Holiday{Offset: days, Func: cal.CalcEasterOffset} }

// monday is the nth Monday of a month.
func monday(month time.Month, n int) *cal.Holiday {
	return &cal.Holiday{Month: month, Weekday: time.Monday, Offset: n, Func: cal.CalcWeekdayOffset}
}

// toMonday goes to the Monday before from a Tuesday or Wednesday, to the one
// after from a Thursday or Friday, and stays on a weekend.
func toMonday(month time.Month, day int) *cal.Holiday {
	h := fixed(month, day)
	h.Observed = []cal.AltDay{{Day: time.Tuesday, Offset: -1}, {Day: time.Wednesday, Offset: -2}, {Day: time.Thursday, Offset: 4}, {Day: time.Friday, Offset: 3}}
	return h
}

// sameWeek goes to the Monday of its week from a Tuesday to Thursday, to the
// next one from a Friday, and stays on a weekend.
func sameWeek(month time.Month, day int) *cal.Holiday {
	h := toMonday(month, day)
	h.Observed[2].Offset = -3
	return h
}

// nextMonday goes to the Monday after, unless it is one.
func nextMonday(month time.Month, day int) *cal.Holiday {
	h := fixed(month, day)
	h.Observed = []cal.AltDay{{Day: time.Tuesday, Offset: 6}, {Day: time.Wednesday, Offset: 5}, {Day: time.Thursday, Offset: 4}, {Day: time.Friday, Offset: 3},
		{Day: time.Saturday, Offset: 2}, {Day: time.Sunday, Offset: 1}}
	return h
}

// on is a holiday of the days that a function gives; 0 for none that year.
func on(month time.Month, day func(year int) int) *cal.Holiday {
	return &cal.Holiday{Month: month, Func: func(h *cal.Holiday, year int) time.Time {
		d := day(year)
		if d == 0 {
			return time.Time{}
		}
		return time.Date(year, month, d, 0, 0, 0, 0, time.UTC)
	}}
}

// bridge is a holiday only in years in which it falls on that weekday.
func bridge(month time.Month, day int, weekday time.Weekday) *cal.Holiday {
	return on(month, func(year int) int {
		if time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Weekday() == weekday {
			return day
		}
		return 0
	})
}

// reformation is Chile's 31 October: on the Friday before from a Tuesday, on
// the Friday after from a Wednesday.
func reformation() *cal.Holiday {
	h := fixed(10, 31)
	h.Observed = []cal.AltDay{{Day: time.Tuesday, Offset: -4}, {Day: time.Wednesday, Offset: 2}}
	return h
}

// solstice is Chile's day of indigenous peoples, when winter begins by
// Santiago's clocks: 20 June in leap years and the years after them until the
// end of the century, else 21.
func solstice() *cal.Holiday {
	return on(time.June, func(year int) int {
		if year%4 <= 1 {
			return 20
		}
		return 21
	})
}

// inauguration is Mexico's change of president, each six years from 2024.
func inauguration() *cal.Holiday {
	return on(time.October, func(year int) int {
		if year >= 2024 && (year-2024)%6 == 0 {
			return 1
		}
		return 0
	})
}
