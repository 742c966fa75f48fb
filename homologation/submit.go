package homologation

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"posta"
	"posta/project"
)

// resultWords are what goes into a provider's result column, by its language.
var resultWords = map[string]map[Verdict]string{
	"es": {Pass: "OK", Fail: "NO OK", Unprovable: "NO COMPROBABLE"},
	"pt": {Pass: "OK", Fail: "NÃO OK", Unprovable: "NÃO COMPROVÁVEL"},
}

// Export fills the ids and results of current evidence into the provider's own
// workbook, all else as it came, and gives its name. Errors: not_found,
// forbidden; not_allowed_in_state with Params["reason"] no_sheet; FillSheet's.
func (s *Service) Export(ctx context.Context, actor project.Actor, id posta.ProjectID) (name string, data []byte, err error) {
	p, err := s.project(ctx, actor, project.See, id)
	if err != nil {
		return "", nil, err
	}
	return s.fill(ctx, p)
}

func (s *Service) fill(ctx context.Context, p project.Project) (name string, data []byte, err error) {
	f, err := s.Store.HomologationFile(ctx, p.MerchantID, p.ID)
	if err != nil {
		return "", nil, err
	}
	if f.Sheet == "" {
		return "", nil, refused("reason", "no_sheet")
	}
	sheet, err := s.Store.Attachment(ctx, p.MerchantID, f.Sheet)
	if err != nil {
		return "", nil, err
	}
	evidence, err := s.Store.Evidence(ctx, p.MerchantID, p.ID)
	if err != nil {
		return "", nil, err
	}
	language := "es"
	if p.Client.Country == "BR" {
		language = "pt"
	}
	words := resultWords[language]
	var marks []SheetMark
	for _, r := range f.Rows {
		e, ok := evidence[r.Case]
		if !ok || r.Case == "" {
			continue
		}
		mark := SheetMark{Worksheet: r.Worksheet, Row: r.Row, PaymentID: e.ProviderID, Result: words[e.Verdict], At: e.At}
		if wrong := Wrong(e.Findings); len(wrong) > 0 {
			key, args := FieldWords(wrong[0].Field)
			mark.Note = s.Say(language, key, args...) + ": " + none(wrong[0].Got) + " (" + wrong[0].Want + ")"
		}
		marks = append(marks, mark)
	}
	data, err = FillSheet(sheet.Data, marks)
	return f.SheetName, data, err
}

// maxNote is the longest text of a reviewer's note or a message, in characters.
const maxNote = 4000

// SubmitInput asks to send the filled sheet.
type SubmitInput struct {
	ID      posta.SubmissionID // "" makes one up; given, a repeat goes on with the same
	Project posta.ProjectID
	Subject string // ≤ 200 characters; "" continues the thread's
	Text    string // of the message
}

// Submit sends the filled sheet as attachment of a message in the thread and
// notes that it waits for its reviewer. Errors: not_found, forbidden; invalid
// with fields subject, text; conflict while another one waits; Export's.
func (s *Service) Submit(ctx context.Context, actor project.Actor, in SubmitInput) (Submission, error) {
	p, err := s.project(ctx, actor, project.Work, in.Project)
	if err != nil {
		return Submission{}, err
	}
	var wrong posta.Problems
	in.Text = strings.TrimSpace(in.Text)
	wrong.Add(in.Text == "", "text", "required")
	wrong.Add(utf8.RuneCountInString(in.Text) > maxNote, "text", "too_long")
	wrong.Add(utf8.RuneCountInString(in.Subject) > 200, "subject", "too_long")
	if err := wrong.Err(); err != nil {
		return Submission{}, err
	}
	there, err := s.Store.Submissions(ctx, p.MerchantID, p.ID)
	if err != nil {
		return Submission{}, err
	}
	for _, known := range there {
		if known.ID == in.ID {
			return known, nil
		}
		if known.State == Submitted {
			return Submission{}, &posta.Error{Code: posta.CodeConflict, Params: map[string]string{"submission": string(known.ID)}}
		}
	}
	now := s.Clock.Now()
	if in.ID == "" {
		in.ID = posta.NewID[posta.SubmissionID](now)
	}
	name, data, err := s.fill(ctx, p)
	if err != nil {
		return Submission{}, err
	}
	file, err := s.attach(ctx, actor, p, fileOf(in.ID, data), name, SheetType, data)
	if err != nil {
		return Submission{}, err
	}
	// The message's id is made from the submission's: a repeat finds the first.
	message := posta.IDFrom[posta.MessageID](strings.TrimPrefix(string(in.ID), in.ID.Prefix()+"_"))
	if err := s.Send(ctx, actor, Letter{ID: message, Project: p.ID, Subject: in.Subject, Text: in.Text, Attachments: []posta.AttachmentID{file.ID}}); err != nil {
		return Submission{}, err
	}
	out := Submission{ID: in.ID, MerchantID: p.MerchantID, ProjectID: p.ID, Filled: file.ID, Message: message, State: Submitted, By: actor.By(), At: now}
	if err := s.Store.InsertSubmission(ctx, out, []posta.Event{s.event(actor.By(), "submitted", p.MerchantID, p.ID, map[string]any{"submission": out.ID, "sheet": file.ID})}); err != nil {
		return Submission{}, err
	}
	s.Committed()
	return out, nil
}

// AnswerInput is what the provider's reviewer said of a submission.
type AnswerInput struct {
	Submission posta.SubmissionID
	State      SubmissionState // Accepted or Returned
	Note       string
	// Without names the cases that the reviewer accepted it without; all that are
	// missing must be among them.
	Without []string
}

// Answer notes what the reviewer said. Accepting it while cases are missing needs
// each of them named. Errors: not_found, forbidden; invalid with fields state
// (unknown), note (required when it is returned, too_long), without (cases_missing
// with Params["cases"], unknown); conflict when it has an answer.
func (s *Service) Answer(ctx context.Context, actor project.Actor, in AnswerInput) (Submission, error) {
	sub, err := s.Store.Submission(ctx, actor.Merchant, in.Submission)
	if err != nil {
		return Submission{}, err
	}
	p, err := s.project(ctx, actor, project.Work, sub.ProjectID)
	if err != nil {
		return Submission{}, err
	}
	evidence, err := s.Store.Evidence(ctx, p.MerchantID, p.ID)
	if err != nil {
		return Submission{}, err
	}
	var wrong posta.Problems
	in.Note = strings.TrimSpace(in.Note)
	wrong.Add(in.State != Accepted && in.State != Returned, "state", "unknown")
	wrong.Add(in.State == Returned && in.Note == "", "note", "required")
	wrong.Add(utf8.RuneCountInString(in.Note) > maxNote, "note", "too_long")
	left := slices.DeleteFunc(missing(p.Product, evidence), func(key string) bool { return slices.Contains(in.Without, key) })
	if in.State == Accepted && len(left) > 0 {
		wrong = append(wrong, posta.FieldError{Field: "without", Code: "cases_missing", Params: counted(left)})
	}
	for _, key := range in.Without {
		_, unknown := find(p.Product, key)
		wrong.Add(unknown != nil || in.State == Returned, "without", "unknown")
	}
	if err := wrong.Err(); err != nil {
		return Submission{}, err
	}
	sub.State, sub.Note, sub.Without, sub.AnsweredBy, sub.AnsweredAt = in.State, in.Note, in.Without, actor.By(), s.Clock.Now()
	if err := s.Store.AnswerSubmission(ctx, sub, []posta.Event{s.event(actor.By(), string(in.State), p.MerchantID, p.ID, map[string]any{"submission": sub.ID, "note": sub.Note, "without": sub.Without})}); err != nil {
		return Submission{}, err
	}
	s.Committed()
	return sub, nil
}

// Confirm says by name that all is proven, for a product whose provider reviews
// no sheet. Errors: not_found; forbidden, also for whoever is no person;
// not_allowed_in_state with Params["reason"] cases_missing and ["cases"], submitted
// while a sheet waits for its reviewer, reviewed where only the reviewer's
// acceptance counts.
func (s *Service) Confirm(ctx context.Context, actor project.Actor, id posta.ProjectID) (File, error) {
	p, err := s.connected(ctx, actor, id)
	switch {
	case err != nil:
		return File{}, err
	case actor.User == "":
		return File{}, &posta.Error{Code: posta.CodeForbidden, Params: map[string]string{"right": "person"}}
	}
	evidence, err := s.Store.Evidence(ctx, p.MerchantID, id)
	if err != nil {
		return File{}, err
	}
	if left := missing(p.Product, evidence); len(left) > 0 {
		params := counted(left)
		params["reason"] = "cases_missing"
		return File{}, &posta.Error{Code: posta.CodeState, Params: params}
	}
	submissions, err := s.Store.Submissions(ctx, p.MerchantID, id)
	if err != nil {
		return File{}, err
	}
	if len(submissions) > 0 && submissions[0].State != Accepted {
		return File{}, refused("reason", string(submissions[0].State))
	}
	if len(submissions) == 0 && Reviewed(p.Product) {
		return File{}, refused("reason", "reviewed")
	}
	return s.change(ctx, p.MerchantID, id, func(f *File) ([]posta.Event, error) {
		if !f.Confirmed.IsZero() {
			return nil, nil
		}
		f.Confirmed, f.By = s.Clock.Now(), actor.By()
		return []posta.Event{s.event(actor.By(), "confirmed", p.MerchantID, id, map[string]any{"cases": len(Set(p.Product))})}, nil
	})
}
