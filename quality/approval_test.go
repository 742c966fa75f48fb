package quality_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"posta"
	"posta/outbound"
	"posta/payment"
	"posta/provider"
	"posta/quality"
	"posta/text"
)

// tried are the facts of an order and what became of the tries to pay it.
func (d *desk) tried(s shop, order string, status provider.Status, tries ...provider.Fact) payment.Payment {
	d.t.Helper()
	facts := []provider.Fact{{Kind: provider.FactOrder, ID: order, Status: status, At: d.clock.Now(), Amount: 30_000}}
	for i, f := range tries {
		f.Kind, f.ID, f.Parent, f.Amount = provider.FactAttempt, order+"-"+string(rune('1'+i)), order, 30_000
		if f.At.IsZero() {
			f.At = d.clock.Now()
		}
		facts = append(facts, f)
	}
	return d.charge(s, facts...)
}

func groupOf(t *testing.T, list []quality.Group, key string) quality.Group {
	t.Helper()
	for _, g := range list {
		if g.Key == key {
			return g
		}
	}
	t.Fatalf("no group %q in %+v", key, list)
	return quality.Group{}
}

func TestApprovalCountsPaymentsAndAttempts(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		declined := provider.Fact{Status: provider.StatusRejected, Detail: "cc_rejected_insufficient_amount", Method: "credit_card", Brand: "visa"}
		odd := provider.Fact{Status: provider.StatusRejected, Detail: "cc_rejected_new_word", Method: "debit_card", Brand: "maestro"}
		approved := provider.Fact{Status: provider.StatusApproved, Detail: "accredited", Method: "credit_card", Brand: "visa"}
		disputed := provider.Fact{Status: provider.StatusInMediation, Method: "account_money"}
		deciding := provider.Fact{Status: provider.StatusPending, Method: "credit_card", Brand: "visa"}
		second := d.tried(d.live, "ORD1", provider.StatusClosed, declined, approved) // paid at the second try
		d.tried(d.live, "ORD2", provider.StatusClosed, disputed)
		d.tried(d.live, "ORD3", provider.StatusExpired, declined, odd)
		d.tried(d.live, "ORD4", provider.StatusExpired)           // nobody tried
		d.tried(d.live, "ORD5", provider.StatusExpired, deciding) // not decided
		late := approved
		late.At = time.Date(2026, 11, 24, 1, 30, 0, 0, time.UTC) // 22:30 of the day before, there
		other := d.shop("mercadopago")
		d.tried(other, "ORD6", provider.StatusClosed, late)
		d.tried(d.test, "ORD7", provider.StatusClosed, approved)
		d.clock.Move(time.Second)
		f := quality.ApprovalFilter{MerchantID: d.merchant.ID, Mode: posta.Live, TimeZone: d.merchant.TimeZone}
		r, err := d.Approval(ctx, f)
		if err != nil {
			t.Fatal(err)
		}
		if r.Payments != (quality.Rate{Approved: 3, Total: 4}) || r.Attempts != (quality.Rate{Approved: 3, Total: 6}) || r.Untried != 2 || r.Looked != 6 || r.Cut {
			t.Errorf("%+v", r)
		}
		if r.Payments.PerMille() != 750 || r.Attempts.PerMille() != 500 || (quality.Rate{}).PerMille() != 0 || (quality.Rate{Approved: 2, Total: 3}).PerMille() != 667 {
			t.Error("shares")
		}
		for key, want := range map[string]quality.Group{
			"credit_card":   {Payments: quality.Rate{Approved: 2, Total: 3}, Attempts: quality.Rate{Approved: 2, Total: 4}, Share: 667},
			"debit_card":    {Payments: quality.Rate{Total: 1}, Attempts: quality.Rate{Total: 1}, Share: 167},
			"account_money": {Payments: quality.Rate{Approved: 1, Total: 1}, Attempts: quality.Rate{Approved: 1, Total: 1}, Share: 167},
		} {
			want.Key = key
			if got := groupOf(t, r.ByMethod, key); got != want {
				t.Errorf("%+v, want %+v", got, want)
			}
		}
		if r.ByMethod[0].Key != "credit_card" {
			t.Errorf("%+v", r.ByMethod)
		}
		if g := groupOf(t, r.ByBrand, ""); g.Attempts.Total != 1 {
			t.Errorf("%+v", g)
		}
		if g := groupOf(t, r.ByTill, string(d.live.till.ID)); g.Name != "Caja 1" || g.Payments != (quality.Rate{Approved: 2, Total: 3}) {
			t.Errorf("%+v", g)
		}
		if len(r.ByHour) != 2 || r.ByHour[0].Key != "12" || r.ByHour[1].Key != "22" || r.ByHour[1].Attempts.Total != 1 {
			t.Errorf("%+v", r.ByHour)
		}
		if len(r.Declines) != 2 || r.Declines[0] != (quality.Decline{Detail: "cc_rejected_insufficient_amount", Count: 2, Share: 667, Todo: "quality.todo.other_means"}) ||
			r.Declines[1].Todo != "quality.todo.other" {
			t.Errorf("%+v", r.Declines)
		}
		f.ConnectionID = other.connection.ID
		if r, err = d.Approval(ctx, f); err != nil || r.Attempts != (quality.Rate{Approved: 1, Total: 1}) {
			t.Errorf("%+v, %v", r, err)
		}
		f.ConnectionID, f.From, f.To = "", second.CreatedAt.Add(time.Millisecond), second.CreatedAt.Add(time.Hour)
		if r, err = d.Approval(ctx, f); err != nil || r.Looked != 0 || r.Payments.Total != 0 {
			t.Errorf("%+v, %v", r, err)
		}
		f.From = f.To
		_, err = d.Approval(ctx, f)
		wantCode(t, err, posta.CodeInvalid, "to:before_from")
		stranger := newDesk(t, d.db)
		if r, err = stranger.Approval(ctx, quality.ApprovalFilter{MerchantID: stranger.merchant.ID, Mode: posta.Live}); err != nil || r.Looked != 0 {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

// Data that a product does not take is missing in none of its payments.
func TestApprovalTellsWhichDataWereNotSent(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		approved := provider.Fact{Status: provider.StatusApproved}
		d.asked(d.tried(d.live, "ORD1", provider.StatusClosed, approved), order())
		d.clock.Move(time.Second)
		bare := d.tried(d.live, "ORD2", provider.StatusClosed, approved)
		d.asked(bare, order("items"))
		d.asked(d.tried(d.live, "ORD3", provider.StatusClosed, approved), map[string]any{"type": "point"})
		d.tried(d.live, "ORD4", provider.StatusClosed, approved) // not recorded
		d.clock.Move(time.Second)
		r, err := d.Approval(t.Context(), quality.ApprovalFilter{MerchantID: d.merchant.ID, Mode: posta.Live})
		if err != nil || r.DataOf != 4 || len(r.Data) != 4 {
			t.Fatalf("%+v, %v", r, err)
		}
		for i, want := range []quality.Missing{{Data: "item", Missing: 1, Of: 2, Example: bare.ID}, {Data: "payer"}, {Data: "shipping"}, {Data: "industry", Missing: 2, Of: 2, Example: bare.ID}} {
			if r.Data[i] != want {
				t.Errorf("%+v, want %+v", r.Data[i], want)
			}
		}
		if r.Data[3].PerMille() != 1000 {
			t.Error(r.Data[3].PerMille())
		}
	})
}

// Every advice, detail, reason and kind of data has words.
func TestWhatQualitySaysHasWords(t *testing.T) {
	l := text.Must()
	for _, key := range []string{"todo.other_means", "todo.call_bank", "todo.check_data", "todo.send_data", "todo.other_card", "todo.accepted_cards",
		"todo.installments", "todo.look_first", "todo.expired", "todo.pin", "todo.wait", "todo.other", "detail.absent", "detail.value", "detail.needs_card", "detail.not_checked", "detail.failed",
		"kind.manual", "kind.automatic", "kind.preview", "result.measured", "result.not_measurable",
		"reason.test_credentials", "reason.other_connection", "reason.no_money", "reason.no_payment", "reason.no_request", "reason.unreadable", "reason.missed",
		"data.item", "data.payer", "data.shipping", "data.industry"} {
		for _, lang := range text.Languages {
			if !l.Localizer(lang).Has("quality." + key) {
				t.Errorf("%s: no words for %s", lang, key)
			}
		}
	}
}

// A card terminal's declines have advice of their own, each its own.
func TestATerminalsDeclinesSayWhatToDo(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		want := map[string]string{"51": "other_means", "54": "expired", "55": "pin", "05": "call_bank", "91": "wait"}
		for code := range want {
			d.charge(d.live, provider.Fact{Kind: provider.FactAttempt, ID: "a" + code, At: d.clock.Now(), Status: provider.StatusRejected, Detail: code, Method: "credit_card"},
				provider.Fact{Kind: provider.FactOrder, ID: "o" + code, At: d.clock.Now(), Status: provider.StatusRejected})
			d.clock.Move(time.Minute)
		}
		r, err := d.Approval(ctx, quality.ApprovalFilter{MerchantID: d.merchant.ID, Mode: posta.Live, TimeZone: d.merchant.TimeZone})
		d.must(err)
		if len(r.Declines) != len(want) {
			t.Fatalf("%+v", r.Declines)
		}
		for _, decline := range r.Declines {
			if decline.Todo != "quality.todo."+want[decline.Detail] {
				t.Errorf("%s: %s", decline.Detail, decline.Todo)
			}
		}
	})
}

// many is a store with more payments than a report takes.
type many struct {
	quality.Store
	asked int
}

func (m *many) QualityPayments(_ context.Context, f quality.Filter) ([]quality.Payment, error) {
	out := make([]quality.Payment, min(f.Limit, 25_000))
	for i := range out {
		out[i] = quality.Payment{ID: posta.PaymentID(fmt.Sprintf("pay_%05d", i)), Attempts: []quality.Attempt{{Status: provider.StatusApproved}}}
	}
	return out, nil
}

func (m *many) CreatesOf(_ context.Context, ids []posta.PaymentID) ([]outbound.Call, error) {
	m.asked += len(ids)
	return nil, nil
}

func TestAReportSaysWhenItWasCut(t *testing.T) {
	m := &many{}
	s := &quality.Service{Store: m, Clock: posta.NewFrozenClock(time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC))}
	r, err := s.Approval(t.Context(), quality.ApprovalFilter{})
	if err != nil || !r.Cut || r.Looked != 20_000 || r.Payments.Total != 20_000 || r.DataOf != 1_000 || m.asked != 1_000 {
		t.Errorf("looked %d, cut %v, data of %d, asked %d, %v", r.Looked, r.Cut, r.DataOf, m.asked, err)
	}
}
