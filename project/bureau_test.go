package project_test

import (
	"context"
	"errors"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"posta"
	"posta/account"
	"posta/mail"
	"posta/project"
	"posta/sim/mailbox"
	"posta/store"
	"posta/store/storetest"
	"posta/text"
	"posta/work"
)

// bureau is a desk with its people, a client, and the mail of both: what goes
// out travels by SMTP to the mailbox, what the client answers comes in by HTTP.
type bureau struct {
	*project.Service
	db    *store.DB
	clock *posta.MovableClock
	post  *mailbox.Simulator
	m     posta.MerchantID

	ana, luz, manager, seller, rival project.Actor // two integrators, a manager, two commercials
}

const deskAddress = "desk@posta.example"

// each runs a test with a bureau on each database.
func eachBureau(t *testing.T, test func(t *testing.T, b *bureau)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB) { test(t, newBureau(t, db)) })
}

func newBureau(t testing.TB, db *store.DB) *bureau {
	t.Helper()
	b := &bureau{db: db, clock: posta.NewFrozenClock(storetest.Now), m: storetest.Seed(t, db).Merchant.ID}
	b.post = openMailbox(t, mailbox.Config{Clock: b.clock})
	b.Service = b.replica(t, b.sender(t))
	for _, who := range []struct {
		to   *project.Actor
		name string
		role posta.Role
	}{{&b.ana, "Ana", posta.Integrator}, {&b.luz, "Luz", posta.Integrator}, {&b.manager, "Marta", posta.Manager}, {&b.seller, "Sergio", posta.Commercial}, {&b.rival, "Rita", posta.Commercial}} {
		*who.to = b.person(t, who.name, who.role)
	}
	b.desk(t, func(d *project.Desk) {
		d.Team = project.Address{Name: "Mesa de integraciones", Email: "equipo@posta.example"}
	})
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		in, err := mail.Parse(raw)
		if err == nil {
			_, err = b.Receive(r.Context(), in)
		}
		if err != nil {
			t.Errorf("the hook: %v", err)
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	t.Cleanup(hook.Close)
	fine(t, b.post.SetHook(hook.URL))
	return b
}

func openMailbox(t testing.TB, c mailbox.Config) *mailbox.Simulator {
	t.Helper()
	post, err := mailbox.New(c)
	fine(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- post.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		fine(t, errors.Join(<-ended, post.Close()))
	})
	return post
}

func (b *bureau) sender(t testing.TB) *mail.Sender {
	t.Helper()
	sender, err := mail.NewSender(mail.Config{URL: "smtp://" + b.post.SMTPAddress(), Clock: b.clock, Timeout: 5 * time.Second})
	fine(t, err)
	return sender
}

// replica is another hub on the same database.
func (b *bureau) replica(t testing.TB, sender project.Sender) *project.Service {
	t.Helper()
	catalog := text.Must()
	team := func(ctx context.Context, m posta.MerchantID) (out []project.Person, err error) {
		users, err := b.db.Users(ctx, m)
		for _, u := range users {
			out = append(out, project.Person{ID: u.ID, Name: u.Name, Email: u.Email, Role: u.Role})
		}
		return out, err
	}
	return &project.Service{Store: b.db, Clock: b.clock, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Committed: func() {}, Team: team,
		Person: func(ctx context.Context, m posta.MerchantID, id posta.UserID) (project.Person, error) {
			people, err := team(ctx, m)
			if i := slices.IndexFunc(people, func(p project.Person) bool { return p.ID == id }); i >= 0 {
				return people[i], nil
			}
			return project.Person{}, errors.Join(err, &posta.Error{Code: posta.CodeNotFound})
		},
		Location: func(context.Context, posta.MerchantID) (*time.Location, error) {
			return time.LoadLocation("America/Argentina/Buenos_Aires")
		},
		Country: func(context.Context, posta.MerchantID) (string, error) { return "AR", nil },
		Say:     func(language, key string, args ...any) string { return catalog.Localizer(language).T(key, args...) },
		Mail:    sender, MailFrom: deskAddress, URL: func() string { return "https://posta.example" }}
}

func (b *bureau) person(t testing.TB, name string, role posta.Role) project.Actor {
	t.Helper()
	u := account.User{ID: posta.NewID[posta.UserID](storetest.Now), MerchantID: b.m, Name: name, Role: role, Password: "none",
		Email: strings.ToLower(name) + "." + strings.ToLower(posta.NewULID(storetest.Now)) + "@posta.example", CreatedAt: storetest.Now}
	fine(t, b.db.InsertUser(t.Context(), u))
	return project.Actor{Merchant: b.m, User: u.ID, Role: role}
}

func (b *bureau) desk(t testing.TB, change func(*project.Desk)) {
	t.Helper()
	d := must(b.GetDesk(t.Context(), b.manager))(t)
	change(&d)
	must(b.SetDesk(t.Context(), b.manager, d))(t)
}

// project adds one in a stage, with one contact, as if it had come there just now.
func (b *bureau) project(t testing.TB, stage project.Stage, change ...func(*project.Project)) project.Project {
	t.Helper()
	p := must(b.Create(t.Context(), b.seller, project.Input{Name: "Cajas de Norte", Client: project.Client{Name: "Supermercado Norte", Country: "AR"},
		Template: project.Ref{Key: "prisma_ecr"}, People: project.People{Integrator: b.ana.User, Manager: b.manager.User, Commercial: b.seller.User},
		Contacts: []project.Contact{{Name: "Carla", Email: "carla@norte.example", Technical: true}}}))(t)
	return b.alter(t, p.ID, func(p *project.Project) {
		p.Stage, p.StageAt = stage, b.clock.Now()
		if stage.Active() {
			p.DueAt = b.clock.Now().Add(7 * 24 * time.Hour)
		}
		for _, c := range change {
			c(p)
		}
	})
}

// alter changes a project past all rules.
func (b *bureau) alter(t testing.TB, id posta.ProjectID, change func(*project.Project)) project.Project {
	t.Helper()
	return must(b.db.ChangeProject(t.Context(), b.m, id, func(r *project.Record) error {
		change(&r.Project)
		return nil
	}))(t).Project
}

func (b *bureau) get(t testing.TB, id posta.ProjectID) project.Project {
	t.Helper()
	return must(b.db.Project(t.Context(), b.m, id))(t)
}

// carla is the first contact of a project, signed in.
func (b *bureau) carla(p project.Project) project.Actor {
	return project.Actor{Merchant: b.m, Project: p.ID, Contact: p.Contacts[0].ID}
}

// ask is a question of the client's on its page.
func (b *bureau) ask(t testing.TB, p project.Project) project.Message {
	t.Helper()
	return must(b.Ask(t.Context(), b.carla(p), project.AskInput{Project: p.ID, Text: "¿Cómo se anula?"}))(t)
}

// answer answers all open questions.
func (b *bureau) answer(t testing.TB, p project.Project) project.Message {
	t.Helper()
	return must(b.Post(t.Context(), b.ana, project.PostInput{Project: p.ID, Text: "Con una reversa."}))(t)
}

// later moves the clock and does what is due, as the hub would.
func (b *bureau) later(t testing.TB, wait time.Duration) {
	t.Helper()
	b.clock.Move(wait)
	b.sweep(t, b.Service)
}

func (b *bureau) sweep(t testing.TB, s *project.Service) {
	t.Helper()
	for _, run := range []func(context.Context, func(func())) (int, error){s.SweepClocks, s.SweepFollowUps, s.SweepWaiting, s.SweepMail} {
		fine(t, work.Once(t.Context(), work.Sweep{Run: run}))
	}
}

// events counts a project's events of a kind.
func (b *bureau) events(t testing.TB, p project.Project, kind string) (n int) {
	t.Helper()
	for _, e := range must(b.db.ProjectEvents(t.Context(), b.m, p.ID))(t) {
		if e.Type == "project."+kind {
			n++
		}
	}
	return n
}

func (b *bureau) clocks(t testing.TB, p project.Project) []project.Clock {
	t.Helper()
	return must(b.db.Clocks(t.Context(), b.m, p.ID))(t)
}

func fine(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func must[T any](value T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		fine(t, err)
		return value
	}
}

// refused checks the code of an error and, if told, one of its fields or reasons.
func refused(t testing.TB, err error, code posta.Code, what string) {
	t.Helper()
	var e *posta.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Fatalf("got %v, want %s", err, code)
	}
	named := e.Params["reason"] == what || slices.ContainsFunc(e.Fields, func(f posta.FieldError) bool { return f.Field == what })
	if what != "" && !named {
		t.Fatalf("got %+v, want %s", e, what)
	}
}

// address is a person's mail address.
func (b *bureau) address(t testing.TB, a project.Actor) string {
	t.Helper()
	return must(b.Person(t.Context(), b.m, a.User))(t).Email
}

// fewer makes property tests on PostgreSQL shorter, whose commits take longer.
func fewer(t *testing.T, db *store.DB) {
	t.Helper()
	if checks := flag.Lookup("rapid.checks"); db.Dialect() == store.Postgres && checks.Value.String() == checks.DefValue {
		fine(t, checks.Value.Set("20"))
		t.Cleanup(func() { _ = checks.Value.Set(checks.DefValue) })
	}
}
