package web

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"posta"
	"posta/homologation"
	"posta/project"
)

// homologationRoutes registers the homologation of a project.
func (s *server) homologationRoutes(mux *http.ServeMux) {
	const at = "/projects/{project}/homologation"
	mux.Handle("GET "+at, s.member(func(v *visit) error { return s.homologationPage(v, sent{}) }))
	mux.Handle("GET "+at+"/cases/{case}", s.member(func(v *visit) error { return s.casePage(v, sent{}) }))
	mux.Handle("GET "+at+"/filled.xlsx", s.member(s.filledSheet))
	mux.Handle("GET "+at+"/report", s.member(s.homologationReport))
	mux.Handle("GET "+at+"/report.pdf", s.member(s.homologationReport))
	do := func(path string, page func(*visit, sent) error, what proofDeed) {
		s.proof(mux, at+"/"+path, page, what)
	}
	do("sheet", s.homologationPage, s.importSheet)
	do("rows", s.homologationPage, s.chooseCase)
	do("find", s.homologationPage, s.findPayments)
	do("run", s.homologationPage, s.startRun)
	do("run/stop", s.homologationPage, s.stopRun)
	do("confirm", s.homologationPage, s.confirmHomologation)
	do("verify", s.homologationPage, s.verifyReport)
	do("submit", s.homologationPage, s.submitSheet)
	do("submissions/{submission}", s.homologationPage, s.answerSubmission)
	do("cases/{case}/evaluate", s.casePage, s.evaluateCase)
	do("cases/{case}/newest", s.casePage, s.evaluateNewest)
	do("cases/{case}/drop", s.casePage, s.dropEvidence)
}

// proofDeed does something about the homologation of a project and gives the
// address to go on to; "" where it answered itself.
type proofDeed func(v *visit, id posta.ProjectID) (string, error)

// proof is deed for what homologation refuses, in its own words: a thing that
// is not found is a field to mend, not a page that does not exist.
func (s *server) proof(mux *http.ServeMux, path string, page func(*visit, sent) error, do proofDeed) {
	mux.Handle("GET "+path, s.member(func(v *visit) error { return page(v, sent{}) }))
	mux.Handle("POST "+path, s.member(func(v *visit) error {
		p, err := v.project()
		if err != nil {
			return err
		}
		to := ""
		if err = v.readForm(); err == nil {
			to, err = do(v, p.ID)
		}
		switch {
		case err == nil && to == "":
			return nil
		case err == nil:
			return v.redirect(to)
		case posta.ErrorCode(err) == posta.CodeForbidden:
			return err
		}
		return page(v, v.refusedProof(err))
	}))
}

// refusedProof keeps a form that homologation did not take, with its words.
func (v *visit) refusedProof(err error) sent {
	back := v.refused(v.form(), err)
	var e *posta.Error
	if !errors.As(err, &e) {
		return back
	}
	for _, name := range []string{"reason", "script"} {
		if key := "homologation.reason." + e.Params[name]; e.Params[name] != "" && v.words.Has(key) {
			back.Why = v.T(key, params(e.Params))
		}
	}
	switch {
	case e.Params["run"] != "":
		back.Why = v.T("cases.run.under_way")
	case e.Code == posta.CodeNotFound:
		back.Problem.Code = posta.CodeInvalid // the page is there: what was typed is not
		back.Wrong["payment_id"] = v.T("cases.no_such_id")
		back.Why = v.T("cases.no_such_id.text")
	case e.Code == posta.CodeConflict && e.Params["case"] != "":
		back.Why = v.T("cases.used_elsewhere", "case", e.Params["case"], "project", e.Params["project"])
		back.Wrong["payment_id"] = back.Why
	case e.Code == posta.CodeConflict && e.Params["submission"] != "":
		back.Why = v.T("cases.submission_waits")
	}
	if w := back.Wrong["sheet"]; w != "" {
		back.Why = v.T("cases.sheet.refused", "why", w)
	}
	return back
}

// params are parameters as words take them.
func params(p map[string]string) map[string]any {
	out := map[string]any{}
	for name, value := range p {
		out[name] = value
	}
	return out
}

// proofLook is the state whose colour and shape a verdict has.
var proofLook = map[homologation.Verdict]string{homologation.Pass: "paid", homologation.Fail: "rejected", homologation.Unprovable: "expired"}

// shownFinding is an assertion in words.
type shownFinding struct {
	homologation.Finding
	Words, Look string
}

// shownEvidence is what a case was judged by, in words.
type shownEvidence struct {
	homologation.Evidence
	Look, Words, Who, Link, Text string
	Shown                        []shownFinding
}

// caseRow is one case of the list.
type caseRow struct {
	homologation.CaseStanding
	Title, Look, Words string
	Evidence           *shownEvidence
	Wrong              []shownFinding // what did not pass
	Near               *nearRow       // of a search: what comes nearest
	Failed             string         // of a search or a run: why it could not be proven
	Doing              bool           // under way in the run
}

// nearRow is what comes nearest to proving a case.
type nearRow struct {
	Subject, Link string
	Wrong         []shownFinding
}

// shownFound is what a search brought.
type shownFound struct{ Proven, Open, Looked int }

// runView is the run as the page shows it.
type runView struct {
	homologation.Run
	Of    int
	Doing string        // title of the case under way
	Left  time.Duration // 0: not known
	Who   string
}

// shownSubmission is a sheet that went out.
type shownSubmission struct {
	homologation.Submission
	Look, Who, AnsweredWho string
	Cases                  []string // titles of those that it was accepted without
}

// homologationData is what the tab shows.
type homologationData struct {
	Frame       projectFrame
	Sent        sent
	View        homologation.Overview
	Rows        []caseRow
	Total       int
	Unmatched   []homologation.Row // the first of them
	More        int                // and how many more
	Choices     []option
	Missing     []option // cases that must pass and do not
	Run         runView
	Found       *shownFound
	Submissions []shownSubmission
	Confirmable bool // nobody reviews a sheet: a person says that all is proven
	Waits       bool // one of them waits for its answer
	Original    project.Project
	Standing    string // why it is not passed
	Nonce       string
	Subject     string
	Letter      string
	Work        bool
}

// mostUnmatched is how many rows without a case are shown at a time.
const mostUnmatched = 10

// mostNamed is how many missing cases are named; more are counted.
const mostNamed = 5

// pick is a text in the reader's language.
func (v *visit) pick(w project.Words) string {
	if text := w[v.words.Lang()]; text != "" {
		return text
	}
	return w["es"]
}

// readName says what an assertion reads.
func (v *visit) readName(field string) string {
	if key := "homologation.field." + field; v.words.Has(key) {
		return v.T(key)
	}
	kind, rest, _ := strings.Cut(field, ".")
	if key := "homologation.field.of." + kind; v.words.Has(key) {
		operation, path, _ := strings.Cut(rest, ".")
		return v.T(key, "operation", operation, "path", path)
	}
	return field
}

func (v *visit) shownFindings(list []homologation.Finding) (out []shownFinding) {
	for _, f := range list {
		out = append(out, shownFinding{f, v.readName(f.Field), proofLook[f.Verdict]})
	}
	return out
}

func (v *visit) shownEvidence(e homologation.Evidence, who *people) *shownEvidence {
	out := &shownEvidence{Evidence: e, Look: proofLook[e.Verdict], Words: v.T("homologation.verdict." + string(e.Verdict)), Who: who.Name(e.By),
		Shown: v.shownFindings(e.Findings), Text: bodyText(e.Raw)}
	out.Link = v.subjectLink(e.Subject(), e.Mode)
	return out
}

// subjectLink is the page of a payment or batch close, where the visit's mode shows it.
func (v *visit) subjectLink(id string, mode posta.Mode) string {
	switch {
	case mode != v.Mode:
		return ""
	case strings.HasPrefix(id, posta.PaymentID("").Prefix()+"_"):
		return "/payments/" + id
	case strings.HasPrefix(id, posta.SettlementID("").Prefix()+"_"):
		return "/settlements/" + id
	}
	return ""
}

func (s *server) homologationPage(v *visit, back sent) error {
	frame, err := v.frame("homologation")
	if err != nil {
		return err
	}
	data := homologationData{Frame: frame, Sent: back, Nonce: s.newNonce(), Work: frame.Can["work"]}
	if data.View, err = s.Homologation.Overview(v.ctx(), v.actor(), frame.ID); err != nil {
		return err
	}
	o, who := data.View, v.peopleOf(frame.Project)
	found, _ := back.Made.(*homologation.Found)
	titles := map[string]string{}
	for _, c := range o.Cases {
		titles[c.Case.Key] = c.Case.Number + " · " + v.pick(c.Case.Title)
		data.Rows = append(data.Rows, v.caseRow(c, o, found, who))
	}
	data.Total = len(data.Rows)
	for _, c := range o.Cases {
		if len(c.Rows) == 0 {
			data.Choices = append(data.Choices, option{c.Case.Key, titles[c.Case.Key], false})
		}
	}
	data.Confirmable = !homologation.Reviewed(frame.Product)
	for _, key := range o.Missing {
		data.Missing = append(data.Missing, option{key, titles[key], false})
	}
	data.Unmatched, data.More = o.Unmatched, 0
	if len(data.Unmatched) > mostUnmatched {
		data.Unmatched, data.More = data.Unmatched[:mostUnmatched], len(o.Unmatched)-mostUnmatched
	}
	if found != nil {
		data.Found = &shownFound{Proven: len(found.Proven), Open: len(found.Open), Looked: found.Looked}
	}
	run := o.File.Run
	data.Run = runView{Run: run, Of: len(run.Cases), Doing: titles[run.Doing], Who: who.Name(run.By)}
	if run.State == homologation.Running && run.Done > 0 {
		data.Run.Left = s.Clock.Now().Sub(run.StartedAt) / time.Duration(run.Done) * time.Duration(len(run.Cases)-run.Done)
	}
	for _, sub := range o.Submissions {
		row := shownSubmission{Submission: sub, Who: who.Name(sub.By), AnsweredWho: who.Name(sub.AnsweredBy),
			Look: map[homologation.SubmissionState]string{homologation.Submitted: "pending", homologation.Accepted: "paid", homologation.Returned: "rejected"}[sub.State]}
		for _, key := range sub.Without {
			row.Cases = append(row.Cases, titles[key])
		}
		data.Waits = data.Waits || sub.State == homologation.Submitted
		data.Submissions = append(data.Submissions, row)
	}
	if !o.Standing.Met && o.Standing.Reason != "" {
		words := params(o.Standing.Params)
		if _, ok := words["count"]; !ok {
			words["count"] = ""
		}
		data.Standing = v.T("homologation.reason."+o.Standing.Reason, words)
		if o.Standing.Reason == "cases_missing" && len(o.Missing) > mostNamed {
			data.Standing = v.T("cases.missing", len(o.Missing))
		}
	}
	if frame.Preintegrated != "" {
		if data.Original, err = s.Projects.Get(v.ctx(), v.actor(), frame.Preintegrated); err != nil && posta.ErrorCode(err) != posta.CodeNotFound {
			return err
		}
	}
	data.Subject = v.T("cases.letter.subject", "name", frame.Name)
	data.Letter = v.T("cases.letter.text", "client", frame.Client.Name, "passed", o.Passed, "total", data.Total, "person", v.User.Name)
	return v.renderAs(back.answered(), "homologation", data)
}

// caseRow puts a case into words.
func (v *visit) caseRow(c homologation.CaseStanding, o homologation.Overview, found *homologation.Found, who *people) caseRow {
	row := caseRow{CaseStanding: c, Title: v.pick(c.Case.Title), Look: "", Words: v.T("homologation.verdict.none"),
		Doing: o.File.Run.State == homologation.Running && o.File.Run.Doing == c.Case.Key}
	if c.Evidence != nil {
		row.Evidence = v.shownEvidence(*c.Evidence, who)
		row.Look, row.Words = row.Evidence.Look, row.Evidence.Words
		row.Wrong = v.shownFindings(homologation.Wrong(c.Evidence.Findings))
	}
	if trouble := o.File.Run.Trouble[c.Case.Key]; trouble != "" && !c.Passed() {
		row.Failed = v.T("cases.not_brought_about", "why", v.T("error."+trouble+".title"))
	}
	if found == nil {
		return row
	}
	if code, ok := found.Failed[c.Case.Key]; ok {
		row.Failed = v.T("cases.not_fetched", "why", v.T("error."+string(code)+".title"))
	}
	if near, ok := found.Near[c.Case.Key]; ok {
		row.Near = &nearRow{Subject: near.Subject, Link: v.subjectLink(near.Subject, posta.Test), Wrong: v.shownFindings(homologation.Wrong(near.Findings))}
	}
	return row
}
