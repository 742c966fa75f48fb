package quality_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"posta"
	"posta/quality"
)

// A year, half a day at a time and by two replicas: each month has one measurement, made
// on one of its first seven days and shown on the 10th, when its event goes out.
// Sabotage that turns it red: an event with the measurement instead of on the
// 10th; a history that shows what is not visible yet.
func TestTwelveMonthsAreMeasuredOnce(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		zone, err := time.LoadLocation(d.merchant.TimeZone)
		d.must(err)
		replicas := []*quality.Service{d.replica(), d.replica()}
		var first string
		for step := range 366 * 2 {
			if step == 58*2 { // the first payment comes on 20 January
				first = string(d.good(d.live).ID)
			}
			var both sync.WaitGroup
			for _, r := range replicas {
				both.Go(func() {
					for {
						took, err := r.SweepQuality(t.Context(), func(f func()) { f() })
						if err != nil {
							t.Error(err)
						}
						if took == 0 || err != nil {
							return
						}
					}
				})
			}
			both.Wait()
			for _, m := range d.history() {
				if local := d.clock.Now().In(zone); m.Month == local.Format("2006-01") && local.Day() < 10 {
					t.Fatalf("%s shows on %s", m.Month, local)
				}
			}
			d.clock.Move(12 * time.Hour)
		}
		list := d.history()
		slices.Reverse(list)
		if len(list) != 12 {
			t.Fatalf("%d measurements", len(list))
		}
		for i, m := range list {
			month := time.Date(2026, time.December, 1, 0, 0, 0, 0, zone).AddDate(0, i, 0)
			made, shown := m.CreatedAt.In(zone), m.VisibleAt.In(zone)
			if m.Kind != quality.Automatic || m.Month != month.Format("2006-01") || made.Format("2006-01") != m.Month || made.Day() > 8 ||
				shown != time.Date(month.Year(), month.Month(), 10, 0, 0, 0, 0, zone) || m.By != "" {
				t.Errorf("%s made %s, shown %s: %+v", m.Month, made, shown, m)
			}
			if before := i < 2; before && (m.Reason != quality.ReasonNoPayment || m.Score != nil) || !before && (m.Score == nil || *m.Score != 100 || string(m.PaymentID) != first) {
				t.Errorf("%s: %s %+v", m.Month, m.Reason, m.Score)
			}
		}
		told := d.events("quality.measured")
		if len(told) != 12 {
			t.Errorf("%d events", len(told))
		}
		for _, e := range told {
			if local := e.CreatedAt.In(zone); local.Day() != 10 || e.Subject != string(d.live.connection.ID) {
				t.Errorf("told %s of %s", local, e.Subject)
			}
		}
		// Connections of test mode have no month.
		if list, _ := d.History(t.Context(), d.merchant.ID, d.test.connection.ID, posta.Page{Limit: 100}); len(list) > 0 {
			t.Errorf("%+v", list)
		}
	})
}

// Posta was off for months: each has its line, and what is measured late is so
// for the last month only. Sabotage that turns it red: measuring whatever is due.
func TestMonthsThatWereMissedSaySo(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.good(d.live)
		d.sweep(d.Service)
		d.clock.Move(110 * 24 * time.Hour) // from 23 November to 13 March
		d.sweep(d.Service)
		var got []string
		for _, m := range d.history() {
			got = append(got, m.Month+" "+string(m.Reason))
			if (m.Score != nil) != (m.Reason == "") {
				t.Errorf("%+v", m)
			}
		}
		slices.Sort(got)
		if want := "2026-12 missed, 2027-01 missed, 2027-02 missed, 2027-03 "; strings.Join(got, ", ") != want {
			t.Errorf("%v, want %s", got, want)
		}
		if told := d.events("quality.measured"); len(told) != 4 {
			t.Errorf("%d events", len(told))
		}
		// A clock that is set back makes no second measurement.
		d.clock.Move(-40 * 24 * time.Hour)
		d.sweep(d.Service)
		d.clock.Move(40 * 24 * time.Hour)
		d.sweep(d.Service)
		if list := d.history(); len(list) != 4 {
			t.Errorf("%d afterwards", len(list))
		}
	})
}

// Connections are spread over the seven days; a provider without rules is left out.
func TestConnectionsAreSpreadOverTheDays(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		var all []posta.ConnectionID
		for range 40 {
			all = append(all, d.shop("mercadopago").connection.ID)
		}
		prisma := d.shop("prisma").connection.ID
		for range 20 * 4 {
			d.sweep(d.Service)
			d.clock.Move(6 * time.Hour)
		}
		days := map[int]int{}
		for _, c := range all {
			list, err := d.History(t.Context(), d.merchant.ID, c, posta.Page{})
			if err != nil || len(list) != 1 {
				t.Fatalf("%+v, %v", list, err)
			}
			days[list[0].CreatedAt.Day()]++
		}
		if len(days) < 5 {
			t.Errorf("%v", days)
		}
		if list, err := d.History(t.Context(), d.merchant.ID, prisma, posta.Page{}); err != nil || len(list) > 0 {
			t.Errorf("%+v, %v", list, err)
		}
	})
}
