package subscription_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"posta"
	sim "posta/sim/mercadopago"
	"posta/store"
	"posta/store/storetest"
	"posta/subscription"
)

func (h *hub) messages(t testing.TB, id posta.SubscriptionID) []subscription.Message {
	t.Helper()
	list, err := h.Messages(t.Context(), h.world.Merchant.ID, id)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// kinds writes messages in short, with the day on which each was written: "voucher+0 before+4".
func kinds(list []subscription.Message, from time.Time) (out []string) {
	for _, m := range list {
		out = append(out, string(m.Kind)+"+"+posta.FormatDecimal(int64(m.CreatedAt.Sub(from)/day), 0))
	}
	return out
}

// The steps of an unpaid voucher, the vouchers themselves, and the final rule.
func TestDunningOfVouchers(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHub(t, db, sim.Switches{})
		p := h.plan(t, subscription.EngineHub, func(p *subscription.NewPlan) {
			p.Dunning = subscription.Dunning{Days: []int{-3, 0, 5}, GraceDays: 2, Final: subscription.FinalPause}
		})
		s := h.signUp(t, p, "")
		h.days(t, 25)
		list := h.messages(t, s.ID)
		got := kinds(list, start)
		slices.Sort(got)
		expect(t, got, "after+12", "before+4", "due+7", "paused+23", "voucher+0", "voucher+14", "voucher+7")
		for _, m := range list {
			if m.State != subscription.MessageSent || m.To != s.Buyer.Email || !strings.Contains(m.Text, s.Public) || strings.Contains(m.Subject+m.Text, "{{") ||
				strings.HasPrefix(m.Subject, "dunning.") || !strings.Contains(m.Text, "Ana") {
				t.Errorf("%+v", m)
			}
		}
		if len(h.post.sent) != len(list) {
			t.Errorf("%d mails, %d messages", len(h.post.sent), len(list))
		}
		story, err := h.Story(t.Context(), s.MerchantID, s.ID)
		written := 0
		for _, happening := range story {
			if happening.Message != nil {
				written++
			}
		}
		if err != nil || written != len(list) || len(story) < 2*len(list) {
			t.Errorf("%d happenings, %d messages, %v", len(story), written, err)
		}
	})
}

// With cards the buyer is told before a charge, when it was declined, and after;
// one who paid hears no more.
func TestDunningOfCards(t *testing.T) {
	t.Parallel()
	h := sqlite(t, sim.Switches{DropNotices: true})
	s := h.signUp(t, h.plan(t, subscription.EngineProvider, nil), "APRO")
	h.days(t, 29)
	expect(t, kinds(h.messages(t, s.ID), start), "before+26") // looked at once a day
	if err := h.sim.FailCard(s.Ref); err != nil {
		t.Fatal(err)
	}
	h.days(t, 40)
	got := kinds(h.messages(t, s.ID), start)
	slices.Sort(got)
	expect(t, got, "after+65", "before+26", "before+57", "due+60")
}

// A hub that is killed between deciding and sending sends once it is back; one
// that is killed after the mail server took it sends it again under the same
// Message-ID, by which it is one mail.
//
// Seen red under: the message committed after it was sent; a Message-ID of the moment.
func TestAMessageIsSentOnceThoughTheHubIsKilled(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHub(t, db, sim.Switches{})
		p := h.plan(t, subscription.EngineHub, nil)
		dying, kill := context.WithCancel(t.Context())
		h.post.note = func() { kill(); panic("killed") }
		s := h.signUp(t, p, "") // decided, not sent
		if m := h.messages(t, s.ID); len(m) != 1 || m[0].State != subscription.MessageQueued {
			t.Fatalf("%+v", m)
		}
		func() {
			defer func() { _ = recover() }()
			_, _ = h.SweepMail(dying, func(f func()) { f() })
		}()
		if m := h.messages(t, s.ID); len(h.post.sent) != 1 || m[0].State != subscription.MessageQueued {
			t.Fatalf("%d mails, %+v", len(h.post.sent), m)
		}
		h.post.note = nil
		h.later(t, time.Minute) // its lease runs: nobody takes it
		if len(h.post.sent) != 1 {
			t.Errorf("%d mails", len(h.post.sent))
		}
		h.later(t, 10*time.Minute)
		ids := map[string]int{}
		for _, m := range h.post.sent {
			ids[m.ID]++
		}
		if m := h.messages(t, s.ID); len(ids) != 1 || len(h.post.sent) != 2 || m[0].State != subscription.MessageSent {
			t.Errorf("%v, %+v", ids, m)
		}
		h.days(t, 2)
		if len(h.post.sent) != 2 {
			t.Errorf("%d mails", len(h.post.sent))
		}
	})
}

// What the mail server refuses for good is told and not tried again; what it
// cannot take now is tried later.
func TestAMailThatDoesNotGoOut(t *testing.T) {
	t.Parallel()
	for _, temporary := range []bool{true, false} {
		h := sqlite(t, sim.Switches{})
		h.post.fail = &posta.Error{Code: posta.CodeProviderRejected, Cause: errors.New("550 no such user")}
		if temporary {
			h.post.fail = &posta.Error{Code: posta.CodeProviderUnavailable, Cause: errors.New("451 later")}
		}
		s := h.signUp(t, h.plan(t, subscription.EngineHub, nil), "")
		h.later(t, time.Minute)
		m := h.messages(t, s.ID)[0]
		want := subscription.MessageFailed
		if temporary {
			want = subscription.MessageQueued
		}
		if m.State != want || m.Detail == "" {
			t.Errorf("%+v", m)
		}
		h.post.fail = nil
		h.days(t, 1)
		if m = h.messages(t, s.ID)[0]; temporary != (m.State == subscription.MessageSent) {
			t.Errorf("%+v", m)
		}
	}
}
