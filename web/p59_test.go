package web_test

import (
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"posta"
	"posta/project"
	"posta/store/storetest"
	"posta/web"
)

// guest is a browser in which the first contact of a project has signed in.
func (b *bureau) guest(p project.Project) *browser {
	b.t.Helper()
	in, err := b.projects.InviteContact(b.t.Context(), b.as(posta.Integrator), p.ID, p.Contacts[0].ID)
	if err != nil {
		b.t.Fatal(err)
	}
	out := b.browser()
	if got := out.get(strings.TrimPrefix(in.URL, b.public)); got.status != http.StatusSeeOther || got.to != "/client" {
		b.t.Fatalf("%s: %d %s", in.URL, got.status, got.to)
	}
	return out
}

// integrating brings a project into integration below the service, so that
// questions start clocks.
func (b *bureau) integrating(p project.Project) {
	b.t.Helper()
	if _, err := b.db.ChangeProject(b.t.Context(), p.MerchantID, p.ID, func(r *project.Record) error {
		r.Project.Stage, r.Project.StageAt, r.Project.Kickoff.HeldAt = project.Integration, b.clock.Now(), b.clock.Now()
		return nil
	}); err != nil {
		b.t.Fatal(err)
	}
}

// asked is a question that the project's contact put a while ago.
func (b *bureau) asked(p project.Project, words string, ago time.Duration) project.Message {
	b.t.Helper()
	m, err := b.projects.Heard(b.t.Context(), b.as(posta.Integrator), project.HeardInput{Project: p.ID, Contact: p.Contacts[0].ID, Channel: project.Email, Text: words, At: b.clock.Now().Add(-ago)})
	if err != nil {
		b.t.Fatal(err)
	}
	return m
}

// secrets is a project with something of each kind, all of which names it.
type secrets struct {
	project.Project
	question, note project.Message
	file, internal project.Attachment
	request        string
}

func (b *bureau) withSecrets(client string) secrets {
	b.t.Helper()
	s, a, ctx := secrets{Project: b.begin(client, "prisma_ecr")}, b.as(posta.Integrator), b.t.Context()
	b.clock.Move(time.Hour)
	b.integrating(s.Project)
	s.question = b.asked(s.Project, "CANARIO pregunta de "+client, time.Minute)
	var err error
	if s.note, err = b.projects.Note(ctx, a, project.NoteInput{Project: s.ID, Text: "CANARIO nota de " + client}); err != nil {
		b.t.Fatal(err)
	}
	for file, internal := range map[*project.Attachment]bool{&s.file: false, &s.internal: true} {
		if *file, err = b.projects.Attach(ctx, a, project.Upload{Project: s.ID, Internal: internal, File: project.File{Name: "CANARIO.txt", Data: []byte("CANARIO de " + client)}}); err != nil {
			b.t.Fatal(err)
		}
	}
	p, err := b.projects.AskTerminals(ctx, a, s.ID, project.TerminalRequest{Quantity: 1, Name: "Pía", Address: "Calle 1", Locality: "Pilar", Province: "Buenos Aires", PostalCode: "1629",
		Phone: "11 5555-0000", Hours: "9-18", TaxID: "30000000007"})
	if err != nil {
		b.t.Fatal(err)
	}
	s.request = p.ECR.Requests[0].ID
	return s
}

// fill puts ids of the project's into a route's wildcards.
func (s secrets) fill(b *bureau, path string) string {
	ids := map[string]string{"project": string(s.ID), "contact": string(s.Contacts[0].ID), "file": string(s.file.ID), "clock": string(s.question.Clock), "message": string(s.question.ID),
		"request": s.request, "item": "cashiers_trained", "store": string(b.world.Store.ID), "till": string(b.world.Till.ID), "connection": string(b.world.Connection.ID),
		"user": string(b.users[posta.Owner].ID), "key": "prisma_ecr", "version": "1", "activity": "0", "token": "no-such-token"}
	return regexp.MustCompile(`\{([a-z]+)(\.\.\.)?\$?\}`).ReplaceAllStringFunc(strings.ReplaceAll(path, "{$}", ""), func(name string) string {
		if id := ids[strings.Trim(name, "{.}")]; id != "" {
			return id
		}
		return posta.NewULID(storetest.Now)
	})
}

// form is what every form would be glad of.
func (s secrets) form() []string {
	return []string{"nonce", posta.NewULID(storetest.Now), "text", "CANARIO intruso", "name", "Intruso", "client", "Intruso", "to", "backlog", "reason", "porque sí", "at", "2027-03-01",
		"email", "intruso@otro.example", "password", password, "role", "owner", "version", "2", "capacity", "1", "channel", "chat", "note", "x", "from", string(s.ID), "incident", "INC-1"}
}

// A contact reaches the own project on the client's pages and nothing else. The
// walk takes every registered route, with ids of the own project and of
// another: whatever is not the client's asks for a log-in or is not there; the
// client's own know no ids but the own. Nobody's data change, and no answer
// bears another's words.
func TestP59_AContactReachesTheOwnProjectOnly(t *testing.T) {
	t.Parallel()
	b := openBureau(t)
	own, other := b.withSecrets("Propia"), b.withSecrets("Ajena")
	guest := b.guest(own.Project)
	before := []project.Project{b.now(own.Project), b.now(other.Project)}
	routes, walked := web.Routes(), map[string]int{}
	for _, route := range routes {
		method, path, hasMethod := strings.Cut(route, " ")
		if !hasMethod {
			method, path = "GET", route
		}
		mine := strings.HasPrefix(path, "/client")
		switch {
		case path == "/static/", path == "/button.js", path == "/login", path == "/logout", path == "/client/logout", path == "/client/events":
			continue // everybody's; the contact's own, without any id
		case mine && !strings.Contains(path, "{"):
			continue // names nothing of anybody's
		}
		for whose, s := range map[string]secrets{"own": own, "other": other} {
			if mine && whose == "own" {
				continue
			}
			at := s.fill(b, path)
			var got answer
			if method == "GET" {
				got = guest.get(at)
			} else {
				got = guest.post(at, s.form()...)
			}
			walked[map[bool]string{true: "client", false: "team"}[mine]]++
			login := got.status == http.StatusSeeOther && strings.HasPrefix(got.to, "/login")
			switch {
			case strings.Contains(got.body, "Ajena"), !mine && strings.Contains(got.body, "CANARIO"):
				t.Errorf("%s (%s): the answer holds what is not the contact's", route, whose)
			case mine && got.status == http.StatusOK && method == "GET" && !strings.Contains(path, "{file}"):
				// A refused form's address shows the own page.
			case mine && got.status != http.StatusNotFound && got.status != http.StatusForbidden:
				t.Errorf("%s (%s): %d %s", route, whose, got.status, got.to)
			case !mine && !login && got.status != http.StatusNotFound && got.status != http.StatusUnauthorized:
				t.Errorf("%s (%s): %d %s", route, whose, got.status, got.to)
			}
		}
	}
	if walked["team"] < 200 || walked["client"] < 4 {
		t.Errorf("too short a walk: %v of %d routes", walked, len(routes))
	}
	for i, s := range []secrets{own, other} {
		if now := b.now(s.Project); !reflect.DeepEqual(now, before[i]) {
			t.Errorf("%s was changed:\n%+v\n%+v", now.Name, now, before[i])
		}
		thread, err := b.projects.Thread(t.Context(), b.as(posta.Owner), s.ID)
		if err != nil || len(thread.Messages) != 2 || len(thread.Files) != 2 || !thread.Clocks[0].Open() {
			t.Errorf("the thread of %s: %d messages, %d files, %v", s.Name, len(thread.Messages), len(thread.Files), err)
		}
	}
	users, err := b.accounts.Users(t.Context(), b.world.Merchant.ID)
	if err != nil || len(users) != 5 {
		t.Errorf("people: %d %v", len(users), err)
	}
}

// The client's page holds the thread without the team's notes and files, and
// ends with the contact's part in the project.
func TestP59_TheClientsPageEndsWithTheContact(t *testing.T) {
	t.Parallel()
	b := openBureau(t)
	own, other := b.withSecrets("Propia"), b.withSecrets("Ajena")
	guest := b.guest(own.Project)
	page := guest.page("/client")
	has(t, page, "CANARIO pregunta de Propia", "/client/files/"+string(own.file.ID), "Propia")
	hasNot(t, page, "CANARIO nota", string(own.internal.ID), "Ajena", `href="/projects`, `href="/desk`)
	if got := guest.get("/client/files/" + string(own.file.ID)); got.status != http.StatusOK || got.body != "CANARIO de Propia" || !strings.HasPrefix(got.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("the own file: %d %q", got.status, got.header.Get("Content-Disposition"))
	}
	for _, file := range []project.Attachment{own.internal, other.file} {
		if got := guest.get("/client/files/" + string(file.ID)); got.status != http.StatusNotFound {
			t.Errorf("a file that is not the client's: %d", got.status)
		}
	}
	if got := b.works().get("/client"); got.status != http.StatusUnauthorized {
		t.Errorf("a person of the team at the client's page: %d", got.status)
	}
	if got := b.browser().get("/client"); got.status != http.StatusUnauthorized {
		t.Errorf("nobody at the client's page: %d", got.status)
	}

	in, err := b.projects.InviteContact(t.Context(), b.as(posta.Integrator), own.ID, own.Contacts[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	link := strings.TrimPrefix(in.URL, b.public)
	if err := b.projects.RemoveContact(t.Context(), b.as(posta.Integrator), own.ID, own.Contacts[0].ID); err != nil {
		t.Fatal(err)
	}
	if got := guest.get("/client"); got.status != http.StatusUnauthorized {
		t.Errorf("removed, and yet: %d", got.status)
	}
	if got := guest.post("/client/ask", "nonce", posta.NewULID(storetest.Now), "text", "sigo aquí"); got.status != http.StatusUnauthorized {
		t.Errorf("removed, and yet asks: %d", got.status)
	}
	if got := b.browser().get(link); got.status != http.StatusNotFound {
		t.Errorf("the link of one who was removed: %d", got.status)
	}

	in, err = b.projects.InviteContact(t.Context(), b.as(posta.Integrator), other.ID, other.Contacts[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	b.clock.Move(project.LinkLife + time.Minute)
	if got := b.browser().get(strings.TrimPrefix(in.URL, b.public)); got.status != http.StatusNotFound {
		t.Errorf("an expired link: %d", got.status)
	}
}
