package project

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"posta"
)

// Changes are what is to be otherwise with a project; nil leaves it.
type Changes struct {
	Name        *string
	Client      *Client
	Table       *string
	Approximate *time.Time // when production may open, told in design
	// Test and Live are the client's connections here, "" for none.
	Test, Live *posta.ConnectionID
	// Gateway and TestUsers are what the client answered: whether merchant codes
	// are needed, and test users asked for.
	Gateway, TestUsers *bool
}

// Edit changes what is known of a project. Errors: not_found, forbidden; invalid
// with fields as Create's, and test, live (unknown, mode_mismatch,
// other_provider), approximate (past).
func (s *Service) Edit(ctx context.Context, a Actor, id posta.ProjectID, c Changes) (Project, error) {
	right := Begin
	if c.Test != nil || c.Live != nil {
		right = Work
	}
	if err := a.May(right, id); err != nil {
		return Project{}, err
	}
	seen, err := s.Store.Project(ctx, a.Merchant, id)
	if err != nil {
		return Project{}, err
	}
	t, err := s.Template(ctx, a.Merchant, seen.Template)
	if err != nil {
		return Project{}, err
	}
	var wrong posta.Problems
	c.apply(&seen)
	if err := s.checkBasics(ctx, &wrong, &seen); err != nil {
		return Project{}, err
	}
	if c.Client != nil {
		c.Client = &seen.Client
	}
	if c.Name != nil {
		c.Name = &seen.Name
	}
	wrong.Add(c.Table != nil && t.Tables[*c.Table] == nil, "table", "unknown")
	wrong.Add(c.Approximate != nil && !c.Approximate.IsZero() && c.Approximate.Before(s.Clock.Now()), "approximate", "past")
	if err := s.checkConnection(ctx, &wrong, "test", a.Merchant, c.Test, posta.Test, t); err != nil {
		return Project{}, err
	}
	if err := s.checkConnection(ctx, &wrong, "live", a.Merchant, c.Live, posta.Live, t); err != nil {
		return Project{}, err
	}
	if err := wrong.Err(); err != nil {
		return Project{}, err
	}
	return s.change(ctx, a, right, id, func(r *Record) error {
		if c.Live != nil && *c.Live != r.Project.Live && r.Project.Pilot.Running() {
			return refuse("pilot_running")
		}
		before := r.Project
		c.apply(&r.Project)
		if data := before.differs(r.Project); len(data) > 0 {
			s.tell(r, a, "edited", data)
		}
		return nil
	})
}

// apply makes the changes.
func (c Changes) apply(p *Project) {
	put(&p.Name, c.Name)
	put(&p.Client, c.Client)
	put(&p.Table, c.Table)
	put(&p.Test, c.Test)
	put(&p.Live, c.Live)
	put(&p.Kickoff.Gateway, c.Gateway)
	put(&p.Kickoff.TestUsers, c.TestUsers)
	if c.Approximate != nil {
		p.Date.Approximate = instant(*c.Approximate)
	}
}

func put[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// differs gives what Edit made otherwise, old and new.
func (p Project) differs(now Project) told {
	data := told{}
	for _, f := range []struct {
		name     string
		old, new any
	}{
		{"name", p.Name, now.Name}, {"client", p.Client, now.Client}, {"table", p.Table, now.Table},
		{"approximate", p.Date.Approximate, now.Date.Approximate}, {"test", p.Test, now.Test}, {"live", p.Live, now.Live},
		{"gateway", p.Kickoff.Gateway, now.Kickoff.Gateway}, {"test_users", p.Kickoff.TestUsers, now.Kickoff.TestUsers},
	} {
		if !reflect.DeepEqual(f.old, f.new) {
			data[f.name] = told{"old": f.old, "new": f.new}
			if f.name == "client" {
				data[f.name] = told{"old": p.Client.veiled(), "new": now.Client.veiled()}
			}
		}
	}
	return data
}

// checkConnection notes a connection that is not the merchant's own, of the
// mode and of the template's provider.
func (s *Service) checkConnection(ctx context.Context, wrong *posta.Problems, field string, m posta.MerchantID, id *posta.ConnectionID, mode posta.Mode, t Template) error {
	if id == nil || *id == "" {
		return nil
	}
	c, err := s.Connection(ctx, m, *id)
	switch posta.ErrorCode(err) {
	case "":
		wrong.Add(c.Mode != mode, field, "mode_mismatch")
		wrong.Add(c.Provider != t.Provider, field, "other_provider")
	case posta.CodeNotFound:
		wrong.Add(true, field, "unknown")
	default:
		return err
	}
	return nil
}

// SetPeople says who of the desk works on a project; none is left empty once the
// project has left the backlog. A new integrator must have a free place.
// Errors: not_found, forbidden; invalid with fields people.integrator (required,
// unknown, role), people.manager, people.commercial; conflict at full capacity.
func (s *Service) SetPeople(ctx context.Context, a Actor, id posta.ProjectID, people People) (Project, error) {
	if err := a.May(Manage, id); err != nil {
		return Project{}, err
	}
	var wrong posta.Problems
	if err := s.checkPeople(ctx, &wrong, a.Merchant, people); err != nil {
		return Project{}, err
	}
	if err := wrong.Err(); err != nil {
		return Project{}, err
	}
	desk, err := s.desk(ctx, a.Merchant)
	if err != nil {
		return Project{}, err
	}
	p, err := s.changeActive(ctx, a, Manage, id, func(r *Record) error {
		old := r.Project.People
		if old == people {
			return nil
		}
		r.Project.People = people
		if r.Project.Stage.Active() {
			var wrong posta.Problems
			wrong.Add(people.Integrator == "", "people.integrator", "required")
			wrong.Add(people.Manager == "", "people.manager", "required")
			wrong.Add(people.Commercial == "", "people.commercial", "required")
			if err := wrong.Err(); err != nil {
				return err
			}
			if people.Integrator != old.Integrator {
				if err := admit(r, desk); err != nil {
					return err
				}
			}
		}
		s.tell(r, a, "people", told{"old": old, "new": people})
		return nil
	})
	if err == nil {
		s.placeFreed(ctx, a.Merchant)
	}
	return p, err
}

// at is the path of an element of a list.
func at(list string, i int) string { return fmt.Sprintf("%s[%d]", list, i) }
