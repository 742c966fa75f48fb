package posta_test

import (
	"testing"
	"time"

	"posta"
)

func TestHourOfEachDayComesOnce(t *testing.T) {
	for _, zone := range []string{"America/Argentina/Buenos_Aires", "America/Santiago", "America/Asuncion", "America/Mexico_City", "America/Havana", "UTC"} {
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		for _, hour := range []string{"00:00", "00:30", "03:15", "12:00", "23:30", "23:59"} {
			at := time.Date(2024, 1, 1, 12, 0, 0, 0, time.UTC)
			day := posta.NextHour(hour, loc, at).In(loc).YearDay()
			for range 1200 {
				next := posta.NextHour(hour, loc, at)
				local := next.In(loc)
				if local.YearDay() != day && !(day == 367 || local.YearDay() == 1) {
					t.Fatalf("%s %s: after %s comes %s", zone, hour, at.In(loc), local)
				}
				if !next.After(at) || posta.LastHour(hour, loc, next) != next || next.Sub(at) > time.Second && posta.LastHour(hour, loc, next.Add(-time.Second)).After(at) {
					t.Fatalf("%s %s: %s is not the next after %s", zone, hour, local, at.In(loc))
				}
				at, day = next, local.YearDay()+1
			}
		}
	}
}

func TestHourWhereClocksChange(t *testing.T) {
	for _, c := range []struct{ zone, hour, after, want string }{
		{"America/Santiago", "00:30", "2026-09-05T12:00:00Z", "2026-09-06T04:30:00Z"}, // never shown: 01:30, half an hour after the jump
		{"America/Santiago", "23:30", "2026-04-04T12:00:00Z", "2026-04-05T02:30:00Z"}, // shown twice: the first
		{"America/Santiago", "23:30", "2026-04-05T02:30:00Z", "2026-04-06T03:30:00Z"}, // and not again an hour later
		{"America/Argentina/Buenos_Aires", "23:30", "2026-11-30T12:00:00Z", "2026-12-01T02:30:00Z"},
		{"America/Argentina/Buenos_Aires", "23:30", "2026-12-01T02:30:00Z", "2026-12-02T02:30:00Z"}, // the month's end is no matter
	} {
		loc, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		after, err := time.Parse(time.RFC3339, c.after)
		if err != nil {
			t.Fatal(err)
		}
		if got := posta.NextHour(c.hour, loc, after).Format(time.RFC3339); got != c.want {
			t.Errorf("%s after %s in %s: %s, want %s", c.hour, c.after, c.zone, got, c.want)
		}
	}
	for text, want := range map[string]bool{"00:00": true, "23:59": true, "24:00": false, "9:30": false, "": false, "12:60": false, "12:00 ": false} {
		if posta.ValidHour(text) != want {
			t.Errorf("ValidHour(%q) is %v", text, !want)
		}
	}
}
