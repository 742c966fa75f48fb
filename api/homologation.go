package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"posta"
	"posta/homologation"
	"posta/project"
)

// Homologation is how far a project's cases are proven.
type Homologation struct {
	Project     posta.ProjectID          `json:"project_id"`
	Standing    ProjectStanding          `json:"standing" doc:"whether it counts as passed"`
	Passed      int                      `json:"passed"`
	Failed      int                      `json:"failed" doc:"red, or not provable"`
	Open        int                      `json:"open" doc:"without evidence"`
	Missing     []string                 `json:"missing" doc:"keys of cases that must pass and do not"`
	Cases       []HomologationCase       `json:"cases"`
	Sheet       *HomologationSheet       `json:"sheet,omitempty"`
	Run         *homologation.Run        `json:"run,omitempty"`
	Submissions []HomologationSubmission `json:"submissions"`
}

// ProjectStanding is whether something is met, and why not.
type ProjectStanding struct {
	Met      bool              `json:"met"`
	Reason   string            `json:"reason,omitempty"`
	Params   map[string]string `json:"params,omitempty"`
	Evidence string            `json:"evidence,omitempty"`
}

// HomologationCase is a case with what was found about it.
type HomologationCase struct {
	Key      string                `json:"key" example:"credit_1"`
	Number   string                `json:"number"`
	Title    project.Words         `json:"title"`
	Do       project.Words         `json:"do"`
	Must     project.Words         `json:"must"`
	About    homologation.Subject  `json:"about" enum:"payment,refund,settlement,call"`
	Optional bool                  `json:"optional"`
	Driven   bool                  `json:"driven" doc:"a simulator can bring it about"`
	Evidence *HomologationEvidence `json:"evidence,omitempty" doc:"the current one"`
}

// HomologationEvidence is what a case was judged by.
type HomologationEvidence struct {
	ID         posta.EvidenceID       `json:"id"`
	Case       string                 `json:"case"`
	Subject    string                 `json:"subject" doc:"our id of the payment, batch close or call"`
	ProviderID string                 `json:"provider_id,omitempty" doc:"what goes into the provider's sheet"`
	Verdict    homologation.Verdict   `json:"verdict" enum:"pass,fail,unprovable"`
	Findings   []homologation.Finding `json:"findings"`
	SHA256     string                 `json:"sha256" doc:"of the raw answers"`
	Raw        json.RawMessage        `json:"raw,omitempty" doc:"the provider's answers, masked; only where one case is asked for"`
	By         string                 `json:"by,omitempty"`
	At         time.Time              `json:"at"`
	Current    bool                   `json:"current"`
}

// HomologationSheet is the provider's workbook as it was understood.
type HomologationSheet struct {
	ID       posta.AttachmentID          `json:"id"`
	Name     string                      `json:"name"`
	Rows     int                         `json:"rows"`
	Known    int                         `json:"known" doc:"rows whose case is known"`
	Unknown  []HomologationRow           `json:"unknown" doc:"rows whose case a person must choose"`
	Warnings []homologation.SheetWarning `json:"warnings,omitempty"`
}

// HomologationRow is a row of the provider's workbook.
type HomologationRow struct {
	Worksheet string `json:"worksheet"`
	Row       int    `json:"row"`
	Title     string `json:"title"`
}

// HomologationSubmission is a filled sheet that went out.
type HomologationSubmission struct {
	ID      posta.SubmissionID           `json:"id"`
	File    posta.AttachmentID           `json:"attachment_id"`
	Message posta.MessageID              `json:"message_id"`
	State   homologation.SubmissionState `json:"state" enum:"submitted,accepted,returned"`
	Note    string                       `json:"note,omitempty"`
	At      time.Time                    `json:"at"`
}

// NewSheet is the provider's workbook.
type NewSheet struct {
	Name string `json:"name" example:"homologacion.xlsx"`
	Data []byte `json:"data" doc:"the .xlsx in base64, 10 MB at most"`
}

// NewEvidence names what proves a case.
type NewEvidence struct {
	Case      string `json:"case" example:"credit_1"`
	PaymentID string `json:"payment_id" doc:"our id or the provider's of a payment or batch close"`
}

// NewRun asks for cases to be driven.
type NewRun struct {
	Cases []string `json:"cases,omitempty" doc:"keys; all that can be driven if left out"`
}

// HomologationFound is what a search through our own payments brought.
type HomologationFound struct {
	Proven []HomologationEvidence `json:"proven"`
	Failed map[string]posta.Code  `json:"failed" doc:"cases whose fit could not be fetched anew"`
	Near   []HomologationNear     `json:"near" doc:"open cases for which something comes near"`
	Open   []string               `json:"open" doc:"cases that nothing proves"`
	Looked int                    `json:"looked"`
}

// HomologationNear is what comes nearest to proving a case.
type HomologationNear struct {
	Case     string                 `json:"case"`
	Subject  string                 `json:"subject"`
	Findings []homologation.Finding `json:"findings"`
}

// HomologationEvidenceList is all evidence of a case, newest first.
type HomologationEvidenceList struct {
	Data []HomologationEvidence `json:"data"`
}

// CasePath names a case of a project.
type CasePath struct {
	ProjectPath
	Case string `path:"case" doc:"key of the case" example:"credit_1"`
}

var (
	exampleEvidence = HomologationEvidence{ID: posta.IDFrom[posta.EvidenceID](exampleULID), Case: "credit_1", Subject: "pay_" + exampleULID, ProviderID: "123456",
		Verdict: homologation.Pass, Findings: []homologation.Finding{{Field: "state", Want: "paid", Got: "paid", Verdict: homologation.Pass}}, At: exampleAt, Current: true}
	exampleHomologation = Homologation{Project: exampleProject.ID, Standing: ProjectStanding{Reason: "cases_missing"}, Passed: 1, Open: 1, Missing: []string{"debit"},
		Cases:       []HomologationCase{{Key: "credit_1", Number: "4", Title: project.Words{"es": "Venta con crédito en un pago"}, About: homologation.AboutPayment, Driven: true, Evidence: &exampleEvidence}},
		Submissions: []HomologationSubmission{}}
)

type homologationAnswer struct{ Body Homologation }

func (a *server) homologations() {
	const tag, path = "Homologation", "/v1/projects/{id}/homologation"
	codes := []posta.Code{posta.CodeForbidden, posta.CodeState}
	add(a, http.MethodGet, path, about{id: "get_homologation", tag: tag, summary: "Get a project's cases, sheet and run", codes: codes[:1], answer: exampleHomologation},
		func(ctx context.Context, in *ProjectPath) (*homologationAnswer, error) {
			return a.homologation(ctx, in.ID, func(project.Actor, posta.ProjectID) error { return nil })
		})
	add(a, http.MethodPost, path+"/sheet", about{id: "import_homologation_sheet", tag: tag, summary: "Import the provider's sheet", codes: codes, body: maxUpload,
		text:    "Its header row is found, its columns are matched by name, its rows to cases. A bad sheet changes nothing: the field sheet says what is wrong with it.",
		request: NewSheet{Name: "homologacion.xlsx", Data: []byte("PK")}, answer: exampleHomologation},
		func(ctx context.Context, in *struct {
			ProjectPath
			Body NewSheet
		}) (*homologationAnswer, error) {
			return a.homologation(ctx, in.ID, func(actor project.Actor, id posta.ProjectID) error {
				_, err := a.Homologation.Import(ctx, actor, id, in.Body.Name, in.Body.Data)
				return err
			})
		})
	add(a, http.MethodGet, path+"/sheet", about{id: "export_homologation_sheet", tag: tag, summary: "Download the provider's sheet, filled in", codes: codes, media: homologation.SheetType, answer: "PK…"},
		func(ctx context.Context, in *ProjectPath) (*poster, error) {
			id, err := found[posta.ProjectID](in.ID)
			if err != nil {
				return nil, err
			}
			name, data, err := a.Homologation.Export(ctx, callOf(ctx).actor(), id)
			return download(name, homologation.SheetType, data, err)
		})
	add(a, http.MethodPost, path+"/find", about{id: "find_homologation_payments", tag: tag, summary: "Find what proves the open cases among our own payments", codes: codes,
		answer: HomologationFound{Proven: []HomologationEvidence{exampleEvidence}, Near: []HomologationNear{}, Open: []string{"debit"}, Looked: 12}}, a.findEvidence)
	add(a, http.MethodPost, path+"/evidence", about{id: "create_homologation_evidence", tag: tag, summary: "Judge a case by a payment", status: http.StatusCreated,
		codes:   append([]posta.Code{posta.CodeConflict, posta.CodeProviderUnavailable, posta.CodeProviderRejected}, codes...),
		request: NewEvidence{"credit_1", "pay_" + exampleULID}, answer: exampleEvidence},
		func(ctx context.Context, in *struct {
			ProjectPath
			Body NewEvidence
		}) (*struct{ Body HomologationEvidence }, error) {
			id, err := found[posta.ProjectID](in.ID)
			if err != nil {
				return nil, err
			}
			e, err := a.Homologation.Evaluate(ctx, callOf(ctx).actor(), id, in.Body.Case, in.Body.PaymentID)
			return &struct{ Body HomologationEvidence }{evidenceView(e)}, err
		})
	add(a, http.MethodGet, path+"/cases/{case}/evidence", about{id: "list_homologation_evidence", tag: tag, summary: "List a case's evidence, newest first, with the provider's answers",
		codes: codes[:1], answer: HomologationEvidenceList{Data: []HomologationEvidence{exampleEvidence}}},
		func(ctx context.Context, in *CasePath) (*struct{ Body HomologationEvidenceList }, error) {
			id, err := found[posta.ProjectID](in.ID)
			if err != nil {
				return nil, err
			}
			list, err := a.Homologation.History(ctx, callOf(ctx).actor(), id, in.Case)
			out := HomologationEvidenceList{Data: []HomologationEvidence{}}
			for _, e := range list {
				shown := evidenceView(e)
				shown.Raw = e.Raw
				out.Data = append(out.Data, shown)
			}
			return &struct{ Body HomologationEvidenceList }{out}, err
		})
	add(a, http.MethodPost, path+"/run", about{id: "run_homologation", tag: tag, summary: "Drive the cases against the simulator", status: http.StatusAccepted,
		codes: append([]posta.Code{posta.CodeTillBusy}, codes...), text: "Only where the test connection's provider is a simulator of this hub. It goes on by itself: run tells how far it is.",
		request: NewRun{}, answer: exampleHomologation},
		func(ctx context.Context, in *struct {
			ProjectPath
			Body NewRun
		}) (*homologationAnswer, error) {
			return a.homologation(ctx, in.ID, func(actor project.Actor, id posta.ProjectID) error {
				_, err := a.Homologation.StartRun(ctx, actor, id, in.Body.Cases)
				return err
			})
		})
	add(a, http.MethodPost, path+"/stop", about{id: "stop_homologation", tag: tag, summary: "Stop a run after the case under way", codes: codes, answer: exampleHomologation},
		func(ctx context.Context, in *ProjectPath) (*homologationAnswer, error) {
			return a.homologation(ctx, in.ID, func(actor project.Actor, id posta.ProjectID) error {
				_, err := a.Homologation.StopRun(ctx, actor, id)
				return err
			})
		})
}

// homologation does something about a project's homologation and gives how it
// stands then.
func (a *server) homologation(ctx context.Context, text string, do func(project.Actor, posta.ProjectID) error) (*homologationAnswer, error) {
	id, err := found[posta.ProjectID](text)
	if err != nil {
		return nil, err
	}
	actor := callOf(ctx).actor()
	if err := do(actor, id); err != nil {
		return nil, err
	}
	o, err := a.Homologation.Overview(ctx, actor, id)
	if err != nil {
		return nil, err
	}
	return &homologationAnswer{overviewView(o)}, nil
}

func (a *server) findEvidence(ctx context.Context, in *ProjectPath) (*struct{ Body HomologationFound }, error) {
	id, err := found[posta.ProjectID](in.ID)
	if err != nil {
		return nil, err
	}
	f, err := a.Homologation.Find(ctx, callOf(ctx).actor(), id)
	if err != nil {
		return nil, err
	}
	out := HomologationFound{Proven: []HomologationEvidence{}, Near: []HomologationNear{}, Failed: f.Failed, Open: append([]string{}, f.Open...), Looked: f.Looked}
	if out.Failed == nil {
		out.Failed = map[string]posta.Code{}
	}
	for _, key := range sortedKeys(f.Proven) {
		out.Proven = append(out.Proven, evidenceView(f.Proven[key]))
	}
	for _, key := range sortedKeys(f.Near) {
		out.Near = append(out.Near, HomologationNear{key, f.Near[key].Subject, f.Near[key].Findings})
	}
	return &struct{ Body HomologationFound }{out}, nil
}
