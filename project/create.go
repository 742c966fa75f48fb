package project

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"time"

	"posta"
)

// Input asks for a project.
type Input struct {
	ID          posta.ProjectID // "" makes one up; given, it makes a repeat find the first
	Name        string
	Client      Client // country "" is the merchant's
	Template    Ref    // version 0 is the newest
	Table       string // the template's channel table; "" is A
	People      People // who is not told is the creator, where the role fits
	Contacts    []Contact
	Approximate time.Time // when production may open; zero if not yet told
}

// Create begins a project, in the backlog. Errors: forbidden; invalid with
// fields name, client.name, client.legal_name, client.tax_id (malformed,
// check_digit), client.country, template, table, people.integrator (unknown,
// role), people.manager, people.commercial, contacts[0].name, contacts[0].email
// (malformed, taken), contacts[0].phone.
func (s *Service) Create(ctx context.Context, a Actor, in Input) (Project, error) {
	if err := a.May(Begin, in.ID); err != nil {
		return Project{}, err
	}
	now := s.Clock.Now()
	if in.ID == "" {
		in.ID = posta.NewID[posta.ProjectID](now)
	} else if there, err := s.Store.Project(ctx, a.Merchant, in.ID); posta.ErrorCode(err) != posta.CodeNotFound {
		return there, err
	}
	p := Project{ID: in.ID, MerchantID: a.Merchant, Name: in.Name, Client: in.Client, Table: in.Table, Stage: Backlog, StageAt: now,
		Entered: map[Stage]time.Time{Backlog: now}, People: in.People, Done: map[string]Tick{},
		Date: Date{Approximate: instant(in.Approximate)}, ReplyToken: strings.ToLower(rand.Text()),
		CreatedBy: a.By(), CreatedAt: now, UpdatedAt: now}
	var wrong posta.Problems
	if err := s.checkBasics(ctx, &wrong, &p); err != nil {
		return Project{}, err
	}
	t, err := s.newest(ctx, a.Merchant, in.Template)
	switch posta.ErrorCode(err) {
	case "":
		p.Template, p.Product = t.Ref, t.Product
		if p.Table == "" {
			p.Table = DefaultTable
		}
		wrong.Add(t.Tables[p.Table] == nil, "table", "unknown")
	case posta.CodeNotFound:
		wrong.Add(true, "template", "unknown")
	default:
		return Project{}, err
	}
	p.People = p.People.or(a)
	if err := s.checkPeople(ctx, &wrong, a.Merchant, p.People); err != nil {
		return Project{}, err
	}
	for i, c := range in.Contacts {
		c.ID, c.RemovedAt = posta.NewID[posta.ContactID](now), time.Time{}
		p.Contacts = append(p.Contacts, checkContact(&wrong, at("contacts", i)+".", c, p.Contacts))
	}
	if err := wrong.Err(); err != nil {
		return Project{}, err
	}
	r := Record{Project: p}
	s.tell(&r, a, "created", told{"name": p.Name, "client": p.Client.Name, "template": p.Template, "table": p.Table, "people": p.People})
	err = s.Store.InsertProject(ctx, r.Project, r.Events)
	if posta.ErrorCode(err) == posta.CodeConflict {
		return s.Store.Project(ctx, a.Merchant, in.ID)
	}
	if err == nil {
		s.Committed()
	}
	return r.Project, err
}

// or fills who is not told with the actor, where the actor's role is for that.
func (p People) or(a Actor) People {
	fill := func(who *posta.UserID, roles ...posta.Role) {
		if *who == "" && slices.Contains(roles, a.Role) {
			*who = a.User
		}
	}
	fill(&p.Integrator, posta.Owner, posta.Integrator)
	fill(&p.Manager, posta.Owner, posta.Manager)
	fill(&p.Commercial, posta.Owner, posta.Commercial)
	return p
}

// checkPeople notes who is none of the merchant's people, or has another role.
func (s *Service) checkPeople(ctx context.Context, wrong *posta.Problems, m posta.MerchantID, p People) error {
	for _, who := range []struct {
		field string
		id    posta.UserID
		roles []posta.Role
	}{
		{"people.integrator", p.Integrator, []posta.Role{posta.Integrator, posta.Manager, posta.Owner}},
		{"people.manager", p.Manager, []posta.Role{posta.Manager, posta.Owner}},
		{"people.commercial", p.Commercial, []posta.Role{posta.Commercial, posta.Owner}},
	} {
		if who.id == "" {
			continue
		}
		person, err := s.Person(ctx, m, who.id)
		if err != nil && posta.ErrorCode(err) != posta.CodeNotFound {
			return err
		}
		wrong.Add(err != nil, who.field, "unknown")
		wrong.Add(err == nil && !slices.Contains(who.roles, person.Role), who.field, "role")
	}
	return nil
}

// checkBasics cleans a project's name and client.
func (s *Service) checkBasics(ctx context.Context, wrong *posta.Problems, p *Project) error {
	p.Name = checkLine(wrong, "name", p.Name, maxName, true)
	p.Client.Name = checkLine(wrong, "client.name", p.Client.Name, maxName, true)
	p.Client.LegalName = checkLine(wrong, "client.legal_name", p.Client.LegalName, maxName, false)
	if p.Client.Country == "" {
		country, err := s.Country(ctx, p.MerchantID)
		if err != nil {
			return err
		}
		p.Client.Country = country
	}
	_, err := posta.FindCountry(p.Client.Country)
	wrong.Add(err != nil, "client.country", "unknown")
	p.Client.TaxID = checkTaxID(wrong, "client.tax_id", p.Client.Country, p.Client.TaxID, false)
	return nil
}
