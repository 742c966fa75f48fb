package project

import (
	"context"
	"slices"
	"strings"
	"time"

	"posta"
)

// around is what a change of a project's thread needs to know, read before the
// change begins.
type around struct {
	desk       Desk
	template   Template
	calendar   Calendar
	location   *time.Location
	designed   bool // design has ended but for the kickoff itself
	integrator Address
	manager    Address
	commercial Address
}

// around reads what surrounds a project.
func (s *Service) around(ctx context.Context, p Project) (w around, err error) {
	if w.desk, err = s.desk(ctx, p.MerchantID); err != nil {
		return w, err
	}
	if w.template, err = s.Template(ctx, p.MerchantID, p.Template); err != nil {
		return w, err
	}
	if w.calendar, err = s.calendar(ctx, w.desk); err != nil {
		return w, err
	}
	if w.location, err = s.Location(ctx, p.MerchantID); err != nil {
		return w, err
	}
	if p.Stage == Design && !p.Kickoff.PlannedAt.IsZero() {
		if w.designed, err = s.designed(ctx, p, w.template); err != nil {
			return w, err
		}
	}
	for _, who := range []struct {
		id posta.UserID
		to *Address
	}{{p.People.Integrator, &w.integrator}, {p.People.Manager, &w.manager}, {p.People.Commercial, &w.commercial}} {
		if who.id == "" {
			continue
		}
		person, err := s.Person(ctx, p.MerchantID, who.id)
		if posta.ErrorCode(err) == posta.CodeNotFound {
			continue
		}
		if err != nil {
			return w, err
		}
		*who.to = Address{Name: person.Name, Email: person.Email}
	}
	return w, nil
}

// addresses puts lists of addresses together, each address once, none of them
// empty or among those left out.
func addresses(out []Address, lists ...[]Address) []Address {
	seen := map[string]bool{"": true}
	for _, a := range out {
		seen[strings.ToLower(a.Email)] = true
	}
	var kept []Address
	for _, a := range slices.Concat(lists...) {
		if key := strings.ToLower(a.Email); !seen[key] {
			seen[key] = true
			kept = append(kept, a)
		}
	}
	return kept
}

// team is who of the desk has every message in copy.
func (w around) team() []Address { return []Address{w.desk.Team, w.manager} }

// taking lists the contacts that take part and that want accepts.
func (p Project) taking(want func(Contact) bool) (list []Address) {
	for _, c := range p.Contacts {
		if c.RemovedAt.IsZero() && want(c) {
			list = append(list, Address{Name: c.Name, Email: c.Email})
		}
	}
	return list
}

// language is the client's.
func (p Project) language() string {
	if p.Client.Country == "BR" {
		return "pt"
	}
	return "es"
}
