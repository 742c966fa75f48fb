package homologation_test

import (
	"context"
	"testing"

	"posta"
	"posta/homologation"
	"posta/project"
	"posta/store"
)

// Where the provider reviews a sheet, nobody confirms in its reviewer's place,
// and a program confirms nowhere.
func TestNobodyConfirmsInTheReviewersPlace(t *testing.T) {
	both(t, func(t *testing.T, kind store.Dialect) {
		w, ctx := newStillWorld(t, kind, onTerminals), t.Context()
		for _, c := range homologation.Set(w.project.Product) {
			e := homologation.Evidence{ID: newID[posta.EvidenceID](w), MerchantID: w.project.MerchantID, ProjectID: w.project.ID, Case: c.Key, Mode: posta.Test,
				Payment: newID[posta.PaymentID](w), Verdict: homologation.Pass, At: w.clock.Now(), Current: true}
			w.must(w.app.Store.InsertEvidence(ctx, e, nil))
		}
		_, err := w.service.Confirm(ctx, w.owner, w.project.ID)
		wantError(t, err, posta.CodeState, "")
		if s, err := w.service.Passed(ctx, w.project); err != nil || s.Met {
			t.Errorf("%+v %v", s, err)
		}
		_, err = w.service.Confirm(ctx, project.Actor{Merchant: w.project.MerchantID, Key: "key_1"}, w.project.ID)
		wantError(t, err, posta.CodeForbidden, "")
	})
}

// A submission that was cut off goes on with the file that its message bore, and
// one that could not be sent leaves one file however often it is tried.
func TestASubmissionHasOneFile(t *testing.T) {
	both(t, func(t *testing.T, kind store.Dialect) {
		w, ctx := newStillWorld(t, kind, onTerminals), t.Context()
		_, err := w.service.Import(ctx, w.owner, w.project.ID, "Homologación.xlsx", providersSheet(t))
		w.must(err)
		send, tries := w.service.Send, 0
		w.service.Send = func(ctx context.Context, a project.Actor, l homologation.Letter) error {
			if tries++; tries < 3 {
				return posta.Invalid("to", "required")
			}
			return send(ctx, a, l)
		}
		in := homologation.SubmitInput{ID: newID[posta.SubmissionID](w), Project: w.project.ID, Text: "Va la planilla."}
		for range 2 {
			_, err = w.service.Submit(ctx, w.owner, in)
			wantError(t, err, posta.CodeInvalid, "to:required")
		}
		sub, err := w.service.Submit(ctx, w.owner, in)
		w.must(err)
		files, err := w.app.Store.Attachments(ctx, w.project.MerchantID, w.project.ID)
		w.must(err)
		if len(files) != 2 || sub.Filled != w.sent[0].Attachments[0] { // as it came, and filled
			t.Errorf("%d files, %+v", len(files), sub)
		}
	})
}
