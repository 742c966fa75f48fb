package web_test

import (
	"context"
	"io"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"posta"
	"posta/account"
	"posta/checkout"
	"posta/golive"
	"posta/inbox"
	"posta/project"
	"posta/subscription"
	"posta/text"
	"posta/web"
)

// bureau is the hub with a desk: a person of each role, who can log in as
// ROLE@tienda.example, and a project of each product.
type bureau struct {
	*hub
	projects *project.Service
	users    map[posta.Role]account.User
	stands   map[string]project.Standing // what other packages say of a project
	ecr, qr  project.Project
}

func openBureau(t testing.TB) *bureau {
	t.Helper()
	b := &bureau{hub: start(t.(*testing.T)), users: map[posta.Role]account.User{}, stands: map[string]project.Standing{}}
	b.projects = &project.Service{Store: b.db, Clock: b.clock, Log: slog.New(slog.DiscardHandler), Committed: b.live.Wake, Location: b.accounts.Location,
		Person: func(ctx context.Context, m posta.MerchantID, id posta.UserID) (project.Person, error) {
			u, err := b.accounts.Store.User(ctx, id)
			if err == nil && u.MerchantID != m {
				err = &posta.Error{Code: posta.CodeNotFound}
			}
			return project.Person{ID: u.ID, Name: u.Name, Email: u.Email, Role: u.Role, Language: u.Language}, err
		},
		Team: func(ctx context.Context, m posta.MerchantID) (out []project.Person, err error) {
			users, err := b.accounts.Users(ctx, m)
			for _, u := range users {
				out = append(out, project.Person{ID: u.ID, Name: u.Name, Email: u.Email, Role: u.Role})
			}
			return out, err
		},
		Connection: func(context.Context, posta.MerchantID, posta.ConnectionID) (project.Connected, error) {
			return project.Connected{}, &posta.Error{Code: posta.CodeNotFound}
		},
		Country: func(context.Context, posta.MerchantID) (string, error) { return "AR", nil },
		Say:     func(language, key string, args ...any) string { return text.Must().Localizer(language).T(key, args...) },
		URL:     func() string { return b.public },
		Stands: func(_ context.Context, _ project.Project, key string) (project.Standing, error) {
			return b.stands[key], nil
		},
		Gate: func(context.Context, project.Actor, project.Project, project.PilotStep) error { return nil }}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	handler := web.New(web.Services{Accounts: b.accounts, Tills: b.tills, Payments: b.payments, Settlements: b.closes, Projects: b.projects, Checkout: &checkout.Service{Store: b.db, Payments: b.payments, Clock: b.clock, Log: log, URL: func() string { return b.public }, Committed: b.live.Wake},
		Subscriptions: &subscription.Service{Store: b.db, Payments: b.payments, Clock: b.clock, Log: log, URL: func() string { return b.public }, Committed: b.live.Wake},
		Inbox:         &inbox.Service{Store: b.db, Clock: b.clock, Log: log}, GoLive: &golive.Service{Store: b.db, Accounts: b.accounts, Clock: b.clock, Committed: b.live.Wake}, Hub: b.live, Events: b.db, Calls: b.db,
		Catalog: text.Must(), Clock: b.clock, Log: log, PublicURL: func() string { return b.public }, Version: "test"})
	b.server.Close()
	b.server = httptest.NewServer(handler)
	for i, role := range posta.Roles {
		u, err := b.accounts.CreateUser(t.Context(), account.UserInput{MerchantID: b.world.Merchant.ID, Email: string(role) + "@tienda.example",
			Name: []string{"Olga Duarte", "Marta Gil", "Inés Ibarra", "Carlos Conti"}[i], Password: password, Role: role})
		if err != nil {
			t.Fatal(err)
		}
		b.users[role] = u
	}
	b.ecr, b.qr = b.begin("Doña Rosa", "prisma_ecr"), b.begin("La Esquina", "mercadopago_qr")
	return b
}

// as is who of the team asks the services.
func (b *bureau) as(role posta.Role) project.Actor {
	return project.Actor{Merchant: b.world.Merchant.ID, User: b.users[role].ID, Role: role}
}

// begin creates a project with all its people and a contact.
func (b *bureau) begin(client, process string) project.Project {
	b.t.Helper()
	p, err := b.projects.Create(b.t.Context(), b.as(posta.Commercial), project.Input{Name: client, Client: project.Client{Name: client, TaxID: "30000000007"}, Template: project.Ref{Key: process},
		People:   project.People{Integrator: b.users[posta.Integrator].ID, Manager: b.users[posta.Manager].ID, Commercial: b.users[posta.Commercial].ID},
		Contacts: []project.Contact{{Name: "Pía Paz", Email: "pia@cliente.example", Technical: true, InCopy: true}}})
	if err != nil {
		b.t.Fatal(err)
	}
	return p
}

// now is the project as it is kept.
func (b *bureau) now(p project.Project) project.Project {
	b.t.Helper()
	p, err := b.projects.Get(b.t.Context(), b.as(posta.Owner), p.ID)
	if err != nil {
		b.t.Fatal(err)
	}
	return p
}

// works is the integrator's browser.
func (b *bureau) works() *browser { return b.login("integrator@tienda.example") }

func at(p project.Project) string { return "/projects/" + string(p.ID) }

// done posts a form that must be taken.
func (b *browser) done(path string, fields ...string) answer {
	b.h.t.Helper()
	got := b.post(path, fields...)
	if got.status != 303 {
		_, problem, _ := strings.Cut(got.body, `role="alert">`)
		b.h.t.Fatalf("POST %s: %d %.900s", path, got.status, problem)
	}
	return got
}

// designed brings a project by its pages to where its kickoff can be held.
func (b *bureau) designed(w *browser, p project.Project) {
	b.t.Helper()
	w.done(at(p)+"/move", "to", "design")
	for _, item := range []string{"business_model_understood", "solution_chosen"} {
		w.done(at(p)+"/tick/"+item, "note", "en la primera reunión")
	}
	if _, err := b.projects.Attach(b.t.Context(), b.as(posta.Integrator), project.Upload{Project: p.ID, Kind: "document", File: project.File{Name: "guía.txt", Type: "text/plain", Data: []byte("paso a paso")}}); err != nil {
		b.t.Fatal(err)
	}
	day := func(days int) string { return b.clock.Now().AddDate(0, 0, days).Format(time.DateOnly) }
	w.done(at(p)+"/edit", "name", p.Name, "client", p.Client.Name, "tax_id", p.Client.TaxID, "country", "AR", "table", "A", "approximate", day(90))
	w.done(at(p)+"/kickoff/plan", "at", day(5)+"T15:00", "development", day(8))
}

// held holds the kickoff.
func (b *bureau) held(w *browser, p project.Project) {
	b.t.Helper()
	b.designed(w, p)
	w.done(at(p)+"/kickoff/hold", kickoff...)
}

// kickoff is a kickoff's form as people fill it in.
var kickoff = []string{"attendee", "Inés Ibarra", "side", "team", "technical", "0", "attendee", "Pía Paz", "side", "client", "technical", "1", "attendee", "", "side", "client",
	"channels", "email", "channels", "chat", "follow_up", "Cada martes", "what", "Crear la cuenta", "owner", "Pía", "due", "2027-01-15", "what", "", "owner", "", "due", "", "notes", "Todo claro"}

// without is a form less one field's values.
func without(form []string, name, value string) []string {
	var out []string
	for i := 0; i+1 < len(form); i += 2 {
		if form[i] != name || value != "" && form[i+1] != value {
			out = append(out, form[i], form[i+1])
		}
	}
	return slices.Clip(out)
}
