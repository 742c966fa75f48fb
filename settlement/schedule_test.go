package settlement_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
	"posta/settlement"
)

// closeAt has the world's store close at an hour of the merchant's time zone.
func (d *desk) closeAt(t testing.TB, hour, zone string) *time.Location {
	t.Helper()
	loc := must[*time.Location](t)(time.LoadLocation(zone))
	m, st := d.world.Merchant, d.world.Store
	m.TimeZone, st.CloseAt, st.CloseDueAt = zone, hour, posta.NextHour(hour, loc, d.clock.Now())
	if err := d.db.UpdateMerchant(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if err := d.db.UpdateStore(t.Context(), st); err != nil {
		t.Fatal(err)
	}
	return loc
}

func (d *desk) due(t testing.TB) time.Time {
	t.Helper()
	st, err := d.db.Store(t.Context(), d.world.Merchant.ID, d.world.Store.ID)
	if err != nil {
		t.Fatal(err)
	}
	return st.CloseDueAt
}

// until moves the clock to a moment and sweeps.
func (d *desk) until(t testing.TB, at time.Time) {
	t.Helper()
	d.clock.Move(at.Sub(d.clock.Now()))
	d.later(t, 0)
}

func (d *desk) all(t testing.TB) []settlement.Settlement {
	t.Helper()
	return must[[]settlement.Settlement](t)(d.List(t.Context(), settlement.Filter{MerchantID: d.world.Merchant.ID, Mode: posta.Test, Page: posta.Page{Limit: 100}}))
}

func TestAStoreClosesByTheHour(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.closeAt(t, "23:30", "America/Argentina/Buenos_Aires")
		d.world.AddTerminal(t, d.db, "87654321") // moves nothing
		d.move(t, settlement.Sale, "VI", 150000)
		due := d.due(t)
		d.until(t, due.Add(-time.Second))
		if got := d.all(t); len(got) != 0 {
			t.Fatalf("before the hour: %+v", got)
		}
		d.until(t, due)
		got := d.all(t)
		if len(got) != 1 || got[0].TerminalID != d.terminal.ID || got[0].AskedBy != "schedule" || got[0].State != settlement.Pending {
			t.Fatalf("%+v", got)
		}
		d.finish(provider.StatusApproved)
		d.later(t, 3*time.Second)
		want(t, d.get(t, got[0].ID), settlement.Confirmed, settlement.AttentionNone)
		if next := d.due(t); !next.Equal(due.Add(24 * time.Hour)) {
			t.Errorf("next at %s", next)
		}
		d.until(t, due.Add(24*time.Hour)) // nothing moved
		if got := d.all(t); len(got) != 1 || d.settles != 1 {
			t.Errorf("%+v", got)
		}
	})
}

// Over changes of clocks and ends of months: once a day.
func TestAStoreClosesOnceADay(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		for _, c := range []struct{ zone, hour, from string }{
			{"America/Santiago", "00:30", "2026-12-30T12:00:00Z"},
			{"America/Santiago", "23:30", "2027-04-01T12:00:00Z"}, // clocks go back on the 3rd
			{"America/Santiago", "00:30", "2027-09-03T12:00:00Z"}, // clocks go forward over it on the 5th
		} {
			start := must[time.Time](t)(time.Parse(time.RFC3339, c.from))
			d.clock.Move(start.Sub(d.clock.Now()))
			loc := d.closeAt(t, c.hour, c.zone)
			before, days := len(d.all(t)), map[string]int{}
			for i := range 5 * 48 {
				if i%12 == 0 {
					d.move(t, settlement.Sale, "VI", 1000)
				}
				d.later(t, 30*time.Minute)
				if open := must[settlement.Batch](t)(d.Current(t.Context(), d.world.Merchant.ID, posta.Test, d.terminal.ID)).Open; open != nil {
					days[open.CreatedAt.In(loc).Format("01-02")]++
					d.finish(provider.StatusApproved)
					d.later(t, 10*time.Minute)
				}
			}
			for day, n := range days {
				if n != 1 {
					t.Errorf("%s %s: %d closes on %s", c.zone, c.hour, n, day)
				}
			}
			if made := len(d.all(t)) - before; made != len(days) || made < 5 {
				t.Errorf("%s %s: %d closes on %d days", c.zone, c.hour, made, len(days))
			}
		}
	})
}

func TestABusyTerminalIsClosedALittleLater(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.closeAt(t, "23:30", "America/Argentina/Buenos_Aires")
		d.world.AddTerminal(t, d.db, "87654321")
		d.move(t, settlement.Sale, "VI", 150000)
		p := d.note(t, settlement.Sale, "VI", 1000, "7")
		set := func(state payment.State) {
			must[payment.Record](t)(d.db.ChangePayment(t.Context(), p.ID, func(r *payment.Record) error { r.Payment.State = state; return nil }))
		}
		set(payment.Pending)
		due := d.due(t)
		d.until(t, due)
		if got := d.all(t); len(got) != 0 || !d.due(t).Equal(due.Add(5*time.Minute)) {
			t.Fatalf("%+v, again at %s", got, d.due(t))
		}
		set(payment.Paid)
		d.later(t, 5*time.Minute)
		if got := d.all(t); len(got) != 1 || !d.due(t).Equal(due.Add(24*time.Hour)) {
			t.Errorf("%+v, again at %s", got, d.due(t))
		}
	})
}

// Killed between the claim and the create, and after the create: nothing is
// lost, and each closes once. Sabotage that turns it red: names made up in
// closeStore.
func TestACloseByTheHourSurvivesAKill(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.closeAt(t, "23:30", "America/Argentina/Buenos_Aires")
		d.move(t, settlement.Sale, "VI", 150000)
		due := d.due(t)
		d.clock.Move(due.Sub(d.clock.Now()))
		claimed := must[[]settlement.Close](t)(d.db.ClaimCloses(t.Context(), d.clock.Now(), 2*time.Minute, 10)) // and dies
		if len(claimed) != 1 {
			t.Fatalf("%+v", claimed)
		}
		d.later(t, time.Minute)
		if len(d.all(t)) != 0 {
			t.Fatal("taken from whoever holds it")
		}
		d.later(t, time.Minute)
		if got := d.all(t); len(got) != 1 {
			t.Fatalf("%+v", got)
		}
		d.finish(provider.StatusApproved)
		d.later(t, 3*time.Second)
		d.move(t, settlement.Sale, "VI", 1000)
		if err := d.db.PlanClose(t.Context(), claimed[0], due); err != nil { // as if it had died before it planned the next
			t.Fatal(err)
		}
		d.later(t, time.Minute)
		if got := d.all(t); len(got) != 1 || d.settles != 1 || !d.due(t).Equal(due.Add(24*time.Hour)) {
			t.Errorf("%d closes, asked %d times, again at %s", len(got), d.settles, d.due(t))
		}
		d.closeAt(t, "12:00", "America/Argentina/Buenos_Aires")
		if noon := d.due(t); d.db.PlanClose(t.Context(), claimed[0], due) != nil || !d.due(t).Equal(noon) {
			t.Error("an old hour's plan covers the new hour's")
		}
	})
}

// A kill between the row and the call leaves a settlement that nobody can be
// asked about.
func TestACloseThatMayNeverHaveBeenAskedForIsUnknown(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		in := d.input()
		st := settlement.Settlement{ID: in.ID, MerchantID: in.MerchantID, Mode: in.Mode, ConnectionID: d.terminal.ConnectionID, StoreID: d.world.Store.ID,
			TerminalID: d.terminal.ID, TerminalCode: d.terminal.Code, Currency: "ARS", State: settlement.Created, CreatedAt: d.clock.Now(),
			UpdatedAt: d.clock.Now(), DueAt: d.clock.Now().Add(15 * time.Second)}
		if err := d.db.InsertSettlement(t.Context(), st, nil); err != nil {
			t.Fatal(err)
		}
		d.later(t, 14*time.Second)
		want(t, d.get(t, st.ID), settlement.Created, settlement.AttentionNone)
		d.later(t, time.Second)
		want(t, d.get(t, st.ID), settlement.Unknown, settlement.AttentionSlip)
		want(t, must[settlement.Settlement](t)(d.Create(t.Context(), in)), settlement.Unknown, settlement.AttentionSlip)
		if d.settles != 0 {
			t.Errorf("asked %d times", d.settles)
		}
	})
}

func TestTwoReplicasCloseOnce(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.closeAt(t, "23:30", "America/Argentina/Buenos_Aires")
		d.world.AddTerminal(t, d.db, "87654321")
		other := &settlement.Service{Store: d.db, Open: d.Open, Clock: d.clock, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Committed: func() {}}
		for day := range 3 {
			d.move(t, settlement.Sale, "VI", 150000)
			d.clock.Move(d.due(t).Sub(d.clock.Now()))
			var sweeping sync.WaitGroup
			for _, s := range []*settlement.Service{d.Service, other, d.Service, other} {
				sweeping.Go(func() {
					for _, sweep := range []func(context.Context, func(func())) (int, error){s.SweepCloses, s.SweepSettlements} {
						if _, err := sweep(t.Context(), func(f func()) { f() }); err != nil {
							t.Error(err)
						}
					}
				})
			}
			sweeping.Wait()
			if got := d.all(t); len(got) != day+1 || d.settles != day+1 {
				t.Fatalf("%d closes, asked %d times: %s", len(got), d.settles, fmt.Sprint(got))
			}
			d.finish(provider.StatusApproved)
			d.later(t, time.Minute)
		}
	})
}
