package quality_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"posta"
	"posta/provider"
	"posta/quality"
	"posta/store/storetest"
)

// Promise 58, over what stands in the books: no live payment, no score; with
// one each lost point names payment and field. The other half, through
// connector and simulator, is TestP58_MendingAFieldRaisesTheScore.
// Sabotage that turns it red: measuring without a look at mode, connection or
// money; a score of 0 instead of none.
func TestP58_OnlyALivePaymentThatBroughtMoneyHasAScore(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		other := d.shop("mercadopago")
		open := d.charge(d.live, provider.Fact{Kind: provider.FactOrder, ID: "ORD0", Status: provider.StatusExpired, At: d.clock.Now(), Amount: 30_000})
		d.asked(open, order())
		unrecorded := d.charge(d.live, d.paid("ORD00", "PAY00")...)
		for name, tc := range map[string]struct {
			payment posta.PaymentID
			reason  quality.Reason
		}{
			"test":       {d.good(d.test).ID, quality.ReasonOtherConnection},
			"elsewhere":  {d.good(other).ID, quality.ReasonOtherConnection},
			"no money":   {open.ID, quality.ReasonNoMoney},
			"no request": {unrecorded.ID, quality.ReasonNoRequest},
		} {
			m := d.measure(string(tc.payment))
			if m.Result != quality.NotMeasurable || m.Reason != tc.reason || m.Score != nil || m.Enough() || len(m.Findings) > 0 || m.PaymentID != tc.payment {
				t.Errorf("%s: %+v", name, m)
			}
			if bytes.Contains(m.JSON(), []byte(`"score"`)) {
				t.Errorf("%s tells of a score: %s", name, m.JSON())
			}
		}
		test := d.good(d.test)
		m, err := d.Measure(ctx, d.merchant.ID, d.test.connection.ID, string(test.ID), "user:test")
		if err != nil || m.Reason != quality.ReasonTestCredentials || m.Score != nil {
			t.Errorf("on its own connection: %+v, %v", m, err)
		}
		for _, e := range d.events("quality.measured") {
			if (e.Mode == posta.Test) != (e.Subject == string(d.test.connection.ID)) {
				t.Errorf("%s of %s", e.Mode, e.Subject)
			}
		}
		standing, err := d.Standing(ctx, d.merchant.ID, d.live.connection.ID)
		if err != nil || standing.Ours != nil || standing.Threshold != 73 {
			t.Errorf("%+v, %v", standing, err)
		}
		list := d.history()
		if len(list) != 4 {
			t.Errorf("%d kept", len(list))
		}
		for _, m := range list {
			if m.Score != nil || m.Result != quality.NotMeasurable {
				t.Errorf("kept as %+v", m)
			}
		}

		p := d.good(d.live)
		m = d.measure(string(p.ID))
		if m.Score == nil || *m.Score != 100 || !m.Enough() || len(m.Lost()) > 0 || m.Product != "mercadopago_qr_orders" || m.Kind != quality.Manual || m.By != "user:test" {
			t.Errorf("%+v", m)
		}
		bare := d.charge(d.live, d.paid("ORD1", "PAY1")...)
		d.asked(bare, order("description", "items"))
		m = d.measure(string(bare.ID))
		lost := m.Lost()
		if *m.Score != 30 || m.Enough() || len(lost) != 7 {
			t.Fatalf("%d, lost %+v", *m.Score, lost)
		}
		points := 0
		for _, f := range lost {
			points += f.Points
			if f.Payment != bare.ID || f.Field == "" || f.Fix() != "quality.item."+f.Item+".fix" {
				t.Errorf("%+v", f)
			}
		}
		if points != 70 {
			t.Errorf("lost %d points", points)
		}
		standing, _ = d.Standing(ctx, d.merchant.ID, d.live.connection.ID)
		if standing.Ours == nil || standing.Ours.ID != m.ID || len(standing.Ours.Findings) != len(m.Findings) {
			t.Errorf("%+v", standing.Ours)
		}
		told := d.events("quality.measured")
		if last := told[len(told)-1]; len(told) != 7 || last.Subject != string(d.live.connection.ID) || last.Mode != posta.Live || last.Actor != "user:test" ||
			!strings.Contains(string(last.Data), `"score":30`) {
			t.Errorf("%d events, %+v", len(told), told)
		}
	})
}

func TestAPaymentIsFoundByAnyOfItsNames(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		p := d.charge(d.live, d.paid("ORDABC", "PAYXYZ")...)
		d.asked(p, order())
		for _, name := range []string{string(p.ID), posta.Alphanumeric(p.ID), "ORDABC", "PAYXYZ", " payxyz "} {
			if m := d.measure(name); m.PaymentID != p.ID || m.Score == nil || m.Asked != strings.TrimSpace(name) {
				t.Errorf("%q: %+v", name, m)
			}
		}
		// A card's last four is no name of a payment; and what another merchant has is not there.
		stranger := newDesk(t, d.db)
		theirs := stranger.good(stranger.live)
		for _, name := range []string{"4321", "ORD%", "nothing", string(posta.NewID[posta.PaymentID](d.clock.Now())), string(theirs.ID)} {
			_, err := d.Measure(ctx, d.merchant.ID, d.live.connection.ID, name, "user:test")
			wantCode(t, err, posta.CodeNotFound)
		}
		_, err := d.Measure(ctx, d.merchant.ID, d.live.connection.ID, "  ", "user:test")
		wantCode(t, err, posta.CodeInvalid, "payment:required")
		for _, call := range []func() error{
			func() error {
				_, err := d.Measure(ctx, d.merchant.ID, stranger.live.connection.ID, string(theirs.ID), "user:test")
				return err
			},
			func() error {
				_, err := d.History(ctx, d.merchant.ID, stranger.live.connection.ID, posta.Page{})
				return err
			},
			func() error { _, err := d.Officials(ctx, d.merchant.ID, stranger.live.connection.ID); return err },
			func() error { _, err := d.Standing(ctx, d.merchant.ID, stranger.live.connection.ID); return err },
			func() error { _, err := d.Live(ctx, d.merchant.ID, stranger.live.connection.ID); return err },
			func() error { return d.SetThreshold(ctx, d.merchant.ID, stranger.live.connection.ID, 80) },
		} {
			wantCode(t, call(), posta.CodeNotFound)
		}
		// One name at two connections: the connection's own counts.
		twin := d.shop("mercadopago")
		d.clock.Move(time.Minute)
		d.charge(twin, d.paid("ORDABC", "PAYXYZ")...)
		if m := d.measure("PAYXYZ"); m.PaymentID != p.ID || m.Score == nil {
			t.Errorf("%+v", m)
		}
	})
}

func TestAPreviewIsNoScore(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		p := d.charge(d.test, provider.Fact{Kind: provider.FactOrder, ID: "ORD1", Status: provider.StatusOpen, At: d.clock.Now(), Amount: 30_000})
		d.asked(p, order("description"))
		m, err := d.Preview(ctx, d.merchant.ID, d.test.connection.ID, string(p.ID))
		if err != nil || m.Kind != quality.Previewed || *m.Score != 60 || m.ID != "" {
			t.Errorf("%+v, %v", m, err)
		}
		list, err := d.History(ctx, d.merchant.ID, d.test.connection.ID, posta.Page{})
		if standing, _ := d.Standing(ctx, d.merchant.ID, d.test.connection.ID); err != nil || len(list) > 0 || standing.Ours != nil || len(d.events("quality.measured")) > 0 {
			t.Errorf("kept: %+v, %v", list, err)
		}
		_, err = d.Preview(ctx, d.merchant.ID, d.live.connection.ID, string(d.good(d.live).ID))
		wantCode(t, err, posta.CodeModeMismatch)
		m, err = d.Preview(ctx, d.merchant.ID, d.test.connection.ID, string(d.good(d.live).ID))
		if err != nil || m.Score != nil || m.Reason != quality.ReasonOtherConnection {
			t.Errorf("%+v, %v", m, err)
		}
		if err := d.db.InsertMeasurement(ctx, quality.Measurement{ID: "qms_1", MerchantID: d.merchant.ID, ConnectionID: d.test.connection.ID,
			Kind: quality.Previewed, Result: quality.Measured, PaymentID: p.ID, Score: m.Score}, nil); err == nil {
			t.Error("the database keeps a preview")
		}
	})
}

// Refunds and cancels count where they were done with success on the
// connection within 90 days; a good practice moves no score.
func TestWhatWasDoneOnTheConnectionCounts(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		met := func(m quality.Measurement, item string) bool {
			for _, f := range m.Findings {
				if f.Item == item {
					return f.Met
				}
			}
			t.Fatalf("no %s", item)
			return false
		}
		p, other := d.good(d.live), d.good(d.live)
		d.called(other, "POST", "refund", 409)
		d.called(other, "GET", "cancel", 200)
		d.called(d.good(d.test), "POST", "refund", 200)
		before := d.measure(string(p.ID))
		if met(before, "refunds_api") || met(before, "cancellation_api") {
			t.Errorf("%+v", before.Findings)
		}
		d.called(other, "POST", "refund", 201)
		d.called(other, "POST", "cancel", 200)
		after := d.measure(string(p.ID))
		if !met(after, "refunds_api") || !met(after, "cancellation_api") || *after.Score != *before.Score {
			t.Errorf("%d, %d, %+v", *before.Score, *after.Score, after.Findings)
		}
		d.clock.Move(91 * 24 * time.Hour)
		if late := d.measure(string(p.ID)); met(late, "refunds_api") {
			t.Error("91 days later it still counts")
		}
	})
}

func TestTheThresholdIsSetAndKeptWithEachMeasurement(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		ctx, m, c := t.Context(), d.merchant.ID, d.live.connection.ID
		p := d.charge(d.live, d.paid("ORD1", "PAY1")...)
		d.asked(p, order())
		d.told(p, provider.Verified) // 90: never looked up
		for _, tc := range []struct{ hub, own, want int }{{0, 0, 73}, {75, 0, 75}, {75, 95, 95}, {0, 95, 95}, {0, 0, 73}} {
			d.Threshold = tc.hub
			if err := d.SetThreshold(ctx, m, c, tc.own); err != nil {
				t.Fatal(err)
			}
			if got := d.measure(string(p.ID)); got.Threshold != tc.want || got.Enough() != (tc.want <= 90) {
				t.Errorf("%+v: threshold %d, score %d, enough %v", tc, got.Threshold, *got.Score, got.Enough())
			}
			if s, err := d.Standing(ctx, m, c); err != nil || s.Threshold != tc.want {
				t.Errorf("%+v, %v", s, err)
			}
		}
		list := d.history()
		for i, want := range []int{73, 95, 95, 75, 73} {
			if list[i].Threshold != want {
				t.Errorf("%d before: threshold %d, want %d", i, list[i].Threshold, want)
			}
		}
		for _, wrong := range []int{-1, 101} {
			wantCode(t, d.SetThreshold(ctx, m, c, wrong), posta.CodeInvalid, "threshold:out_of_range")
		}
	})
}

func TestTheProvidersOwnResultStandsBesideOurs(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		p := d.charge(d.live, d.paid("ORD1", "1234567890")...)
		other := d.shop("mercadopago")
		d.charge(other, d.paid("ORD2", "2222222222")...)
		stranger := newDesk(t, d.db)
		in := quality.OfficialInput{MerchantID: d.merchant.ID, ConnectionID: d.live.connection.ID, Score: 81, Date: "2026-11-22", Payment: "1234567890", By: "user:ana"}
		try := func(change func(*quality.OfficialInput)) error {
			wrong := in
			change(&wrong)
			_, err := d.RecordOfficial(ctx, wrong)
			return err
		}
		for field, change := range map[string]func(*quality.OfficialInput){
			"score:out_of_range":       func(in *quality.OfficialInput) { in.Score = 101 },
			"date:required":            func(in *quality.OfficialInput) { in.Date = " " },
			"date:malformed":           func(in *quality.OfficialInput) { in.Date = "22/11/2026" },
			"date:future":              func(in *quality.OfficialInput) { in.Date = "2026-11-24" },
			"payment:required":         func(in *quality.OfficialInput) { in.Payment = "" },
			"payment:malformed":        func(in *quality.OfficialInput) { in.Payment = "12 34<" },
			"payment:other_connection": func(in *quality.OfficialInput) { in.Payment = "2222222222" },
			"payment:unknown":          func(in *quality.OfficialInput) { in.Payment = string(stranger.good(stranger.live).ID) },
		} {
			t.Run(field, func(t *testing.T) { wantCode(t, try(change), posta.CodeInvalid, field) })
		}
		wantCode(t, try(func(in *quality.OfficialInput) { in.Score, in.Date, in.Payment = -1, "x", "" }), posta.CodeInvalid,
			"score:out_of_range", "date:malformed", "payment:required")
		wantCode(t, try(func(in *quality.OfficialInput) { in.ConnectionID = stranger.live.connection.ID }), posta.CodeNotFound)
		wantCode(t, try(func(in *quality.OfficialInput) { in.ConnectionID = d.test.connection.ID }), posta.CodeModeMismatch)
		if list, _ := d.Officials(ctx, d.merchant.ID, d.live.connection.ID); len(list) > 0 || len(d.events("quality.official")) > 0 {
			t.Fatalf("kept: %+v", list)
		}
		newest, err := d.RecordOfficial(ctx, in)
		if err != nil || newest.PaymentID != p.ID || newest.By != "user:ana" || !newest.CreatedAt.Equal(storetest.Now) {
			t.Fatalf("%+v, %v", newest, err)
		}
		// Made elsewhere with the same credentials, and noted later: the date decides.
		d.must(try(func(in *quality.OfficialInput) { in.Date, in.Score, in.Payment = "2026-10-10", 55, "99999" }))
		list, err := d.Officials(ctx, d.merchant.ID, d.live.connection.ID)
		if err != nil || len(list) != 2 || list[0] != newest || list[1].PaymentID != "" || list[1].Score != 55 {
			t.Errorf("%+v, %v", list, err)
		}
		s, err := d.Standing(ctx, d.merchant.ID, d.live.connection.ID)
		if err != nil || s.Ours != nil || s.Official == nil || *s.Official != newest {
			t.Errorf("%+v, %v", s, err)
		}
		if told := d.events("quality.official"); len(told) != 2 || told[0].Subject != string(d.live.connection.ID) || told[0].Actor != "user:ana" {
			t.Errorf("%+v", told)
		}
	})
}

// Continuously: which fields the newest payments lack, also of a test connection.
func TestTrafficTellsWhatPaymentsLack(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		if got, err := d.Live(ctx, d.merchant.ID, d.live.connection.ID); err != nil || got.Payments != 0 || len(got.Lacks) > 0 {
			t.Errorf("%+v, %v", got, err)
		}
		for _, s := range []shop{d.live, d.test} {
			d.good(s)
			d.clock.Move(time.Minute)
			worse := d.charge(s, d.paid("ORDA"+string(s.connection.Mode), "PAYA"+string(s.connection.Mode))...)
			d.asked(worse, order("description", "items"))
			d.clock.Move(time.Minute)
			unpaid := d.charge(s, provider.Fact{Kind: provider.FactOrder, ID: "ORDB", Status: provider.StatusExpired, At: d.clock.Now(), Amount: 30_000})
			d.asked(unpaid, order("description"))
			got, err := d.Live(ctx, d.merchant.ID, s.connection.ID)
			if err != nil || got.Payments != 3 {
				t.Fatalf("%+v, %v", got, err)
			}
			want := map[string][2]int{"description": {2, 3}, "item_title": {1, 3}, "external_reference": {0, 3}, "webhooks_ipn": {1, 2}, "idempotency_key": {0, 3}}
			for _, l := range got.Lacks {
				if w, ok := want[l.Item]; ok {
					if [2]int{l.Missing, l.Of} != w {
						t.Errorf("%s: %d of %d, want %v", l.Item, l.Missing, l.Of, w)
					}
					delete(want, l.Item)
				}
				if l.Item == "description" && l.Example != unpaid.ID {
					t.Errorf("%+v", l)
				}
				if l.Item == "refunds_api" {
					t.Errorf("not of a request: %+v", l)
				}
			}
			if len(want) > 0 {
				t.Errorf("nothing of %v", want)
			}
		}
	})
}
