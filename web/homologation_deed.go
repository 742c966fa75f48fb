package web

import (
	"context"
	"mime"
	"strconv"
	"strings"
	"time"

	"posta"
	"posta/homologation"
)

// homologationAddress is the tab of the project that the address names.
func (v *visit) homologationAddress(more string) string { return v.home("/homologation" + more) }

// importSheet takes the provider's workbook in.
func (s *server) importSheet(v *visit, id posta.ProjectID) (string, error) {
	files, err := v.files("sheet")
	if err != nil {
		return "", err
	}
	if len(files) == 0 {
		return "", posta.Invalid("sheet", "empty")
	}
	f, err := s.Homologation.Import(v.ctx(), v.actor(), id, files[0].Name, files[0].Data)
	if err != nil {
		return "", err
	}
	known := 0
	for _, row := range f.Rows {
		if row.Case != "" {
			known++
		}
	}
	kind := "ok"
	if known < len(f.Rows) {
		kind = "warn"
	}
	v.flash(kind, v.T("cases.sheet.taken", "name", f.SheetName), v.T("cases.sheet.taken.text", "known", known, "rows", len(f.Rows)))
	return v.homologationAddress("#sheet"), nil
}

// chooseCase says which case a row of the sheet means.
func (s *server) chooseCase(v *visit, id posta.ProjectID) (string, error) {
	row, err := strconv.Atoi(v.value("row"))
	if err != nil {
		return "", &posta.Error{Code: posta.CodeNotFound}
	}
	if _, err := s.Homologation.ChooseCase(v.ctx(), v.actor(), id, v.r.PostFormValue("worksheet"), row, v.value("case")); err != nil {
		return "", err
	}
	return v.homologationAddress("#sheet"), nil
}

// findPayments looks for what proves the open cases; what comes near is shown
// this once.
func (s *server) findPayments(v *visit, id posta.ProjectID) (string, error) {
	found, err := s.Homologation.Find(v.ctx(), v.actor(), id)
	if err != nil {
		return "", err
	}
	return "", s.homologationPage(v, sent{Made: &found})
}

// startRun drives cases against the simulator: all, or the one that is named.
func (s *server) startRun(v *visit, id posta.ProjectID) (string, error) {
	var keys []string
	if key := v.value("case"); key != "" {
		keys = []string{key}
	}
	if _, err := s.Homologation.StartRun(v.ctx(), v.actor(), id, keys); err != nil {
		return "", err
	}
	return v.homologationAddress("#run"), nil
}

func (s *server) stopRun(v *visit, id posta.ProjectID) (string, error) {
	_, err := s.Homologation.StopRun(v.ctx(), v.actor(), id)
	if posta.ErrorCode(err) == posta.CodeState { // it ended meanwhile
		err = nil
	}
	return v.homologationAddress("#run"), err
}

func (s *server) confirmHomologation(v *visit, id posta.ProjectID) (string, error) {
	if _, err := s.Homologation.Confirm(v.ctx(), v.actor(), id); err != nil {
		return "", err
	}
	v.flash("ok", v.T("cases.confirmed"), "")
	return v.homologationAddress(""), nil
}

// submitSheet sends the filled sheet in the project's thread.
func (s *server) submitSheet(v *visit, id posta.ProjectID) (string, error) {
	submission, err := idFromNonce[posta.SubmissionID](v)
	if err != nil {
		return "", err
	}
	if _, err := s.Homologation.Submit(v.ctx(), v.actor(), homologation.SubmitInput{ID: submission, Project: id, Subject: v.value("subject"), Text: v.value("text")}); err != nil {
		return "", err
	}
	v.flash("ok", v.T("cases.submitted"), v.T("cases.submitted.text"))
	return v.homologationAddress("#submissions"), nil
}

// answerSubmission notes what the provider's reviewer said.
func (s *server) answerSubmission(v *visit, _ posta.ProjectID) (string, error) {
	id, err := posta.ParseID[posta.SubmissionID](v.r.PathValue("submission"))
	if err != nil {
		return "", err
	}
	state := homologation.SubmissionState(v.value("state"))
	in := homologation.AnswerInput{Submission: id, State: state, Note: v.value("note")}
	if state == homologation.Accepted {
		in.Without = v.r.PostForm["without"]
	}
	if _, err := s.Homologation.Answer(v.ctx(), v.actor(), in); err != nil {
		return "", err
	}
	v.flash("ok", v.T("homologation.submission."+string(state)), "")
	return v.homologationAddress("#submissions"), nil
}

// filledSheet answers the provider's own workbook, filled in.
func (s *server) filledSheet(v *visit) error {
	p, err := v.project()
	if err != nil {
		return err
	}
	name, data, err := s.Homologation.Export(v.ctx(), v.actor(), p.ID)
	if posta.ErrorCode(err) == posta.CodeState || posta.ErrorCode(err) == posta.CodeInvalid {
		return s.homologationPage(v, v.refusedProof(err))
	}
	if err != nil {
		return err
	}
	return v.download(name, homologation.SheetType, data)
}

// download answers a file to be kept.
func (v *visit) download(name, media string, data []byte) error {
	h := v.w.Header()
	h.Set("Content-Type", media)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(data)))
	_, _ = v.w.Write(data) // the reader left
	return nil
}

// verifyReport says whether a report's page is as this hub signed it.
func (s *server) verifyReport(v *visit, id posta.ProjectID) (string, error) {
	files, err := v.files("report")
	if err != nil {
		return "", err
	}
	if len(files) == 0 {
		return "", posta.Invalid("report", "unreadable")
	}
	r, err := s.Homologation.VerifyPage(files[0].Data)
	if err != nil {
		return "", err
	}
	v.flash("ok", v.T("cases.verify.genuine"), r.Name+" · "+v.words.DateTime(r.Made, v.Zone))
	return v.homologationAddress("#send"), nil
}

// homologationReport answers the signed report, as a page or as PDF.
func (s *server) homologationReport(v *visit) error {
	p, err := v.project()
	if err != nil {
		return err
	}
	r, err := s.Homologation.Report(v.ctx(), v.actor(), p.ID)
	if err != nil {
		return err
	}
	if strings.HasSuffix(v.r.URL.Path, ".pdf") {
		data, err := s.Homologation.PDF(r, v.words.Lang(), v.Zone)
		if err != nil {
			return err
		}
		return v.download(v.T("cases.report.file")+".pdf", "application/pdf", data)
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'") // a page of its own, that is kept as a file
	h.Set("Cache-Control", "no-store")
	_, _ = v.w.Write(s.Homologation.HTML(r, v.words.Lang(), v.Zone))
	return nil
}

// shownStep is one thing that a person does.
type shownStep struct {
	Words  string
	Params []string
}

// caseData is what the page of a case shows.
type caseData struct {
	Frame    projectFrame
	Sent     sent
	Row      caseRow
	Do, Must string
	Steps    []shownStep
	Asserts  []shownFinding // what must be true, before there is evidence
	History  []*shownEvidence
	Since    string
	Drivable bool
	Running  bool
	Work     bool
	Before   string // the cases beside it
	After    string
}

// casePage shows one case: what to do, what must be true, what proves it.
func (s *server) casePage(v *visit, back sent) error {
	frame, err := v.frame("homologation")
	if err != nil {
		return err
	}
	o, err := s.Homologation.Overview(v.ctx(), v.actor(), frame.ID)
	if err != nil {
		return err
	}
	data := caseData{Frame: frame, Sent: back, Drivable: o.Drivable, Running: o.File.Run.State == homologation.Running, Work: frame.Can["work"],
		Since: s.Clock.Now().UTC().Format(time.RFC3339Nano)}
	if typed := back.Values.Get("since"); typed != "" {
		data.Since = typed
	}
	key, at := v.r.PathValue("case"), -1
	for i, c := range o.Cases {
		if c.Case.Key == key {
			at = i
		}
	}
	if at < 0 {
		return &posta.Error{Code: posta.CodeNotFound}
	}
	c, who := o.Cases[at], v.peopleOf(frame.Project)
	data.Row, data.Do, data.Must = v.caseRow(c, o, nil, who), v.pick(c.Case.Do), v.pick(c.Case.Must)
	if at > 0 {
		data.Before = o.Cases[at-1].Case.Key
	}
	if at+1 < len(o.Cases) {
		data.After = o.Cases[at+1].Case.Key
	}
	for _, a := range c.Case.Asserts {
		data.Asserts = append(data.Asserts, shownFinding{Finding: homologation.Finding{Field: a.Field, Want: strings.Join(a.Is, " | ")}, Words: v.fieldName(a.Field)})
	}
	guide, err := s.Homologation.GuideFor(v.ctx(), v.actor(), frame.ID, key)
	if err != nil {
		return err
	}
	for _, step := range guide.Steps {
		shown := shownStep{Words: v.T("homologation.step." + step.Deed)}
		for name, value := range step.Params {
			label := name
			if v.words.Has("homologation.param." + name) {
				label = v.T("homologation.param." + name)
			}
			shown.Params = append(shown.Params, label+": "+v.paramWords(name, value))
		}
		data.Steps = append(data.Steps, shown)
	}
	history, err := s.Homologation.History(v.ctx(), v.actor(), frame.ID, key)
	if err != nil {
		return err
	}
	for _, e := range history {
		data.History = append(data.History, v.shownEvidence(e, who))
	}
	if len(data.History) > 0 && data.Row.Evidence != nil && data.History[0].ID == data.Row.Evidence.ID {
		data.Row.Evidence, data.History = data.History[0], data.History[1:] // with what the provider answered
	}
	return v.renderAs(back.answered(), "homologation-case", data)
}

// paramWords says what to type or choose.
func (v *visit) paramWords(name, value string) string {
	switch {
	case value == "yes":
		return v.T("cases.yes")
	case name == "brand":
		return brand(value)
	case name == "method" && v.words.Has("method."+value):
		return v.T("method." + value)
	}
	return value
}

func (v *visit) caseAddress() string { return v.homologationAddress("/cases/" + v.r.PathValue("case")) }

// judged says how a case came out.
func (v *visit) judged(e homologation.Evidence) {
	kind := map[homologation.Verdict]string{homologation.Pass: "ok", homologation.Fail: "error"}[e.Verdict]
	if kind == "" {
		kind = "warn"
	}
	v.flash(kind, v.T("homologation.verdict."+string(e.Verdict)), "")
}

// evaluateCase judges a case by an id that a person typed.
func (s *server) evaluateCase(v *visit, id posta.ProjectID) (string, error) {
	e, err := s.Homologation.Evaluate(v.ctx(), v.actor(), id, v.r.PathValue("case"), v.value("payment_id"))
	if err != nil {
		return "", err
	}
	v.judged(e)
	return v.caseAddress() + "#evidence", nil
}

// evaluateNewest judges a case by what a person with a terminal just did; a
// case about one question to the provider has it asked first.
func (s *server) evaluateNewest(v *visit, id posta.ProjectID) (string, error) {
	since, err := time.Parse(time.RFC3339Nano, v.value("since"))
	if err != nil {
		return "", posta.Invalid("since", "malformed")
	}
	key := v.r.PathValue("case")
	e, err := s.proveNewest(v.ctx(), v, id, key, since)
	if err != nil {
		return "", err
	}
	v.judged(e)
	return v.caseAddress() + "#evidence", nil
}

func (s *server) proveNewest(ctx context.Context, v *visit, id posta.ProjectID, key string, since time.Time) (homologation.Evidence, error) {
	guide, err := s.Homologation.GuideFor(ctx, v.actor(), id, key)
	if err != nil {
		return homologation.Evidence{}, err
	}
	if guide.Case.About == homologation.AboutCall {
		call, err := s.Homologation.ProbeUnknown(ctx, v.actor(), id)
		if err != nil {
			return homologation.Evidence{}, err
		}
		return s.Homologation.Evaluate(ctx, v.actor(), id, key, string(call))
	}
	return s.Homologation.EvaluateNewest(ctx, v.actor(), id, key, since)
}

// dropEvidence takes the evidence of a case away.
func (s *server) dropEvidence(v *visit, id posta.ProjectID) (string, error) {
	if err := s.Homologation.Drop(v.ctx(), v.actor(), id, v.r.PathValue("case")); err != nil {
		return "", err
	}
	return v.caseAddress(), nil
}
