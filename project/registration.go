package project

import (
	"context"
	"slices"
	"time"

	"posta"
)

// TerminalAPIs are the APIs with TERMINALS in their name, which a project at the
// provider's portal needs before it asks to pass (docs/providers/prisma.md §14).
var TerminalAPIs = []string{"payments", "reversals", "settlements", "refunds"}

func (e ECR) missingAPIs() []string {
	return slices.DeleteFunc(slices.Clone(TerminalAPIs), func(api string) bool { return !e.APIs[api].IsZero() })
}

// Registration is who registered at the portal, and so owns the credentials.
type Registration struct {
	Owner     Side // ClientSide, or TeamSide: the integrator that develops
	TaxID     string
	LegalName string
	At        time.Time // zero is now
}

// Register notes the registration at the provider's portal, or corrects it. Where
// test terminals were asked for with another CUIT, condition tax_id_equal says so
// from then on. Errors: not_found; forbidden; invalid with fields owner
// (unknown), tax_id (required, malformed, check_digit), legal_name (required), at
// (future); not_allowed_in_state with Params["reason"] "not_ecr", "handed_off",
// "preintegrated" (its credentials are another project's), "passage_asked".
func (s *Service) Register(ctx context.Context, a Actor, id posta.ProjectID, g Registration) (Project, error) {
	now := s.Clock.Now()
	g.At = orNow(g.At, now)
	var wrong posta.Problems
	wrong.Add(g.Owner != ClientSide && g.Owner != TeamSide, "owner", "unknown")
	g.TaxID = checkTaxID(&wrong, "tax_id", "AR", g.TaxID, true)
	g.LegalName = checkLine(&wrong, "legal_name", g.LegalName, maxName, true)
	wrong.Add(g.At.After(now), "at", "future")
	if err := wrong.Err(); err != nil {
		return Project{}, err
	}
	return s.change(ctx, a, Work, id, func(r *Record) error {
		if err := r.Project.ecr(); err != nil {
			return err
		}
		e := &r.Project.ECR
		same := e.Owner == g.Owner && e.TaxID == g.TaxID && e.LegalName == g.LegalName && !e.Registered.IsZero()
		switch {
		case same:
			return nil
		case r.Project.Preintegrated != "":
			return refuse("preintegrated")
		case !e.Passage.AskedAt.IsZero():
			return refuse("passage_asked")
		}
		s.tell(r, a, "registered", told{"old": told{"owner": e.Owner, "tax_id": veilNumber(e.TaxID), "legal_name": e.LegalName},
			"new": told{"owner": g.Owner, "tax_id": veilNumber(g.TaxID), "legal_name": g.LegalName}})
		e.Owner, e.TaxID, e.LegalName, e.Registered = g.Owner, g.TaxID, g.LegalName, g.At
		return nil
	})
}

// AddAPIs notes which of TerminalAPIs were added to the portal's project. None can
// be added once the passage was asked for. Errors: not_found; forbidden; invalid
// with fields apis (required), apis[0] (unknown, twice); not_allowed_in_state with
// Params["reason"] "not_ecr", "handed_off", "not_registered", "passage_asked".
func (s *Service) AddAPIs(ctx context.Context, a Actor, id posta.ProjectID, apis []string) (Project, error) {
	var wrong posta.Problems
	wrong.Add(len(apis) == 0, "apis", "required")
	checkList(&wrong, "apis", apis, TerminalAPIs)
	if err := wrong.Err(); err != nil {
		return Project{}, err
	}
	return s.change(ctx, a, Work, id, func(r *Record) error {
		if err := r.Project.ecr(); err != nil {
			return err
		}
		e := &r.Project.ECR
		var added []string
		for _, api := range apis {
			if e.APIs[api].IsZero() {
				added = append(added, api)
			}
		}
		switch {
		case len(added) == 0:
			return nil
		case e.Registered.IsZero():
			return refuse("not_registered")
		case !e.Passage.AskedAt.IsZero():
			return refuse("passage_asked")
		}
		if e.APIs == nil {
			e.APIs = map[string]time.Time{}
		}
		for _, api := range added {
			e.APIs[api] = s.Clock.Now()
		}
		s.tell(r, a, "apis", told{"added": added})
		return nil
	})
}

// AskPassage notes that the passage to homologation was asked for at the portal.
// Errors: not_found; forbidden; not_allowed_in_state with Params["reason"]
// "not_ecr", "handed_off", "not_registered", "apis_missing" (and ["apis"]).
func (s *Service) AskPassage(ctx context.Context, a Actor, id posta.ProjectID) (Project, error) {
	return s.change(ctx, a, Work, id, func(r *Record) error {
		if err := r.Project.ecr(); err != nil {
			return err
		}
		l := look{p: r.Project}
		for _, st := range []Standing{portalRegistered(l), apisAdded(l)} {
			if !st.Met {
				return refuse(st.Reason, "apis", st.Params["apis"])
			}
		}
		if r.Project.ECR.Passage.AskedAt.IsZero() {
			r.Project.ECR.Passage.AskedAt = s.Clock.Now()
			s.tell(r, a, "passage", told{"step": "asked"})
		}
		return nil
	})
}

// EndPassage notes that the back office's check ended well, with the number of
// the incident that it gave. Errors: not_found; forbidden; invalid with field
// incident (required, too_long, malformed); not_allowed_in_state with
// Params["reason"] "not_ecr", "handed_off", "passage_not_asked".
func (s *Service) EndPassage(ctx context.Context, a Actor, id posta.ProjectID, incident string) (Project, error) {
	var wrong posta.Problems
	incident = checkLine(&wrong, "incident", incident, 40, true)
	if err := wrong.Err(); err != nil {
		return Project{}, err
	}
	return s.change(ctx, a, Work, id, func(r *Record) error {
		if err := r.Project.ecr(); err != nil {
			return err
		}
		w := &r.Project.ECR.Passage
		switch {
		case w.AskedAt.IsZero():
			return refuse("passage_not_asked")
		case w.Incident == incident:
			return nil
		}
		s.tell(r, a, "passage", told{"step": "back_office", "old": w.Incident, "incident": incident})
		w.Incident, w.BackOfficeAt = incident, s.Clock.Now()
		return nil
	})
}

// UsePreintegrated lets a project stand on the homologation of another one, whose
// credentials are its integrator's: homologation is skipped, and the trace to the
// original kept. "" takes that back, until go-live. Errors: not_found; forbidden;
// invalid with field from (unknown, same, other_template, client_owned,
// other_tax_id, preintegrated, not_homologated); not_allowed_in_state with
// Params["reason"] "not_ecr", "not_registered", "homologation_begun", "golive".
func (s *Service) UsePreintegrated(ctx context.Context, a Actor, id, from posta.ProjectID) (Project, error) {
	if err := a.May(Work, id); err != nil {
		return Project{}, err
	}
	var origin Project
	passed := false
	if from != "" {
		var err error
		origin, err = s.Store.Project(ctx, a.Merchant, from)
		if posta.ErrorCode(err) == posta.CodeNotFound {
			return Project{}, posta.Invalid("from", "unknown")
		}
		if err != nil {
			return Project{}, err
		}
		l, err := s.look(ctx, origin, Rule{Key: "homologation_passed"})
		if err != nil {
			return Project{}, err
		}
		passed = homologationPassed(l).Met
	}
	return s.change(ctx, a, Work, id, func(r *Record) error {
		p := &r.Project
		stage := p.Stage
		if stage == Backlog { // where it goes on
			stage = p.ReturnTo
		}
		switch err := p.ecr(); {
		case err != nil:
			return err
		case p.Preintegrated == from:
			return nil
		case stage == GoLive:
			return refuse("golive")
		case from != "" && stage == Homologation:
			return refuse("homologation_begun")
		case from != "" && p.ECR.Registered.IsZero():
			return refuse("not_registered")
		}
		if from != "" {
			if code := p.standsOn(origin, passed); code != "" {
				return posta.Invalid("from", code)
			}
		}
		s.tell(r, a, "preintegrated", told{"old": p.Preintegrated, "new": from})
		p.Preintegrated = from
		return nil
	})
}

// standsOn says why a project cannot stand on the homologation of another; "" if
// it can.
func (p Project) standsOn(origin Project, passed bool) string {
	switch {
	case origin.ID == p.ID:
		return "same"
	case origin.Template.Key != p.Template.Key:
		return "other_template"
	case origin.ECR.Owner != TeamSide || p.ECR.Owner != TeamSide:
		return "client_owned"
	case origin.ECR.TaxID != p.ECR.TaxID:
		return "other_tax_id"
	case origin.Preintegrated != "":
		return "preintegrated"
	case !passed:
		return "not_homologated"
	}
	return ""
}
