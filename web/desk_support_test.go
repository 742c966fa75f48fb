package web_test

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"posta"
	"posta/account"
	"posta/live"
	"posta/project"
	"posta/store"
	"posta/text"
)

// projectService is a desk without mail: what other packages know does not
// stand in a project's way.
func projectService(db *store.DB, accounts *account.Service, clock posta.Clock, hub *live.Hub, url func() string) *project.Service {
	catalog := text.Must()
	team := func(ctx context.Context, m posta.MerchantID) (out []project.Person, err error) {
		users, err := db.Users(ctx, m)
		for _, u := range users {
			out = append(out, project.Person{ID: u.ID, Name: u.Name, Email: u.Email, Role: u.Role, Language: u.Language})
		}
		return out, err
	}
	return &project.Service{Store: db, Clock: clock, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Committed: hub.Wake, Team: team, Location: accounts.Location, URL: url,
		Person: func(ctx context.Context, m posta.MerchantID, id posta.UserID) (project.Person, error) {
			people, err := team(ctx, m)
			if i := slices.IndexFunc(people, func(p project.Person) bool { return p.ID == id }); i >= 0 {
				return people[i], nil
			}
			if err == nil {
				err = &posta.Error{Code: posta.CodeNotFound}
			}
			return project.Person{}, err
		},
		Connection: func(ctx context.Context, m posta.MerchantID, id posta.ConnectionID) (project.Connected, error) {
			c, err := db.MerchantConnection(ctx, m, id)
			return project.Connected{Provider: c.Provider, Mode: c.Mode}, err
		},
		Country: func(ctx context.Context, m posta.MerchantID) (string, error) {
			merchant, err := db.Merchant(ctx, m)
			return merchant.Country, err
		},
		Say: func(language, key string, args ...any) string { return catalog.Localizer(language).T(key, args...) },
		Stands: func(context.Context, project.Project, string) (project.Standing, error) {
			return project.Standing{Met: true}, nil
		},
		Gate: func(context.Context, project.Actor, project.Project, project.PilotStep) error { return nil },
	}
}

// bureau is a hub whose merchant has a desk with people of every role. Ana, of
// every hub, is its owner.
type bureau struct {
	*hub
	ana, marta, ines, sergio account.User // owner, manager, integrator, commercial
}

func startBureau(t *testing.T) *bureau {
	t.Helper()
	b := &bureau{hub: start(t)}
	users, err := b.accounts.Users(t.Context(), b.world.Merchant.ID)
	if err != nil || len(users) != 1 {
		t.Fatal(users, err)
	}
	b.ana = users[0]
	b.marta, b.ines, b.sergio = b.person("Marta Gil", posta.Manager), b.person("Inés Paz", posta.Integrator), b.person("Sergio Luna", posta.Commercial)
	return b
}

// person is somebody of the team, with an address made of the first name.
func (b *bureau) person(name string, role posta.Role) account.User {
	b.t.Helper()
	u, err := b.accounts.CreateUser(b.t.Context(), account.UserInput{MerchantID: b.world.Merchant.ID, Name: name, Role: role, Password: password,
		Email: strings.ReplaceAll(strings.ToLower(strings.Fields(name)[0]), "é", "e") + "@mesa.example"})
	if err != nil {
		b.t.Fatal(err)
	}
	return u
}

func (b *bureau) as(u account.User) project.Actor {
	return project.Actor{Merchant: u.MerchantID, User: u.ID, Role: u.Role}
}

// project is one of the desk's, in design, with a contact.
func (b *bureau) project(name, template string) project.Project {
	b.t.Helper()
	p, err := b.projects.Create(b.t.Context(), b.as(b.ana), project.Input{Name: name, Client: project.Client{Name: "Cliente " + name}, Template: project.Ref{Key: template},
		People:   project.People{Integrator: b.ines.ID, Manager: b.marta.ID, Commercial: b.sergio.ID},
		Contacts: []project.Contact{{Name: "Carla Vega", Email: "carla@" + strings.ToLower(name) + ".example", Technical: true, InCopy: true}}})
	if err != nil {
		b.t.Fatal(err)
	}
	if p, err = b.projects.Move(b.t.Context(), b.as(b.ana), p.ID, project.Design, ""); err != nil {
		b.t.Fatal(err)
	}
	return p
}

// change alters a project below the service.
func (b *bureau) change(id posta.ProjectID, do func(*project.Project)) {
	b.t.Helper()
	if _, err := b.db.ChangeProject(b.t.Context(), b.world.Merchant.ID, id, func(r *project.Record) error { do(&r.Project); return nil }); err != nil {
		b.t.Fatal(err)
	}
}

// asked is a question of the project's contact, put a while ago.
func (b *bureau) asked(p project.Project, text string, ago time.Duration) project.Message {
	b.t.Helper()
	m, err := b.projects.Heard(b.t.Context(), b.as(b.ines), project.HeardInput{Project: p.ID, Contact: p.Contacts[0].ID, Channel: project.Email, Text: text, At: b.clock.Now().Add(-ago)})
	if err != nil {
		b.t.Fatal(err)
	}
	return m
}

// guest is a browser in which the project's contact has signed in.
func (b *bureau) guest(p project.Project) *browser {
	b.t.Helper()
	in, err := b.projects.InviteContact(b.t.Context(), b.as(b.ines), p.ID, p.Contacts[0].ID)
	if err != nil {
		b.t.Fatal(err)
	}
	out := b.browser()
	if got := out.get(strings.TrimPrefix(in.URL, b.public)); got.to != "/client" {
		b.t.Fatalf("sign-in: %d %s", got.status, got.to)
	}
	return out
}

