package project

import (
	"context"
	"time"

	"posta"
)

// Calendar says which time counts for a response clock: all of it, or only the
// working hours of the desk. The zero Calendar counts all.
type Calendar struct {
	opens, closes string // "" counts all
	location      *time.Location
	country       string // whose holidays
}

// NewCalendar makes the calendar of a desk in a time zone and a country
// (ISO 3166-1 alpha-2): plain hours, unless the desk counts business hours.
func NewCalendar(d Desk, location *time.Location, country string) Calendar {
	if !d.BusinessHours {
		return Calendar{}
	}
	return Calendar{opens: d.OpensAt, closes: d.ClosesAt, location: location, country: country}
}

// After is the moment at which span of counted time has passed since start.
func (c Calendar) After(start time.Time, span time.Duration) time.Time {
	if c.opens == "" {
		return start.Add(span)
	}
	for opens, closes := range c.days(start) {
		if opens.Before(start) {
			opens = start
		}
		today := closes.Sub(opens)
		if span <= today {
			return opens.Add(span)
		}
		span -= max(today, 0)
	}
	return time.Time{} // never: days has no end
}

// Between is the counted time from one moment to another; 0 if the other is
// not later.
func (c Calendar) Between(from, to time.Time) time.Duration {
	if c.opens == "" {
		return max(to.Sub(from), 0)
	}
	var counted time.Duration
	for opens, closes := range c.days(from) {
		if !opens.Before(to) {
			break
		}
		if opens.Before(from) {
			opens = from
		}
		if closes.After(to) {
			closes = to
		}
		counted += max(closes.Sub(opens), 0)
	}
	return counted
}

// days gives the opening and closing of the working days that end after from,
// without end.
func (c Calendar) days(from time.Time) func(yield func(opens, closes time.Time) bool) {
	return func(yield func(opens, closes time.Time) bool) {
		opens := from.Add(-48 * time.Hour)
		for {
			opens = posta.NextHour(c.opens, c.location, opens)
			closes := posta.NextHour(c.closes, c.location, opens)
			if c.works(opens) && closes.After(from) && !yield(opens, closes) {
				return
			}
		}
	}
}

// works reports whether the day of a moment is a working day.
func (c Calendar) works(at time.Time) bool {
	day := at.In(c.location)
	return day.Weekday() != time.Saturday && day.Weekday() != time.Sunday && !Holiday(c.country, day)
}

// calendar is the one of a merchant's desk.
func (s *Service) calendar(ctx context.Context, d Desk) (Calendar, error) {
	if !d.BusinessHours {
		return Calendar{}, nil
	}
	location, err := s.Location(ctx, d.MerchantID)
	if err != nil {
		return Calendar{}, err
	}
	country, err := s.Country(ctx, d.MerchantID)
	return NewCalendar(d, location, country), err
}
