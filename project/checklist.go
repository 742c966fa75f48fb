package project

import (
	"context"

	"posta"
)

// applies reports whether the project's answers ask for the item.
func (i Item) applies(p Project) bool {
	switch i.When {
	case "gateway":
		return p.Kickoff.Gateway
	case "test_users":
		return p.Kickoff.TestUsers
	}
	return true
}

// stand is how an item stands.
func (i Item) stand(p Project) Standing {
	tick, ok := p.Done[i.Key]
	switch {
	case !ok:
		return unmet("not_ticked")
	case i.Evidence && tick.Evidence == "":
		return unmet("no_evidence")
	case tick.Evidence != "":
		return met(string(tick.Evidence))
	}
	return met(tick.By)
}

// ticks reports whether people tick something of that key: an item, or the
// delivery of documents that are not kept here.
func (t Template) ticks(key string) bool {
	_, ok := t.Item(key)
	return ok || key == "documents_delivered"
}

// Checklist gives the items of a stage that apply to a project, with how each
// stands.
func (t Template) Checklist(p Project, stage Stage) (out []Condition) {
	for _, item := range t.Rule(stage).Checklist {
		if item.applies(p) {
			out = append(out, Condition{Key: item.Key, Stage: stage, Item: &item, Standing: item.stand(p)})
		}
	}
	return out
}

// Tick notes that something of the checklist is done, or was no more than said
// before: a second tick replaces note and evidence. A contact may tick what the
// template leaves to the client. Errors: not_found; forbidden; invalid with
// fields key (unknown), note, evidence (required, unknown).
func (s *Service) Tick(ctx context.Context, a Actor, id posta.ProjectID, key string, tick Tick) (Project, error) {
	p, item, err := s.tickable(ctx, a, id, key)
	if err != nil {
		return p, err
	}
	var wrong posta.Problems
	tick.Note = checkText(&wrong, "note", tick.Note, false)
	wrong.Add(tick.Evidence == "" && (item.Evidence || key == "documents_delivered"), "evidence", "required")
	if tick.Evidence != "" {
		if err := s.checkFiles(ctx, &wrong, p, "evidence", tick.Evidence); err != nil {
			return p, err
		}
	}
	if err := wrong.Err(); err != nil {
		return p, err
	}
	return s.change(ctx, a, Talk, id, func(r *Record) error {
		old, there := r.Project.Done[key]
		tick.At, tick.By = s.Clock.Now(), a.By()
		if there && old.Note == tick.Note && old.Evidence == tick.Evidence {
			return nil
		}
		if r.Project.Done == nil {
			r.Project.Done = map[string]Tick{}
		}
		r.Project.Done[key] = tick
		s.tell(r, a, "ticked", told{"key": key, "note": tick.Note, "evidence": tick.Evidence})
		return nil
	})
}

// Untick takes a tick back. Errors: as Tick's.
func (s *Service) Untick(ctx context.Context, a Actor, id posta.ProjectID, key string) (Project, error) {
	p, _, err := s.tickable(ctx, a, id, key)
	if err != nil {
		return p, err
	}
	return s.change(ctx, a, Talk, id, func(r *Record) error {
		old, there := r.Project.Done[key]
		if there {
			delete(r.Project.Done, key)
			s.tell(r, a, "unticked", told{"key": key, "by": old.By, "at": old.At, "evidence": old.Evidence})
		}
		return nil
	})
}

// tickable finds the item that the actor may tick.
func (s *Service) tickable(ctx context.Context, a Actor, id posta.ProjectID, key string) (Project, Item, error) {
	right := Work
	if a.Contact != "" {
		right = Talk
	}
	if err := a.May(right, id); err != nil {
		return Project{}, Item{}, err
	}
	p, err := s.Store.Project(ctx, a.Merchant, id)
	if err != nil {
		return p, Item{}, err
	}
	t, err := s.Template(ctx, a.Merchant, p.Template)
	if err != nil {
		return p, Item{}, err
	}
	item, _ := t.Item(key)
	switch {
	case !t.ticks(key):
		return p, item, posta.Invalid("key", "unknown")
	case a.Contact != "" && !item.Client:
		return p, item, &posta.Error{Code: posta.CodeForbidden, Params: map[string]string{"right": string(Work)}}
	}
	return p, item, nil
}

// checkFiles notes files that are none of the project's.
func (s *Service) checkFiles(ctx context.Context, wrong *posta.Problems, p Project, field string, ids ...posta.AttachmentID) error {
	files, err := s.Store.Attachments(ctx, p.MerchantID, p.ID)
	known := map[posta.AttachmentID]bool{}
	for _, f := range files {
		known[f.ID] = true
	}
	for _, id := range ids {
		wrong.Add(!known[id], field, "unknown")
	}
	return err
}
