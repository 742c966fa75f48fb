package e2e_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"posta"
	"posta/account"
	"posta/app"
	"posta/project"
	"posta/sim/mailbox"
)

// bureau is an integration desk with its people, in a demo that runs in the
// test's own process: real pages, a real mail server, simulators, one clock that
// the test moves.
type bureau struct {
	*app.Demo
	t      *testing.T
	host   *demo // the same, as tabs know it
	people map[string]account.User
}

// The desk's people, by the first part of their address.
var staff = []account.UserInput{
	{Email: "gestion@posta.example", Name: "Marta Gestión", Role: posta.Manager},
	{Email: "integra@posta.example", Name: "Iván Integra", Role: posta.Integrator},
	{Email: "ventas@posta.example", Name: "Vera Ventas", Role: posta.Commercial},
	{Email: "otras@posta.example", Name: "Olga Otras", Role: posta.Commercial},
}

const staffPassword = "posta-mesa-1"

func openBureau(t *testing.T) *bureau {
	t.Helper()
	made, err := app.NewDemo(context.Background(), app.DemoConfig{SimulatorListen: "127.0.0.1:0", PrismaListen: "127.0.0.1:0",
		Config: app.Config{Data: t.TempDir(), Listen: "127.0.0.1:0", Log: slog.New(slog.NewTextHandler(io.Discard, nil))}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- made.Run(ctx, func() error { close(ready); return nil }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
		if err := made.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	select {
	case <-ready:
	case err := <-done:
		done <- err
		t.Fatalf("the demo ended: %v", err)
	}
	b := &bureau{Demo: made, t: t, people: map[string]account.User{}}
	b.host = &demo{hub: hostOf(made.URL()), phone: hostOf(made.PhoneURL()), prisma: hostOf(made.TerminalsURL()), seed: made.Seed}
	for _, in := range staff {
		in.MerchantID, in.Password, in.Language = made.Seed.Merchant, staffPassword, "es"
		u, err := made.Accounts.CreateUser(context.Background(), in)
		b.must(err)
		name, _, _ := strings.Cut(in.Email, "@")
		b.people[name] = u
	}
	desk := project.DefaultDesk(made.Seed.Merchant)
	desk.Team = project.Address{Name: "Mesa de integraciones", Email: "mesa@posta.example"}
	_, err = made.Projects.SetDesk(context.Background(), b.actor("gestion"), desk)
	b.must(err)
	return b
}

func hostOf(address string) string {
	u, _ := url.Parse(address)
	return u.Host
}

func (b *bureau) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// actor is one of the desk's people as services know them.
func (b *bureau) actor(who string) project.Actor {
	u := b.people[who]
	return project.Actor{Merchant: u.MerchantID, User: u.ID, Role: u.Role}
}

// now is what the demo's clock says.
func (b *bureau) now() time.Time {
	return posta.SystemClock{}.Now().Add(b.Demo.Seed.Offset)
}

// move moves the one clock of hub and simulators, at the simulator's panel.
func (b *bureau) move(d time.Duration) {
	b.t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.PostForm(b.PrismaControlURL()+"/clock", url.Values{"forward": {d.String()}})
	b.must(err)
	answer.Body.Close()
	if answer.StatusCode != http.StatusSeeOther {
		b.t.Fatalf("the clock does not move: %s", answer.Status)
	}
}

// eventually waits for something that the hub does by itself.
func (b *bureau) eventually(what string, so func() bool) {
	b.t.Helper()
	eventually(b.t, patience, func() string {
		if so() {
			return ""
		}
		return "not yet: " + what
	})
}

// mail are the letters that the mail server took for an address.
func (b *bureau) mail(to string) (letters []mailbox.Letter) {
	b.t.Helper()
	answer, err := http.Get(b.InboxesURL() + "/messages?to=" + url.QueryEscape(to))
	b.must(err)
	defer answer.Body.Close()
	b.must(json.NewDecoder(answer.Body).Decode(&letters))
	return letters
}

// mailed waits for a letter to an address whose subject or text has a part.
func (b *bureau) mailed(to, part string) (found mailbox.Letter) {
	b.t.Helper()
	b.eventually("a mail to "+to+" with "+part, func() bool {
		for _, l := range b.mail(to) {
			if strings.Contains(l.Subject+"\n"+l.Text, part) {
				found = l
				return true
			}
		}
		return false
	})
	return found
}

// project is a project as its manager sees it.
func (b *bureau) project(id posta.ProjectID) project.Project {
	b.t.Helper()
	p, err := b.Projects.Get(context.Background(), b.actor("gestion"), id)
	b.must(err)
	return p
}

// test is the demo's test connection of a provider and flow.
func (b *bureau) test(name string) posta.ConnectionID {
	b.t.Helper()
	all, err := b.Store.Connections(context.Background(), b.Seed.Merchant)
	b.must(err)
	for _, c := range all {
		if c.Name == name {
			return c.ID
		}
	}
	b.t.Fatalf("no connection %s", name)
	return ""
}
