package payment_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
	"posta/store"
	"posta/store/storetest"
)

// disputed is a fake whose chargebacks can be answered.
type disputed struct {
	link
	sent *[]provider.File
}

func (f disputed) SendEvidence(_ context.Context, c provider.Charge, id string, files []provider.File) (provider.Observation, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before, after := f.fail("evidence")
	if before != nil {
		return provider.Observation{}, before
	}
	*f.sent = append(*f.sent, files...)
	if after != nil {
		return provider.Observation{}, after
	}
	return f.see(c.Payment), nil
}

func claim(clock posta.Clock, status provider.Status, evidence string) provider.Fact {
	return provider.Fact{Kind: provider.FactChargeback, ID: "CB1", Status: status, At: clock.Now(), Amount: 150000, Currency: "ARS",
		Chargeback: provider.Chargeback{DeadlineAt: storetest.Now.Add(10 * 24 * time.Hour), Evidence: evidence, Reason: "4853"}}
}

// takeBack has the bank of the buyer take the payment back, or say more of it.
func (d *desk) takeBack(t *testing.T, p payment.Payment, f provider.Fact) {
	t.Helper()
	d.mu.Lock()
	f.Parent = string(p.ID) + "a"
	o := d.orders[p.ID]
	o.attempt = append(o.attempt, f)
	d.mu.Unlock()
	d.notice(t, p)
}

func (d *desk) chargebacks(t *testing.T) []payment.Chargeback {
	t.Helper()
	list, err := d.Chargebacks(context.Background(), payment.ChargebackFilter{MerchantID: d.world.Merchant.ID, Mode: posta.Test})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func newDisputes(t *testing.T, db *store.DB) (*desk, *[]provider.File, payment.Payment) {
	d := newDesk(t, db)
	sent := &[]provider.File{}
	d.Open = func(context.Context, posta.ConnectionID) (provider.Connector, error) {
		return disputed{link{d.fake}, sent}, nil
	}
	p := d.charge(t)
	d.pay(p.ID, 150000)
	d.notice(t, p)
	return d, sent, d.get(t, p.ID)
}

var png = append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, 64)...)

func TestAChargebackIsToldOnceWarnedOfAndFollowedToItsEnd(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		d, sent, p := newDisputes(t, db)
		opened := claim(d.clock, provider.StatusPending, "pending")
		d.takeBack(t, p, opened)
		d.notice(t, p)
		list := d.chargebacks(t)
		if len(list) != 1 || list[0].State != payment.ChargebackOpen || list[0].Amount != (posta.Money{Amount: 150000, Currency: "ARS"}) || list[0].Reason != "4853" {
			t.Fatalf("chargebacks %+v", list)
		}
		sweep := func() {
			if _, err := d.SweepChargebacks(t.Context(), func(f func()) { f() }); err != nil {
				t.Fatal(err)
			}
		}
		for range 30 { // fifteen days of looking, also past the deadline
			d.clock.Move(12 * time.Hour)
			sweep()
		}
		if got := d.events(t, p.ID); got["chargeback.opened"] != 1 || got["chargeback.deadline_near"] != 1 {
			t.Errorf("events %v", got)
		}
		_, err := d.SendEvidence(t.Context(), p.MerchantID, p.Mode, list[0].ID, []provider.File{{Name: "entrega.png", Body: png}}, "user:a")
		if posta.ErrorCode(err) != posta.CodeState || len(*sent) != 0 {
			t.Errorf("after the deadline: %v, sent %d", err, len(*sent))
		}
		lost := claim(d.clock, provider.StatusLostCase, "not_supplied")
		d.takeBack(t, p, lost)
		d.notice(t, p)
		if list = d.chargebacks(t); list[0].State != payment.ChargebackLost || !list[0].DueAt.IsZero() {
			t.Errorf("at the end %+v", list[0])
		}
		if got := d.events(t, p.ID); got["chargeback.lost"] != 1 {
			t.Errorf("events %v", got)
		}
	})
}

func TestEvidenceIsKnownByItsBytesAndSentOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		d, sent, p := newDisputes(t, db)
		d.takeBack(t, p, claim(d.clock, provider.StatusPending, "pending"))
		id := d.chargebacks(t)[0].ID
		send := func(files ...provider.File) (payment.Chargeback, error) {
			return d.SendEvidence(t.Context(), p.MerchantID, p.Mode, id, files, "user:a")
		}
		for name, files := range map[string][]provider.File{
			"nothing": nil, "empty": {{Name: "a.png"}}, "a program in a picture's name": {{Name: "a.png", Body: []byte("#!/bin/sh\n")}},
			"a path": {{Name: "../a.png", Body: png}}, "too much": {{Name: "a.png", Body: append(bytes.Clone(png), make([]byte, payment.MaxEvidence)...)}},
		} {
			if _, err := send(files...); posta.ErrorCode(err) != posta.CodeInvalid {
				t.Errorf("%s: %v", name, err)
			}
		}
		if len(*sent) != 0 || len(d.chargebacks(t)[0].Evidence) != 0 {
			t.Fatalf("bad files left something: %d sent, %+v", len(*sent), d.chargebacks(t)[0].Evidence)
		}

		d.refuse = "evidence"
		if _, err := send(provider.File{Name: "a.png", Body: png}); posta.ErrorCode(err) != posta.CodeProviderRejected {
			t.Errorf("refused: %v", err)
		}
		if c := d.chargebacks(t)[0]; len(c.Evidence) != 0 || c.State != payment.ChargebackOpen {
			t.Errorf("refused, but kept %+v", c)
		}
		d.refuse, d.lose = "", "evidence"
		if _, err := send(provider.File{Name: "a.png", Body: png}); posta.ErrorCode(err) != posta.CodeProviderUnavailable {
			t.Errorf("lost: %v", err)
		}
		c := d.chargebacks(t)[0]
		if len(c.Evidence) != 1 || c.Evidence[0].Received || c.State != payment.ChargebackOpen {
			t.Errorf("a lost answer is not known: %+v", c)
		}
		review := claim(d.clock, provider.StatusReview, "review_pending")
		review.At = review.At.Add(time.Second)
		d.takeBack(t, p, review)
		c = d.chargebacks(t)[0]
		if c.State != payment.ChargebackSent || !c.Evidence[0].Received || len(*sent) != 1 {
			t.Errorf("the provider has it: %+v, sent %d", c, len(*sent))
		}
		if got := d.events(t, p.ID)["chargeback.evidence_sent"]; got != 1 {
			t.Errorf("evidence_sent told %d times", got)
		}
	})
}

func TestP13_AnyOrderOfAChargebacksNewsEndsEqual(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		d, _, _ := newDisputes(t, db)
		draw := rand.New(rand.NewPCG(4, 8))
		for range 12 {
			if open, err := d.OpenAt(t.Context(), d.world.Merchant.ID, d.world.Till.ID); err == nil {
				t.Fatal("till taken by", open.ID)
			}
			p := d.charge(t)
			d.pay(p.ID, 150000)
			d.notice(t, p)
			var news []provider.Fact
			for i, f := range []provider.Fact{claim(d.clock, provider.StatusPending, "pending"), claim(d.clock, provider.StatusReview, "review_pending"), claim(d.clock, provider.StatusWon, "valid")} {
				f.ID, f.Parent = "CB"+string(p.ID), string(p.ID)+"a"
				f.At = f.At.Add(time.Duration(i) * time.Minute)
				news = append(news, f, f)
			}
			draw.Shuffle(len(news), func(i, j int) { news[i], news[j] = news[j], news[i] })
			for _, f := range news {
				if _, err := d.Apply(t.Context(), p.ConnectionID, payment.News{Source: payment.FromNotice,
					Observation: provider.Observation{ExternalReference: string(p.ID), Facts: []provider.Fact{f}}}); err != nil {
					t.Fatal(err)
				}
			}
			list, err := d.Chargebacks(t.Context(), payment.ChargebackFilter{MerchantID: p.MerchantID, Mode: p.Mode, PaymentID: p.ID})
			if err != nil || len(list) != 1 || list[0].State != payment.ChargebackWon || list[0].Amount.Amount != 150000 {
				t.Fatalf("%v: %+v, %v", news, list, err)
			}
		}
	})
}

// Red under: shares that looks at the attempt only, which is approved again.
func TestP33_WhatTheProviderCoveredIsNotGivenBackAgain(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		d, _, p := newDisputes(t, db)
		covered := claim(d.clock, provider.StatusWon, "valid")
		covered.Chargeback.Covered = "yes"
		d.takeBack(t, p, covered)
		if c := d.chargebacks(t)[0]; c.State != payment.ChargebackCover {
			t.Fatalf("%+v", c)
		}
		_, err := d.Refund(t.Context(), payment.RefundInput{ID: posta.NewID[posta.RefundID](d.clock.Now()), MerchantID: p.MerchantID, Mode: p.Mode, PaymentID: p.ID, By: "user:a"})
		if posta.ErrorCode(err) != posta.CodeRefundExceeds || len(d.refunds) != 0 {
			t.Errorf("refund of what the buyer has already: %v, %d made", err, len(d.refunds))
		}
	})
}

// Red under: a state that is kept because it was there before.
func TestP13_AChargebackThatWaitsAgainDoesSoInAnyOrder(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for _, reversed := range []bool{false, true} {
			d, _, p := newDisputes(t, db)
			first, second := claim(d.clock, provider.StatusReview, "review_pending"), claim(d.clock, provider.StatusPending, "pending")
			second.At = second.At.Add(time.Minute)
			if reversed {
				first, second = second, first
			}
			for _, f := range []provider.Fact{first, second} {
				f.Parent = string(p.ID) + "a"
				if _, err := d.Apply(t.Context(), p.ConnectionID, payment.News{Source: payment.FromNotice,
					Observation: provider.Observation{ExternalReference: string(p.ID), Facts: []provider.Fact{f}}}); err != nil {
					t.Fatal(err)
				}
			}
			if got := d.chargebacks(t)[0].State; got != payment.ChargebackOpen {
				t.Errorf("reversed %v: %s", reversed, got)
			}
		}
	})
}
