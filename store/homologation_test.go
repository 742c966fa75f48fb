package store_test

import (
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"

	"posta"
	"posta/homologation"
	"posta/outbound"
	"posta/store"
	"posta/store/storetest"
)

func newEvidence(w storetest.World, p posta.ProjectID, key string, id posta.PaymentID) homologation.Evidence {
	return homologation.Evidence{ID: posta.NewID[posta.EvidenceID](storetest.Now), MerchantID: w.Merchant.ID, ProjectID: p, Case: key, Mode: posta.Test,
		Payment: id, ProviderID: "11111111-2222-4333-8444-555555555555", Verdict: homologation.Pass, By: "user:test", At: storetest.Now, Current: true,
		Findings: []homologation.Finding{{Field: "state", Want: "paid", Got: "paid", Verdict: homologation.Pass}}, Raw: []byte(`[{"status":200}]`), SHA256: "abc"}
}

func TestEvidenceComesBackAndTheNewestOfItsCaseCounts(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx, p := storetest.Seed(t, db), t.Context(), posta.NewID[posta.ProjectID](storetest.Now)
		first := newEvidence(w, p, "credit_1", posta.NewID[posta.PaymentID](storetest.Now))
		second := newEvidence(w, p, "credit_1", posta.NewID[posta.PaymentID](storetest.Now))
		second.ID, second.Verdict = posta.NewID[posta.EvidenceID](storetest.Now.Add(time.Second)), homologation.Fail
		for _, e := range []homologation.Evidence{first, second} {
			if err := db.InsertEvidence(ctx, e, nil); err != nil {
				t.Fatal(err)
			}
		}
		all := must[[]homologation.Evidence](t)(db.EvidenceOf(ctx, w.Merchant.ID, p, "credit_1"))
		first.Current = false
		if len(all) != 2 || !reflect.DeepEqual(all[0], second) || !reflect.DeepEqual(all[1], first) {
			t.Errorf("%+v", all)
		}
		current := must[map[string]homologation.Evidence](t)(db.Evidence(ctx, w.Merchant.ID, p))
		second.Raw = nil
		if len(current) != 1 || !reflect.DeepEqual(current["credit_1"], second) {
			t.Errorf("%+v", current)
		}
		if uses := must[map[string]homologation.Evidence](t)(db.EvidenceUses(ctx, w.Merchant.ID)); len(uses) != 0 {
			t.Errorf("what failed is used: %+v", uses)
		}
		other := storetest.Seed(t, db)
		if got := must[map[string]homologation.Evidence](t)(db.Evidence(ctx, other.Merchant.ID, p)); len(got) != 0 {
			t.Errorf("another merchant sees %+v", got)
		}
		wantCode(t, db.DropEvidence(ctx, other.Merchant.ID, p, "credit_1", nil), posta.CodeNotFound)
		if err := db.DropEvidence(ctx, w.Merchant.ID, p, "credit_1", nil); err != nil {
			t.Error(err)
		}
		wantCode(t, db.DropEvidence(ctx, w.Merchant.ID, p, "credit_1", nil), posta.CodeNotFound)
	})
}

// TestP55_OnePaymentProvesOneCase: of many that claim a payment at once one gets
// it, and the others are told which. Sabotage that turns it red: drop the UNIQUE
// index and read before the transaction.
func TestP55_OnePaymentProvesOneCase(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := storetest.Seed(t, db), t.Context()
		payment := posta.NewID[posta.PaymentID](storetest.Now)
		cases := []string{"credit_1", "brand_vi", "entry_chip", "copies_both", "token_ok", "debit"}
		errs := make([]error, len(cases))
		var all sync.WaitGroup
		for i, key := range cases {
			p := posta.NewID[posta.ProjectID](storetest.Now)
			all.Go(func() { errs[i] = db.InsertEvidence(ctx, newEvidence(w, p, key, payment), nil) })
		}
		all.Wait()
		won := 0
		for _, err := range errs {
			var e *posta.Error
			switch {
			case err == nil:
				won++
			case !errors.As(err, &e) || e.Code != posta.CodeConflict:
				t.Errorf("%v", err)
			}
		}
		if won != 1 {
			t.Errorf("%d cases are proven by one payment", won)
		}
		err := db.InsertEvidence(ctx, newEvidence(w, posta.NewID[posta.ProjectID](storetest.Now), "other", payment), nil)
		var e *posta.Error
		if !errors.As(err, &e) || e.Code != posta.CodeConflict || e.Params["case"] == "" || e.Params["project"] == "" {
			t.Errorf("%v", err)
		}
	})
}

func TestHomologationFilesAndSubmissionsAreKept(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx, p := storetest.Seed(t, db), t.Context(), posta.NewID[posta.ProjectID](storetest.Now)
		if f := must[homologation.File](t)(db.HomologationFile(ctx, w.Merchant.ID, p)); f.ProjectID != p || !f.DueAt.IsZero() {
			t.Errorf("%+v", f)
		}
		event := posta.Event{ID: posta.NewID[posta.EventID](storetest.Now), MerchantID: w.Merchant.ID, Mode: posta.Live, Type: "homologation.imported",
			Subject: string(p), Data: []byte("{}"), CreatedAt: storetest.Now}
		saved := must[homologation.File](t)(db.ChangeHomologation(ctx, w.Merchant.ID, p, func(f *homologation.File) ([]posta.Event, error) {
			f.Rows = []homologation.Row{{SheetRow: homologation.SheetRow{Worksheet: "Casos", Row: 7, Number: "1"}, Case: "debit"}}
			f.Run = homologation.Run{State: homologation.Running, Cases: []string{"debit"}, Trouble: map[string]string{"debit": "till_busy"}}
			f.DueAt, f.UpdatedAt = storetest.Now, storetest.Now
			return []posta.Event{event}, nil
		}))
		if got := must[homologation.File](t)(db.HomologationFile(ctx, w.Merchant.ID, p)); !reflect.DeepEqual(got, saved) || got.Rows[0].Case != "debit" {
			t.Errorf("%+v, want %+v", got, saved)
		}
		if due := must[[]homologation.File](t)(db.ClaimRuns(ctx, storetest.Now, time.Minute, 5)); len(due) != 1 || due[0].ProjectID != p || due[0].Run.State != homologation.Running {
			t.Errorf("%+v", due)
		}
		if due := must[[]homologation.File](t)(db.ClaimRuns(ctx, storetest.Now, time.Minute, 5)); len(due) != 0 {
			t.Errorf("claimed twice: %+v", due)
		}
		s := homologation.Submission{ID: posta.NewID[posta.SubmissionID](storetest.Now), MerchantID: w.Merchant.ID, ProjectID: p, Filled: "att_1", Message: "msg_1",
			State: homologation.Submitted, By: "user:test", At: storetest.Now}
		if err := db.InsertSubmission(ctx, s, nil); err != nil {
			t.Fatal(err)
		}
		second := s
		second.ID = posta.NewID[posta.SubmissionID](storetest.Now)
		wantCode(t, db.InsertSubmission(ctx, second, nil), posta.CodeConflict)
		s.State, s.Note, s.Without, s.AnsweredBy, s.AnsweredAt = homologation.Accepted, "bien", []string{"debit"}, "user:test", storetest.Now
		if err := db.AnswerSubmission(ctx, s, nil); err != nil {
			t.Fatal(err)
		}
		wantCode(t, db.AnswerSubmission(ctx, s, nil), posta.CodeConflict)
		wantCode(t, db.AnswerSubmission(ctx, second, nil), posta.CodeNotFound)
		if err := db.InsertSubmission(ctx, second, nil); err != nil {
			t.Errorf("after the answer: %v", err)
		}
		if got := must[homologation.Submission](t)(db.Submission(ctx, w.Merchant.ID, s.ID)); !reflect.DeepEqual(got, s) {
			t.Errorf("%+v, want %+v", got, s)
		}
		if list := must[[]homologation.Submission](t)(db.Submissions(ctx, w.Merchant.ID, p)); len(list) != 2 {
			t.Errorf("%+v", list)
		}
	})
}

// A token is asked for by a call whatever it was made for; what is about no
// payment is found by its connection.
func TestProofCallsAreFound(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := storetest.Seed(t, db), t.Context()
		pay := posta.NewID[posta.PaymentID](storetest.Now)
		for i, c := range []outbound.Call{
			{Tag: outbound.Tag{Payment: pay, Operation: "create"}, URL: "http://127.0.0.1/v1/oauth/accesstoken", Status: 200},
			{Tag: outbound.Tag{Payment: pay, Operation: "create"}, URL: "http://127.0.0.1/payments", Status: 200},
			{Tag: outbound.Tag{Operation: "probe"}, URL: "http://127.0.0.1/payments/x", Status: 404},
			{Tag: outbound.Tag{Operation: "settle"}, URL: "http://127.0.0.1/settlements", Status: 200},
		} {
			c.ID, c.Tag.ConnectionID, c.StartedAt = posta.NewID[posta.CallID](storetest.Now), w.Connection.ID, storetest.Now.Add(time.Duration(i)*time.Second)
			if err := db.InsertCall(ctx, c); err != nil {
				t.Fatal(err)
			}
		}
		calls := must[[]homologation.Call](t)(db.PaymentCalls(ctx, pay))
		if len(calls) != 2 || calls[0].Operation != "token" || calls[1].Operation != "create" {
			t.Errorf("%+v", calls)
		}
		probes := must[[]homologation.Call](t)(db.RecentProbes(ctx, w.Connection.ID, 5))
		if len(probes) != 1 || probes[0].Status != 404 {
			t.Fatalf("%+v", probes)
		}
		if got := must[homologation.Call](t)(db.ProbeCall(ctx, w.Connection.ID, probes[0].ID)); got.ID != probes[0].ID {
			t.Errorf("%+v", got)
		}
		_, err := db.ProbeCall(ctx, w.Connection.ID, calls[0].ID)
		wantCode(t, err, posta.CodeNotFound)
		if closes := must[[]homologation.Call](t)(db.SettlementCalls(ctx, w.Connection.ID, storetest.Now.Add(3*time.Second), storetest.Now.Add(time.Hour))); len(closes) != 1 || closes[0].Operation != "settle" {
			t.Errorf("%+v", closes)
		}
	})
}
