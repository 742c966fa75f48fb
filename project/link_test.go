package project_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"posta"
	"posta/project"
	"posta/store"
	"posta/store/storetest"
)

func TestAContactSignsInByALink(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		p := b.project(t, project.Integration)
		contact := p.Contacts[0].ID
		one := must(b.InviteContact(t.Context(), b.ana, p.ID, contact))(t)
		two := must(b.InviteContact(t.Context(), b.ana, p.ID, contact))(t)
		token := func(in project.Invitation) string {
			return strings.TrimPrefix(in.URL, "https://posta.example"+project.LinkPath)
		}
		if got := b.post.Letters(carla); len(got) != 2 || !one.Mailed || !strings.Contains(got[0].Text, one.URL) || len(token(one)) != 43 {
			t.Fatalf("%+v %+v", one, got)
		}
		for _, in := range []project.Invitation{one, two, one} {
			a, got, err := b.OpenLink(t.Context(), token(in))
			if err != nil || a.Contact != contact || a.Project != p.ID || a.Merchant != b.m || a.User != "" || got.ID != p.ID {
				t.Errorf("%+v %v", a, err)
			}
		}
		for _, wrong := range []string{"", "x", token(one) + "x", strings.ToUpper(token(one))} {
			_, _, err := b.OpenLink(t.Context(), wrong)
			refused(t, err, posta.CodeNotFound, "")
		}
		b.clock.Move(project.LinkLife)
		_, _, err := b.OpenLink(t.Context(), token(one))
		refused(t, err, posta.CodeNotFound, "")
		three := must(b.InviteContact(t.Context(), b.ana, p.ID, contact))(t)
		fine(t, b.RemoveContact(t.Context(), b.ana, p.ID, contact))
		_, _, err = b.OpenLink(t.Context(), token(three))
		refused(t, err, posta.CodeNotFound, "")
		_, _, err = b.ContactActor(t.Context(), b.m, p.ID, contact)
		refused(t, err, posta.CodeNotFound, "")
		_, err = b.InviteContact(t.Context(), b.ana, p.ID, contact)
		refused(t, err, posta.CodeNotFound, "")
		_, err = b.Ask(t.Context(), project.Actor{Merchant: b.m, Project: p.ID, Contact: contact}, project.AskInput{Project: p.ID, Text: "¿Sigo?"})
		refused(t, err, posta.CodeNotFound, "")
		if n := b.events(t, p, "contact_invited"); n != 3 {
			t.Errorf("%d invitations in the story", n)
		}
		mute := b.replica(t, nil)
		mute.Mail = nil
		p = b.project(t, project.Integration)
		if in := must(mute.InviteContact(t.Context(), b.ana, p.ID, p.Contacts[0].ID))(t); in.Mailed || in.URL == "" {
			t.Errorf("%+v", in)
		}
	})
}

// The token is nowhere in the database: only its hash is.
func TestATokenIsNotKept(t *testing.T) {
	url := storetest.URL(t, store.SQLite)
	db := storetest.OpenAt(t, url)
	fine(t, db.Migrate(t.Context()))
	b := newBureau(t, db)
	p := b.project(t, project.Integration)
	in := must(b.InviteContact(t.Context(), b.ana, p.ID, p.Contacts[0].ID))(t)
	b.later(t, time.Second)
	token := strings.TrimPrefix(in.URL, "https://posta.example"+project.LinkPath)
	for _, file := range []string{url, url + "-wal"} {
		raw, err := os.ReadFile(file)
		fine(t, err)
		if strings.Contains(string(raw), token) {
			t.Errorf("%s holds the token", file)
		}
	}
}

// Promise 59, in the domain: a contact of one project against another, of the
// same desk and of another's.
func TestP59_AContactHasItsOwnProjectOnly(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		p := b.project(t, project.Integration)
		other := b.project(t, project.Integration)
		m := b.ask(t, other)
		must(b.Note(t.Context(), b.ana, project.NoteInput{Project: p.ID, Text: "Cliente difícil.", Files: []project.File{{Name: "n.txt", Data: []byte("x")}}}))(t)
		doc := must(b.Attach(t.Context(), b.ana, project.Upload{Project: other.ID, File: project.File{Name: "d.txt", Data: []byte("x")}}))(t)
		inner := must(b.Attach(t.Context(), b.ana, project.Upload{Project: p.ID, Internal: true, File: project.File{Name: "i.txt", Data: []byte("x")}}))(t)
		elsewhere := b.carla(p)
		elsewhere.Merchant = storetest.Seed(t, b.db).Merchant.ID
		a, ctx := b.carla(p), t.Context()
		for name, try := range map[string]func(a project.Actor) error{
			"get":    func(a project.Actor) error { _, err := b.Get(ctx, a, other.ID); return err },
			"thread": func(a project.Actor) error { _, err := b.Thread(ctx, a, other.ID); return err },
			"file":   func(a project.Actor) error { _, err := b.File(ctx, a, other.ID, doc.ID); return err },
			"ask": func(a project.Actor) error {
				_, err := b.Ask(ctx, a, project.AskInput{Project: other.ID, Text: "x"})
				return err
			},
			"attach": func(a project.Actor) error {
				_, err := b.Attach(ctx, a, project.Upload{Project: other.ID, File: project.File{Data: []byte("x")}})
				return err
			},
			"close":    func(a project.Actor) error { _, err := b.CloseQuestion(ctx, a, other.ID, m.Clock, "x"); return err },
			"own file": func(a project.Actor) error { _, err := b.File(ctx, a, p.ID, doc.ID); return err },
			"internal": func(a project.Actor) error { _, err := b.File(ctx, a, p.ID, inner.ID); return err },
		} {
			for _, who := range []project.Actor{a, elsewhere} {
				if err := try(who); posta.ErrorCode(err) != posta.CodeNotFound {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
		for name, try := range map[string]func() error{
			"post":      func() error { _, err := b.Post(ctx, a, project.PostInput{Project: p.ID, Text: "x"}); return err },
			"note":      func() error { _, err := b.Note(ctx, a, project.NoteInput{Project: p.ID, Text: "x"}); return err },
			"heard":     func() error { _, err := b.Heard(ctx, a, project.HeardInput{Project: p.ID, Text: "x"}); return err },
			"invite":    func() error { _, err := b.InviteContact(ctx, a, p.ID, a.Contact); return err },
			"firstmail": func() error { _, err := b.FirstMail(ctx, a, p.ID, ""); return err },
		} {
			if err := try(); posta.ErrorCode(err) != posta.CodeForbidden {
				t.Errorf("%s: %v", name, err)
			}
		}
		c := must(b.Thread(ctx, a, p.ID))(t)
		if len(c.Messages) != 0 || len(c.Files) != 0 {
			t.Errorf("%+v", c)
		}
		up := must(b.Attach(ctx, a, project.Upload{Project: p.ID, Kind: "evidence", Internal: true, File: project.File{Name: "logo.png", Data: []byte("x")}}))(t)
		if up.Kind != "document" || up.Internal || up.By != a.By() {
			t.Errorf("%+v", up)
		}
		// An id that a repeat names is found in the own project only.
		_, err := b.Ask(ctx, a, project.AskInput{ID: m.ID, Project: p.ID, Text: "x"})
		refused(t, err, posta.CodeConflict, "")
	})
}
