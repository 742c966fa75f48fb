package posta

import (
	"regexp"
	"strconv"
	"time"
)

var hourOfDay = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)

// ValidHour reports whether text is an hour of the day: "00:00" to "23:59".
func ValidHour(text string) bool { return hourOfDay.MatchString(text) }

// NextHour is the first moment after after at which clocks of loc show the hour.
// Each day has one: the first where clocks go back over it, and where they are
// put forward over it, as long after the jump as it would have been after its
// beginning. hour must be a ValidHour.
func NextHour(hour string, loc *time.Location, after time.Time) time.Time {
	for days := -1; ; days++ {
		if t := hourOn(hour, loc, after, days); t.After(after) {
			return t
		}
	}
}

// LastHour is the latest of NextHour's moments that is not after at.
func LastHour(hour string, loc *time.Location, at time.Time) time.Time {
	for days := 1; ; days-- {
		if t := hourOn(hour, loc, at, days); !t.After(at) {
			return t
		}
	}
}

// hourOn is the moment of the day that is days after t's.
func hourOn(hour string, loc *time.Location, t time.Time, days int) time.Time {
	h, _ := strconv.Atoi(hour[:2])
	m, _ := strconv.Atoi(hour[3:])
	year, month, day := t.In(loc).Date()
	shown := time.Date(year, month, day+days, h, m, 0, 0, time.UTC)
	// The offsets of half a day before and after are those before and after a change.
	_, before := shown.Add(-12 * time.Hour).In(loc).Zone()
	_, after := shown.Add(36 * time.Hour).In(loc).Zone()
	first, second := shown.Add(-time.Duration(before)*time.Second), shown.Add(-time.Duration(after)*time.Second)
	if second.Before(first) {
		first, second = second, first
	}
	for _, t := range []time.Time{first, second} {
		if local := t.In(loc); local.Hour() == h && local.Minute() == m {
			return t.UTC()
		}
	}
	return second.UTC() // clocks never showed it
}
