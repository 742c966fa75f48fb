package homologation

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"

	"posta"
	"posta/payment"
	"posta/project"
	"posta/provider"
	"posta/seal"
	"posta/settlement"
)

// Service proves integrations.
type Service struct {
	Store       Store
	Payments    *payment.Service
	Settlements *settlement.Service
	Open        provider.Opener
	Driver      Driver // nil where no simulator can be driven
	Box         *seal.Box
	Clock       posta.Clock
	Log         *slog.Logger
	// Committed tells that events were committed, so that they go out at once.
	Committed func()
	// Send puts a message with attachments into a project's thread, once for its id.
	Send func(ctx context.Context, actor project.Actor, l Letter) error
	// Say writes a text of Posta's own in a language: a key of the catalogs with
	// its arguments.
	Say func(language, key string, args ...any) string
}

// Letter is a message of the team to the client and the provider's reviewer.
type Letter struct {
	ID          posta.MessageID
	Project     posta.ProjectID
	Subject     string // "" continues the thread's
	Text        string
	Attachments []posta.AttachmentID // of the project already
}

// CaseStanding is a case with what was found about it.
type CaseStanding struct {
	Case     Case
	Evidence *Evidence // current, without Raw; nil if none
	Rows     []Row     // of the provider's sheet
}

// Passed reports whether current evidence proves the case.
func (c CaseStanding) Passed() bool { return c.Evidence != nil && c.Evidence.Verdict == Pass }

// Overview is all about a project's homologation.
type Overview struct {
	Project     project.Project
	Cases       []CaseStanding
	Passed      int
	Failed      int      // failing or unprovable
	Open        int      // without evidence
	Missing     []string // keys of cases that must pass and do not
	Unmatched   []Row    // rows of the sheet whose case nobody knows
	File        File
	Submissions []Submission // newest first
	Standing    project.Standing
	Drivable    bool // the connection is one that a driver could be asked to drive
}

// Overview gives all about a project's homologation. Errors: not_found, forbidden.
func (s *Service) Overview(ctx context.Context, actor project.Actor, id posta.ProjectID) (Overview, error) {
	p, err := s.project(ctx, actor, project.See, id)
	if err != nil {
		return Overview{}, err
	}
	o := Overview{Project: p, Drivable: s.Driver != nil && p.Test != ""}
	if o.File, err = s.Store.HomologationFile(ctx, p.MerchantID, id); err != nil {
		return o, err
	}
	evidence, err := s.Store.Evidence(ctx, p.MerchantID, id)
	if err != nil {
		return o, err
	}
	for _, c := range Set(p.Product) {
		standing := CaseStanding{Case: c}
		if e, ok := evidence[c.Key]; ok {
			standing.Evidence = &e
		}
		for _, r := range o.File.Rows {
			if r.Case == c.Key {
				standing.Rows = append(standing.Rows, r)
			}
		}
		switch {
		case standing.Passed():
			o.Passed++
		case standing.Evidence != nil:
			o.Failed++
		default:
			o.Open++
		}
		o.Cases = append(o.Cases, standing)
	}
	o.Missing = missing(p.Product, evidence)
	for _, r := range o.File.Rows {
		if r.Case == "" {
			o.Unmatched = append(o.Unmatched, r)
		}
	}
	if o.Submissions, err = s.Store.Submissions(ctx, p.MerchantID, id); err == nil {
		o.Standing, err = s.Passed(ctx, p)
	}
	return o, err
}

// missing names the cases that must pass and do not.
func missing(product string, evidence map[string]Evidence) (keys []string) {
	for _, c := range Set(product) {
		if !c.Optional && evidence[c.Key].Verdict != Pass {
			keys = append(keys, c.Key)
		}
	}
	return keys
}

// project finds one that the actor has the right to. Errors: not_found, forbidden.
func (s *Service) project(ctx context.Context, actor project.Actor, right project.Right, id posta.ProjectID) (project.Project, error) {
	if err := actor.May(right, id); err != nil {
		return project.Project{}, err
	}
	return s.Store.Project(ctx, actor.Merchant, id)
}

// connected is project with a connection of test mode. Errors: besides,
// not_allowed_in_state with Params["reason"] no_connection, no_cases.
func (s *Service) connected(ctx context.Context, actor project.Actor, id posta.ProjectID) (project.Project, error) {
	p, err := s.project(ctx, actor, project.Work, id)
	switch {
	case err != nil:
		return p, err
	case p.Test == "":
		return p, refused("reason", "no_connection")
	case len(Set(p.Product)) == 0:
		return p, refused("reason", "no_cases")
	}
	return p, nil
}

func refused(name, value string) error {
	return &posta.Error{Code: posta.CodeState, Params: map[string]string{name: value}}
}

// event makes an event of a project's homologation. Projects have no mode: their
// events are among the live ones.
func (s *Service) event(by, kind string, m posta.MerchantID, p posta.ProjectID, data map[string]any) posta.Event {
	now := s.Clock.Now()
	text, err := json.Marshal(data)
	if err != nil {
		panic(err) // words and numbers: a defect of ours
	}
	return posta.Event{ID: posta.NewID[posta.EventID](now), MerchantID: m, Mode: posta.Live, Type: "homologation." + kind,
		Subject: string(p), Actor: by, Data: text, CreatedAt: now}
}

// change changes a project's file and tells who hears of it.
func (s *Service) change(ctx context.Context, m posta.MerchantID, p posta.ProjectID, change func(*File) ([]posta.Event, error)) (File, error) {
	f, err := s.Store.ChangeHomologation(ctx, m, p, func(f *File) ([]posta.Event, error) {
		events, err := change(f)
		f.UpdatedAt = s.Clock.Now()
		return events, err
	})
	if err == nil {
		s.Committed()
	}
	return f, err
}

// Passed says whether a project's homologation counts: the reviewer accepted a
// submission, or somebody said that all is proven, and every case that must pass
// does, but those that the reviewer named. A pre-integrated project stands on its
// original. Reasons of what is missing: not_confirmed, submitted, returned,
// cases_missing with Params["cases"], no_cases.
func (s *Service) Passed(ctx context.Context, p project.Project) (project.Standing, error) {
	from := posta.ProjectID("")
	for range 8 { // a chain of originals is short, and must not be a ring
		if p.Preintegrated == "" {
			break
		}
		from = p.Preintegrated
		original, err := s.Store.Project(ctx, p.MerchantID, p.Preintegrated)
		if err != nil {
			return project.Standing{}, err
		}
		p = original
	}
	out, err := s.ownPassed(ctx, p)
	if from != "" {
		if out.Params == nil {
			out.Params = map[string]string{}
		}
		out.Params["project"], out.Evidence = string(p.ID), string(p.ID)
		if !out.Met {
			out.Params["because"], out.Reason = out.Reason, "original_not_passed"
		}
	}
	return out, err
}

func (s *Service) ownPassed(ctx context.Context, p project.Project) (project.Standing, error) {
	if len(Set(p.Product)) == 0 {
		return project.Standing{Reason: "no_cases"}, nil
	}
	f, err := s.Store.HomologationFile(ctx, p.MerchantID, p.ID)
	if err != nil {
		return project.Standing{}, err
	}
	evidence, err := s.Store.Evidence(ctx, p.MerchantID, p.ID)
	if err != nil {
		return project.Standing{}, err
	}
	submissions, err := s.Store.Submissions(ctx, p.MerchantID, p.ID)
	if err != nil {
		return project.Standing{}, err
	}
	left, out := missing(p.Product, evidence), project.Standing{Reason: "not_confirmed"}
	if !f.Confirmed.IsZero() {
		out.Reason, out.Evidence = "", f.By
	}
	if len(submissions) > 0 {
		last := submissions[0]
		switch last.State {
		case Accepted:
			out.Reason, out.Evidence = "", string(last.ID)
			left = slices.DeleteFunc(left, func(key string) bool { return slices.Contains(last.Without, key) })
		default:
			out.Reason, out.Evidence = string(last.State), ""
		}
	}
	switch {
	case len(left) > 0:
		out.Reason, out.Params = "cases_missing", counted(left)
	case out.Reason == "":
		out.Met = true
	}
	return out, nil
}
