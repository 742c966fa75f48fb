package web_test

import (
	"net/http"
	"regexp"
	"testing"
	"time"

	"posta"
	"posta/project"
	"posta/store/storetest"
)

func TestProjectFromTheBoardToIntegration(t *testing.T) {
	t.Parallel()
	b := openBureau(t)
	w := b.works()
	has(t, w.page("/projects"), "Doña Rosa", "La Esquina", "Backlog", `title="Inés Ibarra"`, "2")
	hasNot(t, w.page("/projects?product=prisma_ecr"), "La Esquina")
	has(t, w.page("/projects?q=rosa"), "Doña Rosa")
	hasNot(t, w.page("/projects?late=1"), "Doña Rosa")

	got := w.done("/projects/new", "nonce", posta.NewULID(storetest.Now), "client", "Nuevo", "country", "AR", "template", "mercadopago_qr", "table", "B", "tax_id", "30-00000000-7",
		"contact_name", "Ana", "contact_email", "ana@nuevo.example")
	has(t, w.page(got.to), "Nuevo", "ana@nuevo.example", "Integrador, gerente y comercial asignados", "Falta asignar")
	if got := w.post(got.to+"/move", "to", "design"); got.status != http.StatusConflict {
		t.Errorf("moved without its people: %d", got.status)
	} else {
		has(t, got.body, "Faltan condiciones para avanzar", "Integrador, gerente y comercial asignados")
	}

	b.designed(w, b.ecr)
	page := w.page(at(b.ecr))
	has(t, page, "Para pasar a Integración", "en la primera reunión", "Internet confirmada en cajas y local", "solo recomendado")
	refused := w.post(at(b.ecr)+"/kickoff/hold", without(kickoff, "technical", "1")...)
	if refused.status != http.StatusUnprocessableEntity {
		t.Fatalf("a kickoff without the client's technical people: %d", refused.status)
	}
	has(t, refused.body, "no incluye a nadie técnico del cliente", `value="Crear la cuenta"`, `value="Pía Paz"`, "Todo claro", `value="2027-01-15"`)
	if p := b.now(b.ecr); p.Stage != project.Design || !p.Kickoff.HeldAt.IsZero() {
		t.Errorf("refused, and yet %s", p.Stage)
	}
	w.done(at(b.ecr)+"/kickoff/hold", kickoff...)
	if p := b.now(b.ecr); p.Stage != project.Integration || len(p.Kickoff.Activities) != 1 || p.Kickoff.FollowUp != "Cada martes" {
		t.Errorf("held: %s %+v", p.Stage, p.Kickoff)
	}
	has(t, w.page(at(b.ecr)+"/meetings"), "Crear la cuenta", "Cada martes", "Correo")
	has(t, w.page(at(b.ecr)+"/history"), "Kickoff realizado", "Diseño → Integración", "Inés Ibarra")
}

func TestNothingIsLostWhenAFormIsRefused(t *testing.T) {
	t.Parallel()
	b := openBureau(t)
	w := b.works()
	got := w.post("/projects/new", "nonce", posta.NewULID(storetest.Now), "client", "Con error", "legal_name", "Con Error SA", "country", "AR", "template", "prisma_ecr", "table", "B", "tax_id", "30-00000000-8")
	if got.status != http.StatusUnprocessableEntity {
		t.Fatalf("a wrong check digit: %d", got.status)
	}
	has(t, got.body, `value="Con error"`, `value="Con Error SA"`, `value="30-00000000-8"`, "dígito verificador", `<option value="prisma_ecr" selected>`, `<option value="B" selected>`)
	got = w.post(at(b.ecr)+"/terminals/ask", "quantity", "0", "name", "Pía Paz", "address", "Av. Siempre Viva 742", "tax_id", "30000000007")
	has(t, got.body, `value="Av. Siempre Viva 742"`, "falta este dato", "está fuera de los límites")
	got = w.post(at(b.ecr)+"/thread/post", "nonce", posta.NewULID(storetest.Now), "text", "", "subject", "Mi asunto", "to", string(b.ecr.Contacts[0].ID))
	has(t, got.body, `value="Mi asunto"`, "falta este dato")
	got = w.post(at(b.ecr)+"/contacts/"+string(b.ecr.Contacts[0].ID), "name", "Pía Paz de Gómez", "email", "no es un correo")
	has(t, got.body, `value="Pía Paz de Gómez"`, `value="no es un correo"`)
}

func TestThreadAnswersQuestions(t *testing.T) {
	t.Parallel()
	b := openBureau(t)
	w := b.works()
	b.held(w, b.ecr)
	has(t, w.page(at(b.ecr)+"/thread"), "Primer correo", "confirmen que recibieron este correo", "Marta Gil")
	nonce := func() string { return posta.NewULID(b.clock.Now()) }
	w.done(at(b.ecr)+"/thread/post", "nonce", nonce(), "subject", "Bienvenidos", "text", "Confirmen recibo", "to", string(b.ecr.Contacts[0].ID))
	w.done(at(b.ecr)+"/thread/heard", "nonce", nonce(), "contact", string(b.ecr.Contacts[0].ID), "channel", "phone", "text", "¿Qué terminal conviene?")
	page := w.page(at(b.ecr) + "/thread")
	has(t, page, "¿Qué terminal conviene?", "fuera de los canales pactados", "Quedan")
	b.clock.Move(7 * time.Hour)
	has(t, w.page(at(b.ecr)+"/thread"), "Vencida hace")
	has(t, w.page("/projects?late=1"), "Doña Rosa", "Vencida hace")
	has(t, w.page("/"), "Proyectos que esperan a alguien", "Doña Rosa", "Vencida hace")
	w.done(at(b.ecr)+"/thread/post", "nonce", nonce(), "text", "La del mostrador", "to", string(b.ecr.Contacts[0].ID))
	has(t, w.page(at(b.ecr)+"/thread"), "Respondida tarde")
	w.done(at(b.ecr)+"/thread/note", "nonce", nonce(), "text", "Cliente apurado")
	has(t, w.page(at(b.ecr)+"/thread"), "Cliente apurado", "Nota interna")
	w.done(at(b.ecr)+"/thread/heard", "nonce", nonce(), "contact", string(b.ecr.Contacts[0].ID), "channel", "chat", "text", "Gracias")
	clocks, err := b.db.Clocks(t.Context(), b.world.Merchant.ID, b.ecr.ID)
	if err != nil || len(clocks) != 2 {
		t.Fatal(len(clocks), err)
	}
	w.done(at(b.ecr)+"/thread/close/"+string(clocks[1].ID), "reason", "Era un saludo")
	has(t, w.page(at(b.ecr)+"/thread"), "No necesitaba respuesta", "Era un saludo")
}

func TestTerminalsByTheirPage(t *testing.T) {
	t.Parallel()
	b := openBureau(t)
	w := b.works()
	base := at(b.ecr) + "/terminals"
	if got := w.get(at(b.qr) + "/terminals"); got.status != http.StatusNotFound {
		t.Errorf("a QR project has terminals: %d", got.status)
	}
	w.done(base+"/internet", "internet_tills", "on", "internet_store", "on")
	w.done(base+"/ask", "quantity", "2", "name", "Pía Paz", "address", "Calle 1", "locality", "Pilar", "province", "Buenos Aires", "postal_code", "1629", "phone", "11 5555-0000", "hours", "9-18", "tax_id", "30-00000000-7")
	request := b.now(b.ecr).ECR.Requests[0].ID
	w.done(base+"/requests/"+request+"/sent", "terminals", "10000001, 10000002", "detail", "Correo 123")
	w.done(base + "/requests/" + request + "/received")
	w.done(base+"/registration", "owner", "team", "tax_id", "30000000007", "legal_name", "Doña Rosa SA")
	w.done(base+"/apis", "apis", "payments", "apis", "reversals", "apis", "settlements", "apis", "refunds")
	w.done(base + "/passage")
	w.done(base+"/passage/end", "incident", "INC-77")
	has(t, w.page(base), "INC-77", "10000002", "Recibidas", "Las terminales de prueba se pueden usar", "Correo 123", "Un integrador")
	p := b.now(b.ecr)
	if !p.TerminalsUsable() || len(p.Done) != 2 {
		t.Errorf("%+v", p.ECR)
	}
}

// bareKey finds words that the catalogs do not have.
var bareKey = regexp.MustCompile(`[>"](desk|project|event|field|team)\.[a-z_.]+["<]`)

// Every tab of a project answers, in each language, also to who may only look.
func TestProjectPagesInEveryLanguage(t *testing.T) {
	t.Parallel()
	b := openBureau(t)
	w := b.works()
	b.held(w, b.ecr)
	seller := b.login("commercial@tienda.example")
	for _, language := range []string{"es", "pt", "en"} {
		w.header.Set("Cookie", "lang="+language)
		for _, tab := range []string{"", "/thread", "/meetings", "/terminals", "/documents", "/history", "/thread?first=1&language=pt"} {
			body := w.page(at(b.ecr) + tab)
			if key := bareKey.FindString(body); key != "" {
				t.Errorf("%s %s: %s has no words", language, tab, key)
			}
			if len(body) > 120<<10 {
				t.Errorf("%s weighs %d", tab, len(body))
			}
			seller.page(at(b.ecr) + tab)
		}
		for _, page := range []string{"/projects", "/projects/new", "/desk/templates", "/desk/templates/prisma_ecr/1"} {
			if key := bareKey.FindString(w.page(page)); key != "" {
				t.Errorf("%s %s: %s has no words", language, page, key)
			}
		}
	}
}
