package web_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"posta"
	"posta/project"
	"posta/store/storetest"
)

// Who may do what at the desk: a direct post of a form whose button is not shown
// gets 403, and changes nothing.
func TestRolesByTheirPages(t *testing.T) {
	t.Parallel()
	b := openBureau(t)
	browsers := map[posta.Role]*browser{}
	for _, role := range posta.Roles {
		browsers[role] = b.login(string(role) + "@tienda.example")
	}
	contact := string(b.ecr.Contacts[0].ID)
	all, workers := posta.Roles, []posta.Role{posta.Owner, posta.Manager, posta.Integrator}
	for _, tc := range []struct {
		path string // below the project's page, or of its own
		form []string
		may  []posta.Role
	}{
		{"move", []string{"to", "design"}, workers},
		{"back", []string{"to", "backlog", "reason", "x"}, workers},
		{"tick/solution_chosen", nil, workers},
		{"untick/solution_chosen", nil, workers},
		{"date", []string{"at", "2027-01-01"}, all},
		{"stable", []string{"note", "x"}, workers},
		{"handoff", []string{"channel", "x"}, workers},
		{"preintegrated", []string{"from", ""}, workers},
		{"kickoff/plan", []string{"at", "2027-01-01T10:00"}, workers},
		{"kickoff/hold", kickoff, workers},
		{"meetings/new", []string{"at", "2027-01-01T10:00"}, workers},
		{"terminals/registration", []string{"owner", "client", "tax_id", "30000000007", "legal_name", "Doña Rosa SA"}, workers},
		{"terminals/apis", []string{"apis", "payments"}, workers},
		{"terminals/passage", nil, workers},
		{"terminals/production", []string{"terminals", "10000001"}, []posta.Role{posta.Owner, posta.Commercial}},
		{"reprioritise", nil, []posta.Role{posta.Commercial}},
		{"contacts/" + contact, []string{"name", "Pía Paz", "email", "pia@cliente.example"}, all},
		{"thread/note", []string{"nonce", posta.NewULID(storetest.Now), "text", "x"}, all},
		{"/desk/templates/prisma_ecr/new", []string{"changed", ""}, []posta.Role{posta.Owner, posta.Manager}},
	} {
		for _, role := range all {
			path := tc.path
			if !strings.HasPrefix(path, "/") {
				path = at(b.ecr) + "/" + path
			}
			before := b.now(b.ecr).UpdatedAt
			b.clock.Move(time.Second)
			got := browsers[role].post(path, tc.form...)
			if refused := got.status == http.StatusForbidden; refused == slices.Contains(tc.may, role) {
				t.Errorf("%s posts %s: %d", role, tc.path, got.status)
			} else if refused && !b.now(b.ecr).UpdatedAt.Equal(before) {
				t.Errorf("%s posts %s: refused, and yet changed", role, tc.path)
			}
		}
	}
	seller := browsers[posta.Commercial].page(at(b.ecr))
	hasNot(t, seller, `/move"`, `/tick/`)
}

// P54: only its own commercial brings a project back.
func TestP54_OnlyItsCommercialPrioritises(t *testing.T) {
	t.Parallel()
	b := openBureau(t)
	w := b.works()
	w.done(at(b.qr)+"/move", "to", "design")
	w.done(at(b.qr)+"/back", "to", "backlog", "reason", "El cliente pidió esperar")
	has(t, w.page(at(b.qr)), "Volvió al backlog", "Solo Carlos Conti")
	hasNot(t, w.page(at(b.qr)), `/reprioritise"`)
	mine := b.login("commercial@tienda.example")
	has(t, mine.page(at(b.qr)), `/reprioritise"`)
	mine.done(at(b.qr) + "/reprioritise")
	if p := b.now(b.qr); p.Stage != project.Design {
		t.Errorf("prioritised again: %s", p.Stage)
	}
}

// A board of 500 projects takes the server less than 200 ms, and folds.
func TestBoardOf500Projects(t *testing.T) { // not parallel: it measures
	b := openBureau(t)
	for i := range 500 {
		p := b.ecr
		p.ID = posta.NewID[posta.ProjectID](storetest.Now)
		p.Name, p.Client.Name, p.ReplyToken = fmt.Sprintf("Proyecto %d", i), fmt.Sprintf("Cliente %d", i), fmt.Sprintf("token%d", i)
		p.Stage = project.Stages[i%len(project.Stages)]
		if err := b.db.InsertProject(t.Context(), p, nil); err != nil {
			t.Fatal(err)
		}
	}
	w := b.works()
	best := time.Hour
	var body string
	for range 5 {
		begun := time.Now()
		body = w.page("/projects")
		best = min(best, time.Since(begun))
	}
	t.Logf("%v, %d bytes", best, len(body))
	if best > 200*time.Millisecond {
		t.Errorf("500 projects take %v", best)
	}
	has(t, body, "Ver todos")
	if len(body) > 120<<10 {
		t.Errorf("the page has %d bytes", len(body))
	}
	if n := strings.Count(body, `class="tile"`); n != 6*18 {
		t.Errorf("%d cards are shown", n)
	}
	if n := strings.Count(w.page("/projects?all=design"), `class="tile"`); n <= 6*18 {
		t.Errorf("the whole column: %d cards", n)
	}
}
