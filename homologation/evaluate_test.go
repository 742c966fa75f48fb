package homologation_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"posta"
	"posta/homologation"
	"posta/payment"
	"posta/project"
	"posta/store"
)

func wantError(t *testing.T, err error, code posta.Code, field string) {
	t.Helper()
	var e *posta.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Fatalf("got %v, want %s", err, code)
	}
	if field == "" {
		return
	}
	for _, f := range e.Fields {
		if f.Field+":"+f.Code == field {
			return
		}
	}
	t.Fatalf("got %v, want %s", err, field)
}

const saleScript = "charge method=credit_card installments=1; take; present; wait paid"

// bring drives a script that must work.
func (w *world) bring(script string) homologation.Produced {
	w.t.Helper()
	what, err := w.drive(script)
	w.must(err)
	return what
}

// TestP55_ForeignAndUsedPaymentsAreRefused: another merchant's payment does not
// exist, another connection's is refused, and what proves one case proves no
// other, in this project or another one. Sabotage that turns it red: drop the
// UNIQUE indexes and the look into EvidenceUses.
func TestP55_ForeignAndUsedPaymentsAreRefused(t *testing.T) {
	both(t, func(t *testing.T, kind store.Dialect) {
		w := newWorld(t, kind, onTerminals)
		ctx := t.Context()
		sale := w.bring(saleScript)
		other := w.newProject(newMerchant(w), "prisma_ecr", w.project.Test)
		stranger := w.owner
		w.owner = project.Actor{Merchant: w.project.MerchantID, User: stranger.User, Role: posta.Owner}
		_, err := w.service.Evaluate(ctx, stranger, other.ID, "credit_1", string(sale.Payment))
		wantError(t, err, posta.CodeNotFound, "")
		found, err := w.app.Payments.Get(ctx, w.project.MerchantID, posta.Test, sale.Payment)
		w.must(err)
		_, err = w.service.Evaluate(ctx, stranger, other.ID, "credit_1", found.Order)
		wantError(t, err, posta.CodeNotFound, "")

		elsewhere := w.newProject(w.project.MerchantID, "prisma_ecr", newID[posta.ConnectionID](w))
		_, err = w.service.Evaluate(ctx, w.owner, elsewhere.ID, "credit_1", string(sale.Payment))
		wantError(t, err, posta.CodeInvalid, "payment_id:other_connection")
		_, err = w.evaluate("close", string(sale.Payment))
		wantError(t, err, posta.CodeInvalid, "payment_id:other_subject")
		_, err = w.evaluate("credit_1", " ")
		wantError(t, err, posta.CodeInvalid, "payment_id:required")
		_, err = w.evaluate("no_such_case", string(sale.Payment))
		wantError(t, err, posta.CodeNotFound, "")
		_, err = w.evaluate("credit_1", string(newID[posta.PaymentID](w)))
		wantError(t, err, posta.CodeNotFound, "")
		_, err = w.service.Evaluate(ctx, project.Actor{Merchant: w.project.MerchantID, Contact: "ctc_1", Project: w.project.ID}, w.project.ID, "credit_1", string(sale.Payment))
		wantError(t, err, posta.CodeForbidden, "")

		// In a wrong case it fails, which does not use it up.
		if e, err := w.evaluate("debit", string(sale.Payment)); err != nil || e.Verdict != homologation.Fail {
			t.Fatalf("%s %v", e.Verdict, err)
		}
		e, err := w.evaluate("credit_1", found.Order) // by the provider's own id
		if err != nil || e.Verdict != homologation.Pass || e.Payment != sale.Payment || e.ProviderID != found.Order {
			t.Fatalf("%s by %s, %v", e.Verdict, e.Subject(), err)
		}
		sibling := w.newProject(w.project.MerchantID, "prisma_ecr", w.project.Test)
		for _, at := range []struct {
			project posta.ProjectID
			key     string
		}{{w.project.ID, "brand_vi"}, {sibling.ID, "credit_1"}} {
			_, err = w.service.Evaluate(ctx, w.owner, at.project, at.key, string(sale.Payment))
			wantError(t, err, posta.CodeConflict, "")
			var conflict *posta.Error
			errors.As(err, &conflict)
			if conflict.Params["case"] != "credit_1" || conflict.Params["project"] != string(w.project.ID) {
				t.Errorf("%v", conflict.Params)
			}
		}
		if again, err := w.evaluate("credit_1", string(sale.Payment)); err != nil || again.Verdict != homologation.Pass {
			t.Errorf("judged again: %s %v", again.Verdict, err)
		}
		w.must(w.service.Drop(ctx, w.owner, w.project.ID, "credit_1"))
		if e, err := w.service.Evaluate(ctx, w.owner, sibling.ID, "brand_vi", string(sale.Payment)); err != nil || e.Verdict != homologation.Pass {
			t.Errorf("after it was dropped: %s %v", e.Verdict, err)
		}
	})
}

func newMerchant(w *world) posta.MerchantID {
	w.t.Helper()
	before := w.project
	w.seedOther()
	m := w.project.MerchantID
	w.project = before
	return m
}

// Evidence is what the provider answered when it was asked anew, without what
// tells of a card or person, under the hash of it.
func TestEvidenceIsFetchedAnewMaskedAndHashed(t *testing.T) {
	both(t, func(t *testing.T, kind store.Dialect) {
		w := newWorld(t, kind, onTerminals)
		sale, other := w.bring(saleScript), w.bring(saleScript)
		w.clock.Move(time.Hour)
		before := w.clock.Now()
		if _, err := w.evaluate("credit_1", string(sale.Payment)); err != nil {
			t.Fatal(err)
		}
		all, err := w.service.History(t.Context(), w.owner, w.project.ID, "credit_1")
		w.must(err)
		e := all[0]
		if sum := sha256.Sum256(e.Raw); hex.EncodeToString(sum[:]) != e.SHA256 || e.By != w.owner.By() || e.At.Before(before) {
			t.Errorf("%s by %s at %s: %s", e.Verdict, e.By, e.At, e.SHA256)
		}
		var calls []struct {
			Operation string    `json:"operation"`
			At        time.Time `json:"at"`
		}
		w.must(json.Unmarshal(e.Raw, &calls))
		if last := calls[len(calls)-1]; last.Operation != "enquiry" || last.At.Before(before) {
			t.Errorf("the last call was %+v: nothing was asked anew", last)
		}
		for _, secret := range []string{"SIMULATED-SECRET-KEY", "450799", `"card_holder":"T`} {
			if bytes.Contains(e.Raw, []byte(secret)) {
				t.Errorf("the evidence holds %s", secret)
			}
		}
		if !strings.Contains(string(e.Raw), "CONFIRMED") {
			t.Error("the provider's answer is not in the evidence")
		}
		// A provider that does not answer proves nothing: no evidence is kept.
		w.faulty(true)
		_, err = w.evaluate("brand_vi", string(other.Payment))
		wantError(t, err, posta.CodeProviderUnavailable, "")
		w.faulty(false)
		if all, err = w.service.History(t.Context(), w.owner, w.project.ID, "brand_vi"); err != nil || len(all) != 0 {
			t.Errorf("%d evidences, %v", len(all), err)
		}
	})
}

// Find gives each open case what proves it, as many as can be proven together,
// and tells of the rest what comes near. Sabotage that turns it red: a candidate is
// not marked as taken.
func TestFindProvesAsManyCasesAsItCan(t *testing.T) {
	both(t, func(t *testing.T, kind store.Dialect) {
		w := newWorld(t, kind, onTerminals)
		ctx := t.Context()
		// The newer sale proves credit_1, brand_vi and entry_chip, the older ones less.
		w.bring("charge; take; present brand=MC entry=CHIP_CONTACTLESS; wait paid")
		w.bring("charge; take; present brand=VI entry=MAGNETIC_STRIPE; wait paid")
		w.bring("charge method=credit_card installments=1; take; present brand=VI; wait paid")
		w.bring("charge method=credit_card installments=3; take; present brand=MC; wait paid")
		w.bring("charge; take; present outcome=decline; wait rejected")
		found, err := w.service.Find(ctx, w.owner, w.project.ID)
		w.must(err)
		if len(found.Proven) != 5 || found.Looked != 5 {
			t.Fatalf("%d cases proven by %d things", len(found.Proven), found.Looked)
		}
		used := map[string]bool{}
		for key, e := range found.Proven {
			if e.Verdict != homologation.Pass || used[e.Subject()] {
				t.Errorf("%s: %s by %s", key, e.Verdict, e.Subject())
			}
			used[e.Subject()] = true
		}
		if _, ok := found.Proven["declined"]; !ok {
			t.Errorf("the declined one proves nothing: %v", found.Open)
		}
		again, err := w.service.Find(ctx, w.owner, w.project.ID)
		w.must(err)
		if len(again.Proven) != 0 || again.Looked != 0 {
			t.Errorf("%d found again, of %d", len(again.Proven), again.Looked)
		}
		w.bring("charge method=debit_card cash_back=50000; take; present brand=EL kind=DEBIT outcome=decline; wait rejected")
		w.bring("charge; take; present brand=AM; wait paid; refund kind=refund; cancel_refund; wait refund=failed")
		near, err := w.service.Find(ctx, w.owner, w.project.ID)
		w.must(err)
		if _, ok := near.Proven["refund_canceled"]; !ok {
			t.Error("the sale whose refund was canceled proves another case")
		}
		if n, ok := near.Near["expired_card"]; !ok || homologation.Wrong(n.Findings)[0].Field != "attempt.detail" {
			t.Errorf("near expired_card: %+v", n)
		}
		o, err := w.service.Overview(ctx, w.owner, w.project.ID)
		w.must(err)
		if o.Passed != 6 || o.Open != len(o.Cases)-6 || len(o.Missing) == 0 || o.Standing.Met {
			t.Errorf("%d passed, %d open, standing %+v", o.Passed, o.Open, o.Standing)
		}
	})
}

// Three sales prove three cases although each case's first choice is another's
// only one. Sabotage that turns it red: match without augmenting paths.
func TestFindGivesWayWhereAnotherCaseHasNoChoice(t *testing.T) {
	both(t, func(t *testing.T, kind store.Dialect) {
		w := newWorld(t, kind, onTerminals)
		w.bring("check; charge; take; present brand=VI entry=MANUAL installments=2; wait paid")
		w.bring("charge method=credit_card installments=3; take; present brand=VI entry=CHIP_CONTACTLESS; wait paid")
		w.bring("charge method=credit_card installments=3; take; present brand=IT entry=CHIP_CONTACTLESS; wait paid")
		found, err := w.service.Find(t.Context(), w.owner, w.project.ID)
		w.must(err)
		for _, key := range []string{"credit_3", "brand_vi", "entry_contactless"} {
			if found.Proven[key].Verdict != homologation.Pass {
				t.Errorf("%s is not proven", key)
			}
		}
	})
}

// A person with a real terminal does a case, and what they did last is judged.
func TestWhatAPersonDidLastIsJudged(t *testing.T) {
	both(t, func(t *testing.T, kind store.Dialect) {
		w := newWorld(t, kind, onTerminals)
		ctx := t.Context()
		g, err := w.service.GuideFor(ctx, w.owner, w.project.ID, "credit_3")
		w.must(err)
		if len(g.Steps) != 3 || g.Steps[0].Deed != "charge" || g.Steps[0].Params["installments"] != "3" || g.Steps[2].Params["brand"] != "VI" {
			t.Errorf("%+v", g.Steps)
		}
		w.bring(saleScript)
		began := w.clock.Now()
		_, err = w.service.EvaluateNewest(ctx, w.owner, w.project.ID, "credit_3", began)
		wantError(t, err, posta.CodeInvalid, "payment_id:none_since")
		w.bring("charge method=credit_card installments=3; take; present; wait paid")
		if e, err := w.service.EvaluateNewest(ctx, w.owner, w.project.ID, "credit_3", began); err != nil || e.Verdict != homologation.Pass {
			t.Errorf("%s %v", e.Verdict, err)
		}
		call, err := w.service.ProbeUnknown(ctx, w.owner, w.project.ID)
		w.must(err)
		if e, err := w.evaluate("unknown_payment", string(call)); err != nil || e.Verdict != homologation.Pass {
			t.Errorf("%s %v", e.Verdict, err)
		}
		back := w.bring("charge; take; present; wait paid; refund kind=reversal; take; confirm; wait refund=succeeded")
		w.must(w.service.TryReversalAgain(ctx, w.owner, w.project.ID, back.Payment))
		if e, err := w.evaluate("reversal_twice", string(back.Payment)); err != nil || e.Verdict != homologation.Pass {
			t.Errorf("%s %v", e.Verdict, err)
		}
		paid := w.bring(saleScript)
		wantError(t, w.service.TryReversalAgain(ctx, w.owner, w.project.ID, paid.Payment), posta.CodeState, "")
		if p, err := w.app.Payments.Get(ctx, w.project.MerchantID, posta.Test, paid.Payment); err != nil || p.State != payment.Paid {
			t.Errorf("%s %v: a try moved money", p.State, err)
		}
	})
}
