package project

import (
	"cmp"
	"context"
	"embed"
	"encoding/json"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"posta"
)

//go:embed templates/*.json
var files embed.FS

// Shipped are the process templates that come with Posta, by key and version.
var Shipped = sync.OnceValue(func() (out []Template) {
	names, err := fs.Glob(files, "templates/*.json")
	for _, name := range names {
		var t Template
		raw, _ := files.ReadFile(name)
		if err = json.Unmarshal(raw, &t); err != nil {
			break
		}
		out = append(out, t)
	}
	if err != nil {
		panic(err) // embedded: a broken file is a defect
	}
	return sorted(out)
})

func sorted(ts []Template) []Template {
	slices.SortFunc(ts, func(a, b Template) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Version, b.Version))
	})
	return ts
}

// templates gives every version that a merchant's desk has: its own, and the
// shipped ones of other numbers.
func (s *Service) templates(ctx context.Context, m posta.MerchantID) ([]Template, error) {
	stored, err := s.Store.StoredTemplates(ctx, m)
	if err != nil {
		return nil, err
	}
	by := map[Ref]Template{}
	for _, t := range Shipped() {
		by[t.Ref] = t
	}
	for _, t := range stored {
		by[t.Template.Ref] = t.Template
	}
	return sorted(slices.Collect(maps.Values(by))), nil
}

// Templates lists every version that the actor's desk has, by key and version.
// Errors: forbidden.
func (s *Service) Templates(ctx context.Context, a Actor) ([]Template, error) {
	if err := a.May(See, ""); err != nil {
		return nil, err
	}
	return s.templates(ctx, a.Merchant)
}

// Template finds one version. Errors: not_found.
func (s *Service) Template(ctx context.Context, m posta.MerchantID, ref Ref) (Template, error) {
	ts, err := s.templates(ctx, m)
	for _, t := range ts {
		if t.Ref == ref {
			return t, nil
		}
	}
	return Template{}, cmp.Or(err, error(&posta.Error{Code: posta.CodeNotFound}))
}

// newest finds a version, the newest where ref has the number 0.
func (s *Service) newest(ctx context.Context, m posta.MerchantID, ref Ref) (Template, error) {
	ts, err := s.templates(ctx, m)
	for _, t := range slices.Backward(ts) {
		if t.Key == ref.Key && (ref.Version == 0 || t.Version == ref.Version) {
			return t, nil
		}
	}
	return Template{}, cmp.Or(err, error(&posta.Error{Code: posta.CodeNotFound}))
}

// NewVersion adds a version of a template, or the first of a new one: number,
// date and author are given here. Running projects keep theirs. Errors:
// forbidden; invalid with the fields of Check; conflict when another version was
// made at the same time.
func (s *Service) NewVersion(ctx context.Context, a Actor, key string, t Template) (Template, error) {
	if err := a.May(Manage, ""); err != nil {
		return Template{}, err
	}
	t.Key, t.Version = key, 1
	last, err := s.newest(ctx, a.Merchant, Ref{Key: key})
	switch posta.ErrorCode(err) {
	case "":
		t.Version = last.Version + 1
		if t.Product == "" {
			t.Product, t.Provider = last.Product, last.Provider
		}
	case posta.CodeNotFound:
	default:
		return Template{}, err
	}
	if err := t.Check(); err != nil {
		return Template{}, err
	}
	now := s.Clock.Now()
	t.Date, t.By = now, a.By()
	raw, err := json.Marshal(told{"template": t.Key, "version": t.Version, "changed": t.Changed})
	if err != nil {
		return Template{}, err
	}
	e := s.event(a.By(), "project.template", Project{MerchantID: a.Merchant}, raw)
	e.Subject = t.Key
	err = s.Store.InsertTemplate(ctx, Stored{MerchantID: a.Merchant, Template: t, CreatedAt: now, CreatedBy: a.By()}, []posta.Event{e})
	if err == nil {
		s.Committed()
	}
	return t, err
}

// UpgradeDifferences tells what would change for a project with another version
// of its template. Errors: not_found, forbidden.
func (s *Service) UpgradeDifferences(ctx context.Context, a Actor, id posta.ProjectID, version int) ([]Difference, error) {
	p, err := s.Get(ctx, a, id)
	if err != nil {
		return nil, err
	}
	from, err := s.Template(ctx, a.Merchant, p.Template)
	if err != nil {
		return nil, err
	}
	to, err := s.Template(ctx, a.Merchant, Ref{p.Template.Key, version})
	return Differences(from, to), err
}

// Upgrade moves a project to a newer version of its template. What is ticked
// stays ticked where the new version has the item. Errors: not_found, forbidden;
// invalid with field version (unknown, not_newer); invalid with field table when
// the new version has none of that name.
func (s *Service) Upgrade(ctx context.Context, a Actor, id posta.ProjectID, version int) (Project, error) {
	p, err := s.Get(ctx, a, id)
	if err != nil {
		return p, err
	}
	if p.Template.Version == version {
		return p, a.May(Manage, id)
	}
	to, err := s.Template(ctx, a.Merchant, Ref{p.Template.Key, version})
	if posta.ErrorCode(err) == posta.CodeNotFound {
		err = posta.Invalid("version", "unknown")
	}
	if err != nil {
		return p, err
	}
	return s.change(ctx, a, Manage, id, func(r *Record) error {
		old := r.Project.Template
		if version < old.Version {
			return posta.Invalid("version", "not_newer")
		}
		if to.Tables[r.Project.Table] == nil {
			return posta.Invalid("table", "unknown")
		}
		var dropped []string
		for _, key := range slices.Sorted(maps.Keys(r.Project.Done)) {
			if !to.ticks(key) {
				dropped = append(dropped, key)
				delete(r.Project.Done, key)
			}
		}
		r.Project.Template, r.Project.Product = to.Ref, to.Product
		switch follow := to.Rule(r.Project.Stage).FollowUp; {
		case !follow:
			r.Project.DueAt = time.Time{}
		case r.Project.DueAt.IsZero():
			r.Project.DueAt = s.Clock.Now().Add(week)
		}
		s.tell(r, a, "upgraded", told{"old": old, "new": to.Ref, "unticked": dropped})
		return nil
	})
}

// String is the key and number, "prisma_ecr 1".
func (r Ref) String() string { return r.Key + " " + strconv.Itoa(r.Version) }
