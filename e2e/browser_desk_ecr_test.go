package e2e_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"posta"
	"posta/project"
)

// journey is one project on its way through the desk, with whoever works on it,
// each at a device of their own.
type journey struct {
	*bureau
	id                                   posta.ProjectID
	seller, integrator, manager, contact *tab
	client                               string
	zone                                 *time.Location
	live                                 string // a key of the API in live mode
}

func newJourney(t *testing.T) *journey {
	t.Helper()
	file, found := chromium(t)
	if !found {
		return nil
	}
	b := openBureau(t)
	browser := openDesk(t, b.host, file)
	zone, err := time.LoadLocation("America/Argentina/Buenos_Aires")
	b.must(err)
	j := &journey{bureau: b, zone: zone}
	j.seller, j.integrator, j.manager, j.contact = b.login(browser, "ventas"), b.login(browser, "integra"), b.login(browser, "gestion"), browser.device(t)
	for _, x := range []*tab{j.seller, j.integrator, j.manager, j.contact} {
		for _, status := range []string{"400", "401", "403", "404", "409", "422"} { // refusals are what is tested
			x.expect("status of " + status)
		}
	}
	return j
}

// day is a day from now as date fields want it, minute the same with the hour.
func (j *journey) day(after time.Duration) string {
	return j.now().Add(after).In(j.zone).Format(time.DateOnly)
}

func (j *journey) minute(after time.Duration) string {
	return j.now().Add(after).In(j.zone).Format("2006-01-02T15:04")
}

const day = 24 * time.Hour

// stage waits until the project stands in a stage.
func (j *journey) stage(want project.Stage) {
	j.t.Helper()
	if got := j.project(j.id).Stage; got != want {
		j.t.Fatalf("the project is in %s, want %s", got, want)
	}
}

// From the backlog to handed off, as the people of a Prisma ECR project do it.
func TestP51_52_53_55_57_60_PrismaECRFromBacklogToHandedOff(t *testing.T) {
	t.Parallel()
	j := newJourney(t)
	if j == nil {
		return
	}
	j.walk([]leg{
		{"created by the commercial", func() { j.create("prisma_ecr", "Almacén del Puerto", "30-00000000-7") }},
		{"design", func() { j.design("business_model_understood", "solution_chosen", "owner_decided") }},
		{"kickoff refused, then held", j.kickoff},
		{"a question answered late", j.question},
		{"two silent weeks", j.silence},
		{"portal, terminals, passage", j.terminals},
		{"homologation", j.homologate},
		{"gate, window, pilot, open", j.openECR},
		{"monitored, handed off", func() { j.handOff(90) }},
	})
}

// leg is a part of a journey.
type leg struct {
	name string
	do   func()
}

// walk goes a way, and tells how long each part took.
func (j *journey) walk(way []leg) {
	for _, l := range way {
		began := time.Now()
		l.do()
		j.t.Logf("%-40s %5.1f s", l.name, time.Since(began).Seconds())
	}
}

// create has the commercial begin a project, in the backlog; the board shows it.
func (j *journey) create(template, client, taxID string) {
	j.t.Helper()
	j.client = client
	x := j.seller
	x.open(x.demo.page("/projects"))
	x.click(`a[href="/projects/new"]`)
	form := fields{"template": template, "client": client, "legal_name": strings.ToUpper(client) + " SA", "country": "AR", "tax_id": "30-00000000-1", "table": "A",
		"integrator": string(j.people["integra"].ID), "manager": string(j.people["gestion"].ID), "commercial": string(j.people["ventas"].ID),
		"contact_name": "Clara Cliente", "contact_email": "clara@puerto.example", "contact_technical": true}
	x.submit("projects/new", form)
	if wrong := x.wrong("tax_id"); wrong == "" {
		x.fail("a tax id with a wrong check digit is taken")
	}
	x.shot("01-new-refused")
	x.submit("projects/new", fields{"tax_id": taxID})
	x.until("the project's page", `/^\/projects\/prj_/.test(location.pathname)`)
	j.id = posta.ProjectID(read[string](x, `location.pathname.split("/")[2]`))
	x.shot("02-project-backlog")
	j.stage(project.Backlog)
	x.open(x.demo.page("/projects"))
	x.is("a card in the backlog", fmt.Sprintf(`document.querySelector("section:has(#col-backlog) a[href='/projects/%s']")`, j.id))
	x.shot("03-board")
}

// design ends with its items ticked and a document delivered.
func (j *journey) design(items ...string) {
	x := j.integrator
	x.at(j.id, "")
	x.submit("/move", nil)
	j.stage(project.Design)
	x.shot("10-design")
	for _, item := range items {
		x.submit("tick/"+item, fields{"note": "Visto con la clienta"})
	}
	x.at(j.id, "documents")
	x.submit("documents/add", fields{"file": upload{"guia.pdf", []byte("%PDF-1.4 guía")}, "kind": "document"})
	x.sees("guia.pdf")
	x.at(j.id, "")
	x.submit("/edit", fields{"approximate": j.day(60 * day)})
	x.at(j.id, "thread")
	x.sees("Clara Cliente")
	x.submit("thread/post", nil)
	x.shot("11-thread")
	first := j.mailed("clara@puerto.example", j.client)
	if !strings.Contains(first.Cc, "mesa@posta.example") || !strings.Contains(first.Cc, "gestion@posta.example") {
		j.t.Errorf("in copy of the first mail: %q", first.Cc)
	}
	x.shot("11-thread")
}

// kickoff is planned too late, which is no more than a warning; it does not count
// without technical people of the client, and then it does.
func (j *journey) kickoff() {
	x := j.integrator
	x.at(j.id, "meetings")
	x.submit("kickoff/plan", fields{"at": j.minute(day), "development": j.day(3 * day)})
	x.shot("12-kickoff-planned")
	if j.project(j.id).Kickoff.PlannedAt.IsZero() {
		x.fail("the kickoff is not planned")
	}
	held := fields{"attendee": []string{"Iván Integra", "Marta Gestión", "Clara Cliente"}, "side": []string{"team", "team", "client"},
		"technical": []string{"0"}, "channels": []string{"email", "checkpoint"}, "follow_up": "Reunión los martes", "notes": "Acordado el alcance",
		"what": []string{"Pedir las terminales"}, "owner": []string{"Clara Cliente"}, "due": []string{j.day(7 * day)}}
	x.submit("kickoff/hold", held)
	j.stage(project.Design)
	x.shot("13-kickoff-refused")
	x.sees("técnic")
	x.is("what was typed is kept", `document.querySelector("[name=notes]").value === "Acordado el alcance" && document.querySelectorAll("[name=attendee]")[2].value === "Clara Cliente"`)
	held["technical"] = []string{"0", "2"}
	x.submit("kickoff/hold", held)
	j.stage(project.Integration)
	x.shot("14-integration")
	if p := j.project(j.id); p.Kickoff.HeldAt.IsZero() || len(p.Kickoff.Activities) != 1 {
		x.fail("the kickoff: %+v", p.Kickoff)
	}
}

// invite has a contact sign in by the link that is mailed.
func (j *journey) invite(email string) {
	j.t.Helper()
	x := j.integrator
	x.at(j.id, "")
	x.submit("/invite", nil)
	x.shot("20-invited")
	link := read[string](x, `document.querySelector("#link").textContent`)
	j.mailed(email, link)
	j.contact.open(link)
	j.contact.until("the client's page", `location.pathname === "/client"`)
}

// question has the contact ask something that nobody answers in time: the desk is
// warned, and the breach shows wherever one looks.
func (j *journey) question() {
	j.invite("clara@puerto.example")
	c, x := j.contact, j.integrator
	c.sees(j.client)
	c.submit("client/ask", fields{"text": "¿Cómo distinguimos una anulación de una devolución?"})
	c.sees("¿Cómo distinguimos una anulación")
	c.shot("21-client")
	clocks, err := j.Store.Clocks(context.Background(), j.Seed.Merchant, j.id)
	j.must(err)
	if len(clocks) != 1 || clocks[0].LimitAt.Sub(clocks[0].StartedAt) != 6*time.Hour {
		j.t.Fatalf("clocks: %+v", clocks)
	}
	j.move(5*time.Hour + 30*time.Minute)
	j.mailed("integra@posta.example", j.client)
	before := len(j.mail("gestion@posta.example"))
	x.open(x.demo.page("/projects"))
	x.is("the board shows that time runs out", fmt.Sprintf(`document.querySelector(".tile:has(a[href='/projects/%s']) .state-declined")`, j.id))
	j.move(time.Hour)
	j.eventually("the manager is told of the breach", func() bool { return len(j.mail("gestion@posta.example")) > before })
	late := fmt.Sprintf(`document.querySelector(".tile:has(a[href='/projects/%s']) .state-rejected")`, j.id)
	x.open(x.demo.page("/projects?late=1"))
	x.is("the board shows the breach", late)
	x.shot("22-board-late")
	x.open(x.demo.page("/desk"))
	x.is("the desk shows the breach", fmt.Sprintf(`document.querySelector("#late a[href^='/projects/%s/thread']")`, j.id))
	x.shot("23-desk-late")
	x.at(j.id, "thread")
	x.is("the thread shows the breach", `document.querySelector(".said.incoming .state-rejected")`)
	x.submit("thread/post", fields{"text": "La anulación deshace el pago entero del lote abierto; la devolución es otra operación."})
	j.mailed("clara@puerto.example", "La anulación deshace el pago entero")
	x.at(j.id, "thread")
	x.shot("24-thread-answered-late")
	x.is("answered, and late", `document.querySelector(".said.incoming .state-rejected")`)
	clocks, err = j.Store.Clocks(context.Background(), j.Seed.Merchant, j.id)
	j.must(err)
	if clocks[0].Open() || clocks[0].BreachedAt.IsZero() || clocks[0].Took < 6*time.Hour {
		j.t.Errorf("the clock after the answer: %+v", clocks[0])
	}
	x.open(x.demo.page("/projects?late=1"))
	x.is("nothing is late any more", "!("+late+")")
}

// silence is two weekly checks without an answer: warned, then back in the
// backlog, from where only its own commercial brings it on.
func (j *journey) silence() {
	x := j.integrator
	checked := func() time.Time { return j.project(j.id).CheckedAt }
	for week, wait := range []func(){
		func() {}, // the first check asks
		func() {
			j.mailed("clara@puerto.example", "vuelve solo al backlog de integraciones")
			x.open(x.demo.page("/projects?silent=1"))
			x.is("the board counts the silence", fmt.Sprintf(`document.querySelector(".tile:has(a[href='/projects/%s']) .silence")`, j.id))
			x.open(x.demo.page("/desk"))
			x.is("the desk shows the silence", fmt.Sprintf(`document.querySelector("#silent a[href^='/projects/%s']")`, j.id))
			x.shot("30-desk-silent")
			j.stage(project.Integration)
		},
	} {
		last := checked()
		letters := len(j.mail("clara@puerto.example"))
		j.move(j.project(j.id).DueAt.Sub(j.now()) + time.Minute)
		j.eventually(fmt.Sprintf("weekly check %d", week+1), func() bool { return checked().After(last) && len(j.mail("clara@puerto.example")) > letters })
		j.eventually("its mail is noted as sent", j.allSent)
		wait()
	}
	letters := len(j.mail("clara@puerto.example"))
	j.move(j.project(j.id).DueAt.Sub(j.now()) + time.Minute)
	j.eventually("back in the backlog", func() bool { return j.project(j.id).Stage == project.Backlog })
	j.eventually("the client is told", func() bool { return len(j.mail("clara@puerto.example")) > letters })
	j.eventually("its commercial is told", func() bool { return len(j.mail("ventas@posta.example")) > 0 })
	x.at(j.id, "")
	x.is("the integrator cannot bring it on", `!document.querySelector("form[action$='/reprioritise']")`)
	x.shot("31-returned")
	for _, who := range []string{"integra", "otras", "gestion"} {
		if _, err := j.Projects.Reprioritise(context.Background(), j.actor(who), j.id); posta.ErrorCode(err) != posta.CodeForbidden {
			j.t.Errorf("%s brings it on: %v", who, err)
		}
	}
	if got := x.post("/projects/" + string(j.id) + "/reprioritise"); got != 403 {
		j.t.Errorf("the integrator's post is answered %d", got)
	}
	j.seller.at(j.id, "")
	j.seller.shot("32-returned-commercial")
	j.seller.submit("/reprioritise", nil)
	j.stage(project.Integration)
}

// allSent reports whether no mail of the project waits.
func (j *journey) allSent() bool {
	messages, err := j.Store.Messages(context.Background(), j.Seed.Merchant, j.id)
	j.must(err)
	for _, m := range messages {
		if m.State == project.Queued {
			return false
		}
	}
	return true
}

// terminals is what Prisma asks for besides, in its order.
func (j *journey) terminals() {
	x := j.integrator
	x.at(j.id, "terminals")
	x.sees("Wi-Fi")
	x.submit("terminals/internet", fields{"internet_tills": true, "internet_store": true})
	x.submit("terminals/registration", fields{"owner": []string{"client"}, "tax_id": "30-00000000-7", "legal_name": "ALMACÉN DEL PUERTO SA"})
	request := fields{"quantity": "2", "name": "Clara Cliente", "address": "Calle Ficticia 9", "locality": "La Plata", "province": "Buenos Aires",
		"postal_code": "1900", "phone": "221 000 0000", "hours": "9–18", "tax_id": "20-00000001-9"}
	x.submit("terminals/ask", request)
	if x.wrong("tax_id") == "" || len(j.project(j.id).ECR.Requests) != 0 {
		x.fail("terminals for a CUIT that is not the portal's")
	}
	x.shot("40-terminals-refused")
	request["tax_id"] = "30-00000000-7"
	x.submit("terminals/ask", request)
	x.submit("/sent", fields{"terminals": "10000001\n10000002", "detail": "Correo, guía 123"})
	x.shot("41-terminals-sent")
	j.contact.open(j.contact.demo.page("/client"))
	j.contact.submit("/received", nil)
	x.at(j.id, "terminals")
	x.is("not usable before the passage", `document.querySelector(".flash-info")`)
	x.submit("terminals/apis", fields{"apis": []string{"payments", "reversals", "settlements", "refunds"}})
	x.submit("terminals/passage", nil)
	x.submit("passage/end", fields{"incident": "INC-0000042"})
	x.shot("42-passage")
	if p := j.project(j.id); !p.TerminalsUsable() {
		x.fail("the terminals are not usable: %+v", p.ECR)
	}
	x.at(j.id, "")
	x.submit("tick/integration_finished", nil)
	x.submit("/edit", fields{"test": string(j.test("Prisma terminales"))})
	x.submit("/move", nil)
	j.stage(project.Homologation)
	x.shot("43-homologation")
}
