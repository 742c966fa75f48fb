package store_test

import (
	"net/http"
	"reflect"
	"slices"
	"testing"
	"time"

	"posta"
	"posta/outbound"
	"posta/quality"
	"posta/store"
	"posta/store/storetest"
)

func newMeasurement(w storetest.World, at time.Time) quality.Measurement {
	score := 81
	return quality.Measurement{ID: posta.NewID[quality.MeasurementID](at), MerchantID: w.Merchant.ID, ConnectionID: w.Connection.ID, Kind: quality.Manual,
		Result: quality.Measured, Product: "mercadopago_qr", Rules: "2026-11-22", PaymentID: "pay_1", Asked: "123", Score: &score, Threshold: 73,
		Findings: []quality.Finding{{Payment: "pay_1", Item: "title", Class: quality.Recommended, Points: 5, Field: "title", Detail: quality.DetailAbsent, Source: quality.SourceInvented}},
		By:       "user:ana", CreatedAt: at, VisibleAt: at}
}

func qualityEvent(m quality.Measurement) []posta.Event {
	return []posta.Event{{ID: posta.NewID[posta.EventID](storetest.Now), MerchantID: m.MerchantID, Mode: posta.Live, Type: "quality.measured",
		Subject: string(m.ConnectionID), Data: m.JSON(), CreatedAt: storetest.Now}}
}

func toldOfQuality(t *testing.T, db *store.DB) (n int) {
	t.Helper()
	for must[int](t)(db.PositionEvents(t.Context())) > 0 {
	}
	for _, e := range must[[]posta.Event](t)(db.EventsAfter(t.Context(), 0, 1000)) {
		if e.Type == "quality.measured" {
			n++
		}
	}
	return n
}

func TestMeasurementComesBackAsItWas(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, other, ctx := storetest.Seed(t, db), storetest.Seed(t, db), t.Context()
		first, second := newMeasurement(w, storetest.Now), newMeasurement(w, storetest.Now.Add(time.Second))
		second.Result, second.Reason, second.Score, second.Findings, second.PaymentID = quality.NotMeasurable, quality.ReasonNoMoney, nil, nil, "pay_2"
		for _, m := range []quality.Measurement{first, second} {
			if err := db.InsertMeasurement(ctx, m, qualityEvent(m)); err != nil {
				t.Fatal(err)
			}
		}
		late := storetest.Now.Add(time.Hour)
		list := must[[]quality.Measurement](t)(db.Measurements(ctx, w.Merchant.ID, w.Connection.ID, late, false, posta.Page{}))
		if !reflect.DeepEqual(list, []quality.Measurement{second, first}) {
			t.Errorf("%+v", list)
		}
		for name, got := range map[string][]quality.Measurement{
			"scored": must[[]quality.Measurement](t)(db.Measurements(ctx, w.Merchant.ID, w.Connection.ID, late, true, posta.Page{})),
			"after":  must[[]quality.Measurement](t)(db.Measurements(ctx, w.Merchant.ID, w.Connection.ID, late, false, posta.Page{After: string(second.ID)})),
			"before": must[[]quality.Measurement](t)(db.Measurements(ctx, w.Merchant.ID, w.Connection.ID, storetest.Now, false, posta.Page{})),
		} {
			if !reflect.DeepEqual(got, []quality.Measurement{first}) {
				t.Errorf("%s: %+v", name, got)
			}
		}
		if got := must[[]quality.Measurement](t)(db.Measurements(ctx, other.Merchant.ID, w.Connection.ID, late, false, posta.Page{})); len(got) > 0 {
			t.Errorf("another merchant sees %+v", got)
		}
		if n := toldOfQuality(t, db); n != 2 {
			t.Errorf("%d events", n)
		}
	})
}

// What is not measurable has no score, and what has one is of a payment: the
// database itself holds that. Sabotage that turns it red: no CHECK.
func TestTheDatabaseKeepsNoScoreWithoutAPayment(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, high := storetest.Seed(t, db), 101
		for name, spoil := range map[string]func(*quality.Measurement){
			"a score that is not measurable": func(m *quality.Measurement) { m.Result, m.Reason = quality.NotMeasurable, quality.ReasonNoMoney },
			"measured without a score":       func(m *quality.Measurement) { m.Score = nil },
			"measured with a reason":         func(m *quality.Measurement) { m.Reason = quality.ReasonNoMoney },
			"a score without a payment":      func(m *quality.Measurement) { m.PaymentID = "" },
			"more than all":                  func(m *quality.Measurement) { m.Score = &high },
			"a preview":                      func(m *quality.Measurement) { m.Kind = quality.Previewed },
			"of no connection":               func(m *quality.Measurement) { m.ConnectionID = "con_0" },
		} {
			m := newMeasurement(w, storetest.Now)
			spoil(&m)
			if err := db.InsertMeasurement(t.Context(), m, qualityEvent(m)); err == nil {
				t.Errorf("%s was kept", name)
			}
		}
		if n := toldOfQuality(t, db); n != 0 {
			t.Errorf("%d events of what was not kept", n)
		}
	})
}

// Of many who finish one slot one does; a month has one measurement whoever asks.
// Sabotage that turns it red: moving the slot without a look at where it was.
func TestASlotIsFinishedOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := storetest.Seed(t, db), t.Context()
		w.Connection.ID, w.Connection.Mode = posta.NewID[posta.ConnectionID](storetest.Now), posta.Live
		if err := db.InsertConnection(ctx, w.Connection); err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second time there is nobody to enrol
			if err := db.EnrolConnections(ctx, []string{"mercadopago"}, storetest.Now); err != nil {
				t.Fatal(err)
			}
		}
		claimed := make([][]quality.Slot, 8)
		for _, err := range parallel(8, func(i int) (err error) {
			claimed[i], err = db.ClaimSlots(ctx, storetest.Now, time.Minute, 10)
			return err
		}) {
			if err != nil {
				t.Error(err)
			}
		}
		all := slices.Concat(claimed...)
		if len(all) != 1 || all[0] != (quality.Slot{MerchantID: w.Merchant.ID, ConnectionID: w.Connection.ID, TimeZone: w.Merchant.TimeZone}) {
			t.Fatalf("%+v", all)
		}
		slot := all[0]
		at := storetest.Now.Add(time.Hour)
		if err := db.PlanSlot(ctx, slot, at); err != nil {
			t.Fatal(err)
		}
		if err := db.PlanSlot(ctx, slot, at.Add(time.Hour)); err != nil { // it was moved meanwhile
			t.Fatal(err)
		}
		if early := must[[]quality.Slot](t)(db.ClaimSlots(ctx, at.Add(-time.Microsecond), time.Minute, 10)); len(early) > 0 {
			t.Errorf("%+v", early)
		}
		due := must[[]quality.Slot](t)(db.ClaimSlots(ctx, at, time.Minute, 10))
		if len(due) != 1 || !due[0].At.Equal(at) {
			t.Fatalf("%+v", due)
		}
		again := must[[]quality.Slot](t)(db.ClaimSlots(ctx, at.Add(time.Minute), time.Minute, 10))
		if len(again) != 1 || again[0] != due[0] {
			t.Errorf("after the lease: %+v", again)
		}
		next := at.Add(30 * 24 * time.Hour)
		for _, err := range parallel(8, func(int) error {
			m := newMeasurement(w, at)
			m.Kind, m.Month = quality.Automatic, "2026-11"
			m.VisibleAt = at.Add(48 * time.Hour)
			return db.FinishSlot(ctx, due[0], next, m, nil)
		}) {
			if err != nil {
				t.Error(err)
			}
		}
		list := must[[]quality.Measurement](t)(db.Measurements(ctx, w.Merchant.ID, w.Connection.ID, next, false, posta.Page{}))
		if len(list) != 1 || toldOfQuality(t, db) != 0 {
			t.Fatalf("%+v", list)
		}
		second := newMeasurement(w, at.Add(time.Second))
		second.Kind, second.Month = quality.Automatic, "2026-11"
		if err := db.FinishSlot(ctx, quality.Slot{MerchantID: w.Merchant.ID, ConnectionID: w.Connection.ID, At: next}, next.Add(time.Hour), second, qualityEvent(second)); err != nil {
			t.Fatal(err)
		}
		if list = must[[]quality.Measurement](t)(db.Measurements(ctx, w.Merchant.ID, w.Connection.ID, next, false, posta.Page{})); len(list) != 1 || toldOfQuality(t, db) != 0 {
			t.Errorf("the month has %d", len(list))
		}
		if early := must[[]quality.Measurement](t)(db.ClaimUnpublished(ctx, at, time.Minute, 10)); len(early) > 0 {
			t.Errorf("%+v", early)
		}
		unpublished := must[[]quality.Measurement](t)(db.ClaimUnpublished(ctx, next, time.Minute, 10))
		if len(unpublished) != 1 || !reflect.DeepEqual(unpublished[0], list[0]) {
			t.Fatalf("%+v", unpublished)
		}
		for _, err := range parallel(8, func(int) error { return db.Publish(ctx, unpublished[0], qualityEvent(unpublished[0])) }) {
			if err != nil {
				t.Error(err)
			}
		}
		if n := toldOfQuality(t, db); n != 1 {
			t.Errorf("%d events", n)
		}
	})
}

func TestOperationsAreTheConnectionsOwnAndRecent(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := storetest.Seed(t, db), t.Context()
		call := func(c posta.ConnectionID, method, operation string, status int, at time.Time) {
			t.Helper()
			if err := db.InsertCall(ctx, outbound.Call{ID: posta.NewID[posta.CallID](at), Tag: outbound.Tag{ConnectionID: c, Operation: operation},
				Method: method, URL: "https://x.example/" + operation, RequestHeader: http.Header{}, Status: status, ResponseHeader: http.Header{}, StartedAt: at}); err != nil {
				t.Fatal(err)
			}
		}
		c, since := w.Connection.ID, storetest.Now.Add(-time.Hour)
		call(c, "POST", "refund", 201, storetest.Now)
		call(c, "POST", "refund", 201, storetest.Now)
		call(c, "DELETE", "cancel", 204, since)
		call(c, "PUT", "cancel", 500, storetest.Now)
		call(c, "PATCH", "cancel", 0, storetest.Now)
		call(c, "POST", "provision", 200, since.Add(-time.Microsecond))
		call(c, "GET", "enquiry", 200, storetest.Now)
		call("con_other", "GET", "refund", 200, storetest.Now)
		got := must[[]string](t)(db.Operations(ctx, c, since))
		slices.Sort(got)
		if !slices.Equal(got, []string{"DELETE cancel", "POST refund"}) {
			t.Errorf("%v", got)
		}
	})
}

var _ quality.Store = (*store.DB)(nil)
