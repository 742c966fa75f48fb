package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"posta"
	"posta/project"
	"posta/store/storetest"
	"posta/text"
)

func TestDeskShowsWhoHasWhatAndWhatIsLate(t *testing.T) {
	t.Parallel()
	b := openBureau(t)
	b.clock.Move(24 * time.Hour)
	empty := b.works().page("/desk")
	has(t, empty, "Inés Ibarra", "Nadie espera lugar", "Todos responden", "Todavía no hubo consultas con plazo")
	for _, p := range []project.Project{b.ecr, b.qr} {
		b.integrating(p)
	}
	late, answered := b.asked(b.ecr, "¿Y el QR?", 8*time.Hour), b.asked(b.qr, "¿Y la caja?", 2*time.Hour) // 6 h in table A
	if _, err := b.projects.Post(t.Context(), b.as(posta.Integrator), project.PostInput{Project: b.qr.ID, Text: "Así", To: []posta.ContactID{b.qr.Contacts[0].ID}}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.db.ChangeProject(t.Context(), b.qr.MerchantID, b.qr.ID, func(r *project.Record) error {
		r.Project.Silence, r.Project.DueAt = 1, b.clock.Now().Add(time.Hour)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	page := b.works().page("/desk")
	has(t, page, "1 sin responder", "/projects/"+string(b.ecr.ID)+"/thread#"+string(late.ID), "Vencida hace 2 h", "2 de ", "Consultas abiertas: 1", "vencidas: 1",
		"Semanas sin respuesta: 1", "Sin respuesta, vuelve al backlog el", "Seguimiento semanal", "Respondidas: 1 · vencidas: 1 · abiertas: 1", `class="big">2 h<`, `height="100"`)
	hasNot(t, page, string(answered.ID))
	b.clock.Move(time.Hour)
	if _, err := b.projects.Post(t.Context(), b.as(posta.Manager), project.PostInput{Project: b.ecr.ID, Text: "Está", To: []posta.ContactID{b.ecr.Contacts[0].ID}}); err != nil {
		t.Fatal(err)
	}
	has(t, b.works().page("/desk"), "Ninguna", "Vencidas en los últimos 30 días: 1", ">9 h<", "Respondidas: 2 · vencidas: 1 · abiertas: 0", `class="big">5 h 30 min<`)
}

func TestDeskSettingsAreTheManagers(t *testing.T) {
	t.Parallel()
	b := openBureau(t)
	form := []string{"team_email", "equipo@tienda.example", "team_name", "Equipo", "capacity", "3", "silent_weeks", "4", "hours", "business", "opens_at", "08:00", "closes_at", "17:30", "warn_percent", "60"}
	for _, role := range []posta.Role{posta.Integrator, posta.Commercial} {
		w := b.login(string(role) + "@tienda.example")
		page := w.page("/desk/settings")
		has(t, page, "disabled", "Solo el gerente de proyecto o el dueño")
		hasNot(t, page, "/hooks/mail/")
		if got := w.post("/desk/settings", form...); got.status != http.StatusForbidden {
			t.Errorf("%s changes the desk: %d", role, got.status)
		}
	}
	m := b.login("manager@tienda.example")
	got := m.post("/desk/settings", append(without(form, "closes_at", ""), "closes_at", "07:00", "capacity", "muchos")...)
	if got.status != http.StatusUnprocessableEntity {
		t.Fatalf("refused: %d", got.status)
	}
	got = m.post("/desk/settings", append(without(without(form, "closes_at", ""), "team_email", ""), "closes_at", "07:00", "team_email", "sin arroba")...)
	has(t, got.body, "debe ser después de la apertura", "no parece una dirección de correo", `value="07:00"`, `value="sin arroba"`, `value="Equipo"`)
	desk, err := b.projects.GetDesk(t.Context(), b.as(posta.Owner))
	if err != nil || desk.Team.Name != "" || desk.BusinessHours {
		t.Fatalf("half done: %+v %v", desk, err)
	}
	m.done("/desk/settings", form...)
	has(t, m.page("/desk/settings"), "/hooks/mail/"+b.accounts.MailSecret(b.world.Merchant.ID))
	desk, err = b.projects.GetDesk(t.Context(), b.as(posta.Owner))
	if err != nil || desk.Team != (project.Address{Name: "Equipo", Email: "equipo@tienda.example"}) || desk.Capacity != 3 || desk.SilentWeeks != 4 || !desk.BusinessHours || desk.OpensAt != "08:00" || desk.ClosesAt != "17:30" || desk.WarnPercent != 60 {
		t.Errorf("%+v %v", desk, err)
	}
	has(t, m.page("/desk/settings"), `value="equipo@tienda.example"`, `value="17:30"`)
}

// Who may add people and give roles, by role: owners all, managers all but
// owner's, others nothing; and nothing happens where it is refused.
func TestPeopleAndTheirRoles(t *testing.T) {
	t.Parallel()
	b := openBureau(t)
	gives := map[posta.Role][]posta.Role{posta.Owner: posta.Roles, posta.Manager: {posta.Manager, posta.Integrator, posta.Commercial}}
	known, n := len(posta.Roles)+1, 0
	for _, who := range posta.Roles {
		w := b.login(string(who) + "@tienda.example")
		has(t, w.page("/desk/people"), "Inés Ibarra", "Qué puede cada rol", "Excepciones, ventanas, piloto")
		for _, role := range posta.Roles {
			n++
			may := false
			for _, r := range gives[who] {
				may = may || r == role
			}
			email := "nueva" + string(rune('a'+n)) + "@tienda.example"
			want := map[bool]int{true: http.StatusSeeOther, false: http.StatusForbidden}[may]
			nonce := posta.NewULID(storetest.Now)
			for range 2 { // a form sent twice adds one
				if got := w.post("/desk/people", "nonce", nonce, "name", "Nueva Persona", "email", email, "password", password, "role", string(role)); got.status != want {
					t.Errorf("%s adds a %s: %d", who, role, got.status)
				}
			}
			if may {
				known++
			}
			users, err := b.accounts.Users(t.Context(), b.world.Merchant.ID)
			if err != nil || len(users) != known {
				t.Fatalf("%s adds a %s: %d people, not %d", who, role, len(users), known)
			}
			id := b.users[posta.Commercial].ID
			if got := w.post("/desk/people/"+string(id), "role", string(role)); got.status != want {
				t.Errorf("%s makes somebody %s: %d", who, role, got.status)
			}
			if _, err := b.accounts.SetRole(t.Context(), b.world.Merchant.ID, b.users[posta.Owner].ID, id, posta.Commercial); err != nil {
				t.Fatal(err)
			}
		}
	}
	m := b.login("manager@tienda.example")
	if got := m.post("/desk/people/"+string(b.users[posta.Owner].ID), "role", "commercial"); got.status != http.StatusForbidden {
		t.Errorf("a manager takes the owner's role: %d", got.status)
	}
	got := m.post("/desk/people", "nonce", posta.NewULID(storetest.Now), "name", "Corta Clave", "email", "manager@tienda.example", "password", "corta", "role", "integrator")
	if got.status != http.StatusUnprocessableEntity {
		t.Errorf("a short password: %d", got.status)
	}
	has(t, got.body, `value="Corta Clave"`, `value="manager@tienda.example"`)
	hasNot(t, got.body, `value="corta"`)
	if got := m.post("/desk/people/"+string(b.users[posta.Integrator].ID), "role", "jefe"); got.status != http.StatusUnprocessableEntity {
		t.Errorf("an unknown role: %d", got.status)
	}
}

func TestTheLastOwnerStays(t *testing.T) {
	t.Parallel()
	b := openBureau(t)
	w := b.login("owner@tienda.example")
	users, err := b.accounts.Users(t.Context(), b.world.Merchant.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range users {
		if u.Role == posta.Owner && u.ID != b.users[posta.Owner].ID {
			w.done("/desk/people/"+string(u.ID), "role", "commercial")
		}
	}
	got := w.post("/desk/people/"+string(b.users[posta.Owner].ID), "role", "commercial")
	if got.status != http.StatusConflict {
		t.Fatalf("%d", got.status)
	}
	has(t, got.body, "Debe quedar al menos un dueño")
}

func TestDeskSpeaksEveryLanguage(t *testing.T) {
	t.Parallel()
	b := openBureau(t)
	b.clock.Move(24 * time.Hour)
	b.integrating(b.ecr)
	b.asked(b.ecr, "¿Y el QR?", 8*time.Hour)
	guest := b.guest(b.ecr)
	w := b.login("owner@tienda.example")
	for _, lang := range text.Languages {
		w.header.Set("Cookie", "lang="+lang)
		guest.header.Set("Cookie", "lang="+lang)
		pages := map[string]string{"/client": guest.page("/client")}
		for _, path := range []string{"/desk", "/desk/settings", "/desk/people", "/desk/templates", "/desk/templates/prisma_ecr/1", "/desk/templates/prisma_ecr/new"} {
			pages[path] = w.page(path)
		}
		for path, body := range pages {
			if keys := rawKeys(body); len(keys) > 0 {
				t.Errorf("%s %s: keys without words: %v", lang, path, keys)
			}
			if strings.Contains(body, "&lt;no value&gt;") || len(body) > 120<<10 {
				t.Errorf("%s %s: a value is missing, or it is too heavy: %d", lang, path, len(body))
			}
			has(t, body, `<html lang="`+lang+`"`)
		}
	}
}

// A manager makes a version of a process; a project goes over to it once
// somebody who may has seen what differs.
func TestTemplatesByTheirPages(t *testing.T) {
	t.Parallel()
	b := openBureau(t)
	m := b.login("manager@tienda.example")
	t1, err := b.projects.Template(t.Context(), b.world.Merchant.ID, project.Ref{Key: "mercadopago_qr", Version: 1})
	if err != nil {
		t.Fatal(err)
	}
	form := templateForm(t, m.page("/desk/templates/mercadopago_qr/new"))
	form = append(without(without(form, "changed", ""), "table-A-integration-hours", ""), "changed", "Más rápido", "table-A-integration-hours", "3")
	for _, role := range []posta.Role{posta.Integrator, posta.Commercial} {
		w := b.login(string(role) + "@tienda.example")
		if got := w.post("/desk/templates/mercadopago_qr/new", form...); got.status != http.StatusForbidden {
			t.Errorf("%s makes a version: %d", role, got.status)
		}
		if got := w.post(at(b.qr)+"/upgraded", "version", "2"); got.status != http.StatusForbidden && got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s upgrades: %d", role, got.status)
		}
	}
	refused := m.post("/desk/templates/mercadopago_qr/new", append(without(form, "changed", ""), "changed", "")...)
	if refused.status != http.StatusUnprocessableEntity {
		t.Fatalf("without what changed: %d", refused.status)
	}
	has(t, refused.body, `name="table-A-integration-hours" value="3"`)
	if got := m.done("/desk/templates/mercadopago_qr/new", form...); got.to != "/desk/templates/mercadopago_qr/2" {
		t.Fatal(got.to)
	}
	t2, err := b.projects.Template(t.Context(), b.world.Merchant.ID, project.Ref{Key: "mercadopago_qr", Version: 2})
	if err != nil {
		t.Fatal(err)
	}
	if d := project.Differences(t1, t2); len(d) != 1 || d[0].Where != "tables.A" || d[0].Key != "integration" {
		t.Errorf("more than what was typed differs: %+v", d)
	}
	has(t, m.page("/desk/templates/mercadopago_qr/2"), "Más rápido", "Marta Gil", "Correo, Chat, Reunión de checkpoint · 6 h", "Correo, Chat, Reunión de checkpoint · 3 h")
	has(t, m.page("/desk/templates"), "Marta Gil", "Más rápido")
	has(t, m.page(at(b.qr)+"/upgrade?to=2"), "Correo, Chat, Reunión de checkpoint · 6 h", "Correo, Chat, Reunión de checkpoint · 3 h", "Más rápido")
	if p := b.now(b.qr); p.Template.Version != 1 {
		t.Error("looking upgraded it")
	}
	if got := b.works().post(at(b.qr)+"/upgraded", "version", "2"); got.status != http.StatusForbidden {
		t.Errorf("an integrator upgrades: %d", got.status)
	}
	m.done(at(b.qr)+"/upgraded", "version", "2")
	if p := b.now(b.qr); p.Template.Version != 2 {
		t.Errorf("%+v", p.Template)
	}
}

// templateForm reads a form's fields as a browser would send them.
func templateForm(t *testing.T, body string) (fields []string) {
	t.Helper()
	_, body, _ = strings.Cut(body, `<form class="stack" method="post" action="/desk/templates/`)
	body, _, ok := strings.Cut(body, "</form>")
	if !ok {
		t.Fatal("no form")
	}
	attribute := func(tag, name string) string {
		_, rest, _ := strings.Cut(tag, " "+name+`="`)
		value, _, _ := strings.Cut(rest, `"`)
		return strings.NewReplacer("&#34;", `"`, "&#39;", "'", "&amp;", "&", "&#43;", "+").Replace(value)
	}
	for body != "" {
		_, rest, found := strings.Cut(body, "<")
		if !found {
			break
		}
		tag, after, _ := strings.Cut(rest, ">")
		body = after
		name := attribute(tag, "name")
		switch {
		case strings.HasPrefix(tag, "input") && strings.Contains(tag, `type="checkbox"`):
			if strings.Contains(tag, " checked") {
				value := attribute(tag, "value")
				if value == "" {
					value = "on"
				}
				fields = append(fields, name, value)
			}
		case strings.HasPrefix(tag, "input"):
			fields = append(fields, name, attribute(tag, "value"))
		case strings.HasPrefix(tag, "textarea"):
			words, _, _ := strings.Cut(body, "</textarea>")
			fields = append(fields, name, words)
		case strings.HasPrefix(tag, "select"):
			options, _, _ := strings.Cut(body, "</select>")
			for _, option := range strings.Split(options, "<option")[1:] {
				if strings.Contains(option, " selected") {
					fields = append(fields, name, attribute(option, "value"))
				}
			}
		}
	}
	return fields
}
