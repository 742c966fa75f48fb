package golive_test

import (
	"encoding/json"
	"testing"
	"time"

	"posta"
	"posta/account"
	"posta/golive"
	"posta/payment"
	"posta/project"
	"posta/store"
	"posta/store/storetest"
)

var small = golive.WindowInput{Payments: 1, Amount: 5000, Hours: 2}

// undecided are actors who may not decide about a gate.
func undecided(h *hall) map[string]project.Actor {
	m := h.world.Merchant.ID
	return map[string]project.Actor{
		"an API key":    {Merchant: m, Key: "key_1"},
		"an integrator": {Merchant: m, User: "usr_2", Role: posta.Integrator},
		"a commercial":  {Merchant: m, User: "usr_3", Role: posta.Commercial},
		"the client":    {Merchant: m, Contact: "ctc_1", Project: h.project.ID},
		"nobody":        {Merchant: m},
	}
}

// kinds counts the gate's events.
func (h *hall) kinds() map[string]int {
	h.t.Helper()
	v, err := h.View(h.t.Context(), h.actor, h.world.Connection.ID)
	h.must(err)
	out := map[string]int{}
	for _, e := range v.Log {
		out[e.Type]++
	}
	return out
}

// A window asks for credentials, certificates and homologation and for nothing
// more, is logged with who opened it and how wide, and ends by itself.
func TestAMeasurementWindow(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		h := newHall(t, db, online, less{notices: nil}) // no refund, no score
		c := h.world.Connection.ID
		for who, actor := range undecided(h) {
			if _, err := h.OpenWindow(ctx, actor, c, small); posta.ErrorCode(err) != posta.CodeForbidden {
				t.Errorf("opened by %s: %v", who, err)
			}
		}
		for _, wrong := range []golive.WindowInput{{0, 1, 1}, {21, 1, 1}, {1, 0, 1}, {1, payment.MaxAmount + 1, 1}, {1, 1, 0}, {1, 1, 169}} {
			if _, err := h.OpenWindow(ctx, h.actor, c, wrong); posta.ErrorCode(err) != posta.CodeInvalid {
				t.Errorf("%+v: %v", wrong, err)
			}
		}
		h.homologated = project.Standing{Reason: "not_confirmed"}
		if _, err := h.OpenWindow(ctx, h.actor, c, small); posta.ErrorCode(err) != posta.CodeState || param(err, "missing") != "homologation" {
			t.Errorf("without homologation: %v", err)
		}
		if err := h.charge(); posta.ErrorCode(err) != posta.CodeGateClosed {
			t.Errorf("charged before: %v", err)
		}
		h.homologated.Met = true
		if _, err := h.OpenWindow(ctx, h.actor, c, small); err != nil {
			t.Fatal(err)
		}
		h.must(h.charge())
		if err := h.charge(); param(err, "reason") != "window_payments" {
			t.Errorf("a second one: %v", err)
		}
		v, err := h.View(ctx, h.actor, c)
		h.must(err)
		if v.Used != (payment.GateUse{Payments: 1, Amount: 1000}) || v.Gate.State != payment.GateWindow || len(v.ForOpen) != 2 {
			t.Errorf("%+v of %+v, missing %v", v.Used, v.Gate.Window, v.ForOpen)
		}
		var told struct {
			Payments   int
			Amount     int64
			Connection posta.ConnectionID `json:"connection_id"`
		}
		if len(v.Log) != 1 || v.Log[0].Type != "golive.window_opened" || v.Log[0].Actor != "user:usr_1" || v.Log[0].Subject != string(h.project.ID) ||
			v.Log[0].Mode != posta.Live || json.Unmarshal(v.Log[0].Data, &told) != nil || told.Payments != 1 || told.Amount != 5000 || told.Connection != c {
			t.Errorf("log %+v", v.Log)
		}
		h.clock.Move(2 * time.Hour)
		if err := h.charge(); param(err, "reason") != "window_over" {
			t.Errorf("after its end: %v", err)
		}
		if allowed, err := h.Allowed(ctx, h.world.Merchant.ID, c); err != nil || allowed.State != payment.GateClosed {
			t.Errorf("after its end %+v, error %v", allowed, err)
		}
		if _, err := h.OpenWindow(ctx, h.actor, c, small); err != nil {
			t.Errorf("a second window: %v", err)
		}
		h.must(h.charge())
	})
}

// Production opens when everything is met or waived by a person with a reason,
// is told to the project once, and closes with a reason.
func TestTheGateOpensWhenEverythingIsMetOrWaived(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		h := newHall(t, db, online, less{})
		c := h.world.Connection.ID
		_, err := h.Open(ctx, h.actor, c)
		if posta.ErrorCode(err) != posta.CodeState || param(err, "missing") != "refund,quality" {
			t.Fatalf("with two missing: %v", err)
		}
		for name, w := range map[string]struct {
			actor        project.Actor
			item, reason string
			want         posta.Code
		}{
			"short reason": {h.actor, "quality", "   porque    ", posta.CodeInvalid},
			"unknown item": {h.actor, "weather", "no hay tiempo que perder", posta.CodeInvalid},
			"not asked":    {h.actor, "pilot", "no hay tiempo que perder", posta.CodeInvalid},
			"API key":      {project.Actor{Merchant: h.world.Merchant.ID, Key: "key_1"}, "quality", "no hay tiempo que perder", posta.CodeForbidden},
		} {
			if _, err := h.Waive(ctx, w.actor, c, w.item, w.reason); posta.ErrorCode(err) != w.want {
				t.Errorf("%s: %v", name, err)
			}
		}
		for who, actor := range undecided(h) {
			_, waive := h.Waive(ctx, actor, c, "quality", "no hay tiempo que perder")
			_, unwaive := h.Unwaive(ctx, actor, c, "quality")
			_, open := h.Open(ctx, actor, c)
			_, shut := h.Close(ctx, actor, c, "no hay tiempo que perder")
			for _, err := range []error{waive, unwaive, open, shut} {
				if posta.ErrorCode(err) != posta.CodeForbidden {
					t.Errorf("%s: %v", who, err)
				}
			}
		}
		for _, item := range []string{"quality", "refund", "refund"} {
			_, err := h.Waive(ctx, h.actor, c, item, "acordado con el cliente por escrito")
			h.must(err)
		}
		if i := h.items()["quality"]; i.Status != golive.Waived || i.Waiver == nil || i.Waiver.By != "user:usr_1" || i.Reason != "not_measured" {
			t.Errorf("waived %+v", i)
		}
		_, err = h.Unwaive(ctx, h.actor, c, "refund")
		h.must(err)
		if _, err := h.Open(ctx, h.actor, c); param(err, "missing") != "refund" {
			t.Errorf("with a waiver taken back: %v", err)
		}
		h.evidence(less{refund: payment.RefundSucceeded})
		for range 2 {
			g, err := h.Open(ctx, h.actor, c)
			if err != nil || g.State != payment.GateOpen || g.ChangedBy != "user:usr_1" {
				t.Fatalf("%+v, error %v", g, err)
			}
		}
		h.must(h.charge())
		p, err := db.Project(ctx, h.project.MerchantID, h.project.ID)
		h.must(err)
		if p.Date.OpenedAt.IsZero() || p.Date.MonitorUntil.IsZero() {
			t.Errorf("the project was not told: %+v", p.Date)
		}
		if _, err := h.OpenWindow(ctx, h.actor, c, small); posta.ErrorCode(err) != posta.CodeState || param(err, "gate") != "open" {
			t.Errorf("a window of an open gate: %v", err)
		}
		if st, err := h.GateOpen(ctx, p); err != nil || !st.Met {
			t.Errorf("%+v, error %v", st, err)
		}
		if _, err := h.Close(ctx, h.actor, c, "corto"); posta.ErrorCode(err) != posta.CodeInvalid {
			t.Errorf("closed without a reason: %v", err)
		}
		for range 2 {
			_, err := h.Close(ctx, h.actor, c, "cobros dobles en el local del centro")
			h.must(err)
		}
		if err := h.charge(); param(err, "reason") != "closed" {
			t.Errorf("after closing: %v", err)
		}
		if st, err := h.GateOpen(ctx, p); err != nil || st.Met || st.Reason != "gate_closed" {
			t.Errorf("%+v, error %v", st, err)
		}
		if got := h.kinds(); got["golive.opened"] != 1 || got["golive.closed"] != 1 || got["golive.waived"] != 2 || got["golive.unwaived"] != 1 {
			t.Errorf("events %v", got)
		}
	})
}

// A real server's certificate is checked, kept, and judged by the gate.
func TestShopPagesAreCheckedAndKept(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		h := newHall(t, db, online, whole())
		h.clock.Move(tlsNow.Sub(h.clock.Now()))
		c := h.world.Connection.ID
		h.connect(func(*account.Connection) {})
		ca := (*authority)(nil).issue(t, asCA)
		good, o := shop{chain: []*authority{ca.issue(t, nil)}}.open(t, ca)
		bad, _ := shop{chain: []*authority{(*authority)(nil).issue(t, nil)}}.open(t)
		o.Allow, o.Clock = loopback, h.clock
		h.Service.TLS = o
		h.PublicURL = func() string { return good }
		h.NotifyURL = func(posta.ConnectionID) string { return good + "/hooks" }
		for name, wrong := range map[string][]string{"no address": {""}, "no host": {"https://"}, "a password": {"https://u:p@shop.example"}, "another scheme": {"ftp://shop.example"},
			"too many": {"https://1.example", "https://2.example", "https://3.example", "https://4.example", "https://5.example", "https://6.example",
				"https://7.example", "https://8.example", "https://9.example", "https://10.example", "https://11.example"}} {
			if _, err := h.SetShop(ctx, h.actor, c, wrong); posta.ErrorCode(err) != posta.CodeInvalid {
				t.Errorf("%s: %v", name, err)
			}
		}
		check := func(pages ...string) golive.Item {
			t.Helper()
			_, err := h.SetShop(ctx, project.Actor{Merchant: h.world.Merchant.ID, User: "usr_2", Role: posta.Integrator}, c, pages)
			h.must(err)
			reports, err := h.CheckTLS(ctx, h.actor, c)
			h.must(err)
			if len(reports) != len(pages)+2 {
				t.Errorf("%d reports", len(reports))
			}
			return h.items()["tls"]
		}
		if i := check(good + "/a"); i.Status != golive.Met {
			t.Errorf("good: %+v", i)
		}
		if i := check(good+"/a", bad); i.Reason != "failed" || i.Params["address"] != bad || i.Params["code"] != golive.TLSChain {
			t.Errorf("signed by itself: %+v", i)
		}
		if _, err := h.SetShop(ctx, h.actor, c, []string{good + "/a"}); err != nil || h.items()["tls"].Status != golive.Met {
			t.Errorf("without the bad page: %v, %+v", err, h.items()["tls"])
		}
		if _, err := h.CheckTLS(ctx, project.Actor{Merchant: h.world.Merchant.ID, User: "usr_3", Role: posta.Commercial}, c); posta.ErrorCode(err) != posta.CodeForbidden {
			t.Errorf("checked by a commercial: %v", err)
		}
	})
}
