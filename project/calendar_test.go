package project_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"posta/project"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	fine(t, err)
	return loc
}

var office = project.Desk{BusinessHours: true, OpensAt: "09:00", ClosesAt: "18:00"}

func TestBusinessHours(t *testing.T) {
	argentina := project.NewCalendar(office, zone(t, "America/Argentina/Buenos_Aires"), "AR")
	chile := project.NewCalendar(office, zone(t, "America/Santiago"), "CL")
	plain := project.NewCalendar(project.Desk{OpensAt: "09:00", ClosesAt: "18:00"}, nil, "")
	for _, c := range []struct {
		name     string
		calendar project.Calendar
		from     string
		hours    time.Duration
		to       string
	}{
		{"plain hours go through nights and weekends", plain, "2026-11-20T20:00:00Z", 6, "2026-11-21T02:00:00Z"},
		{"within a day", argentina, "2026-11-24T13:00:00Z", 6, "2026-11-24T19:00:00Z"},
		{"until closing time is that day", argentina, "2026-11-24T15:00:00Z", 6, "2026-11-24T21:00:00Z"},
		{"over the night", argentina, "2026-11-24T19:00:00Z", 6, "2026-11-25T16:00:00Z"},
		{"over a weekend and the holiday moved to Monday", argentina, "2026-11-20T20:00:00Z", 6, "2026-11-24T17:00:00Z"},
		{"asked on a Sunday", argentina, "2026-11-29T15:00:00Z", 4, "2026-11-30T16:00:00Z"},
		{"asked before opening", argentina, "2026-11-24T05:00:00Z", 8, "2026-11-24T20:00:00Z"},
		{"two days", argentina, "2026-11-24T12:00:00Z", 18, "2026-11-25T21:00:00Z"},
		{"clocks go forward in between", chile, "2027-09-03T21:00:00Z", 6, "2027-09-06T17:00:00Z"}, // UTC-4, then UTC-3
		{"clocks go back in between", chile, "2027-04-02T20:00:00Z", 6, "2027-04-05T18:00:00Z"},    // UTC-3, then UTC-4
	} {
		from, _ := time.Parse(time.RFC3339, c.from)
		to, _ := time.Parse(time.RFC3339, c.to)
		if got := c.calendar.After(from, c.hours*time.Hour); !got.Equal(to) {
			t.Errorf("%s: %s, want %s", c.name, got.UTC(), to)
		}
		if got := c.calendar.Between(from, to); got != c.hours*time.Hour {
			t.Errorf("%s: %s counted", c.name, got)
		}
	}
	if got := argentina.Between(time.Unix(2e9, 0), time.Unix(1e9, 0)); got != 0 {
		t.Errorf("backwards: %s", got)
	}
}

// Counted time against a model that looks at each quarter of an hour.
func TestBusinessHoursAgreeWithAModel(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		country := rapid.SampledFrom([]string{"AR", "CL", "BR", "MX"}).Draw(r, "country")
		loc := zone(t, map[string]string{"AR": "America/Argentina/Buenos_Aires", "CL": "America/Santiago", "BR": "America/Sao_Paulo", "MX": "America/Mexico_City"}[country])
		d := project.Desk{BusinessHours: true, OpensAt: rapid.SampledFrom([]string{"00:00", "08:30", "09:00"}).Draw(r, "opens"),
			ClosesAt: rapid.SampledFrom([]string{"12:15", "18:00", "23:45"}).Draw(r, "closes")}
		calendar := project.NewCalendar(d, loc, country)
		from := time.Date(2027, 1, 1, 0, 15*rapid.IntRange(0, 365*96).Draw(r, "start"), 0, 0, time.UTC)
		span := time.Duration(rapid.IntRange(1, 40).Draw(r, "hours")) * time.Hour
		at, counted := from, time.Duration(0)
		for counted < span {
			local := at.In(loc)
			hour := local.Format("15:04")
			if local.Weekday() != time.Saturday && local.Weekday() != time.Sunday && !project.Holiday(country, local) && hour >= d.OpensAt && hour < d.ClosesAt {
				counted += 15 * time.Minute
			}
			at = at.Add(15 * time.Minute)
		}
		if got := calendar.After(from, span); !got.Equal(at) {
			r.Fatalf("%s: %s after %s is %s, the model says %s", country, span, from, got.UTC(), at)
		}
		if got := calendar.Between(from, at); got != span {
			r.Fatalf("%s: from %s to %s %s, the model says %s", country, from, at, got, span)
		}
	})
}

func TestHolidays(t *testing.T) {
	for country, days := range map[string]map[string]bool{
		"AR": {"2026-02-16": true, "2026-02-17": true, "2026-04-02": true, "2026-04-03": true, "2026-06-15": true, "2026-06-17": false, "2026-06-20": true,
			"2026-08-17": true, "2026-10-12": true, "2026-11-20": false, "2026-11-23": true, "2027-10-11": true, "2027-10-12": false, "2026-12-08": true},
		"BR": {"2026-02-16": true, "2026-02-17": true, "2026-04-03": true, "2026-04-21": true, "2026-06-04": true, "2026-11-20": true, "2026-11-23": false},
		"CL": {"2026-05-21": true, "2026-06-21": true, "2025-06-20": true, "2028-06-20": true, "2026-06-29": true, "2027-06-28": true, "2026-09-18": true,
			"2027-09-17": true, "2026-09-17": false, "2026-10-12": true, "2028-10-09": true, "2028-10-27": true, "2023-10-27": true, "2024-09-20": true},
		"CO": {"2026-01-12": true, "2026-01-06": false, "2026-03-23": true, "2026-05-18": true, "2026-06-08": true, "2026-06-15": true, "2026-06-29": true, "2026-11-16": true},
		"MX": {"2026-02-02": true, "2026-02-05": false, "2026-03-16": true, "2026-11-16": true, "2030-10-01": true, "2026-10-01": false, "2026-12-25": true},
		"PE": {"2026-06-29": true, "2026-07-23": true, "2026-07-28": true, "2026-12-09": true, "2026-04-02": true},
		"UY": {"2026-04-19": true, "2027-04-19": true, "2028-04-17": true, "2026-05-18": true, "2026-08-25": true, "2027-10-11": true},
		"XX": {"2026-12-25": false},
	} {
		for day, want := range days {
			at, err := time.Parse(time.DateOnly, day)
			fine(t, err)
			if got := project.Holiday(country, at); got != want {
				t.Errorf("%s %s: %t", country, day, got)
			}
		}
	}
}
