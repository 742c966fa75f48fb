package homologation_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"posta"
	"posta/homologation"
	"posta/project"
	"posta/store"
	"posta/text"
)

// providersSheet is a workbook like a provider's: a banner, an empty column, the
// header further down, and rows in its own words.
func providersSheet(t *testing.T) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	rows := map[string][]any{
		"B2":  {"PLANILLA DE HOMOLOGACIÓN"},
		"B5":  {"Nro.", "Caso de prueba", "Resultado esperado", "payment_id", "Resultado", "Observaciones"},
		"B6":  {"CP-01", "Venta con crédito en 1 cuota", "Aprobada"},
		"B7":  {"CP-02", "Venta con débito", "Aprobada"},
		"B8":  {"CP-03", "Anulación de la venta", "Aprobada"},
		"B9":  {"CP-04", "Cierre de lote", "Confirmado"},
		"B10": {"CP-05", "Prueba de humo del cajón de dinero", "Abre"},
	}
	for at, row := range rows {
		if err := f.SetSheetRow("Sheet1", at, &row); err != nil {
			t.Fatal(err)
		}
	}
	out, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func (w *world) proven(keys ...string) {
	w.t.Helper()
	for _, c := range homologation.Set(w.project.Product) {
		for _, key := range keys {
			if c.Key != key {
				continue
			}
			if e, err := w.evaluate(key, w.bring(c.Script).ID()); err != nil || e.Verdict != homologation.Pass {
				w.t.Fatalf("%s: %s %v", key, e.Verdict, err)
			}
		}
	}
}

// The provider's sheet comes in, its rows find their cases, ids and results go
// into its own cells, it goes out in the thread, and the reviewer answers.
func TestTheSheetComesInIsFilledAndIsAnswered(t *testing.T) {
	both(t, func(t *testing.T, kind store.Dialect) {
		w, ctx := newWorld(t, kind, onTerminals), t.Context()
		_, _, err := w.service.Export(ctx, w.owner, w.project.ID)
		wantError(t, err, posta.CodeState, "")
		sheet := providersSheet(t)
		f, err := w.service.Import(ctx, w.owner, w.project.ID, `C:\docs\Homologación.xlsx`, sheet)
		w.must(err)
		cases := map[string]string{}
		for _, r := range f.Rows {
			cases[r.Number] = r.Case
		}
		if f.SheetName != "Homologación.xlsx" || cases["CP-01"] != "credit_1" || cases["CP-02"] != "debit" || cases["CP-03"] != "reversal" || cases["CP-04"] != "close" || cases["CP-05"] != "" {
			t.Fatalf("%s %v", f.SheetName, cases)
		}
		for name, bad := range map[string][]byte{"a.xlsx": []byte("<html></html>"), "b.xlsx": nil, "c.xlsx": bytes.Repeat([]byte("x"), homologation.SheetMaxBytes+1)} {
			_, err := w.service.Import(ctx, w.owner, w.project.ID, name, bad)
			if posta.ErrorCode(err) != posta.CodeInvalid {
				t.Errorf("%s: %v", name, err)
			}
		}
		if after, err := w.app.Store.HomologationFile(ctx, w.project.MerchantID, w.project.ID); err != nil || after.Sheet != f.Sheet || len(after.Rows) != len(f.Rows) {
			t.Errorf("a bad sheet changed something: %v", err)
		}
		_, err = w.service.ChooseCase(ctx, w.owner, w.project.ID, f.Rows[4].Worksheet, 99, "qr")
		wantError(t, err, posta.CodeNotFound, "")
		_, err = w.service.ChooseCase(ctx, w.owner, w.project.ID, f.Rows[4].Worksheet, f.Rows[4].Row, "no_such_case")
		wantError(t, err, posta.CodeNotFound, "")
		f, err = w.service.ChooseCase(ctx, w.owner, w.project.ID, f.Rows[4].Worksheet, f.Rows[4].Row, "declined")
		w.must(err)
		if !f.Rows[4].Chosen || f.Rows[4].Case != "declined" {
			t.Errorf("%+v", f.Rows[4])
		}
		w.proven("credit_1", "reversal", "close")
		if e, err := w.evaluate("debit", w.bring(saleScript).ID()); err != nil || e.Verdict != homologation.Fail {
			t.Fatalf("%s %v", e.Verdict, err)
		}
		name, filled, err := w.service.Export(ctx, w.owner, w.project.ID)
		w.must(err)
		back, err := homologation.ReadSheet(filled)
		w.must(err)
		evidence, err := w.app.Store.Evidence(ctx, w.project.MerchantID, w.project.ID)
		w.must(err)
		for _, r := range back.Rows {
			want := evidence[map[string]string{"CP-01": "credit_1", "CP-02": "debit", "CP-03": "reversal", "CP-04": "close"}[r.Number]]
			if r.PaymentID != want.ProviderID {
				t.Errorf("%s: %q, want %q", r.Number, r.PaymentID, want.ProviderID)
			}
		}
		if name != f.SheetName || back.Rows[0].Result != "OK" || back.Rows[1].Result != "NO OK" || !strings.Contains(back.Rows[1].Note, "credit_card") || back.Rows[4].PaymentID != "" {
			t.Errorf("%s %+v", name, back.Rows)
		}

		_, err = w.service.Submit(ctx, w.owner, homologation.SubmitInput{Project: w.project.ID, Text: " "})
		wantError(t, err, posta.CodeInvalid, "text:required")
		sub, err := w.service.Submit(ctx, w.owner, homologation.SubmitInput{ID: newID[posta.SubmissionID](w), Project: w.project.ID, Subject: "Homologación", Text: "Va la planilla."})
		w.must(err)
		if len(w.sent) != 1 || w.sent[0].ID != sub.Message || w.sent[0].Attachments[0] != sub.Filled || sub.State != homologation.Submitted {
			t.Errorf("%+v %+v", w.sent, sub)
		}
		kept, err := w.app.Store.Attachment(ctx, w.project.MerchantID, sub.Filled)
		w.must(err)
		if again, err := homologation.ReadSheet(kept.Data); err != nil || again.Rows[0].PaymentID != evidence["credit_1"].ProviderID {
			t.Errorf("%v", err)
		}
		if repeat, err := w.service.Submit(ctx, w.owner, homologation.SubmitInput{ID: sub.ID, Project: w.project.ID, Text: "Va la planilla."}); err != nil || repeat.ID != sub.ID || len(w.sent) != 1 {
			t.Errorf("repeated: %v, %d sent", err, len(w.sent))
		}
		_, err = w.service.Submit(ctx, w.owner, homologation.SubmitInput{Project: w.project.ID, Text: "Otra."})
		wantError(t, err, posta.CodeConflict, "")
		answer := func(state homologation.SubmissionState, note string, without ...string) error {
			_, err := w.service.Answer(ctx, w.owner, homologation.AnswerInput{Submission: sub.ID, State: state, Note: note, Without: without})
			return err
		}
		wantError(t, answer("maybe", ""), posta.CodeInvalid, "state:unknown")
		wantError(t, answer(homologation.Returned, ""), posta.CodeInvalid, "note:required")
		w.must(answer(homologation.Returned, "Falta el débito"))
		wantError(t, answer(homologation.Accepted, ""), posta.CodeInvalid, "without:cases_missing")
		if s, err := w.service.Passed(ctx, w.project); err != nil || s.Met {
			t.Errorf("%+v %v", s, err)
		}
		sub, err = w.service.Submit(ctx, w.owner, homologation.SubmitInput{Project: w.project.ID, Text: "Otra vez."})
		w.must(err)
		o, err := w.service.Overview(ctx, w.owner, w.project.ID)
		w.must(err)
		wantError(t, answer(homologation.Accepted, "", o.Missing[1:]...), posta.CodeInvalid, "without:cases_missing")
		w.must(answer(homologation.Accepted, "Aceptada sin el resto", o.Missing...))
		wantError(t, answer(homologation.Returned, "tarde"), posta.CodeConflict, "")
		s, err := w.service.Passed(ctx, w.project)
		w.must(err)
		if !s.Met || s.Evidence != string(sub.ID) {
			t.Errorf("%+v", s)
		}
		// A case that was proven and is no more takes the pass away.
		w.must(w.service.Drop(ctx, w.owner, w.project.ID, "credit_1"))
		if s, err = w.service.Passed(ctx, w.project); err != nil || s.Met || s.Reason != "cases_missing" || s.Params["cases"] != "credit_1" {
			t.Errorf("%+v %v", s, err)
		}
	})
}

// A product without a sheet is said to be proven by name, when it is; what is
// pre-integrated stands on its original.
func TestAllProvenCountsOnceSomebodySaysSo(t *testing.T) {
	both(t, func(t *testing.T, kind store.Dialect) {
		w, ctx := newWorld(t, kind, onLegacyQR), t.Context()
		_, err := w.service.Confirm(ctx, w.owner, w.project.ID)
		wantError(t, err, posta.CodeState, "")
		var keys []string
		for _, c := range homologation.Set(w.project.Product) {
			if !c.Optional {
				keys = append(keys, c.Key)
			}
		}
		client := w.newProject(w.project.MerchantID, "mercadopago_qr", "")
		client.Preintegrated = w.project.ID
		w.proven(keys...)
		if s, err := w.service.Passed(ctx, client); err != nil || s.Met || s.Reason != "original_not_passed" || s.Params["because"] != "not_confirmed" {
			t.Errorf("%+v %v", s, err)
		}
		if _, err = w.service.Confirm(ctx, w.owner, w.project.ID); err != nil {
			t.Fatal(err)
		}
		if s, err := w.service.Passed(ctx, client); err != nil || !s.Met || s.Evidence != string(w.project.ID) {
			t.Errorf("%+v %v", s, err)
		}
	})
}

// A changed byte of a report fails its verification; another hub's key does too.
func TestAReportIsSigned(t *testing.T) {
	w, ctx := newWorld(t, store.SQLite, onTerminals), t.Context()
	words := text.Must()
	w.service.Say = func(language, key string, args ...any) string { return words.Localizer(language).T(key, args...) }
	w.proven("credit_1")
	_, err := w.evaluate("debit", w.bring(saleScript).ID())
	w.must(err)
	r, err := w.service.Report(ctx, w.owner, w.project.ID)
	w.must(err)
	signed := r.JSON()
	if !w.service.Verify(signed, r.Signature) {
		t.Fatal("its own report is not verified")
	}
	for _, at := range []int{0, len(signed) / 2, len(signed) - 1} {
		changed := bytes.Clone(signed)
		changed[at] ^= 1
		if w.service.Verify(changed, r.Signature) {
			t.Errorf("a changed byte at %d passes", at)
		}
	}
	if w.service.Verify(signed, "") || w.service.Verify(signed, "x") {
		t.Error("no signature passes")
	}
	for _, language := range text.Languages {
		page := w.service.HTML(r, language, time.UTC)
		found, signature, err := homologation.ReadReport(page)
		if err != nil || !w.service.Verify(found, signature) {
			t.Errorf("%s: the page's own text is not verified: %v", language, err)
		}
		for _, part := range []string{base64.StdEncoding.EncodeToString(signed)[:20], "credit_card", "<html lang=\"" + language} {
			if !bytes.Contains(page, []byte(part)) {
				t.Errorf("%s: the page lacks %s", language, part)
			}
		}
		if bytes.Contains(page, []byte("homologation.")) {
			t.Errorf("%s: a word is missing on the page", language)
		}
		pdf, err := w.service.PDF(r, language, time.UTC)
		if err != nil || !bytes.HasPrefix(pdf, []byte("%PDF-")) || len(pdf) < 5000 {
			t.Errorf("%s: %d bytes of PDF, %v", language, len(pdf), err)
		}
	}
	contact := project.Actor{Merchant: w.project.MerchantID, Contact: "ctc_1", Project: newID[posta.ProjectID](w)}
	_, err = w.service.Report(ctx, contact, w.project.ID)
	wantError(t, err, posta.CodeNotFound, "")
}
