package homologation_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"posta"
	"posta/homologation"
	"posta/project"
	"posta/store"
	"posta/text"
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

// A report's page is what was signed: a verdict, a name or an id that somebody
// changes in what it shows, and not only in the signed text, comes out.
func TestAReportsPageShowsWhatWasSigned(t *testing.T) {
	w, ctx := newStillWorld(t, store.SQLite, onTerminals), t.Context()
	words := text.Must()
	w.service.Say = func(language, key string, args ...any) string { return words.Localizer(language).T(key, args...) }
	for _, e := range []homologation.Evidence{{Case: "credit_1", Verdict: homologation.Pass, ProviderID: "PRV-1"},
		{Case: "debit", Verdict: homologation.Fail, ProviderID: "PRV-2", Findings: []homologation.Finding{{Field: "attempt.method", Want: "debit_card", Got: "<credit> & \"card\"", Verdict: homologation.Fail}}}} {
		e.ID, e.MerchantID, e.ProjectID, e.Mode = newID[posta.EvidenceID](w), w.project.MerchantID, w.project.ID, posta.Test
		e.Payment, e.At, e.Current = newID[posta.PaymentID](w), w.clock.Now(), true
		w.must(w.app.Store.InsertEvidence(ctx, e, nil))
	}
	r, err := w.service.Report(ctx, w.owner, w.project.ID)
	w.must(err)
	buenosAires, err := time.LoadLocation("America/Argentina/Buenos_Aires")
	w.must(err)
	for _, language := range text.Languages {
		for _, zone := range []*time.Location{time.UTC, buenosAires} {
			page := w.service.HTML(r, language, zone)
			if got, err := w.service.VerifyPage(page); err != nil || !bytes.Equal(got.JSON(), r.JSON()) {
				t.Fatalf("%s: %v", language, err)
			}
			for _, change := range [][2]string{{"PRV-1", "PRV-9"}, {`class="fail"`, `class="pass"`}, {"</tbody>", "<tr><td>99</td></tr></tbody>"}, {"</body>", "<!-- --></body>"}} {
				changed := bytes.Replace(page, []byte(change[0]), []byte(change[1]), 1)
				if _, err := w.service.VerifyPage(changed); bytes.Equal(changed, page) || posta.ErrorCode(err) != posta.CodeInvalid {
					t.Errorf("%s: %q passes: %v", language, change[1], err)
				}
			}
		}
	}
}
