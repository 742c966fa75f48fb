package project

import (
	"context"
	"slices"

	"posta"
)

// prismaECR is the product whose projects have terminals, a portal and a passage.
const prismaECR = "prisma_ecr"

// ecr refuses a project that has no ECR part, or is over.
func (p Project) ecr() error {
	switch {
	case p.Product != prismaECR:
		return refuse("not_ecr")
	case p.Stage == HandedOff:
		return refuse("handed_off")
	}
	return nil
}

// TerminalsUsable reports whether test terminals can be used: they came, were
// not sent back, and the project has passed to homologation.
func (p Project) TerminalsUsable() bool {
	return p.ECR.Passage.Incident != "" && slices.ContainsFunc(p.ECR.Requests, func(q TerminalRequest) bool {
		return !q.ReceivedAt.IsZero() && q.ReturnedAt.IsZero()
	})
}

const (
	mostTerminals = 50 // of a request
	mostCode      = 60 // characters of a terminal's number
)

func (q *TerminalRequest) check(wrong *posta.Problems, registered string) {
	wrong.Add(q.Quantity < 1 || q.Quantity > mostTerminals, "quantity", "out_of_range")
	for _, f := range []struct {
		field string
		text  *string
		most  int
	}{
		{"name", &q.Name, maxName}, {"address", &q.Address, maxLine}, {"locality", &q.Locality, maxName}, {"province", &q.Province, maxName},
		{"postal_code", &q.PostalCode, 10}, {"phone", &q.Phone, 40}, {"hours", &q.Hours, maxLine},
	} {
		*f.text = checkLine(wrong, f.field, *f.text, f.most, true)
	}
	q.TaxID = checkTaxID(wrong, "tax_id", "AR", q.TaxID, true)
	wrong.Add(q.TaxID != "" && registered != "" && q.TaxID != registered, "tax_id", "not_registered")
}

// AskTerminals notes the request for test terminals; with the ID of one that was
// not sent yet it corrects that one. A person asks: the client's or the desk's.
// Errors: not_found; forbidden (a program); invalid with fields quantity
// (out_of_range), name, address, locality, province, postal_code, phone, hours,
// tax_id (required, malformed, check_digit, not_registered: another than the one
// at the portal); not_allowed_in_state with Params["reason"] "not_ecr",
// "handed_off", "terminals_sent".
func (s *Service) AskTerminals(ctx context.Context, a Actor, id posta.ProjectID, q TerminalRequest) (Project, error) {
	if err := a.person(); err != nil {
		return Project{}, err
	}
	return s.change(ctx, a, Talk, id, func(r *Record) error {
		if err := r.Project.ecr(); err != nil {
			return err
		}
		var wrong posta.Problems
		q.check(&wrong, r.Project.ECR.TaxID)
		if err := wrong.Err(); err != nil {
			return err
		}
		now := s.Clock.Now()
		asked := TerminalRequest{ID: q.ID, Quantity: q.Quantity, Name: q.Name, Address: q.Address, Locality: q.Locality, Province: q.Province,
			PostalCode: q.PostalCode, Phone: q.Phone, Hours: q.Hours, TaxID: q.TaxID, AskedAt: now, AskedBy: a.By()}
		data := told{"quantity": q.Quantity, "locality": q.Locality, "tax_id": veilNumber(q.TaxID)}
		switch there := r.Project.request(q.ID); {
		case there == nil:
			if asked.ID == "" {
				asked.ID = posta.NewULID(now)
			}
			r.Project.ECR.Requests = append(r.Project.ECR.Requests, asked)
		case !there.SentAt.IsZero():
			return refuse("terminals_sent")
		default:
			*there = asked
			data["corrected"] = true
		}
		data["request"] = asked.ID
		s.tell(r, a, "terminals_asked", data)
		return nil
	})
}

// SendTerminals notes that the provider sent the terminals: their numbers, and
// what else is known (carrier, tracking). Errors: not_found (also the request);
// forbidden (a program); invalid with fields terminals (required, too_many),
// terminals[0] (malformed, twice), detail; not_allowed_in_state with
// Params["reason"] "terminals_sent".
func (s *Service) SendTerminals(ctx context.Context, a Actor, id posta.ProjectID, request string, terminals []string, detail string) (Project, error) {
	var wrong posta.Problems
	terminals = checkCodes(&wrong, terminals)
	detail = checkLine(&wrong, "detail", detail, maxLine, false)
	if err := wrong.Err(); err != nil {
		return Project{}, err
	}
	return s.request(ctx, a, Work, id, request, func(r *Record, q *TerminalRequest) error {
		if !q.SentAt.IsZero() {
			return refuse("terminals_sent")
		}
		if len(terminals) > q.Quantity {
			return posta.Invalid("terminals", "too_many")
		}
		q.SentAt, q.SentBy, q.Terminals, q.SentDetail = s.Clock.Now(), a.By(), terminals, detail
		s.tell(r, a, "terminals_sent", told{"request": q.ID, "terminals": terminals, "detail": detail})
		return nil
	})
}

// ReceiveTerminals notes that they arrived; the client's people may say so.
// Errors: not_found; forbidden (a program); not_allowed_in_state with
// Params["reason"] "terminals_not_sent", "terminals_received".
func (s *Service) ReceiveTerminals(ctx context.Context, a Actor, id posta.ProjectID, request string) (Project, error) {
	return s.request(ctx, a, Talk, id, request, func(r *Record, q *TerminalRequest) error {
		switch {
		case q.SentAt.IsZero():
			return refuse("terminals_not_sent")
		case !q.ReceivedAt.IsZero():
			return refuse("terminals_received")
		}
		q.ReceivedAt, q.ReceivedBy = s.Clock.Now(), a.By()
		s.tell(r, a, "terminals_received", told{"request": q.ID, "terminals": q.Terminals})
		return nil
	})
}

// ReturnTerminals notes that they came back to the provider. Errors: not_found;
// forbidden (a program); not_allowed_in_state with Params["reason"]
// "terminals_not_received", "terminals_returned".
func (s *Service) ReturnTerminals(ctx context.Context, a Actor, id posta.ProjectID, request string) (Project, error) {
	return s.request(ctx, a, Work, id, request, func(r *Record, q *TerminalRequest) error {
		switch {
		case q.ReceivedAt.IsZero():
			return refuse("terminals_not_received")
		case !q.ReturnedAt.IsZero():
			return refuse("terminals_returned")
		}
		q.ReturnedAt, q.ReturnedBy = s.Clock.Now(), a.By()
		s.tell(r, a, "terminals_returned", told{"request": q.ID, "terminals": q.Terminals})
		return nil
	})
}

// request changes one request of a project, by a person.
func (s *Service) request(ctx context.Context, a Actor, right Right, id posta.ProjectID, request string, do func(*Record, *TerminalRequest) error) (Project, error) {
	if err := a.person(); err != nil {
		return Project{}, err
	}
	return s.change(ctx, a, right, id, func(r *Record) error {
		q := r.Project.request(request)
		if q == nil {
			return &posta.Error{Code: posta.CodeNotFound}
		}
		return do(r, q)
	})
}

func (p *Project) request(id string) *TerminalRequest {
	for i := range p.ECR.Requests {
		if p.ECR.Requests[i].ID == id {
			return &p.ECR.Requests[i]
		}
	}
	return nil
}

// SetProductionTerminals notes the numbers of the production terminals: the
// commercial's task, once homologation is passed. Errors: not_found; forbidden;
// invalid with fields terminals (required), terminals[0] (malformed, twice);
// not_allowed_in_state with Params["reason"] "not_ecr", "not_homologated".
func (s *Service) SetProductionTerminals(ctx context.Context, a Actor, id posta.ProjectID, terminals []string) (Project, error) {
	if err := a.May(Sell, id); err != nil {
		return Project{}, err
	}
	var wrong posta.Problems
	terminals = checkCodes(&wrong, terminals)
	if err := wrong.Err(); err != nil {
		return Project{}, err
	}
	p, err := s.Store.Project(ctx, a.Merchant, id)
	if err != nil {
		return p, err
	}
	l, err := s.look(ctx, p, Rule{Key: "homologation_passed"})
	if err != nil {
		return p, err
	}
	return s.change(ctx, a, Sell, id, func(r *Record) error {
		if err := r.Project.ecr(); err != nil {
			return err
		}
		l.p = r.Project
		if !homologationPassed(l).Met {
			return refuse("not_homologated")
		}
		old := r.Project.ECR.Production
		if !slices.Equal(old, terminals) {
			r.Project.ECR.Production = terminals
			s.tell(r, a, "terminals_production", told{"old": old, "new": terminals})
		}
		return nil
	})
}

// checkCodes cleans the numbers of terminals.
func checkCodes(wrong *posta.Problems, codes []string) (out []string) {
	wrong.Add(len(codes) == 0, "terminals", "required")
	wrong.Add(len(codes) > mostTerminals*10, "terminals", "too_many")
	for i, code := range codes {
		code = checkLine(wrong, at("terminals", i), code, mostCode, true)
		wrong.Add(slices.Contains(out, code), at("terminals", i), "twice")
		out = append(out, code)
	}
	return out
}
